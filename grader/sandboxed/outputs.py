"""The outputs of the cell that runs, as nbformat knows them, whatever has made them.

Streams, displays, results and errors all go to `OUTPUTS`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

# Characters kept of an error's text, and of a result that comes after the output limit.
MAX_TEXT = 20_000
# What each output counts for besides its characters, and how many kinds of one are kept.
EACH = 250
MAX_KINDS = 50


class Outputs:
    """The outputs of the cell being played, as nbformat dictionaries, up to a limit of characters.

    Errors and results are kept beyond the limit, shortened: a mark hangs on them.
    """

    def __init__(self) -> None:
        self.limit = 0
        self.begin()

    def shown(self) -> bool:
        """Whether what comes now may be shown; a judge says no at hidden lines."""
        return True

    def begin(self) -> None:
        self.items: list[dict[str, Any]] = []
        self._by_id: dict[str, list[dict[str, Any]]] = {}
        self._size = 0
        self._clear_first = False

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

    def _append_stream(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else None
        if last and last["output_type"] == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self._size += EACH
            self.items.append({"output_type": "stream", "name": name, "parts": [text]})

    def stream(self, name: str, text: str) -> None:
        if not self.shown():
            return
        self._before_new()
        room = self.limit - self._size
        if room >= 0:
            self._size += min(len(text), room)
            self._append_stream(name, text[:room])
            if len(text) > room:
                self._cut()

    def display(self, output: dict[str, Any], display_id: str | None, update: bool) -> None:
        if output["output_type"] != "execute_result" and not self.shown():
            return
        size = sum(len(mime) + len(text) for mime, text in output["data"].items())
        size += sum(len(mime) + len(text) for mime, text in output["metadata"].items())
        if update and display_id in self._by_id:
            shown = self._by_id[display_id]
        else:
            self._before_new()
            shown = [output]
            size += EACH
        if self._size + size > self.limit:
            self._cut()
            if output["output_type"] != "execute_result":
                return
            output["data"] = {
                mime: text[:MAX_TEXT]
                for mime, text in output["data"].items()
                if mime == "text/plain"
            }
            output["metadata"] = {}
        self._size += size
        for place in shown:
            if place is output:
                self.items.append(output)
            else:
                place.update(data=output["data"], metadata=output["metadata"])
        if display_id is not None and not update:
            self._by_id.setdefault(display_id, []).append(output)

    def error(self, kind: str, value: str, lines: list[str]) -> None:
        self._before_new()
        text = "\n".join(lines)
        if len(text) > MAX_TEXT:
            text = f"{text[: MAX_TEXT // 2]}\n… the traceback was cut …\n{text[-MAX_TEXT // 2 :]}"
        self.items.append(
            {
                "output_type": "error",
                "ename": kind[:MAX_TEXT],
                "evalue": value[:MAX_TEXT],
                "traceback": text.split("\n"),
            }
        )

    def as_nbformat(self) -> list[dict[str, Any]]:
        return [
            {"output_type": "stream", "name": item["name"], "text": "".join(item["parts"])}
            if item["output_type"] == "stream"
            else item
            for item in self.items
        ]


OUTPUTS = Outputs()


@contextmanager
def captured(limit: int) -> Iterator[list[dict[str, Any]]]:
    """Catches what is shown meanwhile; the list is filled at the end."""
    kept = vars(OUTPUTS).copy()
    OUTPUTS.begin()
    OUTPUTS.limit = limit
    caught: list[dict[str, Any]] = []
    try:
        yield caught
    finally:
        caught.extend(OUTPUTS.as_nbformat())
        vars(OUTPUTS).update(kept)


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the child."""

    encoding = "utf-8"

    def __init__(self, name: str, fd: int) -> None:
        self._name = name
        self._fd = fd

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        OUTPUTS.stream(self._name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd


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
        output = {
            "output_type": "display_data",
            "data": _bundle(data),
            "metadata": _bundle(metadata or {}),
        }
        OUTPUTS.display(output, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        OUTPUTS.clear(wait)


class Results(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(
        self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None
    ) -> None:
        output = {
            "output_type": "execute_result",
            "execution_count": self.prompt_count,
            "data": _bundle(format_dict),
            "metadata": _bundle(md_dict or {}),
        }
        OUTPUTS.display(output, None, False)

    def finish_displayhook(self) -> None:
        self._is_active = False
