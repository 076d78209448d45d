"""What people see of a notebook that has met hidden tests.

A function can keep what a hidden test has called it with, and a later cell can print it. So what
comes after is shown from a second player, which meets no hidden test; and an answer that was left
as given, from when the contract was made.
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
        met_hidden: the position from which on the player may know what hidden tests have called it
            with; None if it has met none.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.met_hidden: int | None = None
        # Whether hidden lines of a test before may have told it; whether there have been some.
        self._met_before = self._hidden_ran = False
        # As it was when the player met a hidden test: what it does then is its choice, and must
        # not decide what people see of the second player.
        self._then: Allowance | None = None

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
                self._then = allowance.copy()
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

    def untouched(self, heard: Heard) -> None:
        """Shows answers that were left as they were given as they were then."""
        if self.met_hidden is None:
            return
        for position, played in heard.played.items():
            untouched = self._as_untouched(position, played)
            if position > self.met_hidden and untouched is not None:
                heard.shown[position] = untouched

    def telling(self, heard: Heard) -> set[int]:
        """Positions of what could still tell of hidden tests."""
        if self.met_hidden is None:
            return set()
        return {
            position
            for position, played in heard.played.items()
            if position >= self.met_hidden
            and position not in heard.shown
            and self._is_telling(position, played)
        }

    def show(self, heard: Heard, telling: set[int], player: Player) -> None:
        """Shows what comes of the cells with a player that meets no hidden test."""
        allowance, script = self._then, self._script
        assert self.met_hidden is not None
        assert allowance is not None
        allowance = allowance.copy()
        after = [position for position in heard.played if position >= self.met_hidden]
        last = max(telling)
        # Where the last one is, may tell: of what a learner may add thousands, much.
        if any(position > last and script.is_added(position) for position in after):
            last = max(after)
        for position in range(last + 1):
            if allowance.is_over:
                player.end()
            is_test = script.clause(position) is not None
            source = script.visible(position) if is_test else script.source(position)
            given = not is_test and script.is_given(position)
            again = player.cell(source, given, allowance.limit(position))
            if position not in after:
                continue
            # All of them up to there, whatever they have shown at first: that, too, may tell.
            shown = again or Played([])
            if is_test and position not in telling:
                if position == self.met_hidden and not self._met_before:
                    continue
                shown = _ending_as(heard.played[position], shown)
            heard.shown[position] = allowance.kept(shown)

    def _as_untouched(self, position: int, played: Played) -> Played | None:
        """What an answer comes to that was left as it was given, if this one was."""
        teacher = self._script.cells[position].teacher
        untouched, failure = self._script.contract.untouched.get(position), played.error
        if untouched is None or untouched.error is None or failure is None or teacher is None:
            return None
        # Added cells would have changed the numbers in tracebacks.
        same_place = self._script.teachers[position] is teacher
        said = untouched.error.ename, untouched.error.evalue
        same_end = (failure.ename, failure.evalue) == said
        as_given = self._script.source(position) == teacher.released
        return untouched if same_place and same_end and as_given else None

    def _is_telling(self, position: int, played: Played) -> bool:
        """Whether people would see something that the player had a hand in.

        Which of a test's lines failed is no more than the mark tells.
        """
        clause, teacher = self._script.clause(position), self._script.cells[position].teacher
        if clause is None:
            return bool(played.outputs)
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
