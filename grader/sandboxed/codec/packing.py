"""Values become manifests and buffers: the way out of a player or a judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from grader.protocol.calls import ENCODER
from grader.protocol.values import MAX_DEPTH, Back, Budget, CannotCross, Node
from grader.sandboxed.codec import plain
from grader.sandboxed.codec.families.numbers import encode_integer
from grader.sandboxed.codec.family import NOT_MINE
from grader.sandboxed.codec.libraries import torch_module
from grader.sandboxed.codec.registry import FIRST, THEN, look, of_type
from grader.sandboxed.codec.views import as_array, place_of

# In how many arrays a place is looked for.
_MOST_SHOWN = 20


class Packer:
    """Makes manifests of values: what all families share on their way out.

    Args:
        live: makes a node of what is no data.
        given: what given cells define, by name: both sides have it.
        known: objects that the other side has already, by their number.
        exact: what is derived from a class of Python's own stays where it is, with what is its own.

    Attributes:
        without: what containers cross without; nothing in particular.
        plain: what would stay crosses as the plain value that it is one of, if it is one.
        views: whether an array that shows the memory of another, which the other side has or this
            message has brought, crosses as such.
        hooks: whether the other side may ask what hangs on a network.
        brought: arrays of this message that others may show, by their number, and where they begin.
        buffers: what the manifests refer to.
        objects: by number, every object that can be referred to again, those of `known` first.
    """

    def __init__(
        self,
        live: Callable[[Any], Node],
        given: dict[str, Any],
        known: Iterable[Any] = (),
        exact: bool = False,
    ) -> None:
        self.without: object = object()
        self.plain = self.views = self.hooks = False
        self.brought: list[tuple[int, np.ndarray, int]] = []
        self.buffers: list[bytes] = []
        self.objects: list[Any] = list(known)
        self.live = live
        self.given = given
        self.exact = exact
        self._numbers = {id(value): number for number, value in enumerate(self.objects)}
        self._known = len(self.objects)
        self._depth = 0
        self._budget = Budget()

    def pack(self, value: Any) -> Node:
        """The node of a value.

        Raises:
            CannotCross: when there is none.
        """
        self._budget.take(nodes=1)
        cls = type(value)
        if value is None or cls is bool or cls is str or cls is float:
            return value
        if cls is int:
            return encode_integer(value)
        if getattr(cls, "stays_where_it_is", False):
            return self.live(value)
        number = self._numbers.get(id(value))
        if number is not None:
            return Back(number)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CannotCross("nested too deep")
        try:
            return self._pack(value)
        finally:
            self._depth -= 1

    def pack_called(self, value: Any) -> Node:
        """The same where a function is wanted: what can be called stays, be it a layer, a mapping
        of the learner's own, or a type: the other side's would give what nobody looks at."""
        is_there = id(value) in self._numbers or hasattr(type(value), "stays_where_it_is")
        stays = callable(value) and not is_there
        return self.live(value) if stays else self.pack(value)

    def pack_again(self, number: int) -> Node:
        """The node of a known object as it is now."""
        return self._pack(self.objects[number])

    def look(self, number: int) -> object:
        """The own content of a known object, to be compared; what it holds counts by identity."""
        quick = look(self.objects[number])
        if quick is not None:
            return quick
        buffers, self.buffers, self._budget = self.buffers, [], Budget()
        known, brought, tensors = len(self.objects), [*self.brought], len(self.tensors)
        try:
            node = self.pack_again(number)
            return ENCODER.encode(node) + b"".join(self.buffers)
        except CannotCross as error:
            return str(error).encode()
        finally:
            for value in self.objects[known:]:
                # A known object is there once more.
                if self._numbers.get(id(value), 0) >= known:
                    del self._numbers[id(value)]
            del self.objects[known:]
            self.brought = brought
            while len(self.tensors) > tensors:
                self.tensors.popitem()
            self.buffers, self._budget = buffers, Budget()

    def forget(self, value: Any) -> None:
        """Makes a known object cross by value from here on."""
        self._numbers.pop(id(value), None)

    def _pack(self, value: Any) -> Node:
        cls = type(value)
        encode_usual = of_type(cls)
        if encode_usual is not None:
            node = encode_usual(value, self)
            if node is not NOT_MINE:
                return node
        if self.exact and self.is_own(cls):
            return self.stays(value)
        for encode in FIRST:
            node = encode(value, self)
            if node is not NOT_MINE:
                return node
        if self.is_own(cls):
            # A class of the learner's own, whatever it is made of.
            return self.stays(value)
        for encode in THEN:
            node = encode(value, self)
            if node is not NOT_MINE:
                return node
        return self.stays(value)

    def stays(self, value: Any) -> Node:
        """The node of what is no data, or of a class of the learner's own."""
        made = plain.made_of(value) if self.plain else None
        return self.live(value) if made is None else self.pack(made)

    # --- For families ---------------------------------------------------------------------------

    @cached_property
    def known_arrays(self) -> list[tuple[int, np.ndarray, int]]:
        """The first arrays and tensors of `known`, by their number, and where they begin."""
        known = self.objects[: self._known]
        found = ((n, as_array(value)) for n, value in enumerate(known) if self._is_itself(n))
        shown = [(n, array, place_of(array)) for n, array in found if array is not None]
        return shown[:_MOST_SHOWN]

    @cached_property
    def tensors(self) -> dict[int, int]:
        """The tensors and parameters of `known`, and of this message, by where their memory is."""
        known = enumerate(self.objects[: self._known])
        torch = torch_module()
        kinds = () if torch is None else (torch.Tensor, torch.nn.Parameter)
        return {
            value.data_ptr(): number
            for number, value in known
            if type(value) in kinds and value.layout is torch.strided and self._is_itself(number)
        }

    def has_memory_of(self, tensor: Any) -> bool:
        """Whether a tensor is where the memory of a known one is, or of one in this message."""
        is_strided = tensor.layout is torch_module().strided
        return is_strided and tensor.untyped_storage().data_ptr() in self.tensors

    def _is_itself(self, number: int) -> bool:
        return self._numbers.get(id(self.objects[number])) == number

    def brings(self, value: Any, array: np.ndarray) -> None:
        """Takes note of the memory of the object that was registered last: others may show it."""
        number = len(self.objects) - 1
        if number < self._known or not self._is_itself(number):
            return
        if len(self.brought) < _MOST_SHOWN:
            self.brought.append((number, array, place_of(array)))
        if value is not array and not isinstance(value, np.ndarray):
            self.tensors.setdefault(value.data_ptr(), number)

    def register(self, value: Any) -> None:
        """Gives an object its number, before its parts get theirs."""
        # What refers to a known object means itself, not a later picture of it.
        self._numbers.setdefault(id(value), len(self.objects))
        self.objects.append(value)

    def buffer(self, data: bytes) -> int:
        """Puts bytes beside the manifests, and returns their number there.

        Raises:
            CannotCross: when the message would hold too much.
        """
        self._budget.take(logical=len(data))
        self.buffers.append(data)
        return len(self.buffers) - 1

    def is_given(self, cls: type) -> bool:
        """Whether a given cell defines a class: both sides have it."""
        return self.given.get(cls.__name__) is cls

    def is_own(self, cls: type) -> bool:
        """Whether a cell of the learner's does."""
        return cls.__module__ == "__main__" and not self.is_given(cls)
