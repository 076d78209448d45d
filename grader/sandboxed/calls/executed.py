"""Whether a test runs as code what an answer says: by `eval`, `exec`, sympy's `sympify` or a query
of pandas'. It would run in the test's own process, which decides about marks.

Looked for while a contract is made, with the texts of the teacher's solution.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

# They make code of a text in ways of their own: it is looked for where it comes in.
_EVALUATORS = ("sympy.parsing.", "sympy.core.sympify", "pandas.core.computation.")
# They make code of names alone.
_OF_NAMES = ("collections", "dataclasses")


class Watch:
    """Watches what is compiled and run, for as long as this process lives.

    Args:
        cell: what the file of the cell that runs is called, which is the teacher's.

    Attributes:
        texts: what the answers have brought; None while nothing is looked for.
        ran: whether one of them was run since.
    """

    def __init__(self, cell: Callable[[], str]) -> None:
        self._cell = cell
        self.texts: set[str] | None = None
        self.ran = False
        # Files of what was compiled with such a text in it.
        self._files: set[str] = set()
        sys.addaudithook(self._hear)

    def begin(self) -> set[str]:
        """Begins; returns where texts are to be put."""
        self.texts, self.ran = set(), False
        self._files.clear()
        return self.texts

    def end(self) -> bool:
        """Looks no more; says whether one was run."""
        self.texts = None
        return self.ran

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.texts:
            return
        if event == "compile":
            source, file = args
            if isinstance(source, bytes):
                source = source.decode("utf-8", "replace")
            caller = next(frame for frame in _frames() if frame.f_globals is not globals())
            counts = file != self._cell() and caller.f_globals.get("__name__") not in _OF_NAMES
            if isinstance(source, str) and counts and self._is_in(source):
                self._files.add(str(file))
            self.ran = self.ran or self._is_evaluated()
        elif event == "exec":
            self.ran = self.ran or getattr(args[0], "co_filename", None) in self._files

    def _is_in(self, source: str) -> bool:
        whole = _bare(source)
        for text in map(_bare, self.texts or ()):
            # A name or a number may stand in any source.
            is_word = len(text) <= 2 or text.replace("_", "").isalnum()
            if text == whole or (text in whole and not is_word):
                return True
        return False

    def _is_evaluated(self) -> bool:
        """Whether what makes code of a text has got one of these."""
        for frame in _frames():
            if str(frame.f_globals.get("__name__", "")).startswith(_EVALUATORS):
                values = frame.f_locals.values()
                if any(type(value) is str and self._is_in(value) for value in values):
                    return True
        return False


def _bare(text: str) -> str:
    return "".join(text.split())


def _frames() -> Iterator[types.FrameType]:
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
