"""Which contract a notebook has, and what a teacher must know of tests that can't be judged."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence

from grader.host import kept_contracts
from grader.host.contract import Clause, Contract, Trouble
from grader.host.course.assignment import Assignment, TeacherCell, TeacherNotebook
from grader.host.course.course import digest_of
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.make_contract import make_contract
from grader.host.marking import all_of

_log = logging.getLogger(__name__)


def get_contract(assignment: Assignment, name: str, engine: Engine) -> Contract:
    """The contract of a notebook, made once for each engine, or once and for all if it keeps them.

    Raises:
        GraderError: when the engine does not start.
    """

    def make() -> Contract:
        begun = time.monotonic()
        made = make_contract(
            assignment.notebooks[name],
            engine,
            Files(assignment.files),
            Files({**assignment.files, **assignment.for_tests}),
        )
        _log.info("The contract of %s was made in %.1f s.", name, time.monotonic() - begun)
        return made

    has = engine.settings

    def kept_or_made() -> Contract:
        if has.keep is None:
            return make()
        made_for = {
            "assignment": assignment.fingerprint,
            "notebook": name,
            "shown": digest_of(has.show),
            "limits": f"{has.timeout:g} s, {has.output_limit} bytes, {has.limits}",
            "sandbox": str(has.shut_in),
        }
        return kept_contracts.contract(has.keep, name, made_for, make, _log.warning)

    return engine.remember((assignment.fingerprint, name), kept_or_made)


def know(assignment: Assignment, name: str, engine: Engine, contract: Contract) -> None:
    """Tells an engine the contract of a notebook, made elsewhere."""
    engine.remember((assignment.fingerprint, name), lambda: contract)


# What to do about an error of the teacher's own solution.
_REMEDIES = {
    "ModuleNotFoundError": "install what is missing, or name it in c.Grader.show",
    "ImportError": "install what is missing, or name it in c.Grader.show",
    "FileNotFoundError": "release the file with the assignment, or name it in c.Grader.show",
}


def trouble_with(
    assignment: Assignment, engine: Engine, beside: Collection[str] = ()
) -> Trouble | None:
    """What to tell the teacher of tests that can't be judged, or not fully; None if there are none.

    Args:
        beside: as in `grade`.

    Raises:
        GraderError: when the engine does not start.
    """
    broken: dict[str, str] = {}
    live: dict[str, Clause] = {}
    for name, notebook in assignment.notebooks.items():
        counts = allowed(assignment, notebook, beside)
        for grade_id, clause in get_contract(assignment, name, engine).tests.items():
            called = assignment.called(name, grade_id)
            if clause.broken:
                broken[called] = clause.failed
            elif clause.live and grade_id not in counts:
                live[called] = clause
    said = [_told_of_broken(broken)] * bool(broken) + [_told_of_live(assignment, live)] * bool(live)
    return Trouble(" ".join(said), bool(broken)) if said else None


def _some(told: Sequence[str]) -> str:
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return f"{', '.join(told[:5])}{more}"


def _told_of_live(assignment: Assignment, live: Mapping[str, Clause]) -> str:
    told = [f"{name} ({clause.live})" for name, clause in live.items()]
    those = "that" if len(told) == 1 else "those"
    hint = f" --beside-all {assignment.name} takes what {those} gave beside the code."
    return (
        f"You mark what can't be judged apart from the learners' code: {_some(told)}."
        f"{hint if any(clause.suggests for clause in live.values()) else ''}"
    )


def _told_of_broken(broken: Mapping[str, str]) -> str:
    told = [f"{name} ({failed})" if failed else name for name, failed in broken.items()]
    kinds = {failed.partition(":")[0] for failed in broken.values()}
    known = [_REMEDIES[kind] for kind in sorted(kinds) if kind in _REMEDIES]
    remedy = known[0] if known else "mend the tests or the solution"
    mend = f"{remedy[0].upper()}{remedy[1:]}."
    return f"your own solution fails {_some(told)}: nobody gets these points. {mend}"


def allowed(assignment: Assignment, notebook: TeacherNotebook, beside: Collection[str]) -> set[str]:
    """The grade_ids that are named, themselves, by their item, or with their assignment."""
    return {
        str(cell.grade_id)
        for cell in notebook.cells
        if beside and {*names_for(assignment, notebook, cell), all_of(assignment.name)} & {*beside}
    }


def names_for(assignment: Assignment, notebook: TeacherNotebook, cell: TeacherCell) -> list[str]:
    """By what a teacher may name a cell: by itself or its item, of one notebook or of all."""
    own = [name for name in (cell.grade_id, cell.item) if name]
    return [*own, *(assignment.called(notebook.name, name) for name in own)]
