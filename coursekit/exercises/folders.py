"""Where the course lies, and in it lessons, exercises, and what is the learner's own."""

from __future__ import annotations

from pathlib import Path

LESSONS = "notebooks"
EXERCISES = "exercises"
FOLDER = "workspace"


class WorkspaceError(Exception):
    """The workspace can't be made; the message says why, in a sentence."""


def course_root() -> Path:
    """The folder of the course that this coursekit belongs to.

    Raises:
        WorkspaceError: if there is none, as where coursekit was installed by itself.
    """
    for folder in (Path(__file__).resolve().parents[2], Path.cwd(), *Path.cwd().parents):
        if (folder / LESSONS).is_dir() and (folder / EXERCISES).is_dir():
            # In a workspace, the course is what it was made from.
            return folder.parent if folder.name == FOLDER else folder
    raise WorkspaceError(
        "There are no lessons here: go to the course's folder, where notebooks/ is."
    )
