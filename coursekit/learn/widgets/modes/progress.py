"""Progress: all lessons and modes, what is strong, what is due, and what was guessed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path

from coursekit.learn.progress import ledger
from coursekit.learn.progress.store import Guess, Mode, Outcome, Store, StoreError, course_folder
from coursekit.learn.progress.summary import NAMES, Summary, Tally, summary
from coursekit.learn.questions.find import bank_names, bank_of
from coursekit.learn.questions.schema import (
    GENERAL,
    Card,
    Choice,
    Free,
    Practice,
    Trace,
    lesson_title,
)
from coursekit.learn.widgets.panel import (
    Button,
    Part,
    Still,
    Values,
    View,
    buttons,
    entry,
    html,
    made_of,
    meter,
    upload,
)
from coursekit.pictures.numbers import shown


def totals() -> dict[str, dict[Mode, int]]:
    """How many cards, questions and problems each lesson's bank has."""
    modes: dict[type, Mode] = {
        Card: "cards",
        Choice: "choice",
        Free: "free",
        Practice: "practice",
        Trace: "trace",
    }
    return {
        name: dict(Counter(modes[type(question)] for question in bank_of(name).questions))
        for name in bank_names()
        if name != GENERAL
    }


class Overview:
    """What was done so far.

    It can be carried to another machine, through the browser or as a file beside notebooks/, and
    forgotten after a second click. With `in_page` the store's folder is one that nobody can reach.
    """

    def __init__(self, store: Store, course: Path | None = None, *, in_page: bool = False) -> None:
        self._store = store
        self._in_page = in_page
        self._course = course or course_folder()
        self._sure = self._forget = False
        self._say = ""
        self._focus = ""
        self._download: tuple[str, str] | None = None

    def act(self, key: str, values: Values) -> None:
        sure, self._sure = self._sure, False
        self._say, self._focus, self._forget, self._download = "", key, False, None
        try:
            match key:
                case "refresh":
                    self._say = f"As it was at {datetime.now():%H:%M:%S}."
                case "download":
                    text, number = self._store.exported()
                    self._download = _new_name(), text
                    self._say = f"{number} entries go to {self._download[0]}, in your downloads."
                case "upload":
                    content = values.get("upload")
                    number = self._store.add(str(content).encode(), "That file")
                    self._say = f"{number} entries were added."
                case "export":
                    path = self._course / _new_name()
                    number = self._store.export(path)
                    self._say = f"{number} entries are in {path.name}, beside notebooks/."
                case "import":
                    named = values.get("file")
                    self._import(named.strip() if isinstance(named, str) else "")
                case "reset" if sure:
                    if self._in_page:
                        self._download = _new_name(), self._store.exported()[0]
                    backup = self._store.reset()
                    self._forget = True
                    kept = f" {backup.name} holds what it was: import it to undo." if backup else ""
                    if self._download and backup:
                        backup.unlink()
                        name = self._download[0]
                        kept = f" {name}, in your downloads, holds what it was: upload it to undo."
                    self._say = f"All progress is forgotten.{kept}"
                case "reset":
                    self._sure = True
                    self._say = "Press once more to forget all progress. It is exported before."
        except StoreError as error:
            self._say = str(error)

    def _import(self, name: str) -> None:
        if not name:
            self._say = (
                "Type the name of an exported file first, such as progress-20260131-120000.json."
            )
            self._focus = "file"
            return
        number = self._store.import_(self._course / name)
        self._say = f"{number} entries were added."

    def view(self) -> View:
        found = summary(self._store, self._course, totals())
        parts = [html("Your progress", "title"), *self._lessons(found), *self._strengths(found)]
        parts += self._ledger()
        if guesses := self._guesses():
            parts += [html("Your guesses", "head"), made_of(guesses)]
        parts += [
            html(f"Progress stays in {self._kept_in}. Nothing is sent anywhere.", "small"),
            buttons(
                Button("refresh", "Refresh"),
                Button("download", "Download"),
                Button("reset", "Yes, forget all" if self._sure else "Forget all…"),
            ),
            upload("upload", "Upload what you have downloaded elsewhere", ".json"),
        ]
        if not self._in_page:
            parts += [
                html("Where the browser keeps no files, by a file beside notebooks/:", "small"),
                buttons(Button("export", "Export")),
                entry("file", "Exported file"),
                buttons(Button("import", "Import", primary=True)),
            ]
        # That one is sure is said of what was asked, and of nothing before.
        about = "sure" if self._sure else "progress"
        title = "Your progress"
        return View(
            title,
            parts,
            self._say,
            self._focus,
            about,
            forget=self._forget,
            download=self._download,
        )

    @property
    def _kept_in(self) -> str:
        return "this browser" if self._in_page else "one file on this machine"

    def _lessons(self, found: Summary) -> list[Part]:
        due = f"{found.due} cards are due." if found.due else "No card is due."
        head = "".join(f'<th scope="col">{word}</th>' for word in ("Lesson", *NAMES.values()))
        rows = "".join(
            f'<tr><th scope="row">{escape(lesson_title(lesson.lesson))}</th>'
            + "".join(f"<td>{_bar(lesson.modes[mode])}</td>" for mode in NAMES)
            + "</tr>"
            for lesson in found.lessons
        )
        return [html(due), made_of(f'<table class="fb-bars"><tr>{head}</tr>{rows}</table>')]

    def _strengths(self, found: Summary) -> list[Part]:
        newest = {
            strength.topic: strength
            for lesson in found.lessons
            for strength in sorted(lesson.patterns, key=lambda one: one.at)
        }
        if not newest:
            return []
        rows = []
        for one in newest.values():
            word = "strong" if one.strong else "not strong yet"
            rows.append(meter(f"{one.topic}: {one.right} of {one.of}, {word}", one.right, one.of))
        return [html(NAMES["pattern"], "head"), *rows]

    def _ledger(self) -> list[Part]:
        steps = ledger.ledger(self._store)
        if not steps:
            return []
        return [
            html("Your network", "head"),
            html(ledger.sentence(steps)),
            made_of(ledger.picture(steps)),
            html("Full: yours, the smallest that passed. Hollow: what we reached.", "small"),
            made_of(ledger.table(steps)),
        ]

    def _guesses(self) -> str:
        """A table of guesses and what came out, for all lessons."""
        outcomes = {(o.lesson, o.question): o.result for o in self._store.events(Outcome)}
        guesses = {(g.lesson, g.question): g.guess for g in self._store.events(Guess)}
        rows = "".join(
            f"<tr><td>{escape(lesson[:2])}</td><td>{escape(question)}</td><td>{escape(shown(guess))}</td>"
            f"<td>{escape(shown(outcomes.get((lesson, question))))}</td></tr>"
            for (lesson, question), guess in sorted(guesses.items())
        )
        head = "<tr><th>Lesson</th><th>Question</th><th>Your guess</th><th>What came out</th></tr>"
        return f"<table>{head}{rows}</table>" if rows else ""

    def still(self) -> Still:
        """A table, which needs no trust."""
        return {"text/html": summary(self._store, self._course, totals())._repr_html_()}


def _new_name() -> str:
    return f"progress-{datetime.now():%Y%m%d-%H%M%S}.json"


def _bar(tally: Tally) -> str:
    """How much of a mode is done, in numbers and as a bar behind them."""
    if not tally.of:
        return str(tally.done) if tally.done else "–"
    done = min(tally.done, tally.of)
    return f'<span style="--share: {done / tally.of:.0%}">{done}/{tally.of}</span>'
