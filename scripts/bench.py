"""How fast notebooks run here, and in papermill, nbconvert and nbmake: python3 scripts/bench.py [case…]

Each case is run by all programs in turn, several times; a time counts when all have made the same of the notebooks.
Shown are the medians of the ratios, the seconds and CPU seconds, whether the target is met, and the machine. Only on
Linux. Exits 1 when a target is missed, 3 when something could not be measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from environment import bench_python, dev_python, notebooks_python, reexecute_in

RUNS, QUICK_RUNS = 5, 1


def main(arguments: list[str]) -> int:
    from benchmark.azureml import JOBS, QUICK_JOBS, watched
    from benchmark.cases import cases, growths
    from benchmark.figures import growth_row, machine_line, rows_of, table
    from benchmark.machine import describe
    from benchmark.measuring import BenchError
    from benchmark.programs import Interpreters
    from benchmark.rounds import Bench

    names = [case.name for case in cases(quick=False)] + [growth.name for growth in growths(quick=False)] + ["azureml"]
    given = _parser(names).parse_args(arguments)
    chosen = given.cases or names
    if unknown := set(chosen) - set(names):
        raise SystemExit(f"There is no case {', '.join(sorted(unknown))}: choose from {', '.join(names)}.")
    interpreters = Interpreters(dev_python(), bench_python(), notebooks_python())
    machine = describe(interpreters)
    rows = []
    failures = []
    scratch = Path(tempfile.mkdtemp(prefix="amltasks-bench-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing goes on running or stays on the disk
    try:
        bench = Bench(interpreters, scratch, _say)
        for case in cases(quick=given.quick):
            if case.name in chosen:
                try:
                    bench.warm_up(case)
                    rows += rows_of(case, bench.compare(case, given.runs or (QUICK_RUNS if given.quick else RUNS)))
                except BenchError as error:
                    failures.append(f"{case.title}: {error}")
        for growth in growths(quick=given.quick):
            if growth.name in chosen:
                try:
                    rows.append(growth_row(growth, bench.grow(growth)))
                except BenchError as error:
                    failures.append(f"{growth.title}: {error}")
        on_azureml = None
        if "azureml" in chosen:
            try:
                on_azureml = watched(scratch / "azureml", QUICK_JOBS if given.quick else JOBS)
            except BenchError as error:
                failures.append(f"azureml: {error}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(table(rows))
    if on_azureml:
        print(f"\n{on_azureml}")
    print(f"\n{machine_line(machine)}")
    for failure in failures:
        print(f"\nNot measured: {failure}")
    if given.json:
        given.json.write_text(
            json.dumps({"machine": machine, "rows": rows, "failures": failures}, indent=1) + "\n", encoding="utf-8"
        )
    if failures:
        return 3
    return int(any(row["met"] is False for row in rows) or (on_azureml is not None and not on_azureml.met))


def _parser(names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(names)} [all]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    parser.add_argument("--runs", type=int, metavar="N", help=f"of each program in each case [{RUNS}]")
    parser.add_argument("--quick", action="store_true", help="one run of each, without the largest sizes")
    return parser


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if not sys.platform.startswith("linux"):
        raise SystemExit("The bench follows processes through /proc: it runs on Linux.")
    reexecute_in(dev_python())
    raise SystemExit(main(sys.argv[1:]))
