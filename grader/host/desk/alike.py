"""Texts that say the same in nearly the same words, so that a teacher marks them together.

Two texts are alike if the words of one are those of the other but for a few, and if their numbers,
formulas and negations are the same and in the same order: “it does not get faster” is never in one
group with “it gets faster”, nor 3.5 with 5.3, nor `i^2` with `2^i`. Code is alike line by line.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

# Of all words of two texts, the share that both have.
LIKE = 0.85
_SHINGLE = 3
_NEGATIONS = {
    *("not", "no", "never", "none", "nothing", "neither", "nor", "without", "hardly", "cannot"),
    *("t", "cant", "dont", "doesnt", "isnt", "wont", "arent", "wasnt", "less", "fewer", "more"),
}
# Words of a rubric that every text about anything may have.
_COMMON = {
    *("about", "above", "after", "again", "alone", "answer", "because", "before", "being", "below"),
    *("could", "either", "every", "expected", "first", "given", "half", "least", "names", "named"),
    *("needed", "other", "point", "points", "right", "rubric", "should", "since", "something"),
    *("still", "than", "that", "their", "them", "there", "these", "they", "thing", "this"),
    *("those", "until", "what", "when", "where", "which", "while", "with", "would", "your"),
}
_WORD = re.compile(r"\w+")
# What stands around a word or a number and is no part of it; then what numbers and formulas have.
_AROUND = ".,;:!?()[]{}\"'`*_~$…“”„‘’«»"
_SIGN = re.compile(r"[\d⁰¹²³⁴-₉⅐-ↈ¼½¾<>=≠≤≥≈±+\-−*×÷/^¬∈∉]")
_BULLET = re.compile(r"^[ \t]*[-*+•>][ \t]+", re.MULTILINE)
_HYPHEN = re.compile(r"(?<=[^\W\d]{2})-(?=[^\W\d]{2})")
_POINT = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+(.*)$")


def words(text: str) -> list[str]:
    """The words of a text in small letters, without marks."""
    return _WORD.findall(text.casefold().replace("_", " "))


def _guarded(text: str) -> tuple[object, ...]:
    """What no group takes for something else: numbers and formulas, as they are written, then each
    negation with the word that it is about."""
    plain = _HYPHEN.sub(" ", _BULLET.sub("", text.casefold()))
    parts = ["", *(part.strip(_AROUND) for part in plain.split()), ""]
    said: list[object] = []
    for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
        if _SIGN.search(part):
            # By itself a sign says little.
            said.append(part if _WORD.search(part) else (before, part, after))
    listed = words(text)
    pairs = zip(listed, [*listed[1:], ""], strict=False)
    return (*said, *(pair for pair in pairs if pair[0] in _NEGATIONS))


def _lines(code: str) -> tuple[object, ...]:
    return tuple(line.rstrip() for line in code.splitlines() if line.strip())


@dataclass
class _Group:
    words: Counter[str]
    guarded: tuple[object, ...]
    members: list[str] = field(default_factory=list)


def groups(texts: Mapping[str, str], is_code: bool = False) -> list[list[str]]:
    """Who has written alike, the largest group first.

    Args:
        texts: by whom.
        is_code: whether they are code, which one sign changes.
    """
    found: list[_Group] = []
    # By a stretch of words, the groups whose first text has it: only these are compared.
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for who, text in sorted(texts.items()):
        listed = words(text)
        one = Counter(listed)
        guarded = _lines(text) if is_code else _guarded(text)
        stretches = {tuple(listed[n : n + _SHINGLE]) for n in range(max(1, len(listed) - 2))}
        near = Counter(number for stretch in stretches for number in where[stretch])
        for number, _ in near.most_common(5):
            group = found[number]
            both = (one & group.words).total()
            most = (one | group.words).total()
            if guarded == group.guarded and both >= LIKE * most:
                group.members.append(who)
                break
        else:
            for stretch in stretches:
                where[stretch].append(len(found))
            found.append(_Group(one, guarded, [who]))
    return sorted((group.members for group in found), key=lambda one: (-len(one), one[0]))


@dataclass(frozen=True)
class Idea:
    """A point of a rubric, and the words by which a text may show it."""

    text: str
    words: frozenset[str]

    def shown(self, text: str) -> float:
        """The share of its words that the text has, in any form."""
        have = {_stem(word) for word in words(text)}
        return len(self.words & have) / len(self.words) if self.words else 0.0


def ideas(rubric: str) -> list[Idea]:
    """The numbered or dotted points of a rubric; none where it has none.

    Where a line says “Rubric”, those above it belong to the answer.
    """
    lines = rubric.splitlines()
    heads = [n for n, line in enumerate(lines) if "rubric" in line.casefold()]
    points: list[str] = []
    for line in lines[heads[-1] + 1 if heads else 0 :]:
        if begun := _POINT.match(line):
            points.append(begun[1].strip())
        elif points and line.strip():
            points[-1] += f" {line.strip()}"
    return [Idea(point, _telling(point)) for point in points]


def _telling(point: str) -> frozenset[str]:
    """What stands in backticks, and words that are long enough to mean something."""
    code = {word for span in re.findall(r"`([^`]+)`", point) for word in words(span)}
    plain = {w for w in words(point) if len(w) > 3 and w.isalpha() and w not in _COMMON}
    return frozenset(_stem(word) for word in code | plain)


def _stem(word: str) -> str:
    """How the forms of a word begin: skip, skips, skipped."""
    for ending in ("ing", "ed", "es", "s", "e", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)][:6]
    return word[:6]
