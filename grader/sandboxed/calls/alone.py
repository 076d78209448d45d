"""A source that runs by itself, and the numbers that a test reports: the module `grading_bench`.

A test may want to see what a learner's source does where there is nothing else of the learner's:
no other cell, no file, nothing that was left in a process. The judge asks the conductor for a
player that has run this source and nothing more, and calls one of its functions. As everywhere,
values cross and code doesn't: what comes back is data, or nothing.

    import grading_bench
    outcome, value = grading_bench.call_alone(source, "decode", (data,), seconds=10)
    grading_bench.figures(bytes=len(data))

There is such a module in a judge only. A helper that a course's tests use looks for it in
`sys.modules` and does the same in another way where it is missing (as this course does).
"""

from __future__ import annotations

import math
import socket
import sys
import time
import types
from collections.abc import Callable
from typing import Any, Literal

from grader.protocol import wire
from grader.protocol.calls import Said
from grader.protocol.orders import ENDED, MAX_FIGURE_NAME, MAX_FIGURES, SLOW, Alone, Apart, Over
from grader.protocol.terms import Terms
from grader.protocol.values import CannotCross, Live, with_article
from grader.protocol.wire import Channel
from grader.sandboxed.calls.budget import CallBudget, Stopped
from grader.sandboxed.calls.handle import Handle
from grader.sandboxed.calls.kinds import serves_as
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.calls.pickles import Brought
from grader.sandboxed.calls.rules import Enforcing

NAME = "grading_bench"
# Characters: longer ones would not fit into a message with everything else.
MAX_SOURCE = 2**20

Outcome = Literal["value", "slow", "ended", "raised", "missing", "no data"]


class _LonePeer(Peer):
    """Asks a player that runs by itself. What that shows, nobody sees."""

    # Whether the function is there, and only data may still come.
    has_function = False

    def on_said(self, said: list[Said]) -> None:
        pass

    def _handle(self, node: Live) -> Handle:
        if self.has_function:
            # It would be dead as soon as the test has it.
            raise CannotCross(f"{with_article(node.kind)} where data is expected")
        return super()._handle(node)


class Bench:
    """What tests find as `grading_bench`.

    Args:
        channel: to the conductor, which waits for the end of the test.

    Attributes:
        brought: gives where texts and bytes that come are noted, if anybody wants to know.
        shown: what tables show; as of any other `Peer`.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._figures: dict[str, float] = {}
        self.brought: Callable[[], Brought] = lambda: None
        self.shown: set[str] = set()

    def install(self) -> None:
        """Lets tests import it."""
        module = types.ModuleType(NAME, __doc__)
        functions: list[Callable[..., Any]] = [self.call_alone, self.figures]
        for function in functions:
            setattr(module, function.__name__, function)
        sys.modules[NAME] = module

    def call_alone(
        self, source: str, name: str, args: tuple[Any, ...], seconds: float = 10.0
    ) -> tuple[Outcome, Any]:
        """Runs a source in a process that has seen nothing else, and calls a function of it.

        The learner's own processes stand still meanwhile.

        Args:
            source: Python.
            name: of the function that it defines.
            args: data to call it with.
            seconds: that all of it may take.

        Returns:
            How it came out, and what it gave ("value"), the error as "type: text" ("raised"), or
            why the result is no data ("no data"); else "".

        Raises:
            ValueError: when the source is too long.
        """
        if len(source) > MAX_SOURCE:
            raise ValueError(f"a source of more than {MAX_SOURCE} characters")
        until = time.monotonic() + seconds
        self._channel.send(wire.encode(Alone(source, seconds)))
        header, _ = self._channel.receive()
        fds = self._channel.take_fds()
        problem = wire.decode(header, Apart).problem
        if problem == SLOW:
            return "slow", ""
        if problem == ENDED:
            return "ended", ""
        texts = self.brought()
        if problem:
            if texts is not None:
                texts.add(problem)
            return "raised", problem
        peer = _LonePeer(Channel(socket.socket(fileno=fds[0])), {})
        peer.texts, peer.shown = texts, self.shown
        try:
            outcome = self._call(peer, name, args, until)
        finally:
            peer.channel.close()
            self._channel.send(wire.encode(Over()))
            header, _ = self._channel.receive()
        # The learner's processes have not stood still.
        return ("ended", "") if wire.decode(header, Apart).problem else outcome

    @staticmethod
    def _call(
        peer: _LonePeer, name: str, args: tuple[Any, ...], until: float
    ) -> tuple[Outcome, Any]:
        # What it makes of the arguments is its own: the test goes on with them.
        # What the solution's would give, nobody has seen.
        peer.begin(Enforcing(Terms(empty=True, tables=set()), withhold=True), CallBudget(until))
        try:
            try:
                node, function = peer.take(name, called=True)
            except (KeyError, CannotCross):
                return "missing", ""
            if not serves_as(node, "function"):
                return "missing", ""
            peer.has_function = True
            return "value", function(*args)
        except Stopped:
            # Of this conversation: the test itself goes on.
            return ("slow" if peer.lost == "timed out" else "ended"), ""
        except CannotCross as error:
            return "no data", str(error)
        except (Exception, SystemExit) as error:
            return "raised", f"{type(error).__name__}: {error}"

    def figures(self, **numbers: float) -> None:
        """Reports numbers about a submission, to be kept with its result.

        Raises:
            ValueError: for what is no finite number, a name that is too long, or too many of them.
        """
        for name, number in numbers.items():
            value = float(number)
            if not math.isfinite(value) or len(name) > MAX_FIGURE_NAME:
                raise ValueError(f"the figure {name[:MAX_FIGURE_NAME]} is {value}")
            self._figures[name] = value
        if len(self._figures) > MAX_FIGURES:
            raise ValueError(f"more than {MAX_FIGURES} figures in one test")

    def taken(self) -> dict[str, float]:
        """The figures since the last time."""
        taken, self._figures = self._figures, {}
        return taken
