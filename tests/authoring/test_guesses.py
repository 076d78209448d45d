"""Every mistake with a guess stops the build with file, line and remedy."""

import pytest

from authoring.build import build
from authoring.build.notebook import lesson_notebook
from authoring.source import guesses
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources, read_cells

THREE = '# %%\nguess("Question 3")\n'


def test_a_lesson_without_mistakes_passes(lesson: Lesson) -> None:
    guesses.check(read_cells(lesson.folder / "lesson.py"))


@pytest.mark.parametrize(
    ("old", "new", "at", "remedy"),
    [
        ('guess("Question 3")', 'x = 1\nguess("Question 3")', "guess(", "stands alone"),
        ('guess("Question 3")', 'x = guess("Question 3")', "x = guess(", "stands alone"),
        ('guess("Question 3")', 'guess("Question 3"); x = 1', "guess(", "stands alone"),
        (THREE, 'guess("Question 3")\n', "guess(", "stands alone"),
        ('guess("Question 3")', 'guess("Question 2")', "guess(", "asked in line"),
        ('guess("Question 3")', "guess(f'Question {3}')", "guess(", "in quotation marks"),
        ('reveal("Question 3", 2)', 'reveal("Question three", 2)', "reveal(", "no cell above"),
        ('reveal("Question 3", 2)', 'name = "a"\nreveal(name, 2)', "reveal(", "in quotation"),
        ('reveal("Question 3", 2)', "pass", "guess(", "no cell below"),
        ('reveal("Question 3", 2)', "mark_guess(ax, q)", "mark_guess(", "in quotation"),
        ('reveal("Question 3", 2)', 'mark_guess(ax, "x")', "mark_guess(", "no cell above"),
        ('reveal("Question 3", 2)', 'mark_guess(ax, "Question 3")', "guess(", "no cell below"),
        (THREE, "", "reveal(", "no cell above"),
        (THREE, f'# %%\nreveal("Question 3", 1)\n\n{THREE}', "reveal(", "no cell above"),
        ("print(1 + 1)", 'if True:\n    reveal("Question 7", 1)', "    reveal(", "no cell above"),
    ],
)
def test_a_mistake_names_its_line(lesson: Lesson, old: str, new: str, at: str, remedy: str) -> None:
    path = lesson.folder / "lesson.py"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(SourceError, match=remedy) as error:
        guesses.check(read_cells(path))
    where, line, _ = str(error.value).split(":", 2)
    assert where == str(path)
    assert path.read_text().splitlines()[int(line) - 1].startswith(at)


def test_a_mark_is_no_mistake_nor_is_a_line_for_ipython(lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    more = 'mark_guess(ax, "Question 3", axis="x")\n\n# %%\n%timeit 1\n'
    path.write_text(path.read_text() + more)
    guesses.check(read_cells(path))


@pytest.mark.parametrize("number", [0, 3, 9])
def test_four_to_eight_a_lesson(lesson: Lesson, number: int) -> None:
    path = lesson.folder / "lesson.py"
    heading = path.read_text().partition("# %%\n")[0]
    asked = "".join(f'# %%\nguess("{n}")\n\n' for n in range(number)) + "# %%\n"
    path.write_text(heading + asked + "".join(f'reveal("{n}", 1)\n' for n in range(number)))
    with pytest.raises(SourceError, match=f"4 to 8 guesses, this one {number}"):
        guesses.check(read_cells(path))


def test_the_build_stops_for_them(course: Sources, lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text().replace('reveal("Question 3", 2)', "pass"))
    with pytest.raises(SourceError, match="Question 3"):
        build.main(course, [lesson], report=lambda _: None)
    with pytest.raises(SourceError, match="Question 3"):
        lesson_notebook(lesson)
