"""One thing made smaller in several exercises: how far down a class has come, in each of them.

`c.Grader.ledger` in nbgrader_config.py says which figures of tests they are: `CellResult.figures`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from grader.host.publish.pages import environment, plain
from grader.host.publish.pseudonyms import pseudonyms
from grader.host.results.result import Result, write_atomically
from grader.protocol.errors import GraderError

# The picture, in its own units.
_WIDTH, _HEIGHT = 640.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 30.0, 20.0, 40.0


class Ledger(Struct, forbid_unknown_fields=True):
    """What is made smaller.

    Attributes:
        size: which figure is its size.
        whole: its size before anything was done.
        reference: the size that the course's own answers reach, by assignment.
        about: a sentence for the head of the page.
    """

    title: str
    size: str
    whole: float
    reference: dict[str, float] = {}
    about: str = ""


def read_ledger(setting: Mapping[str, Any]) -> Ledger | None:
    """The ledger of `c.Grader.ledger`, if there is one.

    Raises:
        GraderError: when the setting says something that no ledger has.
    """
    if not setting:
        return None
    try:
        return msgspec.convert(dict(setting), Ledger)
    except msgspec.ValidationError as error:
        raise GraderError(f"c.Grader.ledger is wrong: {error}.") from error


class ClassLedger:
    """The sizes of a class, by assignment and student; the smallest one of each that got a mark."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sizes: dict[str, dict[str, float]] = {}

    def add(self, result: Result) -> None:
        """Takes in a result."""
        sizes = [
            size
            for item in result.items
            for cell in item.cells
            if cell.score and (size := cell.figures.get(self._ledger.size, 0.0)) > 0
        ]
        if sizes:
            self._sizes.setdefault(result.assignment, {})[result.student] = min(sizes)

    @property
    def _names(self) -> list[str]:
        """Of the assignments."""
        return sorted(self._sizes.keys() | self._ledger.reference.keys())

    @property
    def students(self) -> set[str]:
        return {student for sizes in self._sizes.values() for student in sizes}

    def fields(self) -> dict[str, Any] | None:
        """For the pages; None where there is nothing to show."""
        if not self._sizes:
            return None
        columns = [
            {
                "number": plain(name.partition("_")[0]),
                "entries": len(sizes),
                "least": min(sizes, default=None),
                "median": statistics.median(sizes) if sizes else None,
                "most": max(sizes, default=None),
                "reference": self._ledger.reference.get(name),
            }
            for name in self._names
            for sizes in [list(self._sizes.get(name, {}).values())]
        ]
        return {
            "title": self._ledger.title,
            "about": self._ledger.about,
            "whole": self._ledger.whole,
            "columns": columns,
            "picture": self._picture(columns),
        }

    def rows(self, called: Mapping[str, str]) -> list[dict[str, Any]]:
        """A row a student, who has come furthest down first."""
        rows = [
            {
                "name": called[student],
                "sizes": [self._sizes.get(name, {}).get(student) for name in self._names],
            }
            for student in self.students
        ]
        return sorted(rows, key=lambda row: (min(filter(None, row["sizes"])), row["name"]))

    def _picture(self, columns: list[dict[str, Any]]) -> dict[str, Any]:
        """Where everything stands: assignments to the right, sizes upwards, logarithmic."""
        whole = self._ledger.whole
        every = [
            column[kind]
            for column in columns
            for kind in ("least", "most", "reference")
            if column[kind]
        ]
        low, high = math.log10(min([whole, *every])) - 0.1, math.log10(max([whole, *every])) + 0.05

        def x(place: int) -> float:
            return _LEFT + place / len(columns) * (_WIDTH - _LEFT - _RIGHT)

        def y(size: float) -> float:
            return _TOP + (high - math.log10(size)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

        def points(kind: str) -> list[tuple[float, float]]:
            found = [(place, column[kind]) for place, column in enumerate(columns, 1)]
            return [(x(place), y(size)) for place, size in found if size]

        def way(places: list[tuple[float, float]]) -> str:
            return " ".join(f"{across:.1f},{down:.1f}" for across, down in places)

        start = (x(0), y(whole))
        told = "; ".join(
            f"{column['number']}: {column['median']:,.0f}"
            for column in columns
            if column["entries"]
        )
        return {
            "width": _WIDTH,
            "height": _HEIGHT,
            "left": _LEFT,
            "right": _WIDTH - _RIGHT,
            "band": way([start, *points("least"), *reversed(points("most"))]),
            "median": way([start, *points("median")]),
            "dots": [start, *points("median")],
            "reference": way([start, *points("reference")]),
            "diamonds": points("reference"),
            "across": [
                {"x": x(place), "text": text}
                for place, text in enumerate(["before", *(c["number"] for c in columns)])
            ],
            "up": [
                {"y": y(10.0**power), "text": f"{10**power:,}"}
                for power in range(math.ceil(low), math.floor(high) + 1)
            ],
            "alt": (
                f"Bytes after each exercise, the middle of the class: before: {whole:,.0f}; {told}."
            ),
        }


def make_ledger(
    setting: Mapping[str, Any], results: Iterable[Result], out: Path, names: bool
) -> Path:
    """Writes the page of a class that was graded into `out`, and returns where it is.

    Args:
        setting: `c.Grader.ledger`.
        results: of the class.
        names: whether students go by their names.

    Raises:
        GraderError: when the course has no ledger, or there is nothing to show.
    """
    ledger = read_ledger(setting)
    if ledger is None:
        raise GraderError("This course has no ledger: nbgrader_config.py sets no c.Grader.ledger.")
    found = ClassLedger(ledger)
    for result in results:
        found.add(result)
    fields = found.fields()
    if fields is None:
        raise GraderError(
            f"There is nothing to show: no result has the figure "
            f"{ledger.size}. Grade into {out} first."
        )
    path = out / "leaderboard" / "ledger.html"
    students = found.students
    try:
        called = {name: plain(name) for name in students} if names else pseudonyms(out, students)
        rows = found.rows(called)
        html = environment().get_template("ledger.html").render(ledger=fields, rows=rows)
        write_atomically(path, html.encode("utf-8", "replace"))
    except OSError as error:
        raise GraderError(f"{path} cannot be written: {error.strerror}.") from error
    return path
