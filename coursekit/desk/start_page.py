"""The start page: where to go on, what is due, and the map of the lessons with how far one is.

It is Markdown, so it can be read without a kernel. The build writes it as it is for who has not
begun; `coursekit lab` fills in what a learner has done whenever the page is opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from coursekit.learn.lessons import Lesson, lessons

if TYPE_CHECKING:
    from coursekit.learn.progress.store import Store

T = TypeVar("T")

# The cells that are a learner's own, by their ids.
NOW, MAP = "now", "map"

PRIMERS = "primers.ipynb"
REVIEW = "review.ipynb"
MAP_HEAD = "## The lessons"
LEGEND = """\
*Needs* are the lessons to read before. The minutes are for reading, guessing and running; practice
and exercise come on top. A lesson is done when all items of its exercise pass what you can see."""
# JupyterLab reads a page that is open only when the whole of it is loaded anew.
SINCE = "*What you do from now on shows here once you press F5.*"
DONE, BEGUN, NEW, TO_COME = "✓ done", "begun", "new", "to come"


@dataclass(frozen=True)
class Standing:
    """How far a learner is in one lesson.

    Attributes:
        begun: whether anything of it was done.
        passed: how many items of its exercise pass what can be seen.
        of: how many items with tests the exercise has.
    """

    begun: bool = False
    passed: int = 0
    of: int = 0

    @property
    def word(self) -> str:
        """A lesson is done when its exercise passes."""
        if self.of and self.passed == self.of:
            return DONE
        return BEGUN if self.begun or self.passed else NEW


@dataclass(frozen=True)
class Progress:
    """What the page says of a learner.

    Attributes:
        standings: by the name of the lesson.
        last: the lesson in which something was done last; empty if nothing was.
        place: what to add to the address of that lesson to come to where one was.
        part: what that place is called.
        due: how many cards are due.
        again: how many questions are to be tried again.
        network: how small the course's one network is by now, in a sentence.
        trouble: why progress can't be read, in a sentence.
    """

    standings: Mapping[str, Standing]
    last: str = ""
    place: str = ""
    part: str = ""
    due: int = 0
    again: int = 0
    network: str = ""
    trouble: str = ""


NOTHING = Progress({})


def now_text(shown: Sequence[Lesson], progress: Progress) -> str:
    """What to do now: begin, go on, and what is due."""
    lines = [_way(shown, progress)]
    due = []
    if progress.due:
        due.append(_count(progress.due, "card is", "cards are") + " due")
    if progress.again:
        due.append(_count(progress.again, "question is", "questions are") + " to be tried again")
    if due:
        lines.append(f"**[{' and '.join(due)}]({REVIEW})**, over all lessons.")
    elif progress.last:
        lines.append(f"Nothing is due. [Review]({REVIEW}) brings back what you learnt, in time.")
    if progress.network:
        lines.append(f"{progress.network} [See the way down](review.ipynb).")
    if progress.trouble:
        lines.append(progress.trouble)
    return "\n\n".join(lines)


def _way(shown: Sequence[Lesson], progress: Progress) -> str:
    """The one link to follow."""
    there = [lesson for lesson in shown if lesson.is_there]
    if not there:
        return "No lesson is there yet."
    last = next((lesson for lesson in there if lesson.name == progress.last), None)
    if last is None:
        first = there[0]
        return (
            f"## Begin: [{first.number} · {first.title}]({first.name}.ipynb)\n\n"
            "Or take the [entry check](primers.ipynb) first: ten questions tell you which of five "
            "one-screen primers you need."
        )
    standing = progress.standings.get(last.name, Standing())
    if standing.word == DONE:
        after = [
            lesson
            for lesson in [*there[there.index(last) + 1 :], *there]
            if progress.standings.get(lesson.name, Standing()).word != DONE
        ]
        if not after:
            return "## All lessons are done\n\nMore are to come."
        following = after[0]
        return (
            f"## Continue: [{following.number} · {following.title}]({following.name}.ipynb)\n\n"
            f"Lesson {last.number} is done: its exercise passes all that you can see."
        )
    where = f", {progress.part}" if progress.part else ""
    text = (
        f"## Continue: [{last.number} · {last.title}{where}]({last.name}.ipynb{progress.place})\n\n"
    )
    state = (
        f"{standing.passed} of {standing.of} items pass"
        if standing.passed
        else "no item passes yet"
    )
    return f"{text}Its {_exercise(last)}: {state}."


def map_text(shown: Sequence[Lesson], progress: Progress) -> str:
    """All lessons, what each needs, how long it takes, and how far one is."""
    # Few and narrow columns: the page is read on small screens, too.
    lines = [MAP_HEAD, "", "| Lesson | Needs | Min. | You |", "|:---|:---|:---|:---|"]
    part = ""
    for lesson in shown:
        if lesson.part != part:
            part = lesson.part
            lines.append(f"| **{part}** | | | |")
        lines.append(_row(lesson, progress.standings.get(lesson.name, Standing())))
    return "\n".join([*lines, "", LEGEND])


def _row(lesson: Lesson, standing: Standing) -> str:
    needs = ", ".join(lesson.needs) or "–"
    if not lesson.is_there:
        return f"| {lesson.number} · {lesson.title} | {needs} | | *{TO_COME}* |"
    title = f"[{lesson.number} · {lesson.title}]({lesson.name}.ipynb), {_exercise(lesson)}"
    word = standing.word
    if standing.word == BEGUN and standing.passed:
        word += f", {standing.passed} of {standing.of} items"
    return f"| {title} | {needs} | {lesson.minutes} | {word} |"


def _exercise(lesson: Lesson) -> str:
    path = f"../exercises/{lesson.name}/{lesson.name}.ipynb"
    return f"[exercise {lesson.number}]({path})"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def fill_in(notebook: Mapping[str, Any], progress: Progress) -> None:
    """Writes a learner's progress into the start page."""
    shown = lessons()
    texts = {NOW: f"{now_text(shown, progress)}\n\n{SINCE}", MAP: map_text(shown, progress)}
    for cell in notebook["cells"]:
        if cell.get("id") in texts:
            cell["source"] = texts[cell["id"]]


