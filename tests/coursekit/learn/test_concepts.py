"""The matcher of free responses: each of its rules, and how often it is right."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from functools import cache

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.learn.questions.concepts import (
    KEYWORDS,
    LONGEST,
    NOTHING,
    REPEATS,
    TOO_LONG,
    Phrase,
    PhraseError,
    read,
    stem,
)
from coursekit.learn.questions.schema import Concept, Free, load_bank
from tests.conftest import ROOT

BANKS = tuple(
    sorted(file.stem for file in (ROOT / "coursekit/learn/questions/banks").glob("*.json"))
)
ANSWERS = ROOT / "tests" / "coursekit" / "learn" / "answers"
# Written by others, who had seen neither phrases nor rules.
OTHERS = ROOT / "tests" / "coursekit" / "learn" / "answers_of_others.yaml"
# Rules and phrases were tuned on “development”. “held_out” was written after that, without looking
# at them; where its first run fell short, it became development too, under the other names.
HALVES = (
    "development",
    "first_held_out",
    "second_held_out",
    "third_held_out",
    "fourth_held_out",
    "held_out",
)
KINDS = {"good", "partial", "wrong", "negated", "off topic", "keywords"}
AT_LEAST = 0.9


def asked(
    *says,
    unless=(),
    mistakes=(),
    prompt="What happens to a network that is put on a diet, and why?",
):
    """A question with a concept a list of phrases, called 1, 2 and so on."""
    concepts = [
        Concept(
            name=str(number),
            says=[*phrases, "something else entirely"],
            unless=list(unless),
            hint=f"Hint {number}.",
        )
        for number, phrases in enumerate(says, 1)
    ]
    return Free.model_construct(id="q", prompt=prompt, concepts=concepts, mistakes=list(mistakes))


def says(text, *phrases, unless=()):
    """Whether a text says something that these phrases stand for."""
    return read(text, asked(phrases, unless=unless)).found == ("1",)


# Forms of words.


@pytest.mark.parametrize(
    "forms",
    [
        "prune prunes pruned pruning",
        "quantize quantise quantizes quantised quantization quantisation quantizing quantising",
        "compress compressed compression compressing",
        "calibrate calibrates calibrating calibration",
        "skip skips skipped skipping",
        "lose loses losing lost loss losses",
        "zero zeros zeroes zeroed 0",
        "multiply multiplies multiplied multiplying multiplication",
        "shrink shrinks shrank shrunk shrinking",
        "model models modelling modeling",
        "accurate accurately accuracy",
        "color colour colours",
        "four 4",
        "zero nought nil",
    ],
)
def test_forms_of_a_word_share_their_stem(forms):
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("structured", "unstructured"),
        ("smaller", "smallest"),
        ("layer", "later"),
        ("accuracy", "inaccurate"),
        ("need", "ned"),
    ],
)
def test_other_words_do_not(one, other):
    assert stem(one) != stem(other)


# Where the words of a phrase stand.


def test_words_may_stand_in_any_order_and_a_few_others_between():
    assert says("This reduces the size.", "reduce size")
    assert says("The size of the file is thereby reduced.", "reduce size")


def test_too_many_words_between_or_another_sentence_are_too_far():
    assert says("We reduce a b c d e f g h size.", "reduce size")
    assert not says("We reduce a b c d e f g h i size.", "reduce size")
    assert not says("We reduce it. The size is another thing.", "reduce size")
    assert not says("We reduce it but the size is another thing.", "reduce size")
    assert not says("- it can reduce something\n- it has a size", "reduce size")
    assert not says("It can reduce something\n\nit has a size", "reduce size")


def test_a_comma_counts_as_words():
    assert says("We reduce a b c d e f size, say.", "reduce size")
    assert says("We reduce a, b c d e f size.", "reduce size")
    assert not says("We reduce a, b, c d e size.", "reduce size")


def test_order_counts_where_the_phrase_says_so():
    assert says("First you train, then you remove it.", "train > remove")
    assert not says("First you remove it, then you train.", "train > remove")


def test_hyphens_tie_words_together_and_may_be_left_out():
    for text in ("You should fine-tune it.", "You should fine tune it.", "You should finetune it."):
        assert says(text, "fine-tune")
    assert not says("It is fine to tune it.", "fine-tune")


def test_alternatives_and_families():
    assert says("It needs fewer bytes.", "fewer|less bytes")
    assert not says("It needs more bytes.", "fewer|less bytes")
    assert says("It halves the storage.", "~less ~memory")
    assert not says("It doubles the storage.", "~less ~memory")


def test_one_word_does_not_stand_for_two():
    assert not says("It is small.", "small small")
    assert says("It is small, very small.", "small small")
    assert not says("We fine tune it.", "tune fine-tune")


def test_what_takes_a_phrase_back():
    unless = ["smaller-weight"]
    assert says("The model is smaller.", "smaller", unless=unless)
    assert not says("It removes the smaller weights.", "smaller", unless=unless)
    assert says("It removes smaller weights and the file is smaller.", "smaller", unless=unless)
    assert not says("It prunes bits away.", "prune bits", unless=["prune bits"])
    # What is denied takes nothing back.
    assert says("The model is smaller and not slow.", "smaller", unless=["smaller slow"])


def test_what_takes_back_a_whole_sentence():
    text = "If the range is longer, the steps in it get finer, so more is clipped."
    assert says(text, "clip", unless=["longer > finer"])
    assert not says(text, "clip", unless=["(sentence) longer > finer"])
    assert says(text, "clip", unless=["(sentence) finer > longer"])
    assert says(text, "clip", unless=["(sentence) not longer finer"])
    text = "It is longer and finer. It is clipped."
    assert says(text, "clip", unless=["(sentence) longer finer"])


def test_what_takes_back_a_whole_answer():
    text = "It undoes the cut. The zeros move again."
    assert says(text, "zeros", unless=["undo cut"])
    assert says(text, "zeros", unless=["(sentence) undo cut"])
    assert not says(text, "zeros", unless=["(answer) undo cut"])
    assert says(text, "zeros", unless=["(answer) cut > undo"])
    text = "It does not undo the cut. The zeros move again."
    assert says(text, "zeros", unless=["(answer) undo cut"])


@pytest.mark.parametrize(
    "said",
    [
        "That is automatically so.",
        "There is no need to look.",
        "Choose another learning rate.",
        "It overfits.",
        "Buy a new phone.",
    ],
)
def test_an_answer_that_may_be_mistaken_must_show_more(said):
    rest = [f"say{letter} it" for letter in "abcdefghijklmnopqrstu"]
    question = asked(["faster", "less wait", "quick answer", *rest], mistakes=["new phone"])
    once, more = "It gets faster.", "It gets faster, with less wait and a quick answer."
    assert read(once, question).found == ("1",)
    assert read(f"{once} {said}", question).found == ()
    assert read(f"{more} {said}", question).found == ("1",)
    # A concept of few phrases wants no more than one.
    assert read(f"{once} {said}", asked(["faster"], mistakes=["new phone"])).found == ("1",)


def test_two_phrases_said_by_half_show_what_a_whole_one_shows():
    phrases = ("less? memory phone", "small > disk file?")
    assert says("There is less memory in this phone.", *phrases)
    assert not says("There is memory in this phone.", *phrases)
    assert says("There is memory in this phone, and a small disk.", *phrases)
    assert not says("There is memory in this phone, and a disk that is small.", *phrases)
    assert not says("There is less memory, and a small file.", *phrases)
    # One phrase said twice by half is no two of them.
    assert not says("There is memory in this phone. There is memory in a phone.", *phrases)
    [found] = read("Its small disk, and memory of a phone.", asked(phrases)).concepts
    assert found.words == ("small", "disk", "memory", "phone")


def test_an_answer_that_may_be_mistaken_shows_nothing_by_half():
    question = asked(["less? memory phone", "small disk file?"], mistakes=["new phone"])
    text = "There is memory in this phone. It has a small disk."
    assert read(text, question).found == ("1",)
    assert read(f"{text} Buy a new phone.", question).found == ()


def test_what_the_question_is_about_is_no_mistake():
    rest = [f"say{letter} it" for letter in "abcdefghijklmnopqrstu"]
    question = asked(["faster", *rest], prompt="Why does a network overfit, and when?")
    assert read("It gets faster. It overfits.", question).found == ("1",)


def test_words_that_are_in_every_text_show_nothing():
    assert not says("Then we ran it again.", "run|fast it|model")
    assert says("Then we ran the model again.", "run|fast it|model")


# Negation.

FASTER = "faster"


@pytest.mark.parametrize(
    "text",
    [
        "It is not faster.",
        "It isn't any faster.",
        "It isn’t faster.",
        "It isnt faster.",
        "It dosent get faster.",
        "It never gets faster.",
        "It is hardly faster.",
        "It does not make the network or the phone run faster.",
        "There is no faster model.",
        "It works without a faster model.",
        "It fails to be faster.",
        "It is wrong that it gets faster.",
        "It is smaller rather than faster.",
        "It is smaller instead of faster.",
        "Neither is it smaller nor is it faster.",
        "It isn't smaller and it doesn't get faster.",
    ],
)
def test_what_is_denied_is_not_said(text):
    assert not says(text, FASTER)
    assert says(text, "not faster")
    assert says(text, "(not) faster")


@pytest.mark.parametrize(
    "text",
    [
        "It is not smaller, but faster.",
        "It is not only smaller, it is faster.",
        "It is not just faster.",
        "It is no doubt faster.",
        "It is not smaller. It is faster.",
        "It is not small because it is faster.",
        "It is not smaller, faster it is.",
        "It doesn't shrink and it gets faster.",
        "Without retraining the model gets faster.",
        "It is not wrong that it gets faster.",
        "It may perhaps get faster, I guess.",
    ],
)
def test_what_is_not_denied_is_said(text):
    assert says(text, FASTER)
    assert not says(text, "not faster")


def test_negations_of_two_things_do_not_cancel_and_of_one_thing_do():
    assert not says("It isn't smaller and doesn't get faster.", "faster")
    assert says("It can't be done without a loss.", "loss")


def test_a_negation_that_is_part_of_a_phrase_denies_nothing():
    assert says("It is no longer there.", "no-longer there")


def test_near_negations_reach_the_next_thing_only():
    assert not says("It works without any noticeable loss of accuracy.", "lose accuracy")
    assert not says("There is no loss in accuracy.", "lose accuracy")
    assert says("Without fine-tuning the accuracy is lost.", "lose accuracy")


def test_what_does_not_help_is_denied():
    assert not says("Gzip does not help here.", "gzip")
    assert says("Gzip does help here.", "gzip")
    assert says("Gzip is used, as the model does not change.", "gzip")


def test_accuracy_may_fall_is_not_accuracy_does_not_fall():
    phrases = ("~worse ~accuracy",)
    assert says("It may reduce the accuracy.", *phrases)
    assert not says("It does not reduce the accuracy.", *phrases)


# Spelling, numbers, characters.


def test_a_letter_may_be_wrong_in_a_long_word():
    for written in ("acuracy", "accurracy", "accuraxy", "accurcay"):
        assert says(f"It has a worse {written} than before.", "worse accuracy"), written
    assert not says("It has a worse acuxacy than before.", "worse accuracy")
    assert not says("It has a worse rank than before.", "worse bank")
    assert not says("There are heights in it.", "weights")
    assert not says("There is musk in it.", "mask")
    assert not says("It comes later in it.", "layer")


def test_short_words_and_other_forms_may_be_misspelt_too():
    assert says("It is smal.", "small")
    assert says("The numbers are roundet.", "round")
    assert says("It has fewer leyers than before.", "layer")
    assert says("The hwole file.", "whole")


def test_what_is_an_english_word_is_not_misspelt():
    assert not says("It is cute.", "cut")
    assert not says("These tricks work.", "track")
    assert not says("It is a smell.", "small")


def test_the_likelier_of_two_words_has_the_same_first_letter():
    assert read("It has a wheight.", asked(["height"], ["weight"])).found == ("2",)


def test_numbers_and_units():
    for text in ("in 8 bits", "in 8bit", "in 8-bit", "in eight bits", "in 8 Bits"):
        assert says(f"They are stored {text}.", "8 bits"), text
    for text in ("int8", "int 8", "INT-8"):
        assert says(f"They are stored as {text}.", "int8"), text
    for text in ("30%", "30 %", "thirty %", "30 percent"):
        assert says(f"It is about {text} of them.", "30|thirty %"), text
    assert says("There are 5,000 of them.", "5000")
    assert not says("They are stored in 18 bits.", "8 bits")
    assert not says("They are stored in 8.5 bits.", "8 bits")


def test_characters_of_all_kinds():
    assert says("It doesn’t run “faster” – it’s “smaller”…", "smaller")
    assert says("Ｉｔ ｇｅｔｓ ｆａｓｔｅｒ.", "faster")
    assert says("It gets fas\u00adter.", "faster")
    assert says("Its façade is naïve.", "facade")
    assert read("🙂🙂", asked(["faster"])).kind == "nothing"


# What the text is as a whole.


@pytest.mark.parametrize("text", ["", " \n\t", "...", "\u200b", "?!"])
def test_nothing(text):
    reading = read(text, asked(["faster"]))
    assert (reading.kind, reading.note, reading.found) == ("nothing", NOTHING, ())
    assert reading.concepts[0].hint == "Hint 1."


@pytest.mark.parametrize(
    "text",
    [
        "faster, smaller, int8, accuracy",
        "faster; smaller; accuracy",
        "- faster\n- smaller\n- accuracy",
        "faster smaller accuracy kernels int8 pruning",
        "faster",
        "faster / smaller / remove weights / accuracy",
        "faster and smaller and accuracy and int8",
        "gain: size, risk: accuracy, it depends: sparsity, faster",
        "faster, wide range, narrow range",
        "low-rank, faster kernels, wide range",
    ],
)
def test_keywords_are_no_answer_and_the_learner_is_told(text):
    reading = read(text, asked(["faster"]))
    assert (reading.kind, reading.note, reading.found) == ("keywords", KEYWORDS, ())


@pytest.mark.parametrize(
    "text",
    [
        "It is faster.",
        "faster because of fewer bits",
        "Make it faster.",
        "less memory and faster inference",
        "It gets smaller, faster, cheaper.",
        "- it gets faster\n- it gets smaller\n- it may lose accuracy",
        "Pruning: fewer weights in every layer. Quantization: lower precision for every weight. "
        "Together they bring us a network with faster inference.",
        "size and faster inference and loss of accuracy",
        "faster chips, heavy load",
        "Big weights slow it, small ones go faster",
        "faster kernels with their buffers, four entries",
        "global: faster kernels; scale: wide range",
        "Gain: faster. Risk: wrong answers.",
        "Faster kernels and cost against quality",
    ],
)
def test_short_answers_are_answers(text):
    reading = read(text, asked(["faster"]))
    assert (reading.kind, reading.note, reading.found) == ("sentences", None, ("1",))


def test_what_repeats_the_prompt_is_not_the_learners():
    prompt = "Why is a smaller network faster on a phone, and when?"
    question = asked(["faster phone"], ["battery"], prompt=prompt)
    reading = read(prompt, question)
    assert (reading.kind, reading.note, reading.found) == ("question", REPEATS, ())
    reading = read("A smaller network is faster on my phone and saves battery.", question)
    assert reading.found == ("1", "2")
    faster = asked(["faster"], prompt=prompt)
    assert read("I say a smaller network faster on a boat is fun.", faster).found == ()
    assert read("I say smaller network faster on a boat is fun.", faster).found == ("1",)
    reading = read(f"{prompt} It saves battery.", question)
    assert reading.found == ("2",)


def test_length_earns_nothing():
    question = asked(["faster"], ["smaller"])
    short, long = "It gets faster.", "It gets faster. " + "This is a sentence about nothing. " * 50
    assert read(short, question).found == read(long, question).found == ("1",)
    assert len(read(short, question).found) == len(read(long, question).found) == 1


# What comes back.


def test_words_that_showed_it_are_given_with_their_places():
    text = "In the end the File’s size is (really) REDUCED."
    [one, two] = read(text, asked(["reduce size"], ["faster"])).concepts
    assert one.found
    assert one.words == ("size", "REDUCED")
    assert tuple(text[start:end] for start, end in one.spans) == one.words
    assert one.hint is None
    assert (two.found, two.words, two.spans, two.hint) == (False, (), (), "Hint 2.")


def test_the_summary_counts():
    reading = read("It gets faster.", asked(["faster"], ["smaller"], ["accuracy"]))
    assert len(reading.found) == 1


# Phrases.


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("Less memory", "lower case"),
        ("~lesser memory", "there is no ~lesser"),
        ("> memory", "no word before"),
        ("less > > memory", "no word before"),
        ("less >", "no word where it ends"),
        ("not ", "no word where it ends"),
        ("less |", "no words where"),
        ("a b c d e f", "more than 5 words"),
        ("less? memory", "too short for a “[?]”"),
    ],
)
def test_a_phrase_that_cannot_be_read_says_why(written, problem):
    with pytest.raises(PhraseError, match=problem):
        Phrase.of(written)


# Any text at all.


@cache
def free_questions():
    return {q.id: q for name in BANKS for q in load_bank(name).of(Free)}


PIECES = st.sampled_from(
    [
        "not ",
        "n't",
        "without ",
        "zero ",
        "accuracy ",
        "int",
        "8",
        " faster",
        ", ",
        ". ",
        "and ",
        "’",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_is_read_twice_the_same_way(text):
    for name in ("general-free-both", "07-free-zeros-come-back"):
        question = free_questions()[name]
        reading = read(text, question)
        assert reading == read(text, question)
        assert [c.name for c in reading.concepts] == [c.name for c in question.concepts]
        for concept in reading.concepts:
            assert concept.found == bool(concept.words) == (concept.hint is None)
            assert tuple(text[start:end] for start, end in concept.spans) == concept.words
        assert not reading.found or reading.kind == "sentences"


def test_it_is_the_same_in_every_process():
    # Sets of words are in another order with another seed for hashes.
    code = (
        "from coursekit.learn.questions.concepts import read\n"
        "from coursekit.learn.questions.schema import Free, load_bank\n"
        f"for name in {BANKS}:\n"
        "    for q in load_bank(name).of(Free): print(read(q.answer, q))"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1
    assert b"found=True" in shown.pop()


LONG = {
    "one word": "accuracy ",
    "negations": "not accuracy ",
    "what can't be matched": "the mask not zero not they ",
    "numbers": "8,",
    "a letter": "a",
    "apostrophes": "a'",
    "lines": "\n- ",
}


@pytest.mark.parametrize("kind", [*LONG, "misspelt", "model answers"])
def test_a_long_text_takes_time_in_proportion(kind):
    question = free_questions()["07-free-zeros-come-back"]
    letters = "abcdefghijklmnop"
    pattern = {
        **LONG,
        "misspelt": " ".join(
            f"optimi{a}{b}{c}r" for a in letters for b in letters for c in letters
        ),
        "model answers": question.answer + " ",
    }[kind]

    def seconds(length):
        text = (pattern * (length // len(pattern) + 1))[:length]
        took = []
        for _ in range(3):
            start = time.process_time()
            read(text, question)
            took.append(time.process_time() - start)
        return min(took)

    part, whole = seconds(LONGEST // 10), seconds(LONGEST)
    assert whole < 3
    assert whole < 25 * part + 0.05, "ten times the text may take a little over ten times as long"


def test_what_is_too_long_is_not_read_and_the_learner_is_told():
    question = asked(["faster"])
    text = "It is so. " * (LONGEST // 10)
    assert len(text) == LONGEST
    assert read(text, question).note is None
    reading = read(text + "It is faster.", question)
    assert (reading.note, reading.found) == (TOO_LONG, ())


# How often it is right.


@cache
def answers(name):
    return yaml.safe_load((ANSWERS / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def judged(name, half):
    """How many concepts are rightly found, found although not there, and overlooked."""
    bank, question = answers(name), free_questions()[name]
    right = extra = missed = 0
    for answer in bank[half]:
        expected = {bank["concepts"][key] for key in answer["names"]}
        found = set(read(answer["text"], question).found)
        right += len(found & expected)
        extra += len(found - expected)
        missed += len(expected - found)
    return right, extra, missed


def names():
    return sorted(path.stem for path in ANSWERS.glob("*.yaml"))


def halves():
    return [(name, half) for name in names() for half in HALVES if half in answers(name)]


def test_every_free_question_has_answers():
    assert names() == sorted(free_questions())


@pytest.mark.parametrize("name", names())
def test_answers_are_many_of_all_kinds_and_none_stands_twice(name):
    bank = answers(name)
    assert list(bank["concepts"].values()) == [c.name for c in free_questions()[name].concepts]
    assert bank.keys() - set(HALVES) == {"question", "concepts"}
    every = [answer for half in HALVES for answer in bank.get(half, ())]
    assert len(bank["development"]) >= 15
    assert len(bank["held_out"]) >= 15
    for half in set(HALVES) & bank.keys():
        assert {answer["kind"] for answer in bank[half]} == KINDS
        assert len(set().union(*(answer["names"] for answer in bank[half]))) == len(
            bank["concepts"]
        )
    texts = Counter(" ".join(answer["text"].lower().split()) for answer in every)
    assert texts.most_common(1)[0][1] == 1
    for answer in every:
        assert set(answer["names"]) <= set(bank["concepts"])
        if answer["kind"] in ("off topic", "keywords"):
            assert answer["names"] == []


@pytest.mark.parametrize(("name", "half"), halves())
def test_precision_and_recall(name, half):
    right, extra, missed = judged(name, half)
    assert right / (right + extra) >= AT_LEAST, f"{extra} of {right + extra} found are not there"
    assert right / (right + missed) >= AT_LEAST, f"{missed} of {right + missed} overlooked"


def test_all_held_out_answers_together():
    right, extra, missed = map(
        sum, zip(*(judged(name, "held_out") for name in names()), strict=True)
    )
    assert right / (right + extra) >= 0.95
    assert right / (right + missed) >= 0.95


def test_answers_by_people_who_have_not_seen_the_phrases():
    """They were counted once; the figures must not get worse."""
    found = right = named = 0
    for answer in yaml.safe_load(OTHERS.read_text(encoding="utf-8"))["held_out"]:
        keys = {name: key for key, name in answers(answer["question"])["concepts"].items()}
        reading = read(answer["text"], free_questions()[answer["question"]])
        got = {keys[name] for name in reading.found}
        found += len(got)
        right += len(got.intersection(answer["names"]))
        named += len(answer["names"])
    assert right / found >= 0.95
    assert right / named >= 0.92


@pytest.mark.parametrize(("name", "half"), halves())
def test_keyword_lists_earn_nothing(name, half):
    for answer in answers(name)[half]:
        if answer["kind"] == "keywords":
            assert read(answer["text"], free_questions()[name]).kind == "keywords"


def test_prompts_alone_earn_nothing():
    for question in free_questions().values():
        assert read(question.prompt, question).found == ()


def test_model_answers_earn_all():
    for question in free_questions().values():
        assert len(read(question.answer, question).found) == len(question.concepts)
