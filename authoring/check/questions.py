"""What is wrong in a question bank, beyond what keeps it from being read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from authoring.source.problems import SourceError
from authoring.source.questions import Source, sources
from authoring.source.sources import Sources, read_cells
from coursekit.learn.questions.concepts import Phrase, PhraseError, read
from coursekit.learn.questions.fresh import PRINTED, drawn, numbers
from coursekit.learn.questions.schema import (
    GENERAL,
    Bank,
    Card,
    Choice,
    ChoiceAnswer,
    CodeAnswer,
    Free,
    Fresh,
    NumberAnswer,
    Option,
    Practice,
    Question,
    Trace,
)

AT_LEAST: dict[type[Question], int] = {Card: 10, Choice: 12, Free: 3, Practice: 10}
# A right option may be longer than the longest wrong one by this factor, or by so many characters.
LONGER, LONGER_CHARACTERS = 1.2, 10
# In so many of the questions the right option may be the longest, or stand in one place.
OFTEN = 0.4
FEW = 8  # Shares of fewer questions than this say nothing.

# A number that stands alone: not the 8 of int8, nor the 1 of W_1.
NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:(?:,|\{,\})\d{3})+|\d+)(\.\d+)?(?:e(-?\d+))?(\s*\\?%)?")
GIVEN = ("prompt", "front")
CODE_FIELDS = ("answer starter", "answer solution", "answer tests")  # These are run.
PLAIN = (0, 1)  # As in “axis 0”, “at most 1”, “1 − s”: nothing to compute.
# A sum that is worked out, as in 0.2 · 5,000 = 1,000.
SUM = re.compile(r"([−√(]*\d[\d.,()·/+−√^ ]*[\d)]) = (−?\d[\d,]*(?:\.\d+)?)")
IN_PYTHON = {"·": "*", "−": "-", "^": "**", ",": ""}
CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
MATHS = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
# So many draws of a problem are checked as the printed one is.
DRAWS = 30


def faults(course: Sources) -> Iterator[SourceError]:
    """What is wrong in the banks of a course, beyond what stops them from being read.

    Raises:
        SourceError: if a bank can't be read, or a lesson has none.
    """
    for lesson in course.lessons():
        yield from _of_bank(Source(course, lesson.name), AT_LEAST)
    if (general := Source(course, GENERAL)).path.is_file():
        yield from _of_bank(general, {})
    yield from _doubled(course)


def _of_bank(source: Source, at_least: dict[type[Question], int]) -> Iterator[SourceError]:
    bank = source.bank()
    for kind, count in at_least.items():
        if (there := len(bank.of(kind))) < count:
            wanted = f"the bank has {there} of kind {kind.__name__.lower()}, it needs {count}"
            yield source.problem(None, f"{wanted}: write {count - there} more")
    for question in bank.questions:
        for text in _of_question(source.course, bank, question):
            yield source.problem(question.id, f"question “{question.id}”, {text}")
    for text in _habits(bank):
        yield source.problem(None, text)


def _of_question(course: Sources, bank: Bank, question: Question) -> Iterator[str]:
    yield from _place(course, bank, question)
    for field, text in texts(question):
        if problem := unbalanced(text) or miscalculated(text):
            yield f"{field}: {problem}"
    for options in _options(question):
        yield from _giveaway(options)
    if isinstance(question, Choice) and question.graded:
        yield from _told(question.options)
    if isinstance(question, Free):
        yield from _unsaid(question)
    if isinstance(question, Trace):
        for field, text in texts(question):
            if found := NUMBER.search(text):
                yield f"{field}: the number {found[0]} is typed in: let the trace compute it"
    if isinstance(question, Practice) or question.check:
        yield from _numbers(question)
    if isinstance(question, Practice) and question.fresh:
        yield from _of_draws(question, question.fresh)
    if isinstance(question, Practice) and isinstance(question.answer, CodeAnswer):
        yield from _code(question.answer)


def _of_draws(question: Practice, fresh: Fresh) -> Iterator[str]:
    """What is wrong with a problem once it has drawn other numbers; the first draw that has it."""
    if "import " in fresh.code:
        yield "check: draws numbers, so it must not import anything: learners wait for it"
        return
    for seed in range(PRINTED + 1, DRAWS):
        try:
            other = drawn(question, seed)
        except Exception as error:
            yield f"check: draw {seed} fails with {type(error).__name__}: {error}: mend it"
            return
        found = list(_numbers(other, seed))
        for field, text in texts(other):
            if problem := unbalanced(text) or miscalculated(text):
                found.append(f"{field}: {problem}")
        for options in _options(other):
            found += _giveaway(options)
            if len({option.text for option in options}) < len(options):
                found.append("options: two have the same text: use need(…) to draw again")
        if found:
            yield f"draw {seed}: {found[0]}"
            return


def texts(question: Question) -> Iterator[tuple[str, str]]:
    """Every text that a learner may read, with the name of its field."""
    shown = question.model_dump(
        exclude={
            "id",
            "kind",
            "level",
            "topic",
            "section",
            "part",
            "lesson",
            "primer",
            "check",
            "fresh",
            "trace",
        }
    )
    yield from _texts("", shown)


def _texts(field: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(f"{field} {name}".strip(), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _texts(f"{field} {number}", inner)


def _options(question: Question) -> Iterator[list[Option]]:
    if isinstance(question, Choice):
        yield question.options
    elif isinstance(question, Practice) and isinstance(question.answer, ChoiceAnswer):
        yield question.answer.options


# Where a question belongs.


def _place(course: Sources, bank: Bank, question: Question) -> Iterator[str]:
    name = bank.name
    if bank.name == GENERAL:
        there = {lesson.number: lesson.name for lesson in course.lessons()}
        if question.lesson not in there:
            if question.section:
                yield "section: is for lessons that are there: drop it"
            return
        name = there[question.lesson]
        if question.section is None:
            yield f"section: is missing: name a heading of lesson {question.lesson}"
            return
    if question.section not in headings(course, name):
        yield f"section: {name} has no heading “{question.section}”: copy it from lesson.py"


def headings(course: Sources, name: str) -> set[str]:
    """The headings of a lesson, as a question names them: without the #."""
    cells = read_cells(course.root / "course" / name / "lesson.py")
    return {
        heading
        for cell in cells
        if cell.kind == "markdown"
        for heading in re.findall(r"^##+ +(.+?)\s*$", cell.source, re.MULTILINE)
    }


