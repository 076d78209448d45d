"""What is installed, what works, what does not, and how to mend it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

NAME = "fewer-bits"
PYTHONS = ((3, 11), (3, 13))
PORT = 8888
# Imported one by one, each in a process of its own: one that ends Python must not end the doctor.
IMPORTS = (
    "torch",
    "torchvision",
    "torchao",
    "tensorflow",
    "ai_edge_litert.interpreter",
    "onnxruntime",
    "fastapi",
    "anywidget",
)
_PATIENCE = 180


@dataclass(frozen=True)
class Finding:
    """Something looked at.

    Attributes:
        what: A sentence or a name with its version.
        works: Whether it is as it should be.
        remedy: What to do; empty if nothing.
        needed: Whether lessons fail without it.
    """

    what: str
    works: bool
    remedy: str = ""
    needed: bool = True


def main() -> Iterator[Finding]:
    """Looks at one thing after the other."""
    yield _python()
    yield from _packages()
    yield from _imports()
    yield _data()
    yield _workspace()
    yield _space()
    yield _port()
    yield _compiler()
    yield _sandbox()


def _python() -> Finding:
    here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding(here, True)
    return Finding(
        here, False, "The course needs Python 3.11, 3.12 or 3.13: install one, then make lab."
    )


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        asked = [Requirement(text) for text in requires(NAME) or ()]
    except PackageNotFoundError:
        remedy = "In the course's folder: make lab, or pip install -c constraints.txt -e ."
        yield Finding("The course is not installed as a package", False, remedy, needed=False)
        return
    wrong = []
    for requirement in asked:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            there = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(there, prereleases=True):
            wrong.append(f"{requirement.name} is {there}, and should be {requirement.specifier}")
    if wrong:
        remedy = "make lab brings them to versions that work together."
        yield Finding("Packages: " + "; ".join(wrong), False, remedy)
    else:
        yield Finding(f"{len(asked)} packages, in versions that work together", True)


def _imports() -> Iterator[Finding]:
    for name in IMPORTS:
        code = f"import {name} as it; print(getattr(it, '__version__', ''))"
        try:
            run = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            yield Finding(
                f"{name} takes longer than {_PATIENCE} s to import", False, "Is the disk slow?"
            )
            continue
        if run.returncode == 0:
            yield Finding(f"{name} {run.stdout.strip()}".strip(), True)
        else:
            last = (run.stderr.strip().splitlines() or [f"it ended with {run.returncode}"])[-1]
            remedy = (
                "make lab installs it anew where it is missing; else remove .venv, then make lab."
            )
            yield Finding(f"{name} can't be imported: {last}", False, remedy)


def _data() -> Finding:
    from coursekit.nets.data import DataError, check_files

    try:
        return Finding(f"{check_files()} data files, undamaged", True)
    except DataError as error:
        return Finding(str(error), False)


def _workspace() -> Finding:
    from coursekit.exercises.folders import FOLDER, WorkspaceError, course_root

    try:
        folder = course_root() / FOLDER
    except WorkspaceError as error:
        return Finding(str(error), False, needed=False)
    if not folder.is_dir():
        return Finding(f"{FOLDER}/ is not there yet", True, "make lab makes it.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(f"{FOLDER}/ can be written", True)
    except OSError as error:
        remedy = "Give yourself the right to write there, or make room."
        return Finding(f"{FOLDER}/ can't be written: {error.strerror}", False, remedy)


def _space() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    remedy = "" if free > 1 else "Make room: JupyterLab can't save on a full disk."
    return Finding(f"{free:,.0f} GB free on this disk", free > 1, remedy)


def _port() -> Finding:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            remedy = 'JupyterLab takes the next one; or choose: make lab LAB_ARGS="--port 9999".'
            return Finding(f"Port {PORT} is in use", False, remedy, needed=False)
    return Finding(f"Port {PORT} is free", True)


def _compiler() -> Finding:
    for name in ("c++", "g++", "clang++", "cl"):
        if shutil.which(name):
            return Finding(f"A C++ compiler, for torch.compile: {name}", True)
    remedy = "Only torch.compile needs one: install g++, Xcode's tools or Visual Studio's."
    return Finding("There is no C++ compiler", False, remedy, needed=False)


def _sandbox() -> Finding:
    if importlib.util.find_spec("grader") is None:
        return Finding("No grader here: a teacher has it", True)
    if shutil.which("bwrap"):
        return Finding("bubblewrap, the sandbox that the grader needs", True)
    remedy = "Only grading needs it, on Linux: install the package bubblewrap."
    return Finding("bubblewrap is missing", False, remedy, needed=False)
