"""What people see of a notebook that meets hidden tests.

A function can keep what a hidden test has called it with, and a later cell can print it; or leave
it where the kernel keeps counts and caches. So what comes from the first hidden test on is shown
from another player, which has played the whole notebook before any test has asked for anything.
"""

from __future__ import annotations

from dataclasses import replace

from grader.host.engine.judge_client import Verdict
from grader.host.engine.player_client import Player
from grader.host.marks.hints import is_as_written
from grader.host.session.allowance import Allowance
from grader.host.session.script import Script
from grader.host.transcript import Heard, Played


class Showing:
    """Of one notebook.

    Attributes:
        starts: the position from which on the other player's cells are shown; None if there is no
            need for one.
        met_hidden: the position from which on the player may know what hidden tests have called it
            with; None if it has met none.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.starts = _first_to_tell(script)
        self.met_hidden: int | None = None
        # Whether hidden lines of a test before may have told it; whether there have been some.
        self._met_before = self._hidden_ran = False
        # What came of each cell in the other player.
        self._there: list[Played] = []

    def play(self, player: Player, allowance: Allowance) -> None:
        """Plays the notebook to the other player."""
        for position in range(len(self._script.cells)):
            if allowance.is_over:
                player.end()
            is_test = self._script.clause(position) is not None
            source = self._script.visible(position) if is_test else self._script.source(position)
            given = not is_test and self._script.is_given(position)
            seen = self.is_shown(position) or not given
            played = player.cell(source, given, allowance.limit(position), seen) or Played([])
            if played.interrupted and not is_test:
                allowance.stopped.add(position)
            self._there.append(allowance.kept(played))

    def is_shown(self, position: int) -> bool:
        """Whether people see what the other player comes to at a cell that is no test."""
        return self.starts is not None and position >= self.starts

    def note(self, position: int, verdict: Verdict) -> None:
        """A test has run."""
        hidden = _has_hidden_tests(self._script, position)
        if self.met_hidden is None:
            # A name that hidden lines have bound may be used later, in visible ones.
            self._met_before = self._hidden_ran and verdict.called
            if self._met_before or (hidden and verdict.called_late):
                self.met_hidden = position
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
        """Shows what the other player came to, where the first might tell of hidden tests."""
        for position, played in heard.played.items():
            if not self.is_shown(position):
                continue
            shown = self._there[position]
            if self._script.clause(position) is not None:
                if self.met_hidden is None or position < self.met_hidden:
                    continue
                if not self._is_telling(position, played):
                    if position == self.met_hidden and not self._met_before:
                        continue
                    shown = _ending_as(played, shown)
            heard.shown[position] = shown

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


def _has_hidden_tests(script: Script, position: int) -> bool:
    teacher = script.cells[position].teacher
    assert teacher is not None
    return teacher.has_hidden_tests


def _first_to_tell(script: Script) -> int | None:
    """Where the first hidden test is of those that ask learner's code for something, or of those
    before it: a name that its hidden lines bind may be used later."""
    first = None
    for position in range(len(script.cells)):
        clause = script.clause(position)
        if clause is None or clause.live is not None:
            continue
        if first is None and _has_hidden_tests(script, position):
            first = position
        if first is not None and clause.calls:
            return first
    return None


def _ending_as(first: Played, again: Played) -> Played:
    """What a test has shown the second time, with the end of the first."""
    outputs = [output for output in again.outputs if output is not again.error]
    if first.error is not None:
        outputs.append(first.error)
    return replace(first, outputs=outputs)
