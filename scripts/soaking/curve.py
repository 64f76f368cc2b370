"""Draws the samples of a soak: `PYTHON curve.py FILE.svg`, the samples as JSON on stdin. Wants matplotlib."""

from __future__ import annotations

import json
import sys

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]

mpl.use("svg")
import matplotlib.pyplot as plt  # type: ignore[import-not-found,unused-ignore]

SHOWN = (
    ("memory", "memory, MiB", 2**20),
    ("descriptors", "file descriptors", 1),
    ("processes", "processes", 1),
    ("files", "temporary files", 1),
)


def main() -> None:
    samples = json.load(sys.stdin)["samples"]
    runs = [sample["runs"] for sample in samples]
    figure, places = plt.subplots(len(SHOWN), sharex=True, figsize=(8, 7), layout="constrained")
    for axes, (name, title, unit) in zip(places, SHOWN, strict=True):
        values = [sample[name] / unit for sample in samples]
        axes.plot(runs, values, color="#0067b8")
        axes.set_ylim(0, max(values) * 1.25 or 1)
        axes.set_title(title, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    places[-1].set_xlabel("notebooks run")
    mpl.rcParams["svg.hashsalt"] = "soak"
    figure.savefig(sys.argv[1], metadata={"Date": None})


if __name__ == "__main__":
    main()
