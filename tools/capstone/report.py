"""Gathers the rows of all finished runs: out/capstone.json, and a table."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table


def rows(folder: Path) -> pd.DataFrame:
    """All rows of finished runs, one a step of a run."""
    found = [row for file in sorted(folder.glob("*.json")) for row in json.loads(file.read_text())]
    return pd.DataFrame(found)


def show(folder: Path, out: Path, console: Console) -> None:
    """Writes `out` and prints medians over seeds, and the least and the greatest error."""
    table = rows(folder)
    out.write_text(json.dumps(table.to_dict("records"), indent=1, default=str) + "\n")
    shown = Table(title="Medians over seeds; test images")
    for column in ("images", "run", "step", "seeds", "bytes", "times", "error %", "range"):
        shown.add_column(column, justify="left" if column in ("images", "run", "step") else "right")
    for (images, label, step), some in table.groupby(["images", "label", "step"], sort=False):
        errors = 100 * some["test_error"]
        shown.add_row(
            str(images),
            str(label),
            str(step),
            str(len(some)),
            f"{some['bytes'].median():,.0f}",
            f"{some['times'].median():.1f}",
            f"{errors.median():.2f}",
            f"{errors.min():.2f}–{errors.max():.2f}",
        )
    console.print(shown)
    console.print(f"Written to {out}.")
