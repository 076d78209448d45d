"""How far a run of the tests is: `pytest -p tools.progress`, as `make test` does.

A line that moves says how many tests are done, what is running and about how long is left; where
nobody watches, as in continuous integration, a line comes every half minute. What fails is named
at once. How long each file takes is kept in pytest's cache: the next run's guess is better.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

KEPT = "course/seconds_a_test"
# Seconds between two lines where nobody watches.
PAUSE = 30.0
# Seconds a test of a folder takes, as far as a first run knows; others take as long as a cell.
USUAL = {"same_scores": 15.0, "browser": 6.0, "authoring": 2.0, "fuzz": 2.0, "grader": 0.6}
USUAL_OF_A_CELL = 0.4
# So many seconds of tests count as if they had been done as fast as foreseen.
TRUST = 120.0


def pytest_configure(config: pytest.Config) -> None:
    # The processes of xdist have somebody above them who says it.
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Progress(config), "course-progress")


class Progress:
    """Counts what is done, and says it."""

    def __init__(self, config: pytest.Config) -> None:
        assert config.cache is not None
        self._cache = config.cache
        self._kept: dict[str, float] = config.cache.get(KEPT, {})
        self._left: dict[str, int] = defaultdict(int)
        self._took: dict[str, list[float]] = defaultdict(list)
        self._seconds: dict[str, float] = defaultdict(float)
        self._running: dict[str, None] = {}
        self._total = self._done = self._failed = 0
        self._begun = time.monotonic()
        self._ended = threading.Event()
        self._processes = config.getoption("numprocesses", None) or 1
        self._console = Console(highlight=False)
        self._live = Live(get_renderable=self._line, console=self._console, transient=True)

    # Under xdist the first of these is asked, without it the second.
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        if not self._total:
            self._begin(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:
            self._begin([item.nodeid for item in session.items])

    def _begin(self, ids: Sequence[str]) -> None:
        self._total, self._begun = len(ids), time.monotonic()
        for name in ids:
            self._left[_file(name)] += 1
        if self._console.is_terminal:
            self._live.start(refresh=True)
        else:
            threading.Thread(target=self._say_now_and_then, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running[nodeid] = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed += 1
            self._console.print(Text(f"failed  {report.nodeid}", "red"), soft_wrap=True)
        if report.when == "teardown":
            self._done += 1
            self._running.pop(report.nodeid, None)
            self._left[_file(report.nodeid)] -= 1
            self._took[_file(report.nodeid)].append(self._seconds.pop(report.nodeid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """No dots: the line says it."""
        if getattr(report, "when", None) == "call" or report.failed or report.skipped:
            word = "error" if report.failed and report.when != "call" else report.outcome
            return word, "", ""
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._ended.set()
        self._live.stop()
        taken = {file: sum(times) / len(times) for file, times in self._took.items()}
        self._cache.set(KEPT, self._kept | taken)

    def _line(self) -> Text:
        running = ", ".join(dict.fromkeys(_file(name) for name in list(self._running))) or "…"
        failed = f", {self._failed} failed" if self._failed else ""
        text = f"{self._done:,} of {self._total:,} done{failed} · {self._remaining()} · {running}"
        return Text(text, no_wrap=True, overflow="ellipsis")

    def _remaining(self) -> str:
        """What is left takes as much more or less than foreseen as what is done has taken."""
        gone = time.monotonic() - self._begun + TRUST / self._processes
        done = sum(len(times) * self._a_test(file) for file, times in list(self._took.items()))
        left = sum(count * self._a_test(file) for file, count in list(self._left.items()))
        minutes = gone / (done + TRUST) * left / 60
        return f"about {minutes:.0f} min left" if minutes >= 1.5 else "about a minute left"

    def _a_test(self, file: str) -> float:
        """Seconds that one of a file's takes, as it was last time."""
        folder = file.split("/")[1] if file.startswith("tests/") else ""
        return self._kept.get(file) or USUAL.get(folder, USUAL_OF_A_CELL)

    def _say_now_and_then(self) -> None:
        while not self._ended.wait(PAUSE):
            self._console.print(self._line())


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
