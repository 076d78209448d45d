"""Whether a test runs as code what an answer says: by `eval`, `exec`, sympy's `sympify`, a query of
pandas', a template of jinja2, what unpickles bytes, or as a command. It would run in the test's own
process, which decides about marks, or beside it, in the test's folder.

Looked for while a contract is made, with the texts and bytes of the teacher's solution.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from grader.protocol.values import CannotCross

# They make code of a text in ways of their own: it is looked for where it comes in.
_EVALUATORS = (
    *("sympy.parsing.", "sympy.core.sympify", "pandas.core.computation."),
    *("jinja2.", "mako."),
    # Formulas of statsmodels, whose parts are code.
    *("patsy.", "formulaic."),
)
# What starts a program: the first of what it says are the program and its arguments.
_STARTS = {"os.system": 1, "subprocess.Popen": 2, "os.posix_spawn": 2, "os.exec": 2}
# A copy of this process starts it, unheard: who asks for it has the command.
_FORKS = ("os.fork", "os.forkpty")
_STARTERS = ("pexpect.", "ptyprocess.", "IPython.utils.")
# What a program reads from who has started it, as subprocess says it.
_PIPE = -1
# Of a file that a command names, so much is looked at.
_MOST_BYTES = 4 * 2**20
# They make code of names alone.
_OF_NAMES = ("collections", "dataclasses")
# Before anything stands in their place.
_READERS: Any = pickle.loads, pickle.load, pickle.Unpickler
_WRITERS: Any = pickle.dumps, pickle.dump, pickle.Pickler
# What is written in Python has its classes changed where they stand, for all that is derived from
# it: so do joblib, which saves models of scikit-learn, and pandas.
_IN_PYTHON: Any = vars(pickle)["_Unpickler"]
_LOAD = _IN_PYTHON.load
Brought: TypeAlias = "set[str | bytes] | None"


class Watch:
    """Watches what is compiled and run, for as long as this process lives.

    Args:
        cell: what the file of the cell that runs is called, which is the teacher's.
        space: the names of cells.

    Attributes:
        texts: texts and bytes that the answers have brought; None while nothing is looked for.
        ran: whether one of them was run since.
    """

    def __init__(self, cell: Callable[[], str], space: Mapping[str, Any]) -> None:
        self._cell = cell
        self._space = space
        self.texts: set[str | bytes] | None = None
        self.ran = False
        # Files of what was compiled with such a text in it.
        self._files: set[str] = set()
        # Whether one was made a tree, from which code may be made.
        self._is_a_tree = False
        # What the test itself says, without spaces, and tests that have run one: what a test has
        # imported once runs no second time.
        self._own = ""
        self._found: set[str] = set()
        sys.addaudithook(self._hear)
        _tell_of_pickles(lambda: self.texts, self._note, _Pickled(space), everywhere=True)

    def begin(self, before: set[str | bytes], source: str) -> set[str | bytes]:
        """Begins; returns where texts are to be put.

        Args:
            before: what earlier tests have been brought, which they may have left to this one.
            source: the test's.
        """
        self.texts, self._own, self._is_a_tree = set(before), _bare(source), False
        self.ran = self._own in self._found
        self._files.clear()
        return self.texts

    def end(self) -> bool:
        """Looks no more; says whether one was run."""
        self.texts = None
        if self.ran:
            self._found.add(self._own)
        return self.ran

    def _note(self) -> None:
        self.ran = True

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.texts:
            return
        if event == "compile":
            source, file = args
            if isinstance(source, bytes):
                source = source.decode("utf-8", "replace")
            caller = next(frame for frame in _frames() if frame.f_globals is not globals())
            counts = file != self._cell() and caller.f_globals.get("__name__") not in _OF_NAMES
            is_asked = caller.f_globals is self._space
            if isinstance(source, str) and counts:
                # A test may have made another text of it: one that it does not say itself.
                if self._is_of_one(source) or (is_asked and _bare(source) not in self._own):
                    self._files.add(str(file))
                    self._is_a_tree = True
            elif isinstance(source, ast.AST) and (self._is_a_tree or is_asked):
                # The cell itself is made code line by line, as it goes on.
                self.ran |= any(frame.f_globals is self._space for frame in _frames())
            self.ran = self.ran or self._is_at_work(_EVALUATORS)
        elif event in _STARTS:
            said = [*_texts_in(args[: _STARTS[event]])]
            files = _texts_of_files(" ".join(said).split())
            self.ran = self.ran or any(map(self._is_in, (*said, *files))) or self._is_fed()
        elif event in _FORKS:
            self.ran = self.ran or self._is_at_work(_STARTERS)
        elif event == "pickle.find_class":
            # Whatever reads it, in whatever way of its own.
            names = [str(name).encode() for name in args[-2:]]
            pickles = [text for text in self.texts if isinstance(text, bytes)]
            self.ran = self.ran or any(all(name in one for name in names) for one in pickles)
        elif event == "exec":
            self.ran = self.ran or getattr(args[0], "co_filename", None) in self._files

    def _is_in(self, source: str) -> bool:
        """Whether one of the texts is in it."""
        whole = _bare(source)
        return any(text == whole or (text in whole and not _is_word(text)) for text in self._said)

    def _is_of_one(self, source: str) -> bool:
        """The same, or whether it is a part of one, such as a line or what stands behind a sign."""
        part = _bare(source)
        return self._is_in(source) or (
            not _is_word(part) and any(part in text for text in self._said)
        )

    @property
    def _said(self) -> Iterator[str]:
        return (_bare(text) for text in self.texts or () if isinstance(text, str))

    def _is_fed(self) -> bool:
        """Whether a program that is being started reads one from the test, or may later."""
        frames = [f for f in _frames() if f.f_globals.get("__name__") == "subprocess"]
        if any(frame.f_code.co_name == "run" for frame in frames):
            return self._is_at_work(("subprocess",))
        return any(frame.f_locals.get("stdin") == _PIPE for frame in frames)

    def _is_at_work(self, modules: tuple[str, ...]) -> bool:
        """Whether what makes code of a text, or a command, has got one of these."""
        return any(
            any(map(self._is_in, _texts_in([*frame.f_locals.values()])))
            for frame in _frames()
            if str(frame.f_globals.get("__name__", "")).startswith(modules)
        )


def refuse_pickles(brought: Callable[[], Brought]) -> None:
    """Has this process unpickle nothing that answers have brought: no test that does so with the
    teacher's solution is judged, but with a learner's bytes a library may.

    Args:
        brought: gives the texts and bytes that they have brought.
    """

    def refuse() -> NoReturn:
        raise CannotCross("a pickle, which is code")

    # What tests themselves read, the contract has seen.
    _tell_of_pickles(brought, refuse, _Pickled({}))
    _refuse_names_in_yaml(brought)


def _refuse_names_in_yaml(brought: Callable[[], Brought]) -> None:
    """The same of yaml's loader that calls what a text names."""
    constructor = getattr(sys.modules.get("yaml"), "constructor", None)
    unsafe: Any = getattr(constructor, "UnsafeConstructor", None)

    def refusing(find: Callable[..., Any]) -> Callable[..., Any]:
        def found(*args: Any, **kwargs: Any) -> Any:
            if brought():
                raise CannotCross("a name in yaml, which is code")
            return find(*args, **kwargs)

        return found

    for name in ("find_python_module", "find_python_name") if unsafe is not None else ():
        setattr(unsafe, name, refusing(getattr(unsafe, name)))


