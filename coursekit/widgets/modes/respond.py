"""Mode 5, free response: a few sentences, and which concepts were found in them."""

from __future__ import annotations

from coursekit.progress.store import Response, Store
from coursekit.questions.concepts import read
from coursekit.questions.find import where
from coursekit.questions.schema import Bank, Free, lesson_title
from coursekit.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    entry,
    fold,
    html,
    still,
    turned,
)
from coursekit.widgets.resuming import Places
from coursekit.widgets.text import to_html


class FreeResponse:
    """The free questions of a lesson, one at a time. What was written last stands there again."""

    def __init__(self, bank: Bank, store: Store) -> None:
        self._bank = bank
        self._store = store
        self._questions = bank.of(Free)
        kept = store.latest(Response, bank.name)
        self._texts = {q.id: kept[q.id].text for q in self._questions if q.id in kept}
        self._drafts = dict(self._texts)
        self._hinted: set[str] = set()
        self._shown: set[str] = set()
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
            case "model" if question.id in self._texts:
                self._shown.add(question.id)
                self._focus = "model"
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
            of = len(question.concepts)
            self._store.record(
                Response(
                    lesson=self._bank.name,
                    question=question.id,
                    text=text,
                    found=reading.found,
                    of=of,
                )
            )
        self._texts[question.id] = text
        self._say = reading.summary
        self._focus = "reading"

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
            parts += self._reading(question)
        return View(title, parts, self._say, self._focus, question.id)

    def _reading(self, question: Free) -> list[Part]:
        reading = read(self._texts[question.id], question)
        parts = [html(f"**{reading.summary}**", "big", key="reading")]
        if reading.note:
            parts.append(html(reading.note, "note"))
        for concept in reading.concepts:
            if concept.found:
                parts.append(html(f"✓ **Found:** {concept.name}", "right"))
            else:
                parts.append(html(f"○ **Not found yet.** {concept.hint}", "note"))
        if question.id in self._shown:
            parts.append(html(f"**One way to say it.** {question.answer}", "note", key="model"))
        else:
            parts.append(buttons(Button("model", "Show one way to say it")))
        mirror = (
            "This looks for ideas, not for style, and can miss one that you said: it is no mark."
        )
        return [*parts, html(f"{mirror} To read again: {where(question, self._bank)}.", "small")]

    def still(self) -> Still:
        blocks = (
            to_html(q.prompt, mathml=False)
            + fold(f"Question {number}: a hint", to_html(q.hint, mathml=False))
            + fold(f"Question {number}: one way to say it", to_html(q.answer, mathml=False))
            for number, q in enumerate(self._questions, 1)
        )
        return still(f"In your own words · {lesson_title(self._bank.name)}", *blocks)
