"""For the teacher: grades.csv and report.html.

    report = ClassReport(assignments)
    for result in results:
        report.add(result, late)
    report.csv(), report.html()

Of each result only what these two say is kept.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from grader.host.contract import Trouble
from grader.host.course.assignment import Assignment, Item
from grader.host.publish.formulas import harmless
from grader.host.publish.ledger import ClassLedger, Ledger
from grader.host.publish.pages import environment, number, plain, title, titles
from grader.host.results.result import ItemResult, Result

NEEDS_MANUAL = "manual"


class ClassReport:
    """What came of a class.

    Args:
        troubles: what to tell of assignments, by name.
        ledger: what the class makes smaller, if it does.
    """

    def __init__(
        self,
        assignments: Sequence[Assignment],
        troubles: Mapping[str, Trouble] | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger = ledger and ClassLedger(ledger)
        self._columns = [(a.name, item.name) for a in assignments for item in a.items]
        self._rows: dict[tuple[str, str], list[str]] = {}
        told = {name: trouble.sentence for name, trouble in (troubles or {}).items()}
        self._sections = {a.name: _Section(a, told.get(a.name, "")) for a in assignments}

    def add(self, result: Result, late: bool) -> None:
        """Takes in a result, with marks given by hand."""
        self._rows[result.key] = self._row(result, late)
        self._sections[result.assignment].add(result, late)
        if self._ledger:
            self._ledger.add(result)

    def _row(self, result: Result, late: bool) -> list[str]:
        scores = {item.name: item.score for item in result.items}
        cells = [
            result.assignment,
            result.student,
            result.status,
            "yes" if late else "no",
            "" if result.total is None else number(result.total),
            number(result.points),
        ]
        for assignment, item in self._columns:
            if assignment != result.assignment or item not in scores:
                cells.append("")
            else:
                score = scores[item]
                cells.append(NEEDS_MANUAL if score is None else number(score))
        penalty = number(result.penalty) if result.penalty else ""
        waits = "yes" if result.waits else "no"
        notes = " ".join([*result.notes, *result.flags])
        return [*cells, waits, penalty, result.reason or "", notes]

    def csv(self) -> str:
        """One row for each submission, one column for each item, named ASSIGNMENT:ITEM.

        An item that a teacher has still to grade reads ``manual`` and is not in the total; what
        being late costs is taken off the total. A mark by hand for an earlier version is in it, and
        waits like one that is still to come: ``waits`` says so. A rejected submission has no total
        and no items, but a reason. What a spreadsheet would take for a formula begins with an
        apostrophe, at the beginning of a cell or after what may separate cells elsewhere.
        """
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        head = ["assignment", "student", "status", "late", "total", "max"]
        names = [f"{assignment}:{item}" for assignment, item in self._columns]
        rows.writerow(map(_safe, [*head, *names, "waits", "penalty", "reason", "notes"]))
        for _, row in sorted(self._rows.items()):
            rows.writerow(map(_safe, row))
        return text.getvalue()

    def html(self) -> str:
        """The page."""
        sections = [section.fields() for section in self._sections.values() if section.students]
        ledger = self._ledger and self._ledger.fields()
        page = environment().get_template("report.html")
        return page.render(assignments=sections, ledger=ledger)


def _safe(cell: str) -> str:
    return harmless(" ".join(plain(cell).split("\n")))


class _Section:
    """One assignment."""

    def __init__(self, assignment: Assignment, trouble: str) -> None:
        self._trouble = trouble
        self._name = assignment.name
        notebooks = list(assignment.notebooks.values())
        self._first = notebooks[0].name if notebooks else ""
        self._title = title(notebooks[0]) if len(notebooks) == 1 else plain(assignment.name)
        self._points = assignment.points
        place = [assignment.name, *([self._first] if len(notebooks) == 1 else [])]
        self._address = "/".join(["formgrader/gradebook", *(quote(one, safe="") for one in place)])
        self._rows = [
            _Row(item, titles(assignment.notebooks[item.notebook])) for item in assignment.items
        ]
        self._totals: list[float] = []
        self._late = self._graded = 0
        self._open: dict[str, str] = {}
        # By student, what to say of them.
        self._rejected: dict[str, str] = {}
        self._flagged: dict[str, list[str]] = {}
        self._noted: dict[str, list[str]] = {}
        self.students = 0

    def add(self, result: Result, late: bool) -> None:
        self.students += 1
        self._late += late
        if result.status == "rejected":
            self._rejected[result.student] = plain(result.reason or "")
            return
        self._graded += 1
        if result.total is not None:
            self._totals.append(result.total)
        if result.waits:
            self._open[result.student] = ""
        unanswered = set(result.unanswered)
        items = {item.name: item for item in result.items}
        for row in self._rows:
            # A result of an earlier run may be of the assignment as it was then.
            if row.item.name in items:
                row.add(items[row.item.name], unanswered)
        if result.flags:
            self._flagged[result.student] = [plain(flag) for flag in result.flags]
        if result.notes:
            self._noted[result.student] = [plain(note) for note in result.notes]

    def fields(self) -> dict[str, Any]:
        """For the template."""

        def by_student(said: dict[str, Any]) -> list[dict[str, Any]]:
            return [
                {"student": plain(student), "said": said[student], "page": self._page(student)}
                for student in sorted(said)
            ]

        return {
            "name": plain(self._name),
            "title": self._title,
            "points": self._points,
            "trouble": plain(self._trouble),
            "graded": self._graded,
            "rejected": by_student(self._rejected),
            "late": self._late,
            "mean": sum(self._totals) / len(self._totals) if self._totals else None,
            "waiting": len(self._open),
            "address": self._address,
            "open": by_student(self._open),
            "histogram": _histogram(self._totals, self._points),
            "rows": sorted((row.fields() for row in self._rows), key=_cost) if self._graded else [],
            "flagged": by_student(self._flagged),
            "noted": by_student(self._noted),
        }

    def _page(self, student: str) -> str:
        """The way from the report to a student's feedback."""
        parts = ("feedback", student, self._name, f"{self._first}.html")
        return "/".join(quote(part, safe="") for part in parts)


