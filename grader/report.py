"""For the teacher: grades.csv and report.html."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.assignment import Assignment, Item
from grader.pages import environment, number, plain
from grader.results import ItemResult, Result

NEEDS_MANUAL = "manual"
# Beginnings that a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Late = Mapping[tuple[str, str], bool]
"""Whether a submission was late, by assignment and student; False where missing."""


def grades_csv(
    assignments: Sequence[Assignment],
    results: Iterable[Result],
    late: Late,
) -> str:
    """One row for each submission, one column for each item, named ASSIGNMENT:ITEM.

    An item that a teacher has still to grade reads ``manual`` and is not in the total. A rejected
    submission has no total and no items, but a reason. Cells that a spreadsheet would take
    for a formula begin with an apostrophe.
    """
    columns = [(a.name, item.name) for a in assignments for item in a.items]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    head = ["assignment", "student", "status", "late", "total", "max"]
    names = [f"{assignment}:{item}" for assignment, item in columns]
    rows.writerow(_safe(cell) for cell in [*head, *names, "reason", "notes"])
    for result in sorted(results, key=lambda r: (r.assignment, r.student)):
        key = (result.assignment, result.student)
        scores = {item.name: item.score for item in result.items}
        cells = [
            result.assignment,
            result.student,
            result.status,
            "yes" if late.get(key, False) else "no",
            "" if result.total is None else number(result.total),
            number(result.points),
        ]
        for assignment, item in columns:
            if assignment != result.assignment or item not in scores:
                cells.append("")
            else:
                score = scores[item]
                cells.append(NEEDS_MANUAL if score is None else number(score))
        cells += [result.reason or "", " ".join(result.notes)]
        rows.writerow(_safe(cell) for cell in cells)
    return text.getvalue()


def _safe(cell: str) -> str:
    cell = " ".join(plain(cell).split("\n"))
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def report_html(
    assignments: Sequence[Assignment],
    results: Sequence[Result],
    late: Late,
) -> str:
    """The class report."""
    sections = []
    for assignment in assignments:
        own = [result for result in results if result.assignment == assignment.name]
        if own:
            sections.append(_section(assignment, own, late))
    return environment().get_template("report.html").render(assignments=sections)


def _section(assignment: Assignment, results: Sequence[Result], late: Late) -> dict[str, Any]:
    results = sorted(results, key=lambda result: result.student)
    graded = [result for result in results if result.status == "graded"]
    totals = [result.total for result in graded if result.total is not None]
    return {
        "name": plain(assignment.name),
        "points": assignment.points,
        "graded": len(graded),
        "rejected": [
            {"student": plain(r.student), "reason": plain(r.reason or "")}
            for r in results
            if r.status == "rejected"
        ],
        "late": sum(late.get((r.assignment, r.student), False) for r in results),
        "mean": sum(totals) / len(totals) if totals else None,
        "waiting": sum(any(item.needs_manual for item in r.items) for r in graded),
        "histogram": _histogram(totals, assignment.points),
        "rows": [
            _row([result.items[n] for result in graded], _answered(item, graded))
            for n, item in enumerate(assignment.items)
            if graded
        ],
        "noted": [
            {"student": plain(r.student), "notes": [plain(note) for note in r.notes]}
            for r in graded
            if r.notes
        ],
    }


def _answered(item: Item, results: Sequence[Result]) -> list[bool]:
    """Whether each submission answered the item at all, where that can be told."""
    names = {f"{item.notebook}/{grade_id}" for grade_id in item.answers}
    return [not names or not names <= set(result.unanswered) for result in results]


def _row(results: Sequence[ItemResult], answered: Sequence[bool]) -> dict[str, Any]:
    """One item over the class, at least one result.

    Messages count where there was an answer: that an untouched one fails tells nothing.
    """
    points = results[0].points
    scores = [result.score for result in results if result.score is not None]
    waiting = len(results) - len(scores)
    said = Counter(
        message
        for result, tried in zip(results, answered, strict=True)
        if tried
        for message in result.messages
    )
    message, count = said.most_common(1)[0] if said else ("", 0)
    return {
        "name": results[0].name,
        "points": points,
        # Of those that a teacher has still to grade, nothing can be said yet.
        "mean": None if waiting else sum(scores) / len(scores),
        "full": None if waiting else sum(score >= points for score in scores) / len(scores),
        "waiting": waiting,
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
