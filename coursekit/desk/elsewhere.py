"""Gets a notebook ready on Colab and Kaggle, where coursekit was fetched without what it needs.

What is there stays, however old: changing torch under a running notebook breaks more than it mends.
Only what nothing else hangs on is replaced where it does not fit. What is missing is installed. One
line says what the notebook was written for and what is there.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

NAME = "fewer-bits"
# What coursekit itself imports, and such places may lack.
OWN = (
    *("anywidget", "fsrs", "latex2mathml", "mistune", "pydantic", "pyspellchecker"),
    *("snowballstemmer", "tqdm"),
)
# Other names under which a package may be there.
_ALSO = {"tensorflow": ("tensorflow-cpu", "tensorflow-intel")}
# May be replaced by a version that fits: nothing else hangs on them.
_REPLACED = {"ai-edge-litert", "anywidget", "fsrs", "latex2mathml", "torch-pruning", "torchao"}


def get_ready(needs: str, drive: str = "") -> None:
    """Installs what is missing, and says what is there.

    Args:
        needs: What the notebook imports, by the names of PyPI, with spaces between.
        drive: On Colab, the file in the learner's Drive that keeps the progress; none if empty.
    """
    wanted = dict(_ranges({*needs.split(), *OWN}))
    missing = [f"{name}{wanted[name]}" for name in wanted if _to_install(name, wanted[name])]
    if missing:
        _install(missing)
    lines = [
        line for name in needs.split() if name in wanted and (line := _line(name, wanted[name]))
    ]
    print("This notebook was written for " + "; ".join(lines) + "." if lines else "All is there.")
    if any(not _fits(name, wanted[name]) for name in needs.split() if name in wanted):
        print(
            "Where a version differs, a cell may stop with an error or show other numbers. "
            "What it showed when the notebook was made is kept where you opened it from."
        )
    _keep_progress(drive)


def _ranges(names: set[str]) -> Iterator[tuple[str, str]]:
    """The versions that the course asks for, as pip writes them."""
    from packaging.requirements import Requirement

    for text in requires(NAME) or ():
        requirement = Requirement(text)
        extra = requirement.marker and "extra" in str(requirement.marker)
        if requirement.name in names and not extra:
            yield requirement.name, str(requirement.specifier)


def _there(name: str) -> str | None:
    for known in (name, *_ALSO.get(name, ())):
        try:
            return version(known)
        except PackageNotFoundError:
            continue
    return None


def _fits(name: str, wanted: str) -> bool:
    from packaging.specifiers import SpecifierSet

    there = _there(name)
    return there is not None and SpecifierSet(wanted).contains(there, prereleases=True)


def _to_install(name: str, wanted: str) -> bool:
    return _there(name) is None or (name in _REPLACED and not _fits(name, wanted))


def _line(name: str, wanted: str) -> str:
    there = _there(name)
    return f"{name} {wanted} (here: {there or 'missing'})"


def _install(missing: list[str]) -> None:
    print("Installing " + ", ".join(missing))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *missing]
    run = subprocess.run(pip, capture_output=True, text=True)
    if run.returncode:
        print(f"That did not work. pip says:\n{run.stderr.strip()}")
    importlib.invalidate_caches()


def _keep_progress(drive: str) -> None:
    from coursekit.learn.progress.store import VARIABLE

    if drive:
        try:
            from google.colab import drive as colab
        except ImportError:
            print("There is no Google Drive here: progress is kept on this machine.")
            return
        colab.mount("/content/drive")
        os.environ[VARIABLE] = f"/content/drive/MyDrive/{drive}"
        print(f"Your progress is kept in your Drive, in {drive}.")
    else:
        print(
            "Your progress is kept on this machine, and lost with it. Name a file after DRIVE, "
            "in the cell above, or download progress.sqlite."
        )
