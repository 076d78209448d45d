"""A page that ranks a class by the figures that tests have reported: fewest bytes that are enough.

`c.Grader.leaderboards` in nbgrader_config.py has a `Board` for each assignment. Figures come from
judges alone (`CellResult.figures`). Who is who, nobody learns from the page: pseudonyms are drawn
once and kept in results/pseudonyms.json, beside the names that they stand for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from grader.host.publish.pages import environment, plain
from grader.host.publish.pseudonyms import pseudonyms
from grader.host.results.result import Result, write_atomically
from grader.protocol.errors import GraderError

# The picture, in its own units.
_WIDTH, _HEIGHT = 640.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 20.0, 20.0, 45.0


class Mark(Struct, forbid_unknown_fields=True):
    """What the class is compared with; a vertical line where only its size is known.

    Attributes:
        score, final: as the entries' figures.
    """

    name: str
    size: float
    score: float | None = None
    final: float | None = None


class Board(Struct, forbid_unknown_fields=True):
    """What a leaderboard shows.

    Attributes:
        required: of the score, a share; who has less is listed below.
        size, score, final: which figures are the bytes, the running score, and the one that is kept
            for the end.
        whole: the bytes before anything was done; 0 if nobody is to be told how often less it is.
        about: a sentence for the head of the page.
    """

    title: str
    required: float
    size: str = "bytes"
    score: str = "first"
    final: str = "second"
    whole: float = 0
    about: str = ""
    marks: list[Mark] = []


@dataclass(frozen=True)
class Entry:
    """One submission: its bytes, its score, and the score of the end."""

    student: str
    size: float
    score: float
    final: float | None


def make_leaderboard(
    boards: Mapping[str, Any],
    results: Iterable[Result],
    out: Path,
    assignment: str | None,
    names: bool,
    final: bool,
) -> Path:
    """Writes the page of an assignment that was graded into `out`, and returns where it is.

    Args:
        boards: `c.Grader.leaderboards`.
        results: of the class, in all assignments.
        assignment: its name, or how it begins; None where there is one board only.
        names: whether students go by their names.
        final: whether the score that is kept for the end counts, and is shown.

    Raises:
        GraderError: when there is no such board, or nothing to show.
    """
    name = _chosen(boards, assignment)
    try:
        board = msgspec.convert(boards[name], Board)
    except msgspec.ValidationError as error:
        raise GraderError(f"c.Grader.leaderboards for {name} is wrong: {error}.") from error
    own = [result for result in results if result.assignment == name]
    entries = list(_entries(own, board))
    if final:
        entries = [entry for entry in entries if entry.final is not None]
    if not entries:
        wanted = ", ".join([board.size, board.score, *([board.final] * final)])
        raise GraderError(
            f"There is nothing to show: no result of {name} has the figures {wanted}. "
            f"Grade {name} into {out} first."
        )
    students = {entry.student for entry in entries}
    path = out / "leaderboard" / f"{name}.html"
    try:
        called = {name: plain(name) for name in students} if names else pseudonyms(out, students)
        html = render(board, entries, called, len(own) - len(entries), final)
        write_atomically(path, html.encode("utf-8", "replace"))
    except OSError as error:
        raise GraderError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def render(
    board: Board, entries: Sequence[Entry], called: Mapping[str, str], without: int, final: bool
) -> str:
    """The page.

    Args:
        called: what to call each student.
        without: how many submissions have no figures.
    """

    def counts(entry: Entry) -> float:
        return (entry.final if final else entry.score) or 0.0

    ordered = sorted(entries, key=lambda entry: (entry.size, -counts(entry), called[entry.student]))
    # Who is as good as another has their rank.
    ranks: dict[tuple[float, float], int] = {}
    for rank, entry in enumerate((e for e in ordered if counts(e) >= board.required), 1):
        ranks.setdefault((entry.size, counts(entry)), rank)
    rows = [
        {
            "rank": ranks.get((entry.size, counts(entry))),
            "name": called[entry.student],
            "bytes": f"{entry.size:,.0f}",
            "times": f"{board.whole / entry.size:.1f}" if board.whole else "",
            "score": f"{entry.score:.4f}",
            "final": "" if entry.final is None or not final else f"{entry.final:.4f}",
        }
        for entry in ordered
    ]
    points = [(entry.size, counts(entry), called[entry.student]) for entry in ordered]
    return (
        environment()
        .get_template("leaderboard.html")
        .render(
            board=board,
            ranked=[row for row in rows if row["rank"]],
            others=[row for row in rows if not row["rank"]],
            without=without,
            final=final,
            picture=_picture(board, points, final),
        )
    )


def _chosen(boards: Mapping[str, Any], assignment: str | None) -> str:
    names = [name for name in boards if name.startswith(assignment or "")]
    names = [name for name in names if name == assignment] or names
    if len(names) != 1:
        known = ", ".join(boards) or "none"
        wanted = f"for {assignment}" if assignment else "to choose without --assignment"
        raise GraderError(
            f"There is no one leaderboard {wanted}: c.Grader.leaderboards in nbgrader_config.py "
            f"has {known}."
        )
    return names[0]


def _entries(results: Iterable[Result], board: Board) -> Iterable[Entry]:
    for result in results:
        figures: dict[str, float] = {}
        for item in result.items:
            for cell in item.cells:
                figures.update(cell.figures)
        size, score = figures.get(board.size, 0.0), figures.get(board.score)
        if size > 0 and score is not None:
            yield Entry(result.student, size, score, figures.get(board.final))


def _picture(board: Board, points: Sequence[tuple[float, float, str]], final: bool) -> Any:
    """Where everything stands: bytes to the right on a logarithmic scale, the score upwards."""
    marks = [(mark, mark.final if final else mark.score) for mark in board.marks]
    sizes = [size for size, _, _ in points] + [mark.size for mark, _ in marks]
    scores = [score for _, score, _ in points] + [s for _, s in marks if s is not None]
    scores.append(board.required)
    low, high = math.log10(min(sizes)) - 0.08, math.log10(max(sizes)) + 0.08
    least = max(0.0, math.floor(20 * min(scores)) / 20)
    most = min(1.0, math.ceil(20 * max(scores) + 1e-9) / 20)
    most = most if most > least else least + 0.05

    def x(size: float) -> float:
        return _LEFT + (math.log10(size) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(score: float) -> float:
        return _TOP + (most - score) / (most - least) * (_HEIGHT - _TOP - _BOTTOM)

    steps = ""
    best = -math.inf
    for size, score, _ in points:
        if score > best:
            # The most that could be had with so few bytes.
            steps += f"H{x(size):.1f}V{y(score):.1f}" if steps else f"M{x(size):.1f} {y(score):.1f}"
            best = score
    steps += f"H{_WIDTH - _RIGHT:.1f}"
    ticks = [
        (digit * 10.0**power, digit in (1, 2, 5))  # the rest gives way on a phone
        for power in range(math.floor(low), math.ceil(high) + 1)
        for digit in (1, 1.5, 2, 3, 5, 7)
        if low <= math.log10(digit * 10.0**power) <= high
    ]
    levels = [least + n * (most - least) / 5 for n in range(6)]
    enough = sum(score >= board.required for _, score, _ in points)
    fewest = min((size for size, score, _ in points if score >= board.required), default=None)
    told = f", the smallest of them with {fewest:,.0f} bytes" if fewest is not None else ""
    compared = "; ".join(f"{mark.name}: {mark.size:,.0f} bytes" for mark, _ in marks)
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": _HEIGHT - _BOTTOM,
        "steps": steps,
        "required": y(board.required),
        "points": [
            {"x": x(size), "y": y(score), "name": name, "enough": score >= board.required}
            for size, score, name in points
        ],
        "marks": [
            {
                "x": x(mark.size),
                "y": None if score is None else y(score),
                # A letter: numbers are ranks.
                "letter": chr(ord("A") + number % 26),
                "name": mark.name,
                "bytes": f"{mark.size:,.0f}",
                "score": "" if score is None else f"{score:.4f}",
            }
            for number, (mark, score) in enumerate(marks)
        ],
        "across": [
            {"x": x(size), "text": f"{size:,.0f}", "main": main or len(ticks) < 5}
            for size, main in ticks
        ],
        "up": [{"y": y(score), "text": f"{score:.2f}"} for score in levels],
        "alt": (
            f"Accuracy against bytes of {len(points)} entries. {enough} reach {board.required:g}"
            f"{told}." + (f" Compared with {compared}." if compared else "")
        ),
    }
