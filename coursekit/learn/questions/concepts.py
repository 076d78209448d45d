"""Which concepts a free response names: a mirror for the learner, not a mark.

    reading = read("It rounds the weights to 8 bits.", question)
    reading.found            # the names of the concepts that are there
    reading.concepts[0].words, reading.concepts[1].hint

A bank writes phrases; this module finds them in a text in other forms, in another order, with a
letter wrong, and not where the text denies them. There is no model behind it, only rules, and
docs/free_responses.md says what they get wrong. The same text gives the same result everywhere.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import product
from string import ascii_lowercase
from typing import Literal

import snowballstemmer

from coursekit.learn.questions.schema import Concept, Free
from coursekit.learn.questions.wordlists import (
    CLAUSE,
    COMPARING,
    CONTRACTED,
    CONTRAST,
    DENIALS,
    DOING,
    DONE,
    FAMILIES,
    FOREIGN,
    IRREGULAR,
    LINKS,
    NEAR_NEGATIONS,
    NEAR_PAIRS,
    NEGATIONS,
    NO_NEGATION_BEFORE,
    NUMBERS,
    OPPOSING,
    SAYING,
    SKIPPED,
    SURE,
    USELESS,
    VAGUE,
)

LONGEST = 100_000  # Characters; what follows is not read.
ROOM = 8  # So many other words may stand between the words of a phrase.
CLOSE = 1  # And between those of one that takes another back.
COMMA = 2  # A comma between them counts as so many words.
REACH = 9  # So many words a negation reaches.
AFTER = 3  # So near one must follow that denies what stands before: “gzip does not help”.
MENDED = 4  # From so many letters on, one may be wrong.
REPEATED = 6  # So many words in the order of the prompt are a repetition of it.
TOLD = 4  # So many pieces a colon may tie together; more are a table.
KEYWORD = 2.25  # Pieces with more words than that on average are more than keywords.
STATEMENT = 5  # A piece of so many words with which something is said is no keyword.
WORDS_A_PHRASE = 5
LEFT = 2  # So many words of a phrase must be there where one may be missing.
SEVERAL = 3  # So many phrases must show an idea where the answer may be a mistake,
SHARE = 8  # or one in so many of the concept's, if they are fewer.
HALVES = 2  # So many phrases of which a word is missing show as much as a whole one.

NOTHING = "There is nothing here yet. Write a few sentences of your own."
KEYWORDS = (
    "These are good keywords, but keywords only. Say in sentences what happens, why and when; then "
    "I can tell you what I find."
)
REPEATS = "This repeats the question. Say in your own words what you would answer."
TOO_LONG = f"Only the first {LONGEST:,} characters were read."

# A word, with an apostrophe inside; a number with its fraction; the marks that end something.
_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?=[^\W\d_]|\b)"
    r"|(?P<word>[^\W_](?:[^\W_]|[\u0300-\u036f\u00ad\u200b]|['’ʼ`](?=[^\W_]))*)"
    r"|(?P<percent>%)"
    r"|(?P<line>\n[^\S\n]*(?:\n|[-*•–+]\s|\d+[.)]\s)\s*)"
    r"|(?P<end>[.!?]+(?=[\s\"”’)*_]|$|[A-Z])|;|…)"
    r"|(?P<comma>,|:|\n|[–—()]| [-/+] )"
)
_STEMMER = snowballstemmer.stemmer("english")
_BRITISH = (
    (re.compile(r"(?<=[a-z]{3})is(?=ation|e$|ed$|er$|es$|ing$)"), "iz"),
    (re.compile(r"(?<=[a-z]{2})ys(?=e$|ed$|er$|es$|ing$)"), "yz"),
    (re.compile(r"(?<=[a-z]{3})our(?=$|s$|ed$|ing$)"), "or"),
)
_BEGINS = SAYING | NEGATIONS | NEAR_NEGATIONS
_DOING = {word + "d" if word.endswith("e") else word + "ed" for word in DOING}
_BIT_TYPES = {"int", "uint", "float", "fp", "bf", "bfloat"}


_Ways = tuple[tuple[str, ...], ...]  # Any of these, each a run of stems.
Reach = Literal["words", "sentence", "answer"]


# Words.


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The part of a word, given in lower case, that its forms share: “pruned” and “pruning”.

    It need not be a word itself, and only serves to compare. Endings: M. Porter's English stemmer,
    https://snowballstem.org/algorithms/english/stemmer.html.
    """
    if word in NUMBERS:
        return NUMBERS[word]
    if word in IRREGULAR:
        return IRREGULAR[word]
    for british, american in _BRITISH:
        word = british.sub(american, word)
    bare: str = _STEMMER.stemWord(word)
    return IRREGULAR.get(bare, bare)


