"""What grading a submission came to: the schema of the files in results/."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, NaiveDatetime, ValidationError

Outcome = Literal[
    "passed", "failed", "partial", "not run", "needs manual", "no answer", "damaged", "marked"
]
# A file with what none of ours holds, such as a total that is no number, is graded again.
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class CellResult(BaseModel):
    """A cell that has points.

    Attributes:
        score: None while a teacher has to give it.
        outcome: how the score came about; "marked" if a teacher gave it.
        message: why points were lost or are open, for the learner; None if there is nothing to say.
        beside: whether the test ran beside the learner's code, which could have forged its result.
        suggestion: what such a test gave, where a teacher decides.
        figures: numbers that the test has reported of the submission, by name. No learner is shown
            them.
    """

    model_config = _STRICT
    notebook: str
    grade_id: str
    item: str
    points: float
    score: float | None
    outcome: Outcome
    message: str | None = None
    beside: bool = False
    suggestion: float | None = None
    figures: dict[str, float] = {}

    @property
    def flag(self) -> str:
        """What a teacher should know of how the mark came about; "" for most."""
        if not self.beside:
            return ""
        if self.suggestion is None:
            return f"{self.grade_id} ran beside the learner's code, which can forge its result."
        return (
            f"{self.grade_id} can't be judged apart from the learner's code; run beside it, it "
            f"suggests {self.suggestion:g} of {self.points:g} points."
        )

    @property
    def hint(self) -> str:
        """The same for where a learner may come to read it: a suggestion in few words.

        As a number it could tell what a hidden part of the test was about.
        """
        if self.suggestion is None:
            return self.flag
        how = "fails" if self.suggestion <= 0 else "gives a part of its points"
        how = "passes" if self.suggestion >= self.points else how
        return (
            f"{self.grade_id} can't be judged apart from the learner's code; run beside it, it "
            f"{how}."
        )


class ItemResult(BaseModel):
    """An item: the sum of its cells.

    Attributes:
        score: None while a teacher has to give (a part of) it.
        fingerprint: of all that its score hangs on; see `regrade`.
    """

    model_config = _STRICT
    name: str
    points: float
    score: float | None
    cells: list[CellResult]
    fingerprint: str = ""

    @classmethod
    def of(cls, name: str, cells: Sequence[CellResult]) -> ItemResult:
        """The item that these cells make up."""
        points = sum(cell.points for cell in cells)
        score = None if any(cell.score is None for cell in cells) else add_up(cells)
        return cls(name=name, points=points, score=score, cells=list(cells))

    @property
    def needs_manual(self) -> bool:
        return self.score is None

    @property
    def messages(self) -> list[str]:
        """What its failed tests said, in order, each once."""
        said = [cell.message for cell in self.cells if cell.message and cell.outcome == "failed"]
        return list(dict.fromkeys(said))


def add_up(cells: Iterable[CellResult]) -> float:
    """The points that are known, without the dust of binary fractions."""
    return round(sum(cell.score for cell in cells if cell.score is not None), 9)


class Result(BaseModel):
    """One submission, graded or rejected.

    Attributes:
        status: rejected means that no score was found, not that it is 0.
        reason: why it was rejected; None if graded.
        total: the points that are known: those a teacher has still to give are not in it, and what
            being late costs is taken off. None if rejected.
        points: the most that could be had.
        items: in the order of the assignment; empty if rejected.
        unanswered: "notebook/grade_id" of the answer cells that were left as released.
        notes: what was changed in the file and what went wrong while it ran, a sentence each.
        timestamp: when it was handed in, UTC without time zone.
        seconds: wall time of its cells.
        times: the same by item, of its answers.
        comments: what a teacher wrote by hand, by "notebook/grade_id".
        penalty: the points that being late costs.
        outdated: "notebook/grade_id" of marks given by hand before what they are for changed.
        handed_in: the fingerprint of the submission.
        fingerprint: of submission, assignment, settings and engine together; see `regrade`.
        shown: a fingerprint of what a teacher gave by hand and its feedback shows; "" for nothing.
    """

    model_config = _STRICT
    assignment: str
    student: str
    status: Literal["graded", "rejected"]
    reason: str | None = None
    total: float | None = None
    points: float = 0.0
    items: list[ItemResult] = []
    unanswered: list[str] = []
    notes: list[str] = []
    timestamp: NaiveDatetime | None = None
    seconds: float = 0.0
    times: dict[str, float] = {}
    comments: dict[str, str] = {}
    penalty: float = 0.0
    outdated: list[str] = []
    handed_in: str = ""
    fingerprint: str = ""
    shown: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Assignment and student."""
        return self.assignment, self.student

    @property
    def flags(self) -> list[str]:
        """What a teacher should know of how marks came about, a sentence each."""
        cells = [cell for item in self.items for cell in item.cells]
        several = len({cell.notebook for cell in cells}) > 1
        # A flag begins with the grade_id, which may stand in each notebook.
        flags = [
            f"{cell.notebook}/{cell.flag}" if several else cell.flag for cell in cells if cell.flag
        ]
        return flags + [
            f"The submission has changed since {place if several else place.rpartition('/')[2]} "
            "was marked by hand."
            for place in self.outdated
        ]

    @property
    def waits(self) -> bool:
        """Whether a teacher has to mark something, or to look at a mark again."""
        return bool(self.outdated) or any(item.needs_manual for item in self.items)

    def item(self, name: str) -> ItemResult:
        """The item of this name.

        Raises:
            KeyError: when there is none.
        """
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    def with_marks(
        self,
        scores: Mapping[str, float],
        comments: Mapping[str, str],
        penalty: float = 0.0,
        outdated: Collection[str] = (),
    ) -> Result:
        """With what a teacher gave by hand in place of what was found, by "notebook/grade_id".

        Args:
            penalty: the points that being late costs.
            outdated: of these, those for what is no more what was handed in.
        """
        items = []
        for item in self.items:
            cells = []
            for cell in item.cells:
                score = scores.get(f"{cell.notebook}/{cell.grade_id}")
                changes = {} if score is None else {"score": score, "outcome": "marked"}
                cells.append(cell.model_copy(update=changes))
            items.append(ItemResult.of(item.name, cells))
        marked = self.with_items(items)
        if marked.total is not None:
            marked.total = round(max(0.0, marked.total - penalty), 9)
        marked.comments = dict(comments)
        marked.penalty = penalty
        marked.outdated = sorted(outdated)
        return marked

    def with_items(self, items: list[ItemResult]) -> Result:
        """With these items, and the total that they make."""
        total = None if self.total is None else add_up(c for item in items for c in item.cells)
        return self.model_copy(update={"items": items, "total": total})

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        write_atomically(path, self.model_dump_json(indent=1).encode("utf-8"))

    @classmethod
    def load(cls, path: Path) -> Result | None:
        """Reads a file that `save` wrote; None when there is none or it is of another version."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a file so that a reader, or a kill, finds the old content or the new.

    Args:
        mode: who may do what with it, where the umask allows it: from its first moment on. Marks
            and names are its owner's alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".writing-{secrets.token_hex(8)}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
