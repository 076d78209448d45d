"""Whether a test runs as code what an answer says: by `eval`, `exec`, sympy's `sympify`, a query of
pandas', a template of jinja2, what unpickles bytes or reads a network that is code, as a command,
or as a program. It would run in the test's own process, which decides about marks, or beside it, in
the test's folder.

Looked for while a contract is made, with the texts and bytes of the teacher's solution.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import keyword
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from grader.protocol.values import CannotCross
from grader.sandboxed.calls.pickles import (
    Brought,
    Pickled,
    frames,
    is_for_the_cell,
    tell_of_networks,
    tell_of_pickles,
)

# They make code of a text in ways of their own: it is looked for where it comes in.
_EVALUATORS = (
    *("sympy.parsing.", "sympy.core.sympify", "pandas.core.computation."),
    *("jinja2.", "mako."),
    # Formulas of statsmodels, whose parts are code.
    *("patsy.", "formulaic."),
)
# What starts a program: the first of what it says are the program and its arguments.
_STARTS = {"os.system": 1, "subprocess.Popen": 2, "os.posix_spawn": 2, "os.exec": 2}
# They run what they are given, on standard input or in a file.
_PROGRAMS = re.compile(
    r"(i?python|pypy|pytest|(ba|da|z|k|fi)?sh|perl|ruby|node|deno|bun|Rscript|R|php|lua|julia|octave"
    r"|runghc|swipl|sqlite3|psql|bc|[gm]?awk|sed|make|cc|gcc|g\+\+|c\+\+|clang(\+\+)?|rustc|cargo"
    r"|go|javac?|gnuplot|tclsh|xargs)[\d.]*"
)
_SHELLS = ("sh", "bash")
# Bytes, of a file, too, that are looked at.
_FILE = 2**20
# A copy of this process starts it, unheard: who asks for it has the command.
_FORKS = ("os.fork", "os.forkpty")
_STARTERS = ("pexpect.", "ptyprocess.", "IPython.utils.")
# What ends a text or a line of code.
_ENDS = frozenset("'\"#\\")
# They make code of names alone.
_OF_NAMES = ("collections", "dataclasses")


class Watch:
    """Watches what is compiled and run, for as long as this process lives.

    Args:
        cell: what the file of the cell that runs is called, which is the teacher's.
        space: the names of cells.
        is_written: whether a test has written a file.
        parts: texts that were written in parts.

    Attributes:
        texts: texts and bytes that the answers have brought; None while nothing is looked for.
        ran: whether one of them was run since.
    """

    def __init__(
        self,
        cell: Callable[[], str],
        space: Mapping[str, Any],
        is_written: Callable[[str], bool],
        parts: Sequence[str],
    ) -> None:
        self._cell = cell
        self._space = space
        self._is_written = is_written
        self._parts = parts
        self.texts: set[str | bytes] | None = None
        self.ran = False
        # Files of what was compiled with such a text in it, and of what the test says itself.
        self._files: set[str] = set()
        self._own_files: set[str] = set()
        # Whether one was made a tree, from which code may be made.
        self._is_a_tree = False
        # Whether there is a program to which one may have been written since.
        self._waits = False
        # What the test itself says, without spaces, and tests that have run one: what a test has
        # imported once runs no second time.
        self._own = ""
        self._found: set[str] = set()
        sys.addaudithook(self._hear)
        tell_of_pickles(lambda: self.texts, self._note, Pickled(space), [*sys.modules])
        tell_of_networks(lambda: self.texts, self._note)

    def begin(self, before: set[str | bytes], source: str) -> set[str | bytes]:
        """Begins; returns where texts are to be put.

        Args:
            before: what earlier tests have been brought, which they may have left to this one.
            source: the test's.
        """
        self.texts, self._own = set(before), _bare(source)
        self._is_a_tree = self._waits = False
        self.ran = self._own in self._found
        self._files.clear()
        self._own_files.clear()
        return self.texts

    def end(self) -> bool:
        """Looks no more; says whether one was run."""
        said = any(not _is_word(text) for text in self._said)
        self.texts = None
        self.ran |= self._waits and said
        if self.ran:
            self._found.add(self._own)
        return self.ran

    def _note(self) -> None:
        self.ran = True

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        # To a program one may be written later.
        if self.texts is None or not (self.texts or event in _STARTS):
            return
        if event == "compile":
            source, file = args
            if isinstance(source, bytes):
                source = source.decode("utf-8", "replace")
            caller = next(frame for frame in frames() if frame.f_globals is not globals())
            counts = file != self._cell() and caller.f_globals.get("__name__") not in _OF_NAMES
            is_asked = caller.f_globals is self._space
            if isinstance(source, str) and counts:
                # A test may have made another text of it: one that it does not say itself.
                is_own = _bare(source) in self._own
                if self._is_of_one(source) or (is_asked and not is_own):
                    self._files.add(str(file))
                    self._is_a_tree = True
                elif is_own:
                    self._own_files.add(str(file))
            elif isinstance(source, ast.AST) and (self._is_a_tree or is_asked):
                # The cell itself is made code line by line, as it goes on.
                self.ran |= any(frame.f_globals is self._space for frame in frames())
            self.ran = self.ran or self._is_at_work(_EVALUATORS)
        elif event in _STARTS:
            said = [*_texts_in(args[: _STARTS[event]])]
            self.ran = self.ran or any(map(self._is_in, said)) or self._is_given(said)
        elif event in _FORKS:
            self.ran = self.ran or self._is_at_work(_STARTERS)
        elif event == "pickle.find_class":
            # Whatever reads it, in whatever way of its own.
            names = [str(name).encode() for name in args[-2:]]
            pickles = [text for text in self.texts if isinstance(text, bytes)]
            self.ran = self.ran or any(all(name in one for name in names) for one in pickles)
        elif event == "exec":
            file = getattr(args[0], "co_filename", "")
            # The same where the test has written it to a file first.
            is_strange = file not in self._own_files and self._is_written(file)
            self.ran = self.ran or file in self._files or is_strange

    def _is_in(self, source: str) -> bool:
        """Whether one of the texts is in it."""
        whole = _bare(source)
        return any(
            _bare(text) == whole or (_bare(text) in whole and not _is_word(text))
            for text in self._said
        )

    def _is_given(self, said: list[str]) -> bool:
        """Whether the program that a command starts is given one as a file, or on its input."""
        words = [word for text in said for word in text.split()]
        # The program itself is said once more as the first of its arguments.
        while words and os.path.basename(words[0]) in _SHELLS and "-c" in words:
            words = words[words.index("-c") + 1 :]
        if not any(_PROGRAMS.fullmatch(os.path.basename(word)) for word in words):
            return any(map(self._is_in, map(_text_of, words[:2])))
        for frame in frames():
            if frame.f_globals.get("__name__") == "subprocess":
                if any(map(self._is_in, _texts_in([frame.f_locals.get("input")]))):
                    return True
                piped = frame.f_locals.get("stdin") == subprocess.PIPE
                # Else it has been told what it gets.
                self._waits |= piped and "input" not in _names_of(frame.f_back)
        files = (file for word in words for file in (word, f"{word}.py") if os.path.isfile(file))
        script = next((f for f in files if not _PROGRAMS.fullmatch(os.path.basename(f))), "")
        if script and self._is_written(script) and _bare(_text_of(script)) not in self._own:
            return True
        # An option may name one, too, as `python -m` does.
        return any(map(self._is_in, map(_text_of, [*words, *os.listdir(".")])))

    def _is_of_one(self, source: str) -> bool:
        """The same, or whether it is a part of one, such as a line or what stands behind a sign."""
        part = _bare(source)
        return self._is_in(source) or (
            not _is_word(source) and any(part in _bare(text) for text in self._said)
        )

    @property
    def _said(self) -> Iterator[str]:
        # Nothing is in any source.
        return filter(str.strip, itertools.chain(_as_texts(self.texts), self._parts))

    def _is_at_work(self, modules: tuple[str, ...]) -> bool:
        """Whether what makes code of a text, or a command, has got one of these."""
        return any(map(self._is_in, _texts_at_work(modules)))


def refuse_texts(
    brought: Callable[[], Brought],
    shown: Collection[str],
    parts: Sequence[str],
    cell: Callable[[], str],
    space: Mapping[str, Any],
    test: Callable[[], str],
) -> None:
    """Has this process run no text of an answer in what a test runs of its own: where the solution
    has a number that is put into it, a learner may have a text.

    Args:
        brought: gives the texts and bytes that answers have brought.
        shown: texts of tables where the solution has none. Each by itself may be a word, but
            printed they stand in rows, as a program does. More may come.
        parts: texts that were written in parts; more may come.
        cell, space: as `Watch` has them.
        test: the source of the test, or of the given cell, which may say the same itself.
    """
    # Of what was last compiled by this name with such a text in it.
    files: set[str] = set()
    heard = frozenset(("compile", "exec", *_STARTS))
    # Whether one was made a tree, perhaps, from which code may be made.
    is_a_tree = busy = False

    def is_in(source: str) -> bool:
        whole, own = _bare(source), _bare(test())
        said = itertools.chain(_as_texts(brought()), parts)
        found = any(_bare(text) in whole and not _is_harmless(text) for text in said)
        words = (word.lower() for text in shown for word in text.split() if len(word) > 2)
        found = found or any(word in whole and word not in own for word in words)
        return found and whole not in own

    def hear(event: str, args: tuple[Any, ...]) -> None:
        nonlocal busy, is_a_tree
        if event not in heard or busy or not brought():
            return
        if event == "compile" and args[0] is test():
            # IPython parses the test itself.
            return
        busy = True
        try:
            is_run = False
            if event == "exec":
                is_run = getattr(args[0], "co_filename", None) in files
            elif event == "compile" and isinstance(args[0], ast.AST):
                is_run = is_a_tree and not is_for_the_cell(space)
            elif event == "compile" and args[1] != cell():
                source = args[0].decode("utf-8", "replace") if type(args[0]) is bytes else args[0]
                caller = next(frame for frame in frames() if frame.f_globals is not globals())
                counts = caller.f_globals.get("__name__") not in _OF_NAMES
                if isinstance(source, str):
                    # What is parsed need not be run.
                    found = counts and is_in(source)
                    is_a_tree |= found and not _is_read_only()
                    (files.add if found else files.discard)(str(args[1]))
                is_run = any(map(is_in, _texts_at_work(_EVALUATORS)))
            elif event in _STARTS:
                is_run = any(map(is_in, _texts_in(args[: _STARTS[event]])))
        finally:
            busy = False
        if is_run:
            raise CannotCross("a text that the test would run as code")

    sys.addaudithook(hear)


def _is_read_only() -> bool:
    """Whether a text is parsed for its value: no code is made of that."""
    return any(frame.f_code is ast.literal_eval.__code__ for frame in frames())


def _is_harmless(text: str) -> bool:
    """Whether it calls nothing wherever it stands: a word, a number, or a list of some.

    A quote may end one that the test has begun, and what comes then is no text any more.
    """
    with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        is_closed = _ENDS.isdisjoint(text)
        return _is_word(text) or (is_closed and ast.literal_eval(text) is not text)
    return False


def _as_texts(brought: Brought) -> Iterator[str]:
    """Also of bytes: a test may decode them."""
    for one in brought or ():
        if isinstance(one, str):
            yield one
        elif len(one) <= _FILE:
            yield one.decode("utf-8", "replace")


def _texts_at_work(modules: tuple[str, ...]) -> Iterator[str]:
    """The texts that some modules are at work with."""
    for frame in frames():
        if str(frame.f_globals.get("__name__", "")).startswith(modules):
            yield from _texts_in([*frame.f_locals.values()])


def _texts_in(values: Sequence[Any]) -> Iterator[str]:
    """The texts among some values, and in lists among them."""
    for value in values:
        if type(value) in (list, tuple):
            yield from _texts_in([one for one in value if type(one) in (str, bytes)])
        elif type(value) is bytes:
            yield value.decode("utf-8", "replace")
        elif type(value) is str:
            yield value


def _names_of(frame: types.FrameType | None) -> set[str]:
    return set() if frame is None else set(frame.f_locals)


def _text_of(place: str) -> str:
    """What stands in a file; nothing if it is none."""
    with contextlib.suppress(OSError, ValueError):
        if os.path.isfile(place) and os.path.getsize(place) <= _FILE:
            with open(place, errors="replace") as file:
                return file.read()
    return ""


def _is_word(text: str) -> bool:
    """Whether it is a name or a number, which may stand in any source, or some in a row, which are
    no Python: `a or b` is.
    """
    words = text.split()
    bare = "".join(words)
    is_python = len(words) > 1 and any(map(keyword.iskeyword, words))
    return len(bare) <= 2 or (not is_python and bare.replace("_", "").isalnum())


def _bare(text: str) -> str:
    """As it is compared: a test may have changed case and spaces."""
    return "".join(text.lower().split())