def _plain(word: str) -> str:
    """A word in lower case, without accents, soft hyphens and a possessive."""
    if not word.isascii():
        apart = unicodedata.normalize("NFKD", word)
        word = "".join(c for c in apart if unicodedata.category(c) not in ("Mn", "Cf"))
        word = word.replace("’", "'").replace("ʼ", "'")
    return word.casefold().replace("`", "'").removesuffix("'s")


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    plain: str
    stem: str


class _Text:
    """A text as words, with what ends where.

    Attributes:
        words: in their order.
        sentence: for each word, the number of its sentence, or part set against another.
        place: for each word, how far it stands from the beginning, commas counted.
        clause: for each word, the number of its clause, at whose end a negation ends.
        chunk: for each word, the number of the piece between two marks.
        written: of how many words, as they are written, each piece is.
    """

    def __init__(self, text: str) -> None:
        self.words: list[_Word] = []
        self.sentence: list[int] = []
        self.place: list[int] = []
        self.clause: list[int] = []
        self.chunk: list[int] = []
        self.written: Counter[int] = Counter()
        self._told: set[int] = set()
        self._occurrences: dict[_Ways, list[tuple[int, ...]]] = {}
        sentence = clause = place = chunk = 0
        for token in _TOKEN.finditer(text):
            kind, found = token.lastgroup, token[0]
            if kind in ("end", "line"):
                sentence, clause, chunk = sentence + 1, clause + 1, chunk + 1
                continue
            if kind == "comma":
                if found == ":":
                    # “Too narrow: values chopped” says the one of the other.
                    self._told |= {chunk, chunk + 1}
                clause, place, chunk = clause + 1, place + COMMA, chunk + 1
                continue
            # “Trade-off” is written as one.
            self.written[chunk] += not self.written[chunk] or text[token.start() - 1].isspace()
            plain = _plain(found)
            if kind == "number":
                plain = "0" if not plain.strip("0.,") else plain.replace(",", "")
            for start, end, one in self._split(token.start(), token.end(), plain):
                if one in CONTRAST:
                    sentence += 1
                if one in CLAUSE:
                    clause += 1
                place += 1
                self.words.append(_Word(start, end, one, stem(one)))
                self.sentence.append(sentence)
                self.clause.append(clause)
                self.place.append(place)
                self.chunk.append(chunk)

        self._end_clauses_at_and()

    def _end_clauses_at_and(self) -> None:
        """An “and” after which somebody does something begins a clause: “and the file shrinks”."""
        ended = 0
        for number, word in enumerate(self.words):
            if word.plain == "and":
                after = self.words[number + 1 : number + 4]
                ended += any(one.plain in _BEGINS for one in after)
            self.clause[number] += ended

    def _split(self, start: int, end: int, plain: str) -> Iterator[tuple[int, int, str]]:
        """A token as words: “don't” is do not, “int 8” is int8."""
        if plain in CONTRACTED:
            yield start, end, "not"
        elif plain.endswith("n't") and plain != "n't":
            cut = max(start + 1, end - 3)
            yield start, cut, "can" if plain == "can't" else plain[:-3]
            yield cut, end, "not"
        elif plain in ("8", "16", "32", "4") and self.words and self.words[-1].plain in _BIT_TYPES:
            before = self.words.pop()
            for list_ in (self.sentence, self.clause, self.place, self.chunk):
                list_.pop()
            yield before.start, end, before.plain + plain
        elif plain == "n't":
            yield start, end, "not"
        elif "'" in plain:
            yield start, end, plain.split("'")[0]
        elif plain:
            yield start, end, plain

    @cached_property
    def index(self) -> dict[str, list[int]]:
        """Where each stem stands."""
        index: dict[str, list[int]] = {}
        for number, word in enumerate(self.words):
            index.setdefault(word.stem, []).append(number)
        return index

    def occurrences(self, ways: _Ways) -> list[tuple[int, ...]]:
        """Where one of these runs of stems stands, in order: places of its words."""
        if ways not in self._occurrences:
            found = []
            for way in ways:
                for start in self.index.get(way[0], ()):
                    run = range(start, min(start + len(way), len(self.words)))
                    if tuple(self.words[place].stem for place in run) == way:
                        found.append(tuple(run))
            self._occurrences[ways] = sorted(found)
        return self._occurrences[ways]

    def around(self, places: Sequence[int], reach: Reach) -> Sequence[int]:
        """These places, those of all words in their sentence, or all that there are."""
        if reach == "words":
            return places
        if reach == "answer":
            return range(len(self.words))
        number = self.sentence[places[0]]
        return range(bisect_left(self.sentence, number), bisect_right(self.sentence, number))

    @cached_property
    def negations(self) -> list[tuple[int, bool]]:
        """Where the negations stand, and whether each reaches the next thing only."""
        found = []
        words = [word.plain for word in self.words]
        for number, word in enumerate(words):
            after = words[number + 1] if number + 1 < len(words) else ""
            before = words[number - 1] if number else ""
            if word in NEGATIONS or word in NEAR_NEGATIONS or (word in DENIALS and after == "that"):
                if after in NO_NEGATION_BEFORE or before in ("or", "why"):
                    continue
                near = word in NEAR_NEGATIONS and after not in ("longer", "more")
                found.append((number, near))
            elif (word, after) in NEAR_PAIRS:
                found.append((number + 1, True))
        return found

    @cached_property
    def _negated_at(self) -> list[int]:
        return [number for number, _ in self.negations]

    def is_denied(self, matched: Sequence[int]) -> bool:
        """Whether an odd number of negations reaches the words at these places."""
        last = max(matched)
        low = bisect_left(self._negated_at, min(matched) - REACH)
        high = bisect_left(self._negated_at, last + AFTER + 1)
        count = 0
        for number, near in self.negations[low:high]:
            if number in matched:
                continue  # The phrase itself holds it.
            if number > last:
                after = {word.plain for word in self.words[number + 1 : number + 1 + AFTER]}
                useless = not after.isdisjoint(USELESS)
                count += useless and self.clause[number] == self.clause[last]
                continue
            first = min(place for place in matched if place > number)
            if self.clause[first] != self.clause[number] or first - number > REACH:
                continue
            between = [w.plain for w in self.words[number + 1 : first] if w.plain not in SKIPPED]
            count += not (near and between)
        return count % 2 == 1

    def is_vague(self, matched: Sequence[int]) -> bool:
        """Whether the words at these places are such as stand in every text."""
        return all(self.words[place].plain in VAGUE for place in matched)

    @property
    def _labels(self) -> set[int]:
        """The pieces that a colon ties together, if they are few."""
        return self._told if len(self._told) <= TOLD else set()

    @property
    def _has_long_pieces(self) -> bool:
        """Whether there are several and none is one word, or most are longer than a keyword."""
        # “Layerwise: equal cut” is one piece of two words.
        written = [n for chunk, n in self.written.items() if n > 1 or chunk not in self._labels]
        several = len(written) > 1
        return several and (min(written) > 1 or len(self.words) > KEYWORD * len(written))

    @cached_property
    def is_list(self) -> bool:
        """Whether it names things and says nothing of them."""
        if self._has_long_pieces:
            return False
        said: dict[int, bool] = {}
        long: Counter[int] = Counter(self.chunk)
        for word, chunk in zip(self.words, self.chunk, strict=True):
            said[chunk] = said.get(chunk, False) or word.plain in SAYING
        if len(self.words) == 1:
            return True
        if any(said.values()):
            few = 8 * sum(word.plain in SAYING for word in self.words) < len(self.words)
            short = len(self.words) <= 2 * len(said)
            whole = any(says and long[chunk] >= STATEMENT for chunk, says in said.items())
            told = sum(says or chunk in self._labels for chunk, says in said.items())
            return (few or short) and not whole and 3 * told < len(said)
        pieces: dict[tuple[int, int], list[str]] = {}
        ands = 0
        for word, chunk in zip(self.words, self.chunk, strict=True):
            if word.plain in ("and", "or"):
                ands += 1
            else:
                pieces.setdefault((chunk, ands), []).append(word.plain)
        # “Compress the file” asks somebody to; “a loss of accuracy” says how two things belong
        # together; “less memory” and “useless ones dropped” say what becomes of something.
        linked = sum(_is_linked(piece) for piece in pieces.values())
        mute = sum(
            not (_is_linked(piece) or chunk in self._labels or _is_said(piece))
            for (chunk, _), piece in pieces.items()
        )
        if len(pieces) <= 2:
            opposed = any(not OPPOSING.isdisjoint(piece) for piece in pieces.values())
            return not pieces or (mute > 0 and not (opposed and len(said) == 1))
        return 2 * mute >= len(pieces) and (2 * linked <= len(pieces) or len(said) == 1)


