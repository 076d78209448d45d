"""A class on a Dask cluster: as here, whatever becomes of its workers."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import dask
import nbformat
import pytest
from distributed import Client, LocalCluster
from distributed.security import Security

from grader import Course, Engine
from grader.host.batch import ClassResult, grade_class, run
from grader.host.cluster import conductor, kit
from grader.host.cluster.conductor import place
from grader.host.cluster.grading_process import GradingProcess, _own_core
from grader.host.engine.settings import EngineSettings
from grader.host.results.result import Result
from grader.host.station import Station
from grader.host.tasks import find_tasks, load_assignments
from grader.protocol.errors import GraderError
from tests.conftest import ROOT
from tests.grader.conftest import Desk

SLOW = "import time\ntime.sleep(0.4)\ndef square(x):\n    return x ** 2"


@pytest.fixture(scope="module")
def cluster(bubblewrap: str) -> Iterator[LocalCluster]:
    """Two workers, each a process."""
    with local(2) as made:
        yield made


def local(workers: int, processes: bool = True) -> LocalCluster:
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    )


class Class:
    """A class that is graded on a cluster, and what is heard meanwhile."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk = desk
        self.address = address
        self.results: list[Result] = []
        self.refused: dict[str, str] = {}

    def grade(self) -> ClassResult:
        course = Course.open(self.desk.root)
        assignments = load_assignments(course, self.desk.submitted, ())
        tasks, _ = find_tasks(self.desk.submitted, assignments)
        with Engine(EngineSettings(preload=(), timeout=5, show=course.shown, many=False)) as engine:
            return grade_class(
                course,
                self.desk.submitted,
                self.desk.out,
                assignments,
                tasks,
                engine,
                on_result=self.on_result,
                place=place(self.address, course, list(assignments), self.refused.__setitem__),
            )

    def on_result(self, result: Result) -> None:
        self.results.append(result)


def written(out: Path) -> dict[str, object]:
    """All that a run wrote for people and programs, but for how long cells took."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        if not path.is_file() or path.name in (".lock", "gradebook.db"):
            continue
        found[str(path.relative_to(out))] = path.read_bytes()
        if path.suffix == ".json" and path.parent.parent.name == "results":
            result = json.loads(path.read_bytes())
            assert result.pop("seconds") >= 0
            assert min(result.pop("times").values(), default=0) >= 0
            found[str(path.relative_to(out))] = result
    return found


def test_results_are_those_of_one_machine_byte_for_byte(
    desk: Desk, cluster: LocalCluster, tmp_path: Path
) -> None:
    """Right and wrong ones, damaged ones, other names, files, and a late one."""
    desk.hand_in("amy", timestamp="2026-03-03 10:00:00 UTC")
    desk.hand_in("bob", {"square": "def square(x):\n    return x"})
    desk.hand_in("cut").write_text("{")
    desk.hand_in("dan", {"square": "raise SystemExit", "triple": "while True: pass"})
    os.rename(desk.hand_in("eve"), desk.folder("eve") / "other.ipynb")
    (desk.folder("eve") / os.fsdecode(b"n\xfc.txt")).write_text("ü")
    pair = desk.folder("fay", "pair")
    for name in ("first", "second"):
        shutil.copy(desk.root / "solutions/pair" / f"{name}.ipynb", pair)
    due = ["--due", "numbers=2026-03-02"]
    desk.grade("--timeout", 2, *due, "--cluster", cluster.scheduler_address)
    there = written(desk.out)
    own = replace(desk, out=tmp_path / "here")
    own.grade("--timeout", 2, *due)
    here = written(own.out)
    assert there == here
    assert len(here) > 15
    said = own.grade("--timeout", 2, *due, "--cluster", cluster.scheduler_address)
    assert "6 known from an earlier run" in said, "settings and marks are the same"


def test_what_stands_around_each_notebook_travels(desk: Desk, tmp_path: Path) -> None:
    """A header lies outside of every assignment's folder."""
    header = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("ten = 10")])
    nbformat.write(header, desk.root / "head.ipynb")
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write('c.IncludeHeaderFooter.header = "head.ipynb"\n')
    course = Course.open(desk.root)
    here = load_assignments(course, desk.submitted, ("numbers",))
    assert here["numbers"].notebooks["numbers"].code[0].node.source == "ten = 10"
    with Engine(EngineSettings(preload=())) as engine:
        content = kit.pack(course, Station(here, engine), ["numbers"])
    kit.unpack(content, tmp_path / "there")
    there = kit.station(content, tmp_path / "there", None, tmp_path)
    assert there.assignments["numbers"].fingerprint == here["numbers"].fingerprint


