"""What a learner shows is harmless where people look at it, and honest output is still there."""

from __future__ import annotations

import base64
import html
import io
import re
import time

import matplotlib.image
import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import markdown2html_mistune
from nbgrader.utils import compute_checksum
from playwright.sync_api import Request, sync_playwright

from grader.host.marks.points import blank, to_items
from grader.host.publish import clean, feedback
from grader.host.publish.clean import (
    clean_html,
    clean_notebook,
    clean_outputs,
    is_image,
)
from grader.host.publish.feedback import render
from grader.host.publish.markdown import clean_markdown
from grader.host.publish.report import ClassReport
from grader.host.results.result import CellResult, Result
from tests.browser.lab import start_chromium
from tests.conftest import ROOT
from tests.hostile import CANARY, HACK, HOSTILE_HTML, HOSTILE_MARKDOWN, SVG

VEGA = "application/vnd.vega.v5+json"


def encoded(data):
    return base64.b64encode(data).decode()


def png(width=40, height=30):
    file = io.BytesIO()
    Figure(figsize=(width / 100, height / 100), dpi=100).savefig(file, format="png")
    return file.getvalue()


def display(**data):
    return nbformat.v4.new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})


def bundle(data, metadata=None):
    return nbformat.v4.new_output("display_data", data, metadata=metadata or {})


HOSTILE_OUTPUTS = [
    *({"text/html": html} for html in HOSTILE_HTML),
    *({"text/markdown": markdown} for markdown in HOSTILE_MARKDOWN),
    {"application/javascript": HACK, "text/plain": "<Javascript>"},
    {"image/svg+xml": SVG},
    {"image/png": f"x' onerror='{HACK}"},
    {"image/png": encoded(SVG.encode())},
    {"image/jpeg": encoded(b"<script>" + HACK.encode())},
    {"text/latex": f"$<img src=x onerror='{HACK}'>$"},
    {"text/vnd.mermaid": f"</pre><script>{HACK}</script>"},
    {"application/vnd.jupyter.widget-view+json": {"model_id": f"</script><script>{HACK}</script>"}},
    {"application/vnd.vega.v5+json": {"$schema": f"{CANARY}vega"}},
    {"application/pdf": "JVBERi0="},
    {"text/plain": f"<script>{HACK}</script>\x1b]8;;javascript:{HACK}\x07link\x1b]8;;\x07"},
    {f"text/x'><script>{HACK}</script>": "a", "text/plain": "a"},
]
METADATA = {"image/png": {"width": f"1 onerror={HACK}"}, "filenames": {"image/png": f"{CANARY}f"}}


def hostile(assignment):
    """The notebook of the assignment with everything hostile in it that there is."""
    teacher = assignment.notebooks["numbers"]
    cells = [cell.node.copy() for cell in teacher.cells]
    for markdown in HOSTILE_MARKDOWN:
        cells.append(nbformat.v4.new_markdown_cell(markdown))
        cells.append(nbformat.v4.new_raw_cell(markdown))
    shown = [bundle(data, METADATA) for data in HOSTILE_OUTPUTS]
    shown.append(nbformat.v4.new_output("stream", text=f"<script>{HACK}</script>\x1b[31mred"))
    shown.append(
        nbformat.v4.new_output(
            "error", ename=f"<img src=x onerror={HACK}>", evalue="e", traceback=[HOSTILE_HTML[0]]
        )
    )
    cells.append(nbformat.v4.new_code_cell(f"# <script>{HACK}</script>", outputs=shown))
    made = nbformat.v4.new_notebook(cells=cells, metadata=teacher.metadata)
    return made


@pytest.fixture
def shown(chromium, tmp_path):
    """Opens a page in a browser, clicks on every link, and says what came of it."""

    def make(html):
        path = tmp_path / "page.html"
        path.write_text(html, "utf-8")
        asked = []
        hacks = []

        def note(request: Request):
            if request.url.startswith(CANARY):
                asked.append(request.url)

        with sync_playwright() as playwright:
            browser = start_chromium(playwright, chromium)
            page = browser.new_context().new_page()
            page.expose_binding("hack", lambda *_: hacks.append(1))
            page.on("request", note)
            page.route("http*://**/*", lambda route: route.abort())
            page.goto(path.as_uri())
            page.wait_for_timeout(300)
            covered = page.evaluate("document.querySelectorAll('#why-comment, .modal').length")
            page.evaluate(
                "for (const a of document.links) if (!/^(http|file)/.test(a.href)) a.click()"
            )
            page.wait_for_timeout(300)
            browser.close()
        return {"hacked": bool(hacks), "asked": asked, "covered": covered}

    return make


