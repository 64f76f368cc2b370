"""Runs notebooks of all kinds in one process, and looks whether anything grows: python3 scripts/soak.py [--runs N]

Notebooks pass, fail, hang, crash, die, flood, draw and leave processes behind, on forked and on direct kernels, two at
a time. After every round all is over but the process itself, the nursery and the zygote: their memory, descriptors,
threads, processes and temporary files are the sample. Only on Linux. Exits 1 when something has grown, 3 when a
notebook had another outcome than it should have.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from environment import dev_python, notebooks_python, reexecute_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soaking.kinds import Kind
    from soaking.samples import Sample

    from amltasks.platforms.local.compute import LocalCompute

CURVE = Path(__file__).with_name("soaking") / "curve.py"
WARM_UP_ROUNDS = 2


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    python = notebooks_python()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing goes on running or stays on the disk
    scratch = Path(tempfile.mkdtemp(prefix="amltasks-soak-"))
    try:
        temporary = scratch / "tmp"
        temporary.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        samples, wrong = _soak(python, scratch / "runs", temporary, given.runs, given.kinds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _tell(samples, wrong, given.json, given.svg, python)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, metavar="N", help="of notebooks, at least [2000]")
    parser.add_argument(
        "--kinds", nargs="+", metavar="KIND", help="of notebooks, as scripts/soaking/kinds.py names them [all]"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw them")
    return parser


def _soak(
    python: Path, folder: Path, temporary: Path, runs: int, names: Sequence[str] | None
) -> tuple[list[Sample], list[str]]:
    """Rounds until there were that many runs: a sample after each, and which notebooks came out wrong."""
    from soaking.kinds import DIRECT, FORKED, chosen
    from soaking.samples import take

    from amltasks.kernels.preload import choose
    from amltasks.platforms.local.compute import LocalCompute
    from amltasks.platforms.local.zygotes import Zygotes

    zygotes = Zygotes()
    zygotes.begin(str(python))
    with contextlib.closing(LocalCompute.warm(zygotes)) as forked:
        of_forked, of_direct = chosen(FORKED, names), chosen(DIRECT, names)
        forked.preload(choose(cell for kind in of_forked for cell in kind.cells))

        samples: list[Sample] = []
        wrong: list[str] = []
        done = 0
        while done < runs or len(samples) < WARM_UP_ROUNDS + 2:
            for compute, kinds in ((forked, of_forked), (LocalCompute(), of_direct)):
                # A loop for each: workers that wait for another notebook end with it.
                wrong += asyncio.run(_round(compute, kinds, folder, python, len(samples)))
                shutil.rmtree(folder)
                done += len(kinds)
            samples.append(take(done, temporary, samples[0].processes if samples else None))
            print(_line(samples[-1]), flush=True)
        return samples, wrong


async def _round(compute: LocalCompute, kinds: Sequence[Kind], folder: Path, python: Path, number: int) -> list[str]:
    from amltasks.notebooks.suite import Suite
    from amltasks.platforms.base import Stop
    from amltasks.report.html_file import add_page
    from amltasks.report.publishers import Publishers

    runs = [kind.run(folder, python, number) for kind in kinds]
    suite = Suite(compute, Publishers([]), max_parallel=2, stop=Stop(), finish=add_page)
    report = await suite.run("Soak", runs)
    return [
        f"{result.run_id}: {result.outcome.value}, not {kind.outcome.value}: {result.message}"
        for kind, result in zip(kinds, report.results, strict=True)
        if result.outcome is not kind.outcome
    ]


def _tell(samples: list[Sample], wrong: list[str], to_json: Path | None, to_svg: Path | None, python: Path) -> int:
    from soaking.samples import MIB, grown, too_much

    growth = grown(samples[WARM_UP_ROUNDS:])
    document = {"samples": [asdict(sample) for sample in samples], "grown": growth}
    if to_json:
        to_json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if to_svg:
        subprocess.run([str(python), str(CURVE), str(to_svg)], input=json.dumps(document), text=True, check=True)
    print(f"Grown: memory {growth['memory'] / MIB:+.1f} MiB", end="")
    print("".join(f", {name} {growth[name]:+g}" for name in growth if name != "memory"))
    for line in wrong:
        print(f"Wrong: {line}")
    if wrong:
        return 3
    found = too_much(growth)
    if found:
        print("Grown too much: " + ", ".join(found))
    return int(bool(found))


def _line(sample: Sample) -> str:
    return (
        f"{sample.runs:6} runs  {sample.memory / 2**20:7.1f} MiB  {sample.descriptors:4} descriptors  "
        f"{sample.processes:2} processes  {sample.threads:2} threads  {sample.files:3} temporary files"
    )


if __name__ == "__main__":
    if not sys.platform.startswith("linux"):
        raise SystemExit("The soak follows processes through /proc: it runs on Linux.")
    reexecute_in(dev_python())
    raise SystemExit(main(sys.argv[1:]))
