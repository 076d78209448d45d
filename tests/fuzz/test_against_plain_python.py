"""Marks of random notebooks are those that plain Python gives: whose a name is, given, an answer or
a test's own, and what a test leaves in it, comes out the same in two processes as in one."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from grader import Engine, grade_one
from grader.host.engine.settings import EngineSettings
from tests.grader.conftest import exercise, handed_in

NAMES = ("a", "b")
VALUES = ("0", "2", "True", "1.5", "'x'", "None", "[]", "(1, 2)", "{'k': 1}")
GIVEN = "# given\ndef same(x, y):\n    return type(x) is type(y) and x == y"
# Of a name, its value in the solution, and another value.
TESTS = (
    "assert same({n}, {v})",
    "assert same({n}, {v})\n{n} = {w}",
    "kept = {n}\nassert same(kept, {v})",
    "kept = [{n} for _ in range(2)]\nassert same(kept[1], {v})",
    "if same({n}, {v}):\n    {n} = {w}\nassert same({n}, {w})",
    "if isinstance({n}, list):\n    {n} = tuple({n})\nassert same({n}, {v} if {v} != [] else ())",
    "{n} = [{n} for {n} in [{n}]]\nassert same({n}[0], {v})",
    "for {n} in [{n}]:\n    pass\nassert same({n}, {v})",
    "try:\n    {n}\nexcept NameError:\n    {n} = {w}\nassert same({n}, {v})",
    "def check():\n    return same({n}, {v})\nassert check()",
    "assert same(look(), {v})",
    "{n}, other = {n}, 3\nassert same({n}, {v})",
    "{n} = tuple({n}) if isinstance({n}, tuple) else {n}\nassert same({n}, {v})",
    "### BEGIN HIDDEN TESTS\nassert same({n}, {v})\n### END HIDDEN TESTS",
)
# How many notebooks, to each of which two wrong submissions are made and a right one.
MANY = 40


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with Engine(EngineSettings(preload=())) as made:
        yield made


def plain(sources: list[str], answers: dict[str, str]) -> dict[str, int]:
    """What each test gives where all runs in one process."""
    space: dict[str, object] = {}
    points = {}
    for source in sources:
        kind, *name = source.splitlines()[0].removeprefix("# ").split()
        try:
            exec(answers.get(name[0], source) if name else source, space)
            ended_well = 1
        except Exception:
            ended_well = 0
        if kind == "test":
            points[name[0]] = ended_well
    return points


def drawn(draw: random.Random) -> list[str]:
    """Cells in which the solution gets all points."""
    sources = [GIVEN]
    for number in range(draw.randint(8, 14)):
        name, value = draw.choice(NAMES), draw.choice(VALUES)
        space: dict[str, object] = {}
        exec("\n".join(sources), space)
        there = [one for one in NAMES if one in space]
        kind = draw.choice(("given", "answer", "answer", "test", "test", "test"))
        if kind == "given":
            look = f"\ndef look():\n    return {name}" if draw.random() < 0.3 else ""
            sources.append(f"# given\n{name} = {value}{look}")
        elif kind == "answer":
            # Often it leaves the name as it is.
            kept = name in there and draw.random() < 0.5
            bound = repr(space[name]) if kept else value
            sources.append(f"# answer {name}{number}\n{name} = {bound}")
        elif there:
            name = draw.choice(there)
            test = draw.choice(TESTS).format(n=name, v=repr(space[name]), w=value)
            source = f"# test t{number}\n{test}"
            if all(plain([*sources, source], {}).values()):
                sources.append(source)
    return sources


@pytest.mark.parametrize("seed", range(MANY))
def test_marks_are_those_of_plain_python(engine: Engine, seed: int) -> None:
    draw = random.Random(seed)
    sources = drawn(draw)
    made = exercise(*sources)
    named = [
        source.splitlines()[0].split()[2] for source in sources if source.startswith("# answer")
    ]
    for share in (0.0, 0.5, 1.0):
        answers = {
            name: f"{name[0]} = {draw.choice(VALUES)}" for name in named if draw.random() < share
        }
        result = grade_one(made, handed_in(made, **answers), engine)
        marks = {cell.grade_id: cell.score for item in result.items for cell in item.cells}
        wanted = plain(sources, answers)
        # Where the teacher decides, no mark is wrong.
        judged = {name: mark for name, mark in marks.items() if mark is not None}
        assert judged == {name: wanted[name] for name in judged}, (answers, sources)
