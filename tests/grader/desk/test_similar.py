"""What few have in common is seen through other names and another order; what all write is not."""

from __future__ import annotations

import json
import random
import re
import time

import nbformat
import pytest

from grader import Course
from grader.host import clerk
from grader.host.desk import likeness
from grader.host.desk.likeness import Text, pairs
from grader.host.desk.similar import find
from grader.host.intake.notebook import LearnerCell
from tests.grader.conftest import RIGHT, answered
from tests.hostile import much_to_read

EVERYBODY = """def square(x):
    total = x * x
    if total < 0:
        raise ValueError("a square is not negative")
    return total"""
COPIED = '''def levels(values, bits):
    """How many of the levels are used."""
    low, high = values.min(), values.max()
    step = (high - low) / (2 ** bits - 1)
    seen = set()
    for value in values.flatten():  # one by one
        index = round(float((value - low) / step))
        seen.add(index)
    return len(seen) / 2 ** bits


def spread(rows):
    means = [sum(row) / len(row) for row in rows]
    middle = sum(means) / len(means)
    return max(abs(mean - middle) for mean in means) if means else 0.0'''
OTHER_NAMES = {
    **{"levels": "used", "values": "w", "bits": "b", "low": "lo", "high": "hi", "step": "s"},
    **{"seen": "found", "value": "v", "index": "i", "spread": "width", "rows": "table"},
    **{"means": "averages", "row": "line", "middle": "centre", "mean": "average"},
}


def code(*sources):
    return [LearnerCell("code", source) for source in sources]


def written(number, lines=14):
    """What somebody writes alone: no two alike."""
    draw = random.Random(number)
    made = [f"def mine_{number}(x):"]
    for _ in range(lines):
        a, b = (draw.choice(["x", "y", "x[0]", "len(x)", "x.sum()", "abs(x)"]) for _ in range(2))
        sign = draw.choice("+-*/%")
        made.append(
            draw.choice(
                [
                    f"    y = {a} {sign} {b} {draw.choice('+-*')} {draw.randint(1, 99)}",
                    f"    if {a} {draw.choice(['<', '>', '=='])} {b}: y = {draw.randint(1, 99)}",
                    f"    for y in range({draw.randint(2, 99)}): x = {a} {sign} {b}",
                    f"    y = [{a} {sign} n for n in {b}]",
                    f"    assert {a} {sign} {draw.randint(1, 99)} != {b}, 'no'",
                ]
            )
        )
    return "\n".join([*made, "    return y"])


def disguised(source):
    """The same with other names, no comments, other lines, the functions the other way round."""
    changed = re.sub(r"#.*|\"\"\".*\"\"\"\n\s*", "", source)
    changed = re.sub(r"\b[a-z]+\b", lambda m: OTHER_NAMES.get(m[0], m[0]), changed)
    changed = changed.replace(" / ", "/").replace(", ", ",  ").replace("+ 1", "+  1")
    first, second = changed.split("\n\n\n")
    return second, first


@pytest.fixture
def texts():
    """A class in which all wrote the same five lines, and each something of their own."""
    return {f"s{n:02}": Text.of(code(EVERYBODY, written(n))) for n in range(30)}


def test_what_everybody_writes_is_nobodys(texts):
    assert pairs(texts) == []


def test_a_copy_is_seen_through_names_and_order(texts):
    one, other = disguised(COPIED)
    texts["ada"] = Text.of(code(EVERYBODY, COPIED))
    texts["bob"] = Text.of(code(one, "x = 1", other, EVERYBODY))
    (pair,) = pairs(texts)
    assert (pair.one, pair.other) == ("ada", "bob")
    assert pair.share > 0.9
    first, *_ = pair.cells(texts)
    assert first.one == COPIED
    # The lines that stand beside each other are those of one function.
    alike = {COPIED.split("\n")[n] for n in first.in_one}
    assert "    step = (high - low) / (2 ** bits - 1)" in alike
    assert any("for v in w.flatten()" in first.other.split("\n")[n] for n in first.in_other)