class _Pickled:
    """What this process has pickled itself: a test may read that. What it reads besides, it may
    have made of what it was brought: decompressed it, or put numbers together.

    Args:
        space: the names of cells.
    """

    def __init__(self, space: Mapping[str, Any]) -> None:
        self._space = space
        self._own: set[bytes] = set()

    def is_other(self, read: Any) -> bool:
        """Whether a test reads bytes that are not of this process, itself or by a library."""
        reader = next(frame for frame in _frames() if frame.f_globals is not globals())
        name = str(reader.f_globals.get("__name__"))
        data = _bytes_of(read)
        if data is None or data in self._own:
            return False
        if name == "torch.serialization":
            # It reads files in parts, from memory.
            loads = (frame for frame in _frames() if frame.f_code.co_name == "load")
            return any(_bytes_of(frame.f_locals.get("f")) is not None for frame in loads)
        return reader.f_globals is self._space or name.startswith(("numpy.", "pandas."))

    def keep(self, written: Any) -> None:
        """Takes note of bytes, or of what a file in memory holds."""
        self._own.add(_bytes_of(written) or b"")

    @property
    def writers(self) -> list[Any]:
        """What writes pickles, and takes note of them."""
        dumps, dump, pickler = _WRITERS

        def dumped(*args: Any, **kwargs: Any) -> Any:
            written = dumps(*args, **kwargs)
            self.keep(written)
            return written

        def dumped_to(value: Any, file: Any, *args: Any, **kwargs: Any) -> None:
            dump(value, file, *args, **kwargs)
            self.keep(file)

        def dump_by(writer: Any, value: Any) -> None:
            pickler.dump(writer, value)
            self.keep(writer.file)

        return [dumped, dumped_to, _with_its_file("Pickler", pickler, dump=dump_by)]


