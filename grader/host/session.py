"""One notebook of a submission: its player, its judge, and its tests in their turn.

Answers are taken when their test's turn comes. Whatever one side does to itself costs what needs
it: a player that ends loses the items not yet judged, a judge that ends loses that test; nothing
that was earned is lost. A call that ends its player, or takes too long, is answered by a new player
that plays the same cells again, a few times at most.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

from grader.host.contract import Clause, Contract
from grader.host.course.assignment import Kind, TeacherNotebook
from grader.host.engine.child import Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.forking import Warm
from grader.host.engine.judge_client import Judge, Verdict
from grader.host.engine.player_client import Player
from grader.host.intake.paper import Paper, PaperCell
from grader.host.marks.hints import is_as_written
from grader.host.transcript import Heard, Played, error, short_error, short_result, size_of
from grader.protocol import wire
from grader.protocol.outputs import ExecuteResult, Output, Stream
from grader.protocol.values import LIVE

# Characters of output that are kept of all cells of a notebook together; then, of a cell's value.
MAX_OUTPUT = 32_000_000
_MAX_BEYOND = 20_000
NO_ROOM = "The notebook's cells have shown too much: nothing more is kept.\n"
# How many cells' time all cells and tests of a notebook may take together.
TIMES_IN_ALL = 20
# What was stopped once gets this part of its time when it runs again, and at least a second.
_PART_AGAIN = 0.1
# Where limits follow the solution: so many times what that took, and at least so many seconds.
_TIMES_THE_SOLUTION = 20
_LEAST_SECONDS = 15.0


def opening_cells(notebook: TeacherNotebook, count: int) -> list[str]:
    """The first `count` code cells of the teacher's notebook."""
    return [cell.node.source for cell in notebook.code[:count]]


def opening(notebook: TeacherNotebook) -> int:
    """How many code cells come before the first that a learner writes or a test."""
    count = 0
    for cell in notebook.code:
        if cell.kind.for_answer or cell.kind is Kind.TEST:
            break
        count += 1
    return count


def introduce(player: Player, judge: Judge) -> None:
    """Connects the two."""
    judge.player = player
    one, other = wire.pair()
    with one, other:
        player.meet(one)
        judge.meet(other)


def hear(
    paper: Paper,
    contract: Contract,
    engine: Engine,
    files: Files,
    released: Files,
    for_judge: Files | None = None,
) -> Heard:
    """Plays and judges a notebook.

    Args:
        files: of the learner's working folder.
        released: what every learner has.
        for_judge: of the judge's working folder, if that is not the same.

    Raises:
        GraderError: when there can be no player or judge.
        Ended: when one of them does not come up twice: its folder can't hold the files.
    """
    for is_last in (False, True):
        try:
            session = _Session(paper, contract, engine, files, released, for_judge or released)
            try:
                session.run()
            finally:
                session.close()
        except Ended:
            if is_last:
                raise
            continue
        if not session.lost_its_room:
            return session.heard
    session.heard.notes.append(
        "The grader's own process ended while this was graded, and once more when it was tried "
        "again: points may be missing."
    )
    return session.heard


