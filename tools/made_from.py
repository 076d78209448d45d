"""What the pictures in README.md were made from, as fingerprints of what is in view.

    made_from()  today's, by picture and by what is in view
    kept()       those of the day when the pictures were taken

A picture is stale where the two differ. Texts are hashed, never results: so Python's version and
the machine make no difference. What a picture doesn't show is left out, such as comments.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import nbformat

from coursekit.learn.asked import Asked
from coursekit.learn.progress.store import Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.widgets.guessing import Guessing
from coursekit.learn.widgets.modes.respond import FreeResponse
from coursekit.learn.widgets.panel import View

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
KEPT = PICTURES / "made_from.json"

# The lesson that is seen, and the name of its opening.
LESSON, OPENING = "07_unstructured_pruning", "smallest_first"
GUESS, RESULT = 0.5, 2.0
# What is written there in one's own words.
WORDS = (
    "A dense kernel multiplies zeros like any other number, so all of the work is still done. "
    "You need a kernel that skips them."
)
# The exercise that the class has handed in.
EXERCISE = "00_pipeline"

Fingerprints = Mapping[str, Mapping[str, str]]


def made_from(root: Path = ROOT) -> Fingerprints:
    """The fingerprint of each thing that a picture shows, by the picture's name."""
    widgets = root / "coursekit" / "learn" / "widgets"
    front = {
        "front.js": _hash(_drawn(widgets / "front.js")),
        "front.css": _hash(_drawn(widgets / "front.css")),
    }
    publish = root / "grader" / "host" / "publish" / "templates"
    return {
        "lesson.gif": front
        | {
            "opening": _hash(_draw(root / "coursekit" / f"lesson_{LESSON[:2]}" / "opening.py")),
            "cells": _hash("\n\n".join(cells(root))),
            "guess": _hash(_said(_guessed(cells(root)))),
        },
        "practise.png": front | {"question": _hash(_said(_answered()))},
        "report.png": {
            "page.html": _hash(_drawn(publish / "page.html")),
            "report.html": _hash(_drawn(publish / "report.html")),
            "style.css": _hash(_drawn(publish / "style.css")),
            "items": _hash("\n".join(_items(root))),
        },
    }


def kept() -> Fingerprints:
    """As `made_from` found them when the pictures were taken."""
    found: Fingerprints = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def stale(then: Fingerprints, now: Fingerprints) -> list[str]:
    """A sentence for each picture that doesn't show what is there now."""
    changed = {
        picture: [name for name, one in parts.items() if then.get(picture, {}).get(name) != one]
        for picture, parts in now.items()
    }
    return [
        f"docs/pictures/{picture} shows what was there before {' and '.join(names)} changed: "
        "run `make pictures` and look at it."
        for picture, names in changed.items()
        if names
    ]


def cells(root: Path = ROOT) -> list[str]:
    """The lesson's code in view: its opening, the guesses after it, and the cell that answers."""
    notebook = nbformat.read(root / "notebooks" / f"{LESSON}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    first = next(n for n, source in enumerate(code) if source.startswith("guess("))
    last = next(n for n, source in enumerate(code) if "\nreveal(" in source)
    [opening] = [source for source in code if source.endswith(f"\n{OPENING}()")]
    return [opening, *code[first : last + 1]]


def _guessed(code: list[str]) -> View:
    """The first guess, when it has come out."""
    call = ast.parse(code[1], mode="eval").body
    assert isinstance(call, ast.Call)
    question = ast.literal_eval(call.args[0])
    given = {one.arg or "": ast.literal_eval(one.value) for one in call.keywords}
    asked = Asked(question, **given, guess=GUESS, result=RESULT)
    return Guessing(asked, lambda *_: None).view()


def _answered() -> View:
    """The lesson's first free question, when the answer has been read."""
    mode = FreeResponse(bank_of(LESSON), Store(None))
    mode.act("read", {"text": WORDS})
    return mode.view()


def _items(root: Path) -> list[str]:
    """The headings of the exercise."""
    path = root / "exercises" / EXERCISE / f"{EXERCISE}.ipynb"
    source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    return re.findall(r"^#{1,2} .*", source, re.MULTILINE)


def _draw(path: Path) -> str:
    """The function of an opening that draws a state of it."""
    source = path.read_text(encoding="utf-8")
    nodes = ast.walk(ast.parse(source))
    [draw] = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == "draw"]
    return ast.get_source_segment(source, draw) or ""


def _said(view: View) -> str:
    return json.dumps(asdict(view), ensure_ascii=False, sort_keys=True)


def _drawn(path: Path) -> str:
    """A page's file without comments, and without what a script says when something is wrong."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*//.*|^const [A-Z]+ = \".*\";$", "", text, flags=re.MULTILINE)
    return "\n".join(filter(str.strip, text.splitlines()))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