def _is_linked(piece: Sequence[str]) -> bool:
    return not (DOING | LINKS).isdisjoint(piece)


def _is_said(piece: Sequence[str]) -> bool:
    """Whether a few words between two commas say something: “less memory”, “useless ones cut”."""
    last = piece[-1]
    done = last.endswith("ed") or not DONE.isdisjoint(piece) or piece[0] in _DOING
    return 2 <= len(piece) <= 4 and (done or not COMPARING.isdisjoint(piece))


# Phrases.


class PhraseError(ValueError):
    """A phrase of a bank can't be read; the message says which, and what to do."""


@dataclass(frozen=True)
class Phrase:
    """What a bank writes for one way to say something.

    Attributes:
        slots: what must stand near each other, each with its alternatives.
        spelled: its words as they are written, but for the shortest.
        ordered: the numbers of the slots that must stand after the slot before.
        denied: whether the text must deny it; None if either will do.
        missing: the numbers of the slots of which one may be missing where it is said by half.
        reach: what it takes back: the words that it shares, its whole sentence, or the answer.
    """

    slots: tuple[_Ways, ...]
    spelled: frozenset[str]
    ordered: tuple[int, ...]
    denied: bool | None
    reach: Reach = "words"
    missing: tuple[int, ...] = ()

    @classmethod
    @lru_cache(maxsize=10_000)
    def of(cls, written: str) -> Phrase:
        """Reads a phrase: `~less memory|space`, `remove > then > train`, `not skip zeros`.

        Raises:
            PhraseError: if it is empty, too long, not in lower case, or names an unknown family.
        """
        if written != written.lower():
            raise PhraseError(f"write “{written}” in lower case")
        rest = written.removeprefix("(sentence) ").removeprefix("(answer) ")
        reach: Reach = "words"
        if rest != written:
            reach = "sentence" if written.startswith("(sentence)") else "answer"
        denied: bool | None = False
        if rest.startswith("(not) "):
            rest, denied = rest.removeprefix("(not) "), None
        elif rest.startswith("not "):
            rest, denied = rest.removeprefix("not "), True
        parts: list[str] = []
        ordered: list[int] = []
        for one in rest.split():
            if one != ">":
                parts.append(one)
            elif parts and len(parts) not in ordered:
                ordered.append(len(parts))
            else:
                raise PhraseError(f"“{written}” has no word before a “>”: write one")
        if not parts or len(parts) in ordered:
            raise PhraseError(f"“{written}” has no word where it ends: write one")
        if len(parts) > WORDS_A_PHRASE:
            raise PhraseError(f"“{written}” has more than {WORDS_A_PHRASE} words: shorten it")
        missing = tuple(number for number, part in enumerate(parts) if part.endswith("?"))
        if missing and len(parts) < LEFT + 1:
            raise PhraseError(f"“{written}” is too short for a “?”: leave it out")
        parts = [part.removesuffix("?") for part in parts]
        full = " ".join(
            FAMILIES.get(word.removeprefix("~"), word) if word.startswith("~") else word
            for part in parts
            for word in part.split("|")
        )
        spelled = frozenset(re.findall(rf"[a-z]{{{MENDED},}}", full))
        slots = tuple(_ways(part, written) for part in parts)
        return cls(slots, spelled, tuple(ordered), denied, reach, missing)

    @cached_property
    def halves(self) -> tuple[Phrase, ...]:
        """The phrase without one of the words that may be missing, for each of them."""
        return tuple(
            replace(
                self,
                slots=self.slots[:gone] + self.slots[gone + 1 :],
                ordered=tuple(
                    number - (number > gone)
                    for number in self.ordered
                    if gone not in (number, number - 1)
                ),
                missing=(),
            )
            for gone in self.missing
        )

    @property
    def stems(self) -> Iterator[str]:
        """All stems that it holds."""
        return (one for slot in self.slots for way in slot for one in way)

    def matches(self, text: _Text, others: int = ROOM) -> Iterator[tuple[int, ...]]:
        """The places of words that say it with so many others between, denied or not."""
        slots = [text.occurrences(slot) for slot in self.slots]
        if not all(slots):
            return
        anchor = min(range(len(slots)), key=lambda number: len(slots[number]))
        room = len(slots) - 1 + others + max(len(way) for slot in self.slots for way in slot) - 1
        for one in slots[anchor]:
            choices = [
                [one] if number == anchor else _nearest(slot, one, room, text)
                for number, slot in enumerate(slots)
            ]
            if not all(choices):
                continue
            for chosen in product(*choices):
                places = [place for run in chosen for place in run]
                if len(set(places)) < len(places):
                    continue
                if any(chosen[number - 1][-1] >= chosen[number][0] for number in self.ordered):
                    continue
                if text.place[max(places)] - text.place[min(places)] <= room:
                    yield tuple(sorted(places))

    def said(self, text: _Text, others: int = ROOM) -> Iterator[tuple[int, ...]]:
        """The places of words that say it, denied if the phrase wants that."""
        for places in self.matches(text, others):
            if self.denied is None or text.is_denied(places) == self.denied:
                yield places


