"""Ways to damage what is valid: bytes, trees of JSON or MessagePack, cells of a notebook."""

from __future__ import annotations

import copy
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# `make fuzz` asks for more. Without it every run tries the same examples.
_ASKED = os.environ.get("COURSE_FUZZ_EXAMPLES")
EXAMPLES = settings(
    max_examples=int(_ASKED or 200),
    derandomize=_ASKED is None,
    # Time is limited by `bounded`, which leaves more of it where a machine is busy.
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
# Of whole classes, which take seconds each.
CLASSES = settings(EXAMPLES, max_examples=max(10, int(_ASKED or 200) // 50))
# Names of folders and files.
FOLDERS = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",))
    | st.sampled_from("=+-@;,<>&'\"\n\r\t\x1b\u202e .é\u0301"),
    min_size=1,
    max_size=30,
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)
# What one example may take, measured generously: most take milliseconds.
SECONDS = 30
MEMORY = 2**30


@contextmanager
def bounded() -> Iterator[None]:
    """Fails what takes too long or too much memory.

    Raises:
        AssertionError: then.
    """

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {SECONDS} s")

    before, begin = _peak(), time.monotonic()
    earlier = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, earlier)
    assert time.monotonic() - begin < SECONDS
    assert _peak() - before < MEMORY, f"took {_peak() - before:,} bytes"


def _peak() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# --- Bytes -------------------------------------------------------------------------------------

_PIECES = [b"\x00", b"\xff", b"\x80", b"{", b"]", b'"', b"\\u", b"1e999", b"\xef\xbb\xbf", b"\n"]


@st.composite
def damaged_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """A few places overwritten, left out, put in, doubled, or the end cut off."""
    made = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(made)))
        length = draw(st.one_of(st.integers(0, 9), st.integers(0, len(made))))
        piece = draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=9)))
        match draw(st.sampled_from(("overwrite", "leave out", "put in", "double", "cut off"))):
            case "overwrite":
                made[place : place + len(piece)] = piece
            case "leave out":
                del made[place : place + length]
            case "put in":
                made[place:place] = piece
            case "double":
                made[place:place] = made[place : place + length]
            case "cut off":
                del made[place:]
    return bytes(made)


# --- Trees -------------------------------------------------------------------------------------


def _nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


_EXTREMES: list[Any] = [
    None,
    True,
    -1,
    0,
    2**31,
    2**63 - 1,
    -(2**63),
    0.5,
    -0.0,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "\x00",
    "x" * 100_000,
    "\u202e<script>alert(1)</script>\x1b[2J",
    [],
    {},
    [[]] * 1_000,
    {str(n): n for n in range(500)},
    _nested(30),
    _nested(400),
]


@st.composite
def damaged_tree(draw: st.DrawFn, tree: Any, also: tuple[Any, ...] = ()) -> Any:
    """A few places changed, removed, doubled, or given the content of another place.

    Most changes keep the type: what breaks a schema at once gets no further.

    Args:
        also: more values, to plant where a message has its values: in lists, and at "value".
    """
    root = [copy.deepcopy(tree)]
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(root))
        holder, key = draw(st.sampled_from(places))
        there = holder[key]
        alike = [(h, k) for h, k in places if type(h[k]) is type(there)]
        match draw(st.sampled_from(_TREE_DAMAGE)):
            case "exchange":
                other, name = draw(st.sampled_from(alike))
                # Copies: one of the two may hold the other.
                here, back = copy.deepcopy(other[name]), copy.deepcopy(there)
                holder[key], other[name] = here, back
            case "copy":
                other, name = draw(st.sampled_from(alike))
                holder[key] = copy.deepcopy(other[name])
            case "change":
                values = [value for value in _EXTREMES if type(value) is type(there)]
                holder[key] = copy.deepcopy(draw(st.sampled_from(values or _EXTREMES)))
            case "plant" if also:
                beds = [(h, k) for h, k in places if isinstance(h, list) or k == "value"]
                holder, key = draw(st.sampled_from(beds))
                holder[key] = copy.deepcopy(draw(st.sampled_from(also)))
            case "nudge" if isinstance(there, int) and not isinstance(there, bool):
                step = draw(st.sampled_from((-1, 1, 2, -there, 10**6)))
                holder[key] = min(max(there + step, -(2**63)), 2**63 - 1)
            case "replace" | "nudge" | "plant":
                holder[key] = copy.deepcopy(draw(st.sampled_from(_EXTREMES)))
            case "remove":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(there))
            case "double":
                holder[f"{key}-again"] = copy.deepcopy(there)
        if not root:
            return None
    return root[0]


_TREE_DAMAGE = (
    "exchange",
    "copy",
    "copy",
    "change",
    "change",
    "nudge",
    "plant",
    "plant",
    "plant",
    "replace",
    "remove",
    "double",
)


def _places(root: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree, as what holds it and the key there. Not recursive: trees are deep."""
    todo: list[Any] = [root]
    while todo:
        holder = todo.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in list(pairs):
            yield holder, key
            if isinstance(value, dict | list):
                todo.append(value)


# --- Cells -------------------------------------------------------------------------------------

# What learners leave in cells, short of attacks: those are in tests/attacks.
SOURCES = [
    "",
    "def square(x:",
    "raise SystemExit",
    "exit()",
    "import os\nos._exit(3)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "def square(x):\n    return square(x)",
    "square = None",
    "square = [square] if 'square' in globals() else []\nsquare.append(square)",
    "class square(int):\n    pass",
    "import numpy as np\nsquare = np.square",
    "def square(x):\n    yield x",
    "async def square(x):\n    return x",
    "%reset -f",
    "%%bash\necho $HOME",
    "!ls",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])",
    "print('x' * 10**6)",
    "import sys\nsys.stderr.write('oh')",
    "from IPython.display import HTML\nHTML('<img src=x onerror=alert(1)>')",
    "get_ipython().ask_exit()",
    "del __builtins__",
    "input()",
    "1 / 0",
    "\ud83d\ude00 = 1",
    "x = 'a\x00b'",
    "\t\tif True:\n  pass",
]


@st.composite
def damaged_cells(draw: st.DrawFn, notebook: dict[str, Any]) -> dict[str, Any]:
    """Cells deleted, doubled, moved, rewritten, renamed, or stripped of all that names them."""
    made = copy.deepcopy(notebook)
    cells: list[Any] = made["cells"]
    for _ in range(draw(st.integers(1, 5))):
        if not cells:
            break
        place = draw(st.integers(0, len(cells) - 1))
        other = draw(st.integers(0, len(cells) - 1))
        match draw(st.sampled_from(_CELL_DAMAGE)):
            case "delete":
                del cells[place]
            case "double":
                cells.insert(other, copy.deepcopy(cells[place]))
            case "move":
                cells.insert(other, cells.pop(place))
            case "rewrite":
                cells[place]["source"] = draw(st.sampled_from(SOURCES))
            case "add":
                source = draw(st.sampled_from(SOURCES))
                cells.insert(place, {"cell_type": "code", "metadata": {}, "source": source})
            case "write":
                cells[place]["source"] = draw(st.text(max_size=200))
            case "strip":
                cells[place]["metadata"] = {}
                cells[place].pop("id", None)
            case "retype":
                cells[place]["cell_type"] = draw(st.sampled_from(("code", "markdown", "raw")))
            case "rename":
                cells[place]["metadata"] = copy.deepcopy(cells[other]["metadata"])
    return made


_CELL_DAMAGE = (
    "delete",
    "double",
    "move",
    "rewrite",
    "rewrite",
    "add",
    "write",
    "strip",
    "retype",
    "rename",
)
