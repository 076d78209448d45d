"""Traces: data, training or a prediction, followed step by step."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from coursekit.learn.progress.store import Attempt, Store
from coursekit.learn.questions.find import WidgetError
from coursekit.learn.questions.schema import Bank, Trace, lesson_title
from coursekit.learn.traces import load_trace
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    control,
    fold,
    html,
    made_of,
    meter,
    number_among,
    picture,
    spoken,
    still,
)
from coursekit.learn.widgets.resuming import Places
from coursekit.learn.widgets.text import to_html
from coursekit.pictures.trace import Stage, times
from coursekit.pictures.trace import Trace as Steps


class Tracing:
    """The traces of a lesson; one stage at a time, and at the end what there was to notice.

    `load` gives a trace by the names of its lesson and its own.
    """

    def __init__(
        self, bank: Bank, store: Store, load: Callable[[str, str], Steps] = load_trace
    ) -> None:
        self._bank = bank
        self._store = store
        self._load_by_name = load
        self._questions = bank.of(Trace)
        if not self._questions:
            raise WidgetError(f"{lesson_title(bank.name)} has no traces.")
        self._seen = set(store.latest(Attempt, bank.name, mode="trace"))
        self._places = Places(store, bank.name, "trace")
        # By number of the trace, the step at which it was left.
        self._steps: dict[int, int] = {}
        ids = [question.id for question in self._questions]
        last, step = self._places.newest() or (ids[0], 0)
        number = ids.index(last) if last in ids else 0
        self._steps[number] = step if last in ids else 0
        self._open(number)

    def _load(self, question: Trace) -> Steps:
        return self._load_by_name(self._bank.name, question.trace)

    def _open(self, number: int) -> None:
        self._number = number
        self._question = self._questions[number]
        self._trace = self._load(self._question)
        # The trace may have got fewer stages since.
        self._at = min(self._steps.get(number, 0), len(self._trace.stages))
        self._focus, self._aloud = "next", ""

    def act(self, key: str, values: Values) -> None:
        self._aloud = ""
        match key:
            case "trace":
                self._open(number_among(values.get("trace"), len(self._questions)))
                self._focus = "trace"
                self._move(self._at)
            case "next" if self._at < len(self._trace.stages):
                self._move(self._at + 1)
                self._focus = "next"
                if self._at == len(self._trace.stages):
                    self._keep()
            case "back" if self._at:
                self._move(self._at - 1)
                self._focus = "back" if self._at else "next"

    def _move(self, to: int) -> None:
        self._at = self._steps[self._number] = to
        self._places.keep(self._question.id, to)
        stages = self._trace.stages
        what = stages[to - 1] if to else None
        told = f"{what.title}. {spoken(what.text)}" if what else spoken(self._question.prompt)
        self._aloud = f"Step {to} of {len(stages)}: {told}"

    def _keep(self) -> None:
        self._focus = "notice"
        if self._question.id in self._seen:
            return
        self._seen.add(self._question.id)
        self._store.record(
            Attempt(
                lesson=self._bank.name,
                question=self._question.id,
                mode="trace",
                answer=None,
                right=None,
            )
        )

    def view(self) -> View:
        title = f"Traces · {lesson_title(self._bank.name)}"
        stages = self._trace.stages
        parts = [html(title, "title")]
        if len(self._questions) > 1:
            names = [self._load(question).title for question in self._questions]
            parts.append(control("trace", "Follow", names, self._number))
        parts.append(meter(f"step {self._at} of {len(stages)}", self._at, len(stages)))
        parts += self._stage() if self._at else [html(self._question.prompt)]
        ended = self._at == len(stages)
        if ended:
            lines = "\n".join(f"- {line}" for line in self._question.notice)
            parts += [html("Did you notice?", "head", key="notice"), html(lines, "note")]
        parts.append(
            buttons(
                Button("back", "Back", ("ArrowLeft",), disabled=not self._at),
                Button("next", "Next step", ("ArrowRight",), primary=True, disabled=ended),
            )
        )
        about = f"{self._question.id} {self._at}"
        return View(title, parts, "", self._focus, about, self._aloud)

    def _stage(self) -> list[Part]:
        stage = self._trace.stages[self._at - 1]
        parts = [made_of(_text(stage, mathml=True))]
        if stage.picture:
            parts.append(picture(stage.picture(), stage.alt))
        return parts

    def still(self) -> Still:
        blocks = []
        for question in self._questions:
            trace = self._load(question)
            # Without the pictures, which would make a notebook many times as large.
            stages = "".join(_text(stage, mathml=False) for stage in trace.stages)
            notice = "".join(
                f"<li>{to_html(line, mathml=False, inline=True)}</li>" for line in question.notice
            )
            prompt = to_html(question.prompt, mathml=False)
            blocks.append(prompt + fold(escape(trace.title), f"{stages}<ul>{notice}</ul>"))
        return still(f"Traces · {lesson_title(self._bank.name)}", *blocks)


def _text(stage: Stage, *, mathml: bool) -> str:
    before = "" if stage.before is None else f"{times(stage.before)} → "
    of = to_html(stage.of, mathml=mathml, inline=True)
    shapes = f"{of}: <code>{before}{times(stage.after)}</code>"
    head, *rows = stage.table or ((),)
    table = f"<tr>{_cells(head, 'th')}</tr>"
    table += "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    return (
        f"<p><strong>{escape(stage.title)}</strong></p><p>{shapes}</p>"
        + to_html(stage.text, mathml=mathml)
        + (f"<table>{table}</table>" if head else "")
    )


def _cells(row: tuple[str, ...], tag: str) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
