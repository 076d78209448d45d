"""Modules of torch.nn as data: constructor arguments, parameters, buffers, children, masks.

`encode` says what a module is made of, `decode` makes it anew. Whatever else hangs on it does not
cross. Hooks, and a `forward` of its own, stay where they are, may look on from there, and are on it
again when it comes back. Masks of torch.nn.utils.prune cross:
https://docs.pytorch.org/tutorials/intermediate/pruning_tutorial.html.

Loaded where torch is there.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils import hooks

from grader.protocol.values import CannotCross, Live, Module, Node
from grader.sandboxed.codec.families import tensors
from grader.sandboxed.codec.families.instances import is_plain_attribute
from grader.sandboxed.codec.families.tensors import inferring
from grader.sandboxed.codec.narrow import within

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
_RECURRENT = (nn.RNN, nn.LSTM, nn.GRU)
_RECURRENT_ARGS = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
)
# What only one of them takes.
_OWN_ARGS = {nn.RNN: ("nonlinearity",), nn.LSTM: ("proj_size",)}
_CELLS = (nn.RNNCell, nn.LSTMCell, nn.GRUCell)
# Numbers that make no difference to the rest of a module, parameters aside.
_ONLY_KEPT = {nn.Linear: {"in_features", "out_features"}}
# What is made of the padding once and used unless that is zeros, whatever the padding is by then.
_MADE = dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), "_reversed_padding_repeated_twice")
# Arguments that are kept under another name.
_KEPT_AS = {(nn.PairwiseDistance, "p"): "norm"}
# They hold modules or functions that their arguments do not tell.
_NOT_PLAIN = (
    nn.Module,
    nn.Container,
    nn.MultiheadAttention,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.AdaptiveLogSoftmaxWithLoss,
    nn.TripletMarginWithDistanceLoss,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.DataParallel,
    # From PyTorch 2.14 on.
    getattr(nn, "LinearCrossEntropyLoss", nn.Module),
)
# Where a module keeps what is called before, after and in place of it, and how.
_BEFORE, _FORWARD = "_forward_pre_hooks", "forward"
_HOOKS = {
    _BEFORE: ("_forward_pre_hooks_with_kwargs",),
    "_forward_hooks": ("_forward_hooks_with_kwargs", "_forward_hooks_always_called"),
    _FORWARD: (),
}
_MOST_HOOKS = 100
# This side's, by a number that nobody else can say: where it is kept, and what the other may call.
_told: dict[int, tuple[Any, str, Callable[..., Any]]] = {}
_MOST_TOLD = 1_000
_LARGEST = 2**31
_MAX_LAYERS = 64
# What a class may have of its own beside further methods and constants, and its modules do what its
# base's do.
_ONLY_MAKES = {
    "__init__",
    "__module__",
    "__doc__",
    "__annotations__",
    # How they are printed.
    "__repr__",
    "extra_repr",
    # From Python 3.13 on.
    "__static_attributes__",
    "__firstlineno__",
}
_CONSTANTS = bool | int | float | str | tuple | list | dict | None


@cache
def _classes() -> dict[str, type[nn.Module]]:
    found = {}
    for name in dir(nn):
        cls = getattr(nn, name)
        # What takes its sizes from its first input has another class afterwards.
        lazy = name.startswith("Lazy")
        if isinstance(cls, type) and issubclass(cls, nn.Module) and not lazy:
            found[name] = cls
    return {name: cls for name, cls in found.items() if cls not in _NOT_PLAIN}


@cache
def _arguments(cls: Any) -> dict[str, inspect.Parameter]:
    if cls in _CONTAINERS:
        return {}
    if cls in _RECURRENT:
        kind = inspect.Parameter.KEYWORD_ONLY
        names = (*_RECURRENT_ARGS, *_OWN_ARGS.get(cls, ()))
        return {name: inspect.Parameter(name, kind, default=None) for name in names}
    parameters = inspect.signature(cls).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind in named and name not in ("device", "dtype")
    }


@cache
def _takes_device(cls: Any) -> bool:
    return "device" in inspect.signature(cls).parameters


def is_library_class(cls: type) -> bool:
    """Whether modules of this class can be rebuilt from their arguments."""
    return _classes().get(cls.__name__) is cls


def library_class(name: str) -> type[nn.Module]:
    """The class of torch.nn of this name.

    Raises:
        CannotCross: when it is none that can be rebuilt.
    """
    if name not in _classes():
        raise CannotCross(f"the class {name[:50]}")
    return _classes()[name]


def _library_class_of(cls: type) -> type[nn.Module] | None:
    """The class itself, or its base, where that does what it does; None where there is none."""
    while not is_library_class(cls):
        base = cls.__base__ or object
        if cls.__bases__ != (base,) or not all(_leaves(base, *own) for own in vars(cls).items()):
            return None
        cls = base
    return cls


def _leaves(base: type, name: str, own: Any) -> bool:
    """Whether modules of the base do the same with this: it is nothing that they ask for."""
    if name in _ONLY_MAKES:
        return True
    is_method = isinstance(own, FunctionType | property | classmethod | staticmethod)
    is_constant = isinstance(own, _CONSTANTS) and not name.startswith("_")
    # `weight` is no attribute of the class itself.
    asked = hasattr(base, name) or any(name in inspect.get_annotations(cls) for cls in base.__mro__)
    return (is_method or is_constant) and not asked


def _is_supported(module: nn.Module) -> bool:
    """Whether a module can cross: it and all that is in it are what a class of torch.nn makes."""
    todo, seen = [module], {id(module)}
    for part in todo:
        if _library_class_of(type(part)) is None:
            return False
        children = part.__dict__["_modules"].values()
        new = [child for child in children if child is not None and id(child) not in seen]
        seen.update(map(id, new))
        todo += new
    return True


def encode(module: nn.Module, packer: Packer) -> Node:
    """What a module is made of; of a class of given cells, its plain attributes too.

    Raises:
        CannotCross: when a part can't cross.
    """
    given = packer.is_given(type(module))
    if not given and not _is_supported(module):
        return packer.stays(module)
    packer.register(module)
    pack = packer.pack
    cls = type(module) if given else _library_class_of(type(module))
    assert cls is not None
    state = module.__dict__
    parameters, buffers, children = state["_parameters"], state["_buffers"], state["_modules"]
    unsaved = state["_non_persistent_buffers_set"]
    attributes: dict[str, Node] = {}
    args: dict[str, Node] = {}
    if given:
        attributes = {name: pack(state[name]) for name in state if _crosses(cls, name)}
    else:
        args = {name: pack(value) for name, value in _values(cls, module).items()}
    pruned = _pruned(state)
    # A request that prune refuses takes away the hook of the mask before it.
    unhooked = [
        name
        for name in (mask.removesuffix("_mask") for mask in buffers if mask.endswith("_mask"))
        if f"{name}_orig" in parameters and name in state and name not in pruned
    ]
    return Module(
        f"given:{cls.__name__}" if given else cls.__name__,
        args,
        attributes,
        bool(state["training"]),
        [(name, pack(value)) for name, value in parameters.items()],
        [(name, pack(value), name not in unsaved) for name, value in buffers.items()],
        [(name, pack(value)) for name, value in children.items()],
        pruned,
        unhooked,
        [
            (name, pack(state.get(name)))
            for name in (*pruned, *unhooked)
            if not _is_laid_on(state, name) or packer.has_memory_of(state[name])
        ],
        {kept: rows for kept in _HOOKS if (rows := _rows(state, kept, packer))},
    )


def look(module: nn.Module) -> object:
    """What `encode` says of a module of torch's, with what it is made of by identity; None of
    another."""
    cls = type(module)
    if not is_library_class(cls):
        return None
    try:
        values = repr(_values(cls, module))
    except CannotCross:
        return None
    state = module.__dict__
    parts = [state[kind] for kind in ("_parameters", "_buffers", "_modules")]
    return (
        cls,
        values,
        bool(state["training"]),
        [[(name, id(part)) for name, part in held.items()] for held in parts],
        frozenset(state["_non_persistent_buffers_set"]),
        _pruned(state),
        # A mask may be changed in place, and then laid on once more.
        [
            (name, tensors.look(held.detach()) if isinstance(held, torch.Tensor) else None)
            for name in (mask.removesuffix("_mask") for mask in state["_buffers"])
            if (held := state.get(name)) is not None
        ],
        [_numbers(state, kept) for kept in _HOOKS],
    )


def _pruned(state: dict[str, Any]) -> list[str]:
    """The names of what is pruned whenever the module is called."""
    return [hook._tensor_name for hook in state[_BEFORE].values() if _is_mask(hook)]


def _is_mask(hook: Any) -> bool:
    """Whether it masks a parameter as torch's do, whatever has chosen the mask."""
    own, cls = prune.BasePruningMethod, type(hook)
    if not issubclass(cls, own) or "apply_mask" in vars(hook):
        return False
    return cls.__call__ is own.__call__ and cls.apply_mask is own.apply_mask


