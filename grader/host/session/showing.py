"""What people see of a notebook that meets hidden tests.

A function can keep what a hidden test has called it with, and a later cell can print it; or leave
it where the kernel keeps counts and caches. So what comes from the first hidden test on is shown
from a second player, which has played the whole notebook before that test.
"""

from __future__ import annotations

from dataclasses import replace

from grader.host.contract import Clause
from grader.host.engine.judge_client import Verdict
from grader.host.engine.player_client import Player
from grader.host.marks.hints import is_as_written
from grader.host.session.allowance import Allowance
from grader.host.session.script import Script
from grader.host.transcript import Heard, Played


class Showing:
    """Of one notebook.

    Attributes:
        starts: the position from which on a second player's cells are shown; None if there was no
            need for one.
        met_hidden: the position from which on the player may know what hidden tests have called it
            with; None if it has met none.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.starts: int | None = None
        self.met_hidden: int | None = None
        # Whether hidden lines of a test before may have told it; whether there have been some.
        self._met_before = self._hidden_ran = False
        # What came of each cell in the second player, and what it may still take.
        self._again: list[Played] = []
        self._allowance: Allowance | None = None

    def is_due(self, position: int, clause: Clause) -> bool:
        """Whether a test may be the first to tell the player of hidden lines."""
        teacher = self._script.cells[position].teacher
        assert teacher is not None
        may_tell = clause.calls and (self._hidden_ran or teacher.has_hidden_tests)
        return may_tell and self.starts is None

    def play(self, position: int, player: Player, allowance: Allowance) -> None:
        """Plays the notebook to a second player; from this position on that is what people see."""
        self.starts = position
        self._allowance = allowance = self._allowance or allowance.copy()
        for number in range(len(self._script.cells)):
            if allowance.is_over:
                player.end()
            is_test = self._script.clause(number) is not None
            source = self._script.visible(number) if is_test else self._script.source(number)
            given = not is_test and self._script.is_given(number)
            seen = number >= position or not given
            again = player.cell(source, given, allowance.limit(number), seen)
            self._again.append(again or Played([]))

    def note(self, position: int, verdict: Verdict, allowance: Allowance) -> None:
        """A test has run."""
        teacher = self._script.cells[position].teacher
        assert teacher is not None
        hidden = teacher.has_hidden_tests
        if self.met_hidden is None:
            # A name that hidden lines have bound may be used later, in visible ones.
            self._met_before = self._hidden_ran and verdict.called
            if self._met_before or (hidden and verdict.called_late):
                self.met_hidden = position
                # What the player does now is its choice, and must not decide what people see.
                self._allowance = self._allowance or allowance.copy()
        self._hidden_ran |= hidden

    def label(self, position: int) -> str:
        """What to call a cell at which no more is run: of what a learner may add thousands, the
        number could tell what hidden tests have called with."""
        is_choice = self._script.is_added(position) and self.met_hidden is not None
        return "an added cell" if is_choice else self._script.label(position)

    def forget_where_it_ended(self, heard: Heard, place: int | None) -> None:
        """Of added cells in a row, at one of which no more was run, none counts as run."""
        if self.met_hidden is None:
            return
        while place is not None and place >= 0 and self._script.is_added(place):
            heard.played.pop(place, None)
            place -= 1

    def show(self, heard: Heard) -> None:
        """Shows what the second player came to, where the first might tell of hidden tests."""
        if self.starts is None:
            return
        assert self._allowance is not None
        for position, played in heard.played.items():
            if position < self.starts:
                continue
            again = self._again[position]
            if self._script.clause(position) is not None:
                if self.met_hidden is None or position < self.met_hidden:
                    continue
                if not self._is_telling(position, played):
                    if position == self.met_hidden and not self._met_before:
                        continue
                    again = _ending_as(played, again)
            heard.shown[position] = self._allowance.kept(again)

    def _is_telling(self, position: int, played: Played) -> bool:
        """Whether people would see something of a test that the player had a hand in.

        Which of its lines failed is no more than the mark tells.
        """
        clause, teacher = self._script.clause(position), self._script.cells[position].teacher
        assert clause is not None
        assert teacher is not None
        failure, line = played.error, played.error_line
        # What the test that met hidden inputs first showed before it did so.
        before = position == self.met_hidden and not self._met_before
        if not before and any(output is not failure for output in played.outputs):
            return True
        seen = line in teacher.visible_lines or not teacher.has_hidden_tests
        if failure is None or not seen or (before and line in teacher.early_lines):
            return False
        if failure.ename == "NameError":
            return failure.evalue not in {
                f"name '{name}' is not defined" for name in clause.asked_for
            }
        said = failure.evalue.strip()
        return failure.ename != "AssertionError" or not is_as_written(teacher, said, line)


def _ending_as(first: Played, again: Played) -> Played:
    """What a test has shown the second time, with the end of the first."""
    outputs = [output for output in again.outputs if output is not again.error]
    if first.error is not None:
        outputs.append(first.error)
    return replace(first, outputs=outputs)