def _ways(part: str, written: str) -> _Ways:
    ways: dict[tuple[str, ...], None] = {}
    for word in part.split("|"):
        if word.startswith("~"):
            if word[1:] not in FAMILIES:
                known = ", ".join(f"~{name}" for name in sorted(FAMILIES))
                raise PhraseError(f"“{written}”: there is no {word}; there are {known}")
            ways |= dict.fromkeys(_ways(FAMILIES[word[1:]], written))
            continue
        text = _Text(word.replace("-", " "))
        run = tuple(one.stem for one in text.words)
        if not run:
            raise PhraseError(f"“{written}” has no words where some should be: write them")
        ways[run] = None
        if "-" in word and len(run) == 2 and not run[0].isdigit():
            ways[(stem(word.replace("-", "")),)] = None
    return tuple(ways)


def _nearest(
    slot: list[tuple[int, ...]], anchor: tuple[int, ...], room: int, text: _Text
) -> list[tuple[int, ...]]:
    """The one before and the one after, in the same sentence."""
    before = bisect_left(slot, anchor[0], key=_first) - 1
    after = bisect_right(slot, anchor[-1], key=_first)
    near = [slot[place] for place in (before, after) if 0 <= place < len(slot)]
    return [
        one
        for one in near
        if text.sentence[one[0]] == text.sentence[anchor[0]]
        and abs(text.place[one[0]] - text.place[anchor[0]]) <= room
    ]


