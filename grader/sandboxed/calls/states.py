"""What the learner's code may change without a judge's knowing: a number that a function of a given
cell counts its calls in, or one that a function of the solution binds and the test, too.

A test that looks at it would see its own, which nobody changes, and `oracle.calls <= 10` would hold
of any answer. So would a test that reads a released file which the solution writes anew. Places are
written "name" or "name.attribute", those of files whole, "/folder/name".
"""

from __future__ import annotations

import ast
import contextlib
import dis
import functools
import hashlib
import inspect
import io
import itertools
import os
import queue
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from grader.protocol.calls import ENCODER
from grader.protocol.values import CannotCross, kind_of
from grader.sandboxed.calls import handed_files
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.packing import Packer

_MISSING = object()
# What `functools.lru_cache` makes, and where that says how often it was called.
_CACHE: Any = type(functools.lru_cache(len))
_COUNTS = "cache_info"
_BINDS_IN_CLOSURES = ("STORE_DEREF", "DELETE_DEREF")
_READS, _SETS = ("LOAD_ATTR", "LOAD_METHOD"), ("STORE_ATTR", "DELETE_ATTR")
# What puts something into a list or a dictionary: it may be a memory of what was computed.
_FILLS = {"STORE_SUBSCR", "append", "add", "update", "setdefault", "extend", "insert"}
# By which somebody asks how often a mock was called, what a file in memory or a queue holds.
_ASKS_OF_MOCKS = (
    "called",
    "call_count",
    "call_args",
    "call_args_list",
    "mock_calls",
    "method_calls",
)
_ASKS_OF_HELD = ("getvalue", "getbuffer", "read", "readline", "readlines", "tell")
_ASKS = {*_ASKS_OF_MOCKS, *_ASKS_OF_HELD, "qsize", "empty", "full", "get", "get_nowait"}


def picture(names: Mapping[str, Any], place: str, given: dict[str, Any]) -> str:
    """Tells what is there from anything else; "" where that is no data.

    What is written anew counts as something else, whatever it is: the file that is released may be
    the one that the solution writes.
    """
    if os.path.isabs(place):
        try:
            return str(handed_files.state(place))
        except OSError:
            return ""
    name, _, attribute = place.partition(".")
    value = names.get(name, sys.modules.get(name, _MISSING))
    value = _part(value, attribute) if attribute else _told_of(value)
    try:
        return content(value, given)
    except CannotCross:
        return ""


def content(value: Any, given: dict[str, Any]) -> str:
    """Tells data, a network or an instance of a given class from any other.

    Raises:
        CannotCross: if it is nothing of these.
    """
    packer = Packer(_no_live, given)
    try:
        node = packer.pack(_drawn(value) if is_iterator(value) else value)
    except CannotCross:
        raise
    except Exception as error:
        # Some iterators don't say what they have left, and a dictionary's class may look for each
        # attribute among its keys.
        raise CannotCross("what can't be looked at") from error
    if kind_of(node) == "instance":
        raise CannotCross("an instance")
    return hashlib.sha256(ENCODER.encode(node) + join(packer.buffers)).hexdigest()


def _part(owner: Any, name: str) -> Any:
    """What a function, class, module or instance has by a name, or a function keeps in a
    closure."""
    if type(owner) is _CACHE and name == _COUNTS:
        return tuple(owner.cache_info())
    with contextlib.suppress(TypeError):
        if name in vars(owner):
            return vars(owner)[name]
    if _is_instance(owner):
        found = inspect.getattr_static(owner, name, _MISSING)
        if not isinstance(found, types.MemberDescriptorType):
            return found
        # Of `__slots__`, of which it may have none yet.
        with contextlib.suppress(AttributeError):
            return found.__get__(owner)
    return _closed_over(owner).get(name, _MISSING)


def _told_of(value: Any) -> Any:
    """What a mock, a file in memory or a queue tells of what was done with it; else itself."""
    cls = type(value)
    if any((one.__module__, one.__name__) == _MOCK for one in cls.__mro__):
        return [value.call_count, len(value.mock_calls)]
    if cls in (io.StringIO, io.BytesIO):
        return None if value.closed else [value.getvalue(), value.tell()]
    return value.qsize() if issubclass(cls, queue.Queue) else value


