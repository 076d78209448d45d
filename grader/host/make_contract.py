"""Makes a notebook's contract: runs the teacher's own solution, beside the tests and apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import nbformat
from nbgrader.utils import determine_grade

from grader.host.asking import complains, measured
from grader.host.contract import Clause, Contract
from grader.host.course.assignment import Kind, TeacherCell, TeacherNotebook
from grader.host.engine.child import Ended
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.judge_client import Judge, Way
from grader.host.engine.modules import imported
from grader.host.engine.player_client import Player, play_cells
from grader.host.intake.notebook import LearnerCell
from grader.host.intake.paper import put_together
from grader.host.session.hear import hear
from grader.host.session.script import opening, opening_cells
from grader.host.session.stage import introduce
from grader.host.transcript import Heard, Played, as_node
from grader.protocol.names import (
    Names,
    imports_of_cell,
    left_by_cell,
    names_of_cell,
    read_in_functions,
)
from grader.protocol.orders import Discovered
from grader.protocol.outputs import Error
from grader.protocol.terms import DRAWS, Terms
from grader.protocol.values import CannotCross

_LATE = "apart from the code it took more than it may"


def make_contract(
    notebook: TeacherNotebook, engine: Engine, files: Files, for_judge: Files
) -> Contract:
    """The contract of a notebook.

    Args:
        files: released beside it.
        for_judge: these, and those that only tests read.

    Raises:
        GraderError: when there can be no player or judge.
    """
    code = notebook.code
    names = [names_of_cell(cell.original) for cell in code]
    bequeathing = _bequeathing(code, names)
    modules = imported(cell.original for cell in code)
    count = opening(notebook)
    # The warm process ends with the thread that starts it, and one of these is short-lived.
    engine.rooms.start()
    # Two things at a time: what takes longest is the solution with its tests apart from it.
    with ThreadPoolExecutor(1, "beside") as pool:
        beside = _beside(pool, engine, [_solved(cell) for cell in code], for_judge, modules)
        untouched = pool.submit(_untouched, code, engine, files, modules)
        discovery = _Discovery(notebook, engine, files, for_judge, count, modules)
        tests = {}
        try:
            for position, cell in enumerate(code):
                if cell.kind is not Kind.TEST:
                    discovery.play(position, cell)
                    continue
                own, bound = _own(code, names, position), _bound(code, names, position)
                ways = _ways(code, names, position, files)
                clause = discovery.discover(cell, own, bound, ways, beside[position])
                replay = _is_read_later(code, names, position)
                alone = beside[position].result()
                failed = _told(alone.error) if clause.broken and alone and alone.error else ""
                cause = (
                    _cause(code, names, position)
                    if clause.live
                    else measured(code, names, position, clause)
                )
                clause = replace(
                    clause,
                    replay=replay,
                    failed=failed,
                    live=cause or clause.live,
                    complains=complains(code, names, position, alone),
                )
                tests[str(cell.grade_id)] = clause
                discovery.leave(cell, clause, str(cell.grade_id) in bequeathing)
        finally:
            discovery.close()
    # A library may do something once, for whichever test is the first.
    judged = [clause.terms for clause in tests.values() if clause.live is None]
    acts = frozenset().union(*(terms.acts for terms in judged))
    for terms in judged:
        terms.acts = set(acts)
    played = {place: one for place, told in enumerate(beside) if (one := told.result()) is not None}
    seconds = {
        str(code[place].grade_id): round(one.seconds, 2)
        for place, one in played.items()
        if code[place].grade_id
    }
    contract = Contract(tests, count, bequeathing, modules, untouched.result(), seconds)
    scores = {place: _score(code[place], one) for place, one in played.items()}
    return _tried(contract, notebook, scores, engine, files, for_judge, discovery.unread)


def _beside(
    pool: Executor,
    engine: Engine,
    cells: Sequence[str],
    files: Files,
    modules: Sequence[str],
) -> Sequence[Future[Played | None]]:
    """The solution with its tests beside it, as nbgrader runs it, while something else goes on.

    Returns:
        What comes of each cell; None for those that never ran.
    """
    told: list[Future[Played | None]] = [Future() for _ in cells]

    def play() -> None:
        try:
            play_cells(
                engine, cells, files, modules, lambda place, one: told[place].set_result(one)
            )
        except Exception as error:
            for future in told:
                if not future.done():
                    future.set_exception(error)
        for future in told:
            if not future.done():
                future.set_result(None)

    pool.submit(play)
    return told


def _tried(
    contract: Contract,
    notebook: TeacherNotebook,
    wanted: Mapping[int, float | None],
    engine: Engine,
    files: Files,
    for_judge: Files,
    unread: Sequence[Terms],
) -> Contract:
    """The contract without what does not hold where the solution is graded like a submission.

    Args:
        unread: terms of tests that have written files of which the solution has read none. They
            go to nobody, unless it needs that they are there.
    """
    for terms in unread:
        terms.files = False
    solved = [
        LearnerCell(cell.node.cell_type, _solved(cell), cell.node.get("id"), cell.grade_id)
        for cell in notebook.cells
    ]
    paper = put_together(notebook, solved)
    tests = dict(contract.tests)
    positions = {
        str(cell.grade_id): position
        for position, cell in enumerate(notebook.code)
        if cell.kind is Kind.TEST
    }

    def heard_with(contract: Contract) -> tuple[Heard, list[str]]:
        """Also the tests that give the solution other points."""
        heard = hear(paper, contract, engine, files, files, for_judge)
        return heard, [
            grade_id
            for grade_id, position in positions.items()
            # Where the solution itself gets no points there is nothing to compare with.
            if tests[grade_id].broken is None
            and _score(notebook.code[position], heard.played.get(position)) != wanted.get(position)
        ]

    while True:
        contract = replace(contract, tests=tests)
        heard, differs = heard_with(contract)
        apart = [grade_id for grade_id in differs if tests[grade_id].live is None]
        if not apart:
            break
        if unread:
            for terms in unread:
                terms.files = True
            unread = ()
            continue
        # Later ones may only miss what this one binds.
        played = heard.played.get(positions[apart[0]])
        late = played is not None and played.interrupted
        why = _LATE if late else "apart from the code it gives the solution other points"
        tests[apart[0]] = replace(tests[apart[0]], live=why, slow=late)
    if differs:
        # What one test changes another may read, as in `account.deposit(5)`: with all of them
        # before it, as beside the code, more may hold.
        live = {name for name, clause in tests.items() if clause.live is not None}
        wider = replace(contract, bequeathing=contract.bequeathing | live)
        _, missed = heard_with(wider)
        if set(missed) < set(differs):
            contract, differs = wider, missed
    for grade_id in differs:
        tests[grade_id] = replace(tests[grade_id], suggests=False)
    return replace(contract, tests=tests)


def _untouched(
    code: list[TeacherCell], engine: Engine, files: Files, modules: Sequence[str]
) -> dict[int, Played]:
    sources = [cell.released if cell.kind.for_answer else cell.node.source for cell in code]
    # What tests say is not asked for, and may be long in coming.
    shown = ["" if cell.kind is Kind.TEST else s for cell, s in zip(code, sources, strict=True)]
    played = play_cells(engine, shown, files, modules).played
    return {
        position: played[position]
        for position, cell in enumerate(code)
        if cell.kind.for_answer and position in played and played[position].error is not None
    }


def _solved(cell: TeacherCell) -> str:
    return cell.original if cell.kind.for_answer else str(cell.node.source)


# What may make a class that is derived from one of Python's own.
_DERIVES = re.compile(r"^\s*class\s+\w+\s*\(|namedtuple|Enum", re.MULTILINE)


def _ways(code: list[TeacherCell], names: list[Names], position: int, files: Files) -> list[Way]:
    """In which ways to try a test apart from the solution: the narrowest first."""
    answers = [
        (cell, known) for cell, known in zip(code, names, strict=True) if cell.kind.for_answer
    ]
    imported: dict[str, str] = {}
    for cell, _ in answers:
        imported.update(imports_of_cell(cell.original))
    everything = tuple(imported.pop(name) for name in sorted(imported) if name.startswith("*"))
    source = str(code[position].node.source)
    # Only a test that seeds can need that the solution goes on with its random numbers.
    narrow = [
        Way(imported, everything, random)
        for random in ((True, False) if "seed" in source else (False,))
    ]
    # A test may bind `input` for them, too.
    read = (read_in_functions(cell.original) for cell, _ in answers)
    used = frozenset().union(*(known.used | known.bound for _, known in answers), *read)
    sets = tuple(sorted(names[position].bound & used))
    exact = any(_DERIVES.search(cell.original) for cell, _ in answers)
    wider = (
        [(False, sets)] * bool(sets)
        + [(True, ())] * exact
        + [(True, sets)] * (exact and bool(sets))
    )
    ways = narrow + [replace(way, exact=one, sets=other) for one, other in wider for way in narrow]
    # Last, so that what a test lends opens files only where the solution needs it.
    ways += [replace(way, opens=True) for way in (ways[0], *ways[1:][-1:])]
    has_modules = any(path.endswith(".py") for path in files.paths)
    return ways + [replace(way, filed=True) for way in narrow] * has_modules


def _cause(code: list[TeacherCell], names: list[Names], position: int) -> str | None:
    """Why nothing can be told of a test where the solution itself reads what tests define."""
    by_tests: set[str] = set()
    by_others: set[str] = set()
    read: set[str] = set()
    for cell, known in zip(code[:position], names[:position], strict=True):
        if cell.kind is Kind.TEST:
            by_tests |= known.bound - names_of_cell(cell.released).bound
        else:
            read |= known.used & by_tests - by_others
            by_others |= known.bound
    missing = sorted(read - by_others)
    if not missing:
        return None
    return f"the solution reads {', '.join(missing)}, which only a hidden test defines"


def _own(code: list[TeacherCell], names: list[Names], position: int) -> list[str]:
    """Names that an earlier test was the last to bind."""
    last: dict[str, Kind] = {}
    for cell, known in zip(code[:position], names[:position], strict=True):
        last.update(dict.fromkeys(known.bound, cell.kind))
    return sorted(name for name, kind in last.items() if kind is Kind.TEST)


def _bound(code: list[TeacherCell], names: list[Names], position: int) -> list[str]:
    """Names that answers before this cell bind."""
    before = zip(code[:position], names[:position], strict=True)
    answers = (known.bound for cell, known in before if cell.kind.for_answer)
    return sorted(frozenset().union(*answers))


def _is_read_later(code: list[TeacherCell], names: list[Names], position: int) -> bool:
    """Whether a cell that is no test reads what only this test binds."""
    visible = names_of_cell(code[position].released).bound
    for earlier, known in zip(code[:position], names[:position], strict=True):
        if earlier.kind is not Kind.TEST:
            visible -= known.bound
    for later, known in zip(code[position + 1 :], names[position + 1 :], strict=True):
        if later.kind is not Kind.TEST:
            if visible & (known.read | known.updated):
                return True
            visible -= known.bound
    return False


def _bequeathing(code: list[TeacherCell], names: list[Names]) -> frozenset[str]:
    """Tests that bind what a later test reads."""
    tests = [
        (str(cell.grade_id), known)
        for cell, known in zip(code, names, strict=True)
        if cell.kind is Kind.TEST
    ]
    return frozenset(
        grade_id
        for number, (grade_id, known) in enumerate(tests)
        if any(known.bound & (later.read | later.updated) for _, later in tests[number + 1 :])
    )


def _score(cell: TeacherCell, played: Played | None) -> float | None:
    """What nbgrader would give for a test; None for nothing that it could say."""
    if played is None:
        return None
    node = nbformat.from_dict(cell.node)
    node.outputs = [
        as_node(output) for output in played.outputs if getattr(output, "name", "") != "stderr"
    ]
    try:
        score, _ = determine_grade(node)
    except (KeyError, ValueError):
        return None
    return None if score is None else float(score)


class _Discovery:
    """Player and judge of the teacher's solution."""

    def __init__(
        self,
        notebook: TeacherNotebook,
        engine: Engine,
        files: Files,
        for_judge: Files,
        count: int,
        modules: tuple[str, ...],
    ) -> None:
        self._engine = engine
        self._files = files
        self._for_judge = for_judge
        self._opening = opening_cells(notebook, count)
        self._modules = modules
        self._room = engine.rooms.room(self._opening, files, self._modules)
        self._warm = len(self._room.played) == count
        # What to do again where both begin again.
        self._history: list[Callable[[], object]] = []
        # Terms of tests that have written files of which the solution has read none.
        self.unread: list[Terms] = []
        # What tests look at and the solution has changed in its own process alone.
        self._unseen: set[str] = set()
        # Names that answers since the last given cell have left.
        self._fresh: frozenset[str] = frozenset()
        self._declared = _declared(notebook)
        self._set_up()

    def _set_up(self) -> None:
        room = self._room if self._warm else self._engine.rooms.importing(self._modules)
        self.player = Player(self._engine, room, self._files, self._warm)
        self._judge = Judge(self._engine, self._room, self._for_judge)
        introduce(self.player, self._judge)
        # It is to note how things stand before any test.
        self._judge.given("", ())

    def play(self, position: int, cell: TeacherCell) -> None:
        if cell.kind.for_answer:
            self._fresh |= left_by_cell(cell.original)
            fresh = []
        else:
            fresh, self._fresh = sorted(self._fresh), frozenset()
        self._history.append(lambda: self._play(position, cell, fresh))
        self._play(position, cell, fresh)

    def leave(self, cell: TeacherCell, clause: Clause, bequeaths: bool) -> None:
        """Leaves behind what a test binds: its visible part for cells, all of it for tests."""
        if clause.replay:
            self._history.append(lambda: self.player.cell(cell.released))
            self.player.cell(cell.released)
        if bequeaths and clause.live is None:
            source = str(cell.node.source)
            self._history.append(lambda: self._judge.test(source, clause, frozenset()))

    def _play(self, position: int, cell: TeacherCell, fresh: Sequence[str]) -> None:
        self.player.cell(_solved(cell), cell.kind in (Kind.GIVEN, Kind.FREE))
        if not cell.kind.for_answer and position >= len(self._room.played):
            self._judge.given(cell.node.source, fresh)

    def discover(
        self,
        cell: TeacherCell,
        own: list[str],
        bound: list[str],
        ways: Sequence[Way],
        beside: Future[Played | None],
    ) -> Clause:
        """The clause of a test.

        Args:
            ways: in which it may be tried.
            beside: what comes of it beside the solution.
        """
        source = str(cell.node.source)
        if unseen := self._unseen_in(source, own):
            return Clause(live=_not_seen(unseen), broken=_broken(cell, beside.result()))
        # Why it can't be judged apart, and whether that is because time was up.
        reasons: list[tuple[str, bool]] = []
        for way in ways:
            if way.sets or way.exact or way.filed:
                # What the test has made of the solution so far is not to count.
                self._begin_again()
            try:
                played, discovered = self._judge.discover(source, self._declared, own, bound, way)
            except Ended as ended:
                reasons.append((f"apart from the code the test {ended}", ended.slow))
                self._begin_again()
                continue
            if discovered.lost is not None:
                reasons.append(("apart from the code it ends the solution's process", False))
                self._begin_again()
                continue
            if discovered.unseen:
                self._unseen |= {*discovered.unseen}
                why = _not_seen(discovered.unseen)
                return Clause(live=why, broken=_broken(cell, beside.result()))
            if DRAWS in discovered.terms.methods:
                why = "it lends something to draw on, and there are many ways to draw the same"
                return Clause(live=why, broken=_broken(cell, beside.result()))
            if _score(cell, played) == _score(cell, beside.result()):
                if discovered.unread:
                    self.unread.append(discovered.terms)
                return _clause(played, discovered, _broken(cell, beside.result()))
            reasons.append((_reason(played, discovered), played.interrupted))
        live, slow = reasons[0]
        return Clause(live=live, slow=slow, broken=_broken(cell, beside.result()))

    def _unseen_in(self, source: str, own: list[str]) -> list[str]:
        """What a test reads of what an earlier one has looked at so."""
        read = names_of_cell(source).read.intersection(own)
        return [
            place
            for place in sorted(self._unseen)
            if (re.search(rf"\b{re.escape(place)}\b", source) if "." in place else place in read)
        ]

    def _begin_again(self) -> None:
        self.close()
        self._set_up()
        for step in self._history:
            step()

    def close(self) -> None:
        self.player.end()
        self._judge.end()


