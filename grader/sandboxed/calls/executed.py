"""Whether a test runs as code what an answer says: by `eval`, `exec`, sympy's `sympify`, a query of
pandas' or what unpickles bytes. It would run in the test's own process, which decides about marks.

Looked for while a contract is made, with the texts and bytes of the teacher's solution.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable, Iterable, Iterator
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
        texts: texts and bytes that the answers have brought; None while nothing is looked for.
        ran: whether one of them was run since.
    """

    def __init__(self, cell: Callable[[], str]) -> None:
        self._cell = cell
        self.texts: set[str | bytes] | None = None
        self.ran = False
        # Files of what was compiled with such a text in it.
        self._files: set[str] = set()
        sys.addaudithook(self._hear)
        self._see_pickles()

    def begin(self) -> set[str | bytes]:
        """Begins; returns where texts are to be put."""
        self.texts, self.ran = set(), False
        self._files.clear()
        return self.texts

    def end(self) -> bool:
        """Looks no more; says whether one was run."""
        self.texts = None
        return self.ran

    def _see_pickles(self) -> None:
        """Python tells of what a pickle looks up, but of none that needs nothing: what reads
        pickles notes itself that it is called."""
        loads, load, unpickler = pickle.loads, pickle.load, pickle.Unpickler

        def see(function: Callable[..., Any]) -> Callable[..., Any]:
            def seeing(*args: Any, **kwargs: Any) -> Any:
                found = [one for one in self.texts or () if isinstance(one, bytes) and one]
                if args and isinstance(args[0], bytes | bytearray):
                    found = [one for one in found if one in args[0]]
                # What a file holds may be of any of them.
                self.ran = self.ran or bool(found)
                return function(*args, **kwargs)

            return seeing

        known = {
            loads: see(loads),
            load: see(load),
            unpickler: type("Unpickler", (unpickler,), {"load": see(unpickler.load)}),
        }
        # Whoever has imported one of them has it by a name of its own.
        for space in [vars(module) for module in [*sys.modules.values()] if module is not None]:
            for name in [name for name, value in space.items() if _is_one_of(value, known)]:
                space[name] = known[space[name]]

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
        for text in (_bare(text) for text in self.texts or () if isinstance(text, str)):
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


def _is_one_of(value: object, known: Iterable[object]) -> bool:
    return any(value is one for one in known)


def _bare(text: str) -> str:
    return "".join(text.split())


def _frames() -> Iterator[types.FrameType]:
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
