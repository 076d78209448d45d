"""Who unpickles bytes that answers have brought, or reads a network of theirs that is code.

Nothing here reads a pickle in a judge. What a test lends goes to a player as one: that has the
learner's code anyway.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, TypeAlias

from grader.protocol.values import CannotCross
from grader.sandboxed.cells import run_cell
from grader.sandboxed.codec import plain

# Before anything stands in their place.
_READERS: Any = pickle.loads, pickle.load, pickle.Unpickler
_WRITERS: Any = pickle.dumps, pickle.dump, pickle.Pickler
# What is written in Python has its classes changed where they stand, for all that is derived from
# it: so do joblib, which saves models of scikit-learn, and pandas.
_IN_PYTHON: Any = vars(pickle)["_Unpickler"]
_LOAD = _IN_PYTHON.load
# What reads networks whose layers are code: TorchScript's may write files, Keras' name classes.
_NETWORKS = {
    "torch._C": (
        *("import_ir_module", "import_ir_module_from_buffer"),
        *("_load_jit_module_from_file", "_load_jit_module_from_bytes"),
        *("_load_for_lite_interpreter", "_load_for_lite_interpreter_from_buffer"),
    ),
    "torch.export": ("load",),
    "torch.export.pt2_archive._package": ("load_pt2",),
    "keras.src.saving.saving_lib": ("load_model",),
    "keras.src.legacy.saving.legacy_h5_format": ("load_model_from_hdf5",),
    "tensorflow.python.saved_model.load": ("load_partial",),
}
Brought: TypeAlias = "set[str | bytes] | None"


def pickled(value: Any) -> bytes:
    """A value of a test's as a pickle, or if there is none of it the plain one that it is one of.

    Raises:
        Exception: when there is neither.
    """
    dumps = _WRITERS[0]
    try:
        return bytes(dumps(value))
    except Exception:
        made = plain.made_of(value)
        if made is None:
            raise
        return bytes(dumps(made))


def unpickled(data: bytes) -> Any:
    """A player's: what a test has lent."""
    return _READERS[0](data)


def refuse_pickles(brought: Callable[[], Brought]) -> None:
    """Has this process unpickle nothing that answers have brought, and read no network that is
    code: no test that does so with the teacher's solution is judged, but with a learner's bytes a
    library may.

    Args:
        brought: gives the texts and bytes that they have brought.
    """

    def refuse() -> NoReturn:
        raise CannotCross("a pickle, which is code")

    def refuse_network() -> NoReturn:
        raise CannotCross("a network that is code")

    # What tests themselves read, the contract has seen.
    tell_of_pickles(brought, refuse, Pickled({}), ("__main__", "shelve"))
    tell_of_networks(brought, refuse_network)
    _refuse_names_in_yaml(brought)
    _refuse_names_of_methods(brought)


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


def _refuse_names_of_methods(brought: Callable[[], Brought]) -> None:
    """The same of what torch reads without code: a tensor there may have any attribute, also one
    that is called as a method, such as `equal`, and be a class that answers with something true.
    """
    reader: Any = sys.modules.get("torch._weights_only_unpickler")
    if reader is None:
        return
    load = reader.Unpickler.load

    def loaded(self: Any) -> Any:
        made = load(self)
        if brought() and _has_names_of_methods(made):
            raise CannotCross("an attribute in the place of a method")
        return made

    reader.Unpickler.load = loaded


def _has_names_of_methods(value: Any) -> bool:
    todo, seen = [value], {}
    while todo:
        part = todo.pop()
        if id(part) in seen or isinstance(part, type | types.FunctionType):
            continue
        seen[id(part)] = part
        held = getattr(part, "__dict__", {})
        if any(hasattr(type(part), name) for name in held):
            return True
        todo += held.values()
        if isinstance(part, dict):
            todo += [*dict.keys(part), *dict.values(part)]
        elif isinstance(part, list | tuple | set):
            todo += part
    return False


