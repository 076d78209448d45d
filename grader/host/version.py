"""Which grading this is: marks of another are not reused.

A person raises `GRADING` when marks could come out otherwise. A test watches the files that marks
hang on, so that nobody forgets to ask.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

# Of the distribution.
NAME = "fewer-bits-grader"
GRADING = 45

# What is said and shown, what comes in and goes out, where things are kept, and how fast it goes:
# no mark hangs on these modules and folders.
_NO_MARKS = frozenset(
    {
        "__main__",
        "cli",
        "desk",
        "doctor",
        "feedback",
        "imports",
        "kept_contracts",
        "leaderboard",
        "ledger",
        "memory_order",
        "pages",
        "rehearsal",
        "report",
    }
)


def grading() -> str:
    """What results are known by, beside what was handed in."""
    return f"{version(NAME)}/{GRADING}"


@cache
def code() -> str:
    """A hash of the files that marks hang on."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        if not {file.stem, file.parent.name} & _NO_MARKS:
            digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]
