"""A fresh kernel that runs cells one by one, each for so long and no longer."""

from __future__ import annotations

import os
import queue
import re
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from jupyter_client.manager import KernelManager

How = Literal["fine", "error", "slow", "died"]

START_TIMEOUT = 60.0
# Seconds between the interrupt of a cell and the end of its kernel.
GRACE = 2.0
# Seconds between two looks at whether the kernel lives.
LOOK = 0.25
# Characters of an error that are told.
MOST = 2_000

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"Cell In\[(\d+)\], line (\d+)")
_SYNTAX = re.compile(r" \([^()]*, line (\d+)\)$")


@dataclass(frozen=True)
class Ending:
    """How a cell ended.

    Attributes:
        count: its number in the kernel, as in In[3].
        name, text: of the exception.
        places: number of the cell and line, from the outermost call to the innermost.
    """

    how: How
    count: int = 0
    name: str = ""
    text: str = ""
    places: tuple[tuple[int, int], ...] = ()

    def line_in(self, count: int) -> int | None:
        """The line of the cell with this number that the error comes from."""
        lines = [line for cell, line in self.places if cell == count]
        return lines[-1] if lines else None


class Kernel:
    """A kernel in a folder; nothing that is done in it is kept as progress.

    Attributes:
        lost: whether it ended, or did not stop: there is none until `restart`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        self.lost = False
        self._manager = KernelManager(kernel_name="python3")
        # As in nbgrader: whoever asks whether a person sits before it is told no.
        told = {"COURSE_PROGRESS": ":memory:", "NBGRADER_EXECUTION": "validate"}
        with open(os.devnull, "w") as nothing:
            self._manager.start_kernel(
                cwd=str(self._folder), env=os.environ | told, stdout=nothing, stderr=nothing
            )
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=START_TIMEOUT)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def restart(self) -> None:
        """A new kernel in place of one that ended, or that does not stop."""
        self._end()
        self._start()

    def run(self, source: str, seconds: float) -> Ending:
        """Runs a cell, and interrupts it after these seconds."""
        asked = self._client.execute(source, allow_stdin=False, stop_on_error=False)
        deadline = time.monotonic() + seconds
        interrupted = False
        ending = Ending("fine")
        while True:
            message = self._next(asked)
            if message is None and not self._manager.is_alive():
                self.lost = True
                return Ending("died", ending.count)
            if message is not None:
                content = message["content"]
                match message["msg_type"]:
                    case "execute_input":
                        ending = Ending("fine", content["execution_count"])
                    case "error":
                        ending = _failed(ending.count, content)
                    case "status" if content["execution_state"] == "idle":
                        return Ending("slow", ending.count) if interrupted else ending
            if time.monotonic() > deadline:
                if interrupted:
                    self.lost = True
                    return Ending("slow", ending.count)
                self._manager.interrupt_kernel()
                interrupted, deadline = True, time.monotonic() + GRACE

    def _next(self, asked: str) -> dict[str, Any] | None:
        """The next thing that the kernel says about what it was asked; None if there is none."""
        try:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=LOOK)
        except queue.Empty:
            return None
        # What threads of an earlier cell still say is passed over.
        is_ours = message["parent_header"].get("msg_id") == asked
        return message if is_ours else {"msg_type": "", "content": {}}


def _failed(count: int, content: dict[str, Any]) -> Ending:
    traceback = _COLOUR.sub("", "\n".join(content["traceback"]))
    places = [(int(cell), int(line)) for cell, line in _LINE.findall(traceback)]
    text = content["evalue"][:MOST]
    if found := _SYNTAX.search(text):
        # Of code that does not even begin, the traceback names no other place.
        text, places = text[: found.start()], [(count, int(found[1]))]
    return Ending("error", count, content["ename"], text, tuple(places))