def rendered(notebook):
    """As Formgrader does, with nbconvert's default: nothing is sanitised there."""
    return HTMLExporter(template_name="classic").from_notebook_node(notebook)[0]


def test_a_browser_runs_and_loads_nothing_of_it(assignment, shown):
    dirty = hostile(assignment)
    # These end the page before the rest can do harm, or stop nbconvert.
    fatal = ("<plaintext", "http-equiv", "attachment:missing")
    for cell in dirty.cells:
        if any(word in cell.source for word in fatal):
            cell.source = ""
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not any(w in str(o) for w in fatal)]
    before = shown(rendered(dirty))
    assert before["hacked"]
    assert before["asked"]
    assert before["covered"]
    cleaned = clean_notebook(hostile(assignment), assignment.notebooks["numbers"], {})
    nbformat.validate(cleaned)
    assert shown(rendered(cleaned)) == {"hacked": False, "asked": [], "covered": 0}


def test_feedback_is_harmless_even_of_what_nobody_cleaned(assignment, shown):
    teacher = assignment.notebooks["numbers"]
    result = Result(assignment="numbers", student=HOSTILE_HTML[0], status="graded", total=0)
    result.notes = [*HOSTILE_HTML]
    page = render(result, teacher, hostile(assignment))
    assert "onerror" in page
    assert shown(page) == {"hacked": False, "asked": [], "covered": 0}
    report = ClassReport([assignment])
    result.items = to_items(
        assignment, {"numbers": blank("numbers", teacher.cells, HOSTILE_HTML[1])}
    )
    report.add(result, late=True)
    assert shown(report.html()) == {"hacked": False, "asked": [], "covered": 0}


def test_cleaning_twice_changes_nothing_more_that_matters(assignment, shown):
    teacher = assignment.notebooks["numbers"]
    once = clean_notebook(hostile(assignment), teacher, {})
    twice = clean_notebook(once, teacher, {})
    assert shown(rendered(twice)) == {"hacked": False, "asked": [], "covered": 0}


@pytest.mark.parametrize(
    "source", ["# why", "why\n===", "> why\n> ---", "- # why", "#why", "# why #"]
)
def test_no_heading_takes_the_place_of_an_input_field(source):
    assert 'id="why' in markdown2html_mistune(source)
    made = markdown2html_mistune(clean_markdown(source))
    assert 'id="why"' not in made
    assert "why" in made


def test_honest_markdown_stays():
    text = (
        "**Bold**, *italic*, `a[1](b)`, H<sub>2</sub>O<br>and a [link](https://example.org/?a=1&b=2)"
        " or [inside](#part).\n\n"
        "$a_1 < b \\cdot \\frac{c}{d}$ and\n\n$$\\begin{aligned} x &= y \\\\ z &= 2\\end{aligned}$$"
        "\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```python\nx = {'a': 1}[k]\nfor i in range(3):\n    print(i)\n```\n\n"
        "[note]: https://example.org\n"
    )
    assert clean_markdown(text) == text


def test_a_pasted_picture_stays_and_other_attachments_go(assignment):
    picture = encoded(png())
    cell = nbformat.v4.new_markdown_cell("![mine](attachment:a.png) ![theirs](attachment:b.svg)")
    cell.attachments = {
        "a.png": {"image/png": picture},
        "b.svg": {"image/svg+xml": encoded(SVG.encode())},
    }
    made = nbformat.v4.new_notebook(cells=[cell])
    [cleaned] = clean_notebook(made, assignment.notebooks["numbers"], {}).cells
    assert cleaned.attachments == {"a.png": {"image/png": picture}}
    html = rendered(nbformat.v4.new_notebook(cells=[cleaned]))
    assert f"data:image/png;base64,{picture}" in html
    assert "svg+xml" not in html


