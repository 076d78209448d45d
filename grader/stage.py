"""The process in which learners' cells run: a warm parent that forks a child for each notebook.

`grader.player` starts it, with threads limited to one before anything is imported (a fork after
multi-threaded work deadlocks), and speaks to it over a socket. The parent imports the modules it is
told to, makes one IPython shell, and from then on only forks and watches. It runs no line of a
notebook.

Messages both ways are frames: four bytes of length (big-endian), then that many bytes of JSON.
In, one request: ``cells`` (sources), ``folder`` (a path), ``timeout`` (seconds a cell may take) and
``output_limit`` (characters a cell may show).
Out: ``ready`` once; then for each request ``forked``, for each cell ``started`` and ``played``, and
``ended``.

What it guarantees: a cell that loops is interrupted, and the child is killed when that does not
help; what cells had reported before a kill or an ``os._exit`` stays reported; a child never
outlives its request.

What it does not: the child is no sandbox. Tests run in the same process as the learner's code,
which can read them, patch what they use, open the teacher's files and forge a report. What a child
starts in a session of its own is not ended with it.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

# The longest frame that is believed: the cells or the outputs of one notebook, images included.
MAX_FRAME = 256 * 2**20
# Seconds between the interrupt of a cell and the kill of its process.
GRACE = 2.0
# Characters kept of an error's text, and of a result that comes after the output limit.
MAX_TEXT = 20_000


def write_frame(fd: int, message: dict[str, Any]) -> None:
    """Writes one frame to a blocking file descriptor. Lone surrogates become question marks."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    data = memoryview(struct.pack(">I", len(body)) + body)
    while data:
        data = data[os.write(fd, data) :]


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The frames that these bytes complete.

        Raises:
            ValueError: when the stream is not made of frames. It is of no use after that.
        """
        self._buffer += data
        while len(self._buffer) >= 4:
            length = struct.unpack_from(">I", self._buffer)[0]
            if length > MAX_FRAME:
                raise ValueError(f"a frame of {length} bytes")
            if len(self._buffer) < 4 + length:
                return
            body = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            try:
                message = json.loads(body)
            except RecursionError as error:
                raise ValueError("a frame nested too deep") from error
            if not isinstance(message, dict):
                raise ValueError("a frame that is no object")
            yield message


# --- The child: one notebook -------------------------------------------------------------------


class Outputs:
    """The outputs of the cell being played, as nbformat dictionaries, up to a limit of characters.

    Errors and results are kept beyond the limit, shortened: a mark hangs on them.
    """

    def __init__(self) -> None:
        self.limit = 0
        self.begin()

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
            self.items = []

    def _before_new(self) -> None:
        if self._clear_first:
            self.items = []
            self._clear_first = False

    def _append_stream(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else None
        if last and last["output_type"] == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self.items.append({"output_type": "stream", "name": name, "parts": [text]})

    def stream(self, name: str, text: str) -> None:
        self._before_new()
        room = self.limit - self._size
        if room >= 0:
            self._size += min(len(text), room)
            self._append_stream(name, text[:room])
            if len(text) > room:
                self._cut()

    def display(self, output: dict[str, Any], display_id: str | None, update: bool) -> None:
        size = sum(len(str(value)) for value in output["data"].values())
        if update and display_id in self._by_id:
            shown = self._by_id[display_id]
        else:
            self._before_new()
            shown = [output]
        if self._size + size > self.limit:
            self._cut()
            if output["output_type"] != "execute_result":
                return
            output["data"] = {
                mime: str(value)[:MAX_TEXT]
                for mime, value in output["data"].items()
                if mime == "text/plain"
            }
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


class _Stream(io.TextIOBase):
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


def _jsonable(value: Any) -> Any:
    """Image bytes as base64, as in nbformat; anything else that JSON does not know as its repr."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
    return value


def _bundle(data: dict[str, Any]) -> dict[str, Any]:
    return {str(mime): _jsonable(value) for mime, value in data.items()}


class _Publisher(DisplayPublisher):
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


class _Results(DisplayHook):
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


class _Compiler(CachingCompiler):
    """Remembers under which file name the current cell was compiled, to find it in a traceback."""

    cell_file = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        self.cell_file = super().get_code_name(raw_code, transformed_code, number)
        return self.cell_file