class _Session:
    def __init__(
        self,
        paper: Paper,
        contract: Contract,
        engine: Engine,
        files: Files,
        released: Files,
        for_judge: Files,
    ) -> None:
        self.heard = Heard()
        self._cells = [cell for cell in paper.cells if cell.node.cell_type == "code"]
        self._teachers = paper.notebook.code
        self._contract = contract
        self._engine = engine
        self._files = files
        self._for_judge = for_judge
        self._opening = opening_cells(paper.notebook, contract.opening)
        self._room = engine.room(self._opening, released, contract.modules)
        own = [cell.node.source for cell in self._cells[: contract.opening]]
        alike = own == self._opening and len(self._room.played) == contract.opening
        self._is_warm = alike and files == released
        # What its processes were forked from.
        self._warm: list[Warm] = []
        self._player = self._new_player()
        self._judge: Judge | None = None
        self._until = time.monotonic() + TIMES_IN_ALL * engine.timeout
        # By position, what each test came to; whether one did not come to that again.
        self._came_to: dict[int, _Outcome] = {}
        self._lost_track = False
        # From here on the player may know what hidden tests have called it with.
        self._met_hidden: int | None = None
        # Whether hidden lines of a test before may have told it; whether there have been some.
        self._met_before = self._hidden_ran = False
        # Characters of output that there is still room for.
        self._room_left = MAX_OUTPUT
        # Positions of cells that were stopped, and live answers that a stopped test had called.
        self._stopped: set[int] = set()
        self._slow: set[str] = set()
        # These three as they were when the player met a hidden test: what it does then is its
        # choice, and must not decide what people see of the second player.
        self._then: tuple[int, set[int], set[str]] = MAX_OUTPUT, set(), set()
        # The cell at which no more was run.
        self._ended_at: int | None = None

    def _new_player(self) -> Player:
        room = self._room if self._is_warm else self._engine.import_room(self._contract.modules)
        player = Player(self._engine, room, self._files, self._is_warm)
        self._warm.append(room.warm)
        return player

    @property
    def lost_its_room(self) -> bool:
        """Whether a process of its may have ended because one of the grader's own did."""
        return any(warm.gone for warm in self._warm)

    def run(self) -> None:
        waiting: list[int] = []
        for position, cell in enumerate(self._cells):
            if time.monotonic() > self._until:
                seconds = TIMES_IN_ALL * self._engine.timeout
                self.heard.notes.append(
                    f"All in all it took more than {seconds:g} s: nothing from "
                    f"{self._label(position)} on was run."
                )
                self._ended_at = position
                break
            clause = self._clause(cell)
            if clause is None:
                self._play(position, cell)
            elif clause.live is not None:
                self._player.wait_with(position)
                waiting.append(position)
            else:
                self._judge_cell(position, cell, clause)
            if clause is not None and clause.replay:
                self._player.cell(_visible_source(cell))
        for position in waiting:
            self.heard.beside.add(position)
            played = self._player.run_beside(
                position,
                self._cells[position].node.source,
                self._bequeathed(position),
                self._limit(position),
            )
            if played is not None:
                self.heard.played[position] = self._kept(played)
        self._forget_where_it_ended()
        self._show_others()

    def _label(self, position: int) -> str:
        """What to call a cell at which no more is run: of what a learner may add thousands, the
        number could tell what hidden tests have called with."""
        cell = self._cells[position]
        is_choice = cell.teacher is None and self._met_hidden is not None
        return "an added cell" if is_choice else label(cell, position)

    def _forget_where_it_ended(self) -> None:
        """Of added cells in a row, at one of which no more was run, none counts as run."""
        place = self._ended_at
        if self._met_hidden is None:
            return
        while place is not None and place >= 0 and self._cells[place].teacher is None:
            self.heard.played.pop(place, None)
            place -= 1

    def _bequeathed(self, position: int) -> list[str]:
        """The visible part of tests before that bind what later tests read."""
        return [
            _visible_source(cell)
            for cell in self._cells[:position]
            if self._clause(cell) is not None
            and cell.teacher is not None
            and cell.teacher.grade_id in self._contract.bequeathing
        ]

    def _show_others(self) -> None:
        """Replaces what could tell of hidden tests.

        A function can keep what a hidden test has called it with, and a later cell can print it. So
        what comes after is shown from a second player, which meets no hidden test; and an answer
        that was left as given, from when the contract was made.
        """
        if self._met_hidden is None:
            return
        for position, played in self.heard.played.items():
            untouched = self._as_untouched(position, played)
            if position > self._met_hidden and untouched is not None:
                self.heard.shown[position] = untouched
        after = [position for position in self.heard.played if position >= self._met_hidden]
        telling = {
            position
            for position in after
            if position not in self.heard.shown
            and self._is_telling(position, self.heard.played[position])
        }
        if not telling:
            return
        self._player.end()
        player = self._new_player()
        self._room_left, self._stopped, self._slow = self._then
        until = time.monotonic() + TIMES_IN_ALL * self._engine.timeout
        try:
            for position, cell in enumerate(self._cells[: max(after) + 1]):
                if time.monotonic() > until:
                    player.end()
                is_test = self._clause(cell) is not None
                source = _visible_source(cell) if is_test else cell.node.source
                again = player.cell(source, not is_test and _is_given(cell), self._limit(position))
                if position not in after:
                    continue
                # All of them, whatever they have shown at first: that, too, may tell.
                shown = again or Played([])
                if is_test and position not in telling:
                    if position == self._met_hidden and not self._met_before:
                        continue
                    shown = _ending_as(self.heard.played[position], shown)
                self.heard.shown[position] = self._kept(shown)
        finally:
            player.end()

    def _kept(self, played: Played) -> Played:
        """With its outputs while there is room for them; a mark hangs on errors and values."""
        size = size_of(played)
        if size <= self._room_left:
            self._room_left -= size
            return played
        results = [output for output in played.outputs if isinstance(output, ExecuteResult)]
        if size > _MAX_BEYOND:
            # A function that a test calls may show as much as it likes: the points are no less.
            results = [short_result(result) for result in results]
        outputs: list[Output] = [Stream("stderr", NO_ROOM), *results]
        if played.error is not None:
            outputs.append(short_error(played.error))
        return replace(played, outputs=outputs)

    def _as_untouched(self, position: int, played: Played) -> Played | None:
        """What an answer comes to that was left as it was given, if this one was."""
        cell, untouched = self._cells[position], self._contract.untouched.get(position)
        failure = played.error
        if untouched is None or untouched.error is None or failure is None or cell.teacher is None:
            return None
        # Added cells would have changed the numbers in tracebacks.
        same_place = self._teachers[position] is cell.teacher
        same_end = (failure.ename, failure.evalue) == (
            untouched.error.ename,
            untouched.error.evalue,
        )
        as_given = cell.node.source == cell.teacher.released
        return untouched if same_place and same_end and as_given else None

    def _is_telling(self, position: int, played: Played) -> bool:
        """Whether people would see something that the player had a hand in.

        Which of a test's lines failed is no more than the mark tells.
        """
        cell = self._cells[position]
        clause = self._clause(cell)
        if clause is None:
            return bool(played.outputs)
        assert cell.teacher is not None
        failure, line = played.error, played.error_line
        # What the test that met hidden inputs first showed before it did so.
        before = position == self._met_hidden and not self._met_before
        if not before and any(output is not failure for output in played.outputs):
            return True
        seen = line in cell.teacher.visible_lines or not cell.teacher.has_hidden_tests
        if failure is None or not seen or (before and line in cell.teacher.early_lines):
            return False
        if failure.ename == "NameError":
            return failure.evalue not in {
                f"name '{name}' is not defined" for name in clause.asked_for
            }
        said = failure.evalue.strip()
        return failure.ename != "AssertionError" or not is_as_written(
            cell.teacher, said, played.error_line
        )

    def _limit(self, position: int) -> float:
        """Seconds that a cell or test may take: few where it would be stopped once more."""
        cell = self._cells[position]
        limit = self._engine.timeout
        if self._engine.follows_solution and cell.teacher is not None:
            took = self._contract.seconds.get(str(cell.teacher.grade_id), limit)
            limit = min(limit, max(_LEAST_SECONDS, _TIMES_THE_SOLUTION * took))
        clause = self._clause(cell)
        calls_slow = clause is not None and not self._slow.isdisjoint(clause.takes)
        if position in self._stopped or calls_slow:
            limit = min(limit, max(1.0, _PART_AGAIN * limit))
        return limit

    def _clause(self, cell: PaperCell) -> Clause | None:
        if cell.teacher is None or cell.teacher.kind is not Kind.TEST:
            return None
        return self._contract.tests[str(cell.teacher.grade_id)]

    def _play(self, position: int, cell: PaperCell) -> None:
        """A cell that is no test."""
        ended = self._player.ended
        played = self._player.cell(cell.node.source, _is_given(cell), self._limit(position))
        if played is not None:
            self.heard.played[position] = self._kept(played)
            if played.interrupted:
                self._stopped.add(position)
            if played.interrupted and self._met_hidden is None:
                self.heard.notes.append(f"{label(cell, position)} was stopped: its time was up.")
        if self._player.ended is not None and ended is None:
            # How it ended is the learner's choice, and may tell of a hidden test.
            how = self._player.ended if self._met_hidden is None else "ended the process"
            which = self._label(position)
            self.heard.notes.append(
                f"{which[0].upper()}{which[1:]} {how}; the cells after it were not run."
            )
            self._ended_at = position
        if self._judge is not None and not self._judge.ended:
            self._show(self._judge, position)

    def _judge_cell(self, position: int, cell: PaperCell, clause: Clause) -> None:
        if clause.asked_for and self._player.ended is not None:
            return
        # What an answer makes of the test's own values is kept from it: points and figures are
        # those of these values, and so is what is left to later tests.
        verdict = self._ask(position, cell, clause)
        if verdict.undeclared:
            # Does the test hold with these changes, too, as it would beside the code?
            aside = self._ask_aside(position, cell, clause)
            whole = aside.played
            if verdict.played.error is not None and whole.error is None:
                names = ", ".join(place.partition(":")[0] for place in verdict.undeclared)
                text = f"The test holds only because {names} changes what it is given."
                whole = Played([error("ChangedArgument", text)])
                self.heard.notes.append(f"{label(cell, position)}: {text}")
            if whole.error is not None:
                verdict = replace(
                    verdict,
                    played=replace(whole, figures={}),
                    called=verdict.called or aside.called,
                    called_late=verdict.called_late or aside.called_late,
                )
        self.heard.played[position] = self._kept(verdict.played)
        assert cell.teacher is not None
        hidden = cell.teacher.has_hidden_tests
        if self._met_hidden is None:
            # A name that hidden lines have bound may be used later, in visible ones.
            self._met_before = self._hidden_ran and verdict.called
            if self._met_before or (hidden and verdict.called_late):
                self._met_hidden = position
                self._then = self._room_left, set(self._stopped), set(self._slow)
        self._hidden_ran |= hidden
        if verdict.lost == "timed out":
            self._slow |= {name for name, kind in clause.takes.items() if kind in LIVE}
        if verdict.lost is not None:
            self._replace_player(position, cell, verdict.lost)
        if self._judge is not None and self._judge.ended:
            self.heard.notes.append(f"{label(cell, position)} ended the process that judges it.")

    def _ask(self, position: int, cell: PaperCell, clause: Clause) -> Verdict:
        """Runs a test for its mark."""
        judge = self._judge
        if judge is None:
            judge = self._new_judge()
            for number in range(position):
                self._show(judge, number)
        elif judge.ended and not self._lost_track:
            self._player.end()
            self._lost_track = True
            with contextlib.suppress(Ended):
                self._lost_track = not self._again(position)
        if self._lost_track:
            text = "What earlier tests had left was lost, and they did not come to the same again."
            return Verdict(Played([error("NotTheSame", text)]))
        verdict = self._test(position, cell, clause)
        if self._judge is not None and not self._judge.ended:
            self._came_to[position] = _outcome(verdict.played)
        return verdict

    def _test(
        self, position: int, cell: PaperCell, clause: Clause, withhold: bool = True
    ) -> Verdict:
        assert cell.teacher is not None
        assert self._judge is not None
        visible, seconds = cell.teacher.early_lines, self._limit(position)
        return self._judge.test(cell.node.source, clause, visible, withhold, seconds)

    def _ask_aside(self, position: int, cell: PaperCell, clause: Clause) -> Verdict:
        """Runs a test with all changes, in processes of its own that leave nothing behind."""
        kept = self._player, self._judge
        try:
            self._again(position)
            return self._test(position, cell, clause, withhold=False)
        except Ended:
            text = "There was no process to run this test again."
            return Verdict(Played([error("Stopped", text)]))
        finally:
            for process, before in zip((self._player, self._judge), kept, strict=True):
                if process is not None and process is not before:
                    process.end()
            self._player, self._judge = kept

    def _new_judge(self) -> Judge:
        judge = self._judge = Judge(self._engine, self._room, self._for_judge)
        self._warm.append(self._room.warm)
        self._introduce()
        return judge

    def _show(self, judge: Judge, position: int) -> None:
        """Has a judge run a cell that it is to know, if it has not been forked from it."""
        teacher = self._cells[position].teacher
        if teacher is None or teacher.kind is Kind.TEST or teacher.kind.for_answer:
            return
        if not any(teacher is played for played in self._teachers[: len(self._room.played)]):
            judge.given(teacher.node.source)

    def _again(self, position: int) -> bool:
        """Plays all before a cell to a new player and a new judge; says whether it was the same.

        What a test leaves behind, be it a name or what it has put into a given list, is what it
        has held for only if it comes to what it came to: the learner's code can know that this is
        not the first time, and give something else.

        Raises:
            Ended: when there is no other player to be had.
        """
        self._player = self._new_player()
        judge = self._new_judge()
        same = True
        for number, cell in enumerate(self._cells[:position]):
            if time.monotonic() > self._until:
                self._player.end()
                return False
            clause = self._clause(cell)
            if clause is not None and number in self._came_to and not judge.ended:
                verdict = self._test(number, cell, clause)
                same = same and _outcome(verdict.played) == self._came_to[number]
                if verdict.lost is not None and not self._play_again(number):
                    return False
            self._replay(number)
            self._show(judge, number)
        return same and not judge.ended

    def _introduce(self) -> None:
        """Connects player and judge."""
        if self._judge is None or self._player.ended is not None:
            return
        introduce(self._player, self._judge)

    def _replace_player(self, position: int, cell: PaperCell, lost: str) -> None:
        """After a call that ended the player: a new one that has played the same cells."""
        how = {"timed out": "took too long", "used up": "asked for too much"}.get(
            lost, "ended its process"
        )
        note = f"{label(cell, position)}: the learner's code {how} when the test called it."
        if self._play_again(position):
            self.heard.notes.append(note)
        else:
            self._player.end()
            self.heard.notes.append(f"{note} The tests after it were not run.")

    def _play_again(self, position: int) -> bool:
        """Gives the cells before this one a new player, if there may be one more."""
        if time.monotonic() > self._until:
            return False
        self._player.end()
        try:
            self._player = self._new_player()
        except Ended:
            return False
        for number in range(position):
            self._replay(number)
        self._introduce()
        return True

    def _replay(self, position: int) -> None:
        """Plays to the player what it has met of a cell before, but for a test's calls."""
        cell, clause = self._cells[position], self._clause(self._cells[position])
        if clause is None:
            self._player.cell(cell.node.source, _is_given(cell), self._limit(position))
            return
        if clause.live is not None:
            self._player.wait_with(position)
        if clause.replay:
            self._player.cell(_visible_source(cell))

    def close(self) -> None:
        self._player.end()
        if self._judge is not None and not self._judge.ended:
            self._judge.end()


