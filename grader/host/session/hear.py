"""Plays and judges a notebook.

Answers are taken when their test's turn comes. Whatever one side does to itself costs what needs
it: a player that ends loses the items not yet judged, a judge that ends loses that test; nothing
that was earned is lost.
"""

from __future__ import annotations

import re
from dataclasses import replace

from grader.host.contract import Clause, Contract
from grader.host.engine.child import Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.judge_client import Verdict
from grader.host.intake.paper import Paper
from grader.host.session.allowance import Allowance
from grader.host.session.script import Script
from grader.host.session.showing import Showing
from grader.host.session.stage import How, Stage
from grader.host.session.traces import Traces
from grader.host.transcript import Heard, Played, error
from grader.protocol.errors import NotSetUp
from grader.protocol.values import LIVE, CannotCross


def hear(
    paper: Paper,
    contract: Contract,
    engine: Engine,
    files: Files,
    released: Files,
    for_judge: Files | None = None,
) -> Heard:
    """What comes of a notebook.

    Args:
        files: of the learner's working folder.
        released: what every learner has.
        for_judge: of the judge's working folder, if that is not the same.

    Raises:
        GraderError: when there can be no player or judge.
        NotSetUp: when what these are forked from has ended meanwhile, twice.
        Ended: when one of them does not come up twice: its folder can't hold the files.
    """
    script = Script(paper, contract, {**released.paths, **(for_judge or released).paths})
    for is_last in (False, True):
        allowance = Allowance(script, engine.settings)
        try:
            stage = Stage(script, allowance, engine, files, released, for_judge or released)
            try:
                heard = _Session(script, allowance, stage).run()
            finally:
                stage.close()
        except Ended:
            if is_last:
                raise
            continue
        if not stage.lost_its_room:
            return heard
    # What others, too, were forked from, or for what another did: it was not its own doing, for all
    # that is known.
    raise NotSetUp(
        "The grader's own process ended while this was graded, or ended one of its processes for "
        "memory of another's, and once more when it was tried again."
    )


# Errors of the engine's with which a test ends early.
_STOPPED = "WrongKind", "Stopped", "ProcessEnded", CannotCross.__name__
# What a test draws may leave nothing for right answers, too: it draws so often again.
_TRIES = 3


