"""Traces: every one that a bank names, complete and the same at each run."""

import random
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
import torch
import yaml

from authoring.check.questions import unbalanced
from coursekit.learn.traces import load_trace, traces_of
from coursekit.lesson_00.prediction import draw_prediction
from coursekit.nets import three_models
from tests.conftest import ROOT
from tests.coursekit.stages import content, png

NAMED = sorted(
    (file.parent.name[:2], question["trace"])
    for file in (ROOT / "course").glob("*/questions.yaml")
    for question in yaml.safe_load(file.read_text(encoding="utf-8"))
    if question["kind"] == "trace"
)

each_trace = pytest.mark.parametrize(("lesson", "name"), NAMED)


def test_every_lesson_computes_the_traces_of_its_bank_and_no_other():
    lessons = sorted({lesson for lesson, _ in NAMED})
    assert [(lesson, name) for lesson in lessons for name in sorted(traces_of(lesson))] == NAMED


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(LookupError, match="no trace “nonsense”") as caught:
        load_trace("07", "nonsense")
    assert all(name in str(caught.value) for name in traces_of("07"))


@each_trace
def test_a_trace_is_complete_and_its_shapes_follow_one_another(lesson, name):
    trace = load_trace(lesson, name)
    assert trace is load_trace(lesson, name)
    assert trace.title
    last = {}
    for stage in trace.stages:
        assert stage.title
        assert stage.before == last.get(stage.of, stage.before)
        assert stage.before is not None or stage.of not in last
        last[stage.of] = stage.after
        assert all(type(size) is int for size in stage.after)
        assert unbalanced(stage.text) is None, stage.text
        assert not re.search(r"\bnan\b|\binf\b|\d-|-\d\.|tensor", stage.text), stage.text
        assert stage.table is None or len({len(row) for row in stage.table}) == 1
    assert len({stage.title for stage in trace.stages}) == len(trace.stages)


@each_trace
def test_every_stage_has_a_picture_as_wide_as_a_page_and_its_alt_text(lesson, name):
    stages = load_trace(lesson, name).stages
    drawn = []
    for stage in stages:
        assert len(stage.alt) > 20
        fig = stage.picture()
        assert fig.get_size_inches()[0] * fig.dpi == 900
        drawn.append(png(fig))
    assert len(set(drawn)) == len(stages) or name == "pruning-two-calls"
    assert png(stages[0].picture()) == drawn[0]
    assert not plt.get_fignums()


def test_a_second_run_in_another_state_gives_the_same():
    first = {name: content(load_trace(lesson, name)) for lesson, name in NAMED}
    random.seed(1)
    torch.manual_seed(1)
    torch.set_num_threads(2)
    for cached in (load_trace, three_models.run, three_models.three_models):
        cached.cache_clear()
    before = torch.get_rng_state()
    assert {name: content(load_trace(lesson, name)) for lesson, name in NAMED} == first
    draw_prediction(3, 0.5, 4)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_tensorflow_is_imported_only_for_the_trace_that_needs_it():
    others = [(lesson, name) for lesson, name in NAMED if not name.startswith("tflite-")]
    script = (
        "import sys\n"
        "from coursekit.learn.traces import load_trace\n"
        f"for lesson, name in {others!r}:\n"
        "    load_trace(lesson, name)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert 'ai_edge_litert' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