class Shell(InteractiveShell):
    """IPython without a terminal or a kernel: outputs go to `OUTPUTS`."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Results)
    compiler_class = Type(_Compiler)
    compile: _Compiler
    error_line: int | None = None

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        try:
            value = str(evalue)
        except Exception as broken:
            value = f"<its message could not be made: {type(broken).__name__}>"
        OUTPUTS.error(str(etype.__name__), value, [str(line) for line in stb])
        file = self.compile.cell_file
        if self.error_line is not None:
            return
        if isinstance(evalue, SyntaxError) and evalue.filename == file:
            self.error_line = evalue.lineno
        frame = getattr(evalue, "__traceback__", None)
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == file:
                self.error_line = frame.tb_lineno
            frame = frame.tb_next

    def enable_gui(self, gui: Any = None) -> None:
        """There is no event loop to enable; the inline backend of matplotlib asks for none."""

    def ask_exit(self) -> None:
        """`exit` and `quit` end nothing here, as `sys.exit` ends no cell but its own."""


class _Interrupts:
    """Turns SIGINT into KeyboardInterrupt while a cell plays, and into nothing between cells."""

    playing = False

    def __call__(self, *_: object) -> None:
        if self.playing:
            raise KeyboardInterrupt


def _play(shell: Shell, request: dict[str, Any], events: int, go_on: int) -> None:
    me = os.getpid()
    interrupts = _Interrupts()
    signal.signal(signal.SIGINT, interrupts)
    os.chdir(request["folder"])
    sys.stdin = open(os.devnull)  # noqa: SIM115
    sys.stdout = _Stream("stdout", 1)
    sys.stderr = _Stream("stderr", 2)
    OUTPUTS.limit = request["output_limit"]
    for number, source in enumerate(request["cells"]):
        write_frame(events, {"event": "started", "cell": number})
        OUTPUTS.begin()
        shell.error_line = None
        count = shell.execution_count
        begun = time.perf_counter()
        succeeded = False
        try:
            interrupts.playing = True
            succeeded = bool(shell.run_cell(source, store_history=True).success)
        except BaseException as error:
            OUTPUTS.error(type(error).__name__, str(error), [])
        finally:
            interrupts.playing = False
        if os.getpid() != me:
            # A cell forked: only one of the two goes on with the notebook.
            os._exit(0)
        if not succeeded and not any(o["output_type"] == "error" for o in OUTPUTS.items):
            OUTPUTS.error("Error", "the cell failed without a traceback", [])
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        write_frame(
            events,
            {
                "event": "played",
                "cell": number,
                "outputs": OUTPUTS.as_nbformat(),
                "execution_count": count,
                "seconds": time.perf_counter() - begun,
                "error_line": shell.error_line,
            },
        )
        # Until the parent has taken what the cell wrote past Python, the next must not write.
        os.read(go_on, 1)
    write_frame(events, {"event": "ended", "how": "finished"})


# --- The warm parent ---------------------------------------------------------------------------


class _ConductorGone(Exception):
    pass


class _Watch:
    """Follows one child: forwards what it reports, keeps its time, ends it."""

    def __init__(
        self, control: int, pid: int, pipes: tuple[int, int, int], go_on: int, timeout: float
    ) -> None:
        self.control = control
        self.pid = pid
        self.pipes = (*pipes, go_on)
        self.go_on = go_on
        self.events, *raw = pipes
        self.raw = dict(zip(raw, ("stdout", "stderr"), strict=True))
        self.timeout = timeout
        self.frames = FrameReader()
        self.captured: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self.cell: int | None = None
        self.interrupted = False
        self.deadline = time.monotonic() + timeout
        self.how: str | None = None

    def _read_raw(self, limit: int) -> None:
        """What the child wrote to its file descriptors 1 and 2, past Python: kept up to a limit."""
        for fd, name in list(self.raw.items()):
            kept = self.captured[name]
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            kept += data[: max(0, limit - len(kept))]
            if not data:
                del self.raw[fd]

    def _take_raw(self) -> list[dict[str, Any]]:
        taken = [
            {"output_type": "stream", "name": name, "text": data.decode("utf-8", "replace")}
            for name, data in self.captured.items()
            if data
        ]
        for data in self.captured.values():
            data.clear()
        return taken

    def _read_events(self, limit: int) -> None:
        """Forwards what has come."""
        data = os.read(self.events, 2**20)
        try:
            for frame in self.frames.feed(data):
                self._forward(frame, limit)
        except ValueError:
            self.how = "garbled"
        if not data:
            # Nobody is left who could report, even where the process still runs.
            self.how = "died"

    def _status(self, wait: float) -> int | None:
        """The child's exit status once it has one, negative for a signal."""
        until = time.monotonic() + wait
        while True:
            done, code = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(code)
            if time.monotonic() >= until:
                return None
            time.sleep(0.005)

    def _forward(self, frame: dict[str, Any], limit: int) -> None:
        if frame.get("event") == "started":
            self.cell = frame.get("cell")
            self.interrupted = False
        elif frame.get("event") == "played":
            self._read_raw(limit)
            outputs = frame.get("outputs")
            if isinstance(outputs, list):
                outputs.extend(self._take_raw())
            frame["interrupted"] = self.interrupted
        elif frame.get("event") == "ended":
            self.how = "finished"
            return
        else:
            raise ValueError("an unknown event")
        self.deadline = time.monotonic() + self.timeout
        write_frame(self.control, frame)
        if frame["event"] == "played":
            with contextlib.suppress(BrokenPipeError):
                os.write(self.go_on, b"+")

    def follow(self, limit: int) -> dict[str, Any]:
        """Until the child has ended or been ended: the `ended` event to report.

        Raises:
            _ConductorGone: when there is nobody left to report to.
        """
        status: int | None = None
        while self.how is None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                if self.interrupted or self.cell is None:
                    self.how = "killed"
                    break
                self.interrupted = True
                self.deadline += GRACE
                os.kill(self.pid, signal.SIGINT)
                continue
            # A short wait, so that a child that dies while others hold its pipes is noticed.
            waited = select.select([self.events, self.control, *self.raw], [], [], min(left, 0.1))
            if self.control in waited[0]:
                raise _ConductorGone
            self._read_raw(limit)
            if self.events in waited[0]:
                self._read_events(limit)
            elif status is not None:
                # It is dead and has said nothing since the last look.
                self.how = "died"
            else:
                status = self._status(0)
        if self.how == "died" and status is None:
            status = self._status(0.5)
        return {
            "event": "ended",
            "how": self.how,
            "cell": self.cell,
            "status": status,
            "outputs": self._take_raw(),
        }

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        for fd in self.pipes:
            os.close(fd)


