"""What stands at the end of an exercise: what is still to do, and buttons to check and mark it.

Checking and marking run in processes of their own on the saved file. Marking needs the grader and
the solutions, which only a full copy of the course has; a learner's copy says how to hand in.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from coursekit.exercises.outcome import Outcome
from coursekit.exercises.check import State, line
from coursekit.exercises.items import Exercise, ExerciseError, Item, is_as_released, notebook_path, source
from coursekit.learn.widgets.jupyter import Panel
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    html,
    made_of,
    still,
)

TITLE = "How far are you?"
BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
# Seconds after which a check or a marking has gone wrong.
LIMIT = 600.0
LOOKS = {"✓": "right", "✗": "wrong", "○": "note"}


def ending(outcomes: Mapping[str, Outcome]) -> Panel:
    """The widget, for the notebook of this kernel.

    Args:
        outcomes: how cells ended when they last ran here, by their source.
    """
    mode = Ending(notebook_path(), outcomes)
    panel = Panel(mode)
    mode.on_change = panel.refresh
    return panel


class Ending:
    """The mode.

    Attributes:
        on_change: is called when there is something new to be seen without a press.
    """

    def __init__(self, path: Path | None, outcomes: Mapping[str, Outcome]) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._path = path
        self._outcomes = outcomes
        self._course = _full_course(path)
        self._parts: list[Part] = []
        self._say = ""
        self._pressed = "check"
        self._busy = False
        self._opened: set[str] = set()

    def view(self) -> View:
        if self._path is None:
            text = (
                "This notebook is in no folder that Python knows of, as on Colab. Download it "
                "into the course's folder to check it, or hand it in as it is."
            )
            return View(TITLE, [html(TITLE, "title"), html(text)])
        try:
            exercise = Exercise.read(self._path)
        except ExerciseError as error:
            return View(TITLE, [html(TITLE, "title"), html(str(error))])
        parts = [html(TITLE, "title")]
        parts += self._parts or [self._so_far(exercise)]
        shown = [Button("check", "Check what you can see", primary=True, disabled=self._busy)]
        if self._course is not None:
            shown.append(Button("mark", "Mark it", disabled=self._busy))
        parts.append(buttons(*shown))
        parts += (
            self._texts(exercise) if self._course is not None else [html(self._hand_in(), "small")]
        )
        return View(TITLE, parts, self._say, focus=self._pressed)

    def act(self, key: str, values: Values) -> None:
        # A page of before may have other buttons.
        if key not in self._keys():
            return
        self._say, self._pressed = "", key
        if key in ("check", "mark"):
            self._begin(key)
        else:
            self._opened ^= {key.removeprefix("model.")}

    def _keys(self) -> set[str]:
        """The buttons that can be pressed now."""
        shown = [button for part in self.view().parts for button in part.get("buttons", ())]
        return {button["key"] for button in shown if not button["disabled"]}

    def still(self) -> Still:
        return still(TITLE)

    # --- What ran here ---------------------------------------------------------------------------

    def _so_far(self, exercise: Exercise) -> Part:
        """How the items stand after what ran in this kernel."""
        found = [(item, *self._standing(exercise, item)) for item in exercise.items]
        return _lines([line(state, item.title, text) for item, state, text in found])

    def _standing(self, exercise: Exercise, item: Item) -> tuple[State, str]:
        cell = exercise.named.get(item.name)
        if item.is_text:
            if cell is not None and not is_as_released(cell):
                return "written", "written."
            return "to do", "not done yet, or not saved."
        sources = [source(exercise.named.get(test, {})).strip() for test in item.tests]
        told = [self._outcomes.get(text) for text in sources]
        for outcome in told:
            if outcome is not None and outcome.how == "failed":
                return "wrong", outcome.text
        if all(outcome is not None and outcome.how == "fine" for outcome in told):
            return "passes", "passes what you can see."
        return "to do", "not done yet."

    # --- Checking and marking --------------------------------------------------------------------

    def _begin(self, key: str) -> None:
        self._busy = True
        self._parts = []
        self._say = "Checking …" if key == "check" else "Marking … This takes some seconds."
        threading.Thread(target=self._work, args=(key,), daemon=True).start()

    def _work(self, key: str) -> None:
        assert self._path is not None
        try:
            if key == "check":
                told = _told("coursekit.exercises.check", [str(self._path)], self._path.parent)
                self._parts = [_lines(told["lines"])]
            else:
                assert self._course is not None
                arguments = [self._path.stem, "--notebook", str(self._path)]
                told = _told("authoring.mark", arguments, self._course)
                self._parts = [_lines(told["lines"]), _page(told)]
            self._say = f"{_saved(self._path)} {'checked' if key == 'check' else 'marked'}."
        except ExerciseError as error:
            self._parts = [html(str(error), "wrong")]
            self._say = ""
        finally:
            self._busy = False
            self.on_change()

    # --- What comes after ------------------------------------------------------------------------

    def _hand_in(self) -> str:
        assert self._path is not None
        return (
            "**To hand in:** save (Ctrl+S), then give your teacher the file "
            f"`{'/'.join(self._path.parts[-4:])}`, in the way that your class agreed on. "
            "Marks, and hints on what can't be checked here, come back with the feedback."
        )

    def _texts(self, exercise: Exercise) -> list[Part]:
        """A button for each free text that was written, and what it opened."""
        assert self._course is not None
        texts = [item for item in exercise.items if item.is_text]
        parts: list[Part] = []
        for item in texts:
            cell = exercise.named.get(item.name)
            if cell is None or is_as_released(cell):
                line = f"{item.title}: the model answer opens once your own is written and saved."
                parts.append(html(line, "small"))
                continue
            is_open = item.name in self._opened
            label = f"Model answer: {item.title}"
            parts.append(buttons(Button(f"model.{item.name}", label, pressed=is_open)))
            if is_open:
                parts.append(html(_model_answer(self._course, exercise.path.stem, item), "note"))
        return parts


def _lines(lines: Sequence[str]) -> Part:
    """One line below the other, each with its sign."""
    shown = []
    for text in lines:
        look = f" fb-{LOOKS[text[:1]]}" if text[:1] in LOOKS else ""
        shown.append(f'<div class="fb-html{look}">{_inline(text)}</div>')
    return made_of("".join(shown))


def _inline(text: str) -> str:
    from coursekit.learn.widgets.text import to_html

    return to_html(text, inline=True)


def _page(told: Mapping[str, Any]) -> Part:
    """The feedback page, in a frame that runs nothing."""
    page = Path(told["page"])
    frame = (
        f'<iframe title="Feedback" sandbox="" srcdoc="{escape(page.read_text("utf-8"))}" '
        'style="width:100%;height:32rem;border:0"></iframe>'
    )
    where = f"<p>The same page for your browser: <code>{escape(str(page))}</code></p>"
    return made_of(f"<details open><summary>Feedback</summary>{frame}</details>{where}")


def _saved(path: Path) -> str:
    from datetime import datetime

    when = datetime.fromtimestamp(path.stat().st_mtime)
    return f"What you saved at {when:%H:%M:%S} was"


def _told(module: str, arguments: Sequence[str], folder: Path) -> dict[str, Any]:
    """What a command of the course says in JSON.

    Raises:
        ExerciseError: when it says only what is wrong, or nothing.
    """
    command = [sys.executable, "-m", module, "--json", *arguments]
    try:
        run = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExerciseError(f"It was given up: {error}.") from error
    try:
        told: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        if "ModuleNotFoundError" in run.stderr:
            raise ExerciseError(
                f"This needs packages that are not installed yet. Type `make mark "
                f"LESSON={arguments[0][:2]}` in the course's folder once: it fetches them, too."
            ) from error
        raise ExerciseError(
            f"`python -m {module}` did not work: run it in a terminal to see why."
        ) from error
    if "error" in told:
        raise ExerciseError(str(told["error"]))
    return told


def _full_course(path: Path | None) -> Path | None:
    """The copy of the course around a notebook, if it has the grader and this one's solution."""
    for folder in path.parents if path is not None else ():
        wanted = (
            folder / "grader",
            folder / "authoring",
            folder / "solutions" / path.stem / path.name if path is not None else folder,
        )
        if all(part.exists() for part in wanted):
            return folder
    return None


def _model_answer(course: Path, lesson: str, item: Item) -> str:
    """What the author answers, and how it is marked."""
    solution = Exercise.read(course / "solutions" / lesson / f"{lesson}.ipynb")
    lines = source(solution.named[item.name]).splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN_SOLUTION, END_SOLUTION))
