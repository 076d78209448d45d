"""Exceptions between player and judge: told by the names of their classes, and made again.

Python itself takes some exceptions for signs of where to go on, and those of libraries end or skip
what catches them. So a judge raises them as such only where the teacher's solution does.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import sys
import types
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeGuard

from grader.protocol.calls import Raised
from grader.protocol.values import CannotCross
from grader.sandboxed.calls.rules import Rules
from grader.sandboxed.codec.failures import beside, error_class

_MAX_TEXT = 2_000


class Errors:
    """What one side has raised, and what it has got to hear of the other's.

    Args:
        given: the classes and functions that given cells define, by name; may grow.
        trusted: whether the other side is. A player tells all, a judge only that there was one.
    """

    def __init__(self, given: Mapping[str, Any], trusted: bool) -> None:
        self._given = given
        self._trusted = trusted
        self._raised_here: list[BaseException] = []
        # Assertions of these that the other side has heard of, until what it was asked is done.
        self._away: list[AssertionError] = []
        # Assertions of the other side's, which may do with them what it likes.
        self._theirs: list[BaseException] = []
        self._relayed: list[tuple[BaseException, int]] = []

    def begin(self) -> None:
        """A new test: what others have raised is nobody's any more."""
        self._raised_here.clear()
        self._away.clear()
        self._theirs.clear()

    def is_assertion(self, error: BaseException | None) -> TypeGuard[AssertionError]:
        """Whether it is one of this side's own."""
        is_theirs = any(error is one for one in self._theirs)
        return isinstance(error, AssertionError) and not is_theirs

    @property
    def away(self) -> int:
        """How many assertions the other side has heard of, and may swallow."""
        return len(self._away)

    def swallowed(self, before: int, raised: Raised | None) -> AssertionError | None:
        """One that it has heard of since and that is not what it raises itself.

        Args:
            before: how many it had heard of.
        """
        heard, self._away[before:] = self._away[before:], []
        back = None if raised is None else self._own(raised)
        return next((error for error in heard if error is not back), None)

    def _own(self, raised: Raised) -> BaseException | None:
        """This side's own exception, if it was that."""
        number = -1 if raised.relayed is None or self._trusted else raised.relayed
        return self._raised_here[number] if 0 <= number < len(self._raised_here) else None

    def tell(self, error: BaseException) -> Raised:
        """What the other side gets to know of an exception."""
        above = [cls for cls in type(error).__mro__ if cls is not object]
        classes = [cls.__name__ for cls in above]
        if not self._trusted:
            # What a test raises in a callback may say what it is about.
            self._raised_here.append(error)
            if self.is_assertion(error):
                self._away.append(error)
            # Which of a library's it is, an `except` asks there.
            known = [cls is _of_library(cls.__name__, cls.__module__) for cls in above]
            modules = [
                cls.__module__ if is_known else ""
                for cls, is_known in zip(above, known, strict=True)
            ]
            return Raised(classes, "", len(self._raised_here) - 1, modules)
        try:
            text = str(error)[:_MAX_TEXT].encode("utf-8", "replace").decode()
        except Exception as broken:
            text = f"<its message could not be made: {type(broken).__name__}>"
        relayed = (number for known, number in self._relayed if known is error)
        modules = [_module_of(cls) for cls in above]
        return Raised(classes, text, next(relayed, None), modules, _args(error, text))

    def hear(self, raised: Raised, rules: Rules, label: str = "") -> BaseException:
        """The exception to raise here: this side's own if it was that, or one of the nearest class.

        Args:
            label: the call that has raised it, if it was one.
        """
        own = self._own(raised)
        if own is not None:
            return own
        error = self._nearest(raised, rules, label)
        if isinstance(error, AssertionError):
            self._theirs.append(error)
        if raised.relayed is not None:
            self._relayed.append((error, raised.relayed))
        return error

    def hear_of_call(self, raised: Raised, rules: Rules, label: str, method: str) -> BaseException:
        """The same for a call's, which must not decide where the test goes on.

        A loop would end with it, and a test in it pass. As in generators (PEP 479), it becomes a
        RuntimeError where the teacher's solution raises no such thing.
        """
        error = self.hear(raised, rules, label)
        if self._trusted or method == "__next__" or not _decides(error):
            return error
        kinds = (cls for cls in type(error).__mro__ if cls.__module__ == "builtins")
        if rules.may_raise(f"{label}:{next(kinds).__name__}"):
            return error
        return RuntimeError(f"it raised {type(error).__name__}")

    def _nearest(self, raised: Raised, rules: Rules, label: str) -> BaseException:
        text = raised.text[:_MAX_TEXT]
        if CannotCross.__name__ in raised.classes[:1]:
            return CannotCross(text)
        own: list[str] = []
        both = [*itertools.zip_longest(raised.classes[:20], raised.modules[:20])]
        pythons = [name for name, module in both if module == "builtins"]
        for name, module in both:
            if name is None:
                break
            if label or self._trusted:
                library_class = _of_library(name, module)
                if library_class and (self._trusted or rules.may_raise(f"{label}:{module}.{name}")):
                    made = _made(library_class, text)
                    if made is not None:
                        return made
            found = self._given.get(name, getattr(builtins, name, None))
            same = None, "__main__", getattr(found, "__module__", None)
            if not self._trusted and module not in same:
                # `TimeoutError` of a library's, or of a function's own, is not Python's.
                found = None
            fits = isinstance(found, type) and issubclass(found, Exception | SystemExit)
            # What is no `Exception` is caught by no `except Exception`.
            if fits or found is BaseException:
                try:
                    # The names of a test's own classes are the test's business.
                    names = (name,) if self._trusted else (*own, name)
                    base = found if name in self._given else beside(found, pythons)
                    make = error_class(names, base)
                    if name in self._given and make is not found:
                        # It asks the other side's for its attributes.
                        return BaseException.__new__(make, text)
                    error: BaseException = make(*(raised.args or [text]))
                    if raised.args and str(error) != text:
                        error = make(text)
                except Exception:
                    # What its own constructor asks for is in its attributes.
                    if name not in self._given:
                        continue
                    error = BaseException.__new__(make, text)
                return error
            own.append(name)
        return Exception(text)


