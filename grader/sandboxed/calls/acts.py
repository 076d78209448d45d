"""What a test does that is a learner's to decide if they wrote what is behind it: it runs code that
is no cell, imports what was written meanwhile, looks up what a pickle names, starts a program.

What is done for no test with the teacher's solution is done for no test with a learner's answers,
whatever it comes from: a library may call what a dictionary names, or read what an archive holds.
Who does it counts, too: a test that makes a data class runs code, and so does sympy of a text.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from grader.protocol.values import CannotCross
from grader.sandboxed.calls.pickles import frames, is_for_the_cell, reads_own

# By what Python tells of it: docs.python.org/3/library/audit_events.html.
_ACTS = {
    "exec": "code",
    "function.__new__": "code",
    "import": "a module",
    "pickle.find_class": "a pickle",
    **dict.fromkeys(("os.exec", "os.posix_spawn", "os.system", "subprocess.Popen"), "a program"),
}
# What stands between it and who wants it done.
_ON_THE_WAY = ("os", "subprocess", "grader.sandboxed.calls.pickles")
# Parts of a module's name: two modules of one package may make code of one thing.
_PARTS = 2
# What runs cells.
_SHELL = "IPython.core.interactiveshell"
# An import runs a file of a library's.
_IMPORT = "<frozen importlib"
# What has crossed may be a named tuple, whose class is made of a text; and what a part of a
# manifest may hold stands in its annotations, which are texts.
_CROSSING = "grader.sandboxed.codec.", "grader.sandboxed.calls.kinds"


class Acts:
    """Of a process in which tests run.

    Args:
        space: the names of cells.
        is_ours: whether a file is as it was before the tests.
    """

    def __init__(self, space: Mapping[str, Any], is_ours: Callable[[str], bool]) -> None:
        self._space = space
        self._is_ours = is_ours
        # The clock of files may be a little late.
        self._begun = time.time_ns() - 10**9
        # By a test's source, what it has done: a library may do something once, and no more when
        # the same test is tried in another way.
        self._done: dict[str, set[str]] = {}
        # What is done between tests: by given cells, and by threads that outlive theirs.
        self._between: set[str] = set()
        # None while nothing is noted.
        self._noted: set[str] | None = None
        # None while all may be done.
        self._allowed: Collection[str] | None = None
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def noted(self, source: str) -> Iterator[set[str]]:
        """Takes note of what a test does meanwhile, and has done before, and of what was done
        between tests so far."""
        self._noted = self._done.setdefault(source, set())
        self._noted |= self._between
        try:
            yield self._noted
        finally:
            self._noted = self._between

    @contextlib.contextmanager
    def only(self, allowed: Collection[str]) -> Iterator[None]:
        """Has nothing else be done meanwhile, nor later, when what a test has left may still be at
        work: whoever tries meets a `CannotCross`."""
        noted, self._noted = self._noted, None
        self._allowed = allowed
        try:
            yield
        finally:
            self._noted = noted

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        act = _ACTS.get(event)
        if act is None or (self._noted is None and self._allowed is None):
            return
        # Most often by far.
        is_by_shell = sys._getframe(1).f_globals.get("__name__") == _SHELL
        if event == "exec" and is_by_shell and is_for_the_cell(self._space):
            return
        if self._is_new(event, args):
            act = done = "a module"
        elif event == "import" or self._is_usual(event):
            return
        else:
            done = f"{act}, by {_who()}"
        if self._noted is not None:
            self._noted.add(done)
        elif done not in (self._allowed or ()):
            raise CannotCross(f"{act} that the solution has no need of")

    def _is_new(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether it is a module that runs, whose file was written since this process began: where
        tests work Python looks first, and a learner may have named what a test has written there.
        """
        places = [args[1]] if event == "import" else []
        if event == "exec":
            # It need not be an import that runs a file.
            places.append(getattr(args[0], "co_filename", None))
            for frame in frames():
                if frame.f_code.co_filename.startswith(_IMPORT) and "module" in frame.f_locals:
                    spec = getattr(frame.f_locals["module"], "__spec__", None)
                    # What is compiled already may say that it need not be compared with the source.
                    places += [getattr(spec, "origin", None), getattr(spec, "cached", None)]
                    break
        return any(self.is_written(place) for place in places if place is not None)

    def is_written(self, place: str) -> bool:
        """Whether a test has written a file, or the archive in which it is, where it can write:
        what a library has compiled may be new, too, as others import it.
        """
        try:
            is_new = os.stat(place).st_ctime_ns >= self._begun
            may_write = is_new and os.access(os.path.dirname(place) or ".", os.W_OK)
            return may_write and not self._is_ours(place)
        except NotADirectoryError:
            return self.is_written(os.path.dirname(place))
        except (OSError, ValueError):
            return False

    def _is_usual(self, event: str) -> bool:
        """Whether it is a library that is imported, or what the test has pickled itself."""
        for frame in frames():
            if frame.f_code.co_filename.startswith(_IMPORT):
                return True
            if str(frame.f_globals.get("__name__", "")).startswith(_CROSSING):
                return True
            if event == "pickle.find_class" and reads_own(frame):
                return True
            if frame.f_globals is self._space:
                break
        return False


def _who() -> str:
    """The module that has it done; its package, where it lies deeper."""
    for frame in frames():
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_globals is not globals() and name not in _ON_THE_WAY:
            return ".".join(name.split(".")[:_PARTS])
    return ""
