"""What a message between player and judge says: the schema of values as data.

A Sizes, depth, counts and digits are
checked before anything is allocated. What is no data (functions, classes, instances, generators)
crosses as the number of a handle; see `grader.sandboxed.calls.peer`.

Format of the buffers: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import collections
import datetime
from dataclasses import dataclass
from typing import Any, Literal, Union

from msgspec import Struct

MAX_DEPTH = 60
MAX_NODES = 2_000_000
MAX_DIGITS = 10_000
# Bytes that all tensors and arrays of one message may claim, counted as if each were dense.
MAX_LOGICAL = 256 * 2**20


class CannotCross(Exception):
    """A value that is no data, or breaks a limit; the text is a clause for a person."""


@dataclass
class Budget:
    """What one message may still hold."""

    nodes: int = MAX_NODES
    logical: int = MAX_LOGICAL

    def take(self, nodes: int = 0, logical: int = 0) -> None:
        self.nodes -= nodes
        self.logical -= logical
        if self.nodes < 0:
            raise CannotCross(f"more than {MAX_NODES} values")
        if self.logical < 0:
            raise CannotCross(f"more than {MAX_LOGICAL // 2**20} MB of numbers")


# --- Values ------------------------------------------------------------------------------------


class Big(Struct, tag="big"):
    """An integer of more than 64 bits."""

    digits: str


class Complex(Struct, tag="complex"):
    real: float
    imag: float


class Seq(Struct, tag="seq"):
    """Also what shows the keys, values or items of a dictionary."""

    kind: Literal["list", "tuple", "set", "frozenset", "deque", "keys", "values", "items"]
    items: list[Node]
    most: int | None = None


class Pairs(Struct, tag="pairs"):
    kind: Literal["dict", "OrderedDict", "defaultdict", "Counter"]
    items: list[tuple[Node, Node]]
    default: Node = None


class Record(Struct, tag="record"):
    """A named tuple."""

    name: str
    fields: list[str]
    items: list[Node]


class Spelled(Struct, tag="spelled"):
    """A value that its text says all about."""

    kind: Literal["Decimal", "Fraction", "PurePosixPath", "Path", "datetime", "date", "time"]
    text: str


class Regex(Struct, tag="regex"):
    """A compiled regular expression, of text or bytes."""

    pattern: Node
    flags: int


class Raw(Struct, tag="raw"):
    kind: Literal["bytes", "bytearray"]
    data: bytes


class Numbers(Struct, tag="numbers"):
    """A range, a slice, or the days, seconds and microseconds between two times."""

    kind: Literal["range", "slice", "timedelta"]
    items: list[Node]


class Array(Struct, tag="array"):
    """A NumPy array, or with `scalar` one number of its type.

    Attributes:
        fortran: whether the numbers of a column lie next to each other, not those of a row.
        fixed: whether nothing may be written into it.
    """

    dtype: str
    shape: list[int]
    buffer: int
    scalar: bool = False
    fortran: bool = False
    fixed: bool = False


class Objects(Struct, tag="objects"):
    """A NumPy array of values of any type."""

    shape: list[int]
    items: list[Node]


class Masked(Struct, tag="masked"):
    """A NumPy array with a mask, or with `matrix` one whose product is that of matrices.

    Attributes:
        missing: whether the mask counts; set by who gets it.
    """

    data: Node
    mask: Node = None
    fill: Node = None
    matrix: bool = False
    missing: bool = True


class Tensor(Struct, tag="tensor"):
    """A dense tensor. With `stride` the buffer is the memory that it looks at.

    Attributes:
        leaf: whether nothing has computed it: then it may not be changed where it has a gradient.
        inferred: whether it was made in inference mode: then nothing can be trained with it.
    """

    dtype: str
    shape: list[int]
    buffer: int
    stride: list[int] | None = None
    requires_grad: bool = False
    parameter: bool = False
    grad: Node = None
    leaf: bool = True
    inferred: bool = False


class Sparse(Struct, tag="sparse"):
    layout: Literal["coo", "csr", "csc", "bsr", "bsc"]
    shape: list[int]
    parts: list[Tensor]
    coalesced: bool = False
    requires_grad: bool = False


class Quantized(Struct, tag="quantized"):
    """Per tensor: integers, and scale and zero point as numbers; per channel: all as tensors."""

    integers: Tensor
    scale: float | Tensor
    zero_point: int | Tensor
    axis: int | None = None


class Module(Struct, tag="module"):
    """A torch.nn.Module of an allowed class; see `grader.sandboxed.codec.families.modules`.

    Attributes:
        pruned: the parameters that a hook masks in every call.
        unhooked: those that were masked once, and whose hook has gone.
        shown: what stands in the place of such a parameter where its mask has not made it.
        hooks: what else is called with it, by where a module keeps that: the number by which it is
            known where it is, how it is called, and what to ask there, if anything.
    """

    cls: str
    args: dict[str, Node]
    attributes: dict[str, Node]
    training: bool
    parameters: list[tuple[str, Node]]
    buffers: list[tuple[str, Node, bool]]
    children: list[tuple[str, Node]]
    pruned: list[str]
    unhooked: list[str] = []
    shown: list[tuple[str, Node]] = []
    hooks: dict[str, list[tuple[int, list[str], Node]]] = {}


class Given(Struct, tag="given"):
    """An instance of a class that a given cell defines: both sides have the class."""

    cls: str
    attributes: dict[str, Node]


class Frame(Struct, tag="frame"):
    """A table of pandas, a part of one, or a single value; columns of plain types only.

    Attributes:
        missing: whether what is missing may be `NA`, which equals all; set by who gets it.
    """

    kind: Literal["DataFrame", "Series", "Index", "MultiIndex", "Array", "Scalar"]
    labels: Node
    index: Node
    columns: list[Node]
    dtypes: list[str]
    freq: str = ""
    missing: bool = True


class Graph(Struct, tag="graph"):
    """A graph of networkx.

    Attributes:
        nodes: of each its name, and what it holds.
        edges: of each both ends, its key where there may be several between them, and what it
            holds.
        orders: by node, the numbers of its neighbours in their order; of a directed graph, of those
            before it.
    """

    kind: Literal["Graph", "DiGraph", "MultiGraph", "MultiDiGraph"]
    attributes: list[tuple[Node, Node]]
    nodes: list[tuple[Node, list[tuple[Node, Node]]]]
    edges: list[tuple[Node, Node, Node, list[tuple[Node, Node]]]]
    orders: list[list[int]]
    frozen: bool = False


class Random(Struct, tag="random"):
    """A generator of random numbers, by its state."""

    kind: Literal["torch", "numpy"]
    state: Node


class Named(Struct, tag="named"):
    """Something that both sides have, by name: a dtype, a type, a member of a given enumeration."""

    kind: str
    name: str


class Live(Struct, tag="live"):
    """Something that stays where it is and can only be called, asked or iterated.

    Attributes:
        plain: whether it is where the solution has plain values, and so has no methods and
            attributes of its own; set by who gets it.
        again: whether it gives the same items each time; set so, too.
        some: whether it gives something where it has nothing; set so, too.
        base: the container of Python's that its class is derived from, by name.
        library: the classes of libraries' that an instance is of, or that a class is derived from,
            the nearest first, as `library_name` gives them, with blanks between.
    """

    id: int
    kind: Literal["function", "class", "instance", "generator"]
    name: str
    dunders: list[str]
    plain: bool = False
    again: bool = False
    some: bool = False
    base: str = ""
    library: str = ""


class Yours(Struct, tag="yours"):
    """A live thing of the receiver's own, handed back."""

    id: int


