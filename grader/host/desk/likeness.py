"""Which submissions have much in common that few others have.

    texts = {"ada": Text.of(cells), …}
    for pair in pairs(texts, released): pair.one, pair.other, pair.share, pair.cells(texts)

Code is taken as tokens, by Pygments: no comments, no layout, a variable for any other variable, a
text for any other text; what stands after a dot, keywords, builtins and numbers count as they are.
Free text is taken as words. Of every stretch of tokens within a cell some fingerprints are kept, by
winnowing (Schleimer, Wilkerson, Aiken 2003, https://doi.org/10.1145/872757.872770), so where a cell
or a function stands does not matter. What the release holds, and what more than half of the class
has written, counts for nobody; of the rest a fingerprint counts one where two people have it, a
half where five do, a third where ten do.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Literal, Name
from pygments.token import Text as Blank

from grader.host.intake.notebook import LearnerCell

# Tokens of a fingerprint, and how many of them in a row leave at least one.
TOKENS = 12
WINDOW = 4
# Fingerprints that two people have to share, weighed: more than five lines leave. And how many of
# the one with fewer that has to be, who else could look like anybody with much text.
LEAST = 20.0
LEAST_SHARE = 0.2
# Characters that are looked at: of a cell, and of all that somebody wrote, as much as pages show.
MAX_CELL = 50_000
MAX_TEXT = 1_000_000

_LEXER = PythonLexer(stripnl=False, ensurenl=True)
_BLANKS = re.compile(r"[^\S\n]+")


@dataclass(frozen=True)
class Piece:
    """A fingerprint, and where it was found: cell, and first and last line, from 0."""

    mark: int
    cell: int
    first: int
    last: int


@dataclass(frozen=True)
class Match:
    """A cell of each of two people, with the lines that are alike, from 0."""

    one: str
    other: str
    in_one: frozenset[int]
    in_other: frozenset[int]


@dataclass(frozen=True)
class Text:
    """What somebody wrote: cells, as far as they are looked at, their fingerprints, and whether
    that is all of it."""

    cells: tuple[str, ...]
    pieces: tuple[Piece, ...] = field(repr=False)
    whole: bool = field(default=True, compare=False)

    @classmethod
    def of(cls, cells: Sequence[LearnerCell], released: Collection[str] = ()) -> Text:
        """Takes in the cells that are not as they were released."""
        own = [cell for cell in cells if cell.source.strip() not in released]
        sources, pieces = [], []
        left = MAX_TEXT
        for number, cell in enumerate(own):
            source = cell.source[: min(left, MAX_CELL)]
            left -= len(source)
            sources.append(source)
            found = _winnowed(_grams(cell.cell_type, source))
            pieces += [Piece(mark, number, first, last) for mark, first, last in found]
        whole = sources == [cell.source for cell in own]
        return cls(tuple(sources), tuple(pieces), whole)


@dataclass(frozen=True)
class Pair:
    """Two people who have much in common.

    Attributes:
        weight: of what they share.
        share: how much of what is special of the one with less the other has, too.
        marks: the fingerprints that they share.
    """

    one: str
    other: str
    weight: float
    share: float
    marks: frozenset[int]

    def cells(self, texts: Mapping[str, Text]) -> Iterator[Match]:
        """The cells of the first that have something of the other's, each with that one."""
        one, other = texts[self.one], texts[self.other]
        by_cell: dict[int, list[Piece]] = defaultdict(list)
        where: dict[int, list[Piece]] = defaultdict(list)
        for piece in one.pieces:
            if piece.mark in self.marks:
                by_cell[piece.cell].append(piece)
        for piece in other.pieces:
            if piece.mark in self.marks:
                where[piece.mark].append(piece)
        for cell, pieces in sorted(by_cell.items()):
            counts = Counter(p.cell for piece in pieces for p in where[piece.mark])
            best = max(sorted(counts), key=lambda number: counts[number])
            theirs = [p for piece in pieces for p in where[piece.mark] if p.cell == best]
            yield Match(one.cells[cell], other.cells[best], _lines(pieces), _lines(theirs))


def pairs(texts: Mapping[str, Text], released: Sequence[LearnerCell] = ()) -> list[Pair]:
    """The pairs that have most in common, those with most first.

    Args:
        texts: by student.
        released: the cells that all were given.
    """
    given = {
        mark for cell in released for mark, _, _ in _grams(cell.cell_type, cell.source[:MAX_CELL])
    }
    have: dict[int, list[str]] = defaultdict(list)
    for student in sorted(texts):
        for mark in {piece.mark for piece in texts[student].pieces} - given:
            have[mark].append(student)
    # In a class of three, what two have is not what half of it writes.
    most = max(2, len(texts) // 2)
    special: Counter[str] = Counter()
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for students in have.values():
        if len(students) > most:
            continue
        special.update(students)
        for two in combinations(students, 2):
            weights[two] += (len(students) - 1) ** -0.5
    found = []
    for (one, other), weight in weights.items():
        if weight < LEAST:
            continue
        marks = [
            {piece.mark for piece in texts[student].pieces if len(have[piece.mark]) <= most}
            for student in (one, other)
        ]
        shared = frozenset((marks[0] & marks[1]) - given)
        share = len(shared) / min(special[one], special[other])
        if share >= LEAST_SHARE:
            found.append(Pair(one, other, weight, share, shared))
    return sorted(found, key=lambda pair: (-pair.weight, pair.one, pair.other))


def _lines(pieces: Sequence[Piece]) -> frozenset[int]:
    return frozenset(n for piece in pieces for n in range(piece.first, piece.last + 1))


def _grams(cell_type: str, source: str) -> list[tuple[int, int, int]]:
    """The mark of each stretch of tokens, with its first and last line."""
    tokens = list(_code(source) if cell_type == "code" else _words(source))
    grams = []
    for start in range(len(tokens) - TOKENS + 1):
        stretch = tokens[start : start + TOKENS]
        text = "\0".join(token for token, _ in stretch).encode("utf-8", "replace")
        mark = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
        grams.append((mark, stretch[0][1], stretch[-1][1]))
    return grams


def _winnowed(grams: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of every window the least mark, the last of these: two windows mostly have the same."""
    kept: dict[int, tuple[int, int, int]] = {}
    for start in range(max(1, len(grams) - WINDOW + 1)):
        window = range(start, min(start + WINDOW, len(grams)))
        if window:
            least = min(window, key=lambda n: (grams[n][0], -n))
            kept[least] = grams[least]
    return list(kept.values())


def _code(source: str) -> Iterator[tuple[str, int]]:
    """Tokens of Python, and the line in which each begins."""
    line = 0
    before = ""
    # Where a line or many are blank, Pygments looks from each place to the end of it.
    squeezed = _BLANKS.sub(" ", source).replace(" \n", "\n")
    for kind, text in _LEXER.get_tokens(squeezed):
        begins, line = line, line + text.count("\n")
        if kind in Blank or kind in Comment or kind in Literal.String.Doc or not text.strip():
            continue
        if kind in Literal.String:
            token = '""'
            if before == token:
                # Pygments gives a text in parts.
                continue
        elif kind in (Name, Name.Function, Name.Class, Name.Decorator) and before != ".":
            token = "a"
        else:
            token = text
        before = token
        yield token, begins


def _words(source: str) -> Iterator[tuple[str, int]]:
    for number, text in enumerate(source.split("\n")):
        for word in re.findall(r"\w+", text.casefold()):
            yield word, number