def _args(error: BaseException, text: str) -> list[Any]:
    """What it was made with, if that is one text or number, and its message."""
    args = BaseException.__dict__["args"].__get__(error)
    if [*map(type, args)] not in ([str], [int], [bool]):
        return []
    (only,) = args
    # Cut or mended text is another, and so is a number of more than 64 bits.
    fits = text in (only, repr(only)) and (type(only) is str or abs(only) < 2**63)
    return [only] if fits else []


def _module_of(cls: type) -> str:
    """Where a class comes from by which others may know it by its name; "" for one that only has
    the name, as it stands in a function, or says so."""
    is_pythons = cls is getattr(builtins, cls.__name__, None)
    there = sys.modules.get(cls.__module__) if cls.__module__ != "builtins" else None
    is_named = getattr(there, cls.__qualname__, None) is cls
    return str(cls.__module__) if is_pythons or is_named else ""


def _of_library(name: str, module: str | None) -> type[Exception] | None:
    """A library's class of exceptions; one that has only the same name is none."""
    if module in (None, "builtins", "__main__") or str(module).partition(".")[0] == "grader":
        return None
    found: Any = getattr(sys.modules.get(str(module)), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _made(cls: type[Exception], text: str) -> Exception | None:
    """An exception of this class, whatever its constructor asks for; None if it can't be had."""
    for make in (partial(cls.__new__, cls), cls):
        with contextlib.suppress(Exception):
            error: Exception = make(text)
            str(error)
            return error
    return None


def _decides(error: BaseException) -> bool:
    """Whether Python takes an exception for a sign of where to go on."""
    if isinstance(error, StopIteration | StopAsyncIteration):
        return True
    # So a sequence of the test's own ends, and an attribute is not there.
    signs = {IndexError: "__getitem__", AttributeError: "__getattr__"}
    names = {name for kind, name in signs.items() if isinstance(error, kind)}
    frame: types.FrameType | None = sys._getframe() if names else None
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals.get("__name__") == "__main__":
            return True
        frame = frame.f_back
    return False
