"""Amounts of memory as people write them."""

from __future__ import annotations

import pytest

from amltasks.errors import UserError
from amltasks.sizes import parse_size, size_like


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2 GB", 2_000_000_000),
        ("2GiB", 2 * 2**30),
        ("1.5g", 1_500_000_000),
        ("512 mib", 512 * 2**20),
        ("64 KB", 64_000),
        ("100 bytes", 100),
        ("4096", 4096),
        ("none", None),
        ("0", None),
    ],
)
def test_sizes_have_the_usual_units(text: str, size: int | None) -> None:
    assert parse_size(text, "maxMemory") == size


@pytest.mark.parametrize("text", ["", "much", "-1 GB", "2 GBit", "1,5 GB", "2 G B", "٣ GB"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(UserError, match=r"maxMemory: .* write for example 2 GB, 512 MiB or none"):
        parse_size(text, "maxMemory")


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