def test_five_lines_that_two_share_are_too_few(texts):
    few = "\n".join(COPIED.split("\n")[:6])
    texts["ada"] = Text.of(code(EVERYBODY, few, written(100)))
    texts["bob"] = Text.of(code(EVERYBODY, few, written(101)))
    assert pairs(texts) == []


def test_what_a_third_of_the_class_shares_weighs_little(texts):
    for n in range(12):
        texts[f"s{n:02}"] = Text.of(code(EVERYBODY, COPIED, written(n)))
    assert pairs(texts) == []


def test_four_who_share_are_all_seen(texts):
    for n in range(4):
        texts[f"s{n:02}"] = Text.of(code(EVERYBODY, COPIED, COPIED.replace("sum", "max")))
    assert {(p.one, p.other) for p in pairs(texts)} == {
        (f"s{a:02}", f"s{b:02}") for a in range(4) for b in range(a + 1, 4)
    }


def test_what_was_released_is_nobodys(texts):
    texts["ada"] = Text.of(code(COPIED + "\nx = 1"))
    texts["bob"] = Text.of(code(COPIED + "\nx = 2"))
    assert len(pairs(texts)) == 1
    assert pairs(texts, code(COPIED)) == []
    assert Text.of(code(COPIED), {COPIED}).cells == ()


def test_free_text_counts_too(texts):
    words = " ".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=200))
    for name in ("ada", "bob"):
        texts[name] = Text.of([LearnerCell("markdown", words.upper() if name == "ada" else words)])
    assert [(p.one, p.other, p.share) for p in pairs(texts)] == [("ada", "bob", 1.0)]


@pytest.mark.parametrize(
    "source",
    ["", "\n", "def (", "'" * 3, "x" * 200_000, "(" * 5_000, "%%bash\nls", "\x00", "é ß 漢"],
)
def test_what_is_no_python_stops_nothing(source):
    Text.of(code(source))


def test_a_cell_beyond_all_measure_is_read_and_shown_in_part(monkeypatch):
    monkeypatch.setattr(likeness, "MAX_CELL", len(COPIED))
    assert Text.of(code(COPIED)) == Text.of(code(COPIED + "\n" + written(1)))


def test_so_is_a_notebook_of_cells_without_end(monkeypatch):
    """20 MB of them took a minute, for one submission."""
    monkeypatch.setattr(likeness, "MAX_TEXT", len(COPIED) + 10)
    found = Text.of(code(COPIED, *map(written, range(9))))
    assert {piece.cell for piece in found.pieces} == {0}
    assert len(found.cells) == 10


@pytest.mark.parametrize("blanks", ["\t\n", "match \u2028", "\u3000\n", "\n"])
def test_blanks_without_end_cost_no_time(blanks):
    begin = time.process_time()
    assert not Text.of([LearnerCell("code", blanks[:6] + blanks[-2:] * 25_000)]).pieces
    assert time.process_time() - begin < 5


@pytest.mark.thorough
def test_a_large_class_takes_less_than_a_minute():
    # Whatever else the machine has to do meanwhile.
    begin = time.process_time()
    # Each has one of five ways to solve something, and five answers of their own.
    ways = [written(-n) for n in range(1, 6)]
    texts = {
        f"s{n:03}": Text.of(code(EVERYBODY, ways[n % 5], *map(written, range(7 * n, 7 * n + 5))))
        for n in range(500)
    }
    one, other = disguised(COPIED)
    texts["ada"] = Text.of(code(EVERYBODY, COPIED, written(9001)))
    texts["bob"] = Text.of(code(one, written(9002), other))
    assert [(p.one, p.other) for p in pairs(texts)] == [("ada", "bob")]
    assert time.process_time() - begin < 60


