"""The rooms of an engine: which of them knows what, who is forked where, and what has ended."""

from __future__ import annotations

import os
import resource
import time

import nbformat
import pytest

from grader import Engine, grade_one
from grader.host.engine.child import Child
from grader.host.engine.files import Files
from grader.host.engine.forking import Warm
from grader.host.engine.player_client import play
from grader.host.engine.settings import EngineSettings
from grader.protocol import wire
from grader.protocol.orders import End, Exited, RunCell
from grader.protocol.outputs import Report
from grader.protocol.wire import Channel, Gone, Silent
from tests.grader.conftest import exercise, handed_in, linux, scores

WITH_SECRET = (
    "# given\nlimit = 3",
    "# answer f\ndef f(x):\n    return x + limit",
    "# test f1\n### BEGIN HIDDEN TESTS\nassert f(1) == 4, 'a secret'\n### END HIDDEN TESTS",
    "# test f2\nassert f(2) == 5",
)


def test_no_process_that_players_descend_from_has_seen_a_test(engine, monkeypatch):
    """Not even for a moment: what is freed stays in memory, and every fork has a copy."""
    asked, forked = [], {"player": set(), "judge": set()}
    ask, fork = Warm.ask, engine.fork

    def seen_ask(warm, message, *args, **kwargs):
        asked.append(str(message))
        return ask(warm, message, *args, **kwargs)

    def seen_fork(room, role, *args, **kwargs):
        forked[role].add(id(room))
        return fork(room, role, *args, **kwargs)

    monkeypatch.setattr(Warm, "ask", seen_ask)
    monkeypatch.setattr(engine, "fork", seen_fork)
    made = exercise(*WITH_SECRET)
    assert scores(grade_one(made, handed_in(made), engine)) == {"f1": 1, "f2": 1}
    assert asked
    assert not any("a secret" in message for message in asked)
    assert forked["player"] & forked["judge"]


def test_given_cells_run_once_for_player_and_judge(engine):
    made = exercise(
        "# given\nimport pathlib, random, time\nfrom random import SystemRandom\n"
        "numbers = [SystemRandom().random() for _ in range(5)]\n"
        "here, start = pathlib.Path.cwd(), time.time()",
        "# answer most\nmost, path, later = max(numbers), str(here / 'x.csv'), start + 60",
        "# test is-most\nassert most == max(numbers)",
        "# test is-path\nassert path == str(here / 'x.csv')",
        "# test is-later\nassert later == start + 60",
    )
    wanted = {"is-most": 1, "is-path": 1, "is-later": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == wanted


ADDED = {
    "seeded": ("import random\nrandom.seed(0)", "x = random.random()", "y == x"),
    "counted": ("import itertools\nn = itertools.count()", "x = next(n)", "y == x"),
    "used up": ("rows = iter([4, 5])", "x = list(rows)", "y == x and len(x) == 2"),
}


@pytest.mark.parametrize(("first", "second", "test"), ADDED.values(), ids=ADDED)
def test_an_added_cell_does_not_have_the_judge_run_given_cells_again(engine, first, second, test):
    made = exercise(
        f"# given\n{first}", f"# given\n{second}", "# answer y\ny = x", f"# test y1\nassert {test}"
    )
    for place in (0, 1, 2):
        for count in (1, 2, 5):
            notebook = handed_in(made)
            notebook.cells[place:place] = [nbformat.v4.new_code_cell("# mine")] * count
            assert scores(grade_one(made, notebook, engine)) == {"y1": 1}


@linux
def test_a_late_reply_is_not_taken_for_the_next():
    made = exercise(*WITH_SECRET)
    with Engine(EngineSettings(preload=(), timeout=30)) as engine:
        grade_one(made, handed_in(made), engine)
        rooms = [room for room in engine.rooms._rooms.values() if room.played]
        (room,) = rooms
        child = engine.fork(room, "player", Files())
        with pytest.raises(Gone):
            room.warm.ask(End(child._pid, patience=0.5), Exited, seconds=0)
        for _ in range(3):
            result = grade_one(made, handed_in(made), engine)
            assert (scores(result), result.notes) == ({"f1": 1, "f2": 1}, [])


def test_what_takes_long_to_clear_away_costs_nobody_else_their_process():
    """Of a notebook of hundreds of thousands of mappings: half a minute."""
    ours, theirs = wire.pair()
    control, other = wire.pair()
    warm = Warm(Channel(ours), "", True)
    longest = []

    def receive(deadline=None):
        longest.append(deadline - time.monotonic())
        return wire.encode(Exited(-9)), b""

    warm._channel.receive = receive
    with theirs, other:
        assert Child(warm, 1, Channel(control), {}, output_limit=10).end() == -9
    warm.close()
    assert longest[0] > 60


def test_who_writes_without_end_has_no_more_time():
    ours, theirs = wire.pair()
    endless = os.open("/dev/zero", os.O_RDONLY)
    child = Child(None, 0, Channel(ours), {endless: "stdout"}, output_limit=10)
    begun = time.monotonic()
    with theirs, ours, pytest.raises(Silent):
        child._receive(0.2)
    assert time.monotonic() - begun < 5
    os.close(endless)


def test_a_conductor_with_much_open_has_players_all_the_same(bubblewrap):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2100:
        pytest.skip("so much can't be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2100, hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        made = exercise("# answer y\ny = 3\nprint(y)", "# test y1\nassert y == 3")
        with Engine(EngineSettings(preload=(), timeout=5)) as engine:
            assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@linux
def test_names_that_are_no_text_are_not_taken_for_each_other(engine):
    names = [b"\xdcber.csv", b"\xfcber.csv", b"x.csv", "Übung/ß.csv".encode()]
    files = Files({os.fsdecode(name): name for name in names})
    room = engine.rooms.importing(())
    child = engine.fork(room, "player", files)
    source = (
        "import os\nfor path, _, names in os.walk(b'.'):\n"
        "    for name in names:\n        print(open(os.path.join(path, name), 'rb').read())"
    )
    report = child.ask(RunCell(source), Report, 5)
    child.end()
    assert sorted(report.outputs[0].text.split()) == sorted(map(repr, names))


def test_a_folder_does_not_tell_how_many_processes_there_have_been(engine):
    played = [play(engine, ["import os; print(os.getcwd())"]).played[0] for _ in range(2)]
    assert played[0].outputs == played[1].outputs != []
