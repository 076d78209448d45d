"""Formgrader, in a real browser, on a class that was graded here: it takes marks, and no harm."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import sync_playwright

from grader.host.batch import grade_class
from grader.host.engine.engine import Engine
from grader.host.engine.settings import EngineSettings
from grader.host.results.result import Result
from grader.host.tasks import find_tasks
from tests.browser.lab import serve, start_chromium
from tests.grader.conftest import RIGHT
from tests.hostile import CANARY, HOSTILE_HTML, HOSTILE_MARKDOWN

pytestmark = pytest.mark.thorough

# What shows in the cell before the text that a teacher grades, and that text.
SHOWN = "from IPython.display import HTML, display\n" + "\n".join(
    f"display(HTML({html!r}))" for html in HOSTILE_HTML
)
WHY = "\n\n".join(["# why", *HOSTILE_MARKDOWN, "Minus times minus is plus."])
STUDENT = '<img src=x onerror=hack() "alt="'


def grade(desk):
    assignments = {"numbers": desk.course().load("numbers")}
    tasks, _ = find_tasks(desk.submitted, assignments)
    engine = Engine(EngineSettings(preload=(), show=desk.course().shown))
    grade_class(desk.course(), desk.submitted, desk.out, assignments, tasks, engine)


@pytest.fixture
def graded(desk, bubblewrap):
    """A class with one student, hostile in all that can be shown of him."""
    square = f"{SHOWN}\ndef square(x):\n    return x + x"
    desk.hand_in(STUDENT, RIGHT | {"square": square, "why": WHY})
    grade(desk)
    return desk


@pytest.fixture
def jupyter(graded, tmp_path) -> Iterator[str]:
    """JupyterLab, started in the folder that was graded into."""
    home = tmp_path / "home"
    home.mkdir()
    with serve(graded.out, home, for_teachers=True) as lab:
        yield lab.url


def gradebook(desk):
    return Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}", "demo")


def test_a_teacher_gives_marks_and_a_learner_does_no_harm(graded, jupyter, chromium):
    with gradebook(graded) as book:
        [submission] = book.assignment_submissions("numbers")
        [sheet] = submission.notebooks
        student, number = submission.student.id, sheet.id
    pages = [
        "manage_assignments",
        "manage_submissions/numbers",
        "manage_students",
        f"manage_students/{quote(student)}",
        f"manage_students/{quote(student)}/numbers",
        "gradebook",
        "gradebook/numbers",
        "gradebook/numbers/numbers",
        f"submissions/{number}/",
    ]
    hacks: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = start_chromium(playwright, chromium)
        page = browser.new_page()
        page.expose_binding("hack", lambda *_: hacks.append(page.url))
        page.on("request", lambda request: asked.append(request.url))
        # MathJax and the like come from elsewhere.
        page.route(
            "http*://**/*",
            lambda route: (
                route.continue_() if route.request.url.startswith(jupyter) else route.abort()
            ),
        )
        for path in pages:
            answer = page.goto(f"{jupyter}formgrader/{path}")
            assert answer is not None
            assert answer.status == 200
            page.wait_for_load_state("networkidle")
        assert hacks == []
        assert [url for url in asked if url.startswith(CANARY)] == []

        # The page of the submission: no hidden tests in it, and the marks are where they belong.
        shown = page.content()
        assert "two squared is four" in shown
        for secret in ("negative numbers have squares too'", "144", "HIDDEN"):
            assert secret not in shown
        assert page.get_attribute("#test-square-2", "placeholder") == "0"
        page.fill("#why", "2.5")
        page.fill("#why-comment", "Nearly.")
        with page.expect_response(lambda response: "/api/comment/" in response.url):
            page.press("#why-comment", "Tab")
        page.wait_for_load_state("networkidle")
        browser.close()
    assert hacks == []
    grade(graded)
    with gradebook(graded) as book:
        mark = book.find_grade("why", "numbers", "numbers", student)
        assert (mark.manual_score, mark.needs_manual_grade) == (2.5, False)
        assert book.find_submission("numbers", student).score == 4.5
    feedback = graded.out / "feedback" / student / "numbers/numbers.html"
    assert "2.5 of 3 points, given by a teacher" in feedback.read_text()
    assert "Nearly." in feedback.read_text()
    # What was found stays apart from what was given.
    result = Result.load(graded.out / "results/numbers" / f"{student}.json")
    assert result is not None
    assert result.item("why").score is None
