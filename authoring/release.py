"""From nbgrader's source version to its release version, by nbgrader's own generate_assignment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config


class ReleaseError(Exception):
    """nbgrader refuses a source version."""


def release_notebooks(
    solutions: Iterable[tuple[str, nbformat.NotebookNode]],
) -> dict[str, nbformat.NotebookNode]:
    """What learners get, for each source version. It works in a temporary folder.

    Raises:
        ReleaseError: if nbgrader refuses one; the message is nbgrader's.
    """
    released = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = Config()
        config.CourseDirectory.root = folder
        config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
        api = NbGraderAPI(CourseDirectory(config=config), config=config)
        for name, notebook in solutions:
            source = root / "source" / name / f"{name}.ipynb"
            source.parent.mkdir(parents=True)
            nbformat.write(notebook, source)
            with _own_programs_first():
                result = api.generate_assignment(name)
            if not result["success"]:
                raise ReleaseError(f"nbgrader refuses the exercise of {name}:\n{result['log']}")
            released[name] = nbformat.read(root / "release" / name / f"{name}.ipynb", as_version=4)
    return released


@contextmanager
def _own_programs_first() -> Iterator[None]:
    """nbgrader calls alembic by name: it lies beside this Python, which need not be on PATH."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before
