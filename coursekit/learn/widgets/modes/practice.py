"""Practice: problems from easy to hard, with a hint, steps, and common mistakes."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import get_args

from pydantic import JsonValue

from coursekit.learn.progress.store import Attempt, Store
from coursekit.learn.questions.find import where
from coursekit.learn.questions.fresh import PRINTED, drawn
from coursekit.learn.questions.schema import (
    Bank,
    ChoiceAnswer,
    CodeAnswer,
    Difficulty,
    NumberAnswer,
    Practice,
    lesson_title,
)
from coursekit.learn.widgets.modes.quiz import RIGHT, WRONG, Asked, still_choice
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    entry,
    fold,
    html,
    meter,
    spoken,
    still,
)
from coursekit.learn.widgets.picking import KEYS, Picker
from coursekit.learn.widgets.resuming import Places
from coursekit.learn.widgets.text import to_html
from coursekit.pictures.numbers import number_in

ORDER = get_args(Difficulty)
SECONDS = 30


class CannotRun(Exception):
    """Code that can't be run here; the message says why, and what to do."""


def run_code(code: str, tests: str, seconds: float = SECONDS) -> str | None:
    """Runs a learner's code, then the tests, in a Python of their own; None if all of them pass.

    Returns:
        Otherwise a sentence: the message of the assertion that failed, or the error.
    """
    script = f"{code}\n\n{tests}\n"
    try:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"It was still running after {seconds:.0f} seconds. Is there a loop without an end?"
    if run.returncode == 0:
        return None
    lines = run.stderr.strip().splitlines() or ["Python stopped without a word."]
    return lines[-1].removeprefix("AssertionError: ").strip() or "An assertion failed."


class WorkedPractice:
    """The practice of a lesson, one problem at a time; begins with the first not solved."""

    def __init__(
        self, bank: Bank, store: Store, run: Callable[[str, str], str | None] = run_code
    ) -> None:
        self._bank = bank
        self._store = store
        self._problems = sorted(bank.of(Practice), key=lambda one: ORDER.index(one.level))
        kept = store.latest(Attempt, bank.name, mode="practice")
        self._solving = [Solving(problem, kept.get(problem.id), run) for problem in self._problems]
        self._places = Places(store, bank.name, "practice")
        ids = [problem.id for problem in self._problems]
        keys = [(bank.name, problem.id) for problem in self._problems]
        self._pick = Picker(store, "practice", keys, lambda place: self._solving[place].right)
        self._pick.at = self._places.begin(ids, [bool(one.right) for one in self._solving])
        self._say = self._aloud = ""
        self._focus = ""

    def act(self, key: str, values: Values) -> None:
        solving = self._solving[self._pick.at]
        self._say = self._aloud = self._focus = ""
        solving.note(values)
        match key:
            case "check":
                self._check(solving, values)
            case "hint":
                solving.hinted = True
                self._focus = "hint"
            case "step":
                solving.steps = min(solving.steps + 1, len(solving.problem.steps) + 1)
                self._focus = "final" if solving.worked_out else "step"
                self._aloud = solving.newest
            case "fresh" if solving.printed.fresh:
                solving.draw()
                self._say = "The same problem, with other numbers."
                # Options are no text that focus can go to.
                is_choice = isinstance(solving.problem.answer, ChoiceAnswer)
                self._focus = "fresh" if is_choice else "prompt"
                self._aloud = spoken(solving.problem.prompt) if is_choice else ""
            case "next" | "back":
                self._go(key, values)
                self._focus = "place"
            case _ if key in KEYS:
                self._go(key, values)
                self._focus = key

    def _go(self, key: str, values: Values) -> None:
        before = self._pick.at
        self._pick.act(key, values)
        self._say = self._pick.say
        for place in self._pick.anew:
            self._solving[place].draw()
        if self._pick.at != before:
            self._places.keep(self._problems[self._pick.at].id)
            self._aloud = spoken(self._solving[self._pick.at].problem.prompt)

    def _check(self, solving: Solving, values: Values) -> None:
        self._say, given = solving.check(values)
        if given is None:
            return
        if solving.right:
            self._focus = "next"
        self._store.record(
            Attempt(
                lesson=self._bank.name,
                question=solving.problem.id,
                mode="practice",
                answer=given,
                right=solving.right,
            )
        )

    def view(self) -> View:
        solving = self._solving[self._pick.at]
        title = f"Practice · {lesson_title(self._bank.name)}"
        total, right = len(self._problems), sum(bool(one.right) for one in self._solving)
        place = f"{title} · problem {self._pick.place}, {solving.problem.level}"
        fresh = [Button("fresh", "Other numbers", ("n",))] if solving.printed.fresh else []
        parts = [
            html(place, "title", key="place"),
            meter(f"{right} of {total} solved", right, total),
            *solving.parts(),
            buttons(
                Button("check", "Check", primary=True),
                Button("hint", "Hint", disabled=solving.hinted),
                Button("step", solving.next_step, disabled=solving.worked_out),
                Button("back", "Back", ("ArrowLeft",)),
                Button("next", "Next", ("ArrowRight",)),
                *fresh,
                self._pick.star(),
            ),
            *solving.shown(where(solving.problem, self._bank)),
            *self._pick.parts(),
        ]
        return View(title, parts, self._say, self._focus, solving.about, self._aloud)

    def still(self) -> Still:
        blocks = (_still(number, problem) for number, problem in enumerate(self._problems, 1))
        return still(f"Practice · {lesson_title(self._bank.name)}", *blocks)


