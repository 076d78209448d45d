import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from authoring import build, handout
from authoring.notebook import instructor_notebook, lesson_notebook
from authoring.release import release_notebooks
from authoring.sources import Course, Lesson


def built(course: Course, *lessons: Lesson) -> list[str]:
    lines: list[str] = []
    build.main(course, lessons or course.lessons(), report=lines.append)
    return [line.split()[-1] for line in lines if line.split()[0] == "built"]


def test_everything_is_built_once_and_then_only_what_changed(
    course: Course, lesson: Lesson
) -> None:
    everything = [
        "solutions/01_counting/01_counting.ipynb",
        "exercises/01_counting/01_counting.ipynb",
        "notebooks/01_counting.ipynb",
        "notebooks/start.ipynb",
        "coursekit/titles.json",
    ]
    assert list(build.stale(course)) == [
        course.root / "notebooks" / "start.ipynb",
        course.root / "coursekit" / "titles.json",
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


def test_a_notebook_edited_by_hand_is_stale(course: Course, lesson: Lesson) -> None:
    built(course)
    notebook = nbformat.read(lesson.exercise, as_version=4)
    notebook.cells[0].source += "!"
    nbformat.write(notebook, lesson.exercise)
    (course.root / "notebooks" / "left_over.ipynb").write_text("{}")
    assert list(build.stale(course)) == [
        lesson.exercise,
        course.root / "notebooks" / "left_over.ipynb",
    ]


def test_a_lesson_is_run_and_its_outputs_kept(course: Course, lesson: Lesson) -> None:
    path = lesson.folder / "lesson.py"
    path.write_text(
        path.read_text() + "\nimport sys\nprint('noise', file=sys.stderr)\n"
        "from tqdm.auto import tqdm\nlist(tqdm([1]))\n'result'\n"
    )
    built(course)
    code = [c for c in nbformat.read(lesson.notebook, 4).cells if c.cell_type == "code"]
    stream, result = code[-1].outputs
    assert (stream.text, result.data["text/plain"]) == ("2\n", "'result'")


def test_a_lesson_that_fails_stops_the_build(course: Course, lesson: Lesson) -> None:
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
    assert after[: len(before)] == before
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


def test_every_notebook_has_links_and_the_colab_cell(course: Course, lesson: Lesson) -> None:
    for notebook in (lesson_notebook(lesson), instructor_notebook(lesson)):
        assert "someone/somewhere/blob/main" in notebook.cells[0].source
        assert "mybinder.org/v2/gh/someone/somewhere/main" in notebook.cells[0].source
        assert "git+https://github.com/someone/somewhere@main" in notebook.cells[1].source
        exec(notebook.cells[1].source, {})  # silent where there is no Colab


def test_the_start_page_links_what_is_there(course: Course) -> None:
    built(course)
    page = nbformat.read(course.root / "notebooks" / "start.ipynb", 4).cells[0].source
    assert "[Counting](01_counting.ipynb)" in page
    assert "(../exercises/01_counting/01_counting.ipynb)" in page


def test_what_a_class_gets_holds_no_answer(
    course: Course, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
) -> None:
    built(course)
    for name in (*(f"{folder}/x" for folder in ("coursekit",)), *handout.FILES):
        (course.root / name).parent.mkdir(parents=True, exist_ok=True)
        (course.root / name).write_text("something")
    out = tmp_path_factory.mktemp("class") / "new"
    handout.main(course, out)
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert "exercises/01_counting/01_counting.ipynb" in files
    assert not any(
        name.startswith(("course/", "solutions/", "grader/", "tests/")) for name in files
    )
    assert not any("value != 0" in (out / name).read_text() for name in files)
    with pytest.raises(FileExistsError, match="is not empty"):
        handout.main(course, out)
