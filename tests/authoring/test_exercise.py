"""Every mistake an author can make stops the build with file, line and remedy."""

from pathlib import Path

import pytest

from authoring.source.answers import read_bank
from authoring.source.exercise import instructor_cells, read_exercise
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson

COUNT = '# %% item="count" answers=["count"]'
SECOND_TEST = '# %% test="count" points=2'


def line_of(path: Path, text: str) -> int:
    return path.read_text().splitlines().index(text) + 1


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "at", "remedy"),
    [
        ('# %% test="count" points=1', '# %% test="cuont" points=1', None, "no answer cell above"),
        ("points=1\n", "\n", '# %% test="count" ', "points stand on tests"),
        ("points=1\n", "points=0\n", '# %% test="count" points=0', "greater than 0"),
        ('item="why" manual', 'item="count" manual', None, "exists already (line 11)"),
        (" manual=true", "", None, "points stand on tests"),
        ('answers=["count"]', 'answers=["cnt"]', '# %% item="count" answers=["cnt"]', "cnt"),
        (' answers=["count"]', "", '# %% item="count"', "declares what it leaves behind"),
        ("given=true", "gievn=true", "# %% gievn=true", "gievn"),
        ("given=true", 'given=true test="count"', None, "only one of them"),
        ('item="count" answers', 'of="why" item="count" answers', None, "of= belongs to a given"),
        ("given=true", "given=yes", "# %% given=yes", "key=JSON"),
        ("numbers = [0, 1, 2]", "numbers = [count, 1, 2]", "# %% given=true", "a given cell reads"),
        ("numbers = [0, 1, 2]", "numbers = [x, 1, 2]", "# %% given=true", "no given cell above"),
        ("count(numbers) == 2,", "count(nmbers) == 2,", None, "reads nmbers"),
        ("### END SOLUTION\n\n", "\n", COUNT, "put the solution between"),
        (', "nothing in, nothing to count"', "", None, "say in a message"),
        ("assert count([]) == 0", "def x(:\nassert count([]) == 0", None, "not Python"),
        ("### END HIDDEN TESTS", "count([])\n### END HIDDEN TESTS", None, "end a test with"),
        ('# %% [markdown] item="why"', "# %% [markdown] given=true", None, "only one|manual"),
    ],
)
def test_a_mistake_stops_the_build(
    lesson: Lesson, old: str, new: str, at: str | None, remedy: str
) -> None:
    path = lesson.folder / "exercise.py"
    change(path, old, new)
    with pytest.raises(SourceError) as caught:
        read_exercise(lesson)
    message = str(caught.value)
    line = int(message.split(":")[1])
    assert message.startswith(f"{path}:")
    assert any(part in message for part in remedy.split("|"))
    if at is not None:
        assert line == line_of(path, at)
    assert 1 <= line <= len(path.read_text().splitlines())


def test_an_item_without_tests_is_refused(lesson: Lesson) -> None:
    path = lesson.folder / "exercise.py"
    text = path.read_text()
    start, end = text.index('# %% test="count" points=1'), text.index("# %% [markdown]\n# ## 2")
    path.write_text(text[:start] + text[end:])
    with pytest.raises(SourceError, match="has no test"):
        read_exercise(lesson)


def test_a_test_may_read_what_an_earlier_test_defined(lesson: Lesson) -> None:
    path = lesson.folder / "exercise.py"
    change(
        path,
        "# %% [markdown]\n# ## 2",
        '# %% test="count" points=1\n'
        'assert hidden_secret, "still there"\n\n# %% [markdown]\n# ## 2',
    )
    read_exercise(lesson)


@pytest.mark.parametrize(
    ("first", "is_there"),
    [
        ("import math\nsecret = [5, math.inf]\nsome = 1", True),
        ("def helper():\n    return count([])\n\n\nsecret = [5, 0]", True),
        ('assert count([]) == 0, "none"\nsecret = [5, 0]', False),
        ("found = count([1])\nsecret = [5, 0]", False),
        ("for value in count([1]), 2:\n    secret = value", False),
        ("def helper():\n    return count([])\n\n\nfound = helper()\nsecret = [5, 0]", False),
    ],
)
def test_what_a_test_defines_is_there_for_the_next_even_if_it_fails(
    lesson: Lesson, first: str, is_there: bool
) -> None:
    path = lesson.folder / "exercise.py"
    change(path, "hidden_secret = [5, 0]\n", f"{first}\nhidden_secret = [5, 0]\n")
    change(
        path,
        "# %% [markdown]\n# ## 2",
        '# %% test="count" points=1\nassert secret, "still there"\n\n# %% [markdown]\n# ## 2',
    )
    if is_there:
        read_exercise(lesson)
        return
    with pytest.raises(SourceError, match=r"reads secret, .* one mistake costs two points"):
        read_exercise(lesson)


def test_a_test_does_not_take_an_answers_name(lesson: Lesson) -> None:
    change(
        lesson.folder / "exercise.py", "hidden_secret = [5, 0]\n", "count, hidden_secret = 1, 2\n"
    )
    with pytest.raises(SourceError, match="the test binds count, which is an answer"):
        read_exercise(lesson)


