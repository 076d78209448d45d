"""A learner's own folder: workspace/, with the lessons, as if not run, and the exercises.

`fill` brings it up to date with the course, and never overwrites what a learner changed. What it
put there is written down in `.course.json`, so that it can tell. A notebook counts as changed when
the text of a cell is another one; having been run does not count.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import nbformat

from coursekit.exercises.folders import EXERCISES, LESSONS, WorkspaceError
from coursekit.pictures.moving import VEGA

START = f"{LESSONS}/start.ipynb"
# What was put where: {path: digest}. Both are relative to the workspace.
_RECORD = ".course.json"
_COLAB = re.compile(
    r"https://colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+/"
    rf"({LESSONS}|{EXERCISES})/([^)\s]+)"
)

What = Literal["new", "updated", "beside"]


@dataclass(frozen=True)
class Change:
    """What `fill` did to a file: put it there, brought it up to date, or put it beside yours."""

    what: What
    path: str


def fill(course: Path, workspace: Path) -> list[Change]:
    """Brings the workspace up to date, and says what changed there.

    Args:
        course: The folder with notebooks/ and exercises/.
        workspace: Is made if it is not there.

    Raises:
        WorkspaceError: if it can't be written.
    """
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        _take_progress_along(course, workspace)
        record = _read_record(workspace)
        changes = [
            change
            for source, name in _sources(course)
            if (change := _bring(source, workspace, name, record)) is not None
        ]
        _write(workspace / _RECORD, json.dumps(record, indent=1).encode())
        _write(workspace / START, _start_page(course, workspace).encode())
    except OSError as error:
        raise WorkspaceError(
            f"{workspace} can't be written: {error.strerror or error}. "
            "Make room, or give yourself the right to write there."
        ) from error
    return changes


def again(course: Path, workspace: Path, number: str) -> list[str]:
    """Begins a lesson and its exercise anew, and returns where the old ones are kept.

    Args:
        number: The lesson's, as in "07".

    Raises:
        WorkspaceError: if there is no such lesson, or the workspace can't be written.
    """
    number = number.zfill(2)
    own = [name for _, name in _sources(course) if name.split("/")[1].startswith(f"{number}_")]
    if not own:
        raise WorkspaceError(f"There is no lesson {number} in {course / LESSONS}.")
    fill(course, workspace)
    record = _read_record(workspace)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    kept = []
    for name in own:
        path = workspace / name
        # What is as it was handed out is not worth keeping.
        if path.suffix == ".ipynb" and not (
            _digest(path) == record.get(name) and not _was_run(path)
        ):
            aside = path.with_name(f"{path.stem}.kept-{stamp}{path.suffix}")
            path.rename(aside)
            kept.append(str(aside.relative_to(workspace)))
    fill(course, workspace)
    return kept


def without_outputs(notebook: Path) -> str:
    """The text of a notebook file as if nothing had run: pictures that open lessons stay."""
    return nbformat.writes(_bare(notebook)) + "\n"


def _bare(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # These move without a kernel, and tell no answer.
            cell.outputs = [one for one in cell.outputs if VEGA in one.get("data", {})]
            for output in cell.outputs:
                output.execution_count = None
            cell.execution_count = None
    return notebook


def lessons(course: Path) -> list[Path]:
    """All notebooks to read and run, those that go further too."""
    folder = course / LESSONS
    return sorted([*folder.glob("*.ipynb"), *folder.glob("further/*.ipynb")])


def _sources(course: Path) -> Iterator[tuple[Path, str]]:
    """What belongs in a workspace: the file in the course, and its name in the workspace."""
    for path in lessons(course):
        if (name := path.relative_to(course).as_posix()) != START:
            yield path, name
    for path in sorted((course / EXERCISES).glob("*/*")):
        if path.is_file() and ".ipynb_checkpoints" not in path.parts:
            yield path, path.relative_to(course).as_posix()


def _content(source: Path, name: str) -> bytes:
    """The file as it goes into the workspace."""
    if source.suffix != ".ipynb":
        return source.read_bytes()
    notebook = _bare(source)
    # JupyterLab adds what the kernel says of itself, and shows the notebook as changed then.
    notebook.metadata.setdefault("language_info", {})["version"] = platform.python_version()
    notebook.metadata["language_info"]["codemirror_mode"] = {"name": "ipython", "version": 3}
    up = "../" * name.count("/")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # Here, the files are at hand.
            cell.source = _COLAB.sub(rf"{up}\1/\2", cell.source)
    return f"{nbformat.writes(notebook)}\n".encode()


def _bring(source: Path, workspace: Path, name: str, record: dict[str, str]) -> Change | None:
    """Brings one file up to date. `record` is brought along."""
    target = workspace / name
    content = _content(source, name)
    beside = target.with_name(f"{target.stem}.new{target.suffix}")
    if not target.exists() and beside.exists():
        # Of the two, the learner has kept this one.
        beside.rename(target)
    new, put, there = _digest_of(source.suffix, content), record.get(name), _digest(target)
    if there == new or (there is not None and put == new):
        # It is up to date, or the learner's own work on this very version.
        record[name] = new
        return None
    record[name] = new
    if there is None or there == put:
        _write(target, content)
        return Change("new" if there is None else "updated", name)
    _write(_free(beside, record.get(_name(beside, workspace))), content)
    record[_name(beside, workspace)] = new
    return Change("beside", _name(beside, workspace))


def _free(path: Path, put: str | None) -> Path:
    """`path`, once what a learner made of the last one there has been moved out of the way."""
    if (there := _digest(path)) is not None and there != put:
        number = 1
        while (aside := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
            number += 1
        path.rename(aside)
    return path


def _start_page(course: Path, workspace: Path) -> str:
    """The course's start page, with the learner's progress, and which new versions lie beside."""
    from coursekit.desk import start_page

    start = nbformat.reads(_content(course / START, START).decode(), as_version=4)
    start_page.fill_in(start, start_page.progress_in(workspace))
    beside = sorted(workspace.glob("*/**/*.new.ipynb"))
    if beside:
        rows = "\n".join(
            f"- [{path.name}]({_relative(path, workspace)}): yours is "
            f"[{_yours(path).name}]({_relative(_yours(path), workspace)})"
            for path in beside
        )
        title, _, text = start.cells[0].source.partition("\n")
        start.cells[0].source = (
            f"{title}\n\n**New versions came while you worked on these.** Yours are untouched, and "
            "are what you hand in. Look at the new one, take over what you like, and delete it. If "
            "you would rather go on with the new one, delete yours: it takes its name.\n\n"
            f"{rows}\n{text}"
        )
    return nbformat.writes(start) + "\n"


def _yours(beside: Path) -> Path:
    return beside.with_name(beside.name.replace(".new.", "."))


def _relative(path: Path, workspace: Path) -> str:
    """As a link from the start page."""
    return f"../{_name(path, workspace)}"


def _name(path: Path, workspace: Path) -> str:
    return path.relative_to(workspace).as_posix()


def _take_progress_along(course: Path, workspace: Path) -> None:
    """Progress from before there was a workspace lay in the course's folder."""
    from coursekit.learn.progress.store import FILE

    old, new = course / FILE, workspace / FILE
    if old.is_file() and not new.exists():
        shutil.move(old, new)


def _read_record(workspace: Path) -> dict[str, str]:
    try:
        record = json.loads((workspace / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Whatever differs from the course counts as changed by the learner then: nothing is lost.
        return {}
    return record if isinstance(record, dict) else {}


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(content)
    half.replace(path)


def _digest(path: Path) -> str | None:
    """The digest of a file; None if there is none."""
    return _digest_of(path.suffix, path.read_bytes()) if path.is_file() else None


def _digest_of(suffix: str, content: bytes) -> str:
    """Of a notebook, what its cells say; of anything else, and of what can't be read, the bytes."""
    if suffix == ".ipynb":
        try:
            cells: list[Any] = json.loads(content)["cells"]
            said = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
            content = json.dumps(said).encode()
        except (ValueError, KeyError, TypeError):
            pass
    return hashlib.sha256(content).hexdigest()


def _was_run(path: Path) -> bool:
    cells = json.loads(path.read_bytes())["cells"]
    return any(cell.get("execution_count") for cell in cells)
