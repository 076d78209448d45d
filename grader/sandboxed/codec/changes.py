"""Brings an object up to date with a changed copy of it that has crossed."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.families.instances import slots_of
from grader.sandboxed.codec.libraries import torch_module


def assign(target: Any, value: Any) -> None:
    """Makes an object equal to another one of its type, in place.

    Raises:
        CannotCross: when it can't be.
    """
    torch = torch_module()
    if type(value) is not type(target):
        raise CannotCross("a change into something else")
    try:
        if isinstance(target, list | bytearray):
            target[:] = value
        elif isinstance(target, dict | set):
            target.clear()
            target.update(value)
        elif isinstance(target, collections.deque):
            target.clear()
            target.extend(value)
        elif isinstance(target, np.ndarray):
            if target.shape != value.shape:
                target.resize(value.shape, refcheck=False)
            target[...] = value
        elif torch is not None and isinstance(target, torch.Tensor):
            _assign_tensor(torch, target, value)
        elif torch is not None and isinstance(target, torch.nn.Module):
            target.__dict__.clear()
            target.__dict__.update(value.__dict__)
        elif type(target).__module__.startswith("pandas."):
            from grader.sandboxed.codec.families import tables

            tables.assign(target, value)
        elif torch is not None and isinstance(target, torch.Generator):
            target.set_state(value.get_state())
        elif isinstance(target, np.random.Generator):
            target.bit_generator.state = value.bit_generator.state
        else:
            slots = slots_of(type(target))
            for name, slot in slots.items():
                if hasattr(value, name):
                    slot.__set__(target, slot.__get__(value))
            if hasattr(target, "__dict__") or not slots:
                vars(target).clear()
                vars(target).update(vars(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise CannotCross("a change that can't be followed") from error


def _assign_tensor(torch: Any, target: Any, value: Any) -> None:
    with torch.no_grad():
        dense = target.layout is torch.strided and value.layout is torch.strided
        same = target.shape == value.shape and target.dtype == value.dtype
        if dense and same and not target.is_quantized:
            # Into its own memory: views of it see the change, as they do where it was made.
            target.data.copy_(value.data)
        else:
            target.data = value.data
    target.requires_grad_(value.requires_grad)
    target.grad = value.grad
