"""The site's pages, part by part; tests/browser/test_site.py looks at the whole in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
import tomllib

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from authoring.build.lessons import lessons as course_lessons
from authoring.site import build, contents, faults, reader, workflow
from authoring.site.formulas import with_formulas
from authoring.site.front import told
from authoring.site.guessing import question_html, question_of, results
from authoring.site.outputs import Outputs, Pictures
from authoring.site.pages import Maker
from authoring.site.ways import Ways
from authoring.source.sources import Sources
from coursekit.learn.lessons import Lesson, read
from coursekit.lesson_15 import square
from coursekit.nets.data import load_file

PAGES = {
    "index.md",
    "run.md",
    "notebooks/02_two.ipynb",
    "notebooks/glossary.ipynb",
    "notebooks/review.ipynb",
    "exercises/02_two/02_two.ipynb",
    "docs/grading.md",
}


def led(text, path="notebooks/02_two.ipynb", repository=""):
    return Ways(PAGES, repository, "main").led(text, path)


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("glossary.ipynb", "page:glossary.html"),
        ("glossary.ipynb#cell-id=word-tie", "place:glossary.html#word-tie"),
        ("../exercises/02_two/02_two.ipynb", "page:../exercises/02_two/02_two.html"),
        ("../docs/grading.md#how", "place:../docs/grading.html#how"),
        ("start.ipynb", "page:../index.html"),
        ("review.ipynb", "page:review.html"),
        ("#here", "#here"),
        ("https://example.org/a.ipynb", "https://example.org/a.ipynb"),
        (
            "https://colab.research.google.com/github/a/b/blob/main/notebooks/glossary.ipynb",
            "page:glossary.html",
        ),
    ],
)
def test_a_link_leads_to_the_page_of_what_it_names(link, leads):
    assert led(f"see [it]({link}).") == f"see [it]({leads})."


def test_a_badge_still_opens_the_notebook_elsewhere():
    badge = "[Open in Colab](https://colab.research.google.com/github/a/b/blob/main/notebooks/02_two.ipynb)"
    assert led(badge) == badge


def test_a_file_without_a_page_is_named_or_linked_where_it_is_public():
    assert led("[the licence](../LICENSE)") == "the licence"
    there = "https://github.com/some/where/blob/main/LICENSE"
    assert led("[the licence](../LICENSE)", repository="some/where") == f"[the licence]({there})"


def test_code_is_no_link():
    assert led("`[x](glossary.ipynb)`") == "`[x](glossary.ipynb)`"


def guess_cell(source, shown=""):
    output = nbformat.v4.new_output("execute_result", {"text/plain": shown})
    return nbformat.v4.new_code_cell(source, outputs=[output])


def test_a_guess_is_read_with_its_unit_its_ends_and_its_choices():
    cell = guess_cell('guess("How many?", unit="%", low=-5, high=100)')
    assert question_of(cell) == {"question": "How many?", "unit": "%", "low": -5, "high": 100}
    shown = "Which?\nTake one of these: a; b c. Type your guess behind the question, as in …"
    cell = guess_cell('guess("Which?", choices=list(made_of))', shown)
    assert question_of(cell) == {"question": "Which?", "choices": ["a", "b c"]}


@pytest.mark.parametrize("source", ['reveal("How many?", 2)', "a = 1\nb = 2", "%timeit x", ""])
def test_other_cells_ask_nothing(source):
    assert question_of(guess_cell(source)) is None


def test_without_scripts_a_question_says_what_can_be_answered():
    html = question_html({"question": "Which <b>?", "choices": ["a", "b"]})
    text = BeautifulSoup(html, "html.parser").get_text(" ")
    assert "Which <b>?" in text
    assert "a; b?" in text


@pytest.mark.parametrize(
    ("came_out", "data"),
    [
        ("1,234 bytes", {"number": 1234.0, "between": None}),
        ("36 %", {"number": 36.0, "between": None}),
        ("0.5 dB (from 0.25 to 1,000)", {"number": 0.5, "between": [0.25, 1000.0]}),
        ("“a” or “b c”", {"texts": ["a", "b c"]}),
    ],
)
def test_a_result_is_what_a_guess_is_compared_with(came_out, data):
    html = results(f"before\nYou made no guess for “Q (1)?”. It is {came_out}.\nafter\n")
    soup = BeautifulSoup(html, "html.parser")
    line = soup.find(class_="came-out")
    assert json.loads(line["data-came-out"]) == {"text": came_out, **data}
    assert line.get_text() == f"“Q (1)?”: it is {came_out}."
    assert [pre.get_text() for pre in soup("pre")] == ["before", "after"]


def png(colour):
    file = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def outputs(tmp_path):
    return Outputs(Pictures(tmp_path / "pictures"), "../_static/pictures/")


def test_a_picture_lies_in_a_file_with_its_size_and_its_words(outputs, tmp_path):
    html = f'<style>p {{}}</style><img alt="A line." src="{png("red")}">'
    cell = nbformat.v4.new_code_cell(
        "show()", outputs=[nbformat.v4.new_output("display_data", {"text/html": html})]
    )
    soup = BeautifulSoup(outputs.of(cell), "html.parser")
    assert not soup("style")
    picture = soup.img
    assert (picture["alt"], picture["width"], picture["height"]) == ("A line.", "4", "3")
    name = picture["src"].removeprefix("../_static/pictures/")
    assert Image.open(tmp_path / "pictures" / name).size == (4, 3)


def test_formulas_in_outputs_are_mathml_and_code_is_left_alone(outputs):
    html = "<p>$a < b$ costs <code>$x$</code></p>"
    cell = nbformat.v4.new_code_cell(
        "cards()", outputs=[nbformat.v4.new_output("display_data", {"text/html": html})]
    )
    shown = outputs.of(cell)
    assert "<code>$x$</code>" in shown
    assert "<math" in shown
    assert "$a" not in shown


def test_what_costs_dollars_is_no_formula():
    assert with_formulas("$5 or $6 a month") == "$5 or $6 a month"


@pytest.mark.parametrize("number", range(16))
def test_each_opening_of_the_course_has_a_picture_for_every_place_of_its_sliders(
    root, outputs, number
):
    [path] = (root / "notebooks").glob(f"{number:02}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    [shown] = [
        html
        for cell in cells
        if cell.cell_type == "code" and "<figure" in (html := outputs.of(cell))
    ]
    data = json.loads(BeautifulSoup(shown, "html.parser").script.string)
    places = {tuple(frame["at"]) for frame in data["frames"]}
    count = 1
    for one in data["moved"]:
        count *= round((one["max"] - one["min"]) / one["step"]) + 1
    assert len(places) == count
    assert all(frame["alt"].strip() for frame in data["frames"])


def test_every_guess_of_the_course_is_live_and_answered_on_its_page(root, outputs):
    for path in sorted((root / "notebooks").glob("[0-9]*.ipynb")):
        asked, answered = [], []
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            if question := question_of(cell):
                asked.append(question["question"])
            else:
                soup = BeautifulSoup(outputs.of(cell), "html.parser")
                answered += [line["data-question"] for line in soup(class_="came-out")]
        assert asked, path.name
        assert sorted(asked) == sorted(answered), path.name


def test_every_lesson_can_be_practised_on_its_page(root, tmp_path):
    maker = Maker(Ways(PAGES, "", "main"), Pictures(tmp_path), 8_000_000)
    for lesson in Sources.at(root).lessons():
        notebook = nbformat.read(lesson.notebook, as_version=4)
        page = maker.page(notebook, f"notebooks/{lesson.name}.ipynb")
        of = dict(re.findall(r'<div class="live" data-way="(\w+)" data-of="(\w*)"', page))
        assert {"cards", "quiz", "respond", "practice", "trace", "progress"} <= set(of)
        assert {of["cards"], of["quiz"], of["respond"], of["practice"]} == {lesson.number}
        assert "Python into this page, 8.0 MB, once" in page
        practice = page.partition("## Practise")[2]
        assert "progress.sqlite" not in practice
        assert "Run this cell" not in page


def test_under_a_lesson_are_its_exercise_and_what_goes_further(tmp_path):
    pages = {*PAGES, "notebooks/further/02_two.ipynb"}
    maker = Maker(Ways(pages, "", "main"), Pictures(tmp_path), 8_000_000)
    text = "# 02 · Two\n\nMore: [further](further/02_two.ipynb)."
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    page = maker.page(notebook, "notebooks/02_two.ipynb")
    assert "\nExercise 02 </exercises/02_two/02_two>\n" in page
    assert "\nFurther 02 </notebooks/further/02_two>\n" in page
    assert "[further](page:further/02_two.html)" in page
    assert "toctree" not in maker.page(notebook, "notebooks/further/02_two.ipynb")


def test_what_details_hold_is_read_as_markdown_and_their_summary_has_no_link(tmp_path):
    summary = "Is $x$ `y`? ([glossary](glossary.ipynb))"
    text = f"# 02 · Two\n\n<details><summary>{summary}</summary>*No*.</details>"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    page = Maker(Ways(PAGES, "", "main"), Pictures(tmp_path), 8_000_000).page(
        notebook, "notebooks/02_two.ipynb"
    )
    summary = re.search(r"<details><summary>(.*)</summary>\n\n\*No\*\.\n\n</details>", page)[1]
    assert "<math" in summary
    assert summary.endswith("<code>y</code>? (glossary)")


def test_what_only_shows_something_or_sets_up_colab_is_no_code_to_read(tmp_path):
    shown = [nbformat.v4.new_output("execute_result", {"text/plain": "shown"})]
    new = nbformat.v4.new_code_cell
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 02 · Two"),
            new("set_up()", metadata={"cellView": "form"}),
            new('from coursekit.learn.widgets import quiz\n\nquiz("02")', outputs=shown),
            new("from coursekit.lesson_02.opening import show\n\nshow()", outputs=shown),
            new("print(1)"),
            new("import numpy"),
        ]
    )
    maker = Maker(Ways(PAGES, "", "main"), Pictures(tmp_path), 8_000_000)
    page = maker.page(notebook, "notebooks/02_two.ipynb")
    assert re.findall(r"code-block} ipython3\n(.*)\n", page) == ["print(1)", "import numpy"]
    assert page.count("<pre>shown</pre>") == 2
    assert page.count("<details") == 1


def test_the_front_page_leads_to_each_lesson_and_says_what_one_can_do_after_it(root, outputs):
    course = Sources.at(root)
    lessons = []
    for lesson in read(course_lessons(course).wanted):
        notebook = nbformat.read(root / "notebooks" / f"{lesson.name}.ipynb", as_version=4)
        lessons.append(told(lesson, notebook, outputs.opening_of(notebook)))
    pages = contents.pages(course, lessons)
    for one in lessons:
        assert one.question.endswith("?")
        assert 4 <= len(one.able) <= 6
        assert f"<notebooks/{one.lesson.name}>" in pages["index.md"]
        assert f'href="notebooks/{one.lesson.name}.html"' in pages["index.md"]
    assert pages["index.md"].count("<figure") == 1
    # The square leads to a page that takes the network out of the address.
    [signs] = set(re.findall(r'href="reader\.html#([^"]+)"', pages["index.md"]))
    assert square.from_signs(signs) == load_file("capstone_square.fb")
    assert pages["openings.md"].count("<figure") == 16
    assert "make lab" in pages["run.md"]
    assert "make grade" in pages["teach.md"]


def test_what_the_reader_says_of_a_network_is_what_the_data_card_says(root):
    named = tomllib.loads((root / "site" / "reader" / "known.toml").read_text())
    card = (root / "data" / "README.md").read_text()
    assert reader.NETWORK.name in named
    for file, scored in named.items():
        [about] = re.findall(rf"^`{re.escape(file)}`: .*$", card, re.MULTILINE)
        assert f" {scored['wrong']} of MNIST's {scored['of']:,} test images" in about


def test_a_lesson_that_does_not_say_what_one_can_do_after_it_stops_the_site(outputs):
    lesson = Lesson("02", "02_two", "Two", "Few", (), 5)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# 02 · Two\n\n**Why?**")]
    )
    with pytest.raises(
        faults.SiteError, match="02_two has no question, no opening, or no “You can now"
    ):
        told(lesson, notebook, "<figure>")


def test_publishing_writes_a_workflow_that_makes_and_deploys_the_site(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Course\n\nWhat it is: [a](b).\n")
    for owner in ("Else", "Some"):
        workflow.write(tmp_path, f"{owner}/where", "trunk")
    assert readme.read_text() == (
        "# Course\n\n**[Read it, guess and practise in your browser](https://some.github.io/where/)**"
        "\n\nWhat it is: [a](b).\n"
    )
    made = yaml.safe_load((tmp_path / workflow.WORKFLOW).read_text())
    # YAML reads the key `on` as true.
    assert made[True]["push"]["branches"] == ["trunk"]
    job = made["jobs"]["site"]
    assert job["environment"]["url"] == "${{ steps.deployment.outputs.page_url }}"
    steps = job["steps"]
    assert {"run": "make site"} in steps
    [upload] = [step["with"]["path"] for step in steps if "upload-pages" in step.get("uses", "")]
    assert upload == build.SITE.as_posix()
    assert made["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert workflow.address("Some/where") == "https://some.github.io/where/"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="b.html">b</a>', "a link leads nowhere: b.html (“b”)"),
        ('<a href="#b">b</a>', "a link leads nowhere: #b (“b”)"),
        ('<a href="../../b">b</a>', "a link leads nowhere: ../../b (“b”)"),
        ('<img src="icon.svg">', "a picture without an alternative text: icon.svg"),
        ('<img src="icon.svg" alt=" ">', "a picture without an alternative text: icon.svg"),
        ('<script src="//a.org/b.js"></script>', "it asks another host: //a.org/b.js"),
        ('<img src="https://a.org/b.png" alt="b">', "it asks another host: https://a.org/b.png"),
        ("<p>see [b](b.html)", "Markdown or TeX that nobody has read: ](b.html)"),
        ("<p>$\\log_2 4$", "Markdown or TeX that nobody has read: $\\log_2 4$"),
        (
            '<a href="https://a.org">a</a><a href="#c">c</a><p id="c"><code>**b** $\\pi$</code>',
            None,
        ),
    ],
)
def test_faults_of_a_page_are_found(tmp_path, body, fault):
    (tmp_path / "icon.svg").touch()
    (tmp_path / "a.html").write_text(f"<title>A</title>{body}")
    assert list(faults.of(tmp_path)) == ([f"a.html: {fault}"] if fault else [])


def test_styles_that_ask_another_host_are_a_fault(tmp_path):
    (tmp_path / "a.css").write_text("b { background: url(https://a.org/b.png), url(c.png) }")
    assert list(faults.of(tmp_path)) == ["a.css: it asks https://a.org/b.png"]
