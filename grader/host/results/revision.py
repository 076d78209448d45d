"""What a result is known by, and which marks a second run changes.

Everything is known by its content. The mark of an item hangs on what was handed in, on its own
tests, on those before them that bind what these read, and on what all items share: given cells,
answers as released and as solved (the contract comes from the solution), files, settings and this
package. Only where one of these changed does an item get a new mark; the other items of a
submission that is played again keep theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grader.host.course.assignment import (
    Assignment,
    Kind,
    TeacherCell,
    TeacherNotebook,
    changed,
    contents,
)
from grader.host.results.result import ItemResult, Result
from grader.host.version import grading
from grader.protocol.names import names_of_cell


@dataclass(frozen=True)
class Identity:
    """What the marks of one submission are known by.

    Attributes:
        handed_in: what was handed in; not when.
        whole: all together, and when.
        items: each item's own, by name.
    """

    handed_in: str
    whole: str
    items: Mapping[str, str]

    def put_on(self, result: Result) -> Result:
        """The result with these fingerprints."""
        items = [
            item.model_copy(update={"fingerprint": self.items[item.name]}) for item in result.items
        ]
        changes = {"items": items, "handed_in": self.handed_in, "fingerprint": self.whole}
        return result.model_copy(update=changes)


class Identities:
    """Identities of the submissions of an assignment.

    Args:
        settings: whatever of the settings a mark hangs on.
    """

    def __init__(self, assignment: Assignment, settings: str) -> None:
        self._all = f"{grading()} {settings} {assignment.fingerprint}"
        shared: list[object] = [grading(), settings, sorted(assignment.keep)]
        for notebook in assignment.notebooks.values():
            for cell in filter(_counts_for_all, notebook.cells):
                code = cell.original if cell.node.cell_type == "code" else None
                shared.append([cell.node, cell.released, code])
        shared.append(contents(assignment.files, assignment.for_tests))
        common = _hash(shared)
        needed = {name: _needed(notebook) for name, notebook in assignment.notebooks.items()}
        self._items = {
            item.name: _hash([common, [needed[item.notebook].get(cell) for cell in item.cells]])
            for item in assignment.items
        }

    def of(self, handed_in: str, timed: str = "") -> Identity:
        """Of the submission with this fingerprint.

        Args:
            timed: its fingerprint with the time stamp, where that is another one.
        """
        items = {name: _hash([own, handed_in]) for name, own in self._items.items()}
        return Identity(handed_in, _hash([self._all, timed or handed_in]), items)


def _counts_for_all(cell: TeacherCell) -> bool:
    """Whether the marks of all items hang on it: it is no test, and no mere text."""
    if cell.kind is Kind.FREE:
        return cell.node.cell_type == "code"
    return cell.kind is not Kind.TEST


def _needed(notebook: TeacherNotebook) -> dict[str, list[object]]:
    """By grade_id of a test: those before it that bind or change what it reads, itself or by what
    other cells have made, all that these need, and itself; of each also behind how many other cells
    it stands, since it finds names as these have left them."""
    needed: dict[str, list[object]] = {}
    # Of each cell what it reads, what it leaves, and, if it is a test, what it is.
    before: list[tuple[frozenset[str], frozenset[str], list[object]]] = []
    others = 0
    for cell in notebook.cells:
        others += _counts_for_all(cell)
        if cell.node.cell_type != "code":
            continue
        known = names_of_cell(cell.original)
        reads, leaves = known.read | known.updated, known.bound | changed(cell.original)
        own: list[object] = []
        if cell.kind is Kind.TEST:
            own = [[others, cell.node, cell.released]]
            needed[str(cell.grade_id)] = [*own, *_found(reads, before)]
        before.append((reads, leaves, own))
    return needed


def _found(
    wanted: frozenset[str], before: Sequence[tuple[frozenset[str], frozenset[str], list[object]]]
) -> list[object]:
    """What of the cells before leaves these names, or what such a cell reads."""
    while True:
        those = [(reads, own) for reads, leaves, own in before if leaves & wanted]
        more = wanted.union(*(reads for reads, _ in those))
        if more == wanted:
            return [one for _, own in those for one in own]
        wanted = more


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def merge(known: Result, new: Result, regrade: Collection[str]) -> Result:
    """The new result, with the known marks of items that keep theirs.

    Args:
        regrade: items that get new marks whatever happened; then only these do.
    """
    if known.handed_in != new.handed_in or "rejected" in (known.status, new.status):
        return new
    earlier = {item.name: item for item in known.items}
    items = []
    for item in new.items:
        old = earlier.get(item.name)
        if old is not None and _fits(old, item):
            keeps = item.name not in regrade if regrade else _same(old, item)
            items.append(old if keeps else item)
        else:
            items.append(item)
    merged = new.with_items(items)
    if not all(map(_same, items, new.items)):
        # Something in it is older than the assignment: the next run has to look again.
        merged.fingerprint = ""
    return merged


def _same(old: ItemResult, new: ItemResult) -> bool:
    return old.fingerprint == new.fingerprint


def _fits(old: ItemResult, new: ItemResult) -> bool:
    """Whether its cells are still those of the assignment, in the same notebook, with the same
    points."""
    return [(c.notebook, c.grade_id, c.points) for c in old.cells] == [
        (c.notebook, c.grade_id, c.points) for c in new.cells
    ]