# Texts, since no number that is none is equal to itself.
_Outcome = tuple[bool, list[str], dict[str, str]]


def _outcome(played: Played) -> _Outcome:
    """What a mark hangs on: whether it failed, the number it gave, and its figures."""
    given = list(map(repr, played.numbers))
    figures = {name: repr(figure) for name, figure in played.figures.items()}
    return played.error is None, given, figures


def _ending_as(first: Played, again: Played) -> Played:
    """What a test has shown the second time, with the end of the first."""
    outputs = [output for output in again.outputs if output is not again.error]
    if first.error is not None:
        outputs.append(first.error)
    return replace(first, outputs=outputs)


def _is_given(cell: PaperCell) -> bool:
    """Whether what it defines is known to the judge, too."""
    teacher = cell.teacher
    return (
        teacher is not None
        and teacher.kind in (Kind.GIVEN, Kind.FREE)
        and teacher.node.source == cell.node.source
    )


def _visible_source(cell: PaperCell) -> str:
    assert cell.teacher is not None
    return cell.teacher.released


def label(cell: PaperCell, position: int) -> str:
    """What to call a cell in a note."""
    if cell.teacher is None:
        return f"An added cell (code cell {position + 1})"
    if cell.teacher.grade_id:
        return f"Cell {cell.teacher.grade_id}"
    return f"Code cell {position + 1}"
