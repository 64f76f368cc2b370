"""Which notebook starts next. Time is played, the schedule is the real one."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from amltasks.notebooks.available import available_memory
from amltasks.notebooks.schedule import Demand, Schedule
from amltasks.platforms.base import NotebookRun

GB = 10**9


def a_run(name: str) -> NotebookRun:
    return NotebookRun(
        run_id=name, source=Path(f"/{name}"), notebook=name, working_directory=Path("/"), folder=Path("/nowhere")
    )


def played(seconds: Mapping[str, float], schedule: Schedule, places: int) -> tuple[float, list[str]]:
    """How long a suite takes when each notebook takes so many seconds, and in which order they start."""
    now, order = 0.0, list[str]()
    running: list[tuple[float, str]] = []
    while schedule or running:
        while len(running) < places and (run := schedule.next()):
            order.append(run.run_id)
            heapq.heappush(running, (now + seconds[run.run_id], run.run_id))
        now, name = heapq.heappop(running)
        schedule.ended(a_run(name))
    return now, order


def known(seconds: Mapping[str, float]) -> dict[str, Demand]:
    return {name: Demand(seconds=length) for name, length in seconds.items()}


def plenty() -> int:
    return 100 * GB


def schedule(
    names: Mapping[str, float],
    demands: Mapping[str, Demand],
    max_memory: int | None = None,
    available: Callable[[], int] = plenty,
) -> Schedule:
    return Schedule(map(a_run, names), demands, max_memory, available)


def test_longest_first_ends_sooner_than_the_order_given() -> None:
    """The long one at the end of the list is what makes suites wait."""
    seconds = {**{f"short{i}": 10.0 for i in range(11)}, "long": 60.0}

    given, _ = played(seconds, schedule(seconds, {}), places=4)
    longest_first, order = played(seconds, schedule(seconds, known(seconds)), places=4)

    assert order[0] == "long"
    assert (given, longest_first) == (80, 60)


def test_over_many_suites_longest_first_gains_and_never_loses_much() -> None:
    """Of 300 random suites, with durations that are up to 20 % off from those of the last time."""
    chance, gains = random.Random(3), []
    for _ in range(300):
        last_time = {f"n{i}": chance.lognormvariate(3, 1) for i in range(chance.randint(4, 40))}
        this_time = {name: length * chance.uniform(0.8, 1.2) for name, length in last_time.items()}
        places = chance.choice([2, 4, 8])
        given, _ = played(this_time, schedule(this_time, {}), places)
        longest_first, _ = played(this_time, schedule(this_time, known(last_time)), places)
        gains.append(longest_first / given)

    assert sum(gains) / len(gains) < 0.92
    assert max(gains) < 1.15


def test_without_anything_known_the_order_given_stays() -> None:
    names = {"b": 1.0, "a": 2.0, "c": 3.0}

    assert played(names, schedule(names, {}), places=1)[1] == ["b", "a", "c"]


def test_an_unknown_notebook_counts_as_an_average_one() -> None:
    names = {"short": 1.0, "new": 1.0, "usual": 10.0, "long": 100.0}
    demands = known({"short": 1.0, "usual": 10.0, "long": 100.0})

    assert played(names, schedule(names, demands), places=1)[1] == ["long", "new", "usual", "short"]


def test_a_notebook_waits_until_its_memory_is_free_and_others_go_before() -> None:
    demands = {name: Demand(seconds, memory) for name, seconds, memory in [("a", 9.0, 6 * GB), ("b", 8.0, 6 * GB)]}
    waiting = schedule({"a": 9, "b": 8, "small": 1}, demands, max_memory=10 * GB)

    first, second, third = waiting.next(), waiting.next(), waiting.next()
    assert first
    assert second
    assert (first.run_id, second.run_id, third) == ("a", "small", None)

    waiting.ended(first)
    last = waiting.next()
    assert last
    assert last.run_id == "b"
    assert waiting.delay(first) == ""
    assert "for memory: it took 5.6 GiB the last time, and 3.7 GiB of maxMemory 9.3 GiB were left" in waiting.delay(
        last
    )


def test_what_others_take_on_the_machine_counts_too() -> None:
    left = [8 * GB]
    waiting = schedule({"a": 1, "b": 1}, {"b": Demand(1, 3 * GB)}, available=lambda: left[0])
    assert waiting.next()
    left[0] = 2 * GB

    assert waiting.next() is None
    left[0] = 4 * GB
    assert waiting.next()


def test_when_nothing_runs_the_next_one_starts_whatever_it_needs() -> None:
    alone = schedule({"huge": 1}, {"huge": Demand(1, 500 * GB, is_limit=True)})

    assert alone.next()
    assert not alone


def test_memory_left_is_that_of_the_tightest_group(tmp_path: Path) -> None:
    """Version 2: own group and those above; the file cache counts as free."""
    own = tmp_path / "own"
    own.write_text("0::/jobs/one\n", encoding="utf-8")
    for folder, limit, usage, cached in [("jobs", "900000", "500000", "0"), ("jobs/one", "max", "400000", "0")]:
        write_group(
            tmp_path / "groups" / folder, limit, usage, f"inactive_file {cached}\n", "memory.max", "memory.current"
        )
    assert available_memory(tmp_path / "groups", own) == 400_000

    (tmp_path / "groups/jobs/memory.stat").write_text("anon 1\ninactive_file 50000\n", encoding="utf-8")
    assert available_memory(tmp_path / "groups", own) == 450_000


def test_memory_left_in_groups_of_version_1(tmp_path: Path) -> None:
    """As in a container: the path is the host's, only the root of what is mounted is there."""
    own = tmp_path / "own"
    own.write_text("4:cpu:/docker/1\n3:memory:/docker/1\n", encoding="utf-8")
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    write_group(tmp_path / "groups/memory", "700000", "600000", "total_inactive_file 1000\n", *names)

    assert available_memory(tmp_path / "groups", own) == 101_000


def test_without_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert available_memory(tmp_path, tmp_path / "none") > 1_000_000


def write_group(folder: Path, limit: str, usage: str, statistics: str, limit_name: str, usage_name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((limit_name, limit), (usage_name, usage), ("memory.stat", statistics)):
        (folder / name).write_text(text, encoding="utf-8")
