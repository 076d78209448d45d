"""What people read: feedback, class report and grades.csv, made safe."""

from __future__ import annotations

import csv
import io
import re
import time
from html import unescape

import nbformat
import pytest

from grader.host.grade import grade
from grader.host.intake.submission import collect
from grader.host.publish.clean import clean_notebook
from grader.host.publish.feedback import _source, render
from grader.host.publish.pages import number, plain
from grader.host.publish.rendering import as_file
from grader.host.publish.report import ClassReport
from grader.host.results.result import Result

RIGHT = {
    "square": "def square(x):\n    return x ** 2",
    "triple": "def triple(x):\n    return x + x + x",
    "why": "Because minus times minus is plus.",
}


@pytest.fixture
def graded(desk, assignment, engine):
    """What comes of numbers, handed in with these answers instead of right ones."""

    def make(change=None, student="s", **answers):
        path = desk.hand_in(student, RIGHT | answers, change)
        return grade(collect(assignment, path.parent, student), engine)

    return make


def cells(result):
    return {cell.grade_id: cell for item in result.items for cell in item.cells}


def report(assignments, results, late=()):
    made = ClassReport(assignments)
    for result in results:
        made.add(result, result.student in late)
    return made


@pytest.fixture
def page(graded, assignment):
    def make(change=None, marks=({}, {}), **answers):
        done = graded(change, **answers)
        teacher = assignment.notebooks["numbers"]
        notebook = clean_notebook(done.notebooks["numbers"], teacher, cells(done.result))
        return render(done.result.with_marks(*marks), teacher, notebook)

    return make


def test_feedback_shows_answers_points_and_messages(page):
    html = page(square="def square(x):\n    return x + x")
    assert "negative numbers have squares too" in html
    assert "2</span> / 2" in html
    assert "3 more for a teacher to give" in html
    assert "Because minus times minus is plus." in html


def test_feedback_holds_nothing_of_hidden_tests_or_solutions(page):
    html = page(square="def square(x):\n    print('got', x)\n    return x + x")
    assert "more of it is hidden" in html
    for secret in ("secret", "144", "HIDDEN", "Two equal signs", "got 12", "got -3", "<summary>"):
        assert secret not in html


@pytest.mark.parametrize(
    ("source", "coloured"),
    [
        ("def classify(x):", {"k": ["def"], "n": ["classify", "x"]}),
        ("print(len(x)) # 'no'", {"nb": ["print", "len"], "c1": ["# 'no'"]}),
        ('f\'{x}\' + r"a\\"b"', {"s": ["f'{x}'", 'r"a\\"b"']}),
        ('"""two\nlines"""\n\'open', {"s": ['"""two', 'lines"""', "'open"]}),
        ("x = 0x1F + 1.5e3", {"m": ["0x1F", "1.5e3"], "o": ["=", "+"]}),
    ],
)
def test_code_is_coloured_by_what_it_is(source, coloured):
    found = re.findall(r'<span class="(\w+)">([^<]*)</span>', str(_source("code", source, {})))
    for kind, words in coloured.items():
        assert [unescape(text) for name, text in found if name == kind] == words


@pytest.mark.parametrize(
    "hostile",
    [
        '"""' + "\\" * 300_000,
        '"' + '\\"' * 200_000,
        "'" * 400_000,
        "f" * 400_000 + "'",
        "(\\" * 200_000,
    ],
    ids=["escapes", "quotes", "openings", "prefixes", "signs"],
)
def test_code_that_is_none_is_shown_as_it_is_and_soon(hostile):
    begun = time.process_time()
    shown = unescape(re.sub("<[^>]*>", "", str(_source("code", hostile, {}))))
    assert shown.strip() == hostile
    # A rule that looks at everything again and again would take hours.
    assert time.process_time() - begun < 20


def test_feedback_is_one_file_that_runs_nothing(page):
    html = page(
        triple="# <script>alert(1)</script>\nfrom IPython.display import *\n"
        "display(HTML('<img src=x onerror=alert(2)>'))\ndisplay(Javascript('alert(3)'))\n"
        "display(SVG('<svg onload=\"alert(4)\"/>'))\n"
        "display({'image/png': '\"><script>alert(5)</script>', 'text/plain': 'p'}, raw=True)\n"
        "print('\\x1b[31mred')\nraise ValueError('<b>bold</b>')",
        why="<script>alert(6)</script> [a](javascript:alert(7)) <img src=x onerror=alert(8)>",
    )
    for danger in ("<script", "<img src=x", "<svg", 'href="javascript', "\x1b", "<b>bold"):
        assert danger not in html
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    for outside in ("http://", "https://", "//cdn"):
        assert outside not in html
    assert "red" in html


