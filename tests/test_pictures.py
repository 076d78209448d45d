"""Pictures of the course: on any ground, for who sees no colours, and of today in README."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from PIL import Image

from authoring.source.sources import Lesson, Sources, read_cells
from coursekit.lesson_10.pictures import shelf_with_front
from tests.conftest import ROOT
from tools.made_from import KEPT, PICTURES, kept, made_from, stale

LESSONS = Sources.at(ROOT).lessons()
# A series that goes by a colour: “Blue: the front”.
BY_COLOUR = re.compile(r"\b(blue|orange|gr[ea]y|green|red|purple|yellow|black)\s*[:=]", re.I)
# The grounds of JupyterLab's themes, and of dark GitHub.
GROUNDS = ((255, 255, 255), (17, 17, 17), (13, 17, 23))


def code_of(lesson: Lesson) -> list[str]:
    cells = read_cells(lesson.folder / "lesson.py")
    return [cell.source for cell in cells if cell.kind == "code"]


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
def test_no_plot_names_a_series_by_its_colour(lesson: Lesson) -> None:
    texts = [
        node.value
        for source in code_of(lesson)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in texts if BY_COLOUR.search(text)] == []


def test_the_front_of_lesson_10_can_be_told_without_colours() -> None:
    """Finding K19: who is on the front has a line through the point, and is darker."""
    models = pd.DataFrame(
        {
            "structure": ["none", "none", "weights", "units"],
            "bits": [32, 8, 8, 4],
            "raw_bytes": [400, 300, 200, 100],
            "accuracy": [0.86, 0.70, 0.84, 0.80],
            "low": [0.85, 0.69, 0.83, 0.79],
            "high": [0.87, 0.71, 0.85, 0.81],
        }
    )
    on_it = np.array([True, False, True, True])
    [ax] = shelf_with_front(models, on_it, "raw_bytes").axes
    assert "with a line" in ax.get_title(loc="left")
    lines = np.concatenate([bundle.get_segments() for bundle in ax.collections])
    assert sorted(line[0][0] for line in lines) == [100, 200, 400], "a line for each on the front"
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    assert len({line.get_marker() for line in drawn}) == 3, "a shape for what was pruned"
    best = [line for line in drawn if line.get_zorder() == 3]
    pale = [line for line in drawn if line.get_zorder() == 2]
    assert max(brightness(one) for one in best) < min(brightness(one) for one in pale) - 0.2


def brightness(line: Line2D) -> float:
    return float(np.mean(to_rgb(line.get_color())))


def test_the_picture_of_the_start_page_carries_in_both_themes() -> None:
    picture = Image.open(ROOT / "course" / "general" / "start.png").convert("RGBA")
    pixels = np.asarray(picture, float)
    assert pixels[0, 0, 3] == 0, "the picture brings its own ground"
    # The writing, above the frames.
    top = pixels[:45].reshape(-1, 4)
    ink = top[top[:, 3] > 250][:, :3].mean(0)
    for ground in GROUNDS:
        # 3 : 1, since the letters are large.
        assert contrast(ink, np.array(ground)) >= 3
    # What is coloured can be told from what is not, on either.
    patches = pixels[60:340].reshape(-1, 4)
    strong = patches[patches[:, 3] > 200][:, :3]
    assert len(strong) > 1000
    for ground in GROUNDS:
        ratios = [contrast(colour, np.array(ground)) for colour in np.unique(strong, axis=0)]
        assert min(ratios) >= 2


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: np.ndarray) -> float:
    parts = colour / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_the_pictures_of_the_readme_show_the_course_of_today() -> None:
    assert stale(kept(), made_from()) == []


def test_the_readme_shows_each_picture_and_says_what_is_in_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = {name: alt for alt, name in re.findall(r"!\[([^\]]+)\]\(docs/pictures/(.+?)\)", readme)}
    sized = r'<img src="docs/pictures/(.+?)" width="\d+" alt="(.+?)">'
    shown |= dict(re.findall(sized, readme))
    # The capstone's page shows one that is drawn from numbers.
    others = {KEPT.name, "way_down.png"}
    assert {*shown} == {*kept()} == {path.name for path in PICTURES.iterdir()} - others
    assert all(len(alt.split()) > 10 for alt in shown.values())
    assert (PICTURES / "lesson.gif").stat().st_size < 1_000_000


# Of each file an edit that can be seen, one that can't, and the pictures that show it.
EDITS = [
    (
        "coursekit/learn/widgets/front.css",
        ("border", "outline"),
        "/* a comment */\n",
        ["lesson.gif", "practise.png"],
    ),
    (
        "coursekit/learn/widgets/front.js",
        ("const parts = {", "const pieces = {"),
        "// a comment\n",
        ["lesson.gif", "practise.png"],
    ),
    (
        "coursekit/lesson_07/opening.py",
        ("the network says", "the network thinks"),
        "# a comment\n",
        ["lesson.gif"],
    ),
    (
        "notebooks/07_unstructured_pruning.ipynb",
        ("80% zeros: size of the file", "80% zeros: size on disk"),
        "",
        ["lesson.gif"],
    ),
    (
        "grader/host/publish/templates/page.html",
        ("<main>", '<main class="wide">'),
        "\n",
        ["report.png"],
    ),
    (
        "grader/host/publish/templates/report.html",
        ("Most frequent message", "What most were told"),
        "\n",
        ["report.png"],
    ),
    (
        "exercises/00_pipeline/00_pipeline.ipynb",
        ("4 · Quantize", "4 · Round"),
        "",
        ["report.png"],
    ),
]


@pytest.mark.parametrize(
    ("file", "seen", "unseen", "pictures"), EDITS, ids=[Path(edit[0]).name for edit in EDITS]
)
def test_a_picture_is_out_of_date_when_what_it_shows_has_changed(
    tmp_path: Path, file: str, seen: tuple[str, str], unseen: str, pictures: list[str]
) -> None:
    for other in [edit[0] for edit in EDITS] + ["grader/host/publish/templates/style.css"]:
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / other, tmp_path / other)
    then = made_from(tmp_path)
    text = (ROOT / file).read_text(encoding="utf-8")
    assert seen[0] in text
    (tmp_path / file).write_text(unseen + text, encoding="utf-8")
    assert stale(then, made_from(tmp_path)) == []
    (tmp_path / file).write_text(text.replace(*seen), encoding="utf-8")
    said = stale(then, made_from(tmp_path))
    assert [re.findall(r"docs/pictures/(\S+) ", one) for one in said] == [[one] for one in pictures]
    assert all("`make pictures`" in one for one in said)