class Solving:
    """One problem: what was answered, and how much of the solution was shown.

    Attributes:
        printed: the problem with the numbers of the bank.
        problem: with those of this try.
        right: whether the newest answer was right; None before an answer.
        hinted: whether the hint was asked for.
        steps: how many steps were shown; one more than there are shows the final answer.
    """

    def __init__(
        self,
        problem: Practice,
        kept: Attempt | None = None,
        run: Callable[[str, str], str | None] = run_code,
    ) -> None:
        self.printed = problem
        self.right: bool | None = None
        self._run = run
        given, seed = _given(kept)
        self._begin(seed)
        if self._asked is not None:
            self._ask(given)
            self.right = self._asked.right
        elif kept and isinstance(given, str):
            self._text = given
            self.right = kept.right
        self._tried = self.right is not None

    def _begin(self, seed: int) -> None:
        """A try of the problem with the numbers of this draw."""
        self._seed = seed
        self.problem = drawn(self.printed, seed)
        self.hinted = self._tried = False
        self.steps = 0
        answer = self.problem.answer
        self._text = answer.starter if isinstance(answer, CodeAnswer) else ""
        self._asked: Asked | None = None
        if isinstance(answer, ChoiceAnswer):
            self._ask()

    def _ask(self, kept: object = None) -> None:
        answer = self.problem.answer
        assert isinstance(answer, ChoiceAnswer)
        self._asked = Asked(self.problem.id, self.problem.prompt, answer.options, kept=kept)

    def draw(self) -> None:
        """Another try; with other numbers, where the problem draws them."""
        before, seed = self.problem.prompt, self._seed
        for seed in range(self._seed + 1, self._seed + 20):
            if drawn(self.printed, seed).prompt != before:
                break
        self._begin(seed)

    @property
    def about(self) -> str:
        """What a press is for: the problem, and its numbers."""
        name = self.problem.id
        return name if self._seed == PRINTED else f"{name} {self._seed}"

    @property
    def judged(self) -> bool | None:
        """Whether this try was right; None before its answer."""
        return self.right if self._tried else None

    def note(self, values: Values) -> None:
        """Keeps what was typed, so that it stands there when the problem is seen again."""
        if self._asked is None and isinstance(text := values.get("answer"), str):
            self._text = text

    def check(self, values: Values) -> tuple[str, JsonValue]:
        """Judges the answer: what to say, and the answer to keep, None if there is none."""
        answer = self.problem.answer
        if self._asked is not None:
            said, places = self._asked.check(values)
            self._judge(bool(self._asked.right), places is not None)
            return said, self._kept(places)
        if isinstance(answer, NumberAnswer):
            if number_in(self._text) is None:
                return "Type a number, such as 0.25 or 1,000.", None
            self._judge(self._is_right(answer))
            verdict = f"{RIGHT}." if self.right else f"{WRONG}. Try again, or take a hint."
            return verdict, self._kept(self._text)
        try:
            problem = self._run(self._text, answer.tests)  # type: ignore[union-attr]
        except CannotRun as reason:
            return str(reason), None
        self._judge(problem is None)
        return (f"{RIGHT}: all checks pass." if self.right else f"{WRONG}. {problem}"), self._text

    def _judge(self, right: bool, answered: bool = True) -> None:
        if answered:
            self.right, self._tried = right, True

    def _kept(self, given: JsonValue) -> JsonValue:
        """The answer as it is kept: with its draw, if that is not the printed one."""
        if given is None or self._seed == PRINTED:
            return given
        return {"given": given, "seed": self._seed}

    def _is_right(self, answer: NumberAnswer) -> bool:
        number = number_in(self._text)
        return number is not None and math.isclose(
            number, answer.number, rel_tol=1e-9, abs_tol=answer.tolerance
        )

    @property
    def worked_out(self) -> bool:
        """Whether the whole solution is shown."""
        return self.steps > len(self.problem.steps)

    @property
    def next_step(self) -> str:
        """What the button that shows more of the solution is called."""
        left = len(self.problem.steps) - self.steps
        if left > 0:
            return f"Show step {self.steps + 1} of {len(self.problem.steps)}"
        return "Show the answer"

    @property
    def newest(self) -> str:
        """The step that was shown last, to be read out; "" where the focus goes to it."""
        if not self.steps or self.worked_out:
            return ""
        total = len(self.problem.steps)
        return f"Step {self.steps} of {total}: {spoken(self.problem.steps[self.steps - 1])}"

    def parts(self, *, over: bool = False) -> list[Part]:
        """The problem, and where to answer it; no more where it is `over`."""
        if self._asked is not None:
            return [*self._hint(), *self._asked.parts(over=over)]
        answer = self.problem.answer
        prompt = html(self.problem.prompt, key="prompt")
        if isinstance(answer, NumberAnswer):
            field = entry(
                "answer", "Your answer", self._text, numeric=True, unit=answer.unit, locked=over
            )
        else:
            rows = max(6, self._text.count("\n") + 2)
            field = entry("answer", "Your code", self._text, rows=rows, code=True, locked=over)
        return [prompt, *self._hint(), field]

    def _hint(self) -> list[Part]:
        """Above where one answers: who has read it goes on to there by Tab."""
        return [html(f"**Hint.** {self.problem.hint}", "note", key="hint")] if self.hinted else []

    def shown(self, section: str) -> list[Part]:
        """What stands below: verdict, steps; all of the solution once it is solved."""
        problem = self.problem
        parts = []
        steps = len(problem.steps) if self.judged else min(self.steps, len(problem.steps))
        for number, step in enumerate(problem.steps[:steps], 1):
            parts.append(html(f"**Step {number}.** {step}", "note"))
        if self.judged or self.worked_out:
            mistakes = _bullets(problem.mistakes)
            parts += [
                html(f"**Answer.** {problem.final}", "right", key="final"),
                *self._solution(),
                html(f"**Quick check.** {problem.quick_check}", "note"),
                html(f"**Common mistakes.**\n\n{mistakes}", "wrong"),
            ]
        if self.judged is False:
            parts.append(html(f"To read again: {section}.", "small"))
        return parts

    def _solution(self) -> list[Part]:
        answer = self.problem.answer
        if not isinstance(answer, CodeAnswer):
            return []
        return [html(f"One way to write it:\n\n```python\n{answer.solution.rstrip()}\n```")]


def _given(kept: Attempt | None) -> tuple[object, int]:
    """What was answered, and with the numbers of which draw."""
    match kept.answer if kept else None:
        case {"given": given, "seed": int(seed)}:
            return given, seed
        case given:
            return given, PRINTED


def _still(number: int, problem: Practice) -> str:
    name, answer = f"Problem {number}", problem.answer
    if isinstance(answer, ChoiceAnswer):
        asked = still_choice(name, problem.prompt, problem.id, answer.options)
    else:
        asked = to_html(problem.prompt, mathml=False)
    solution = to_html(
        f"{_numbered(problem.steps)}\n\n**Answer.** {problem.final}\n\n"
        f"**Quick check.** {problem.quick_check}\n\n"
        f"**Common mistakes.**\n\n{_bullets(problem.mistakes)}",
        mathml=False,
    )
    hint = fold(f"{name}: a hint", to_html(problem.hint, mathml=False))
    solved = fold(f"{name}: its solution", solution)
    return f"<p><em>{problem.level}</em></p>{asked}{hint}{solved}"


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
