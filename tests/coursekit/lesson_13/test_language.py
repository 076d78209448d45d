"""Lesson 13's text, its model, and the table that its methods were measured with."""

import hashlib
import importlib.util
import math
import random

import pytest
import torch
from torch.nn import functional as F

from coursekit.lesson_13.runs import Beside, changed, inputs_of, layer_calls, matrices
from coursekit.lesson_13.stories import (
    END,
    LONGEST,
    START,
    WORDS,
    Story,
    as_text,
    stories,
    write_story,
)
from coursekit.lesson_13.transformer import (
    NUMBER_OF,
    Storyteller,
    endings,
    load_storyteller,
    numbers,
    tell,
)
from coursekit.nets.data import load_results
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def storyteller():
    return load_storyteller()


def test_a_seed_gives_the_stories_that_the_model_was_trained_on():
    text = "\n".join(" ".join(story.words) for story in stories(200, seed=1))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "3a4b4be2314f439e"
    assert stories(3, seed=1) != stories(3, seed=2)


def test_stories_are_of_known_words_and_fit_the_model():
    told = stories(2000, seed=4)
    assert {word for story in told for word in story.words} == set(WORDS)
    assert len(WORDS) == len(set(WORDS)) == 226
    for story in told:
        assert len(story.words) <= LONGEST
        assert (story.words[0], story.words[-1]) == (START, END)
        assert START not in story.words[1:]


def test_the_last_sentence_follows_from_what_was_told_before():
    for story in stories(300, seed=5):
        ending = " ".join(story.words[at] for at in story.recall)
        before = " ".join(story.words[: story.recall[0]])
        assert ending.endswith(" .")
        for thing in ending.removesuffix(" .").split(" and "):
            assert thing == "nothing" or f"a {thing.removeprefix('the ')}" in before


