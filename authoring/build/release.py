"""From nbgrader's source version to its release version, by nbgrader's own generate_assignment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat


class ReleaseError(Exception):
    """nbgrader refuses a source version."""


def release_notebooks(
    solutions: Iterable[tuple[str, nbformat.NotebookNode]],
) -> dict[str, nbformat.NotebookNode]:
    """What learners get, for each source version. It works in a temporary folder.

    Raises:
        ReleaseError: if nbgrader refuses one; the message is nbgrader's.
    """
    # Not above: it takes as long as all else that `authoring` imports.
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    released = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = Config()
        config.CourseDirectory.root = folder
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        api = NbGraderAPI(CourseDirectory(config=config), config=config)
        for name, notebook in solutions:
            source = root / "source" / name / f"{name}.ipynb"
            source.parent.mkdir(parents=True)
            nbformat.write(notebook, source)
            result = api.generate_assignment(name)
            if not result["success"]:
                raise ReleaseError(f"nbgrader refuses the exercise of {name}:\n{result['log']}")
            released[name] = nbformat.read(root / "release" / name / f"{name}.ipynb", as_version=4)
    return released
