"""What a notebook may take, as people write it."""

from __future__ import annotations

import pytest

from amltasks.errors import UserError
from amltasks.limits import parse_count, parse_memory_limit, parse_open_files_limit


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9" * 12, "٣"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"^processLimit: .* is not a whole number from 1 on"):
        parse_count(text, "processLimit")


def test_limits_that_no_kernel_can_live_with_are_refused() -> None:
    with pytest.raises(UserError, match="less than any kernel needs"):
        parse_memory_limit("20 MB", "memoryLimit")
    with pytest.raises(UserError, match="whole number from 100 on"):
        parse_open_files_limit("20", "openFilesLimit")
