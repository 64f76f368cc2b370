"""What clients send about the files of a run."""

from __future__ import annotations

from sandbox.wire import Text, Wire


class ArtifactPath(Wire):
    path: Text
    tags: dict[str, str] = {}


class ArtifactPaths(Wire):
    paths: tuple[ArtifactPath, ...]