def test_what_the_teacher_wrote_is_left_as_it_is(assignment):
    from dataclasses import replace

    teacher = assignment.notebooks["numbers"]
    source = "<details><summary>Hint</summary>![a](b.png)</details>"
    node = nbformat.v4.new_markdown_cell(source)
    teacher = replace(teacher, cells=(replace(teacher.cells[0], node=node),))
    added = nbformat.v4.new_markdown_cell(source + " ")
    made = nbformat.v4.new_notebook(cells=[node, added])
    ours, theirs = clean_notebook(made, teacher, {}).cells
    assert ours.source == source
    assert theirs.source == "< details>< summary>Hint< /summary>[a]\\(b.png)< /details> "


def test_tables_and_figures_stay():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a <b>": [1, 2], "b": ["x", "<script>"]})
    table = clean_html(frame.to_html())
    assert '<table border="1" class="dataframe">' in table
    assert '<tr style="text-align:right">' in table
    assert "&lt;script&gt;" in table
    picture = encoded(png())
    kept = clean_outputs([bundle({"image/png": picture, "text/plain": "<Figure>"}, METADATA)])
    assert kept == [bundle({"text/plain": "<Figure>", "image/png": picture})]
    assert picture in clean_html(f'<img src="data:image/png;base64,{picture}" alt="a">')


def test_a_picture_in_html_may_be_as_large_as_one_alone_and_no_larger():
    whole = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (9).to_bytes(4) + (9).to_bytes(4)
    for size, kept in ((400_000, True), (5_000_000, False)):
        html = f'<img alt="a" src="data:image/png;base64,{encoded(whole + bytes(size))}">'
        [output] = clean_outputs([bundle({"text/html": html, "text/plain": "a"})])
        assert ("base64" in output.data.get("text/html", "")) == kept
        # With anything beside it, it is HTML like any other.
        [output] = clean_outputs([bundle({"text/html": html + "<p>", "text/plain": "a"})])
        assert "text/html" not in output.data


def test_a_notebooks_pictures_have_room_for_so_many_pixels_together():
    whole = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (10).to_bytes(4) + (10).to_bytes(4)
    html = f'<img src="data:image/png;base64,{encoded(whole)}">'
    alone, inside = bundle({"image/png": encoded(whole)}), bundle({"text/html": html})
    kept = clean_outputs([alone, inside, inside, alone], clean.Left(pixels=250))
    assert [bool({"image/png", "text/html"} & set(output.data)) for output in kept] == [
        True,
        True,
        False,
        False,
    ]


def test_images_are_told_by_their_first_bytes_and_size():
    whole = png()
    assert is_image("image/png", encoded(whole))
    assert is_image("image/png", "\n".join([encoded(whole), ""]))
    assert not is_image("image/jpeg", encoded(whole))
    assert not is_image("image/png", encoded(whole) + "<")
    claims_much = whole[:16] + (100_000).to_bytes(4) * 2 + whole[24:]
    assert not is_image("image/png", encoded(claims_much))
    file = io.BytesIO()
    matplotlib.image.imsave(file, [[0, 1]], format="jpeg")
    jpeg = file.getvalue()
    assert is_image("image/jpeg", encoded(jpeg))
    frame = jpeg.index(b"\xff\xc0")
    claims_much = jpeg[: frame + 5] + b"\xff\xff\xff\xff" + jpeg[frame + 9 :]
    assert not is_image("image/jpeg", encoded(claims_much))
    assert not is_image("image/jpeg", encoded(jpeg[:20]))


def test_text_is_as_a_terminal_leaves_it():
    stream = nbformat.v4.new_output(
        "stream", text="0 %\r50 %\r100 %\ndone\r\n\x1b[1mbold\x1b[0m\u202e"
    )
    error = nbformat.v4.new_output(
        "error", ename="E", evalue="\x1b[31mv", traceback=["\x1b[31m--->", "  1 x", "E: v"]
    )
    [text, failed] = clean_outputs([stream, error])
    assert text.text == "100 %\ndone\nbold"
    assert (failed.evalue, failed.traceback) == ("v", ["--->", "  1 x", "E: v"])


