"""What Jupyter starts in the place of a kernel, and ends as the kernel does.

    python -I -S ask.py FOLDER OWNER -f CONNECTION_FILE …

FOLDER holds the sockets of the processes that are forked, see serve.py. A process serves those
kernels only that find the same Python and the same environment, but for what no import reads. The
first who asks starts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time

LENGTH = 8
# Of the environment, what no import reads; what the names begin with.
_NOT_READ = (
    *("COURSE_", "JPY_", "JUPYTER", "MAKE", "MFLAGS", "NBGRADER_", "OLDPWD", "PATH", "PWD"),
    *("PYDEVD_", "PYTEST_", "SHLVL", "_"),
)
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def main(folder: str, owner: str, arguments: list[str]) -> None:
    """Stands for a kernel until that ends, and then ends in the same way."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    with _connected(folder, owner) as line:
        told = {"argv": arguments, "cwd": os.getcwd(), "env": dict(os.environ), "pid": os.getpid()}
        data = json.dumps(told).encode()
        socket.send_fds(line, [number(len(data))], [0, 1, 2])
        line.sendall(data)
        kernel = read_number(line)
        for forwarded in _FORWARDED:
            signal.signal(forwarded, lambda which, _: _pass_on(kernel, which))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        status = read_number(line)
    if status < 0:
        if -status in _FORWARDED:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _pass_on(kernel: int, which: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(kernel, which)


def _connected(folder: str, owner: str) -> socket.socket:
    import fcntl
    import hashlib

    read = {name: text for name, text in os.environ.items() if not name.startswith(_NOT_READ)}
    key = json.dumps([sys.executable, sorted(read.items())]).encode()
    path = os.path.join(folder, hashlib.sha256(key).hexdigest()[:16])
    with contextlib.suppress(OSError):
        return _connect(path)
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):
            return _connect(path)
        return _started(path, owner)


def _started(path: str, owner: str) -> socket.socket:
    import subprocess

    with open(f"{path}.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(__file__), "serve.py"), path, owner],
            cwd=os.path.dirname(path),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, ()),
        )
    while process.poll() is None:
        with contextlib.suppress(OSError):
            return _connect(path)
        time.sleep(0.01)
    sys.exit(f"There is no process to fork kernels from; {path}.log says why.")


def _connect(path: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(path)
    except OSError:
        line.close()
        raise
    return line


def number(value: int) -> bytes:
    """As both sides of the socket send numbers."""
    return value.to_bytes(LENGTH, "big", signed=True)


def read_number(line: socket.socket) -> int:
    """The next number on the socket."""
    return int.from_bytes(read(line, LENGTH), "big", signed=True)


def read(line: socket.socket, size: int) -> bytes:
    """So many bytes."""
    data = b""
    while len(data) < size:
        if not (more := line.recv(size - len(data))):
            raise ConnectionError("The other side is gone.")
        data += more
    return data


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
