"""How notebooks are tested: all outputs of lessons are compared, solutions only have to run."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import LocalPortCache

from tests import warm_kernels

SOLUTIONS = Path(__file__).parent / "solutions"

# Files that take minutes each, the longest first.
_LONGEST = (
    "test_sample_class.py",
    "test_attacks.py",
    "test_impostors.py",
    "test_run_as_code.py",
    "test_ways_to_test.py",
    "test_widgets.py",
    "test_lab.py",
)

# Each of xdist's processes has every sixteenth of them, and runs begin at different ones: two that
# take the same port at the same time would have it both.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15").removeprefix("gw")) % 16
_PORTS = itertools.cycle(
    10_000 + _WORKER + 16 * ((os.getpid() + step) % 1250) for step in range(1250)
)

# For this process and all kernels it starts: a test run is no learner's progress.
os.environ["COURSE_PROGRESS"] = ":memory:"


def pytest_configure(config: pytest.Config) -> None:
    """All kernels are warm ones; xdist's processes have the environment of the first."""
    LocalPortCache.find_available_port = _own_port  # type: ignore[method-assign]
    if sys.platform == "linux" and "PYTEST_XDIST_WORKER" not in os.environ:
        folder = tempfile.mkdtemp(prefix="kernels-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["JUPYTER_PATH"] = warm_kernels.describe(Path(folder))


def _own_port(_: LocalPortCache, ip: str) -> int:
    """A port for a kernel, of those that the system does not hand out by itself.

    Jupyter lets the system choose, and a second later one in thousands is another's: that kernel
    does not start, and a client that has met another kind of socket there waits for ever.
    """
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as found:
            found.bind((ip, port))
            return port
    raise AssertionError("They have no end.")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, Any, Any]:
    # nbval knows strict and lax for a whole session only; one session for all takes less time.
    collectors = yield
    for collector in collectors if file_path.suffix == ".ipynb" else ():
        # Pictures are not compared, as nbval does not where they stand alone; their alt text is.
        collector.sanitize_patterns[r'data:image/png;base64,[^"]+'] = "PICTURE"
    if file_path.suffix == ".ipynb" and file_path.is_relative_to(SOLUTIONS):
        for collector in collectors:
            collector.compare_outputs = False
    return collectors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    # nbgrader gives no points for a test that writes there, whoever's the warning is.
    done = yield
    if item.path.suffix == ".ipynb" and item.path.is_relative_to(SOLUTIONS):
        cell: Any = item
        if cell.cell.metadata.get("nbgrader", {}).get("grade"):
            said = [out.text for out in cell.test_outputs or () if out.get("name") == "stderr"]
            assert not said, f"the test writes to standard error: {said}"
    return done


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Answers and tests of an exercise may fail where a learner runs all; those of a solution
        # may not.
        if item.path.suffix == ".ipynb" and item.path.is_relative_to(SOLUTIONS):
            item.options["check_exception"] = False  # type: ignore[attr-defined]
    # With few processes, whatever starts last should be short.
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    name = item.path.name
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)