def _first(run: tuple[int, ...]) -> int:
    return run[0]


# Spelling.


@lru_cache(maxsize=1)
def _english() -> dict[str, int]:
    """English words in all their forms, with how often each is used; pyspellchecker ships them."""
    import spellchecker  # Here, since only who answers in own words waits for it.

    packed = files(spellchecker) / "resources" / "en.json.gz"
    words: dict[str, int] = json.loads(gzip.decompress(packed.read_bytes()))
    return words


def _often(word: str) -> int:
    """How often an English word is used."""
    return _english().get(word, 0)


def _one_off(word: str) -> set[str]:
    """Whatever has one letter less, more or other, or two that have changed places."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    shorter = {a + b[1:] for a, b in parts}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    wrong = {a + letter + b[1:] for a, b in parts if b for letter in ascii_lowercase}
    missing = {a + letter + b for a, b in parts for letter in ascii_lowercase}
    return shorter | swapped | wrong | missing


def _mended(text: _Text, phrases: Sequence[Phrase]) -> None:
    """Reads what is no English word, and almost one of the question, as that one."""
    known = {one for phrase in phrases for one in phrase.stems}
    spelled = {word for phrase in phrases for word in phrase.spelled}
    mended: dict[str, str] = {}
    for number, word in enumerate(text.words):
        plain = word.plain
        if word.stem in known or not MENDED <= len(plain) <= 25 or plain in _english():
            continue
        if plain not in mended:
            near = [one for one in _one_off(plain) if one in spelled or one in _english()]
            # The first letter is seldom wrong, unless what it would make is a rarer word.
            meant = [one for one in near if stem(one) in known]
            best = max(meant, key=lambda one: (one[0] == plain[0], _often(one), one), default=plain)
            if best[0] != plain[0]:
                best = max([best, *(one for one in near if one[0] == plain[0])], key=_often)
            mended[plain] = stem(best)
        text.words[number] = _Word(word.start, word.end, plain, mended[plain])


# Reading.


@dataclass(frozen=True)
class ConceptRead:
    """Whether a text names one concept.

    Attributes:
        name: the concept's.
        found: whether the text says it.
        words: what showed it, as written.
        spans: where these words stand in the text: first character, and one after the last.
        hint: what may lead to it, if it is missing.
    """

    name: str
    found: bool
    words: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    hint: str | None = None


@dataclass(frozen=True)
class Reading:
    """What a text names of a question's concepts.

    Attributes:
        concepts: in the order of the question.
        kind: what the text as a whole is; only in “sentences” are concepts looked for.
        note: what to tell the learner about the text as a whole, if anything.
    """

    concepts: tuple[ConceptRead, ...]
    kind: Literal["nothing", "keywords", "question", "sentences"]
    note: str | None = None

    @property
    def found(self) -> tuple[str, ...]:
        """The names of the concepts that are there."""
        return tuple(concept.name for concept in self.concepts if concept.found)


def read(text: str, question: Free) -> Reading:
    """Which concepts of a question a text names. The time it takes grows with the text's length.

    Args:
        text: what the learner wrote; anything is allowed.
        question: from a bank.

    Raises:
        PhraseError: if the bank has a phrase that can't be read; `authoring check` finds it first.
    """
    parsed = _Text(text[:LONGEST])
    missing = tuple(ConceptRead(one.name, False, hint=one.hint) for one in question.concepts)
    if not parsed.words:
        return Reading(missing, "nothing", NOTHING)
    own = _without_prompt(parsed, question.prompt)
    if len(own) < 3 and len(own) < len(parsed.words):
        return Reading(missing, "question", REPEATS)
    if parsed.is_list:
        return Reading(missing, "keywords", KEYWORDS)
    phrases = {
        concept.name: (
            [Phrase.of(way) for way in concept.says],
            [Phrase.of(way) for way in concept.unless],
        )
        for concept in question.concepts
    }
    mistakes = [Phrase.of(one) for one in question.mistakes]
    known = [one for says, unless in phrases.values() for one in (*says, *unless)]
    _mended(parsed, [*known, *mistakes])
    mistakes += {one for _, unless in phrases.values() for one in unless if one.reach == "answer"}
    doubtful = _is_doubtful(parsed, question, mistakes)
    concepts = tuple(
        _read_one(text, parsed, own, concept, *phrases[concept.name], doubtful)
        for concept in question.concepts
    )
    return Reading(concepts, "sentences", TOO_LONG if len(text) > LONGEST else None)


def _read_one(
    text: str,
    parsed: _Text,
    own: frozenset[int],
    concept: Concept,
    says: list[Phrase],
    unless: list[Phrase],
    doubtful: bool,
) -> ConceptRead:
    cancelled = {
        place
        for phrase in unless
        for places in phrase.said(parsed, CLOSE if phrase.reach == "words" else ROOM)
        for place in parsed.around(places, phrase.reach)
    }

    def shows(phrase: Phrase) -> tuple[int, ...] | None:
        for places in phrase.said(parsed):
            if not own.issuperset(places):
                continue
            if cancelled.isdisjoint(places) and not parsed.is_vague(places):
                return places
        return None

    wanted = min(SEVERAL, max(1, len(says) // SHARE)) if doubtful else 1
    shown: list[tuple[int, ...]] = []
    halves: list[tuple[int, ...]] = []
    for phrase in says:
        if places := shows(phrase):
            shown.append(places)
            if len(shown) == wanted:
                return _found(text, parsed, concept, shown[0])
        elif not doubtful and len(halves) < HALVES:
            halves += [half for half in map(shows, phrase.halves) if half][:1]
    if len(halves) == HALVES:
        return _found(text, parsed, concept, sorted({at for half in halves for at in half}))
    return ConceptRead(concept.name, False, hint=concept.hint)


def _found(text: str, parsed: _Text, concept: Concept, places: Sequence[int]) -> ConceptRead:
    spans = tuple((parsed.words[at].start, parsed.words[at].end) for at in places)
    return ConceptRead(concept.name, True, tuple(text[start:end] for start, end in spans), spans)


def _is_doubtful(text: _Text, question: Free, mistakes: list[Phrase]) -> bool:
    """Whether an answer may be mistaken: very sure, of other things, or like a known mistake."""
    if text.occurrences(tuple(tuple(map(stem, one.split())) for one in SURE)):
        return True
    foreign = {stem(word) for word in FOREIGN}.intersection(text.index)
    if foreign:
        # Few answers have one: only for these is all that the question says read.
        asked = [question.prompt, *(one for c in question.concepts for one in (c.name, c.hint))]
        if foreign - {word.stem for one in asked for word in _Text(one).words}:
            return True
    return any(next(phrase.said(text), None) for phrase in mistakes)


def _without_prompt(text: _Text, prompt: str) -> frozenset[int]:
    """The places of words that do not merely repeat the prompt."""
    asked = [word.stem for word in _Text(prompt).words]
    runs = {tuple(asked[n : n + REPEATED]) for n in range(len(asked) - REPEATED + 1)}
    repeated: set[int] = set()
    stems = [word.stem for word in text.words]
    for number in range(len(stems) - REPEATED + 1):
        if tuple(stems[number : number + REPEATED]) in runs:
            repeated |= set(range(number, number + REPEATED))
    return frozenset(range(len(stems))) - repeated