def _not_seen(places: Sequence[str]) -> str:
    return f"it looks at {', '.join(places)}, which answers change in their own process"


def _clause(played: Played, discovered: Discovered, broken: str | None) -> Clause:
    return Clause(
        discovered.takes,
        discovered.terms,
        undeclared=discovered.undeclared,
        broken=broken,
        library=discovered.library,
        counts=bool(played.numbers),
    )


def _broken(cell: TeacherCell, beside: Played | None) -> str | None:
    score = _score(cell, beside)
    if score is not None and score >= cell.points:
        return None
    return "it gives no points to the teacher's own solution"


def _told(failure: Error) -> str:
    """An error in a line. What crosses is no word of the teacher's."""
    kind = "Exception" if failure.ename == CannotCross.__name__ else failure.ename
    said = failure.evalue.strip().splitlines()
    return f"{kind}: {said[0]}" if said else kind


def _reason(played: Played, discovered: Discovered) -> str:
    for name, why in discovered.unfit.items():
        return f"its answer {name} is {why}"
    if played.interrupted:
        return _LATE
    failure = played.error
    if failure is None:
        return "apart from the code it gives another result"
    return f"apart from the code it ends with {_told(failure)}"


def _declared(notebook: TeacherNotebook) -> list[str] | None:
    """The answers that the course's own metadata names; None where there is none."""
    marked = [cell.node.metadata.get("course", {}) for cell in notebook.cells]
    if not any("answers" in course for course in marked):
        return None
    return sorted({str(name) for course in marked for name in course.get("answers", ())})
