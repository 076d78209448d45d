"""A judge as the conductor sees it: tests in, verdicts out; one process for each notebook."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from grader.host.contract import Clause
from grader.host.engine.child import GRACE, Child, Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.forking import Room
from grader.host.engine.modules import defined_by
from grader.host.engine.player_client import Player
from grader.host.transcript import Played, error
from grader.protocol import wire
from grader.protocol.limits import MAX_MESSAGE
from grader.protocol.names import names_of_cell
from grader.protocol.orders import (
    ENDED,
    SLOW,
    Alone,
    Apart,
    Discover,
    Discovered,
    Done,
    Meet,
    Order,
    Over,
    RunCell,
    RunTest,
    TestReport,
)
from grader.protocol.outputs import Report

T = TypeVar("T")


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a test.

    Attributes:
        played: the test as a cell that ran; its outputs are those of visible lines.
        lost: what became of the player meanwhile: "timed out", "ended", or "used up" where it has
            asked for more than a test may; None if it is well.
        undeclared: changes of arguments that the teacher's solution does not make.
        called: whether the test has asked the player for something.
        called_late: whether it may have done so after a hidden line of its own.
        nothing: places of lists without anything in them where the teacher's solution has none.
        narrow: whether a number that takes more for equal than is has come where it has none.
        returned: calls that have given back what they were given, where its calls do not.
        rebound: names that the test had bound anew when it called an answer, and that functions of
            the answers read.
        left: what calls have left in their process, where the solution's leave nothing of the kind.
        left_behind: the same, also what this test doesn't look at.
    """

    played: Played
    lost: str | None = None
    undeclared: tuple[str, ...] = ()
    called: bool = True
    called_late: bool = True
    nothing: tuple[str, ...] = ()
    narrow: bool = False
    returned: tuple[str, ...] = ()
    rebound: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()


