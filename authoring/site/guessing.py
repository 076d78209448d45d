"""Guesses on a page: the question where the notebook asks it, and what came out.

`site.js` makes a field of the question, and folds what answers it until somebody has guessed or
wants to see it. Without scripts the question is text, and everything below it can be read.
"""

from __future__ import annotations

import ast
import json
import re
from html import escape
from typing import Any

import nbformat
from bs4 import Tag

from coursekit.pictures.numbers import number_in

_CAME_OUT = re.compile(r"^You made no guess for “(.+)”\. It is (.+)\.$", re.MULTILINE)
_CHOICES = re.compile(r"Take one of these: (.+?)\. Type your guess", re.DOTALL)


def question_of(cell: nbformat.NotebookNode) -> dict[str, Any] | None:
    """What a cell with `guess(…)` alone asks; None for any other cell."""
    try:
        [statement] = ast.parse(cell.source).body
    except (SyntaxError, ValueError):
        return None
    match statement:
        case ast.Expr(ast.Call(ast.Name("guess"), [ast.Constant(str(question))], keywords)):
            asked: dict[str, Any] = {"question": question}
        case _:
            return None
    for keyword in keywords:
        # What is computed, as a list of choices may be, stands in what the cell has shown.
        if isinstance(keyword.value, ast.Constant | ast.List | ast.UnaryOp):
            asked[str(keyword.arg)] = ast.literal_eval(keyword.value)
        else:
            shown = cell.outputs[0]["data"]["text/plain"].replace("\n", " ")
            asked[str(keyword.arg)] = _CHOICES.search(shown)[1].split("; ")  # type: ignore[index]
    return asked


def question_html(asked: dict[str, Any]) -> str:
    """The question as it is read without scripts, with all that scripts need."""
    about = ""
    if "choices" in asked:
        about = f'<p class="of">{escape("; ".join(asked["choices"]))}?</p>'
    elif asked.get("unit"):
        about = f'<p class="of">in {escape(asked["unit"])}</p>'
    data = escape(json.dumps(asked, ensure_ascii=False))
    return (
        f'<div class="guess" data-asked="{data}"><p><strong>Your guess:</strong> '
        f"{escape(asked['question'])}</p>{about}</div>"
    )


def results(printed: str) -> str:
    """What a cell has printed, with each result of a guess on a line of its own."""
    pieces: list[str] = []
    end = 0
    for match in _CAME_OUT.finditer(printed):
        pieces.append(_printed(printed[end : match.start()]))
        came_out = json.dumps(_came_out(match[2]), ensure_ascii=False)
        pieces.append(
            f'<p class="came-out" data-question="{escape(match[1])}" '
            f'data-came-out="{escape(came_out)}">'
            f"“{escape(match[1])}”: it is <strong>{escape(match[2])}</strong>.</p>"
        )
        end = match.end()
    return "".join([*pieces, _printed(printed[end:])])


def _came_out(text: str) -> dict[str, Any]:
    """A result as scripts compare a guess with it: a number, its range, or texts that are right."""
    if text.startswith("“"):
        return {"text": text, "texts": re.findall("“(.+?)”", text)}
    value, *ends = re.fullmatch(r"(.+?)(?: \(from (\S+) to (\S+)\))?", text).groups()  # type: ignore[union-attr]
    between = [number_in(end) for end in ends] if None not in ends else None
    return {"text": text, "number": number_in(value.split(" ")[0]), "between": between}


def _printed(text: str) -> str:
    return f"<pre>{escape(text.strip(chr(10)))}</pre>" if text.strip() else ""


def table_of_guesses(table: Tag) -> None:
    """Of the table of all guesses only questions and results: `site.js` adds the reader's."""
    heads = [head.get_text() for head in table("th")]
    if heads != ["Question", "Your guess", "What came out", "How near"]:
        return
    for row in table("tr"):
        _, guess, _, near = row(["th", "td"])
        guess.decompose()
        near.decompose()
    table["class"] = "guesses"
    # The sentence on a learner's guesses, which the build has none of.
    sentence = table.find_next_sibling("p")
    if isinstance(sentence, Tag):
        sentence.decompose()
