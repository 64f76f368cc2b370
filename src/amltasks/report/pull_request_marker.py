"""The last line of a comment on a pull request, which people do not see: whose comment it is, and which build's.

A link definition that nothing refers to, which every Markdown shows as nothing. Text of others can look the same; it is
never the last line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from amltasks.data import Data

_MARKER = re.compile(
    r"\[//\]: # \(amltasks (?P<step>[0-9a-f]{16}) iteration (?P<iteration>\d{1,9}) build (?P<build>\d{1,12}) "
    r"attempt (?P<attempt>\d{1,6}) (?P<verdict>passed|failed)\)"
)


class Marker(Data):
    """step: see `step_digest`. iteration: of the pull request, 0 where it is not known. red: the step failed."""

    step: str
    iteration: int = 0
    build: int
    attempt: int = 1
    red: bool

    @classmethod
    def of(cls, content: str) -> Marker | None:
        """That of a comment; None where it has none."""
        found = _MARKER.fullmatch(content.rstrip().rpartition("\n")[2].strip())
        if found is None:
            return None
        numbers = {name: int(found[name]) for name in ("iteration", "build", "attempt")}
        return cls(step=found["step"], red=found["verdict"] == "failed", **numbers)

    def line(self) -> str:
        verdict = "failed" if self.red else "passed"
        return (
            f"[//]: # (amltasks {self.step} iteration {self.iteration} build {self.build} "
            f"attempt {self.attempt} {verdict})"
        )

    def is_newer_than(self, other: Marker) -> bool:
        """Builds are numbered as they are queued; a stage that is run again keeps its build's number."""
        return (self.iteration, self.build, self.attempt) > (other.iteration, other.build, other.attempt)


def step_digest(parts: Sequence[str]) -> str:
    """Tells steps apart. parts: the pipeline, the names of stage, job and step: the same in every build."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