def test_the_page(group):
    release = nbformat.read(group.root / "exercises/numbers/numbers.ipynb", as_version=4)

    def hand_in(student, square):
        made = answered(release, {**RIGHT, "square": square})
        path = group.submitted / student / "numbers/numbers.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(made, path)

    for n in range(6):
        hand_in(f"s{n}", f"{RIGHT['square']}\n{written(n)}")
    hand_in("ada", COPIED)
    hand_in("<b>ob", "\n\n\n".join(disguised(COPIED)) + "\nhtml = '<script>alert(1)</script>'")
    (group.submitted / "cut/numbers").mkdir(parents=True)
    (group.submitted / "cut/numbers/numbers.ipynb").write_text("{")
    options = ("--course", group.root, "--submitted", group.submitted, "--out", group.here)
    said = group.run("similar", "--assignment", "num", *options)
    assert "8 submissions, 1 pairs to look at. A likeness is no proof." in said
    page = (group.here / "similar-numbers.html").read_text("utf-8")
    assert "A likeness is no proof." in page
    assert "<b>&lt;b&gt;ob</b> and <b>ada</b>" in page
    assert "<script>" not in page
    assert '<mark class="line">    step = (high - low) / (2 ** bits - 1)</mark>' in page
    assert "x + x + x" not in page
    said = group.run("similar", "--assignment", "pair", *options, code=1)
    assert said.startswith("There is no submission for pair in")


def test_what_a_group_handed_in_together_is_one(group):
    release = nbformat.read(group.root / "exercises/numbers/numbers.ipynb", as_version=4)
    made = answered(release, {**RIGHT, "square": COPIED})
    people = group.write("class.csv", "id,name,group\nada,Ada King,Duo\nbob,Bob,Duo\ncy,Cy,B\n")
    files = {
        "Duo_5_assignsubmission_file/numbers.ipynb": nbformat.writes(made),
        "B_6_assignsubmission_file/numbers.ipynb": nbformat.writes(made),
    }
    group.collect(group.archive(files), "--roster", people)
    assert group.placed == {"ada/numbers", "bob/numbers", "cy/numbers"}
    texts, found = find(Course.open(group.root).load("numbers"), group.submitted)
    assert set(texts) == {"ada (Duo)", "cy (B)"}
    assert [(pair.one, pair.other) for pair in found] == [("ada (Duo)", "cy (B)")]


@pytest.mark.parametrize("path", ["übung/NUMBERS.IPYNB", "u\u0308bung/übung.ipynb"])
def test_nobody_is_passed_over_for_how_they_spell_a_name(desk, path):
    """It is graded, too."""
    (desk.root / "solutions/numbers").rename(desk.root / "solutions/übung")
    (desk.root / "exercises/numbers").rename(desk.root / "exercises/übung")
    made = nbformat.writes(answered(desk.release("übung", "numbers"), {"square": COPIED}))
    for place in ("ada/übung/numbers.ipynb", f"bob/{path}"):
        file = desk.submitted / place
        file.parent.mkdir(parents=True)
        file.write_text(made)
    texts, found = find(desk.course().load("übung"), desk.submitted)
    assert set(texts) == {"ada", "bob"}
    assert [(pair.one, pair.other) for pair in found] == [("ada", "bob")]


def test_what_takes_too_much_to_read_is_told_and_harms_nobody(desk, monkeypatch):
    """A file of 22 MB had taken gigabytes of the teacher's machine."""
    monkeypatch.setattr(clerk, "MEMORY", 192 * 2**20)
    for student in ("ada", "bob", "large"):
        path = desk.hand_in(student, {"square": COPIED})
    content = json.loads(path.read_text())
    content["metadata"]["a"] = much_to_read()
    path.write_text(json.dumps(content))
    said = []
    texts, found = find(desk.course().load("numbers"), desk.submitted, said.append)
    assert set(texts) == {"ada", "bob"}
    assert [(pair.one, pair.other) for pair in found] == [("ada", "bob")]
    assert said == ["To compare what large wrote takes too much memory: it was not compared."]


def test_what_is_too_long_to_be_compared_as_a_whole_is_told(desk):
    """Whatever stood before a copy, 50,000 characters of it had hidden the copy without a word."""
    for student, before in (("ada", ""), ("bob", f"junk = '{'x ' * 30_000}'\n"), ("eve", "")):
        desk.hand_in(student, {"square": before + COPIED})
    said = []
    _, found = find(desk.course().load("numbers"), desk.submitted, said.append)
    assert [(pair.one, pair.other) for pair in found] == [("ada", "eve")]
    [told] = said
    assert told.startswith("Of what bob wrote only the first 50,000 characters of a cell")