def test_what_is_not_shown_is_named():
    [javascript, widget] = clean_outputs(
        [
            bundle({"application/javascript": "1", "text/plain": "<Javascript>"}),
            bundle({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}),
        ]
    )
    assert javascript.data == {"text/plain": "<Javascript>\n(application/javascript: not shown)"}
    assert widget.data == {"text/plain": "(application/vnd.jupyter.widget-view+json: not shown)"}


def test_outputs_are_bounded():
    long = nbformat.v4.new_output("stream", text="a" * 10**6 + "end")
    many = clean_outputs([long] * 1200)
    assert len(many) <= clean.MAX_OUTPUTS + 1
    assert "outputs are not shown: there are too many" in many[-1].text
    assert "left out" in many[0].text
    assert many[0].text.endswith("end")
    assert sum(len(str(output)) for output in many) < 1.1 * clean.MAX_ALL_TEXT
    [kept] = clean_outputs([bundle({"text/html": "<p>" * 10**6, "text/plain": "p"})])
    assert kept.data == {"text/plain": "p\n(text/html: not shown)"}


SLOW = {
    "html": [
        "<div>",
        "<ul><li>",
        "<b></p>",
        "<font size=1>x<p>",
        "<table><tr><td>",
        "<a>",
        "<svg>",
    ],
    "markdown": ["[", "![", "*", "`", "> ", "<", "](", "[a]: ", "\\begin{a}", "|a|\n|-|\n", "  \n"],
    "fence": ["> \t\n", "> match \u2028", "> a.", "> '", "> f'{", "> (", "> \\\n"],
    "code": ["a.", "  \n", "\u3000\n", "match \u2028", "..", "'", "f'{", "(", "\\\n", "_."],
}


def test_nothing_takes_long_to_clean_or_to_show(assignment):
    from IPython.lib.lexers import IPython3Lexer
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    teacher = assignment.notebooks["numbers"]
    for kind, pieces in SLOW.items():
        for piece in pieces:
            text = (piece * 10**5)[:100_000]
            begun = time.process_time()
            if kind == "html":
                clean_outputs([bundle({"text/html": text})])
            elif kind == "markdown":
                markdown2html_mistune(clean_markdown(text))
            elif kind == "fence":
                for language in ("python", "ipython3", "ng2", "cfengine3"):
                    markdown2html_mistune(clean_markdown(f"> ```{language}\n{text}"))
            else:
                made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])
                [cell] = clean_notebook(made, teacher, {}).cells
                highlight(cell.source, IPython3Lexer(), HtmlFormatter())
            assert time.process_time() - begun < 3, (kind, piece)


LINKS = [
    "> [x]:\n> javascript:hack()\n\n[x]",
    "- [x]:\n  javascript:hack()\n\n[x]",
    "1. > [x]:\n   > <javascript:hack()>\n\n[x]",
    "> [a](\n> javascript:hack())",
    "> [a](\n>\tjavascript:hack())",
    "- [a](\n  <javascript:hack()>)",
    "[x]:\n\tjavascript:hack()\n\n[x]",
    "[x]: &#106;avascript:hack()\n\n[x]",
    "> [x]:\n> &#106;avascript:hack()\n\n[x]",
    "> [x]:\n> java&#9;script:hack()\n\n[x]",
    "> [x]:\n> &amp;#106;avascript:hack()\n\n[x]",
    "> [x]:\n> data:text/html,hack()\n\n[x]",
    "> [x]:\n> vbscript:hack()\n\n[x]",
    "a\n: [x]:\n  javascript:hack()\n\n[x]",
    "> ![x]\n\n> [x]:\n> http://canary.invalid/a.png",
    # The server that shows it may have such a page: a file that was handed in, or a way out.
    "[a](..%2f..%2fhack().html)",
    "[a](/hack())",
    "[a](//[::1]/hack())",
    "[a](http:hack())",
    "> [x]:\n> &#104;ack()\n\n[x]",
]


