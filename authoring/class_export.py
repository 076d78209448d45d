"""`authoring class`: what a class gets, and nothing that holds an answer.

The folder installs by itself: it has a pyproject.toml of its own, made from this one's, and a
Makefile with what learners need.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from authoring.source.sources import Sources
from coursekit.desk.workspace import lessons, without_outputs

# Named one by one, so that a new folder with answers in it is never handed out by accident.
FILES = (
    "LICENSE",
    "LICENSE-TEXT",
    "constraints.txt",
    "tools/data_in_wheel.py",
    "tools/learner.mk",
    "tools/setup.sh",
)
# Beside the data themselves: what they are, and how they were made.
DATA = ("README.md", "checksums.json")
MAKEFILE = """\
# `make` lists what can be done here.
include tools/learner.mk
"""
README = """\
# Fewer Bits, Fewer Weights

How to make neural networks small and fast: {lessons} lessons to read and run, each with an
exercise.

You need Python 3.11, 3.12 or 3.13, about 8 GB of disk on Linux (3 GB elsewhere), and a network the
first time. In this folder, type

| | Linux, macOS | Windows |
|---|---|---|
| once | – | `py -m venv .venv`, then `.venv\\Scripts\\pip install -c constraints.txt -e .` |
| open the course | `make lab` | `.venv\\Scripts\\coursekit lab` |
| see what your exercise passes | `make check LESSON=07` | `.venv\\Scripts\\coursekit check 07` |
| begin a lesson anew | `make again LESSON=07` | `.venv\\Scripts\\coursekit again 07` |
| find out what is wrong | `make doctor` | `.venv\\Scripts\\coursekit doctor` |

`make lab` installs what the course needs into `.venv`: a few minutes the first time, seconds later.
It copies lessons and exercises into `workspace/` and opens JupyterLab there. What you write there
is yours: it is never overwritten, also when your teacher hands out a newer version. To hand in an
exercise, hand in its file from `workspace/exercises/`.

If something does not work, `make doctor` says what, and how to mend it.
"""


def main(course: Sources, out: Path) -> None:
    """Copies what learners need to `out`.

    Raises:
        FileExistsError: if `out` exists and holds anything.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: name a new folder")
    for name in ("coursekit", "exercises"):
        shutil.copytree(
            course.root / name,
            out / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    for notebook in lessons(course.root):
        target = out / notebook.relative_to(course.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(without_outputs(notebook), encoding="utf-8")
    for name in (*FILES, *_data(course.root)):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(course.root / name, out / name)
    (out / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    (out / "README.md").write_text(README.format(lessons=len(course.lessons())), encoding="utf-8")
    (out / "pyproject.toml").write_text(_pyproject(course.root), encoding="utf-8")


def _data(root: Path) -> Iterator[str]:
    """The data that the course ships, what they are, and the scripts that made them."""
    shipped = json.loads((root / "data" / "checksums.json").read_text(encoding="utf-8"))
    yield from (f"data/{name}" for name in (*DATA, *shipped))
    yield from (f"data/{path.name}" for path in sorted((root / "data").glob("make_*.py")))


def _pyproject(root: Path) -> str:
    """What installs coursekit and no more: a part of this course's own pyproject.toml."""
    whole = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project, hatch = whole["project"], whole["tool"]["hatch"]["build"]
    hook = hatch["targets"]["wheel"]["hooks"]["custom"]["path"]
    # A list of strings in JSON is one in TOML.
    quoted = {key: json.dumps(value, indent=4) for key, value in project.items()}
    return f"""\
[build-system]
requires = {json.dumps(whole["build-system"]["requires"])}
build-backend = {json.dumps(whole["build-system"]["build-backend"])}

[project]
name = {quoted["name"]}
version = {quoted["version"]}
description = {quoted["description"]}
requires-python = {quoted["requires-python"]}
license = {quoted["license"]}
license-files = {quoted["license-files"]}
dependencies = {quoted["dependencies"]}

[project.scripts]
coursekit = {json.dumps(project["scripts"]["coursekit"])}

[tool.hatch.build]
dev-mode-dirs = {json.dumps(hatch["dev-mode-dirs"])}

[tool.hatch.build.targets.wheel]
packages = ["coursekit"]

[tool.hatch.build.targets.wheel.hooks.custom]
path = {json.dumps(hook)}
"""
