"""The ways to learn in a page of the site, where Python runs in the browser itself (Pyodide).

`site/static/worker.mjs` holds one `Page` and passes JSON to it and from it. The store is the same
file as a notebook's; the worker keeps its folder in the browser.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, cast

from coursekit.learn.progress.store import FILE, Guess, Outcome, Store
from coursekit.learn.questions.find import bank_of
from coursekit.learn.widgets.panel import Exchange, Mode
from coursekit.learn.widgets.ways import Way, begun
from coursekit.pictures.trace import Stage, Trace

# Seconds for what a learner writes: the page waits for it.
SECONDS = 10


class Page:
    """The widgets of a page.

    Args:
        folder: Where progress is kept.
        traces: Where the traces of lesson 07 lie as `07.json`, as the site's build computed them.
    """

    def __init__(self, folder: Path, traces: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._traces = traces
        self._store = Store(folder / FILE, say=lambda _: None)
        self._exchanges: dict[str, Exchange] = {}

    def begin(self, place: str, way: str, of: str, lesson: str) -> str:
        """What a way to learn shows first, as JSON; `place` is where on the page it stands."""
        mode = self._mode(cast(Way, way), of, lesson)
        self._exchanges[place] = Exchange(mode, self._store)
        return self._answer(place)

    def tell(self, place: str, content: str) -> str:
        """What a press leads to, as JSON: `view`, and `download` if there is a file to keep."""
        download = self._exchanges[place].told(json.loads(content))
        return self._answer(place, download)

    def note(self, lesson: str, noted: str) -> None:
        """Puts guesses that were made on the page, and what came out, with the progress.

        Args:
            lesson: Its name.
            noted: JSON: a list of mappings of `question`, `guess`, `result` and `between`.
        """
        guesses = self._store.latest(Guess, lesson)
        outcomes = self._store.latest(Outcome, lesson)
        for one in json.loads(noted):
            question = one["question"]
            known = guesses.get(question)
            if known is None or known.guess != one["guess"]:
                self._store.record(Guess(lesson=lesson, question=question, guess=one["guess"]))
            if question not in outcomes and one["result"] is not None:
                self._store.record(
                    Outcome(
                        lesson=lesson,
                        question=question,
                        result=one["result"],
                        between=one["between"],
                    )
                )

    def taken(self) -> str:
        """All progress, for `add` to bring into what another page has kept meanwhile."""
        return self._store.exported()[0]

    def add(self, taken: str) -> None:
        """Adds what `taken` gave."""
        self._store.add(taken.encode(), "This page")

    def _answer(self, place: str, download: tuple[str, str] | None = None) -> str:
        view = self._exchanges[place].view
        return json.dumps({"view": view, "download": download}, ensure_ascii=False)

    def _mode(self, way: Way, of: str, lesson: str) -> Mode:
        match way:
            case "practice":
                from coursekit.learn.widgets.modes.practice import WorkedPractice

                return WorkedPractice(bank_of(of), self._store, run_here)
            case "progress":
                from coursekit.learn.widgets.modes.progress import Overview

                return Overview(self._store, self._folder, in_page=True)
            case "trace":
                from coursekit.learn.widgets.modes.trace import Tracing

                return Tracing(bank_of(of), self._store, self._trace)
        return begun(way, of, self._store, lesson)

    def _trace(self, lesson: str, name: str) -> Trace:
        path = self._traces / f"{lesson[:2]}.json"
        return trace_of(json.loads(path.read_text(encoding="utf-8"))[name])


def trace_of(data: dict[str, Any]) -> Trace:
    """A trace as `authoring.site.traces` has written it down: `picture` is an address."""
    return Trace(data["title"], tuple(_stage(**stage) for stage in data["stages"]))


def _stage(
    *,
    before: list[int] | None,
    after: list[int],
    picture: str | None,
    table: list[list[str]] | None,
    **texts: str,
) -> Stage:
    return Stage(
        before=None if before is None else tuple(before),
        after=tuple(after),
        picture=None if picture is None else lambda: picture,
        table=None if table is None else tuple(map(tuple, table)),
        **texts,
    )


class _TooLong(BaseException):
    """It has run long enough."""


def run_here(code: str, tests: str) -> str | None:
    """Runs a learner's code, then the tests, in this Python; None if all of them pass.

    Returns:
        Otherwise a sentence: the message of the assertion that failed, or the error.

    Raises:
        CannotRun: if it needs a library that is not here.
    """
    end = time.monotonic() + SECONDS

    def watch(frame: FrameType, event: str, argument: object) -> Any:
        if time.monotonic() > end:
            raise _TooLong
        return watch

    before = sys.gettrace()
    try:
        compiled = compile(f"{code}\n\n{tests}\n", "your code", "exec")
        sys.settrace(watch)
        exec(compiled, {"__name__": "__main__"})
    except _TooLong:
        return f"It was still running after {SECONDS} seconds. Is there a loop without an end?"
    except AssertionError as error:
        return str(error) or "An assertion failed."
    except ModuleNotFoundError as error:
        from coursekit.learn.widgets.modes.practice import CannotRun

        library = {"torch": "PyTorch", "numpy": "NumPy"}.get(error.name or "", error.name)
        raise CannotRun(
            f"This problem needs {library}, which a page does not have: solve it in the notebook, "
            "or follow the steps here."
        ) from error
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        sys.settrace(before)
    return None