def _is_laid_on(state: dict[str, Any], name: str) -> bool:
    """Whether what stands in a parameter's place is what its mask leaves of it: until the next call
    it may be from before either was changed."""
    there = state.get(name)
    weight, mask = (
        state[kind].get(name + end)
        for kind, end in (("_parameters", "_orig"), ("_buffers", "_mask"))
    )
    if weight is None or mask is None or not isinstance(there, torch.Tensor):
        return False
    if weight.shape != mask.shape:
        # Who reads that refuses it.
        return True
    made = mask.detach().to(weight.dtype) * weight.detach()
    return made.dtype == there.dtype and torch.equal(made, there.detach())


def _hung(state: dict[str, Any], kept: str) -> dict[int, Any]:
    """What is called there, but for masks, by the key that it has."""
    if kept == _FORWARD:
        return {0: state[kept]} if callable(state.get(kept)) else {}
    there = state[kept].items()
    return {key: one for key, one in there if not _is_mask(one)}


def _numbers(state: dict[str, Any], kept: str) -> list[int]:
    """The numbers of what is called there; 0 for one too many."""
    found = []
    for hook in _hung(state, kept).values():
        if type(hook) is _Elsewhere:
            found.append(hook.number)
            continue
        told = _told.items()
        number = next((n for n, (one, place, _) in told if one is hook and place == kept), 0)
        if not number and len(_told) < _MOST_TOLD:
            number = int.from_bytes(os.urandom(7))
            _told[number] = hook, kept, _asking(hook)
        found.append(number)
    return found