class Judge:
    """One notebook's judge.

    Attributes:
        child: the process.

    Raises:
        GraderError: when there can be none.
    """

    def __init__(self, engine: Engine, room: Room, files: Files) -> None:
        self._timeout = engine.settings.timeout
        self._engine = engine
        self.child: Child = engine.fork(room, "judge", files)
        self.ended = False
        # Whose answers it tests.
        self.player: Player | None = None
        self._paused = False

    def given(self, source: str, answers: Sequence[str] | None = None) -> None:
        """Runs a cell of the teacher's that is no test.

        A statement in it that needs an answer leaves nothing here: that crosses.

        Args:
            answers: see `RunCell`.
        """
        known = None if answers is None else [*answers]
        order = RunCell(source, given=True, defines=defined_by(source), answers=known)
        try:
            self.child.ask(order, Report, self._timeout)
        except Ended:
            self.end()
            return
        # It is not to be taken for the next test's.
        self.child.take_raw()

    def meet(self, end: socket.socket) -> None:
        """Gives it its end of the conversation with a player."""
        try:
            self.child.ask(Meet(), Done, fds=[end.fileno()])
        except Ended:
            self.end()

    def test(
        self,
        source: str,
        clause: Clause,
        visible: frozenset[int],
        withhold: bool = False,
        seconds: float | None = None,
        fill: bool = False,
        rebinds: Sequence[str] = (),
        sets: bool = False,
        leaves: Sequence[str] = (),
        unsaid: Sequence[str] = (),
    ) -> Verdict:
        """Runs a test.

        Args:
            withhold, fill, rebinds, sets, leaves, unsaid: see `RunTest`.
            seconds: that it may take; as long as the engine allows if nothing is said.
        """
        limit = self._timeout if seconds is None else seconds
        order = RunTest(
            source,
            takes=dict(clause.takes),
            library=dict(clause.library),
            terms=clause.terms,
            visible=set(visible),
            seconds=limit,
            withhold=withhold,
            counts=clause.counts,
            complains=clause.complains,
            fill=fill,
            binds=sorted(names_of_cell(source).bound),
            rebinds=list(rebinds),
            sets=sets,
            leaves=tuple(leaves),
            unsaid=list(unsaid),
        )
        try:
            report = self._ask(order, TestReport, limit + GRACE)
        except Ended as ended:
            self.ended = True
            return Verdict(Played([error("ProcessEnded", f"The test {ended}.")]))
        if not visible.issuperset(range(1, 1 + len(source.splitlines()))):
            # Of what was written past Python nobody knows by which line.
            self.child.take_raw()
        played = Played.of(report, self.child)
        lost = report.lost
        if lost == "timed out" or (lost is None and played.interrupted):
            text = f"The test was stopped after {limit:g} s."
            played = Played([error("CellTimeoutError", text)], interrupted=True)
        elif lost == "ended":
            played = Played([error("ProcessEnded", "Your code ended its process in this test.")])
        figures = {} if lost else report.figures
        played = replace(played, from_teacher=report.from_teacher, figures=figures)
        called = report.called, report.called_late
        found = report.nothing, report.narrow
        more = report.returned, report.rebound, report.left, report.left_behind
        return Verdict(played, lost, report.undeclared, *called, *found, *more)

    def _ask(self, order: Order, reply: type[T], seconds: float) -> T:
        """Has it do something; meanwhile it may ask for players that run a source by themselves.

        Raises:
            Ended: when it does not live to reply.
        """
        until = time.monotonic() + seconds
        # There is one at a time, and none longer than the test. Meanwhile the learner's own player
        # stands still: it could tell the source what that is to find out.
        alone: Player | None = None
        # Of the three, the tag says which it is.
        either: Any = reply | Alone | Over
        self.child.calls = None if self.player is None else self.player.child
        answer = self.child.ask(order, either, seconds)

        def end_alone() -> None:
            nonlocal alone
            if alone is not None:
                alone.end()
                alone = None

        try:
            while isinstance(answer, Alone | Over):
                end_alone()
                stood_still = self._pause_player(isinstance(answer, Alone))
                # Else somebody may have told the source what it was to find out.
                problem = "" if stood_still or isinstance(answer, Alone) else ENDED
                fds: list[int] = []
                ours, theirs = wire.pair()
                with ours:
                    # Closed before the judge speaks to it, who is to notice when it ends.
                    with theirs:
                        if isinstance(answer, Alone):
                            alone = Player(self._engine, None, Files(), warm=False)
                            fds = [ours.fileno()]
                            left = max(0.0, until - time.monotonic())
                            seconds = min(answer.seconds, left)
                            problem = _run_alone(alone, answer.source, seconds, theirs)
                    if problem:
                        end_alone()
                        self._pause_player(False)
                        fds = []
                    left = max(0.0, until - time.monotonic())
                    answer = self.child.ask(Apart(problem), either, left, fds=fds)
        finally:
            end_alone()
            self._pause_player(False)
        made: T = answer
        return made

    def _pause_player(self, stop: bool) -> bool:
        if self.player is None or stop == self._paused:
            return True
        self._paused = stop
        return self.player.pause(stop)

    def discover(
        self,
        source: str,
        declared: list[str] | None,
        own: list[str],
        bound: list[str],
        way: Way,
    ) -> tuple[Played, Discovered]:
        """Runs a test with the teacher's solution and no contract yet.

        Raises:
            Ended: when the judge dies of it.
        """
        order = Discover(
            source,
            declared,
            own,
            bound,
            seconds=self._timeout,
            imported=dict(way.imported),
            everything_of=list(way.everything_of),
            random=way.random,
            exact=way.exact,
            filed=way.filed,
            sets=list(way.sets),
            opens=way.opens,
            binds=sorted(names_of_cell(source).bound),
        )
        discovered = self._ask(order, Discovered, self._timeout + GRACE)
        return Played.of(discovered, self.child), discovered

    def end(self) -> None:
        """Ends it."""
        self.ended = True
        self.child.end()


def _run_alone(alone: Player, source: str, seconds: float, end: socket.socket) -> str:
    """Runs the source, then lets it be called over this socket; why not, in few words, or ""."""
    played = alone.cell(source, seconds=seconds)
    if played is None or alone.ended is not None:
        return SLOW if alone.slow else ENDED
    if played.interrupted:
        return SLOW
    if played.error is not None:
        return f"{played.error.ename}: {played.error.evalue}"[:MAX_MESSAGE]
    alone.meet(end)
    return ENDED if alone.ended is not None else ""


@dataclass(frozen=True)
class Way:
    """How the teacher's solution is tried; see `Discover`."""

    imported: Mapping[str, str]
    everything_of: Sequence[str]
    random: bool = False
    exact: bool = False
    filed: bool = False
    sets: Sequence[str] = ()
    opens: bool = False
