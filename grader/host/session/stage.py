"""The processes of a notebook: its player, and its judge once there is a test.

A call that ends its player, or takes too long, is answered by a new player that plays the same
cells again, a few times at most.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

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
        # By position, what each test came to, and what aside; whether one did not come to that
        # again.
        self._came_to: dict[int, Verdict] = {}
        self._aside: dict[int, list[Verdict]] = {}
        self._lost_track = False

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
        self,
        position: int,
        clause: Clause,
        withhold: bool = False,
        fill: bool = False,
        sets: bool = False,
        leaves: Sequence[str] = (),
        filled: Collection[int] = (),
        whole: Collection[int] = (),
    ) -> Verdict:
        """Runs a test once more, in processes of its own that leave nothing behind.

        Args:
            withhold: keep changes of arguments from it.
            fill: put something into lists without anything in them.
            sets: names that the test binds are set for the learner's functions, too.
            leaves: kinds of what calls leave in their process that they leave in the judge's, too.
            filled: earlier tests into whose lists something is put, too.
            whole: earlier tests with all that calls change and, of these kinds, leave there.
        """
        kept = self.player, self.judge
        try:
            with self._allowance.apart():
                heeds = leaned_on(self._script, position).union(filled, whole)
                if not self._again(position, filled, whole, leaves, heeds):
                    return _not_the_same()
                verdict = self._test(position, clause, withhold, fill, sets, leaves)
                self._aside.setdefault(position, []).append(verdict)
                return verdict
        except Ended:
            text = "There was no process to run this test again."
            return Verdict(Played([error("Stopped", text)]))
        finally:
            for process, before in zip((self.player, self.judge), kept, strict=True):
                if process is not None and process is not before:
                    process.end()
            self.player, self.judge = kept

    def _test(
        self,
        position: int,
        clause: Clause,
        withhold: bool = True,
        fill: bool = False,
        sets: bool = False,
        leaves: Sequence[str] = (),
    ) -> Verdict:
        teacher = self._script.cells[position].teacher
        assert teacher is not None
        assert self.judge is not None
        source, seconds = self._script.source(position), self._allowance.limit(position)
        lines, rebinds = teacher.early_lines, self._script.rebinds(position)
        more = fill, rebinds, sets, leaves, self._script.unsaid(position)
        return self.judge.test(source, clause, lines, withhold, seconds, *more)

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
        filled: Collection[int] = (),
        whole: Collection[int] = (),
        leaves: Sequence[str] = (),
        heeds: Collection[int] | None = None,
    ) -> bool:
        """Plays all before a cell to a new player and a new judge; says whether it was the same.

        What a test leaves behind, be it a name or what it has put into a given list, is what it
        has held for only if it comes to what it came to, in the same way: the learner's code can
        know that this is not the first time, by the clock, and give something else.

        Args:
            heeds: the tests that have to be the same; all if nothing is said.

        Raises:
            Ended: when there is no other player to be had.
        """
        self.player = self.new_player()
        judge = self._new_judge()
        same = True
        for number in range(position):
            if self._allowance.is_over:
                self.player.end()
                return False
            clause = self._script.clause(number)
            if clause is not None and number in self._came_to and not judge.ended:
                how = (False, leaves) if number in whole else (True, ())
                verdict = self._test(number, clause, how[0], fill=number in filled, leaves=how[1])
                first, aside = self._came_to[number], number in filled or number in whole
                # What failed at first may hold aside, of copies say: nothing is won by that.
                if heeds is None or (number in heeds and first.played.error is None):
                    same = same and (
                        any(_is_alike(verdict, x) for x in (first, *self._aside.get(number, ())))
                        if aside
                        else _is_alike(verdict, first) and _doubts(verdict) <= _doubts(first)
                    )
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
        self.player.end()
        if self.judge is not None and not self.judge.ended:
            self.judge.end()


def _not_the_same() -> Verdict:
    text = "What earlier tests had left was lost, and they did not come to the same again."
    return Verdict(Played([error("NotTheSame", text)]))


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
