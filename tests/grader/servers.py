"""A real PostgreSQL server, for as long as tests need one."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Where Debian puts what is not on the PATH.
_PLACES = [os.environ["PATH"], *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]


def find(program: str) -> str | None:
    return shutil.which(program, path=os.pathsep.join(_PLACES))


@dataclass
class Postgres:
    """A server on the loopback, with nothing in it; one that ends with its test."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.address("postgres")

    def address(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        command = [found("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-h", "127.0.0.1", "-k", str(self.folder), "-c", "fsync=off"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **_as_somebody())
        ask = [found("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        until = time.monotonic() + 60
        while subprocess.run(ask, check=False).returncode != 0:
            assert time.monotonic() < until, "it does not start"
            assert self.process.poll() is None, "it has ended"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as when somebody pulls the plug."""
        if self.process is not None:
            subprocess.run(
                [found("pg_ctl"), "stop", "-m", "immediate", "-D", str(self.folder / "data")],
                stdout=subprocess.DEVNULL,
                check=True,
                **_as_somebody(),
            )
            self.process.wait()
            self.process = None


def found(program: str) -> str:
    path = find(program)
    assert path is not None
    return path


def _as_somebody() -> dict[str, str]:
    """It refuses to run as root; its package brings a user for it."""
    return {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    # Not among pytest's folders, into which nobody else may look.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Postgres(folder, free.getsockname()[1])
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, **_as_somebody())
        subprocess.run(
            [found("initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N"],
            stdout=subprocess.DEVNULL,
            check=True,
            **_as_somebody(),
        )
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
