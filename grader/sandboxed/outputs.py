"""The outputs of the cell that runs, as nbformat knows them, whatever has made them.

Streams, displays, results and errors all go to `OUTPUTS`.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

from grader.protocol.outputs import Display, Error, ExecuteResult, Name, Output, Stream

# Characters kept of an error's text, and of a result that comes after the output limit.
MAX_TEXT = 20_000
# What each output counts for besides its characters, and how many kinds of one are kept.
EACH = 250
MAX_KINDS = 20


class _Written:
    """Text of a stream, as it comes."""

    def __init__(self, name: Name) -> None:
        self.name = name
        self.parts: list[str] = []

    def as_output(self) -> Stream:
        return Stream(self.name, "".join(self.parts))


class Outputs:
    """The outputs of the cell being played, up to a limit of characters.

    Errors and results are kept beyond the limit, shortened: a mark hangs on them.
    """

    def __init__(self) -> None:
        self.limit = 0
        # Whether what comes now is a learner's.
        self.relays = False
        self.begin()

    def shown(self) -> bool:
        """Whether what comes now may be shown; a judge says no at hidden lines."""
        return True

    def begin(self) -> None:
        self.items: list[_Written | Output] = []
        self._by_id: dict[str, list[Display | ExecuteResult]] = {}
        self._size = 0
        self._clear_first = False
        # Whether something was written on standard error here, which was no warning.
        self.complained = False

    def _cut(self) -> None:
        if self._size <= self.limit:
            self._size = self.limit + 1
            notice = f"\n… the output of this cell was cut at {self.limit} characters\n"
            self._append_stream("stderr", notice)

    def clear(self, wait: bool) -> None:
        """IPython's clear_output. What it clears still counts towards the limit."""
        if wait:
            self._clear_first = True
        else:
            self._empty()

    def _empty(self) -> None:
        self._size -= EACH * len(self.items)
        self.items = []

    def _before_new(self) -> None:
        if self._clear_first:
            self._empty()
            self._clear_first = False

    def _append_stream(self, name: Name, text: str) -> None:
        last = self.items[-1] if self.items else None
        if not isinstance(last, _Written) or last.name != name:
            self._size += EACH
            last = _Written(name)
            self.items.append(last)
        last.parts.append(text)

    def stream(self, name: Name, text: str) -> None:
        if not self.shown():
            return
        self._before_new()
        room = self.limit - self._size
        if room >= 0:
            self._size += min(len(text), room)
            self._append_stream(name, text[:room])
            if len(text) > room:
                self._cut()

    def display(
        self, output: Display | ExecuteResult, display_id: str | None = None, update: bool = False
    ) -> None:
        is_result = isinstance(output, ExecuteResult)
        if not is_result and not self.shown():
            return
        size = sum(len(mime) + len(text) for mime, text in output.data.items())
        size += sum(len(mime) + len(text) for mime, text in output.metadata.items())
        if update and display_id in self._by_id:
            shown = self._by_id[display_id]
        else:
            self._before_new()
            shown = [output]
            size += EACH
        if self._size + size > self.limit:
            self._cut()
            if not is_result:
                return
            text = output.data.get("text/plain")
            output.data = {} if text is None else {"text/plain": text[:MAX_TEXT]}
            output.metadata = {}
        self._size += size
        for place in shown:
            if place is output:
                self.items.append(output)
            else:
                place.data, place.metadata = output.data, output.metadata
        if display_id is not None and not update:
            self._by_id.setdefault(display_id, []).append(output)

    def error(self, kind: str, value: str, lines: list[str]) -> None:
        self._before_new()
        text = "\n".join(lines)
        if len(text) > MAX_TEXT:
            text = f"{text[: MAX_TEXT // 2]}\n… the traceback was cut …\n{text[-MAX_TEXT // 2 :]}"
        self.items.append(Error(kind[:MAX_TEXT], value[:MAX_TEXT], text.split("\n")))

    @property
    def has_error(self) -> bool:
        return any(isinstance(item, Error) for item in self.items)

    def taken(self) -> list[Output]:
        """What was shown since `begin`."""
        return [item.as_output() if isinstance(item, _Written) else item for item in self.items]


OUTPUTS = Outputs()


@contextmanager
def captured(limit: int) -> Iterator[list[Output]]:
    """Catches what is shown meanwhile; the list is filled at the end."""
    kept = vars(OUTPUTS).copy()
    OUTPUTS.begin()
    OUTPUTS.limit = limit
    caught: list[Output] = []
    try:
        yield caught
    finally:
        caught.extend(OUTPUTS.taken())
        vars(OUTPUTS).update(kept)


class OutputStream(io.TextIOBase):
    """sys.stdout or sys.stderr of the child."""

    encoding = "utf-8"

    def __init__(self, name: Name, fd: int) -> None:
        self._name = name
        self._fd = fd

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        is_own = self._name == "stderr" and not (OUTPUTS.relays or OUTPUTS.complained)
        if is_own and text.strip():
            OUTPUTS.complained = not _is_a_warning()
        OUTPUTS.stream(self._name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd


def _is_a_warning() -> bool:
    """Whether Python's own module for warnings writes, by whatever it shows them with."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") != "warnings":
        frame = frame.f_back
    return frame is not None


def _text(value: Any) -> str:
    """Image bytes as base64, as in nbformat; what is neither text nor bytes as JSON or its repr."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _bundle(data: dict[str, Any]) -> dict[str, str]:
    return {str(mime): _text(value) for mime, value in islice(data.items(), MAX_KINDS)}


class Publisher(DisplayPublisher):
    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: Any = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        output = Display(_bundle(data), _bundle(metadata or {}))
        OUTPUTS.display(output, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        OUTPUTS.clear(wait)


def _as_number(value: Any) -> float | None:
    """What a value is as a number: NumPy's and torch's are some, too. None for all else."""
    # Of what stays with the learner's code nobody asks that.
    if isinstance(value, str | bytes) or getattr(type(value), "stays_where_it_is", False):
        return None
    with contextlib.suppress(Exception):
        return float(value.item() if hasattr(value, "item") else value)
    return None


class Results(DisplayHook):
    """What the last line of a cell comes to.

    Attributes:
        counts: whether it is a number of points: then its text is one, whatever kind of number it
            is, and 0 at least. nbgrader gives all points for a text that is none, such as
            `np.int64(1)`, and for what is below 0, or nan.
        number: what it was; None where it was none.
    """

    counts = False
    number: float | None = None

    def __call__(self, result: Any = None) -> None:
        if not getattr(type(result), "stays_unseen", False):
            super().__call__(result)

    def compute_format_data(self, result: Any) -> Any:
        if self.counts:
            self.number = _as_number(result)
            if self.number is not None and not self.number >= 0:
                result = 0
            elif self.number is not None and type(result) not in (int, float):
                result = self.number
        return super().compute_format_data(result)

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(
        self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None
    ) -> None:
        data, metadata = _bundle(format_dict), _bundle(md_dict or {})
        OUTPUTS.display(ExecuteResult(self.prompt_count, data, metadata))

    def finish_displayhook(self) -> None:
        self._is_active = False
