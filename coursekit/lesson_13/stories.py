"""Small stories that a program makes up: the text that lesson 13's language model reads.

A story has two people, two things that change hands, and a last sentence that only a reader who
remembers who holds what can foresee. Every choice is drawn evenly and shows in the text, so the
probability of a story is known exactly: no model can be surprised less, in the mean.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass


def _words(text: str) -> list[str]:
    return text.split()


SHE = _words("Ada Bea Cleo Dora Emma Fay Gina Hanna Ida Julia Kim Lena Mia Nora Olga Pia")
HE = _words("Adam Ben Carl Dan Emil Finn Gus Hugo Ivan Jan Karl Leo Max Nils Otto Paul")
FRIENDS = _words("Bobo Dodo Fifi Gogo Kiki Lulu Mimi Nono Pipo Rara Susu Tobo Vivi Zaza")
ANIMALS = _words("bear cat crow dog duck fox frog goat hare horse mouse owl pig sheep swan wolf")
KINDS = _words("big brave clever kind little quiet shy young")
JOBS = _words("baker cook doctor driver farmer gardener miller painter sailor singer tailor")
PLACES = _words("bridge castle field forest garden hill lake market mill park pond river school")
THINGS = _words(
    "ball bell book box brush candle coat comb cup doll drum flute glove hammer hat kite knife "
    "lamp map mirror pen pillow plate ring rope scarf shoe spoon sword ticket umbrella whistle"
)
COLOURS = _words("black blue brown green grey pink purple red white yellow")
PLACES_TO_HIDE = _words("barrel basket bush cave drawer hole tree well")
FOODS = _words("apples berries cherries eggs mushrooms nuts pears plums")
NUMBERS = _words("one two three four five six seven eight nine ten")
WEATHER = _words("cold dark foggy hot rainy sunny warm windy")
TIMES = _words("afternoon day evening morning night summer winter")
FEELINGS = _words("glad happy proud sad")
OTHER_WORDS = _words(
    "a all and asked at colour end found gave had has he home hid in is it "
    "met more nobody nothing of out said she soon then there they to took walked was went "
    'what where who with the . , ? "'
)

START, END = "<start>", "<end>"
WORDS = [
    START,
    END,
    *sorted(
        {*SHE, *HE, *FRIENDS, *ANIMALS, *KINDS, *JOBS, *PLACES, *THINGS, *COLOURS, *PLACES_TO_HIDE}
        | {*FOODS, *NUMBERS, *WEATHER, *TIMES, *FEELINGS, *OTHER_WORDS}
    ),
]
LONGEST = 128  # words in a story, with START and END


@dataclass(frozen=True)
class Story:
    """A story, word by word, and what is known of it.

    Attributes:
        words: from START to END; punctuation marks are words.
        nats: minus the logarithm of its probability.
        recall: places of the words in its last sentence that follow from what was told before.
    """

    words: tuple[str, ...]
    nats: float
    recall: tuple[int, ...]


def write_story(rng: random.Random) -> Story:
    """One story, drawn with `rng`."""
    return _Writer(rng).story()


def stories(count: int, seed: int) -> list[Story]:
    """`count` stories; another seed gives others."""
    rng = random.Random(seed)
    return [write_story(rng) for _ in range(count)]


def as_text(words: Sequence[str]) -> str:
    """Words as one reads them: sentences begin with a capital, marks follow their word."""
    text, quoted, begins = "", False, True
    for word in words:
        if word in (START, END):
            continue
        if word == '"':
            quoted = not quoted
            text += ' "' if quoted else '"'
            begins |= quoted
            continue
        mark = word in (".", ",", "?")
        shown = word[0].upper() + word[1:] if begins and not mark else word
        text += shown if mark or text.endswith(' "') else f" {shown}"
        begins = word == "."
    return text.strip()


class _Writer:
    """Draws a story choice by choice, and adds up how improbable the choices were."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.nats = 0.0
        self.words = [START]
        self.holder: dict[str, str] = {}  # thing: a person, or a place to hide things
        self.colour: dict[str, str] = {}

    def pick(self, options: list[str]) -> str:
        self.nats += math.log(len(options))
        # random() is the same in all versions of Python, choice() need not be.
        return options[int(self.rng.random() * len(options))]

    def say(self, text: str) -> None:
        self.words += text.split()

    def story(self) -> Story:
        self.hero = self.pick(SHE + HE)
        self.pronoun = "she" if self.hero in SHE else "he"
        self.place = self.pick(PLACES)
        job, when, self.weather = self.pick(JOBS), self.pick(TIMES), self.pick(WEATHER)
        self.say(f"one {when} {self.hero} the {job} went to the {self.place} .")
        self.say(f"it was {self.weather} .")
        for _ in range(2):
            thing = self.pick([thing for thing in THINGS if thing not in self.holder])
            colours = [colour for colour in COLOURS if colour not in self.colour.values()]
            self.colour[thing] = self.pick(colours)
            self.holder[thing] = self.hero
        first, second = (f"a {self.colour[thing]} {thing}" for thing in self.holder)
        self.say(f"{self.pronoun} had {first} and {second} .")
        self.friend = self.pick(FRIENDS)
        self.say(f"there {self.pronoun} met {self.friend} , a {self.pick(KINDS)}")
        self.say(f"{self.pick(ANIMALS)} .")
        for _ in range(int(self.pick(["3", "4"]))):
            self.event()
        self.say(f"at the end {self.hero} went home with")
        begins = len(self.words)
        kept = [thing for thing, holder in self.holder.items() if holder == self.hero]
        self.say(" and ".join(f"the {self.colour[thing]} {thing}" for thing in kept) or "nothing")
        recall = range(begins, len(self.words) + 1)
        self.words += [".", END]
        return Story(tuple(self.words), self.nats, tuple(recall))

    def event(self) -> None:
        people = [self.hero, self.friend]
        held = [thing for thing, holder in self.holder.items() if holder in people]
        hidden = [thing for thing in self.holder if thing not in held]
        kinds = ["count", "walk", "weather", "what colour", "who"]
        kinds += ["give", "hide", "like"] * bool(held) + ["fetch", "where"] * bool(hidden)
        kind = self.pick(kinds)
        if kind == "count":
            first, more = (self.pick(NUMBERS[1:5]) for _ in range(2))
            total = NUMBERS[NUMBERS.index(first) + NUMBERS.index(more) + 1]
            who, food = self.pick(people), self.pick(FOODS)
            self.say(f"{who} found {first} {food} and then {more} more , {total} in all .")
        elif kind == "walk":
            self.place = self.pick([place for place in PLACES if place != self.place])
            self.say(f"then they walked to the {self.place} .")
        elif kind == "weather":
            self.weather = self.pick([one for one in WEATHER if one != self.weather])
            self.say(f"soon it was {self.weather} .")
        elif kind == "give":
            thing = self.pick(held)
            giver = self.holder[thing]
            self.holder[thing] = people[1 - people.index(giver)]
            self.say(f"{giver} gave {self.holder[thing]} the {thing} .")
        elif kind == "hide":
            thing = self.pick(held)
            who, self.holder[thing] = self.holder[thing], self.pick(PLACES_TO_HIDE)
            self.say(f"{who} hid the {thing} in the {self.holder[thing]} .")
        elif kind == "fetch":
            thing, who = self.pick(hidden), self.pick(people)
            self.say(f"{who} took the {thing} out of the {self.holder[thing]} .")
            self.holder[thing] = who
        elif kind == "like":
            thing = self.pick(held)
            who = self.holder[thing]
            feeling = self.pick(FEELINGS)
            self.say(f"{who} was {feeling} with the {self.colour[thing]} {thing} .")
        elif kind == "where":
            thing = self.pick(hidden)
            self.ask(f"where is the {thing}", f"in the {self.holder[thing]}")
        elif kind == "what colour":
            thing = self.pick(list(self.holder))
            self.ask(f"what colour is the {thing}", self.colour[thing])
        else:
            thing = self.pick(list(self.holder))
            holder = self.holder[thing]
            self.ask(f"who has the {thing}", holder if holder in people else "nobody")

    def ask(self, question: str, answer: str) -> None:
        people = [self.hero, self.friend]
        asks = self.pick(people)
        other = people[1 - people.index(asks)]
        self.say(f'" {question} ? " asked {asks} . " {answer} , " said {other} .')
