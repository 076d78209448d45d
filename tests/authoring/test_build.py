import re
import shutil
import subprocess
import tomllib

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from authoring import class_export
from authoring.build import build, hosting, links, stills
from authoring.build.notebook import instructor_notebook, lesson_notebook
from authoring.build.release import release_notebooks
from authoring.source.problems import SourceError
from authoring.source.sources import Lesson, Sources
from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Choice
from coursekit.learn.widgets.text import to_html
from tests.conftest import ROOT


def built(course: Sources, *lessons: Lesson) -> list[str]:
    lines: list[str] = []
    build.main(course, lessons or course.lessons(), report=lines.append)
    return [line.split()[-1] for line in lines if line.split()[0] == "built"]


def test_everything_is_built_once_and_then_only_what_changed(
    course: Sources, lesson: Lesson
) -> None:
    everything = [
        "solutions/01_counting/01_counting.ipynb",
        "exercises/01_counting/01_counting.ipynb",
        "notebooks/01_counting.ipynb",
        "notebooks/start.ipynb",
        "coursekit/learn/lessons.json",
    ]
    assert list(build.stale(course)) == [
        course.root / "notebooks" / "start.ipynb",
        course.root / "coursekit" / "learn" / "lessons.json",
        lesson.solution,
        lesson.exercise,
        lesson.notebook,
    ]
    assert built(course) == everything
    assert built(course) == []
    assert list(build.stale(course)) == []

    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text().replace("1 + 1", "1 + 2"))
    assert built(course) == ["notebooks/01_counting.ipynb"]


def test_a_notebook_edited_by_hand_is_stale(course: Sources, lesson: Lesson) -> None:
    built(course)
    notebook = nbformat.read(lesson.exercise, as_version=4)
    notebook.cells[0].source += "!"
    nbformat.write(notebook, lesson.exercise)
    lesson.solution.write_text("<<<<<<< HEAD")
    (course.root / "notebooks" / "left_over.ipynb").write_text("{}")
    assert list(build.stale(course)) == [
        lesson.solution,
        lesson.exercise,
        course.root / "notebooks" / "left_over.ipynb",
    ]


def test_a_lesson_is_run_and_its_outputs_kept(course: Sources, lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(
        path.read_text() + "\nimport sys\nprint('noise', file=sys.stderr)\n"
        "from tqdm.auto import tqdm\nlist(tqdm([1]))\n'result'\n"
    )
    built(course)
    code = [c for c in nbformat.read(lesson.notebook, 4).cells if c.cell_type == "code"]
    stream, result = code[-1].outputs
    assert (stream.text, result.data["text/plain"]) == ("2\n", "'result'")


def test_a_lesson_that_fails_stops_the_build(course: Sources, lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + "\nraise ValueError('broken on purpose')\n")
    with pytest.raises(CellExecutionError, match="broken on purpose"):
        built(course)
    assert not lesson.notebook.exists()


def test_ids_stay_when_another_cell_changes(lesson: Lesson) -> None:
    before = [cell.id for cell in lesson_notebook(lesson).cells]
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + "\n# %%\nprint(3)\n\n# %%\nprint(3)\n")
    after = [cell.id for cell in lesson_notebook(lesson).cells]
    # In their order, with the new ones before the last cell, which says where to go on.
    assert [name for name in after if name in before] == before
    assert after[-1] == before[-1]
    assert len(set(after)) == len(after) == len(before) + 2


def test_the_release_holds_no_answer(lesson: Lesson) -> None:
    instructor = instructor_notebook(lesson)
    release = release_notebooks([(lesson.name, instructor)])[lesson.name]
    text = nbformat.writes(release)
    for secret in ("value != 0", "count(hidden_secret)", "model answer", "BEGIN", "HIDDEN"):
        assert secret in nbformat.writes(instructor), secret
        assert secret not in text
    assert "raise NotImplementedError()" in text
    kept = {cell.id: dict(cell.metadata.get("course", {})) for cell in instructor.cells}
    assert {cell.id: dict(cell.metadata.get("course", {})) for cell in release.cells} == kept


def test_every_notebook_has_links_and_the_colab_cell(course: Sources, lesson: Lesson) -> None:
    for notebook in (lesson_notebook(lesson), instructor_notebook(lesson)):
        assert "someone/somewhere/blob/main" in notebook.cells[0].source
        assert "mybinder.org/v2/gh/someone/somewhere/main" in notebook.cells[0].source
        assert "git+https://github.com/someone/somewhere@main" in notebook.cells[1].source
        exec(notebook.cells[1].source, {})  # silent where there is no Colab


def test_the_start_page_links_what_is_there(course: Sources) -> None:
    built(course)
    cells = nbformat.read(course.root / "notebooks" / "start.ipynb", 4).cells
    page = "\n".join(cell.source for cell in cells)
    assert "[01 · Counting](01_counting.ipynb)" in page
    assert "(../exercises/01_counting/01_counting.ipynb)" in page