def _asking(hook: Any) -> Callable[..., Any]:
    """A function in the place of what may be an object."""
    return lambda *args, **kwargs: hook(*args, **kwargs)


def _rows(state: dict[str, Any], kept: str, packer: Packer) -> list[tuple[int, list[str], Node]]:
    rows = []
    hung = _hung(state, kept).items()
    for (key, hook), number in zip(hung, _numbers(state, kept), strict=True):
        how = [name for name in _HOOKS[kept] if key in state[name]]
        ask = None
        if type(hook) is _Elsewhere:
            ask = packer.pack(hook.ask)
        elif packer.hooks and number in _told:
            ask = packer.live(_told[number][2])
        rows.append((number, how, ask))
    return rows


def _values(cls: Any, module: nn.Module) -> dict[str, Any]:
    values = dict[str, Any]()
    for name, parameter in _arguments(cls).items():
        kept = _KEPT_AS.get((cls, name), name)
        if name == "bias" and cls not in (*_RECURRENT, *_CELLS):
            parts = module._parameters
            values[name] = parts.get("bias") is not None or "bias_orig" in parts
        elif kept in module.__dict__:
            values[name] = module.__dict__[kept]
        elif parameter.default is inspect.Parameter.empty:
            raise CannotCross(f"a {cls.__name__} that has lost its {name}")
    if cls in _MADE and values.get("padding_mode") != "zeros":
        values[_MADE[cls]] = module.__dict__.get(_MADE[cls])
    return values


def decode(node: Module, unpacker: Unpacker) -> nn.Module:
    """The module that `encode` described.

    Raises:
        CannotCross: when the description does not hold together.
    """
    with within(unpacker.narrow, "in_module"):
        return _decode(node, unpacker)


def _decode(node: Module, unpacker: Unpacker) -> nn.Module:
    place = unpacker.reserve()
    if node.cls.startswith("given:"):
        module = _of_given_class(node, unpacker, place)
    else:
        module = _construct(library_class(node.cls), node, unpacker.unpack)
        if unpacker.narrow is not None:
            unpacker.narrow.layer(module)
        unpacker.objects[place] = module
    _fill(module, node, unpacker)
    return module


def _crosses(cls: Any, name: str) -> bool:
    """Whether a module of a given class brings this attribute: it has torch's own anyway."""
    own = name != "training" and not name.startswith("_")
    return own and is_plain_attribute(cls, name)


def _of_given_class(node: Module, unpacker: Unpacker, place: int) -> nn.Module:
    """A module of a class of given cells, without what it is made of.

    It is in its place before its attributes are, as one of them may refer to it.
    """
    name = node.cls.removeprefix("given:")
    cls: Any = unpacker.given.get(name)
    if cls is None or not issubclass(cls, nn.Module):
        raise CannotCross(f"a module of {name[:50]}, which no given cell defines")
    module: nn.Module = cls.__new__(cls)
    nn.Module.__init__(module)
    unpacker.objects[place] = module
    for attribute, value in node.attributes.items():
        unpacked = unpacker.unpack(value)
        if _crosses(cls, attribute):
            module.__dict__[attribute] = unpacked
    return module