def _with_its_file(name: str, base: Any, **methods: Callable[..., Any]) -> type:
    """A class of pickle's that knows its file."""

    def init(self: Any, file: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, file, *args, **kwargs)
        self.file = file

    return type(name, (base,), {"__init__": init, **methods})


def _bytes_of(data: Any) -> bytes | None:
    """Bytes, also those of a file in memory."""
    if isinstance(data, io.BytesIO):
        return data.getvalue()
    return bytes(data) if isinstance(data, bytes | bytearray | memoryview) else None


def _tell_of_pickles(
    brought: Callable[[], Brought],
    tell: Callable[[], None],
    pickled: _Pickled,
    everywhere: bool = False,
) -> None:
    """Has whatever reads pickles tell of it first. Python itself says only what one looks up.

    Args:
        pickled: knows what may have been made of what was brought.
        everywhere: also by the names by which others have imported it.
    """

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **kwargs: Any) -> Any:
            found = [one for one in brought() or () if isinstance(one, bytes) and one]
            if args and isinstance(args[0], bytes | bytearray):
                found = [one for one in found if one in args[0]]
            read = getattr(args[0], "file", args[0]) if args else None
            # What a file holds may be of any of them.
            if found or (brought() is not None and pickled.is_other(read)):
                tell()
            return function(*args, **kwargs)

        return told

    loads, load, unpickler = _READERS
    made: list[Any] = [
        telling(loads),
        telling(load),
        _with_its_file("Unpickler", unpickler, load=telling(unpickler.load)),
    ]
    places: Any = pickle
    places.loads, places.load, places.Unpickler = made
    _IN_PYTHON.load = telling(_LOAD)
    places.dumps, places.dump, places.Pickler = writers = pickled.writers
    before, now = (*_READERS, *_WRITERS), (*made, *writers)
    for module in [*sys.modules.values()] if everywhere else []:
        for name, value in [*vars(module).items()] if isinstance(module, types.ModuleType) else []:
            for old, new in zip(before, now, strict=True):
                if value is old and module is not sys.modules[__name__]:
                    setattr(module, name, new)


def _texts_in(values: Sequence[Any]) -> Iterator[str]:
    """The texts among some values, and in lists among them."""
    for value in values:
        if type(value) in (list, tuple):
            yield from _texts_in([one for one in value if type(one) in (str, bytes)])
        elif type(value) is bytes:
            yield value.decode("utf-8", "replace")
        elif type(value) is str:
            yield value


def _texts_of_files(words: Sequence[str]) -> Iterator[str]:
    """What the files hold that a command names, or as modules of Python."""
    for word in words:
        for path in (word, f"{word}.py"):
            with contextlib.suppress(OSError, ValueError):
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        yield file.read(_MOST_BYTES).decode("utf-8", "replace")


def _is_word(text: str) -> bool:
    """Whether it is a name or a number, which may stand in any source."""
    return len(text) <= 2 or text.replace("_", "").isalnum()


def _bare(text: str) -> str:
    return "".join(text.split())


def _frames() -> Iterator[types.FrameType]:
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