def test_feedback_shows_figures(page):
    html = page(triple="import matplotlib.pyplot as plt\nplt.plot([1]);\ntriple = lambda x: 3 * x")
    assert '<img src="data:image/png;base64,iVBOR' in html


TABLE = """
from IPython.display import HTML, Latex, Markdown, display
class Frame:
    def _repr_html_(self):
        row = '<tr style="text-align: right;"><td>1</td></tr>'
        return f'<table border="1" class="dataframe">{row}</table>'
display(Frame(), Latex("$x^2$"), Markdown("**bold** $a_1$"))
print(f"{50} %", end="\\r")
print("100 %")
triple = lambda x: 1 / 0
triple(1)
"""


def test_feedback_shows_honest_output(page):
    html = page(triple=TABLE, why="| a | b |\n|---|---|\n| *c* | $d_1 < e_1$ |\n\n<b>f</b>")
    for shown in (
        '<table border="1" class="dataframe">',
        '<tr style="text-align:right">',
        "$x^2$",
        "<strong>bold</strong>",
        "a_1",
        "100 %",
        "ZeroDivisionError: division by zero",
        "<summary>Traceback</summary>",
        "<td><em>c</em></td>",
        "d_1 &lt; e_1",
        "<b>f</b>",
    ):
        assert shown in html
    assert "50 %" not in html


def test_feedback_shows_what_a_teacher_gave(page):
    html = page(marks=({"numbers/why": 2.5}, {"numbers/why": "Nearly <all>."}))
    assert "2.5 of 3 points, given by a teacher" in html
    assert "Nearly &lt;all&gt;." in html
    assert "<strong>7.5</strong> of 8 points" in html
    assert "more for a teacher" not in html


def test_feedback_of_a_rejected_submission_says_why(assignment):
    rejected = Result(
        assignment="numbers", student="s", status="rejected", reason="It is <empty>.", points=8
    )
    html = render(rejected, assignment.notebooks["numbers"], None)
    assert "It is &lt;empty&gt;." in html
    assert "could not be graded" in html


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_grades_csv_has_a_row_a_submission_and_a_column_an_item(graded, assignment, pair):
    one = graded(square="square = abs").result
    two = Result(assignment="numbers", student="t", status="rejected", reason="Empty.", points=8)
    text = report([assignment, pair], [two, one], late=["t"]).csv()
    first, second = rows(text)
    assert list(first)[:7] == [
        "assignment",
        "student",
        "status",
        "late",
        "total",
        "max",
        "numbers:square",
    ]
    assert list(first)[-3:] == ["penalty", "reason", "notes"]
    assert first | {"notes": "-"} == dict.fromkeys(first, "") | {
        "assignment": "numbers",
        "student": "s",
        "status": "graded",
        "late": "no",
        "total": "2",
        "max": "8",
        "numbers:square": "0",
        "numbers:triple": "2",
        "numbers:why": "manual",
        "waits": "yes",
        "notes": "-",
    }
    assert (second["status"], second["late"], second["total"]) == ("rejected", "yes", "")
    assert second["reason"] == "Empty."


def test_cells_are_no_formulas(assignment):
    result = Result(
        assignment="numbers",
        student="=cmd|' /C calc'!A0",
        status="rejected",
        reason="@SUM(1)\x1b[31m\nnext",
        points=8,
    )
    [row] = rows(report([assignment], [result]).csv())
    assert row["student"].startswith("'=")
    assert row["reason"] == "'@SUM(1) next"


@pytest.mark.parametrize("separator", [";", "|", "\t", "; "])
def test_nor_are_they_where_other_signs_separate(assignment, separator):
    student = f"x{separator}=1+1;y"
    text = report([assignment], [Result(assignment="numbers", student=student, status="graded")])
    found = text.csv()
    assert not re.search(r"[;|\t]\s*=", found)
    assert all(line.startswith('"') and line.endswith('"') for line in found.splitlines())


