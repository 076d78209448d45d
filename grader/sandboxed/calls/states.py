"""What the learner's code may change without a judge's knowing: a number that a function of a given
cell counts its calls in, or one that a function of the solution binds and the test, too.

A test that looks at it would see its own, which nobody changes, and `oracle.calls <= 10` would hold
of any answer. Places are written "name" or "name.attribute".
"""

from __future__ import annotations

import ast
import contextlib
import dis
import functools
import hashlib
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from grader.protocol.calls import ENCODER
from grader.protocol.values import CannotCross, kind_of
from grader.sandboxed.codec.buffers import join
from grader.sandboxed.codec.packing import Packer

_MISSING = object()
# What `functools.lru_cache` makes, and where that says how often it was called.
_CACHE: Any = type(functools.lru_cache(len))
_COUNTS = "cache_info"
_BINDS_IN_CLOSURES = ("STORE_DEREF", "DELETE_DEREF")


def picture(names: Mapping[str, Any], place: str, given: dict[str, Any]) -> str:
    """Tells what is there from anything else; "" where that is no data."""
    name, _, attribute = place.partition(".")
    value = names.get(name, _MISSING)
    if attribute:
        value = _part(value, attribute)
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
    node = packer.pack(_drawn(value) if is_iterator(value) else value)
    if kind_of(node) == "instance":
        raise CannotCross("an instance")
    return hashlib.sha256(ENCODER.encode(node) + join(packer.buffers)).hexdigest()


def _part(owner: Any, name: str) -> Any:
    """What a function, class or module has by a name, or a function keeps in a closure."""
    if type(owner) is _CACHE and name == _COUNTS:
        return tuple(owner.cache_info())
    with contextlib.suppress(TypeError):
        if name in vars(owner):
            return vars(owner)[name]
    return _closed_over(owner).get(name, _MISSING)


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
    """The places of what functions and classes of given cells have, and of iterators."""
    for name, value in names.items():
        if type(value) is _CACHE:
            yield f"{name}.{_COUNTS}"
        elif is_iterator(value):
            yield name
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
) -> set[str]:
    """The places that a test may look at.

    Args:
        source: of the test, as Python.
        bound: names that it binds.
        names: what stands for what in the judge.
        own: whether something is an instance of a given class, or a module, or an iterator.
        folder: where the files of the exercise lie.
    """
    found = set(bound)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.update(_places(node.value.id, node.attr, names, folder))
        elif isinstance(node, ast.Name) and own(names.get(node.id)):
            found.add(node.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.update(_of_call(node.func.id, names, folder))
    return found


def _places(name: str, attribute: str, names: Mapping[str, Any], folder: str) -> Iterator[str]:
    owner = names.get(name)
    if not _is_looked_into(owner, folder):
        return
    yield f"{name}.{attribute}"
    if issubclass(type(owner), type):
        held = vars(owner).get(attribute)
        # Of a class method, or a property.
        held = getattr(held, "__func__", getattr(held, "fget", held))
        code = getattr(held, "__code__", None)
        for part in code.co_names if isinstance(code, types.CodeType) else ():
            if part in vars(owner) and not callable(vars(owner)[part]):
                yield f"{name}.{part}"


def _is_looked_into(owner: Any, folder: str) -> bool:
    if type(owner) is types.ModuleType:
        # Of a file beside the notebook.
        return str(vars(owner).get("__file__")).startswith(f"{folder}/")
    if type(owner) is _CACHE:
        return True
    kinds = (types.FunctionType, type)
    return issubclass(type(owner), kinds) and owner.__module__ == "__main__"


def _of_call(name: str, names: Mapping[str, Any], folder: str) -> Iterator[str]:
    """What a function of a given cell that a test calls itself looks at, and leaves alone."""
    function = names.get(name)
    if type(function) is not types.FunctionType or function.__module__ != "__main__":
        return
    code = function.__code__
    for other in code.co_names:
        if other != name and _is_looked_into(names.get(other), folder):
            for part in code.co_names:
                yield from _places(other, part, names, folder)
    binds = {one.argval for one in dis.get_instructions(code) if one.opname in _BINDS_IN_CLOSURES}
    for part, held in _closed_over(function).items():
        # What can be changed in place may be a memory of what was computed.
        if part not in binds and isinstance(held, int | float | str | tuple):
            yield f"{name}.{part}"


def _no_live(value: Any) -> Any:
    raise CannotCross("something live")
