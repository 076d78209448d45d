"""`authoring mark 07`, `make mark LESSON=07`: a learner's own exercise, marked as a teacher would.

With the real engine and the hidden tests of solutions/, into out/mark/; the feedback opens.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.exercises.folders import WorkspaceError, course_root
from coursekit.exercises.items import Exercise, ExerciseError, learners_exercise
from grader import Course, GraderError, ItemResult, Result, grade_folder

OUT = Path("out") / "mark"
YOU = "you"


@dataclass(frozen=True)
class Marked:
    """What a learner's exercise earned.

    Attributes:
        page: the feedback.
        titles: of the items, by name.
    """

    result: Result
    page: Path
    titles: dict[str, str]

    @property
    def lines(self) -> list[str]:
        """A line for each item, and the sum."""
        if self.result.status == "rejected":
            return [f"✗ It can't be marked: {self.result.reason}"]
        waiting = sum(item.points for item in self.result.items if item.needs_manual)
        total = f"{self.result.total:g} of {self.result.points:g} points."
        if waiting:
            total += f" {waiting:g} are for a text that somebody has to read."
        return [*(self._line(item) for item in self.result.items), total]

    def _line(self, item: ItemResult) -> str:
        title = self.titles.get(item.name, item.name)
        if item.needs_manual:
            return f"○ {title} – {item.points:g} points, for whoever reads it."
        blank = {name.rpartition("/")[2] for name in self.result.unanswered}
        score = f"{item.score:g} of {item.points:g}."
        if item.name in blank:
            return f"○ {title} – {score} Not done yet."
        sign = "✓" if item.score == item.points else "✗"
        said = dict.fromkeys(" ".join((cell.message or "").split()) for cell in item.cells)
        return f"{sign} {title} – {score} {' · '.join(filter(None, said))}".rstrip()


def mark(root: Path, notebook: Path, out: Path) -> Marked:
    """Marks an exercise.

    Args:
        root: a full copy of the course.
        notebook: what the learner saved.

    Raises:
        ExerciseError: when it is no exercise, or can't be read.
        GraderError: when the grader can't work.
    """
    exercise = Exercise.read(notebook)
    course = Course.open(root)
    result, feedback = grade_folder(course, notebook.stem, notebook.parent, out, YOU)
    page = feedback / f"{notebook.stem}.html"
    return Marked(result, page.resolve(), {i.name: i.title for i in exercise.items})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 if nothing could be marked."""
    parser = argparse.ArgumentParser(prog="mark", description="Marks your own exercise.")
    parser.add_argument("lesson", help="its number, as in 07")
    parser.add_argument("--notebook", type=Path, help="the file, if it lies elsewhere")
    parser.add_argument("--out", type=Path, help="where feedback and marks go")
    parser.add_argument("--json", action="store_true", help="for programs; opens nothing")
    asked = parser.parse_args(arguments)
    try:
        root = course_root()
        notebook = asked.notebook or learners_exercise(root, asked.lesson)
        marked = mark(root, notebook, asked.out or root / OUT)
    except (ExerciseError, GraderError, WorkspaceError) as error:
        print(json.dumps({"error": str(error)}) if asked.json else str(error))
        return 1
    if asked.json:
        print(json.dumps({"lines": marked.lines, "page": str(marked.page)}))
        return 0
    print("\n".join(marked.lines))
    _open(marked.page)
    return 0


def _open(page: Path) -> None:
    """In a browser, where there is somebody to look at one."""
    has_display = sys.platform != "linux" or any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY"))
    )
    if not (has_display and webbrowser.open(page.as_uri())):
        print(f"Feedback: {page}")


if __name__ == "__main__":
    sys.exit(main())
