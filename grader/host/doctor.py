"""`grader doctor`: what is installed, what works, what does not, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from grader.host import kept_contracts
from grader.host.course import not_honoured
from grader.host.course.course import CONFIG_FILE, Course
from grader.host.engine import bubblewrap
from grader.host.version import NAME
from grader.protocol.errors import GraderError

# What each of the extras is for, by a package that it brings.
EXTRAS = {
    "torch": "tensors and networks as answers",
    "pandas": "tables as answers",
    "distributed": "grader grade --cluster",
    "psycopg": "a gradebook on a PostgreSQL server",
}


@dataclass(frozen=True)
class Finding:
    """Something looked at.

    Attributes:
        what: a sentence, or a name with its version.
        works: whether it is as it should be.
        remedy: what to do; "" for nothing.
        needed: whether nothing can be graded without it.
    """

    what: str
    works: bool
    remedy: str = ""
    needed: bool = True


def look(folder: Path) -> Iterator[Finding]:
    """Looks at one thing after the other.

    Args:
        folder: of a course, or any.
    """
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield Finding(f"grader {version(NAME)} on Python {platform.python_version()}, {system}", True)
    yield from _packages()
    yield _sandbox()
    yield Finding(
        "Submissions at the same time are one user to the kernel: one can use up what that counts "
        "(descriptors under way, pages of pipes). Where people would do so: --workers 1",
        True,
    )
    yield from _extras()
    yield _cache()
    if (folder / CONFIG_FILE).is_file():
        yield _course(folder)


def _packages() -> Iterator[Finding]:
    """What is missing, or of a version that was not tried."""
    fine = 0
    for requirement in map(Requirement, requires(NAME) or ()):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(
                f"{requirement.name} is missing", False, f"pip install {_quoted(requirement)}"
            )
            continue
        if requirement.specifier.contains(found, prereleases=True):
            fine += 1
        else:
            what = f"{requirement.name} {found} is not of the versions that the grader is made for"
            yield Finding(what, False, f"pip install {_quoted(requirement)}", needed=False)
    yield Finding(f"{fine} packages that it needs, nbgrader {_of('nbgrader')} among them", True)


def _quoted(requirement: Requirement) -> str:
    return f'"{requirement.name}{requirement.specifier}"'


def _of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(missing)"


def _sandbox() -> Finding:
    try:
        bubblewrap.check()
    except GraderError as error:
        # The sentence says what is wrong, then what to do.
        wrong, _, remedy = str(error).partition(": ")
        return Finding(wrong, False, remedy[:1].upper() + remedy[1:])
    return Finding("The sandbox shuts learners' code in (bubblewrap)", True)


def _extras() -> Iterator[Finding]:
    for package, purpose in EXTRAS.items():
        if importlib.util.find_spec(package) is None:
            extra = next(
                re.findall(r"extra == ['\"](\w+)", str(one.marker))[0]
                for one in map(Requirement, requires(NAME) or ())
                if one.name == package
            )
            remedy = f'If you need it: pip install "{NAME}[{extra}]"'
            yield Finding(f"{package} is not installed ({purpose})", False, remedy, needed=False)
        else:
            yield Finding(f"{package} {_of(package)}: {purpose}", True)


def _cache() -> Finding:
    remedy = f"Name a folder in {kept_contracts.VARIABLE}."
    try:
        folder = kept_contracts.folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            f"Contracts can't be kept in {folder} ({error.strerror}): each run makes them anew",
            False,
            remedy,
            needed=False,
        )
    except GraderError as error:
        return Finding(str(error), False, remedy, needed=False)
    return Finding(f"Contracts are kept in {folder}", True)


def _course(folder: Path) -> Finding:
    try:
        course = Course.open(folder)
        names = course.assignments()
        _ = course.shown
        not_honoured.check(course.config)
        not_honoured.check_elsewhere(course.config)
    except GraderError as error:
        return Finding(str(error), False, f"Mend {folder / CONFIG_FILE}.", needed=False)
    return Finding(f"The course {course.course_id} has {len(names)} assignments", True)
