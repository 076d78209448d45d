"""What one test may still use up."""

from __future__ import annotations

from dataclasses import dataclass


class Stopped(BaseException):
    """The test can't go on. No `except Exception` of a test's may swallow it."""


@dataclass
class CallBudget:
    """What one test may still use up.

    Attributes:
        deadline: on the clock of `time.monotonic`.
        items: steps of iterations.
    """

    deadline: float
    calls: int = 200_000
    bytes: int = 512 * 2**20
    items: int = 200_000

    @property
    def is_over(self) -> bool:
        """Whether more was asked for: a test may have caught that."""
        return min(self.calls, self.bytes, self.items) < 0

    def take(self, calls: int = 0, bytes: int = 0, items: int = 0) -> None:
        self.calls -= calls
        self.bytes -= bytes
        self.items -= items
        for left, what in (
            (self.calls, "calls of your code"),
            (self.bytes, "bytes to and from your code"),
            (self.items, "items from your code"),
        ):
            if left < 0:
                raise Stopped(f"The test was ended: it took too many {what}.")