def progress_in(folder: Path) -> Progress:
    """How far the learner of a course folder is.

    Args:
        folder: the one with notebooks/ and exercises/, such as workspace/.
    """
    # Not at the top: what only writes the page of who has not begun needs none of it.
    from coursekit.learn.progress.retry import due_again
    from coursekit.learn.progress.store import Guess, progress_of
    from coursekit.learn.progress.summary import summary

    store = _looking(progress_of(folder))
    found = summary(store, folder)
    standings = {
        lesson.lesson: Standing(
            begun=any(tally.done for tally in lesson.modes.values()) or lesson.guesses > 0,
            passed=sum(state == "passed" for state in lesson.exercise.values()),
            of=len(lesson.exercise),
        )
        for lesson in found.lessons
    }
    last = _last_lesson(store)
    newest = [guess.question for guess in store.events(Guess, last)][-1:] if last else []
    place, part = _place(folder / "notebooks" / f"{last}.ipynb", newest[0]) if newest else ("", "")
    again = len(due_again(store, now=datetime.now(UTC)))
    return Progress(standings, last, place, part, found.due, again, found.network, store.trouble)


def _looking(path: Path) -> Store:
    """Progress to be read only: a file that can't be is left where it is, and that is said."""
    from coursekit.learn.progress.store import Store, StoreError

    class Looking(Store):
        def _reach(self, work: Callable[[], T]) -> T | None:
            try:
                return self._strictly(work)
            except StoreError as error:
                self.trouble = f"What you did so far can't be shown here: {error}"
                return None

        def _put_aside(self) -> None:
            raise StoreError(f"{self.path} is damaged, or no progress file.")

    return Looking(path)


def _last_lesson(store: Store) -> str:
    """The lesson in which something was kept last, of those that are there."""
    from coursekit.learn.progress.store import (
        Attempt,
        Guess,
        Pattern,
        Place,
        Response,
        Review,
        Visit,
    )

    there = {lesson.name for lesson in lessons() if lesson.is_there}
    kinds = (Attempt, Guess, Pattern, Place, Response, Visit, Review)
    events = [event for kind in kinds for event in store.events(kind) if event.lesson in there]
    return max(events, key=lambda event: event.at).lesson if events else ""


def _place(notebook: Path, question: str) -> tuple[str, str]:
    """The part of a lesson in which a guess is asked: its address, and what it is called."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return "", ""
    part = ""
    for cell in cells:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if re.fullmatch(r"part-\d+", str(cell.get("id", ""))):
            part = cell["id"]
        if cell["cell_type"] == "code" and question in source and "guess(" in source:
            return (f"#cell-id={part}", part.replace("-", " ")) if part else ("", "")
    return "", ""