def test_text_before_the_first_cell_is_refused(lesson: Lesson) -> None:
    path = lesson.folder / "exercise.py"
    path.write_text("import torch\n\n" + path.read_text())
    with pytest.raises(SourceError, match="every cell begins with"):
        read_exercise(lesson)


def test_short_metadata_becomes_nbgraders(lesson: Lesson) -> None:
    cells = instructor_cells(read_exercise(lesson))
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in cells if "nbgrader" in cell.metadata}
    assert list(by_id) == ["given-1", "count", "count-test-1", "count-test-2", "why"]

    def flags(name: str) -> tuple[bool, bool, bool]:
        metadata = by_id[name].metadata.nbgrader
        return metadata.grade, metadata.solution, metadata.locked

    assert flags("given-1") == (False, False, True)
    assert flags("count") == (False, True, False)
    assert flags("count-test-2") == (True, False, True)
    assert flags("why") == (True, True, False)
    assert by_id["count-test-2"].metadata.nbgrader.points == 2
    assert by_id["count"].metadata.course == {"item": "count", "answers": ["count"]}
    assert by_id["given-1"].metadata.course == {"given": True}


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ('item="count" right="a loop"', 'item="cuont" right="a loop"', "no item"),
        ('right="by filter"', 'right="a loop"', "already"),
        ('right="by filter"', 'wrong="by filter" hint="x"', "it needs 2 and 3"),
        ("keeps=1", "keeps=3", "can't keep 3 of 3"),
        (' hint="two of the three"', "", "says which hint"),
        ('right="a loop"', 'right="a loop" keeps=1', "belong to a wrong answer"),
        ('answer="in a word"', 'right="in a word"', "answer= is for items"),
    ],
)
def test_a_mistake_in_the_bank_stops(lesson: Lesson, old: str, new: str, remedy: str) -> None:
    exercise = read_exercise(lesson)
    change(lesson.folder / "answers.py", old, new)
    with pytest.raises(SourceError, match=r"(answers|exercise)\.py:\d+: ") as caught:
        read_bank(lesson, exercise)
    assert remedy in str(caught.value)


SHORT = """\
# %% item="count" wrong="counts all" like="by filter" hint="two of the three"
# -     return len(list(filter(None, values)))
# +     values = list(values)
# +
# +     return len(values)
"""
WHOLE = """\
# %% item="count" wrong="counts all" hint="two of the three"
def count(values):
    return len(values)
"""


def test_an_answer_may_say_what_it_changes_of_another(lesson: Lesson) -> None:
    change(lesson.folder / "answers.py", WHOLE, SHORT)
    bank = {answer.name: answer.source for answer in read_bank(lesson, read_exercise(lesson))}
    assert (
        bank["counts all"]
        == "def count(values):\n    values = list(values)\n\n    return len(values)"
    )
    # Of the solution, without its marks.
    path = lesson.folder / "answers.py"
    change(path, 'like="by filter"', 'like="reference"')
    solution = next(cell for cell in read_exercise(lesson).cells if cell.short.item == "count")
    (line,) = (line for line in solution.source.source.splitlines() if "return" in line)
    change(path, "# -     return len(list(filter(None, values)))", f"# - {line}")
    bank = {answer.name: answer.source for answer in read_bank(lesson, read_exercise(lesson))}
    assert "SOLUTION" not in bank["counts all"]
    assert "values = list(values)\n\n    return len(values)" in bank["counts all"]


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ('like="by filter"', 'like="counts zeros"', "no answer “counts zeros” above this one"),
        ("return len(list(filter", "return len(tuple(filter", "has these lines 0 times, not once"),
        ("# -     return", "# +     return", "lines “# - …”, which go"),
        ("# +     return", "return", "then “# + …”, which come"),
    ],
)
def test_a_change_that_does_not_fit_stops(lesson: Lesson, old: str, new: str, remedy: str) -> None:
    path = lesson.folder / "answers.py"
    change(path, WHOLE, SHORT.replace(old, new))
    line = path.read_text().splitlines().index(SHORT.replace(old, new).splitlines()[0]) + 1
    with pytest.raises(SourceError, match=rf"answers\.py:{line}: ") as caught:
        read_bank(lesson, read_exercise(lesson))
    assert remedy in str(caught.value)


def test_the_bank_knows_what_each_answer_earns(lesson: Lesson) -> None:
    exercise = read_exercise(lesson)
    points = {answer.name: answer.points for answer in read_bank(lesson, exercise)}
    assert points == {
        "a loop": 3,
        "by filter": 3,
        "counts all": 0,
        "counts zeros": 2,
        "stops at the first": 1,
        "in a word": None,
    }


def test_a_missing_or_misencoded_file_is_said_so(lesson: Lesson) -> None:
    path = lesson.folder / "exercise.py"
    path.write_bytes("# %%\n# Größe\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"exercise\.py:1: .* UTF-8"):
        read_exercise(lesson)
    path.unlink()
    with pytest.raises(SourceError, match=r"exercise\.py:1: .* missing"):
        read_exercise(lesson)
