"""The processes of a notebook: its player, and its judge once there is a test.

A call that ends its player, or takes too long, is answered by a new player that plays the same
cells again, a few times at most.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from grader.host.contract import Clause
from grader.host.engine.child import Child, Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.forking import Warm
from grader.host.engine.judge_client import Judge, Verdict
from grader.host.engine.player_client import Player
from grader.host.session.allowance import Allowance
from grader.host.session.script import Script
from grader.host.session.traces import leaned_on
from grader.host.transcript import Played, error
from grader.protocol import wire


def introduce(player: Player, judge: Judge) -> None:
    """Connects the two."""
    judge.player = player
    one, other = wire.pair()
    with one, other:
        player.meet(one)
        judge.meet(other)


class How(NamedTuple):
    """How a test runs.

    Attributes:
        withhold: whether changes of arguments are kept from it.
        fill: whether something is put into lists without anything in them.
        sets: whether names that the test binds are set for the learner's functions, too.
        leaves: kinds of what calls leave in their process that they leave in the judge's, too.
    """

    withhold: bool = True
    fill: bool = False
    sets: bool = False
    leaves: tuple[str, ...] = ()


_AS_AT_FIRST = How()
_NO_TESTS: Mapping[int, How] = MappingProxyType({})


class _Kept(NamedTuple):
    """What a test has run in once more, for the next.

    Attributes:
        met: how many cells it has met.
        ran: by position, how the tests have run that have.
    """

    player: Player
    judge: Judge
    met: int
    ran: dict[int, How]

    def end(self) -> None:
        self.player.end()
        self.judge.end()


class Stage:
    """Of one notebook.

    Args:
        files: of the learner's working folder.
        released: what every learner has.
        for_judge: of the judge's working folder.

    Raises:
        GraderError: when there can be no player.
        Ended: when its folder can't hold the files.
    """

    def __init__(
        self,
        script: Script,
        allowance: Allowance,
        engine: Engine,
        files: Files,
        released: Files,
        for_judge: Files,
    ) -> None:
        self._script = script
        self._allowance = allowance
        self._engine = engine
        self._files = files
        self._for_judge = for_judge
        self._room = engine.rooms.room(script.opening, released, script.contract.modules)
        is_whole = len(self._room.played) == len(script.opening)
        self._is_warm = script.begins_as_given and is_whole and files == released
        # What its processes were forked from.
        self._warm: list[Warm] = []
        self._children: list[Child] = []
        self.player = self.new_player()
        self.judge: Judge | None = None
        # By position, what each test came to, and what aside, by how it ran there: the last time
        # counts; whether one did not come to that again.
        self._came_to: dict[int, Verdict] = {}
        self._aside: dict[int, dict[How, Verdict]] = {}
        self._lost_track = False
        self._kept: _Kept | None = None

    def new_player(self) -> Player:
        modules = self._script.contract.modules
        room = self._room if self._is_warm else self._engine.rooms.importing(modules)
        player = Player(self._engine, room, self._files, self._is_warm)
        self._warm.append(room.warm)
        self._children.append(player.child)
        return player

    @property
    def lost_its_room(self) -> bool:
        """Whether a process of its may have ended because one of the grader's own did, or was ended
        for what another's did."""
        return any(warm.gone for warm in self._warm) or any(
            child.ended_in_vain for child in self._children
        )

    @property
    def lost_its_judge(self) -> bool:
        return self.judge is not None and self.judge.ended

    def ask(self, position: int, clause: Clause) -> Verdict:
        """Runs a test for its mark."""
        judge = self.judge
        if judge is None:
            judge = self._new_judge()
            for number in range(position):
                self._tell(judge, number)
        elif judge.ended and not self._lost_track:
            self.player.end()
            self._lost_track = True
            with contextlib.suppress(Ended):
                self._lost_track = not self._again(position)
        if self._lost_track:
            return _not_the_same()
        verdict = self._test(position, clause)
        if not self.lost_its_judge:
            self._came_to[position] = verdict
        return verdict

    def ask_aside(
        self, position: int, clause: Clause, how: How, others: Mapping[int, How]
    ) -> Verdict:
        """Runs a test once more, in processes of its own that leave nothing behind.

        Args:
            others: earlier tests that run in another way than at first.
        """
        ours = self.player, self.judge
        try:
            with self._allowance.apart():
                if not self._again(position, others, self._heeds(position, how, others)):
                    return _not_the_same()
                return self._once_more(position, clause, how)
        except Ended:
            return _in_no_process()
        finally:
            self._go_back_to(*ours)

    def ask_briefly(
        self, position: int, clause: Clause, how: How, others: Mapping[int, How]
    ) -> tuple[Verdict, bool]:
        """The same after only those earlier tests that it may find something of, in processes that
        are kept for the next that is asked so.

        Returns:
            What it has come to, and whether there are other earlier tests.
        """
        found = leaned_on(self._script, position).union(others) & self._came_to.keys()
        tests = {number: others.get(number, _AS_AT_FIRST) for number in found}
        is_brief = any(number < position for number in self._came_to.keys() - found)
        heeds = self._heeds(position, how, others)
        ours, begin, ran, stays = (self.player, self.judge), 0, dict[int, How](), False
        kept, self._kept = self._kept, None
        try:
            with self._allowance.apart():
                if kept and all(kept.ran.get(n) == tests[n] for n in found if n <= kept.met):
                    self.player, self.judge, begin, ran = kept
                else:
                    if kept:
                        kept.end()
                    self.player = self.new_player()
                    self._new_judge()
                if not self._go_on(range(begin, position), tests, heeds, but=ran):
                    return _not_the_same(), is_brief
                verdict = self._once_more(position, clause, how)
                assert self.judge is not None
                stays = verdict.lost is None and not self.judge.ended
                if stays:
                    self._kept = _Kept(
                        self.player, self.judge, position, ran | tests | {position: how}
                    )
                return verdict, is_brief
        except Ended:
            return _in_no_process(), is_brief
        finally:
            if stays:
                self.player, self.judge = ours
            else:
                self._go_back_to(*ours)

    def _heeds(self, position: int, how: How, others: Mapping[int, How]) -> frozenset[int]:
        """The earlier tests that have to come to the same. Behind changes that are kept, tests may
        fail by these: they are lost for what they leave by themselves, and not for what answers
        have made of what was handed out, which is theirs to choose anyway."""
        if not how.withhold:
            return leaned_on(self._script, position, by_answers=False)
        return leaned_on(self._script, position).union(others)

    def _once_more(self, position: int, clause: Clause, how: How) -> Verdict:
        verdict = self._test(position, clause, how)
        self._aside.setdefault(position, {})[how] = verdict
        return verdict

    def _go_back_to(self, player: Player, judge: Judge | None) -> None:
        if self.player is not player:
            self.player.end()
        if self.judge is not None and self.judge is not judge:
            self.judge.end()
        self.player, self.judge = player, judge

    def _test(self, position: int, clause: Clause, how: How = _AS_AT_FIRST) -> Verdict:
        teacher = self._script.cells[position].teacher
        assert teacher is not None
        assert self.judge is not None
        source, seconds = self._script.source(position), self._allowance.limit(position)
        lines, rebinds = teacher.early_lines, self._script.rebinds(position)
        more = how.fill, rebinds, how.sets, how.leaves, self._script.unsaid(position)
        return self.judge.test(source, clause, lines, how.withhold, seconds, *more)

    def _new_judge(self) -> Judge:
        judge = self.judge = Judge(self._engine, self._room, self._for_judge)
        self._warm.append(self._room.warm)
        self._children.append(judge.child)
        self._introduce()
        return judge

    def tell_judge(self, position: int) -> None:
        """Has the judge, if there is one, run a cell that it is to know."""
        if self.judge is not None and not self.judge.ended:
            self._tell(self.judge, position)

    def _tell(self, judge: Judge, position: int) -> None:
        source = self._script.for_judge(position, len(self._room.played))
        if source is not None:
            judge.given(source)

    def _again(
        self,
        position: int,
        others: Mapping[int, How] = _NO_TESTS,
        heeds: Collection[int] | None = None,
    ) -> bool:
        """Plays all before a cell to a new player and a new judge; says whether it was the same.

        Args:
            others, heeds: see `_go_on`.

        Raises:
            Ended: when there is no other player to be had.
        """
        self.player = self.new_player()
        self._new_judge()
        tests = {**dict.fromkeys(self._came_to, _AS_AT_FIRST), **others}
        return self._go_on(range(position), tests, heeds)

    def _go_on(
        self,
        positions: Iterable[int],
        tests: Mapping[int, How],
        heeds: Collection[int] | None,
        but: Collection[int] = (),
    ) -> bool:
        """Plays cells to the player and the judge; says whether it was the same.

        What a test leaves behind, be it a name or what it has put into a given list, is what it
        has held for only if it comes to what it came to, in the same way: the learner's code can
        know that this is not the first time, by the clock, and give something else.

        Args:
            tests: how they run; others don't.
            heeds: the tests that have to be the same; all if nothing is said.
            but: tests that have run.
        """
        judge, same = self.judge, True
        assert judge is not None
        for number in positions:
            if self._allowance.is_over:
                self.player.end()
                return False
            clause, runs = self._script.clause(number), number in tests and number not in but
            if clause is not None and runs and number in self._came_to and not judge.ended:
                verdict = self._test(number, clause, tests[number])
                first, aside = self._came_to[number], self._aside.get(number, {}).values()
                as_at_first = tests[number] == _AS_AT_FIRST
                # What failed at first may hold aside, of copies say: nothing is won by that. And
                # what has lost its mark by how it failed aside may fail so behind the same changes.
                if heeds is None or (number in heeds and first.played.error is None):
                    known = [] if as_at_first and verdict.played.error is None else [*aside]
                    if not as_at_first or _doubts(verdict) <= _doubts(first):
                        known.append(first)
                    same = same and any(_is_alike(verdict, one) for one in known)
                if verdict.lost is not None and not self.play_again(number):
                    return False
            self._replay(number)
            self._tell(judge, number)
        return same and not judge.ended

    def _introduce(self) -> None:
        if self.judge is not None and self.player.ended is None:
            introduce(self.player, self.judge)

    def play_again(self, position: int) -> bool:
        """Gives the cells before this one a new player, if there may be one more."""
        if self._allowance.is_over:
            return False
        self.player.end()
        try:
            self.player = self.new_player()
        except Ended:
            return False
        for number in range(position):
            self._replay(number)
        self._introduce()
        return True

    def _replay(self, position: int) -> None:
        """Plays to the player what it has met of a cell before, but for a test's calls."""
        script = self._script
        clause = script.clause(position)
        if clause is None:
            given, seconds = script.is_given(position), self._allowance.limit(position)
            self.player.cell(script.source(position), given, seconds, seen=not given)
            return
        if clause.live is not None:
            self.player.wait_with(position)
        if clause.replay:
            self.player.cell(script.visible(position))

    def close(self) -> None:
        if self._kept is not None:
            self._kept.end()
        self.player.end()
        if self.judge is not None and not self.judge.ended:
            self.judge.end()


def _not_the_same() -> Verdict:
    text = "What earlier tests had left was lost, and they did not come to the same again."
    return Verdict(Played([error("NotTheSame", text)]))


def _in_no_process() -> Verdict:
    text = "There was no process to run this test again."
    return Verdict(Played([error("Stopped", text)]))


def _is_alike(verdict: Verdict, other: Verdict) -> bool:
    """Whether a mark and what is left to later tests come to the same: where and how a test failed,
    the number it gave, and its figures."""
    return _outcome(verdict.played) == _outcome(other.played)


def _outcome(played: Played) -> tuple[object, ...]:
    failed = None if played.error is None else (played.error.ename, played.error_line)
    # Texts, since no number that is none is equal to itself.
    figures = {name: repr(figure) for name, figure in played.figures.items()}
    return failed, [*map(repr, played.numbers)], figures


def _doubts(verdict: Verdict) -> set[str]:
    """By what it may have held: later tests see it for that only where it was so at first."""
    return {*verdict.nothing, *verdict.returned, *(["a number"] if verdict.narrow else [])}
