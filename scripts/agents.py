"""The machines on which a task makes its environment, and the files of the package index that are installed there.

CPython 3.10 to 3.15; Linux with glibc ≥ 2.28 or musl ≥ 1.2 on x86-64 and ARM64, macOS ≥ 11 on both, Windows on both.
Elsewhere pip builds what is not pure Python from its source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

MINORS = range(10, 16)


@dataclass(frozen=True)
class System:
    """names: what markers of requirements ask for. platforms: of wheels; those of its oldest release come first."""

    names: dict[str, str]
    platforms: Sequence[Sequence[str]]


def installed(files: Collection[str], marker: str) -> set[str]:
    """Of one release's files those that some machine takes: the wheel that fits it best, and the source to build from.

    Where one wheel fits everywhere the source is not needed. marker: when the release is wanted, as in a requirement;
    always when empty.
    """
    wheels = [file for file in files if file.endswith(".whl")]
    taken = {
        wheel
        for system in _systems()
        for minor in MINORS
        if _is_wanted(marker, system, minor)
        if (wheel := _best(wheels, system, minor))
    }
    is_pure = any(wheel.endswith("-any.whl") for wheel in wheels)
    return taken if is_pure else taken | {file for file in files if not file.endswith(".whl")}


def _systems() -> Iterator[System]:
    for machine in ("x86_64", "aarch64"):
        names = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": machine}
        yield System(names, [_manylinux(machine, 28), _manylinux(machine, 45)])
        yield System(names, [[f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0)]])
    for machine in ("x86_64", "arm64"):
        names = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": machine}
        yield System(names, [[*mac_platforms(version, machine)] for version in ((11, 0), (26, 0))])
    for machine, platform in (("AMD64", "win_amd64"), ("ARM64", "win_arm64")):
        names = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": machine}
        yield System(names, [[platform]])


def _manylinux(machine: str, newest: int) -> list[str]:
    legacy = [f"manylinux{name}_{machine}" for name in ("2014", "2010", "1")]
    return [*(f"manylinux_2_{minor}_{machine}" for minor in range(newest, 4, -1)), *legacy]


def _is_wanted(marker: str, system: System, minor: int) -> bool:
    """Whether by any of the minor version's releases."""
    versions = (f"3.{minor}.{patch}" for patch in (0, 99))
    names = {**system.names, "implementation_name": "cpython", "platform_python_implementation": "CPython"}
    names |= {"python_version": f"3.{minor}", "platform_release": "", "platform_version": "", "extra": ""}
    return not marker or any(Marker(marker).evaluate({**names, "python_full_version": version}) for version in versions)


def _best(wheels: Sequence[str], system: System, minor: int) -> str | None:
    """The wheel that pip prefers of those that the oldest release can take; if there are none, the newest."""
    for platforms in system.platforms:
        interpreter = f"cp3{minor}"
        tags = [
            *cpython_tags((3, minor), [interpreter], platforms),
            *compatible_tags((3, minor), interpreter, platforms),
        ]
        rank = {tag: position for position, tag in enumerate(tags)}
        fitting = {
            wheel: min(rank[tag] for tag in _tags(wheel) if tag in rank)
            for wheel in wheels
            if _tags(wheel) & rank.keys()
        }
        if fitting:
            return min(fitting, key=lambda wheel: fitting[wheel])
    return None


def _tags(wheel: str) -> frozenset[Tag]:
    return parse_wheel_filename(wheel)[3]
