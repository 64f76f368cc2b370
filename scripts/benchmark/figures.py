"""What was measured, as JSON and as a table for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmark.cases import Case, Growth
from benchmark.measuring import Measurement
from benchmark.rounds import OURS, Spread, Taken, exponent

LINEAR = 1.15  # the largest exponent that is still called linear: a few percent are noise
HEADINGS = ("case", "peer", "ratio (least–most)", "at most", "", "ours", "peer's", "CPU", "peer's CPU")

Row = dict[str, Any]


def rows_of(case: Case, taken: Taken) -> list[Row]:
    """A row for each peer, and one for each bound that ours alone has to keep."""
    ours = {"case": case.name, "title": case.title, "runs": len(taken.timed[OURS])}
    ours |= {"seconds": asdict(taken.seconds(OURS)), "cpu": _spread(taken.cpu(OURS)), "memory": _memory(taken, OURS)}
    rows: list[Row] = []
    for peer in case.peers:
        ratio = taken.ratio(peer.name)
        rows.append(
            {
                **ours,
                "peer": peer.name,
                "ratio": asdict(ratio),
                "at_most": peer.at_most,
                "met": ratio.median <= peer.at_most,
                "peer_seconds": asdict(taken.seconds(peer.name)),
                "peer_cpu": _spread(taken.cpu(peer.name)),
                "peer_memory": _memory(taken, peer.name),
            }
        )
    if case.seconds_at_most is not None:
        met = taken.seconds(OURS).median <= case.seconds_at_most
        rows.append({**ours, "at_most": case.seconds_at_most, "unit": "s", "met": met})
    if case.memory_at_most is not None:
        used = taken.watched[OURS].memory_without_kernels or 0
        met = used <= case.memory_at_most
        rows.append({**ours, "at_most": case.memory_at_most, "used": used, "unit": "bytes", "met": met})
    return rows


def growth_row(growth: Growth, measured: Sequence[Measurement]) -> Row:
    power = exponent(growth.sizes, [each.seconds for each in measured])
    return {
        "case": growth.name,
        "title": growth.title,
        "sizes": growth.sizes,
        "seconds": [each.seconds for each in measured],
        "cpu": [each.cpu for each in measured],
        "memory": [each.memory for each in measured],
        "memory_without_kernels": [each.memory_without_kernels for each in measured],
        "exponent": None if math.isnan(power) else power,
        "at_most": LINEAR,
        "met": None if math.isnan(power) else power <= LINEAR,
    }


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS)]
    lines += [_cells(row) for row in rows if "sizes" not in row]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines) if len(lines) > 2 else ""
    watched = _first_of_each([row for row in rows if row["memory"] and "sizes" not in row])
    memory = "\n".join(map(_memory_line, watched))
    growths = "\n".join(_growth_line(row) for row in rows if "sizes" in row)
    return "\n\n".join(filter(None, [text, memory, growths]))


def machine_line(machine: Mapping[str, Any]) -> str:
    peers, own = machine["peers"], machine["ours"]
    kernels = " ".join(f"{name} {version}" for name, version in machine["notebooks"].items())
    return (
        f"{machine['date']}, commit {machine['commit']}, {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory'] / 2**30:.0f} GiB, {machine['system']}, load {machine['load'][0]}; "
        f"Python {own['python']}; papermill {peers['papermill']}, nbclient {peers['nbclient']}, "
        f"nbconvert {peers['nbconvert']}, nbmake {peers['nbmake']}; kernels: {kernels}"
    )


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "met" if row["met"] else "**missed**"
    seconds, cpu = _median(row["seconds"]), _median(row["cpu"])
    if "ratio" in row:
        ratio = row["ratio"]
        shown = f"{ratio['median']:.3f} ({ratio['least']:.3f}–{ratio['most']:.3f})"
        theirs = _median(row["peer_seconds"]), _median(row["peer_cpu"])
        return row["title"], row["peer"], shown, f"{row['at_most']:g}", verdict, seconds, theirs[0], cpu, theirs[1]
    if row["unit"] == "bytes":
        used, bound = _megabytes(row["used"]), _megabytes(row["at_most"])
        return row["title"], "memory, kernels not counted", used, bound, verdict, seconds, "", cpu, ""
    spread = f"{row['seconds']['median']:.3f} ({row['seconds']['least']:.3f}–{row['seconds']['most']:.3f}) s"
    return row["title"], "—", spread, f"{row['at_most']:g} s", verdict, seconds, "", cpu, ""


def _growth_line(row: Row) -> str:
    sizes = ", ".join(f"{size:,}" for size in row["sizes"])
    seconds = ", ".join(_seconds(value) for value in row["seconds"])
    memory = ", ".join(_megabytes(value) for value in row["memory_without_kernels"])
    power = "too few sizes for an exponent" if row["exponent"] is None else f"exponent {row['exponent']:.2f}"
    met = {True: "linear", False: "**not linear**", None: "not judged"}[row["met"]]
    return f"Growth, {sizes} {row['title']}: {seconds}; {power}: {met}; peak memory without kernels {memory}."


def _memory_line(row: Row) -> str:
    shares = [
        f"ours {_megabytes(row['memory']['all'])} ({_megabytes(row['memory']['without_kernels'])} without kernels)"
    ]
    if row.get("peer_memory"):
        shares.append(f"{row['peer']} {_megabytes(row['peer_memory']['all'])}")
    return f"Peak memory (PSS of all processes), {row['title']}: {', '.join(shares)}."


def _spread(spread: Spread | None) -> Row | None:
    return None if spread is None else asdict(spread)


def _median(spread: Row | None) -> str:
    return "–" if spread is None else _seconds(spread["median"])


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    return list({row["case"]: row for row in reversed(rows)}.values())[::-1]


def _memory(taken: Taken, program: str) -> dict[str, int | None] | None:
    watched = taken.watched.get(program)
    return {"all": watched.memory, "without_kernels": watched.memory_without_kernels} if watched else None


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def _megabytes(value: int) -> str:
    return f"{value / 1e6:.0f} MB"