def test_what_a_class_gets_holds_no_answer(
    course: Sources, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lesson.further.write_text("# %% [markdown]\n# # 01 · Counting, further\n")
    built(course)
    for name in ("coursekit/x", "data/README.md", "data/make_data.py", *class_export.FILES):
        (course.root / name).parent.mkdir(parents=True, exist_ok=True)
        (course.root / name).write_text("something")
    (course.root / "data" / "checksums.json").write_text('{"some.csv": "0"}')
    (course.root / "data" / "some.csv").write_text("1,2")
    shutil.copy2(ROOT / "pyproject.toml", course.root)
    out = tmp_path_factory.mktemp("class") / "new"
    class_export.main(course, out)
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert "exercises/01_counting/01_counting.ipynb" in files
    assert "notebooks/further/01_counting.ipynb" in files
    assert {"data/some.csv", "data/make_data.py"} <= files
    cells = nbformat.read(out / "notebooks/01_counting.ipynb", 4).cells
    [counted] = (cell for cell in cells if cell.source == "print(1 + 1)")
    assert counted.outputs == []
    project = tomllib.loads((out / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"coursekit": "coursekit.desk.cli:app"}
    assert not any(
        name.startswith(("course/", "solutions/", "grader/", "tests/")) for name in files
    )
    assert not any("value != 0" in (out / name).read_text() for name in files)
    with pytest.raises(FileExistsError, match="is not empty"):
        class_export.main(course, out)


def test_what_only_asserts_is_folded(lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + "\n# %%\nassert 1 < 2, 'why'\n\n# %%\nx = 1\nassert x\n")
    cells = [cell for cell in lesson_notebook(lesson).cells if cell.cell_type == "code"]
    folded = [cell.source for cell in cells if cell.metadata.get("jupyter")]
    assert folded == [cells[0].source, "assert 1 < 2, 'why'"]


def test_a_cell_that_shows_a_widget_can_be_run_alone(lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + '\n# %%\nquiz("01")\n\n# %%\nquiz = 3\n')
    sources = [cell.source for cell in lesson_notebook(lesson).cells]
    assert 'from coursekit.learn.widgets import quiz\n\nquiz("01")' in sources
    assert "quiz = 3" in sources


def test_a_course_without_a_public_place_has_no_links_to_one(lesson: Lesson) -> None:
    text = (lesson.course.root / "pyproject.toml").read_text().replace("someone/somewhere", "")
    (lesson.course.root / "pyproject.toml").write_text(text)
    private = Sources.at(lesson.course.root).lesson("01")
    for notebook in (lesson_notebook(private), instructor_notebook(private)):
        whole = nbformat.writes(notebook)
        assert "http" not in whole
        exec(notebook.cells[1].source, {})
    last = lesson_notebook(private).cells[-1].source
    assert "[exercise 01](../exercises/01_counting/01_counting.ipynb)" in last
    # Once it is public, the same links work where there is no folder around the notebook.
    last = lesson_notebook(lesson).cells[-1].source
    assert "someone/somewhere/blob/main/exercises/01_counting/01_counting.ipynb)" in last


def test_publish_writes_the_one_setting(course: Sources) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a first one"]):
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@y", *command],
            cwd=course.root,
            check=True,
        )
    hosting.publish(course.root, "new/home", "trunk")
    published = Sources.at(course.root)
    assert (published.repository, published.branch) == ("new/home", "trunk")
    assert re.fullmatch(r"[0-9a-f]{40}", published.commit)
    setup = lesson_notebook(published.lesson("01")).cells[1].source
    assert f"new/home@{published.commit}" in setup
    with pytest.raises(SourceError, match="write owner/name"):
        hosting.publish(course.root, "https://a.b/c/d", "main")


def test_lessons_that_are_named_are_linked_or_marked_as_to_come(course: Sources) -> None:
    text = "# Lesson 01\nSee lesson 01, `lesson 01`, [lesson 01](x), Lesson 09 and lesson 01."
    assert links.with_lessons(course, text, "up/", "02_other") == (
        "# Lesson 01\nSee [lesson 01](up/01_counting.ipynb), `lesson 01`, [lesson 01](x), "
        "Lesson 09 (to come) and [lesson 01](up/01_counting.ipynb)."
    )
    assert links.with_lessons(course, "lesson 01", "", "01_counting") == "lesson 01"
    # Nobody reads Markdown in HTML, which ends at an empty line.
    folded = "<details><summary>Why? (lesson 01)</summary>See\nlesson 01.</details>"
    assert links.with_lessons(course, folded, "up/", "02_other") == folded
    after = links.with_lessons(course, f"{folded}\n\nlesson 01", "up/", "02_other")
    assert after == f"{folded}\n\n[lesson 01](up/01_counting.ipynb)"


def test_an_item_leads_to_the_part_that_it_names(lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(path.read_text() + "\n# %% [markdown]\n# ## 2 · By hand, slowly\n")
    there = "../../notebooks/01_counting.ipynb#cell-id=part-2"
    assert "part-2" in [cell.id for cell in lesson_notebook(lesson).cells]
    assert links.with_parts(lesson, "Do it in 2 lines.\n\n*Lesson: part 2.*") == (
        f"Do it in 2 lines.\n\n*Lesson: [part 2]({there}).*"
    )
    assert links.with_parts(lesson, "*Lesson: part 7.*") == "*Lesson: part 7.*"


def test_questions_that_have_changed_are_shown_without_a_second_run(tmp_path):
    old = nbformat.v4.new_output("execute_result", {"text/html": "<p>old</p>", "text/plain": "Old"})
    new = nbformat.v4.new_code_cell
    show = 'from coursekit.learn.widgets import quiz\n\nquiz("07")'
    notebook = nbformat.v4.new_notebook(
        cells=[new("print(1)", outputs=[old]), new(show, outputs=[old])]
    )
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook, path)
    assert stills.refresh(path)
    other, shown = nbformat.read(path, as_version=4).cells
    assert other.outputs == [old]
    [output] = shown.outputs
    assert output.data["text/plain"].startswith("Quiz")
    question = bank_of("07").of(Choice)[0]
    assert to_html(question.prompt, mathml=False) in output.data["text/html"]
    assert not stills.refresh(path)
