"""The words and symbols of the course, and the links from lessons to the page that holds them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from authoring.build import links
from authoring.source.metadata import told
from authoring.source.problems import SourceError
from authoring.source.sources import Sources

NAME = "glossary"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Symbol(_Strict):
    """A letter of the formulas, and what it stands for."""

    symbol: str
    means: str


class Term(_Strict):
    """A word of the course.

    Attributes:
        also: its other forms and names.
        lesson: the number of the lesson that explains it.
        means: one sentence or a few.
    """

    term: str
    also: tuple[str, ...] = ()
    lesson: Annotated[str, Field(pattern=r"^\d\d$")]
    means: str

    @property
    def id(self) -> str:
        """Of its cell on the page."""
        return "word-" + re.sub(r"[^a-z0-9]+", "-", self.term.lower())


class Glossary(_Strict):
    """course/glossary.yaml."""

    symbols: tuple[Symbol, ...] = ()
    terms: tuple[Term, ...] = ()

    @cached_property
    def named(self) -> dict[str, Term]:
        """The terms by their names and other forms, in lower case."""
        return {name.lower(): term for term in self.terms for name in (term.term, *term.also)}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """One of these names in bold or italics."""
        names = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in self.named)
        return re.compile(rf"(?<!\*)(\*{{1,2}})({names})\1(?!\*)", re.IGNORECASE)


def read(course: Sources) -> Glossary | None:
    """None for a course without one.

    Raises:
        SourceError: if the file does not fit, or names a word twice or a lesson that is not there.
    """
    source = course.root / "course" / f"{NAME}.yaml"
    if not source.is_file():
        return None
    try:
        found = Glossary.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise SourceError(source, 1, f"this is no glossary: {error}") from error
    except ValidationError as error:
        raise SourceError(source, 1, f"this is no glossary: {told(error)}") from error
    names = [name.lower() for term in found.terms for name in (term.term, *term.also)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(source, 1, f"{min(twice)} stands there twice")
    numbers = {lesson.number for lesson in course.lessons()}
    for term in found.terms:
        if term.lesson not in numbers:
            raise SourceError(
                source, 1, f"{term.term} names lesson {term.lesson}, which is not there"
            )
    return found


def linked(glossary: Glossary, text: str, seen: set[str]) -> str:
    """Markdown in which a word in bold or italics is linked where it occurs first.

    Args:
        seen: ids of the terms that the notebook has linked already; those of this text are added.
    """

    def link(match: re.Match[str]) -> str:
        term = glossary.named[" ".join(match[2].lower().split())]
        if term.id in seen:
            return match[0]
        seen.add(term.id)
        return f"[{match[0]}]({NAME}.ipynb#cell-id={term.id})"

    return links.in_text(text, lambda piece: glossary.pattern.sub(link, piece))