def _cost(row: dict[str, Any]) -> float:
    """What an item cost the class, for a sort in which the dearest comes first."""
    return 0.0 if row["mean"] is None else row["mean"] - row["points"]


@dataclass
class _Row:
    """One item over the class."""

    item: Item
    titles: Mapping[str, str]
    scores: list[float] = field(default_factory=list)
    waiting: int = 0
    said: Counter[str] = field(default_factory=Counter)

    def add(self, result: ItemResult, unanswered: set[str]) -> None:
        if result.score is None:
            self.waiting += 1
        else:
            self.scores.append(result.score)
        # That an untouched answer fails tells nothing, where it can be told at all.
        answers = {f"{self.item.notebook}/{grade_id}" for grade_id in self.item.answers}
        if not answers or not answers <= unanswered:
            self.said.update(result.messages)

    def fields(self) -> dict[str, Any]:
        """For the template."""
        points, scores = self.item.points, self.scores
        known = scores and not self.waiting
        message, count = self.said.most_common(1)[0] if self.said else ("", 0)
        return {
            "title": self.titles.get(self.item.name.rpartition("/")[2], plain(self.item.name)),
            "points": points,
            # Of those that a teacher has still to grade, nothing can be said yet.
            "mean": sum(scores) / len(scores) if known else None,
            "full": sum(score >= points for score in scores) / len(scores) if known else None,
            "waiting": self.waiting,
            "message": plain(message),
            "count": count,
        }


def _histogram(totals: Sequence[float], points: float) -> list[dict[str, Any]]:
    """Ten bins of equal width from 0 to full marks; full marks are in the last."""
    if not totals or points <= 0:
        return []
    bins = 10
    counts = [0] * bins
    for value in totals:
        counts[min(bins - 1, max(0, int(bins * value / points)))] += 1
    return [
        {
            "count": count,
            "height": round(100 * count / max(counts)),
            "label": f"{number(points * n / bins)} to {number(points * (n + 1) / bins)}",
        }
        for n, count in enumerate(counts)
    ]
