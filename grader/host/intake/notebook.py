"""An untrusted notebook file as the cells that are taken over, or one sentence that says why not.

cells = read_notebook(data, "07.ipynb")           # list of LearnerCell, or Rejected
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.host.intake.folder import (
    MAX_NOTEBOOK_BYTES,
)

MAX_CELLS = 2_000


@dataclass(frozen=True)
class Rejected:
    """What cannot be graded; `reason` is one sentence for a person."""

    reason: str


@dataclass(frozen=True)
class LearnerCell:
    """What is taken over from a cell of an untrusted notebook."""

    cell_type: str
    source: str
    id: str | None = None
    grade_id: str | None = None
    item: str | None = None
    points: object = None
    attachments: NotebookNode | None = None


def read_notebook(data: bytes, name: str) -> list[LearnerCell] | Rejected:
    """The cells of an untrusted notebook file of format 3 or 4.

    Args:
        name: what to call the file in the reason for a rejection.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        return too_large(name, len(data))
    if not data.strip():
        return Rejected(f"{name} is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Rejected(f"{name} is not a UTF-8 text (byte {error.start}).")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        at_the_end = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        cut = " It looks cut off." if at_the_end else ""
        return Rejected(f"{name} is not valid JSON (line {error.lineno}: {error.msg}).{cut}")
    except (ValueError, RecursionError):
        return Rejected(f"{name} is not valid JSON (numbers too long or nesting too deep).")
    version = content.get("nbformat") if isinstance(content, dict) else None
    if not isinstance(version, int):
        return Rejected(f"{name} is JSON, but not a notebook.")
    if version == 3:
        try:
            _mend_headings(content)
            content = nbformat.v4.upgrade(nbformat.from_dict(content), from_version=3)
        except Exception:
            return Rejected(f"{name} says it is of notebook format 3, but is not.")
    elif version != 4:
        return Rejected(f"{name} is of notebook format {version}; only 3 and 4 can be read.")
    cells = content.get("cells")
    if not isinstance(cells, list):
        return Rejected(f"{name} is a notebook without a list of cells.")
    if len(cells) > MAX_CELLS:
        return Rejected(f"{name} has {len(cells)} cells; more than {MAX_CELLS} are not read.")
    read = []
    for number, cell in enumerate(cells, 1):
        learner_cell = _read_cell(cell)
        if learner_cell is None:
            return Rejected(f"Cell {number} of {name} is not a notebook cell.")
        read.append(learner_cell)
    return read


def _mend_headings(content: dict[str, Any]) -> None:
    """The upgrade takes their text in one piece, and writes as many signs before it as they have
    levels.

    Raises:
        ValueError: where these are not 1 to 6.
    """
    for sheet in content.get("worksheets", ()):
        for cell in sheet.get("cells", ()):
            level = cell.get("level", 1)
            is_heading = cell.get("cell_type") == "heading"
            if is_heading and (type(level) is not int or not 1 <= level <= 6):
                raise ValueError("a heading of no level")
            if is_heading and isinstance(cell.get("source"), list):
                cell["source"] = "".join(cell["source"])


def too_large(name: str, size: int) -> Rejected:
    limit = MAX_NOTEBOOK_BYTES / 1e6
    return Rejected(f"{name} has {size / 1e6:.0f} MB; more than {limit:.0f} MB is not read.")


def _read_cell(cell: Any) -> LearnerCell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    metadata = _mapping(cell.get("metadata"))
    nbgrader = _mapping(metadata.get("nbgrader"))
    course = _mapping(metadata.get("course"))
    attachments = cell.get("attachments") if cell["cell_type"] == "markdown" else None
    return LearnerCell(
        cell["cell_type"],
        _clean(source),
        _text(cell.get("id")),
        _text(nbgrader.get("grade_id")),
        # Test cells name their item too: only what declares answers is one.
        _text(course.get("item")) if "answers" in course else None,
        nbgrader.get("points"),
        _pictures(attachments),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _pictures(attachments: Any) -> NotebookNode | None:
    """A cell's attachments, if they are some."""
    are_some = isinstance(attachments, dict) and all(
        isinstance(bundle, dict) and all(isinstance(entry, str) for entry in bundle.values())
        for bundle in attachments.values()
    )
    if not are_some:
        return None
    return nbformat.from_dict(
        {
            _clean(name): {_clean(mime): _clean(data) for mime, data in bundle.items()}
            for name, bundle in attachments.items()
        }
    )


def _clean(source: str) -> str:
    """Without lone surrogates, which JSON can hold but no file, and with one kind of line end."""
    return source.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