def _fork(shell: Shell, request: dict[str, Any], control: int) -> _Watch:
    pipes = [os.pipe() for _ in range(3)]
    waits, go_on = os.pipe()
    pid = os.fork()
    if pid == 0:
        for fd in (control, go_on, *(reading for reading, _ in pipes)):
            os.close(fd)
        events, out, err = (writing for _, writing in pipes)
        _be_child(shell, request, events, out, err, waits)
    os.close(waits)
    # Also here, so that the group exists before it could be needed, whoever is first.
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)
    for reading, writing in pipes:
        os.close(writing)
        os.set_blocking(reading, False)
    events, out, err = (reading for reading, _ in pipes)
    return _Watch(control, pid, (events, out, err), go_on, float(request["timeout"]))


def _be_child(
    shell: Shell, request: dict[str, Any], events: int, out: int, err: int, waits: int
) -> NoReturn:
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        for fd in (null, out, err):
            os.close(fd)
        _play(shell, request, events, waits)
        os._exit(0)
    except BaseException:
        # The parent reports a child that died, with this as the reason.
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(70)


def _import(modules: list[str]) -> list[str]:
    """Imports what it can; returns what it could not."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:
            missing.append(name)
        if name == "torch" and "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)
    return missing


def _make_shell() -> Shell:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.banner1 = ""
    shell: Shell = Shell.instance(config=config)
    if "matplotlib" in sys.modules:
        # Figures become outputs, as in a notebook; the inline backend draws with Agg.
        shell.enable_matplotlib("inline")
    return shell


def main() -> None:
    """Serves requests on the socket whose number is the first argument until it is closed.

    The other arguments are modules to import beforehand.
    """
    control = socket.socket(fileno=int(sys.argv[1])).detach()
    os.set_inheritable(control, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    missing = _import(sys.argv[2:])
    shell = _make_shell()
    sys.argv = ["grader"]
    gc.collect()
    # What is there now is shared by all children: keep the collector from touching its pages.
    gc.freeze()
    write_frame(control, {"event": "ready", "missing": missing})
    frames = FrameReader()
    while data := os.read(control, 2**20):
        for request in frames.feed(data):
            watch = _fork(shell, request, control)
            try:
                write_frame(control, {"event": "forked", "pid": watch.pid})
                ended = watch.follow(request["output_limit"])
            except (_ConductorGone, BrokenPipeError):
                return
            finally:
                watch.end()
            write_frame(control, ended)
