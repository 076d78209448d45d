"""Free response: a few sentences, and which concepts are in them, found or ticked."""

from __future__ import annotations

from coursekit.learn.progress.store import Response, Store
from coursekit.learn.questions.concepts import ConceptRead, Reading, read
from coursekit.learn.questions.find import where
from coursekit.learn.questions.schema import Bank, Free, lesson_title
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Shown,
    Still,
    Values,
    View,
    buttons,
    choice,
    entry,
    fold,
    html,
    still,
    turned,
)
from coursekit.learn.widgets.resuming import Places
from coursekit.learn.widgets.text import to_html


class FreeResponse:
    """The free questions of a lesson, one at a time. What was written last stands there again."""

    def __init__(self, bank: Bank, store: Store) -> None:
        self._bank = bank
        self._store = store
        self._questions = bank.of(Free)
        kept = store.latest(Response, bank.name)
        self._texts = {q.id: kept[q.id].text for q in self._questions if q.id in kept}
        self._ticked = {q.id: {*kept[q.id].ticked} for q in self._questions if q.id in kept}
        self._drafts = dict(self._texts)
        self._hinted: set[str] = set()
        self._places = Places(store, bank.name, "free")
        ids = [q.id for q in self._questions]
        self._at = self._places.begin(ids, [one in kept for one in ids])
        self._say = ""
        self._focus = ""

    def act(self, key: str, values: Values) -> None:
        question = self._questions[self._at]
        self._say, self._focus = "", "text"
        if isinstance(text := values.get("text"), str):
            self._drafts[question.id] = text
        match key:
            case "read":
                self._read(question)
            case "hint":
                self._hinted.add(question.id)
                self._say = "The hint stands above the field."
            case "said" if question.id in self._texts:
                self._tick(question, values.get("said"))
            case "next" | "back":
                self._at = turned(self._at, key, len(self._questions))
                self._focus = "place"
                self._places.keep(self._questions[self._at].id)

    def _read(self, question: Free) -> None:
        text = self._drafts.get(question.id, "")
        if not text.strip():
            self._say = "Write a sentence or two first."
            return
        reading = read(text, question)
        if text != self._texts.get(question.id):
            self._texts[question.id], self._ticked[question.id] = text, set()
            self._keep(question, reading)
        self._say = self._summary(question, reading)
        self._focus = "reading"

    def _tick(self, question: Free, chosen: object) -> None:
        """The learner says which of the ideas that were not found stand in the text."""
        reading = read(self._texts[question.id], question)
        missing = _missing(reading)
        numbers = chosen if isinstance(chosen, list) else []
        self._ticked[question.id] = {missing[n].name for n in numbers if n in range(len(missing))}
        self._keep(question, reading)
        self._say, self._focus = self._summary(question, reading), ""

    def _keep(self, question: Free, reading: Reading) -> None:
        self._store.record(
            Response(
                lesson=self._bank.name,
                question=question.id,
                text=self._texts[question.id],
                found=reading.found,
                ticked=tuple(sorted(self._ticked[question.id])),
                of=len(question.concepts),
            )
        )

    def _summary(self, question: Free, reading: Reading) -> str:
        named = {*reading.found, *self._ticked[question.id]}
        return f"You got {len(named)}/{len(question.concepts)} concepts"

    def view(self) -> View:
        question = self._questions[self._at]
        title = f"In your own words · {lesson_title(self._bank.name)}"
        place = f"{title} · question {self._at + 1} of {len(self._questions)}"
        parts = [html(place, "title", key="place"), html(question.prompt)]
        if question.id in self._hinted:
            parts.append(html(f"**Hint.** {question.hint}", "note"))
        draft = self._drafts.get(question.id, "")
        parts += [
            entry("text", "Your answer, in full sentences", draft, rows=6),
            buttons(
                Button("read", "Read it", primary=True),
                Button("hint", "Hint", disabled=question.id in self._hinted),
                Button("back", "Back", ("ArrowLeft",)),
                Button("next", "Next", ("ArrowRight",)),
            ),
        ]
        if question.id in self._texts:
            parts += self._read_parts(question)
        return View(title, parts, self._say, self._focus, question.id)

    def _read_parts(self, question: Free) -> list[Part]:
        reading = read(self._texts[question.id], question)
        parts = [html(f"**{self._summary(question, reading)}**", "big", key="reading")]
        parts += [
            html(f"✓ **Found:** {one.name}", "right") for one in reading.concepts if one.found
        ]
        if reading.note:
            parts.append(html(reading.note, "note"))
        if reading.kind != "sentences":
            # Nothing was looked for, so there is nothing to ask.
            return parts
        if missing := _missing(reading):
            asked = [Shown(f"{one.hint} *{one.name}*") for one in missing]
            ticked = [n for n, one in enumerate(missing) if one.name in self._ticked[question.id]]
            ask = (
                "Did you say one of these in other words? This page only looks for words and can "
                "miss it. Tick it, and it counts."
            )
            parts.append(choice("said", ask, asked, ticked, several=True, at_once=True))
        parts.append(html(f"**One way to say it.** {question.answer}", "note"))
        return [*parts, html(f"To read again: {where(question, self._bank)}.", "small")]

    def still(self) -> Still:
        blocks = (
            to_html(q.prompt, mathml=False)
            + fold(f"Question {number}: a hint", to_html(q.hint, mathml=False))
            + fold(f"Question {number}: one way to say it", to_html(q.answer, mathml=False))
            for number, q in enumerate(self._questions, 1)
        )
        return still(f"In your own words · {lesson_title(self._bank.name)}", *blocks)


def _missing(reading: Reading) -> list[ConceptRead]:
    return [concept for concept in reading.concepts if not concept.found]
