"""Practice with other numbers: whatever is drawn, the right answer is right, and no other is."""

from __future__ import annotations

import re

import pytest

from coursekit.learn.progress.store import Attempt, Store
from coursekit.learn.questions.find import bank_names, bank_of
from coursekit.learn.questions.fresh import PRINTED, drawn, numbers, written
from coursekit.learn.questions.schema import Bank, ChoiceAnswer, NumberAnswer, Practice
from coursekit.learn.widgets.modes.practice import Solving, WorkedPractice
from coursekit.learn.widgets.modes.quiz import order_of
from coursekit.pictures.numbers import number_in

SEEDS = range(PRINTED, 200)
BANKS = [bank_of(name) for name in bank_names()]
FRESH = [problem for bank in BANKS for problem in bank.of(Practice) if problem.fresh]
# A number as a text has it.
NUMBER = re.compile(r"−?\d+(?:,\d{3})*(?:\.\d+)?")

# More digits than anybody would work out on paper: the trace of a sum that was not rounded.
UNWIELDY = re.compile(r"\.\d{8,}|\de[-−+]?\d")


def tries(solving: Solving, typed: object) -> bool:
    """Whether an answer is taken for right."""
    solving.note({"answer": typed})
    solving.check({"answer": typed})
    assert solving.right is not None, f"{typed} was not understood"
    return solving.right


def test_every_lesson_has_problems_with_fresh_numbers() -> None:
    for bank in BANKS[:-1]:
        assert sum(problem.fresh is not None for problem in bank.of(Practice)) >= 2, bank.name


def test_every_problem_with_a_number_for_an_answer_has_fresh_numbers() -> None:
    printed_only = [
        problem.id
        for bank in BANKS
        for problem in bank.of(Practice)
        if isinstance(problem.answer, NumberAnswer) and not problem.fresh
    ]
    assert printed_only == []


@pytest.mark.parametrize("problem", FRESH, ids=lambda problem: problem.id)
def test_of_every_draw_the_right_answer_is_right_and_each_wrong_one_wrong(
    problem: Practice,
) -> None:
    prompts = set()
    for seed in SEEDS:
        other = drawn(problem, seed)
        prompts.add(other.prompt)
        texts = str(other.model_dump(exclude={"fresh", "answer"}))
        assert "<<" not in texts, f"seed {seed}: a name is left"
        assert not UNWIELDY.search(texts), f"seed {seed}: {UNWIELDY.findall(texts)}"
        if isinstance(other.answer, ChoiceAnswer):
            check_options(other, seed)
        else:
            check_number(other, seed)
    assert len(prompts) >= 5


def check_options(problem: Practice, seed: int) -> None:
    assert isinstance(problem.answer, ChoiceAnswer)
    options = problem.answer.options
    assert len({option.text for option in options}) == len(options), f"seed {seed}"
    assert sum(option.right for option in options) == 1
    # The solution names the right option, and no wrong one.
    assert [option.text for option in options if option.text in problem.final] == [
        option.text for option in options if option.right
    ], f"seed {seed}"
    for shown, place in enumerate(order_of(problem.id, options)):
        assert tries(Solving(problem), [shown]) is options[place].right, f"seed {seed}"


def check_number(problem: Practice, seed: int) -> None:
    # The answer as it is written in the worked solution, whose sums `authoring check` works out.
    stated = NUMBER.findall(f"{problem.final} {problem.steps[-1]}")
    assert any(tries(Solving(problem), number) for number in stated), f"seed {seed}: {stated}"
    wrong = [found[0] for text in problem.mistakes if (found := NUMBER.match(text))]
    assert len({number_in(number) for number in wrong}) == len(wrong), f"seed {seed}: {wrong}"
    for number in wrong:
        assert not tries(Solving(problem), number), f"seed {seed}: {number} is taken for right"


def test_the_printed_numbers_are_one_of_the_draws() -> None:
    for problem in FRESH:
        assert problem.fresh is not None
        assert drawn(problem, PRINTED) is problem
        names = numbers(problem.fresh.code, PRINTED)
        if not isinstance(problem.answer, ChoiceAnswer):
            assert names["answer"] == pytest.approx(problem.answer.number, rel=1e-3)


def test_the_same_seed_draws_the_same_numbers() -> None:
    code = "a = one(*range(1000))\nneed(a % 2 == 0)"
    assert numbers(code, 5) == numbers(code, 5) != numbers(code, 6)
    assert all(numbers(code, seed)["a"] % 2 == 0 for seed in range(50))
    with pytest.raises(ValueError, match="did not hold"):
        numbers("need(False)", 1)


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [(5000, "", "5,000"), (-0.25, "", "−0.25"), (0.35, "%", "35%"), (600, "d", "600")],
)
def test_numbers_are_written_as_the_course_prints_them(value: float, spec: str, text: str) -> None:
    assert written(value, spec) == text


def test_other_numbers_are_asked_kept_and_gone_on_with() -> None:
    store = Store(None)
    seven = next(bank for bank in BANKS if bank.name.startswith("07"))
    problem = next(problem for problem in seven.of(Practice) if problem.fresh)
    bank = Bank(seven.name, (problem,))
    mode = WorkedPractice(bank, store)
    printed = mode.view()
    mode.act("fresh", {})
    fresh = mode.view()
    # A press for the printed numbers can't be taken for one for these.
    assert fresh.about != printed.about
    assert fresh.focus == "prompt"
    assert fresh.say == "The same problem, with other numbers."
    solving = mode._solving[0]
    assert solving.problem.prompt != problem.prompt
    mode.act("check", {"answer": str(solving.problem.answer.number)})  # type: ignore[union-attr]
    assert mode.view().say == "✓ Correct."
    [attempt] = store.events(Attempt)
    assert attempt.right

    again = WorkedPractice(bank, store)._solving[0]
    assert again.problem == solving.problem
    assert again.right


def test_each_try_has_other_numbers() -> None:
    for problem in FRESH:
        solving = Solving(problem)
        before = solving.problem.prompt
        for _ in range(10):
            solving.draw()
            assert solving.problem.prompt != before, problem.id
            before = solving.problem.prompt