class _Session:
    def __init__(self, script: Script, allowance: Allowance, stage: Stage) -> None:
        self._script = script
        self._allowance = allowance
        self._stage = stage
        self._showing = Showing(script)
        self._heard = Heard()
        # The cell at which no more was run.
        self._ended_at: int | None = None
        # Tests that may have held by something else than an answer, and what they have left.
        self._doubts: dict[int, Verdict] = {}
        self._left = Traces(script)
        # What tests have left of which answers have changed values that they should not, and these
        # answers: no other's tests have to do with it.
        self._changed = Traces(script)
        self._changers: set[str] = set()
        # By kind of what calls leave in their process, the tests that have made such calls.
        self._behind: dict[str, frozenset[int]] = {}
        # What was to be left by tests that were stopped, where nbgrader lets them go on.
        self._cut = Traces(script)

    def run(self) -> Heard:
        waiting: list[int] = []
        for position in range(len(self._script.cells)):
            if self._allowance.is_over:
                self._heard.notes.append(
                    f"All in all it took more than {self._allowance.seconds:g} s: nothing from "
                    f"{self._showing.label(position)} on was run."
                )
                self._ended_at = position
                break
            clause = self._script.clause(position)
            if clause is None:
                self._play(position)
            elif clause.live is not None:
                self._stage.player.wait_with(position)
                waiting.append(position)
            else:
                self._judge(position, clause)
            if clause is not None and clause.replay:
                self._stage.player.cell(self._script.visible(position))
        for position in waiting:
            self._judge_beside(position)
        self._showing.forget_where_it_ended(self._heard, self._ended_at)
        self._show()
        return self._heard

    def _play(self, position: int) -> None:
        """A cell that is no test."""
        player, notes = self._stage.player, self._heard.notes
        ended, met_hidden = player.ended, self._showing.met_hidden is not None
        given, seconds = self._script.is_given(position), self._allowance.limit(position)
        played = player.cell(self._script.source(position), given, seconds)
        if played is not None:
            self._heard.played[position] = self._allowance.kept(played)
            if played.interrupted:
                self._allowance.stopped.add(position)
            if played.interrupted and not met_hidden:
                notes.append(f"{self._script.label(position)} was stopped: its time was up.")
        if player.ended is not None and ended is None:
            # How it ended is the learner's choice, and may tell of a hidden test.
            how = "ended the process" if met_hidden else player.ended
            which = self._showing.label(position)
            notes.append(f"{which[0].upper()}{which[1:]} {how}; the cells after it were not run.")
            self._ended_at = position
        self._stage.tell_judge(position)
        if self._script.is_judged(position):
            for traces in (self._left, self._changed, self._cut):
                traces.leave(position, traces.behind(position))

    def _judge(self, position: int, clause: Clause) -> None:
        """A test, judged apart from the learner's code."""
        if clause.asked_for and self._stage.player.ended is not None:
            return
        # What an answer makes of the test's own values is kept from it: points and figures are
        # those of these values, and so is what is left to later tests.
        verdict = self._stage.ask(position, clause)
        verdict = self._without_what_was_cut(position, clause, verdict)
        changing = self._changed.behind(position)
        asked = changing if self._changers.issuperset(clause.takes) else frozenset()
        kinds = self._script.looks_at(position) & self._behind.keys()
        holds = verdict.played.error is None
        if verdict.undeclared or (holds and (verdict.left or asked or kinds)):
            verdict = self._with_changes(position, clause, verdict, asked, kinds)
        for kind in verdict.left_behind:
            self._behind[kind] = self._behind.get(kind, frozenset()) | {position}
        given_away: frozenset[str] = frozenset()
        if verdict.undeclared:
            changing, given_away = changing | {position}, self._script.hands_out(position)
            self._changers |= {re.split(r"\W", place)[0] for place in verdict.undeclared}
        self._changed.leave(position, changing, given_away)
        if verdict.rebound and verdict.played.error is None:
            verdict = self._with_names(position, clause, verdict)
        leans_on = self._left.behind(position)
        verdict = _in_doubt_like(verdict, [self._doubts[number] for number in leans_on])
        if _is_in_doubt(verdict):
            self._doubts[position] = verdict
            if verdict.played.error is None:
                verdict = self._with_something(position, clause, verdict, leans_on)
        in_doubt = leans_on | ({position} & self._doubts.keys())
        # It may change whatever it reads, by another name or in a library.
        more = self._script.hands_out(position) if in_doubt else frozenset()
        self._left.leave(position, in_doubt, more)
        self._heard.played[position] = self._allowance.kept(verdict.played)
        self._showing.note(position, verdict, self._allowance)
        if verdict.lost == "timed out":
            self._allowance.slow |= {name for name, kind in clause.takes.items() if kind in LIVE}
        label = self._script.label(position)
        if verdict.lost is not None:
            self._replace_player(position, label, verdict.lost)
        if self._stage.lost_its_judge:
            self._heard.notes.append(f"{label} ended the process that judges it.")

    def _without_what_was_cut(self, position: int, clause: Clause, verdict: Verdict) -> Verdict:
        """What counts: a test that asks nothing of the learner's, but looks at what another was to
        leave, doesn't hold if that was stopped. It would find that no error was noted there. What
        an answer had given it before is no note."""
        cut, failure = self._cut.behind(position), verdict.played.error
        but: frozenset[str] = frozenset()
        if failure is None and cut and not (clause.asked_for or clause.counts or verdict.called):
            text = "It looks at what an earlier test was to leave, and that was stopped."
            failure = error("NotTheSame", text)
            verdict = _decided(verdict, verdict, Played([failure]))
        elif failure is not None and failure.ename in _STOPPED:
            but = frozenset() if cut else self._script.made_of_answers(position)
            cut |= {position}
        self._cut.leave(position, cut, but=but)
        return verdict

    def _with_changes(
        self,
        position: int,
        clause: Clause,
        verdict: Verdict,
        changing: frozenset[int],
        kinds: frozenset[str],
    ) -> Verdict:
        """What counts: does the test hold, and give as many points, as beside the code? There it
        has what answers change and what their calls leave in their process, too.

        Args:
            changing: earlier tests in which answers have changed what it reads.
            kinds: of what calls leave, those that it asks for and earlier tests' calls have left.
        """
        whole_ones = changing.union(*(self._behind[kind] for kind in kinds))
        leaves = sorted(kinds.union(verdict.left))
        how = How(withhold=False, leaves=tuple(leaves))
        others = dict.fromkeys(whole_ones, how)
        aside, is_brief = self._stage.ask_briefly(position, clause, how, others)
        held = verdict.played.error is None
        if held and is_brief and not _holds_again(aside, verdict):
            # Maybe since the learner's own code has met fewer tests there.
            aside = self._stage.ask_aside(position, clause, how, others)
        if held and _holds_again(aside, verdict):
            return verdict
        whole = aside.played
        if not held and whole.error is None:
            names = ", ".join(place.partition(":")[0] for place in verdict.undeclared)
            why = f"{names} changes what it is given"
            whole = self._holds_only(position, "ChangedArgument", why)
        return _decided(verdict, aside, whole)

    def _with_names(self, position: int, clause: Clause, verdict: Verdict) -> Verdict:
        """What counts: does the test hold, too, where a name that it binds, and a function of the
        learner's reads, is that there, as beside the code? The function should ask for it."""
        aside = self._stage.ask_aside(position, clause, How(sets=True), {})
        return verdict if _holds_again(aside, verdict) else _decided(verdict, aside, aside.played)

    def _with_something(
        self, position: int, clause: Clause, verdict: Verdict, leans_on: frozenset[int]
    ) -> Verdict:
        """What counts where an answer has a list or an array without anything in it, and the
        solution nothing of the kind: NumPy finds it close to any number, and of what is in it all
        holds. Or it has a number that takes more for equal than is, or gives back what it was
        given, to which the test then does what was to be done. Does the test hold, too, with
        something in it, with a number of a wider type, or a very large one for `nan` and what is
        endless, and with a copy of what was given? The tests in doubt whose names it reads run so
        before it."""
        fills = How(fill=True)
        others = dict.fromkeys(leans_on, fills)
        for _ in range(_TRIES):
            aside = self._stage.ask_aside(position, clause, fills, others)
            whole = aside.played
            if _holds_again(aside, verdict):
                return verdict
            if not (leans_on or _is_in_doubt(aside)) or self._allowance.is_over:
                break
        if whole.error is not None and verdict.nothing:
            names = ", ".join(verdict.nothing).replace("()", "an argument")
            whole = self._holds_only(position, "NothingThere", f"{names} has nothing in it")
        elif whole.error is not None and not verdict.narrow:
            names = ", ".join(dict.fromkeys(re.split("[:!]", n)[0] for n in verdict.returned))
            why = f"{names} gives back the very object that was given, or is in another answer"
            whole = self._holds_only(position, "SameObject", why)
        elif whole.error is not None:
            why = (
                "a number or an array takes more for equal than is, by its type, as `nan` or as "
                "endless, or a layer changes what it is given, or gives nothing"
            )
            whole = self._holds_only(position, "NarrowNumber", why)
        return _decided(verdict, aside, whole)

    def _holds_only(self, position: int, name: str, why: str) -> Played:
        """What people see of a test that holds by something else than the answer, with a note."""
        text = f"The test holds only because {why}."
        self._heard.notes.append(f"{self._script.label(position)}: {text}")
        return Played([error(name, text)])

    def _replace_player(self, position: int, label: str, lost: str) -> None:
        """After a call that ended the player: a new one that has played the same cells."""
        how = {"timed out": "took too long", "used up": "asked for too much"}.get(
            lost, "ended its process"
        )
        note = f"{label}: the learner's code {how} when the test called it."
        if not self._stage.play_again(position):
            self._stage.player.end()
            note += " The tests after it were not run."
        self._heard.notes.append(note)

    def _judge_beside(self, position: int) -> None:
        """A test that runs beside the learner's code."""
        self._heard.beside.add(position)
        played = self._stage.player.run_beside(
            position,
            self._script.source(position),
            self._script.bequeathed(position),
            self._allowance.limit(position),
        )
        if played is not None:
            self._heard.played[position] = self._allowance.kept(played)

    def _show(self) -> None:
        """Replaces what could tell of hidden tests."""
        self._showing.untouched(self._heard)
        telling = self._showing.telling(self._heard)
        if not telling:
            return
        self._stage.player.end()
        player = self._stage.new_player()
        try:
            self._showing.show(self._heard, telling, player)
        finally:
            player.end()


def _is_in_doubt(verdict: Verdict) -> bool:
    """Whether a test may hold by something else than the answer."""
    return bool(verdict.nothing or verdict.narrow or verdict.returned)


def _in_doubt_like(verdict: Verdict, others: list[Verdict]) -> Verdict:
    """What a test came to, in doubt also where one of these is."""
    every = [verdict, *others]
    return replace(
        verdict,
        nothing=tuple(dict.fromkeys(name for one in every for name in one.nothing)),
        narrow=any(one.narrow for one in every),
        returned=tuple(dict.fromkeys(name for one in every for name in one.returned)),
    )


def _holds_again(aside: Verdict, first: Verdict) -> bool:
    """Whether a test holds, and gives all its points again. More than at first don't count."""
    points, before = sum(aside.played.numbers), sum(first.played.numbers)
    # Where that is no number it gave none.
    return aside.played.error is None and (points >= before or before != before)


def _decided(verdict: Verdict, aside: Verdict, played: Played) -> Verdict:
    """What a test came to, where another run of it decides: as `played`, without figures."""
    return replace(
        verdict,
        played=replace(played, figures={}),
        called=verdict.called or aside.called,
        called_late=verdict.called_late or aside.called_late,
    )