# What gives an answer away.


def _giveaway(options: Sequence[Option]) -> Iterator[str]:
    right = max((option for option in options if option.right), key=lambda one: len(one.text))
    wrong = max(len(option.text) for option in options if not option.right)
    if len(right.text) > max(LONGER * wrong, wrong + LONGER_CHARACTERS):
        yield (
            f"options: the right one, “{right.text}”, is much longer than all others, so it can be "
            "guessed: shorten it, or say the wrong ones as fully"
        )


def _told(options: Sequence[Option]) -> Iterator[str]:
    """Why a graded option is wrong is told as a hint, so it must not tell which one is right."""
    for number, option in enumerate(options, 1):
        for right in options:
            if right.right and not option.right and right.text.lower() in option.why.lower():
                yield f"options {number} why: tells the right one, “{right.text}”: only hint at it"


def _habits(bank: Bank) -> Iterator[str]:
    """What a whole bank gives away: where right options stand, and how long they are."""
    asked = [
        options
        for question in bank.questions
        for options in _options(question)
        if sum(option.right for option in options) == 1
    ]
    if len(asked) < FEW:
        return
    places = Counter(_right(options) for options in asked)
    place, count = places.most_common(1)[0]
    if count > OFTEN * len(asked):
        yield (
            f"in {count} of {len(asked)} questions option {place + 1} is the right one: move some"
        )
    if unused := set(range(3)) - places.keys():
        yield f"option {min(unused) + 1} is never the right one: move some right options there"
    lengths = [[len(option.text) for option in options] for options in asked]
    longest = sum(
        all(length < own[_right(options)] for i, length in enumerate(own) if i != _right(options))
        for options, own in zip(asked, lengths, strict=True)
    )
    if longest > OFTEN * len(asked):
        yield (
            f"in {longest} of {len(asked)} questions the longest option is the right one: shorten "
            "right ones, or say wrong ones as fully"
        )


def _right(options: Sequence[Option]) -> int:
    return next(place for place, option in enumerate(options) if option.right)


def _doubled(course: Sources) -> Iterator[SourceError]:
    """Ids and prompts that stand in two places of the course."""
    ids: dict[str, str] = {}
    prompts: dict[str, str] = {}
    for source in sources(course):
        for question in source.bank().questions:
            if question.id in ids:
                yield source.problem(
                    question.id, f"question “{question.id}” is in {ids[question.id]} too: rename it"
                )
            ids.setdefault(question.id, source.name)
            prompt = question.front if isinstance(question, Card) else question.prompt
            said = " ".join(re.findall(r"\w+", prompt.lower()))
            if said in prompts:
                yield source.problem(
                    question.id,
                    f"question “{question.id}” asks the same as “{prompts[said]}”: drop one",
                )
            prompts.setdefault(said, question.id)


def _unsaid(question: Free) -> Iterator[str]:
    """Phrases that can't be read, and concepts that the model answer does not name."""
    phrases = [("mistakes", one) for one in question.mistakes]
    for concept in question.concepts:
        where = f"concepts, “{concept.name}”"
        phrases += [(where, one) for one in (*concept.says, *concept.unless)]
    unread = []
    for where, phrase in phrases:
        try:
            Phrase.of(phrase)
        except PhraseError as error:
            unread.append(f"{where}: {error}")
    if unread:
        yield from unread
        return
    reading = read(question.answer, question)
    if reading.note:
        yield f"answer: learners would be told “{reading.note}”: write it in sentences"
        return
    for found in reading.concepts:
        if not found.found:
            yield (
                f"answer: says nothing of “{found.name}”: name it there, or add the answer's "
                "words to what it says"
            )