class Pickled:
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
        reader = next(frame for frame in frames() if frame.f_globals is not globals())
        name = str(reader.f_globals.get("__name__"))
        if _bytes_of(read) is None:
            return False
        if name == "torch.serialization":
            # It reads files in parts, from memory.
            loads = (frame for frame in frames() if frame.f_code.co_name == "load")
            return any(_bytes_of(frame.f_locals.get("f")) is not None for frame in loads)
        return reader.f_globals is self._space or name.startswith(("numpy.", "pandas."))

    def is_own(self, read: Any) -> bool:
        """Whether it begins with what this process has pickled: nobody reads on behind its end."""
        data = _bytes_of(read)
        if data is None:
            with contextlib.suppress(AttributeError, OSError, TypeError, ValueError):
                place = read.tell()
                try:
                    data = read.read()
                finally:
                    read.seek(place)
        return isinstance(data, bytes) and data.startswith(tuple(self._own))

    @property
    def writers(self) -> list[Any]:
        """What writes pickles, and takes note of them."""
        dumps, _, pickler = _WRITERS

        def dumped(*args: Any, **kwargs: Any) -> Any:
            written = dumps(*args, **kwargs)
            self._own.add(written)
            return written

        def dumped_to(value: Any, file: Any, *args: Any, **kwargs: Any) -> None:
            file.write(dumped(value, *args, **kwargs))

        def dump_by(writer: Any, value: Any) -> None:
            # What stood in a file in memory before may be a learner's.
            place = writer.file.tell() if isinstance(writer.file, io.BytesIO) else None
            pickler.dump(writer, value)
            if place is not None:
                self._own.add(writer.file.getvalue()[place : writer.file.tell()])

        return [dumped, dumped_to, _with_its_file("Pickler", pickler, dump=dump_by)]


def _with_its_file(name: str, base: Any, **methods: Callable[..., Any]) -> type:
    """A class of pickle's that knows its file."""

    def init(self: Any, file: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, file, *args, **kwargs)
        self.file = file

    return type(name, (base,), {"__init__": init, **methods})


def _bytes_of(data: Any) -> bytes | None:
    """Bytes, also those that a file in memory still has to give."""
    if isinstance(data, io.BytesIO):
        return data.getvalue()[data.tell() :]
    return bytes(data) if isinstance(data, bytes | bytearray | memoryview) else None


# Of what reads and writes pickles, and stands in its place.
_KINDS = frozenset((types.BuiltinFunctionType, types.FunctionType, type))


def tell_of_pickles(
    brought: Callable[[], Brought],
    tell: Callable[[], None],
    pickled: Pickled,
    modules: Iterable[str] = (),
) -> None:
    """Has whatever reads pickles tell of it first. Python itself says only what one looks up.

    Args:
        pickled: knows what may have been made of what was brought.
        modules: in which it may have been imported by other names.
    """

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **kwargs: Any) -> Any:
            found = [one for one in brought() or () if isinstance(one, bytes) and one]
            if args and isinstance(args[0], bytes | bytearray):
                found = [one for one in found if one in args[0]]
            read = getattr(args[0], "file", args[0]) if args else None
            # `reads_own` looks for it.
            is_own = brought() is not None and pickled.is_own(read)
            # What a file holds may be of any of them.
            if not is_own and (found or (brought() is not None and pickled.is_other(read))):
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
    # While a contract is made, this is the second time.
    stood = [getattr(places, one.__name__) for one in (*_READERS, *_WRITERS)]
    places.loads, places.load, places.Unpickler = made
    _IN_PYTHON.load = telling(_LOAD)
    places.dumps, places.dump, places.Pickler = writers = pickled.writers
    before, now = (*_READERS, *_WRITERS, *stood), 2 * (*made, *writers)
    instead = dict(zip(before, now, strict=True))
    for module in map(sys.modules.get, modules):
        if not isinstance(module, types.ModuleType) or module is sys.modules[__name__]:
            continue
        for name, value in [*vars(module).items()]:
            # No two of these are equal. There are many, and audit hooks hear of each `id`.
            if type(value) in _KINDS and value in instead:
                setattr(module, name, instead[value])


def reads_own(frame: types.FrameType) -> bool:
    """Whether there a pickle is read that this process has made."""
    return frame.f_globals is globals() and bool(frame.f_locals.get("is_own"))


def tell_of_networks(brought: Callable[[], Brought], tell: Callable[[], None]) -> None:
    """Has whatever reads a network that is code tell of it first, if answers have brought bytes."""

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **kwargs: Any) -> Any:
            if any(isinstance(one, bytes) and one for one in brought() or ()):
                tell()
            return function(*args, **kwargs)

        return told

    for place, names in _NETWORKS.items():
        module = sys.modules.get(place)
        for name in names if module is not None else ():
            if hasattr(module, name):
                setattr(module, name, telling(getattr(module, name)))


def is_for_the_cell(space: Mapping[str, Any]) -> bool:
    """Whether this is done to run the cell itself, by nothing that the cell has called or begun.

    Args:
        space: the names of cells.
    """
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals is not space:
        if frame.f_code is run_cell.__code__:
            return True
        frame = frame.f_back
    return False


def frames() -> Iterator[types.FrameType]:
    """Who has called, the last one first."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
