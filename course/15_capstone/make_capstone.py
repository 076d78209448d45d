"""Gathers what the capstone shows: writes capstone.csv, capstone_stretch.fb, capstone_square.fb.

All of it comes from what `make bench-capstone MNIST=mnist.npz` left in out/: that takes most of an hour
of CPU time, and this a moment. Then enter the files' SHA-256 in checksums.json and in README.md.
"""

import shutil
from pathlib import Path

from tools.capstone.report import rows

DATA = Path(__file__).parents[2] / "data"
RUNS = DATA.parent / "out" / "capstone"
COLUMNS = [
    "images",
    "label",
    "seed",
    "step",
    "bytes",
    "weights",
    "validation_error",
    "test_error",
    "entropy of positions",
    "entropy of values",
    "entropy of biases",
]

if __name__ == "__main__":
    table = rows(RUNS).reindex(columns=COLUMNS)
    table.columns = [name.replace(" ", "_") for name in COLUMNS]
    whole = ["weights", *(name for name in table if name.startswith("entropy"))]
    table[whole] = table[whole].astype("Int64")
    table.to_csv(DATA / "capstone.csv", index=False, lineterminator="\n")
    # Of the squares the one that answers most validation images rightly.
    for name, seed in (("stretch", 0), ("square", 1)):
        shutil.copyfile(RUNS / f"mnist-{name}-{seed}.bin", DATA / f"capstone_{name}.fb")
