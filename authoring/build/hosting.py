"""Where the course is hosted, and what of notebooks hangs on it: badges, links, the set-up cell.

All of it comes from [tool.course] in pyproject.toml. While no repository is named there, the course
is no public place: notebooks have no badges, and links lead from file to file.
"""

from __future__ import annotations

import ast
import posixpath
import re
import subprocess
from pathlib import Path

from authoring.source.problems import SourceError
from authoring.source.sources import Sources

# A link to a notebook of the course, as sources write it: from where the notebook will lie.
_LINK = re.compile(r"\]\(((?:\.\./)*[\w./-]+\.ipynb)(#[^)\s]*)?\)")
_SETTINGS = re.compile(r"^\[tool\.course\]\n(?:\w+ = .*\n)*", re.MULTILINE)
_NAME = re.compile(r"[\w.-]+/[\w.-]+")

_SET_UP = """\
# @title Set-up on Colab and Kaggle. Where the course is installed, this cell does nothing.
import importlib.util

if importlib.util.find_spec("coursekit") is None:
{otherwise}"""

_FETCH = """\
    import subprocess
    import sys

    DRIVE = ""  # To keep your progress on Colab, name a file in your Drive: "fewer-bits.sqlite"
    course = "git+https://github.com/{repository}@{commit}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", course]
    run = subprocess.run(pip, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"The course could not be fetched. pip says:\\n{{run.stderr}}")
    importlib.invalidate_caches()
    from coursekit.desk.elsewhere import get_ready

    get_ready("{needs}", DRIVE)
"""

_NOT_PUBLIC = """\
    raise SystemExit(
        "The course is not installed here. In the course's folder, `make lab` opens this notebook."
    )
"""


def badges(course: Sources, path: str) -> str:
    """Links that open the notebook at `path` elsewhere; empty while the course is not public."""
    if not course.repository:
        return ""
    start = "lab/tree/workspace"
    binder = f"https://mybinder.org/v2/gh/{course.repository}/{course.branch}?urlpath={start}"
    return f"[Open in Colab]({_colab(course, path)}) · [Open in Binder]({binder}/{path})"


def linked(course: Sources, path: str, text: str) -> str:
    """Markdown with links that work where the notebook at `path` is opened.

    Colab opens one notebook and no folder, so that there a link must name the place in full. In a
    workspace `coursekit.desk.workspace` makes them links from file to file again.
    """
    if not course.repository:
        return text

    def whole(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
        return f"]({_colab(course, target)}{match[2] or ''})"

    return _LINK.sub(whole, text)


def set_up(course: Sources, code: str) -> str:
    """The cell that fetches what a notebook imports, where the course is not installed.

    Args:
        code: All code of the notebook, of which the imports count.
    """
    if not course.repository:
        return _SET_UP.format(otherwise=_NOT_PUBLIC).strip()
    otherwise = _FETCH.format(
        repository=course.repository, commit=course.commit, needs=" ".join(_needs(code))
    )
    return _SET_UP.format(otherwise=otherwise).strip()


def publish(root: Path, repository: str, branch: str) -> None:
    """Writes down where the course is hosted. Notebooks are to be built anew then.

    They will fetch the commit that is checked out now.

    Raises:
        SourceError: if `repository` is not owner/name, or this is no git checkout.
    """
    path = root / "pyproject.toml"
    if not _NAME.fullmatch(repository):
        raise SourceError(path, 1, f"{repository} is no repository: write owner/name")
    run = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True)
    if run.returncode:
        raise SourceError(path, 1, "this is no git checkout, so no commit can be named")
    settings = (
        f'[tool.course]\nrepository = "{repository}"\nbranch = "{branch}"\n'
        f'commit = "{run.stdout.strip()}"\n'
    )
    text, count = _SETTINGS.subn(lambda _: settings, path.read_text(encoding="utf-8"))
    if count != 1:
        raise SourceError(path, 1, "there should be one part [tool.course]")
    path.write_text(text, encoding="utf-8")


def _colab(course: Sources, path: str) -> str:
    return (
        f"https://colab.research.google.com/github/{course.repository}/blob/{course.branch}/{path}"
    )


def _needs(code: str) -> list[str]:
    """What code imports that may be missing elsewhere, as PyPI calls it."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    # coursekit.nets.tensorflow imports what it is called after.
    parts = {name.removeprefix("coursekit.nets.").split(".")[0].replace("_", "-") for name in found}
    return sorted(
        parts
        & {
            "torch",
            "torchao",
            "torchvision",
            "tensorflow",
            "ai-edge-litert",
            "onnx",
            "onnxruntime",
            "fastapi",
            "onnxscript",
            "uvicorn",
            "torch-pruning",
            "pandas",
        }
    )
