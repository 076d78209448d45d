"""What a family of values is made of: functions of these forms, in one file of `families/`.

A family's `encode` makes a node of a value or says that it is not its own, `decode` believes a node
as far as it holds together, `assign` changes an object in place. Which of them is asked about what,
`registry` says.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from grader.protocol.values import Node

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker


class NotMine(enum.Enum):
    """What a family answers to a value of another one: None is a node."""

    NOT_MINE = enum.auto()


NOT_MINE: Final = NotMine.NOT_MINE

# Raises CannotCross for what is of the family, and has no node all the same.
Encode: TypeAlias = "Callable[[Any, Packer], Node | NotMine]"
# Raises whatever a lie leads to: `Unpacker` makes a CannotCross of it.
Decode: TypeAlias = "Callable[[Any, Unpacker], Any]"
# Returns whether the object is of the family; both are of one type.
Assign: TypeAlias = "Callable[[Any, Any], bool]"