def _construct(cls: Any, node: Module, unpack: Callable[[Node], Any]) -> nn.Module:
    args = {name: unpack(value) for name, value in node.args.items()}
    for value in args.values():
        _check(value)
    later = {name: args.pop(name) for name in [_MADE.get(cls)] if name in args}
    if set(args) - set(_arguments(cls)):
        raise CannotCross(f"a {node.cls} with other arguments")
    if cls in _RECURRENT and not 0 < int(args.get("num_layers", 1)) <= _MAX_LAYERS:
        raise CannotCross("a recurrent network of that many layers")
    names = _ONLY_KEPT.get(cls, set())
    kept = {name: args[name] for name in names if type(args.get(name)) is int}
    key = cls, repr(args | dict.fromkeys(kept, int))
    if key not in _attributes_of_made:
        made = _make(cls, args)
        if cls in _RECURRENT:
            # They hold their weights a second time.
            return made
        if len(_attributes_of_made) >= _MOST_KEPT:
            _attributes_of_made.clear()
        held = [name for name, value in vars(made).items() if isinstance(value, dict | list | set)]
        _attributes_of_made[key] = vars(made), held
    # A layer of the same sizes has been made before: making one is most of what it costs to cross.
    module: nn.Module = cls.__new__(cls)
    attributes, held = _attributes_of_made[key]
    module.__dict__.update(attributes)
    module.__dict__.update((name, attributes[name].copy()) for name in held)
    for name, value in (args | later).items():
        own = _KEPT_AS.get((cls, name), name)
        if own in module.__dict__:
            # As it was set later, maybe: 3 for (3, 3).
            module.__dict__[own] = value
    return module


# By class and arguments, what is in such a module's dictionary, and which of that hold something.
_attributes_of_made: dict[tuple[Any, str], tuple[dict[str, Any], list[str]]] = {}
_MOST_KEPT = 1_000


def _make(cls: Any, args: dict[str, Any]) -> nn.Module:
    """A module without memory and first numbers: what it holds comes from its description."""
    with _unfilled(cls):
        if _takes_device(cls):
            return cls(**args, device="meta")
        with torch.device("meta"):
            return cls(**args)


@contextmanager
def _unfilled(cls: Any) -> Iterator[None]:
    if not hasattr(cls, "reset_parameters"):
        yield
        return
    own = vars(cls).get("reset_parameters")
    cls.reset_parameters = lambda module: None
    try:
        yield
    finally:
        if own is None:
            del cls.reset_parameters
        else:
            cls.reset_parameters = own


def _check(value: Any) -> None:
    for part in value if isinstance(value, tuple | list) else [value]:
        if isinstance(part, tuple | list):
            _check(part)
        elif not isinstance(part, int | float | str | torch.dtype | None):
            raise CannotCross("a module with an argument that is no number or text")
        elif isinstance(part, int) and abs(part) > _LARGEST:
            raise CannotCross(f"a module of size {part:.3g}")


def _fill(module: nn.Module, node: Module, unpacker: Unpacker) -> None:
    unpack = unpacker.unpack
    module._parameters.clear()
    module._buffers.clear()
    module._non_persistent_buffers_set.clear()
    module._modules.clear()
    for name, value in node.parameters:
        parameter = unpack(value)
        if not (parameter is None or isinstance(parameter, nn.Parameter)) or not _fits(name):
            raise CannotCross("a parameter that is none")
        module._parameters[name] = parameter
    for name, value, persistent in node.buffers:
        buffer = unpack(value)
        if not (buffer is None or isinstance(buffer, torch.Tensor)) or not _fits(name):
            raise CannotCross("a buffer that is none")
        module._buffers[name] = buffer
        if not persistent:
            module._non_persistent_buffers_set.add(name)
    for name, value in node.children:
        child = unpack(value)
        if not (child is None or isinstance(child, nn.Module)) or "." in name:
            raise CannotCross("a part of a module that is none")
        module._modules[name] = child
    names = [*module._parameters, *module._buffers, *module._modules]
    if len({*names}) < len(names) or not vars(module).keys().isdisjoint(names):
        # What is counted would be another thing than what is used.
        raise CannotCross("a module in which two things have one name")
    if isinstance(module, nn.ParameterList):
        module._size = len(module._parameters)
    elif isinstance(module, nn.ParameterDict):
        module._keys = dict.fromkeys(module._parameters)
    vars(module)["training"] = node.training
    for name in node.pruned:
        module.register_forward_pre_hook(_mask(module, name))
    for name in node.unhooked:
        _mask(module, name)
    for name, value in node.shown:
        shown = unpack(value)
        if name not in (*node.pruned, *node.unhooked) or not isinstance(shown, torch.Tensor | None):
            raise CannotCross("what stands in the place of no masked parameter")
        if unpacker.narrow is not None and unpacker.narrow.lays_on():
            continue
        vars(module).pop(name, None)
        if shown is not None:
            vars(module)[name] = shown
    for kept, rows in node.hooks.items():
        if kept not in _HOOKS or len(rows) > _MOST_HOOKS:
            raise CannotCross("a module with other hooks")
        for number, how, ask in rows:
            hook, place, _ = _told.get(number) or (_Elsewhere(number, kept, module), kept, None)
            if place != kept or not {*how} <= {*_HOOKS[kept]}:
                raise CannotCross("a hook that is called in another way")
            # Nothing of a library's, nor of this side's, is called by what the other says.
            if type(hook) is _Elsewhere and isinstance(ask, Live):
                hook.ask = unpack(ask)
            if kept == _FORWARD:
                vars(module)[kept] = hook
                continue
            key = hooks.RemovableHandle(vars(module)[kept]).id
            vars(module)[kept][key] = hook
            for name in how:
                vars(module)[name][key] = True