def test_the_class_report_counts(graded, assignment):
    results = [
        graded(student="a").result,
        graded(student="b", square="square = abs").result,
        graded(student="c", square="square = abs", triple="triple = lambda x: x / 0").result,
        graded(student="<d>", square="# YOUR CODE HERE\nraise NotImplementedError()").result,
        Result(assignment="numbers", student="e", status="rejected", reason="<Gone>.", points=8),
    ]
    html = report([assignment], results, late=["a"]).html()
    assert "<b>4</b> graded" in html
    # Where to mark them by hand.
    assert "formgrader/gradebook/numbers/numbers" in html
    assert "<b>1</b> rejected" in html
    assert "<b>1</b> late" in html
    assert "mean <b>2.2</b> of 8 points" in html
    # Two said it; who did not answer at all is not counted.
    assert "2 ×</span> two squared is four" in html
    assert "25 %" in html
    assert "&lt;Gone&gt;." in html
    assert "<Gone>" not in html


def test_text_loses_its_control_codes():
    assert (
        plain("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x00\r\n\tend\x9b") == "red link\n\tend"
    )
    assert [number(value) for value in (2.0, 1.5, 1 / 3, 0.0, 100.0)] == [
        "2",
        "1.5",
        "0.3333",
        "0",
        "100",
    ]


def test_results_are_stored_whole(graded, tmp_path):
    result = graded(triple="# 😀\ntriple = 3").result
    path = tmp_path / "a" / "b.json"
    result.save(path)
    assert Result.load(path) == result
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]
    path.write_text(path.read_text().replace('"student"', '"pupil"'))
    assert Result.load(path) is None
    assert Result.load(tmp_path / "none") is None


def test_notebooks_with_outputs_are_valid(graded):
    done = graded(triple="print(1)\ndisplay(2)\n1/0")
    nbformat.validate(done.notebooks["numbers"])


@pytest.mark.parametrize("text", ["x = 1\nx", "läuft\n\n", "half \ud800 of it", ""])
def test_a_written_notebook_reads_as_it_was(text):
    cell = nbformat.v4.new_code_cell(text, metadata={"b": 1, "a": [2.5, 10**25, None]})
    cell.outputs = [nbformat.v4.new_output("stream", text=text)]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell(text)])
    read = nbformat.reads(as_file(notebook).decode(), as_version=4)
    mended = text.encode("utf-8", "replace").decode()
    assert [c.source for c in read.cells] == [mended] * 2
    assert read.cells[0].outputs[0].text == mended
    assert read.cells[0].metadata == cell.metadata
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    assert nbformat.reads(as_file(plain).decode(), as_version=4) == plain


def test_feedback_leads_from_each_item_to_its_cell_and_says_where_to_begin(
    page, assignment, monkeypatch
):
    told = [{"name": "square", "title": "1 · Squares"}, {"name": "triple", "title": "2 · Threes"}]
    monkeypatch.setitem(assignment.notebooks["numbers"].metadata, "course", {"items": told})
    html = page(
        square="def square(x):\n    return x + x",
        why="# Mine\n\n[the lesson](../../notebooks/a.ipynb) and [a page](https://example.org)",
    )
    assert '<a href="#item-square">1 · Squares</a>' in html
    assert html.count('id="item-square"') == 1
    assert re.search(r"Begin with <a href=\"#item-square\">1 · Squares</a>: \d points? can", html)
    assert "✓ passed" in html
    # One title of the page, and those of the exercise below it; a way that is none is no link.
    assert html.count("<h1") == 1
    assert "<h2>Mine" in html
    assert "[the lesson](../../notebooks/a.ipynb) and <a " in html
    assert all("href=" in link for link in re.findall(r"<a [^>]*>", html))
    assert html.count("<main>") == 1


def test_the_class_report_names_items_puts_the_dearest_first_and_leads_on(
    graded, assignment, monkeypatch
):
    told = [{"name": "square", "title": "1 · Squares"}, {"name": "triple", "title": "2 · Threes"}]
    monkeypatch.setitem(assignment.notebooks["numbers"].metadata, "course", {"items": told})
    results = [graded(student=name, triple="triple = 3").result for name in ("a", "b c")]
    html = report([assignment], results).html()
    titles = re.findall(r'<th scope="row" class="item">([^<]*)</th>', html)
    assert titles.index("2 · Threes") < titles.index("1 · Squares")
    assert "Formgrader" in html
    assert 'href="feedback/b%20c/numbers/numbers.html">b c</a>' in html
    assert re.search(r'aria-label="Submissions by points: [^"]*: 2"', html)
    assert html.count("<main>") == 1


def test_one_who_says_a_thing_is_not_the_class(graded, assignment):
    html = report([assignment], [graded(triple="triple = 3").result]).html()
    assert "1 ×" not in html
