"""What a notebook may take, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltasks.errors import UserError
from amltasks.limits import parse_count, parse_memory_limit, parse_open_files_limit, parse_size, size_like


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2 GB", 2 * 10**9),
        ("2g", 2 * 10**9),
        ("1.5 GiB", 3 * 2**29),
        ("512 MiB", 512 * 2**20),
        ("800Mi", 800 * 2**20),
        ("64 KB", 64_000),
        ("100 bytes", 100),
        (" None ", None),
        ("unlimited", None),
    ],
)
def test_sizes_have_units_of_1000_or_of_1024(text: str, size: int | None) -> None:
    assert parse_size(text, "memoryLimit") == size


@pytest.mark.parametrize("text", ["2", "GB", "-1 GB", "2 GB or so", "2 gibbons", "0 MB", "1e9 B", "", "²GB"])
def test_what_is_no_size_is_told_with_examples(text: str) -> None:
    with pytest.raises(UserError, match=r"^memoryLimit: .* is not a size; write for example 2 GB"):
        parse_size(text, "memoryLimit")


@given(st.text(max_size=30))
def test_any_text_is_a_size_or_an_error_of_the_user(text: str) -> None:
    try:
        size = parse_size(text, "outputLimit")
    except UserError:
        return
    assert size is None or size >= 1


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9" * 12, "٣"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"^processLimit: .* is not a whole number from 1 on"):
        parse_count(text, "processLimit")


def test_limits_that_no_kernel_can_live_with_are_refused() -> None:
    with pytest.raises(UserError, match="less than any kernel needs"):
        parse_memory_limit("20 MB", "memoryLimit")
    with pytest.raises(UserError, match="whole number from 100 on"):
        parse_open_files_limit("20", "openFilesLimit")


@pytest.mark.parametrize(
    ("size", "limit", "words"),
    [
        (2_310_000_000, 2 * 10**9, "2.31 GB"),
        (2**31 + 2**28, 2**31, "2.25 GiB"),
        (100_000_000, None, "100 MB"),
        (512 * 2**20, 512 * 2**20, "512 MiB"),
        (1_500, None, "1.5 kB"),
        (12, None, "12 bytes"),
    ],
)
def test_sizes_are_told_in_the_units_of_their_limit(size: int, limit: int | None, words: str) -> None:
    assert size_like(size, limit) == words
