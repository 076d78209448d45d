"""Reads the catalogue: one attack a file, in folders by what it is after.

A file is a notebook in the percent format. What stands before its first cell is about the attack:
the idea (docstring), what stock nbgrader does (`STOCK`, measured: see `stock`), the points it gets
from our engine (`OURS`: 0 unless it says otherwise, `REJECTED` if it must be refused), and a
pattern for what the teacher must be told (`REASON`). Cells are titled:

- with an item of the course: the answer to it. Other items stay as released, so they earn nothing.
- `first`: before all other cells; `last`: after them; `after ITEM`: after that item's tests.

Two functions may stand there too: `change(notebook)`, which changes the notebook or
returns the bytes to hand in instead of it, and `beside(folder)`, which lays other files beside it
in the folder that is handed in.

An attack prints `TRO` and `PHY` in one word when it has got hold of what it was after, so that
nothing that any attack shows may hold that word.

`python -m tests.attacks.catalogue` prints all of it as a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from tests.attacks import course

HERE = Path(__file__).parent
GROUPS = ("forging", "reading", "writing", "exhausting", "escaping", "showing", "protocol")
REJECTED = "rejected"
# What `STOCK` says until `stock` has measured it.
UNMEASURED = ("", "not measured yet")
TROPHY = "TRO" + "PHY"


@dataclass(frozen=True)
class Attack:
    """One file of the catalogue.

    Attributes:
        ours: the points that our engine gives, or `REJECTED`.
        reason: a pattern that the teacher's notes (or the reason of a rejection) must match.
        twice: handed in by two learners, who look for each other.
    """

    path: Path
    idea: str
    stock: str
    ours: float | str
    reason: str | None
    twice: bool
    cells: tuple[NotebookNode, ...]
    change: Callable[[NotebookNode], bytes | None] | None
    beside: Callable[[Path], None] | None

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}-{self.path.stem}"

    def notebook(self, root: Path) -> bytes:
        """The file to hand in for the course in `root`."""
        titles = {cell.metadata["title"]: cell.source for cell in self.cells}
        unknown = {title.removeprefix("after ") for title in titles} - {
            *course.ITEMS,
            "first",
            "last",
        }
        assert not unknown, f"{self.path} has cells for {unknown}"
        notebook = course.hand_in(root, titles)
        for number, cell in enumerate(self.cells):
            title = cell.metadata["title"]
            if title in course.ITEMS:
                continue
            make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
            notebook.cells.insert(_position(notebook, title), make(cell.source, id=f"own-{number}"))
        changed = self.change(notebook) if self.change else None
        return changed or nbformat.v4.writes(notebook).encode("utf-8", "surrogatepass")

    def lay(self, root: Path, folder: Path) -> None:
        """Hands it in: fills the folder of a submission for the course in `root`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{course.ASSIGNMENT}.ipynb").write_bytes(self.notebook(root))
        if self.beside is not None:
            self.beside(folder)


def _position(notebook: NotebookNode, title: str) -> int:
    if title == "first":
        # Several such cells stay in their order.
        return sum(str(cell.get("id")).startswith("own-") for cell in notebook.cells[:50])
    if title == "last":
        return len(notebook.cells)
    ids = [str(cell.get("id")) for cell in notebook.cells]
    tests = [n for n, cell in enumerate(ids) if cell.startswith(f"test-{title[6:]}-")]
    return tests[-1] + 1


def load(path: Path) -> Attack:
    """One attack.

    Raises:
        AssertionError: when it does not say what stock nbgrader does.
    """
    head, *cells = jupytext.reads(path.read_text("utf-8"), fmt="py:percent").cells
    about: dict[str, Any] = {"REJECTED": REJECTED}
    exec(compile(head.source, path, "exec"), about)
    idea = about["__doc__"]
    assert idea, path
    hidden = [
        cell for cell in cells if "def change(n" in cell.source or "def beside(" in cell.source
    ]
    assert not hidden, f"{path}: change and beside stand before the first cell"
    return Attack(
        path,
        " ".join(idea.split()),
        about.get("STOCK", ""),
        about.get("OURS", 0),
        about.get("REASON"),
        about.get("TWICE", False),
        tuple(cells),
        about.get("change"),
        about.get("beside"),
    )


def load_all() -> list[Attack]:
    """All attacks, sorted."""
    return [load(path) for group in GROUPS for path in sorted((HERE / group).glob("*.py"))]


def table() -> str:
    """The catalogue in markdown: what each attack tries, and what comes of it here and there."""
    rows = ["| attack | idea | stock nbgrader | here |", "| --- | --- | --- | --- |"]
    for attack in load_all():
        here = attack.ours if attack.ours == REJECTED else f"{attack.ours:g} of {course.POINTS}"
        cells = (f"{attack.path.parent.name}/{attack.path.stem}", attack.idea, attack.stock, here)
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