class _Elsewhere:
    """In the place of a hook of the other side's, or of a `forward`: it may look on.

    What the network gives is what its own layers make here, and must be that with the hook, too.

    Args:
        number: by which the other side knows it.
        kept: where the module keeps it.
        module: which does.

    Attributes:
        ask: calls what is there; None where nobody is to ask.
    """

    def __init__(self, number: int, kept: str, module: nn.Module) -> None:
        self.number = number
        self.ask: Callable[..., Any] | None = None
        self._kept = kept
        self._module = module

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """None of a hook.

        Raises:
            TypeError: if it changes anything.
        """
        made = None
        if self._kept == _FORWARD:
            expected = made = type(self._module).forward(self._module, *args, **kwargs)
        else:
            # With the module come what it gets, and what it gives.
            expected = args[1:] if self._kept == _BEFORE and len(args) > 2 else args[-1]
        if self.ask is not None:
            lent = _copied(args)
            told = self.ask(*lent, **kwargs)
            if self._kept == _BEFORE and not isinstance(told, tuple):
                told = None if told is None else (told,)
            same = (told is None and made is None) or _is_same(told, expected)
            if not same or not _is_same(lent, args):
                raise TypeError(
                    "Your code has hung something on the network that changes what it gives."
                )
        return made


def _copied(value: Any) -> Any:
    """What may be changed, apart from the network itself."""
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        one, other = one.detach(), other.detach()
        # Of `nan` all is as it was.
        return one.shape == other.shape and torch.allclose(
            one.double(), other.double(), equal_nan=True
        )
    return type(one) is type(other) and bool(one == other)


@lru_cache(maxsize=1024)
def _fits(name: str) -> bool:
    """Whether a parameter may be called so: it must not stand before a method."""
    return (name.isidentifier() and not hasattr(nn.Module, name)) or name.isdigit()


def _mask(module: nn.Module, name: str) -> prune.BasePruningMethod:
    """Masks a parameter, and returns what would do it again in every call."""
    weight, mask = module._parameters.get(f"{name}_orig"), module._buffers.get(f"{name}_mask")
    # Also by a parameter of this name, which would be counted in the place of what is used.
    places = module.__dict__, module._parameters, module._buffers, module._modules
    taken = any(name in place for place in places) or hasattr(type(module), name)
    taken = taken or not _fits(name)
    if taken or weight is None or mask is None or weight.shape != mask.shape:
        raise CannotCross("a mask that does not fit its weight")
    hook = prune.CustomFromMask(mask)
    hook._tensor_name = name
    with inferring(torch, weight.is_inference() or mask.is_inference()):
        module.__dict__[name] = hook.apply_mask(module)
    return hook


def assign(target: nn.Module, value: nn.Module) -> bool:
    # Its own hooks are better than what stands in their place.
    old, new = vars(target), vars(value)
    same = [
        kept
        for kept in _HOOKS
        if (kept == _FORWARD or len(old[kept]) == len(new[kept]))
        and _numbers(old, kept) == _numbers(new, kept)
    ]
    own = {name: old[name] for kept in same for name in (kept, *_HOOKS[kept]) if name in old}
    target.__dict__.clear()
    target.__dict__.update(value.__dict__ | own)
    return True
