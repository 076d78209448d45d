"""Graded multiple choice: what an exercise makes of a question of the bank, and of its options.

Prompt and options are shown to all; which option is right, and why the others are not, stands only
in the solution and in hidden tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import NamedTuple

from authoring.source.questions import Source
from authoring.source.sources import Lesson
from coursekit.learn.questions.schema import Choice, Option, Question

NOTHING = "Nothing is chosen yet: write the letter of an option between the quotes."
NO_OPTION = "is no option: choose from"
ONE_ONLY = "Choose one option only."
NOT_ALL = "What you chose is right, but there is more that is right."


class Given(NamedTuple):
    """An answer that can be given: its name, the line of code, and the hint it earns if wrong."""

    name: str
    line: str
    hint: str | None


def questions_of(lesson: Lesson) -> dict[str, Question]:
    """The questions of a lesson by their ids; none if it has no bank.

    Raises:
        SourceError: if the bank can't be read.
    """
    source = Source(lesson.course, lesson.name)
    questions = source.bank().questions if source.path.is_file() else ()
    return {question.id: question for question in questions}


def name_of(item: str) -> str:
    """What the learner's answer is called."""
    return f"choice_{item.replace('-', '_')}"


def prompt(question: Choice, item: str) -> str:
    """The question with its options, Markdown."""
    options = [f"- **{letter}.** {option.text}" for letter, option in _lettered(question).items()]
    what = "all that are right: their letters go" if question.several else "one: its letter goes"
    how = (
        f'Choose {what} between the quotes of `{name_of(item)} = "…"`, which you write in place of '
        "`raise NotImplementedError()`."
    )
    return "\n\n".join((question.prompt, "\n".join(options), how))


def solution(question: Choice, item: str) -> str:
    """The line that is right."""
    return _line(item, _right(question))


def tests(question: Choice, item: str) -> tuple[str, str]:
    """The tests, visible and hidden: is it an option at all, and is it the right one?"""
    letters, name = list(_lettered(question)), name_of(item)
    shown = [
        f'picked = "".join(sorted({{sign for sign in str({name}).upper() if sign.isalnum()}}))',
        f'assert picked, "{NOTHING}"',
        f'assert set(picked) <= set("{"".join(letters)}"), (',
        f'    f"{{{name}!r}} {NO_OPTION} {", ".join(letters)}."',
        ")",
    ]
    if not question.several:
        shown.append(f'assert len(picked) == 1, "{ONE_ONLY}"')
    # One call with all that it may say written out in it: the grader shows no other hidden message.
    hidden = [
        f'assert picked == "{_right(question)}", explain(',
        f'    picked.lstrip("{_right(question)}")[:1],',
        "    {",
        *(
            f'        "{letter}": {json.dumps(why, ensure_ascii=False)},'
            for letter, why in _reasons(question).items()
        ),
        "    },",
        f'    "{NOT_ALL}",',
        ")",
    ]
    return "\n".join(shown), "\n".join(hidden)


def right_answers(question: Choice, item: str) -> list[Given]:
    """Ways to write the right answer."""
    right = _right(question)
    return [
        Given("the letter", _line(item, right), None),
        Given("small, with a full stop", _line(item, f" {', '.join(right.lower())}."), None),
    ]


def wrong_answers(question: Choice, item: str) -> list[Given]:
    """Every wrong option, no option, and what is not one; none of them earns anything."""
    right, letters = _right(question), "".join(_lettered(question))
    beyond = ascii_uppercase[len(letters)]
    answers = [
        Given(f"option {letter}", _line(item, letter), hint)
        for letter, hint in _reasons(question).items()
    ]
    if question.several:
        answers.append(Given("not all", _line(item, right[:-1]), NOT_ALL))
    else:
        answers.append(Given("two options", _line(item, letters[:2]), ONE_ONLY))
    answers.append(Given("nothing", _line(item, ""), NOTHING))
    answers.append(Given("no option", _line(item, beyond), NO_OPTION))
    return answers


def _line(item: str, letters: str) -> str:
    return f'{name_of(item)} = "{letters}"'


def _lettered(question: Choice) -> Mapping[str, Option]:
    return dict(zip(ascii_uppercase, question.options, strict=False))


def _right(question: Choice) -> str:
    return "".join(letter for letter, option in _lettered(question).items() if option.right)


def _reasons(question: Choice) -> dict[str, str]:
    """Why the wrong options are wrong, by their letters."""
    return {
        letter: option.why for letter, option in _lettered(question).items() if not option.right
    }