class Back(Struct, tag="back"):
    """An object that this message, or the one that it answers, has brought already.

    With `shape` it is an array or a tensor that shows this one's memory.

    Attributes:
        stride: how many of its numbers lie between two.
        start: how many lie before the first.
        fortran: as in `Array`, of the one whose memory it is.
        fixed: whether nothing may be written there by this one.
        requires_grad, parameter: as in `Tensor`.
    """

    number: int
    shape: list[int] | None = None
    stride: list[int] = []
    start: int = 0
    tensor: bool = False
    fortran: bool = False
    fixed: bool = False
    requires_grad: bool = False
    parameter: bool = False


Node = Union[  # noqa: UP007  (msgspec resolves it by name)
    None,
    bool,
    int,
    float,
    str,
    Raw,
    Big,
    Complex,
    Seq,
    Pairs,
    Record,
    Spelled,
    Numbers,
    Array,
    Objects,
    Masked,
    Regex,
    Tensor,
    Sparse,
    Quantized,
    Module,
    Given,
    Frame,
    Graph,
    Random,
    Named,
    Live,
    Yours,
    Back,
]
# Nodes of these types are the values themselves.
ITSELF = frozenset((type(None), bool, int, float, str))

Kind = Literal[
    "None",
    "number",
    "text",
    "bytes",
    "container",
    "array",
    "tensor",
    "module",
    "function",
    "class",
    "instance",
    "given instance",
    "generator",
    "name",
]
# Values of these kinds are only data: a test can tell them apart, so one may cross for another.
DATA: frozenset[Kind] = frozenset(
    ("None", "number", "text", "bytes", "container", "array", "tensor", "name")
)
LIVE: frozenset[Kind] = frozenset(("function", "class", "instance", "given instance", "generator"))


def kind_of(node: Node) -> Kind:
    """What a contract calls a value."""
    match node:
        case None:
            return "None"
        case bool() | int() | float() | Big() | Complex():
            return "number"
        case Spelled(kind="Decimal" | "Fraction") | Numbers(kind="timedelta"):
            return "number"
        case Array(scalar=True):
            return "number"
        case str() | Spelled() | Regex():
            return "text"
        case Frame(kind="Scalar"):
            return "number"
        case Raw():
            return "bytes"
        case Seq() | Pairs() | Record() | Numbers() | Graph():
            return "container"
        case Array() | Objects() | Masked() | Frame():
            return "array"
        case Tensor() | Sparse() | Quantized():
            return "tensor"
        case Module():
            return "module"
        case Live(kind=kind):
            return kind
        case Named(kind="error"):
            return "class"
        case Named():
            return "name"
        case Given():
            return "given instance"
        case _:
            return "instance"


_ARTICLE = {"array": "an", "instance": "an"}


def with_article(kind: Kind) -> str:
    """As a sentence says it."""
    if kind == "None":
        return "None"
    if kind == "given instance":
        return "an instance of a given class"
    return f"{_ARTICLE.get(kind, 'a')} {kind}"


# The classes behind these kinds.
CONTAINERS: dict[Any, Any] = {
    list: "list",
    tuple: "tuple",
    set: "set",
    frozenset: "frozenset",
    collections.deque: "deque",
}
MAPPINGS: dict[Any, Any] = {
    collections.OrderedDict: "OrderedDict",
    collections.defaultdict: "defaultdict",
    collections.Counter: "Counter",
    dict: "dict",
}
TIMES: dict[Any, Any] = {
    datetime.datetime: "datetime",
    datetime.date: "date",
    datetime.time: "time",
}
