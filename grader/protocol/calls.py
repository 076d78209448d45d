"""What player and judge say to each other: a request, and its reply."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from grader.protocol import decoders
from grader.protocol.outputs import Display, Stream
from grader.protocol.values import Node

# Manifests are small beside their buffers.
MAX_MANIFEST = 16 * 2**20
MAX_BUFFERS = 256 * 2**20


class Request(Struct, tag="request"):
    """What one side asks of the other.

    Attributes:
        op: take the value of `name`; call `target`, or its method `name`; get its attribute `name`;
            copy it; say what calls have left so far, see `calls.left`; tell what is at the place
            `name` from anything else, see `calls.states`.
        keep: positions of arguments whose changes come back; None for all.
        watch: names of which the other side is to say when they have changed.
        random: states of the generators of random numbers to go on from.
        known: how many objects the answers that were taken before have brought.
        library: what is taken if it is this of a library's, as "module:name".
        exact: what is derived from a class of Python's own keeps what is its own.
        filed: classes of a file beside the notebook are given ones.
        plain: what would stay crosses as the plain value that it is one of, if it is one.
        called: what can be called stays, whatever else it is: the solution has a function there.
        patched: what the test has put in the place of something while this call runs.
        files: what the test has written since the last call, by path.
        ambient: what the test has set around the call, or how the learner's code that calls
            something of the test's computes; see `calls.ambient`.
        leaves: whether it is told what the call leaves in its process.
    """

    id: int
    op: Literal["take", "call", "get", "copy", "left", "state"]
    target: int = 0
    name: str = ""
    args: list[Node] = []
    kwargs: dict[str, Node] = {}
    keep: list[str] | None = None
    watch: list[str] = []
    random: Node = None
    known: int = 0
    library: str = ""
    exact: bool = False
    filed: bool = False
    plain: bool = False
    called: bool = False
    patched: list[Patch] = []
    files: dict[str, bytes] = {}
    ambient: Node = None
    leaves: bool = False


class Patch(Struct):
    """What a name is while a call runs; without a value it is not there.

    Attributes:
        place: the module, or "module:Class"; "" for the names of the notebook.
    """

    place: str
    name: str
    value: list[Node]


class Raised(Struct):
    """An exception: the names of its classes, the nearest first.

    Attributes:
        relayed: the number of the other side's own exception, if it is that one.
        modules: where the classes come from.
        args: what it was made with, if that is a single text or whole number.
    """

    classes: list[str]
    text: str
    relayed: int | None = None
    modules: list[str] = []
    args: list[bool | int | str] = []


Said = Stream | Display


class Reply(Struct, tag="reply"):
    """An answer.

    Attributes:
        method: what was asked for can be called.
        refused: the solution asks for no such thing.
        stays: why what a call has given can't cross, if it can't.
        changed: arguments that have changed, by number.
        names: watched names that have changed.
        said: what the call showed, as outputs of nbformat.
        drew: whether the call has used up random numbers that it was given.
        read: whether a file that the test has written was read so far.
        warned: what the call has warned of, if the test records that.
        left: what it has left in its process, as `calls.left` tells it.
    """

    id: int
    value: Node = None
    method: bool = False
    changed: list[tuple[int, Node]] = []
    names: list[tuple[str, Node]] = []
    error: Raised | None = None
    said: list[Said] = []
    drew: bool = False
    read: bool = False
    # Positions of arguments that were changed and are not to be.
    withheld: list[str] = []
    warned: list[Raised] = []
    left: str = ""
    refused: bool = False
    stays: str = ""


DECODER: msgspec.msgpack.Decoder[Request | Reply] = decoders.from_msgpack(Request | Reply)
ENCODER = msgspec.msgpack.Encoder()
