"""What a notebook may take, as people write it."""

from __future__ import annotations

import pytest

from amltasks.errors import UserError
from amltasks.limits import parse_count, parse_memory_limit, parse_open_files_limit, size_like


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