_MOCK = "unittest.mock", "NonCallableMock"


def _is_instance(value: Any) -> bool:
    """Whether it is one of a given class, or of what has but attributes."""
    cls = type(value)
    return cls is types.SimpleNamespace or (
        cls.__module__ == "__main__" and not issubclass(cls, type)
    )


def _closed_over(function: Any) -> dict[str, Any]:
    if type(function) is not types.FunctionType:
        return {}
    found = {}
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        # It may be empty.
        with contextlib.suppress(ValueError):
            found[name] = cell.cell_contents
    return found


def is_iterator(value: Any) -> bool:
    """Whether it is one of Python's own, a generator among them."""
    return type(value).__module__ in ("builtins", "itertools") and isinstance(value, Iterator)


def _drawn(value: Any) -> list[Any]:
    """What an iterator has left, and a generator knows, as far as it is data."""
    if isinstance(value, types.GeneratorType):
        frame = value.gi_frame
        parts = [] if frame is None else [frame.f_lasti, *frame.f_locals.values()]
    else:
        with warnings.catch_warnings():
            # Those of itertools can't be asked any more from Python 3.14 on.
            warnings.simplefilter("ignore", DeprecationWarning)
            _, *parts = value.__reduce__()
    return [part for one in parts for part in _of(one)]


def _of(part: Any) -> list[Any]:
    if isinstance(part, tuple):
        return [held for one in part for held in _of(one)]
    if is_iterator(part):
        return _drawn(part)
    return [] if callable(part) else [part]


def standing(names: Mapping[str, Any], given: dict[str, Any]) -> Iterator[str]:
    """The places of what functions and classes of given cells have, of numbers and texts that
    instances have, and of iterators."""
    for name, value in [*names.items()]:
        if type(value) is _CACHE:
            yield f"{name}.{_COUNTS}"
        elif is_iterator(value) or _told_of(value) is not value:
            yield name
        elif _is_instance(value):
            for attribute, held in getattr(value, "__dict__", {}).items():
                if isinstance(held, int | float | str):
                    yield f"{name}.{attribute}"
        elif name in given and given[name] is value:
            for attribute, held in vars(value).items():
                if attribute[:2] != "__" and not callable(held):
                    yield f"{name}.{attribute}"


def looked_at(
    source: str,
    bound: Iterable[str],
    names: Mapping[str, Any],
    own: Callable[[Any], bool],
    folder: str,
    codes: Iterable[types.CodeType],
) -> set[str]:
    """The places that a test may look at.

    Args:
        source: of the test, as Python.
        bound: names that it binds.
        names: what stands for what in the judge.
        own: whether something is an instance of a given class, or a module, or an iterator.
        folder: where the files of the exercise lie.
        codes: of what given cells define and the test may call itself.
    """
    found = set(bound)
    used = set()
    said = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            said.add(node.attr)
            name, is_own = _owner_of(node)
            if is_own:
                found.update(_places(name, node.attr, names, folder))
                owner = names.get(name)
                if type(owner) is types.ModuleType:
                    found.update(_in_module(vars(owner).get(node.attr), folder))
            found.update(_asked(name, {node.attr}, names))
        elif isinstance(node, ast.Name):
            used.add(node.id)
            if own(names.get(node.id)):
                found.add(node.id)
    read: set[str] = set()
    filled: set[str] = set()
    for code in _called(codes, said):
        used.update(code.co_names)
        done = [*dis.get_instructions(code)]
        asked = {one.argval for one in done if one.opname in _READS}
        fills = not _FILLS.isdisjoint({one.opname for one in done} | asked)
        # Who counts doesn't look.
        (filled if fills else read).update(
            asked - {one.argval for one in done if one.opname in _SETS}
        )
        for name in code.co_names:
            found.update(_asked(name, asked, names))
    for name in used:
        if _is_looked_into(names.get(name), folder):
            for attribute in read | filled:
                held = _part(names.get(name), attribute)
                # `next(Task.numbers)` doesn't look, either, nor `memory[n] = found`.
                is_number = isinstance(held, int | float | str | tuple)
                if is_number or not (attribute in filled or held is _MISSING or is_iterator(held)):
                    found.update(_places(name, attribute, names, folder))
        found.update(_in_closure(name, names))
        found.update(_in_module(names.get(name), folder))
    return found


