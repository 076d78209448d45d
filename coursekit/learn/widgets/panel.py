"""What all learning modes share: Python says what is to be seen, a page draws it.

A mode gives a view, a list of parts, and is told what the learner did. Nothing is decided in the
page, so right answers stay in Python until they are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any, Literal, Protocol

from coursekit.learn.progress.store import whole
from coursekit.learn.widgets.text import to_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from coursekit.learn.progress.store import Store

# Titles and heads are headings of the page; so is what is big.
Look = Literal["title", "head", "small", "big", "face", "right", "wrong", "note"]
Mark = Literal["right", "wrong", ""]
# What the learner typed, chose and set, by the key of the part: a text, the numbers of the options
# chosen, the number of a value.
Values = Mapping[str, Any]
Part = dict[str, Any]
# Data by MIME type, as a notebook keeps it.
Still = dict[str, str]

# Where to go on from when a widget is done with: the cell below, so that Shift+Enter runs it.
NEXT_CELL = "next cell"

LATE = "That came too late: it was meant for what stood here before, and nothing of it was kept."


@dataclass
class View:
    """What is to be seen.

    Attributes:
        title: what the widget is called, for who can't see it.
        parts: from top to bottom.
        say: a sentence below, read out when it changes.
        focus: the key of the part to go on from, once something was done, or `NEXT_CELL`.
        about: what is asked, such as a question's id. A press is for this and nothing else; what
            is typed and not sent yet is kept under it in the page.
        aloud: what is new, read out and not shown, where it can be seen anyway.
        forget: whether the page is to forget what was typed and not sent.
        download: a file to keep, for who pressed for it: its name and its text.
    """

    title: str
    parts: list[Part] = field(default_factory=list)
    say: str = ""
    focus: str = ""
    about: str = ""
    aloud: str = ""
    forget: bool = False
    download: tuple[str, str] | None = None


class Mode(Protocol):
    """A way to learn."""

    def view(self) -> View:
        """What is to be seen now."""

    def act(self, key: str, values: Values) -> None:
        """The learner pressed the button `key`, or changed the control of that name."""

    def still(self) -> Still:
        """What is to be seen where nothing can be pressed: a saved notebook, GitHub."""


class Exchange:
    """What goes between a mode and the page that shows it.

    Args:
        mode: what is shown.
        store: where the mode keeps what is done; if it can't, the page says so.

    Attributes:
        view: what is to be seen, as plain data.
    """

    def __init__(self, mode: Mode, store: Store | None = None) -> None:
        self.mode = mode
        self._store = store
        self._turn = 0
        self.view = self._as_dict(mode.view())

    def told(self, content: object) -> tuple[str, str] | None:
        """A page's message: `view` is what it leads to; a file to keep is returned."""
        if self._store is not None:
            self._store.retry()
        late = ""
        # A page of another version, or an old message, may say anything: it is passed over. So is
        # a press for what this page showed before another one turned it.
        match whole(content):
            case {"key": str(key), "values": dict(values), "about": str(about)}:
                if about == self.view["about"]:
                    self.mode.act(key, values)
                else:
                    late = LATE
        return self.turn(late)

    def turn(self, say: str = "") -> tuple[str, str] | None:
        """Looks at the mode anew; `say` is a sentence in the place of the mode's own."""
        self._turn += 1
        view = self.mode.view()
        self.view = self._as_dict(view) | ({"say": say, "aloud": ""} if say else {})
        return view.download

    def _as_dict(self, view: View) -> dict[str, Any]:
        # A file is not sent with the view, which is saved with the notebook.
        shown = {name: value for name, value in vars(view).items() if name != "download"}
        trouble = self._store.trouble if self._store is not None else ""
        # With the turn no two views are equal, so that the page always gets an answer.
        return shown | {"turn": self._turn, "trouble": trouble}


def html(
    markdown: str, look: Look | None = None, *, key: str | None = None, click: str | None = None
) -> Part:
    """A text. With `key` focus can go to it; with `click` a click on it is one on that button."""
    heading = look in ("title", "head", "big")
    return made_of(to_html(markdown, inline=heading), look, key=key, click=click)


def made_of(
    html: str, look: Look | None = None, *, key: str | None = None, click: str | None = None
) -> Part:
    """As `html`, of what is HTML already."""
    return {"kind": "html", "html": html, "look": look, "key": key, "click": click}