@pytest.mark.parametrize("source", LINKS)
def test_no_link_runs_whatever_shape_it_has(source):
    page = html.unescape(html.unescape(markdown2html_mistune(clean_markdown(source))))
    targets = re.findall(r"(?:href|src)=\"([^\"]*)", page)
    elsewhere = ("#", "http://", "https://")
    assert not [target for target in targets if not target.startswith(elsewhere)], page
    assert "<img" not in page
    assert "hack()" in page or "canary" in page


@pytest.mark.parametrize("target", ["next", "/next", "//[::1]/next", "http:next", "HTTPS:/next"])
def test_no_link_in_html_leads_to_what_the_server_has_beside_the_page(target):
    output = nbformat.v4.new_output(
        "display_data",
        data={"text/html": f"<a href='{target}'>a</a><a href='https://example.org/'>b</a>"},
    )
    [cleaned] = clean_outputs([output])
    assert re.findall('href="([^"]*)', cleaned.data["text/html"]) == ["https://example.org/"]


@pytest.mark.parametrize(
    "formula",
    [
        "&#36;\\&#104;ref{javascript:hack()}{x}&#36;",
        "&#92;(\\hre&#102;{javascript:hack()}{x}&#92;)",
        "&#36;&#92;&#115;tyle{color: red}{x}&#36;",
    ],
)
def test_no_formula_is_made_of_entities(formula):
    page = markdown2html_mistune(clean_markdown(formula))
    # A code block is no place for formulas.
    page = re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)
    assert not re.search(r"\\(href|style)", html.unescape(html.unescape(page)))
    output = nbformat.v4.new_output("display_data", data={"text/latex": formula})
    [cleaned] = clean_outputs([output])
    assert not re.search(r"\\(href|style)", html.unescape(cleaned.data["text/latex"]))


def test_no_formula_leaves_its_place():
    """What has no height and is raised had covered the field for a mark above the text."""
    formula = r"$\smash{\raise 4em{\rlap{\hspace{45em}\color{white}{\rule{4em}{2em}}\text{2}}}}$"
    data = {"text/latex": formula, "text/html": f"<p>{formula}</p>", "text/markdown": formula}
    output = nbformat.v4.new_output("display_data", data=data)
    [cleaned] = clean_outputs([output])
    for shown in (clean_markdown(formula), *cleaned.data.values()):
        assert r"\raise 4em" in shown
        assert r"\smash" not in shown


def test_a_picture_is_shown_once_however_often_it_is_mentioned(assignment):
    cell = nbformat.v4.new_markdown_cell("![a](attachment:a.png) " * 400)
    picture = encoded(png())
    cell.attachments = {"a.png": {"image/png": picture}}
    made = nbformat.v4.new_notebook(cells=[cell])
    [cleaned] = clean_notebook(made, assignment.notebooks["numbers"], {}).cells
    assert cleaned.source.count("![") == 1
    assert rendered(nbformat.v4.new_notebook(cells=[cleaned])).count(picture) == 1


def test_all_code_and_text_of_a_notebook_has_room_for_so_much(assignment):
    table = "|a|\n|-|\n" + "|b|\n" * 4_000
    text = [nbformat.v4.new_markdown_cell(f"{table}{n}") for n in range(400)]
    code = [nbformat.v4.new_code_cell("a\n" * 9_000 + f"{n}") for n in range(400)]
    raw = [nbformat.v4.new_raw_cell(f"{table}{n}") for n in range(20)]
    shown = nbformat.v4.new_code_cell()
    shown.outputs = [bundle({"text/markdown": f"{table}{n}"}) for n in range(400)]
    made = nbformat.v4.new_notebook(cells=[shown, *text, *code, *raw])
    cleaned = clean_notebook(made, assignment.notebooks["numbers"], {})
    begun = time.process_time()
    kept = [o for o in cleaned.cells[0].outputs if "text/markdown" in o.data]
    assert 3 < len(kept) < 20
    assert sum(len(c.source) for c in cleaned.cells if c.cell_type == "markdown") < 300_000
    assert sum(len(c.source) for c in cleaned.cells if c.cell_type == "code") < 1_100_000
    blank_one = Result(assignment="numbers", student="s", status="graded", total=0)
    page = render(blank_one, assignment.notebooks["numbers"], cleaned)
    assert len(page) < 40_000_000
    assert time.process_time() - begun < 20


