"""The conductor's end of the zygote: how it starts, and how it ends."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time

from grader.host.engine import bubblewrap
from grader.host.engine.modules import import_places
from grader.host.engine.settings import EngineSettings
from grader.protocol import wire
from grader.protocol.errors import GraderError
from grader.protocol.wire import Channel, Gone, Silent

START_TIMEOUT = 120.0

_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
_ENVIRONMENT = {
    **_ONE_THREAD,
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # Its workers look themselves up in /proc, which is not there, and end: what scikit-learn and
    # others give it runs one after the other.
    "JOBLIB_MULTIPROCESSING": "0",
    # As in nbgrader: a course may ask whether it is being graded.
    "NBGRADER_EXECUTION": "autograde",
    # Sets come in the same order in every run.
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Zygote:
    """The warm process; it is being started when this is there, and has to be waited for.

    Attributes:
        scratch: the folder for the working folders of its children, where it is not shut in.

    Raises:
        GraderError: when there is no fork or no sandbox on this system.
    """

    def __init__(self, settings: EngineSettings) -> None:
        if not hasattr(os, "fork"):
            raise GraderError("Grading needs fork, which this system has not: use Linux or macOS.")
        if settings.shut_in:
            bubblewrap.check()
        ours, theirs = wire.pair()
        code = "from grader.sandboxed.zygote import main; main()"
        number = "many" if settings.many else "few"
        argv = [bubblewrap.PYTHON, "-c", code, str(theirs.fileno()), number, *settings.preload]
        environment = dict(_ENVIRONMENT)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if settings.shut_in:
            environment["PYTHONPATH"] = f"{bubblewrap.ENGINE}:/course"
            argv = bubblewrap.command(argv, settings.show, environment, settings.hide)
            environment = {}
        else:
            places = {str(place) for place in import_places(settings.show)}
            paths = [*sorted(places), os.environ.get("PYTHONPATH", "")]
            environment = {**os.environ, **environment}
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
            self._folder = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
        self.scratch = self._folder and self._folder.name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            self._process = subprocess.Popen(
                argv,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                # Not the course: the empty entry of sys.path means the folder a child changes to.
                cwd="/",
                # Ctrl-C is for the conductor, which closes the socket.
                start_new_session=True,
                env=environment,
            )
        self.pid = self._process.pid
        self._channel = Channel(ours)

    def wait(self) -> Channel:
        """The channel to it, once it has imported what it is to import.

        Raises:
            GraderError: when it does not come up.
        """
        try:
            self._channel.receive(time.monotonic() + START_TIMEOUT)
        except (Gone, Silent):
            self._said.seek(0)
            last = self._said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise GraderError(
                f"The process for learners' code did not start: {' '.join(last) or 'no answer'}"
            ) from None
        return self._channel

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it at once; any thread may call this."""
        self._process.kill()

    def close(self) -> None:
        """Hangs up, and waits until it has ended."""
        self._channel.close()
        self._said.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._folder is not None:
            self._folder.cleanup()