def _called(codes: Iterable[types.CodeType], said: Iterable[str]) -> list[types.CodeType]:
    """Of these the functions, and the methods that may be called.

    Args:
        said: attributes that a test asks for.
    """
    said, called, rest = set(said), list[types.CodeType](), [*codes]
    while True:
        more = [code for code in rest if _methods(code) <= said]
        if not more:
            return called
        called += more
        rest = [code for code in rest if code not in more]
        said.update(*(code.co_names for code in more))


def _methods(code: types.CodeType) -> set[str]:
    """The methods that a code is, or stands in; without those that Python calls."""
    parts = code.co_qualname.split(".")
    of_classes = (part for owner, part in itertools.pairwise(parts) if owner != "<locals>")
    return {part for part in of_classes if part[:1] != "<" and part[:2] != "__"}


def _owner_of(node: ast.Attribute) -> tuple[str, bool]:
    """The name of which an attribute is asked, or of what it has; and whether it is its own."""
    owner: ast.expr = node.value
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    return (owner.id if isinstance(owner, ast.Name) else ""), owner is node.value


def _asked(name: str, attributes: set[str], names: Mapping[str, Any]) -> Iterator[str]:
    value = names.get(name)
    asks = any(one in _ASKS or one.startswith("assert_") for one in attributes)
    if asks and _told_of(value) is not value:
        yield name


def _places(name: str, attribute: str, names: Mapping[str, Any], folder: str) -> Iterator[str]:
    owner = names.get(name)
    if not _is_looked_into(owner, folder):
        return
    yield f"{name}.{attribute}"
    if issubclass(type(owner), type):
        held: Any = vars(owner).get(attribute)
        # Others may have an idea of their own of what they are asked.
        if type(held) in (staticmethod, classmethod):
            held = held.__func__
        elif type(held) is property:
            held = held.fget
        names_in_it = held.__code__.co_names if type(held) is types.FunctionType else ()
        for part in names_in_it:
            if part in vars(owner) and not callable(vars(owner)[part]):
                yield f"{name}.{part}"


def _is_looked_into(owner: Any, folder: str) -> bool:
    if type(owner) is types.ModuleType:
        return _lies_in(owner, folder)
    if type(owner) is _CACHE or _is_instance(owner):
        return True
    if not issubclass(type(owner), types.FunctionType | type):
        return False
    module = owner.__module__
    return module == "__main__" or _lies_in(sys.modules.get(module), folder)


def _lies_in(module: types.ModuleType | None, folder: str) -> bool:
    """Whether it is of a file beside the notebook."""
    return str(getattr(module, "__file__", None)).startswith(f"{folder}/")


def _in_module(function: Any, folder: str) -> Iterator[str]:
    """What a function of a file beside the notebook looks at there, and leaves alone."""
    if type(function) is not types.FunctionType:
        return
    module = sys.modules.get(str(function.__module__))
    if module is None or not _lies_in(module, folder):
        return
    done = [*dis.get_instructions(function.__code__)]
    binds = {one.argval for one in done if one.opname == "STORE_GLOBAL"}
    for part in {one.argval for one in done if one.opname == "LOAD_GLOBAL"} - binds:
        if isinstance(vars(module).get(part), int | float | str):
            yield f"{module.__name__}.{part}"


def _in_closure(name: str, names: Mapping[str, Any]) -> Iterator[str]:
    """What a function of a given cell that a test may call looks at, and leaves alone."""
    function = names.get(name)
    if type(function) is not types.FunctionType or function.__module__ != "__main__":
        return
    code = function.__code__
    binds = {one.argval for one in dis.get_instructions(code) if one.opname in _BINDS_IN_CLOSURES}
    for part, held in _closed_over(function).items():
        # What can be changed in place may be a memory of what was computed.
        if part not in binds and isinstance(held, int | float | str | tuple):
            yield f"{name}.{part}"


def _no_live(value: Any) -> Any:
    raise CannotCross("something live")