class _Fixed(random.Random):
    """Draws the first of all choices, or the last."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value

    def random(self) -> float:
        return self.value


def test_the_probability_of_a_story_is_that_of_its_choices():
    first = write_story(_Fixed(0.0))
    # Hero, place, job, time, weather; two things with colours; friend, kind, animal; 3 or 4 events.
    choices = [32, 13, 11, 7, 8, 32, 10, 31, 9, 14, 8, 16, 2]
    events = 3 * [7 + 1, 4, 4, 2, 8]  # nothing hidden: 8 kinds; two numbers, who, what
    assert first.nats == pytest.approx(sum(math.log(n) for n in choices + events))


def test_text_is_written_as_people_write():
    words = f'{START} it was hot . " where ? " asked Mia . " in the well , " said Kiki . {END}'
    assert as_text(words.split()) == ('It was hot. "Where?" asked Mia. "In the well," said Kiki.')


def test_numbers_leave_out_what_stands_behind_the_end():
    told = [Story((START, "Ada", END), 0.0, (1,)), Story((START, "a", "bell", ".", END), 0.0, (2,))]
    read, following = numbers(told)
    assert read.shape == following.shape == (2, 4)
    assert read[0].tolist()[:2] == [NUMBER_OF[START], NUMBER_OF["Ada"]]
    assert following[0].tolist() == [NUMBER_OF["Ada"], NUMBER_OF[END], -100, -100]
    assert following[1].tolist() == [NUMBER_OF[word] for word in ("a", "bell", ".", END)]


def test_an_ending_is_right_only_if_each_of_its_words_is():
    told = stories(4, seed=6)
    _, following = numbers(told)
    logits = F.one_hot(following.clamp(min=0), len(WORDS)).float()
    assert endings(logits, told).tolist() == [True] * 4
    at = told[1].recall[-1] - 1
    logits[1, at] = 0
    logits[1, at, NUMBER_OF["owl"]] = 1
    logits[2, told[2].recall[0] - 2] = 0  # a word before the ending
    assert endings(logits, told).tolist() == [True, False, True, True]


def test_the_model_sees_no_word_to_come():
    model = Storyteller(width=16, blocks=2, heads=2).eval()
    words = torch.randint(len(WORDS), (1, 9))
    other = words.clone()
    other[0, 6:] = 0
    with torch.no_grad():
        assert torch.allclose(model(words)[:, :6], model(other)[:, :6], atol=1e-6)
        assert not torch.allclose(model(words)[:, 6:], model(other)[:, 6:], atol=1e-3)


def test_the_shipped_model_tells_stories_nearly_as_well_as_one_can(storyteller):
    told = stories(60, seed=7)
    read, following = numbers(told)
    loss = float(F.cross_entropy(storyteller(read).flatten(0, 1), following.flatten()))
    least = sum(story.nats for story in told) / int((following >= 0).sum())
    assert least < loss < least + 0.08
    assert endings(storyteller(read), told).double().mean() > 0.4
    words = tell(storyteller, "one day Mia", seed=3)
    assert words[:4] == [START, "one", "day", "Mia"]
    assert words[-1] == END
    assert words == tell(storyteller, "one day Mia", seed=3)
    assert words != tell(storyteller, "one day Mia", seed=4)


def test_the_table_of_lesson_13_is_whole():
    table = load_results("language_model")
    everywhere = {("natural", "all"), ("natural", "behind a norm"), ("before out", "all")}
    everywhere |= {("planted", "all"), ("planted", "behind a norm")}
    assert set(zip(table.network, table.matrices, strict=True)) == everywhere
    for network, which in everywhere:
        for bits in (4, 3, 2):
            its = table[(table.network == network) & (table.matrices == which)]
            counts = its[its.bits == bits].method.value_counts().to_dict()
            assert counts == {"gptq": 5, "awq": 5, "plain": 1}
    assert (table.low <= table.extra).all()
    assert (table.extra <= table.high).all()


def test_only_the_named_matrices_are_changed(storyteller):
    model = changed(storyteller, lambda _, w: 0 * w, ("qkv", "up"))
    for name, layer in matrices(model).items():
        assert bool((layer.weight == 0).all()) == name.endswith(("qkv", "up"))
        assert (matrices(storyteller)[name].weight != 0).any()


def test_what_goes_into_a_matrix_is_seen_for_each_word_and_no_hook_stays(storyteller):
    told = stories(3, seed=8)
    seen = inputs_of(storyteller, told)
    assert set(seen) == set(matrices(storyteller))
    words = sum(len(story.words) - 1 for story in told)
    assert {name: len(x) for name, x in seen.items()} == dict.fromkeys(seen, words)
    first = numbers(told)[0][0, 0]
    hidden = storyteller.words(first) + storyteller.places(torch.tensor(0))
    assert torch.allclose(seen["0.qkv"][0], storyteller.blocks[0].norm1(hidden), atol=1e-5)
    assert not any(layer._forward_pre_hooks for layer in matrices(storyteller).values())


def test_losses_are_beside_the_float_model_on_the_same_stories(capsys):
    words, right = torch.tensor([10, 30]), torch.tensor([True, False])
    nats = {"float": torch.tensor([5.0, 15.0]), "worse": torch.tensor([6.0, 18.0])}
    beside = Beside(lambda name, _: (nats[name], words, right), "float", [])
    assert beside.extra(nats["float"]) == (0.0, 0.0, 0.0)
    more, low, high = beside.extra(nats["worse"])
    assert more == pytest.approx(0.1)  # 4 nats in 40 words; each story has as many per word
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.1)
    assert beside.show("worse", "worse") == (pytest.approx(0.1), 0.5)
    assert "right endings  50%" in capsys.readouterr().out


def test_each_kernel_makes_a_product_of_the_same_shape():
    calls = layer_calls(2, width=64)
    assert {call().shape for call in calls.values()} == {(2, 64)}


def test_the_script_runs_the_functions_of_the_lesson(storyteller):
    """It runs the lesson's own functions: what these are called must fit what it asks for."""
    path = ROOT / "course/13_large_language_models/make_language_model.py"
    spec = importlib.util.spec_from_file_location("make_language_model", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    its, told = script.lesson_functions(), stories(20, seed=9)
    beside = Beside(its["surprise"], storyteller, told)
    for name, network in script.networks(its).items():
        assert torch.equal(its["surprise"](network, told)[0], beside.nats), name
    method, which, bits, model = next(script.variants(its, storyteller, 0))
    assert (method, which, bits) == ("plain", "all", 4)
    beside = Beside(its["surprise"], storyteller, stories(400, script.TEST_SEED))
    nats, _, _ = its["surprise"](model, beside.told)
    table = load_results("language_model").query(
        "network == 'natural' and method == 'plain' and matrices == 'all'"
    )
    assert beside.extra(nats)[0] == pytest.approx(table.extra.iloc[0], abs=2e-4)
