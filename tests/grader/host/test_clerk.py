"""Clerks: what takes too much ends them, and nobody else."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.host.clerk import Clerks, TooMuch

KEPT: list[bytes] = []


def remember(question: bytes) -> bytes:
    KEPT.append(question)
    return b" ".join(KEPT)


def take(question: bytes) -> bytes:
    return bytes(len(bytearray(int(question))))


def fail(question: bytes) -> bytes:
    raise ValueError(f"not {question.decode()}\udcdc")


def die(question: bytes) -> bytes:
    os.abort()


def die_once(question: bytes) -> bytes:
    try:
        os.mkdir(question)
    except FileExistsError:
        return b"alive"
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def see(question: bytes) -> bytes:
    return " ".join(sorted(os.listdir("/proc/self/fd"))).encode()


def sleep(question: bytes) -> bytes:
    time.sleep(float(question))
    return question


JOBS = {f.__name__: f for f in (remember, take, fail, die, die_once, see, sleep)}


@pytest.fixture
def clerks() -> Iterator[Clerks]:
    with Clerks(JOBS, seconds=3) as made:
        yield made


def test_one_is_used_for_many_questions(clerks: Clerks) -> None:
    assert clerks.ask("remember", b"a") == b"a"
    assert clerks.ask("remember", b"b") == b"a b"
    assert KEPT == []


@pytest.mark.parametrize(
    ("job", "question", "why"),
    [
        ("take", b"9000000000", "takes too much memory"),
        ("take", b"300000000", "takes too much memory"),
        ("die", b"", "takes too much memory"),
        ("sleep", b"60", "takes more than 3 s"),
    ],
)
def test_what_takes_too_much_ends_it(clerks: Clerks, job: str, question: bytes, why: str) -> None:
    clerks.ask("remember", b"a")
    with pytest.raises(TooMuch, match=why):
        clerks.ask(job, question)
    # The next is another.
    assert clerks.ask("remember", b"b") == b"b"


def test_one_that_the_system_has_ended_costs_nobody_a_mark(clerks: Clerks, tmp_path: Path) -> None:
    assert clerks.ask("die_once", str(tmp_path / "flag").encode()) == b"alive"


def test_one_that_has_grown_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    # Less than it is asked to remember, and more than libraries that a fork touches first.
    monkeypatch.setattr("grader.host.clerk._GROWN", 3 * 2**24)
    # What earlier tests have freed would hold it, and no page would be new.
    ctypes.CDLL(None).malloc_trim(0)
    with Clerks(JOBS) as clerks:
        clerks.ask("remember", bytes(2**26))
        assert clerks.ask("remember", b"b") == b"b"
        assert clerks.ask("remember", b"c") == b"b c"


def test_what_a_job_raises_is_told(clerks: Clerks) -> None:
    with pytest.raises(RuntimeError, match=r"ValueError: not so\?"):
        clerks.ask("fail", b"so")
    assert clerks.ask("remember", b"b") == b"b"


def test_each_thread_has_its_own(clerks: Clerks) -> None:
    answers: list[bytes] = []

    def ask(name: bytes) -> None:
        clerks.ask("sleep", b"0.2")
        answers.append(clerks.ask("remember", name))

    threads = [threading.Thread(target=ask, args=(name,)) for name in (b"a", b"b", b"c")]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"a", b"b", b"c"]
    assert time.monotonic() - begun < 1.2


def test_one_holds_no_files_of_the_conductors(clerks: Clerks) -> None:
    with open(__file__, "rb"):
        seen = clerks.ask("see", b"").split()
    # Its own socket, the list itself, and the three that all have.
    assert len(seen) == 5


def test_none_is_left(clerks: Clerks) -> None:
    with Clerks(JOBS) as others:
        others.ask("remember", b"a")
        _, pid = others._own.clerk
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
