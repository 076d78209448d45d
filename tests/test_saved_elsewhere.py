"""Exercises saved by other programs than JupyterLab: they get the same marks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from authoring.check.answers import engine_for, read_exercise
from authoring.source.sources import Sources
from grader import Assignment, Engine, grade_one
from tests.conftest import ROOT

LESSON = Sources.at(ROOT).lesson("07")


@pytest.fixture(scope="module")
def engine(bubblewrap: str) -> Iterator[Engine]:
    with engine_for(LESSON.course) as engine:
        yield engine


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    solution, release = (
        {LESSON.name: nbformat.read(path, as_version=4)}
        for path in (LESSON.solution, LESSON.exercise)
    )
    return Assignment.from_notebooks(LESSON.name, solution, release)


def solved() -> dict:
    """The release with every answer in it, as JSON."""
    notebook = json.loads(LESSON.exercise.read_text(encoding="utf-8"))
    answers = {
        cell.item: cell.source.source
        for cell in read_exercise(LESSON).cells
        if cell.role == "answer"
    }
    for cell in notebook["cells"]:
        item = cell["metadata"].get("course", {}).get("item")
        if item in answers and cell["metadata"]["nbgrader"]["solution"]:
            cell["source"] = answers[item]
            del answers[item]
    assert not answers
    return notebook


def by_colab(notebook: dict) -> None:
    """Format 4.0: no ids on cells but in their metadata, outputs' ids, its own metadata."""
    notebook["nbformat_minor"] = 0
    notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"]["id"] = f"hT4{number:09d}"
        del cell["id"]
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["metadata"]["colab"] = {"base_uri": "https://localhost:8080/"}
            cell["metadata"]["outputId"] = "0b1e5c2a-9d1d-4b7e-fb4c-1c2a3d4e5f60"
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["x\n"]}]
    empty = {"cell_type": "code", "source": [], "metadata": {"id": "hT4end"}, "outputs": []}
    notebook["cells"].append(empty | {"execution_count": None})


def by_vs_code(notebook: dict) -> None:
    """Its environment's name, languages on cells, ids of its own, no line break at the end."""
    notebook["metadata"] = {
        "kernelspec": {"display_name": ".venv (3.12.3)", "language": "python", "name": "python3"},
        "language_info": {
            "codemirror_mode": {"name": "ipython", "version": 3},
            "file_extension": ".py",
            "mimetype": "text/x-python",
            "name": "python",
            "nbconvert_exporter": "python",
            "pygments_lexer": "ipython3",
            "version": "3.12.3",
        },
    }
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{number:08x}"
        if cell["cell_type"] == "code":
            cell["metadata"]["vscode"] = {"languageId": "python"}
            cell["metadata"]["execution"] = {"iopub.status.busy": "2026-03-01T10:00:00Z"}


@pytest.mark.thorough
@pytest.mark.parametrize("save", [by_colab, by_vs_code])
def test_it_gets_the_same_marks(
    save: Callable[[dict], None], assignment: Assignment, engine: Engine, tmp_path: Path
) -> None:
    plain = solved()
    expected = grade_one(assignment, nbformat.from_dict(copy.deepcopy(plain)), engine)
    save(plain)
    path = tmp_path / f"{LESSON.name}.ipynb"
    path.write_text(json.dumps(plain), encoding="utf-8")
    got = grade_one(assignment, path, engine)
    assert got.status == "graded"
    assert {item.name: item.score for item in got.items} == {
        item.name: item.score for item in expected.items
    }
    assert sum(item.score or 0 for item in got.items) == 19
