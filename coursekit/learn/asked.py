"""A question of a lesson with its guess and its result, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coursekit.pictures.numbers import number_in, shown

if TYPE_CHECKING:
    from coursekit.learn.widgets.jupyter import Panel

Value = float | str
# Several texts are those that can't be told apart: each of them is right.
Result = float | str | tuple[str, ...]

# A guess by this factor too high or too low is still called near.
NEAR = 1.5
# In these units a difference is a factor already.
LOGARITHMIC = ("bits", "dB")


@dataclass
class Asked:
    """A question of a lesson: how it is asked, what was guessed, and what came out.

    Attributes:
        earlier: whether the guess was kept from an earlier run of the lesson.
        between: the range of the result over several runs; a guess inside it is right.
        panel: where it is seen.
    """

    question: str
    unit: str = ""
    choices: Sequence[str] = ()
    low: float | None = None
    high: float | None = None
    guess: Value | None = None
    earlier: bool = False
    result: Result | None = None
    between: tuple[float, float] | None = None
    panel: Panel | None = field(default=None, repr=False)

    def understood(self, typed: object) -> Value | None:
        """The guess that was meant; None if it is no number, or none of the choices."""
        if self.choices and isinstance(typed, str):
            same = (text for text in self.choices if text.casefold() == typed.strip().casefold())
            return next(same, None)
        number = self._number(typed) if isinstance(typed, str) else plain(typed)
        return number if self._is_possible(number) else None

    def _number(self, typed: str) -> float | None:
        number = number_in(typed)
        # “50%” of something that is not counted in per cent is a half of it.
        hundredths = typed.rstrip().endswith("%") and not self.unit.startswith("%")
        return number / 100 if number is not None and hundredths else number

    def _is_possible(self, number: Value | None) -> bool:
        """Whether it lies where all answers do: an accuracy from 0 to 1 is not 85."""
        if not isinstance(number, int | float) or self.low is None or self.high is None:
            return True
        return self.low <= number <= self.high

    @property
    def example(self) -> str:
        """The call that gives the guess without a widget, to copy."""
        value = "2.5"
        if self.choices:
            value = f'"{self.choices[0]}"'
        elif self.low is not None and self.high is not None:
            value = shown((self.low + self.high) / 2)
        return f'guess("{self.question}", {value})'

    @property
    def what_to_type(self) -> str:
        """What to say to who typed something else."""
        if self.choices:
            return f"Take one of these: {'; '.join(self.choices)}."
        if self.low is not None and self.high is not None:
            return f"Type a number from {shown(self.low)} to {shown(self.high)}."
        return "Type a number, such as 2, 0.5 or 1,000."

    @property
    def noted(self) -> str:
        """What to say once there is a guess, before the result is out."""
        if self.earlier:
            return f"You guessed {self._with_unit(self.guess)} earlier. Change it, or run on."
        return f"Noted: {self._with_unit(self.guess)}. Run the next cell."

    def line(self, *, alone: bool = True) -> str:
        """Guess and result in words; not `alone` where the question stands beside it."""
        question = f" for “{self.question}”" if alone else ""
        came_out = f"It is {self._with_unit(self.result)}"
        if self.between is not None:
            low, high = map(shown, self.between)
            came_out += f" (from {low} to {high})" if low != high else ""
        if self.guess is None:
            return f"You made no guess{question}. {came_out}."
        # Once is enough for the unit, if both have the same.
        guess = _quoted(self.guess) if alone else self._with_unit(self.guess)
        return f"You guessed {guess}{question}. {came_out}: {self.nearness}."

    def _with_unit(self, value: Result | None) -> str:
        return _quoted(value) if isinstance(value, str | tuple) else self.with_unit(value)

    def with_unit(self, value: Result | None) -> str:
        """A guess or a result as a table has it."""
        if not (isinstance(value, int | float) and self.unit):
            return shown(value)
        between = "" if self.unit.startswith("%") else " "
        return f"{shown(value)}{between}{self.unit}"

    @property
    def nearness(self) -> str:
        """How near the guess was, in words; nothing where one of both is missing."""
        if self.guess is None or self.result is None:
            return ""
        if self.right:
            return "right"
        if isinstance(self.guess, str) or isinstance(self.result, str | tuple):
            return "not right"
        way = "too high" if self.guess > self.result else "too low"
        off = abs(self.guess - self.result)
        if not math.isfinite(off):
            return "not right"
        if self.unit.startswith("%"):
            # Per cent of per cent would be read as these points.
            return f"{_rough(off)} {'point' if _rough(off) == '1' else 'points'} {way}"
        if (scale := self.unit.partition(" ")[0]) in LOGARITHMIC:
            one = _rough(off) == "1" and scale == "bits"
            return f"{_rough(off)} {'bit' if one else scale} {way}"
        if (factor := self._factor) is None:
            return f"{_rough(off)} {way}"
        if off <= 0.1 * self.result:
            return f"within {math.ceil(round(100 * off / self.result, 6))}%"
        return f"{_rough(factor)} times {way}"

    @property
    def right(self) -> bool:
        """Whether the guess is what came out, as both are printed, or inside its range."""
        if self.guess is None or self.result is None:
            return False
        if isinstance(self.result, tuple):
            return self.guess in self.result
        if self.between is not None and not isinstance(self.guess, str):
            return self.between[0] <= self.guess <= self.between[1]
        return shown(self.guess) == shown(self.result)

    @property
    def near(self) -> bool:
        """Whether the guess is right, or nearly so."""
        return self.right or ((factor := self._factor) is not None and factor <= NEAR)

    @property
    def _factor(self) -> float | None:
        """How many times too high or too low; None where that has no meaning."""
        if not (isinstance(self.guess, int | float) and isinstance(self.result, int | float)):
            return None
        if not (0 < self.guess < math.inf and 0 < self.result < math.inf):
            return None
        return max(self.guess / self.result, self.result / self.guess)


def how_to_type(asked: Asked) -> str:
    """How a guess is given where no widget can be."""
    unit = f" ({asked.unit})" if asked.unit else ""
    choices = f"{asked.what_to_type} " if asked.choices else ""
    typed = f"Type your guess behind the question, as in {asked.example}, and run this cell again."
    return f"{asked.question}{unit}\n{choices}{typed}"


def plain(value: object) -> Value:
    """What JSON can hold: a finite number, or text. A tensor of one number is a number here."""
    if isinstance(value, str):
        return value
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(number)


def _quoted(value: Result | None) -> str:
    """As `shown`; texts in quotation marks, to keep them apart from the sentence around them."""
    match value:
        case str():
            return f"“{value}”"
        case tuple():
            return " or ".join(f"“{text}”" for text in value)
    return shown(value)


def _rough(number: float) -> str:
    """Two digits, which is enough for how far off a guess is."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