@dataclass(frozen=True)
class Shown:
    """An option as it is shown: with a mark and the reason once it was chosen."""

    text: str
    mark: Mark = ""
    why: str = ""


def choice(
    key: str,
    legend: str,
    options: Sequence[Shown],
    chosen: Sequence[int],
    *,
    several: bool = False,
    locked: bool = False,
    at_once: bool = False,
) -> Part:
    """Options to choose one from, or several; with `at_once` Python is told of each choice."""
    return {
        "kind": "choice",
        "key": key,
        "legend": to_html(legend),
        "several": several,
        "locked": locked,
        "at_once": at_once,
        "chosen": list(chosen),
        "options": [
            {
                "html": to_html(option.text, inline=True),
                "mark": option.mark,
                "why": to_html(option.why),
            }
            for option in options
        ],
    }


def entry(
    key: str,
    label: str,
    value: str = "",
    *,
    rows: int = 0,
    code: bool = False,
    numeric: bool = False,
    unit: str = "",
    locked: bool = False,
    at_once: bool = False,
    limits: tuple[float, float] | None = None,
) -> Part:
    """A field to type into: one line, or with `rows` as many as are needed.

    With `at_once` Python is told what was typed when the field is left, too. With `limits` a slider
    between them stands beside it, and each moves the other.
    """
    return {
        "kind": "entry",
        "key": key,
        "label": to_html(label, inline=True),
        "value": value,
        "rows": rows,
        "code": code,
        "numeric": numeric,
        "unit": to_html(unit, inline=True),
        "locked": locked,
        "at_once": at_once,
        "limits": limits and list(limits),
    }


@dataclass(frozen=True)
class Button:
    """A button, and the keys that press it. The primary one is pressed by Enter, too."""

    key: str
    label: str
    keys: tuple[str, ...] = ()
    primary: bool = False
    disabled: bool = False
    pressed: bool | None = None


def buttons(*shown: Button) -> Part:
    """Buttons side by side."""
    return {"kind": "buttons", "buttons": [vars(button) for button in shown]}


def meter(label: str, value: int, of: int) -> Part:
    """How far something is, as a bar with a label."""
    return {"kind": "meter", "label": label, "value": value, "of": of}


def picture(figure: Figure | str, alt: str) -> Part:
    """A figure, drawn for sharp screens too and closed then; or a picture by its address."""
    if isinstance(figure, str):
        return {"kind": "picture", "src": figure, "alt": alt}
    # Not at the top: who opens a quiz need not wait for matplotlib.
    from coursekit.pictures.plot import png

    source = f"data:image/png;base64,{png(figure, dpi=140)}"
    return {"kind": "picture", "src": source, "alt": alt}


def control(
    key: str, label: str, options: Sequence[str], index: int, *, slider: bool = False
) -> Part:
    """Something to set: a list, or a slider over the options."""
    return {
        "kind": "control",
        "key": key,
        "label": label,
        "options": list(options),
        "index": index,
        "slider": slider,
    }


def upload(key: str, label: str, kinds: str) -> Part:
    """A button to choose a file with; Python is told its text at once.

    Args:
        kinds: endings of file names, as in ".json".
    """
    return {"kind": "upload", "key": key, "label": label, "kinds": kinds}


def number_among(value: object, count: int) -> int:
    """What a page says a control is set to, 0 if it is none of `count` values."""
    return value if isinstance(value, int) and value in range(count) else 0


def turned(at: int, key: str, count: int) -> int:
    """The place after the button “next”, or “back”, of `count` that go round."""
    return (at + (1 if key == "next" else -1)) % count


def spoken(markdown: str) -> str:
    """A text as it is read out: its words alone."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", to_html(markdown))).split())


def fold(summary: str, body: str) -> str:
    """HTML for a saved notebook: a line to click, and what it opens. Both are HTML."""
    return f"<details><summary>{summary}</summary>{body}</details>"


def still(title: str, *blocks: str) -> Still:
    """For a saved notebook: the title, what to do, and blocks of HTML."""
    lead = (
        "Run this cell to answer here; what you answered before is still known. Until then, click "
        "a line to see what is behind it."
    )
    return {"text/html": f"<p><strong>{title}</strong><br>{lead}</p>" + "".join(blocks)}
