"""What a player may open, call and count: all that honest code needs, and nothing besides."""

from __future__ import annotations

import textwrap

import pytest

from grader.host.engine.files import Files
from grader.host.engine.player_client import play_cells
from tests.grader.shut_in import try_out

pytestmark = pytest.mark.usefixtures("bubblewrap")

ORDINARY = {
    "several connections to a database": """
        import multiprocessing, sqlite3
        one, two = (sqlite3.connect("shop.db", timeout=0) for _ in range(2))
        one.execute("create table t (x)")
        one.execute("insert into t values (1)")
        one.commit()
        one.execute("insert into t values (2)")
        assert two.execute("select count(*) from t").fetchone() == (1,)
        try:
            two.execute("insert into t values (3)")
        except sqlite3.OperationalError as error:
            assert "locked" in str(error)
        else:
            assert False, "two write at once"
        def other(end):
            three = sqlite3.connect("shop.db", timeout=0)
            end.send(three.execute("select count(*) from t").fetchone())
            try:
                three.execute("insert into t values (3)")
            except sqlite3.OperationalError as error:
                end.send(str(error))
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=other, args=(there,))
        process.start()
        assert here.recv() == (1,) and "locked" in here.recv()
        process.join()
        one.commit()
        assert two.execute("select count(*) from t").fetchone() == (2,)
        two.execute("insert into t values (3)")
        two.commit()
        two.execute("vacuum")
        two.execute("attach 'other.db' as other")
    """,
    "locks on a file of its own": """
        import fcntl, os, sys
        with open("own", "w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fork() == 0:
                try:
                    with open("own", "w") as again:
                        fcntl.lockf(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os._exit(7)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
            fcntl.lockf(file, fcntl.LOCK_UN)
            fcntl.flock(file, fcntl.LOCK_EX)
    """,
    "other programs": """
        import subprocess, sys
        done = subprocess.run(["tr", "a", "b"], input=b"banana", capture_output=True)
        assert done.stdout == b"bbnbnb"
        quiet = subprocess.run([sys.executable, "-c", "print(1)"], stdout=subprocess.DEVNULL)
        assert quiet.returncode == 0
    """,
    "a program on a terminal": "said = !echo ab | tr a b\nassert said == ['bb'], said",
    "threads and processes": """
        import concurrent.futures, multiprocessing, queue, threading
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(abs, range(-9, 1))) == 45
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
        shared = multiprocessing.Value("i", 3)
        with shared.get_lock():
            assert shared.value == 3
    """,
    "sockets and loops": """
        import asyncio, socket
        one, two = socket.socketpair()
        one.sendall(b"x")
        assert two.recv(1) == b"x"
        async def ask():
            reader, writer = await asyncio.open_connection(sock=one)
            two.sendall(b"y\\n")
            writer.write(b"z")
            await writer.drain()
            return await reader.readline()
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(ask()) == b"y\\n" and two.recv(1) == b"z"
        with socket.socket(socket.AF_INET6) as end:
            end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    """,
    "files and clocks": """
        import mmap, os, resource, shutil, signal, tempfile, time
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.__file__, folder)
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(4096))
            file.flush()
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            assert os.preadv(file.fileno(), [bytearray(8)], 0) == 8
            mmap.mmap(file.fileno(), 4096)[0] = 1
        hit = []
        signal.signal(signal.SIGALRM, lambda *_: hit.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(0.1)
        assert hit and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert os.cpu_count() and os.sysconf("SC_PHYS_PAGES") > 0
    """,
    "data by workers": """
        import torch
        from torch.utils.data import DataLoader, TensorDataset
        data = TensorDataset(torch.arange(8.0))
        assert sum(float(x.sum()) for x, in DataLoader(data, 2, num_workers=2)) == 28
    """,
}


@pytest.mark.parametrize("name", ORDINARY)
def test_a_player_may_do_what_notebooks_do(engine, name):
    modules = ("torch", "torch.utils.data") if "torch" in ORDINARY[name] else ()
    cells = [textwrap.dedent(ORDINARY[name])]
    [played] = play_cells(engine, cells, Files(), modules).played.values()
    assert played.error is None, played.error


def writable():
    import os
    import stat
    import sys

    found, devices = [], []
    for folder, inside, names in os.walk("/"):
        if folder in ("/tmp", "/dev/shm", "/dev/pts", "/usr", "/sys", sys.prefix, sys.base_prefix):
            inside.clear()
        if os.access(folder, os.W_OK):
            found.append(folder)
        for path in (os.path.join(folder, name) for name in names):
            kind = os.lstat(path).st_mode
            if stat.S_ISCHR(kind) or stat.S_ISBLK(kind) or stat.S_ISFIFO(kind):
                devices.append(path)
            elif not stat.S_ISLNK(kind) and os.access(path, os.W_OK) and folder != "/tmp":
                found.append(path)
    return sorted(found), sorted(devices)


def test_a_player_may_write_to_folders_of_its_own_and_to_devices_that_keep_nothing():
    """Whoever adds to these asks what two players could tell each other there."""
    found, devices = try_out(writable).result
    assert found == ["/dev/shm", "/tmp"]
    assert [d for d in devices if not d.startswith("/dev/pts")] == [
        "/dev/console",
        "/dev/full",
        "/dev/null",
        "/dev/random",
        "/dev/tty",
        "/dev/urandom",
        "/dev/zero",
    ]
