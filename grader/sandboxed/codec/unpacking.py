"""Manifests and buffers become values again: the way in. Nothing is unpickled.

Whatever stands in a manifest may be a lie: sizes are counted before memory is taken, and names lead
only to what both sides have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from grader.protocol.values import (
    ITSELF,
    MAX_DEPTH,
    Back,
    Budget,
    CannotCross,
    Live,
    Node,
    Raw,
    Spelled,
    Yours,
)
from grader.sandboxed.codec import views
from grader.sandboxed.codec.narrow import Narrow
from grader.sandboxed.codec.registry import BY_NODE


class Unpacker:
    """Builds values from manifests: what all families share on their way in.

    Args:
        buffers: of the message.
        live: makes a handle of a live node.
        own: finds what a `Yours` node means.
        given: what given cells define, by name: both sides have it.
        known: as in `Packer`.
        trusted: whether the sender is: names of library functions are followed only then.

    Attributes:
        buffers, given: as given.
        objects: by number, as `Packer` numbers them, those of `known` first.
        own: as given; may change.
        budget: what the message may still claim; taken from before memory is.
        texts: where texts and bytes are noted, whatever they are in, if anybody wants to know.
        narrow: what becomes of numbers that take more for equal than is; None where they stay.
        has_tables: whether a table has been among them.
    """

    def __init__(
        self,
        buffers: list[np.ndarray],
        live: Callable[[Live], Any],
        own: Callable[[int], Any],
        given: dict[str, Any],
        known: Iterable[Any] = (),
        trusted: bool = False,
    ) -> None:
        self.objects: list[Any] = list(known)
        self.given = given
        self.trusted = trusted
        self.budget = Budget()
        self.texts: set[str | bytes] | None = None
        self.narrow: Narrow | None = None
        self.has_tables = False
        self.buffers = buffers
        self._live = live
        self.own = own
        self._depth = 0

    def unpack(self, node: Node) -> Any:
        """The value of a node.

        Raises:
            CannotCross: when the manifest does not hold together or breaks a limit.
        """
        self.budget.take(nodes=1)
        if type(node) in ITSELF:
            if self.texts is not None and isinstance(node, str):
                self.texts.add(node)
            if self.narrow is not None:
                if isinstance(node, float):
                    return self.narrow.number(node)
                if isinstance(node, str):
                    return self.narrow.text(node)
                if isinstance(node, int):
                    self.narrow.note_whole(node)
            return node
        if self.texts is not None:
            match node:
                case Raw(data=said) | Spelled(kind="Path" | "PurePosixPath", text=said):
                    self.texts.add(said)
        self._depth += 1
        if self._depth > 2 * MAX_DEPTH:
            raise CannotCross("nested too deep")
        try:
            return self._unpack(node)
        except CannotCross:
            raise
        except Exception as error:
            raise CannotCross("a value that does not hold together") from error
        finally:
            self._depth -= 1

    def _unpack(self, node: Any) -> Any:
        decode = BY_NODE.get(type(node))
        if decode is not None:
            return decode(node, self)
        match node:
            case Live():
                return self._live(node)
            case Yours(id=number):
                return self.own(number)
            case Back(number=number):
                if not 0 <= number < len(self.objects):
                    raise CannotCross("a reference to nothing")
                if node.shape is None:
                    return self.objects[number]
                made = views.decode(node, self.objects[number], self)
                self.objects.append(made)
                return made
        raise CannotCross("something unknown")

    # --- For families ---------------------------------------------------------------------------

    def reserve(self) -> int:
        """The next object's number, taken before its parts take theirs."""
        self.objects.append(None)
        return len(self.objects) - 1

    def take_buffer(self, number: int, size: int) -> np.ndarray:
        """The bytes of a buffer, in memory of their own.

        Raises:
            CannotCross: when there is no such buffer of this size.
        """
        if not 0 <= number < len(self.buffers) or len(self.buffers[number]) != size:
            raise CannotCross("a shape that does not fit its data")
        # A copy: it may start anywhere in memory.
        return np.array(self.buffers[number])
