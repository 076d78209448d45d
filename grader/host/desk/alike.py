"""Texts that say the same in nearly the same words, so that a teacher marks them together.

Two texts are alike if the words of one are those of the other but for a few, and if their numbers
and negations are the same: “it does not get faster” is never in one group with “it gets faster”.
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
_POINT = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+(.*)$")


def words(text: str) -> list[str]:
    """The words of a text in small letters, without marks."""
    return _WORD.findall(text.casefold().replace("_", " "))


@dataclass
class _Group:
    words: Counter[str]
    guarded: Counter[str]
    members: list[str] = field(default_factory=list)


def groups(texts: Mapping[str, str]) -> list[list[str]]:
    """Who has written alike, the largest group first.

    Args:
        texts: by whom.
    """
    found: list[_Group] = []
    # By a stretch of words, the groups whose first text has it: only these are compared.
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for who, text in sorted(texts.items()):
        listed = words(text)
        one = Counter(listed)
        guarded = Counter({w: n for w, n in one.items() if w in _NEGATIONS or not w.isalpha()})
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
