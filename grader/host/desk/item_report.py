"""What the class believes: of each item how it did, and which misconceptions were met how often.

    report = ItemReport.read(out, submitted, assignments)
    report.write(out / "items")

Marks are those of grades.csv, with what a teacher gave by hand; what was wrong is in results/. A
misconception goes by its hint, the sentence with which a test failed, in which any number stands
for any other. The page holds one answer for each, without comments and without names.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from statistics import fmean, median
from typing import Any
from urllib.parse import quote

from grader.host.course.assignment import Assignment, Item
from grader.host.desk import tables
from grader.host.desk.grades import Book, Grade
from grader.host.desk.item_analysis import Stats, analyse
from grader.host.publish.pages import cut, environment, number, plain, title, titles
from grader.host.publish.pseudonyms import nameless
from grader.host.publish.report import NEEDS_MANUAL
from grader.host.result_store import ResultStore, cannot_write
from grader.host.results.result import Result, write_atomically
from grader.protocol.errors import GraderError

# Misconceptions of an item that have an answer on the page, and characters of that answer.
SHOWN = 8
MAX_ANSWER = 1_500
# Who shares a hint with no more than so many may be known by it.
FEW = 3
# What a folder of an earlier report is known by.
ITEMS, MISCONCEPTIONS, LEARNERS = "items.csv", "misconceptions.csv", "learners.csv"
_MET = ("assignment", "item", "test", "hint", "learners")
_OF_ITEMS = ("assignment", "item", "points", "difficulty")

_NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?!\w)", re.IGNORECASE)


@dataclass
class Misconception:
    """What many did wrong in the same way.

    Attributes:
        test: the grade_id of the test that said it.
        said: how often the hint was said in which words.
        learners: who met it.
    """

    test: str
    said: Counter[str] = field(default_factory=Counter)
    learners: list[str] = field(default_factory=list)

    @property
    def hint(self) -> str:
        """Its name: the hint as it was said most."""
        return min(self.said, key=lambda text: (-self.said[text], text))


@dataclass
class Section:
    """An assignment.

    Attributes:
        scores: points by item and learner; None where a teacher has still to give them. Who handed
            in what was released is not among them.
        met: by item, test and hint without its numbers.
        hints: by learner, how many hints they got.
        blank: who handed in nothing of their own.
        seconds: for each submission, how long its cells ran.
        times: the same by item.
    """

    assignment: Assignment
    grades: dict[str, Grade] = field(default_factory=dict)
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    met: dict[str, dict[tuple[str, str], Misconception]] = field(default_factory=dict)
    hints: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    blank: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)

    @cached_property
    def items(self) -> list[Item]:
        return self.assignment.items

    @cached_property
    def stats(self) -> dict[str, Stats]:
        return analyse(self.scores, {item.name: item.points for item in self.items})

    @cached_property
    def titles(self) -> dict[str, str]:
        """The items as the course calls them, by name."""
        called = {name: titles(notebook) for name, notebook in self.assignment.notebooks.items()}
        return {
            item.name: called[item.notebook].get(item.name.rpartition("/")[2], plain(item.name))
            for item in self.items
        }

    @property
    def heading(self) -> str:
        notebooks = list(self.assignment.notebooks.values())
        return title(notebooks[0]) if len(notebooks) == 1 else plain(self.assignment.name)

    def add(self, grade: Grade, result: Result) -> None:
        """Takes in a submission that was graded."""
        unanswered = set(result.unanswered)
        answers = {f"{i.notebook}/{a}" for i in self.items for a in i.answers}
        if answers and answers <= unanswered:
            self.blank.append(grade.student)
            return
        self.seconds.append(result.seconds)
        for name, took in result.times.items():
            self.times.setdefault(name, []).append(took)
        found = {item.name: item for item in result.items}
        for item in self.items:
            mark = grade.items.get(item.name, "")
            if not mark:
                # It was graded when the assignment had no such item.
                continue
            known = None if mark == NEEDS_MANUAL else float(mark)
            self.scores.setdefault(item.name, {})[grade.student] = known
            own = {f"{item.notebook}/{grade_id}" for grade_id in item.answers}
            # That an untouched answer fails tells nothing, where it can be told at all.
            if item.name not in found or (own and own <= unanswered):
                continue
            for cell in found[item.name].cells:
                if not cell.message or cell.outcome != "failed":
                    continue
                said = " ".join(plain(cell.message).split())
                mine = self.hints.setdefault(grade.student, {}).setdefault(item.name, [])
                if said not in mine:
                    mine.append(said)
                met = self.met.setdefault(item.name, {})
                key = (cell.grade_id, _NUMBER.sub("#", said))
                one = met.setdefault(key, Misconception(cell.grade_id))
                one.said[said] += 1
                one.learners.append(grade.student)

    def misconceptions(self, item: str) -> list[tuple[tuple[str, str], Misconception]]:
        """Those that were met in an item, the most frequent first."""
        met = self.met.get(item, {}).items()
        return sorted(met, key=lambda one: (-len(one[1].learners), one[0]))


@dataclass(frozen=True)
class Before:
    """What an earlier report said, by the names that its tables give."""

    items: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    met: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Before:
        """Reads the tables of a report.

        Raises:
            GraderError: when there are none.
        """
        if not (folder / ITEMS).is_file():
            raise GraderError(
                f"There is no {ITEMS} in {folder}: name the folder of an earlier report."
            )
        items = tables.load(folder / ITEMS, _OF_ITEMS)
        met = tables.load(folder / MISCONCEPTIONS, _MET)
        return cls(
            {(row["assignment"], row["item"]): row for row in items},
            {
                (row["assignment"], row["item"], row["test"], _NUMBER.sub("#", row["hint"])): row[
                    "learners"
                ]
                for row in met
            },
        )


class ItemReport:
    """What a graded class shows of its items and its learners.

    Args:
        called: what to call each learner; by their names where it says nothing.
        before: an earlier report, to stand beside this one.
    """

    def __init__(
        self,
        store: ResultStore,
        book: Book,
        assignments: Sequence[Assignment],
        called: Mapping[str, str] | None = None,
        before: Before | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._called = called
        self._before = before
        self._sections = {a.name: Section(a) for a in assignments}
        self._of: dict[str, list[str]] = defaultdict(list)
        for grade in book.grades:
            section = self._sections.get(grade.assignment)
            if section is None:
                continue
            section.grades[grade.student] = grade
            self._of[grade.student].append(grade.assignment)
            result = store.load(grade.assignment, grade.student)
            if result is not None and result.status == "graded":
                section.add(grade, result)

    def write(self, folder: Path) -> list[str]:
        """Writes page and tables. Returns what to say of it, a sentence each.

        Raises:
            GraderError: when a file cannot be written, or there is nothing to say.
        """
        sections = [section for section in self._sections.values() if section.grades]
        if not sections:
            raise GraderError(
                f"There are no marks of {' or '.join(self._sections) or 'any assignment'} in "
                f"{self._store.folder}: grade the class first."
            )
        pages = {f"{self._file(who)}": who for who in self._of}
        with cannot_write(folder, "The marks are kept"):
            for name, who in sorted(pages.items()):
                write_atomically(
                    folder / "learners" / name, self._learner(who).encode("utf-8", "replace")
                )
            for path in (folder / "learners").glob("*.html"):
                # Of somebody who has handed in nothing that is graded now.
                if path.name not in pages:
                    path.unlink()
            items = list(self._items(sections))
            write_atomically(folder / ITEMS, tables.dump(list(items[0]), items))
            met = list(self._misconceptions(sections))
            write_atomically(folder / MISCONCEPTIONS, tables.dump((*_MET, "share", "before"), met))
            learners = sorted(self._learners(), key=lambda row: (row["learner"], row["assignment"]))
            write_atomically(folder / LEARNERS, tables.dump(list(learners[0]), learners))
            # Last: who opens it finds all that it leads to.
            write_atomically(folder / "index.html", self.html(sections).encode("utf-8", "replace"))
        return [
            f"{len(self._of)} learners, {sum(len(s.grades) for s in sections)} submissions, "
            f"{len(items)} items, {len(met)} misconceptions."
        ]

    def _name(self, student: str) -> str:
        return plain(student if self._called is None else self._called[student])

    def _file(self, student: str) -> str:
        name = student if self._called is None else self._called[student].replace(" ", "-")
        return f"{name}.html"

    # --- Tables ---

    def _items(self, sections: Iterable[Section]) -> Iterator[dict[str, str]]:
        for section in sections:
            for item in section.items:
                stats = section.stats.get(item.name) or Stats()
                found = stats.discrimination
                name = section.assignment.name
                before = self._item_before(section, item)
                yield {
                    "assignment": name,
                    "item": item.name,
                    "title": section.titles[item.name],
                    "points": number(item.points),
                    "learners": str(stats.learners),
                    "difficulty": _decimals(stats.mean),
                    "full_marks": _decimals(stats.full),
                    "discrimination": _decimals(found.value if found else None),
                    "low": _decimals(found.low if found else None),
                    "high": _decimals(found.high if found else None),
                    "verdict": stats.verdict,
                    "seconds": _decimals(_median(section.times.get(item.name))),
                    "slowest": _decimals(max(section.times.get(item.name, []), default=None)),
                    "waiting": str(stats.waiting),
                    "difficulty_before": before.get("difficulty", ""),
                    "discrimination_before": before.get("discrimination", ""),
                    "verdict_before": before.get("verdict", ""),
                }

    @staticmethod
    def _marks(section: Section, item: Item) -> Mapping[str, float | None]:
        return section.scores.get(item.name, {})

    def _misconceptions(self, sections: Iterable[Section]) -> Iterator[dict[str, str]]:
        for section in sections:
            for item in section.items:
                learners = len(self._marks(section, item))
                for key, one in section.misconceptions(item.name):
                    count = len(one.learners)
                    yield {
                        "assignment": section.assignment.name,
                        "item": item.name,
                        "test": one.test,
                        "hint": self._hint(section, one),
                        "learners": str(count),
                        "share": _decimals(count / learners),
                        "before": self._met_before(section, item, key),
                    }

    def _item_before(self, section: Section, item: Item) -> Mapping[str, str]:
        if self._before is None:
            return {}
        return self._before.items.get((section.assignment.name, item.name), {})

    def _met_before(self, section: Section, item: Item, key: tuple[str, str]) -> str:
        if self._before is None:
            return ""
        return self._before.met.get((section.assignment.name, item.name, *key), "")

    def _learners(self) -> Iterator[dict[str, str]]:
        for who, names in self._of.items():
            for name in names:
                grade = self._sections[name].grades[who]
                hints = self._sections[name].hints.get(who, {})
                yield {
                    "learner": self._name(who),
                    "assignment": name,
                    "status": grade.status,
                    "late": "yes" if grade.late else "no",
                    "total": "" if grade.total is None else number(grade.total),
                    "max": number(grade.points),
                    "waits": "yes" if grade.waits else "no",
                    "hints": str(sum(map(len, hints.values()))),
                }

    # --- Pages ---

    def html(self, sections: Sequence[Section]) -> str:
        """The page of the class."""
        shown = [
            {
                "name": plain(section.assignment.name),
                "title": section.heading,
                "graded": len(section.grades) - self._rejected(section),
                "rejected": self._rejected(section),
                "blank": len(section.blank),
                "seconds": _median(section.seconds),
                "most": max(section.seconds, default=None),
                "mean": self._mean(section),
                "mean_before": self._mean_before(section.assignment.name),
                "rows": [self._row(section, item) for item in section.items],
            }
            for section in sections
        ]
        others = sorted({name for name, _ in self._before.items} if self._before else set())
        page = environment().get_template("items.html")
        return page.render(
            assignments=shown,
            compared=self._before is not None,
            others=[
                (plain(name), self._mean_before(name))
                for name in others
                if name not in {section.assignment.name for section in sections}
            ],
            pseudonyms=self._called is not None,
            learners=sorted((self._name(who), quote(self._file(who))) for who in self._of),
        )

    @staticmethod
    def _rejected(section: Section) -> int:
        return sum(grade.status == "rejected" for grade in section.grades.values())

    @staticmethod
    def _mean(section: Section) -> float | None:
        """The mean share of points, over the items of which something is known."""
        known = [i for i in section.items if getattr(section.stats.get(i.name), "mean", None)]
        points = sum(item.points for item in known)
        won = sum(item.points * (section.stats[item.name].mean or 0.0) for item in known)
        return won / points if points else None

    def _mean_before(self, assignment: str) -> float | None:
        if self._before is None:
            return None
        rows = [row for (name, _), row in self._before.items.items() if name == assignment]
        rows = [row for row in rows if row["difficulty"]]
        try:
            points = sum(float(row["points"]) for row in rows)
            won = sum(float(row["points"]) * float(row["difficulty"]) for row in rows)
        except ValueError as error:
            raise GraderError(f"The {ITEMS} of the earlier report: {error}.") from error
        return won / points if points else None

    def _row(self, section: Section, item: Item) -> dict[str, Any]:
        stats = section.stats.get(item.name) or Stats()
        met = section.misconceptions(item.name)
        return {
            "title": section.titles[item.name],
            "points": item.points,
            "seconds": _median(section.times.get(item.name)),
            "most": max(section.times.get(item.name, []), default=None),
            "stats": stats,
            "before": self._item_before(section, item),
            "met": [
                {
                    "hint": self._hint(section, one),
                    "count": len(one.learners),
                    "before": self._met_before(section, item, key),
                    "answer": self._answer(section, item, one) if n < SHOWN else "",
                }
                for n, (key, one) in enumerate(met)
            ],
        }

    def _answer(self, section: Section, item: Item, met: Misconception) -> str:
        """One answer that earned this hint, of somebody who earned few others."""

        def others(student: str) -> tuple[int, bytes]:
            hints = section.hints[student].get(item.name, [])
            # Of several, not the first in the alphabet.
            return len(hints), blake2b(f"{student} {met.hint}".encode()).digest()

        student = min(met.learners, key=others)
        notebook = self._store.notebook(section.assignment.name, student, item.notebook)
        if notebook is None:
            # It could not be shown when it was graded.
            return ""
        sources = [
            cell.source
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") in item.answers
        ]
        code = _without_comments(plain("\n\n".join(sources)))
        return cut(nameless(code, self._names(section, [student])).strip("\n"), MAX_ANSWER)

    def _names(self, section: Section, students: Iterable[str]) -> list[str]:
        """What they are called."""
        people = [(who, self._book.person(section.grades[who])) for who in students]
        return [
            name
            for who, person in people
            for name in (who, person.get("name", ""), person.get("email", ""))
        ]

    def _hint(self, section: Section, met: Misconception) -> str:
        """Its name. What few have earned may hold what they wrote, and so their names."""
        few = len(met.learners) <= FEW
        return nameless(met.hint, self._names(section, met.learners)) if few else met.hint

    def _of_one(self, section: Section, who: str, text: str) -> str:
        """Text that is about one learner, for their page."""
        if self._called is None:
            return plain(text)
        return nameless(plain(text), self._names(section, [who]))

    def _learner(self, who: str) -> str:
        """A page for office hours."""
        shown = []
        for name in self._of[who]:
            section = self._sections[name]
            grade = section.grades[who]
            hints = section.hints.get(who, {})
            notebooks = [f"{notebook}.html" for notebook in section.assignment.notebooks]
            shown.append(
                {
                    "title": section.heading,
                    "grade": grade,
                    "reason": self._of_one(section, who, grade.reason),
                    "notes": self._of_one(section, who, grade.notes),
                    "blank": who in section.blank,
                    "feedback": [
                        "/".join(quote(part) for part in ("../..", "feedback", who, name, page))
                        for page in notebooks
                    ]
                    if self._called is None
                    else [],
                    "rows": [
                        {
                            "title": section.titles[item.name],
                            "points": item.points,
                            "mark": grade.items[item.name],
                            "mean": getattr(section.stats.get(item.name), "mean", None),
                            "hints": [
                                self._of_one(section, who, one) for one in hints.get(item.name, [])
                            ],
                        }
                        for item in section.items
                        if item.name in grade.items
                    ],
                }
            )
        known = [
            (grade.total / grade.points, self._mean(self._sections[name]))
            for name in self._of[who]
            if (grade := self._sections[name].grades[who]).total is not None and grade.points
        ]
        return self._learner_page.render(
            learner=self._name(who),
            assignments=shown,
            mean=fmean(mine for mine, _ in known) if known else None,
        )

    @cached_property
    def _learner_page(self) -> Any:
        return environment().get_template("learner.html")


def _without_comments(source: str) -> str:
    # As the tokens count them: other signs that end a line may stand in a text.
    lines = source.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        # What is no Python has none that could be told apart but whole lines.
        return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    gone = set()
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
            if not lines[row - 1]:
                gone.add(row - 1)
    return "\n".join(line for n, line in enumerate(lines) if n not in gone)


def _median(values: Sequence[float] | None) -> float | None:
    return median(values) if values else None


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
