"""Feedback on its way back: one zip, laid out as the system that a class came from expects it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from grader.host.desk import canvas, moodle
from grader.host.desk.grades import Book, Grade
from grader.protocol.errors import GraderError

SYSTEMS = (moodle.SYSTEM, canvas.SYSTEM)
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)


def bundle(
    book: Book, out: Path, system: str, assignment: str | None
) -> tuple[bytes, int, list[str]]:
    """The zip for Moodle's *Upload multiple feedback files in a zip*, or Canvas's *Re-Upload*.

    Returns:
        The file, how many people it is for, and who gets nothing, a sentence each.

    Raises:
        GraderError: when there is nothing to give back to anybody.
    """
    data = io.BytesIO()
    notes, people = [], 0
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for grade in book.one(assignment):
            person = book.person(grade)
            pages = sorted((out / "feedback" / grade.student / grade.assignment).glob("*.html"))
            unread = next((page for page in pages if not _is_page(page)), None)
            if person.get("system") != system or not person.get("back"):
                notes.append(f"{grade.student} did not hand it in by {system}: nothing goes back.")
            elif not pages:
                notes.append(f"{grade.student} has no feedback in {out}: nothing goes back.")
            elif unread is not None:
                notes.append(f"{grade.student}: {unread} cannot be read: nothing goes back.")
            else:
                people += 1
                for name, content in _files(system, person["back"], pages, grade):
                    # One time for all: the same feedback makes the same file.
                    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    if not people:
        why = notes[0] if notes else "There is no submission."
        raise GraderError(f"There is no feedback to give back by {system}. {why}")
    return data.getvalue(), people, notes


def _is_page(path: Path) -> bool:
    """Whether what stands there can be read."""
    try:
        path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _files(system: str, begin: str, pages: list[Path], grade: Grade) -> Iterator[tuple[str, bytes]]:
    for page in pages:
        if system == moodle.SYSTEM:
            yield f"{begin}{page.name}", page.read_bytes()
        else:
            yield f"{begin}{page.stem}.ipynb", _notebook(page.read_text("utf-8"), grade)


def _notebook(page: str, grade: Grade) -> bytes:
    """Feedback as a notebook: Canvas gives it the name of the notebook that was handed in."""
    body = _BODY.search(page)
    output = nbformat.v4.new_output(
        "display_data",
        {"text/html": body[1] if body else page, "text/plain": grade.said()},
    )
    shown = nbformat.v4.new_code_cell("# Feedback: there is nothing to run.", id="feedback")
    shown.outputs = [output]
    notebook = nbformat.v4.new_notebook(cells=[shown])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    return nbformat.writes(notebook).encode("utf-8")