def test_a_page_has_room_for_so_much(assignment, monkeypatch):
    monkeypatch.setattr(feedback, "MAX_PAGE", 5_000)
    code = [nbformat.v4.new_code_cell("a\n" * 100 + f"{n}") for n in range(40)]
    made = nbformat.v4.new_notebook(cells=code)
    result = Result(assignment="numbers", student="s", status="graded", total=0)
    page = render(result, assignment.notebooks["numbers"], made)
    assert "the page has become too long" in page
    assert len(page) < 30_000


# --- Hidden tests ------------------------------------------------------------------------------


def result(grade_id, **fields):
    return CellResult(
        notebook="numbers",
        grade_id=grade_id,
        item="square",
        points=1,
        score=0,
        outcome="failed",
        **fields,
    )


def played(assignment, outputs):
    cells = [cell.node.copy() for cell in assignment.notebooks["numbers"].cells]
    for cell in cells:
        if cell.id == "test-square-1":
            cell.outputs = outputs
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.parametrize("show", [False, True])
def test_hidden_tests_are_left_out_unless_asked_for(assignment, show):
    made = played(assignment, [])
    cleaned = clean_notebook(made, assignment.notebooks["numbers"], {}, show_hidden_tests=show)
    text = nbformat.writes(cleaned)
    for secret in ("HIDDEN", "secret", "144", "square(-3)"):
        assert (secret in text) == show
    assert "two squared is four" in text
    # The original is not touched: it is judged by.
    assert "144" in nbformat.writes(made)


def test_no_checksum_tells_whether_a_guess_of_hidden_lines_is_right(assignment):
    made = played(assignment, [])
    for cell in clean_notebook(made, assignment.notebooks["numbers"], {}).cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
    # That of the original is of the whole.
    assert all(
        cell.metadata.nbgrader.checksum == compute_checksum(cell)
        for cell in made.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    )


def test_what_ran_beside_the_code_shows_no_outputs(assignment):
    said = nbformat.v4.new_output("stream", text="called with -3")
    teacher = assignment.notebooks["numbers"]
    made = played(assignment, [said])
    apart = {"test-square-1": result("test-square-1", message="Not yet.")}
    assert "called with -3" in nbformat.writes(clean_notebook(made, teacher, apart))
    beside = {"test-square-1": result("test-square-1", message="Not yet.", beside=True)}
    text = nbformat.writes(clean_notebook(made, teacher, beside))
    assert "called with -3" not in text
    assert "Not yet." in text


def test_a_figure_with_its_alt_text_is_a_picture_and_other_html_has_its_limit():
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    file = io.BytesIO()
    matplotlib.image.imsave(file, noise, format="png")
    image = base64.b64encode(file.getvalue()).decode()
    assert len(image) > clean.MAX_HTML
    figure = f'<img alt="Noise &amp; more" src="data:image/png;base64,{image}">'
    for page, stays in (
        (figure, True),
        (f"{figure}<p>and more</p>", False),
        (figure.replace(image, f"AAAA{image}"), False),
        (figure.replace("alt=", "onerror='PWNED()' alt="), False),
    ):
        output = nbformat.v4.new_output("display_data", data={"text/html": page})
        (made,) = clean_outputs([output])
        assert (image in made.data.get("text/html", "")) == stays, page[:60]


def test_no_page_of_the_sample_class_loses_its_figures():
    """What honest learners of this course show: nothing of it is dropped."""
    lessons = ROOT / "notebooks"
    for path in sorted(lessons.glob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                for before, after in zip(cell.outputs, clean_outputs(cell.outputs), strict=True):
                    # A widget's view, and the picture that moves: its still stays.
                    shown = set(before.get("data", {})) - {
                        "application/vnd.jupyter.widget-view+json",
                        VEGA,
                    }
                    assert set(after.get("data", {})) == shown
                    assert VEGA not in before.get("data", {}) or "image/png" in shown