@pytest.mark.thorough
def test_a_worker_that_is_killed_loses_nothing(desk: Desk, bubblewrap: str) -> None:
    for number in range(12):
        desk.hand_in(f"s{number:02}", {"square": SLOW})
    with local(2) as cluster:
        run = Class(desk, cluster.scheduler_address)
        victim = next(iter(cluster.workers.values())).pid
        assert victim is not None
        with Client(cluster.scheduler_address, set_as_default=False) as client:

            def kill(result: Result) -> None:
                run.results.append(result)
                if len(run.results) == 3:
                    processes.extend(children(victim))
                    os.kill(victim, signal.SIGKILL)

            processes: list[int] = []
            run.on_result = kill  # type: ignore[method-assign]
            done = run.grade()
            pids = client.run(os.getpid).values()
        assert victim not in pids, "it was a worker, and Dask has put another in its place"
    assert done.graded == 12
    assert sorted(result.student for result in run.results) == [f"s{n:02}" for n in range(12)]
    assert {result.item("square").score for result in run.results} == {3}
    assert processes, "something was under way there"
    until = time.monotonic() + 10
    while any(map(is_alive, processes)):
        assert time.monotonic() < until, "what graded there has outlived its worker"
        time.sleep(0.1)


@pytest.mark.thorough
def test_workers_that_come_when_nobody_is_left_go_on(desk: Desk, bubblewrap: str) -> None:
    """What was sent waits for somebody who can do it, and a worker is there before it can."""
    for number in range(6):
        desk.hand_in(f"s{number}", {"square": SLOW})
    with local(1) as cluster:
        run = Class(desk, cluster.scheduler_address)

        def kill(result: Result) -> None:
            run.results.append(result)
            if len(run.results) == 1:
                (victim,) = (worker.pid for worker in cluster.workers.values())
                assert victim is not None
                os.kill(victim, signal.SIGKILL)

        run.on_result = kill  # type: ignore[method-assign]
        with ThreadPoolExecutor(1) as waiting:
            done = waiting.submit(run.grade)
            try:
                graded = done.result(timeout=90).graded
            finally:
                # Where it waits for ever, what it waits for goes.
                cluster.close()
    assert graded == 6
    assert sorted(result.student for result in run.results) == [f"s{n}" for n in range(6)]


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_worker(address: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard"]
    command += ["--no-nanny", "--nthreads", "1", "--host", "127.0.0.1"]
    return subprocess.Popen(
        [*command, "--local-directory", str(folder)],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("what", "why"),
    [("sandbox", "bubblewrap"), ("version", "its grader is of another version")],
)
def test_a_worker_that_can_not_grade_as_here_is_refused(
    what: str, why: str, desk: Desk, bubblewrap: str, tmp_path: Path
) -> None:
    """Another does its work; when there is no other, that is said."""
    desk.hand_in("amy")
    environment = {"PATH": str(tmp_path)}
    if what == "version":
        shutil.copytree(ROOT / "grader", tmp_path / "grader")
        with (tmp_path / "grader/host/session/hear.py").open("a") as file:
            file.write("\n# Another.\n")
        environment = {"PYTHONPATH": str(tmp_path)}
    with local(0) as cluster, Client(cluster, set_as_default=False) as client:
        worker = start_worker(cluster.scheduler_address, tmp_path, **environment)
        try:
            client.wait_for_workers(1, timeout=30)
            said = desk.grade("--cluster", cluster.scheduler_address, code=1)
            assert f"No worker of {cluster.scheduler_address} can grade." in said
            assert why in said
            cluster.scale(1)
            client.wait_for_workers(2, timeout=30)
            run = Class(desk, cluster.scheduler_address)
            assert run.grade().graded == 1
            assert [why in sentence for sentence in run.refused.values()] == [True]
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1:{free}", "No Dask scheduler answers at tcp://127.0.0.1:"),
        ("tls://127.0.0.1:{free}", "Dask said: TLS expects"),
        ("tls://[::1", "No Dask scheduler answers at tls://[::1"),
        ("127.0.0.1:8786", "is neither the address of a Dask scheduler"),
        ("local:none", "is neither the address of a Dask scheduler"),
        ("", "is neither the address of a Dask scheduler"),
    ],
)
def test_an_address_where_nobody_is_is_told(
    address: str, why: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.host.cluster.conductor._REACH", 1.0)
    desk.hand_in("amy")
    with socket.socket() as taken:
        # Bound, and not listening: nobody can be there.
        taken.bind(("127.0.0.1", 0))
        said = desk.grade("--cluster", address.format(free=taken.getsockname()[1]), code=1)
    assert why in said
    assert len(said.strip().splitlines()) == 1


def test_a_port_where_nobody_answers_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.host.cluster.conductor._REACH", 0.5)
    monkeypatch.setattr("grader.host.cluster.conductor._LOOK", 0.5)
    desk.hand_in("amy")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said = desk.grade("--cluster", address, code=1)
    assert said.strip().startswith(f"No Dask scheduler answers at {address}: ")
    assert len(said.strip().splitlines()) == 1


def test_learners_code_is_shut_in_on_workers_too(desk: Desk) -> None:
    desk.hand_in("amy")
    said = desk.grade("--cluster", "local:1", "--no-sandbox", code=1)
    assert "--no-sandbox is for this machine only" in said


@pytest.mark.thorough
def test_a_scheduler_that_goes_away_leaves_what_was_graded(
    desk: Desk, bubblewrap: str, tmp_path: Path
) -> None:
    for number in range(8):
        desk.hand_in(f"s{number}", {"square": SLOW})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    scheduler = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    worker = start_worker(address, tmp_path)
    try:
        # A busy machine takes longer to start it than `grade` waits for an answer.
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        run = Class(desk, address)

        def end(result: Result) -> None:
            run.results.append(result)
            if len(run.results) == 2:
                # Dask looks for a scheduler that has gone for half a minute.
                impatience.enter_context(
                    dask.config.set({"distributed.comm.timeouts.connect": "3s"})
                )
                scheduler.kill()

        run.on_result = end  # type: ignore[method-assign]
        with contextlib.ExitStack() as impatience, pytest.raises(GraderError) as told:
            run.grade()
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    assert "does not answer any more" in str(told.value)
    assert "the same command goes on from here" in str(told.value)
    kept = len(list(desk.out.glob("results/numbers/*.json")))
    assert 2 <= kept < 8
    said = desk.grade("--timeout", 5)
    assert f"8 graded, 0 rejected, 0 late, {kept} known from an earlier run." in said


def full(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_worker_without_room_is_told(
    desk: Desk, bubblewrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "unpack", full)
    desk.hand_in("amy")
    with local(1, processes=False) as cluster:
        said = desk.grade("--cluster", cluster.scheduler_address, code=1)
    assert "can grade. The last that was tried: [Errno 28] No space left on device" in said


def test_a_worker_that_fails_in_the_middle_is_taken_out(
    desk: Desk, bubblewrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where its memory is full: another does what it had."""
    for number in range(4):
        desk.hand_in(f"s{number}")
    first = GradingProcess.grade
    failing: list[Path] = []

    def grade(self: GradingProcess, piece: bytes) -> bytes:
        failing.append(self.folder)
        if self.folder == failing[0]:  # the first that came, and no other
            raise GraderError("There is not enough memory.")
        return first(self, piece)

    monkeypatch.setattr(GradingProcess, "grade", grade)
    with local(3, processes=False) as cluster:
        run = Class(desk, cluster.scheduler_address)
        assert run.grade().graded == 4
    assert "There is not enough memory." in run.refused.values()
    assert len(failing) > 1


@pytest.mark.parametrize("executor", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_tasks_are_taken_when_there_is_work_for_any_executor(executor: type[Executor]) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(9):
            taken.append(number)
            yield number

    found: dict[int, float] = {}
    with executor(2) as pool:
        for task, future in run(tasks(), pool, math.sqrt, lambda: 3):
            found[task] = future.result()
            assert len(taken) <= len(found) + 3, "no more than three are under way"
    assert found == {number: math.sqrt(number) for number in range(9)}


def test_nobody_else_of_this_machine_can_speak_to_local_workers(bubblewrap: str) -> None:
    """Who can has code run as whoever grades."""
    with conductor._connected("local:1") as client:
        info = client.scheduler_info(n_workers=-1)
        places = [info["address"], *info["workers"]]
        nannies = [worker["nanny"] for worker in info["workers"].values()]
        assert all(place.startswith("tls://") for place in [*places, *nannies])
        host, port = places[0].removeprefix("tls://").split(":")
        for address, security in (
            (f"tcp://{host}:{port}", None),
            (places[0], Security.temporary()),
        ):
            with pytest.raises((OSError, ValueError, TypeError)):
                Client(address, timeout=2, security=security, set_as_default=False)
        assert client.submit(os.getpid).result() != os.getpid()
        # Nor do Dask's own pages say anything, which ask for no key.
        services = [info["services"], *(worker["services"] for worker in info["workers"].values())]
        for found in services:
            for page in ("json/identity.json", "info/main/workers.html", "metrics", "health"):
                with pytest.raises(HTTPError, match="404"):
                    urlopen(f"http://127.0.0.1:{found['dashboard']}/{page}", timeout=5)


def test_a_local_cluster_without_keys_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(GraderError, match="pip install"), conductor._connected("local:1"):
        pass


@pytest.mark.parametrize("harm", ["link", "file", "open to others", "another user's"])
def test_a_worker_takes_no_folder_of_somebody_else(
    harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    other = tmp_path / "other"
    other.mkdir(0o700)
    path = tmp_path / f"grader-cores-{os.getuid()}"
    match harm:
        case "link":
            path.symlink_to(other)
        case "file":
            path.write_text("")
        case "open to others":
            path.mkdir()
            path.chmod(0o777)
        case _:
            if os.getuid() != 0:
                pytest.skip("only root can make one")
            path.mkdir(0o700)
            os.chown(path, 65534, 65534)
    with pytest.raises(GraderError, match="this user's"), _own_core():
        pass


def test_a_worker_changes_nothing_of_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    first, *others = sorted(os.sched_getaffinity(0))
    folder = tmp_path / f"grader-cores-{os.getuid()}"
    folder.mkdir(0o700)
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (folder / str(first)).symlink_to(precious)
    for other in others:
        (folder / str(other)).write_text("kept")
    with _own_core() as mine, _own_core() as next_one:
        assert first not in {*mine, *next_one}
        assert len({*mine, *next_one}) == min(2, len(others))
    assert {path.read_text() for path in [precious, *folder.iterdir()]} == {"kept"}