# TeX.


def unbalanced(text: str) -> str | None:
    """What is wrong with the maths of a text; None if it is well formed."""
    prose = CODE.sub("", text)
    if "`" in prose:
        return "an odd number of backticks: close the code"
    for dollars in MATHS.finditer(prose):
        maths = (dollars[1] or dollars[2]).replace(r"\{", "").replace(r"\}", "")
        depth = 0
        for character in maths:
            depth += (character == "{") - (character == "}")
            if depth < 0:
                break
        if depth != 0:
            return f"braces do not match in ${maths}$: close or drop one"
        if maths.count(r"\left") != maths.count(r"\right"):
            return rf"\left and \right do not match in ${maths}$: write both or none"
    if "$" in MATHS.sub("", prose).replace(r"\$", ""):
        return "an odd number of dollar signs: close the maths"
    return None


# Numbers.


def _numbers(question: Question, seed: int = PRINTED) -> Iterator[str]:
    """Numbers of the answer that `check` does not compute, and answers that differ from its own."""
    try:
        namespace = numbers(question.check or "", seed)
    except Exception as error:
        yield f"check: fails with {type(error).__name__}: {error}: mend it"
        return
    computed = {abs(number) for name, value in namespace.items() for number in _found(name, value)}
    given: set[float] = set(PLAIN)
    for field, text in texts(question):
        if field in GIVEN:
            given |= {value for value, _ in written(text)}
    for field, text in texts(question):
        if field in GIVEN or field in CODE_FIELDS:
            continue
        for value, fits in written(text):
            if value not in given and not any(fits(number) for number in computed):
                yield (
                    f"{field}: check computes no {value:g}: give it a name there that stands for "
                    "it, or mend the text"
                )
    if isinstance(question, Practice) and isinstance(question.answer, NumberAnswer):
        answer = question.answer
        if not isinstance(namespace.get("answer"), int | float):
            yield "check: sets no answer: end it with “answer = …”"
        elif not abs(namespace["answer"] - answer.number) <= answer.tolerance + 1e-9:
            yield (
                f"answer: {answer.number:.12g} is written, but check computes "
                f"{namespace['answer']}: mend one of them"
            )


def _found(name: str, value: Any) -> Iterator[float]:
    """The numbers in a value, however deep in lists, dicts or tensors."""
    if name.startswith("__"):
        return
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, dict):
        yield from _found(name, [*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _found(name, inner)


@dataclass(frozen=True)
class Written:
    """A number as a text has it. It stands for another that is equal, or rounds to it."""

    value: float
    decimals: int
    percent: bool

    def __call__(self, number: float) -> bool:
        """Whether `number` is what is written. Whole numbers must be exact, apart from signs."""
        slack = 0.5 * 10**-self.decimals if self.decimals else 0.0
        shown = (number, 100 * number) if self.percent else (number,)
        return any(abs(one - self.value) <= slack + 1e-9 * max(1, one) for one in shown)


def written(text: str) -> Iterator[tuple[float, Written]]:
    """The numbers in a text: their values, without signs, and what decides whether others fit."""
    for whole, fraction, exponent, percent in NUMBER.findall(text):
        digits = re.sub(r"[^\d]", "", whole)
        value = float(f"{digits}{fraction}e{exponent or 0}")
        decimals = len(fraction.removeprefix(".")) - int(exponent or 0) if fraction else 0
        if math.isfinite(value):
            yield value, Written(value, max(0, decimals), bool(percent))


def miscalculated(text: str) -> str | None:
    """A sum in a text that comes out as something else; None if there is none."""
    for left, right in SUM.findall(text):
        last = left.split(", ")[-1]  # What stands before it is a part of the sentence.
        sum_ = re.sub(r"√(\d+(?:\.\d+)?)", r"\1 ** 0.5", last)
        for ours, pythons in IN_PYTHON.items():
            sum_ = sum_.replace(ours, pythons)
        try:
            value = eval(sum_, {"__builtins__": {}})
        except SyntaxError:
            return f"“{last} = {right}” can't be worked out: write it with · / + − ^ √ and brackets"
        [(_, fits)] = written(right)
        if not fits(abs(value)) or (value < 0) != right.startswith("−"):
            return f"{last} is {value:.12g}, not {right}: mend it"
    return None


def _code(answer: CodeAnswer) -> Iterator[str]:
    """A solution must pass its own tests, and what stands there beforehand must not."""
    if error := _raised(f"{answer.solution}\n{answer.tests}"):
        yield f"answer solution: fails its tests with {error}: mend one of them"
    if not _raised(f"{answer.starter}\n{answer.tests}"):
        yield "answer starter: passes the tests already: take the answer out of it"


def _raised(code: str) -> str | None:
    try:
        exec(code, {})
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


# What is built.
