"""What a teacher may set in nbgrader_config.py, as `c.Grader.NAME = …`.

None of it is about one course or another; an option of the command line stands above it.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from traitlets import Bool, CaselessStrEnum, Dict, Float, Int, List, TraitError, Unicode, Union
from traitlets.config import Config, Configurable

from grader.protocol.errors import GraderError
from grader.protocol.limits import MIB, Limits

# For the time limit: as long as the teacher's solution lets expect.
AUTO = "auto"
# Seconds a cell or a test may take, as in nbgrader.
TIMEOUT = 30.0
# Characters of output kept of a cell.
OUTPUT_LIMIT = 4_000_000


class Grader(Configurable):
    """How a course is graded."""

    show = List(
        Unicode(), help="Files and folders that learners' code may read, from the course's folder."
    ).tag(config=True)
    preload = List(
        Unicode(), help="Modules to import once for all, beside those that assignments import."
    ).tag(config=True)
    timeout = Union(
        [Float(min=0.1), CaselessStrEnum([AUTO])],
        default_value=TIMEOUT,
        help="Seconds that a cell or a test may take, or auto.",
    ).tag(config=True)
    output_limit = Int(OUTPUT_LIMIT, min=1_000, help="Characters that are kept of a cell.").tag(
        config=True
    )
    memory = Int(Limits.memory // MIB, min=256, help="MiB that a submission may use.").tag(
        config=True
    )
    processes = Int(
        Limits.processes, min=1, help="Processes and threads that a submission may have."
    ).tag(config=True)
    workers = Int(
        None, allow_none=True, min=1, help="Submissions at the same time; one a core if not set."
    ).tag(config=True)
    db_url = Unicode(help="The gradebook; OUT/gradebook.db if not set.").tag(config=True)
    show_hidden_tests = Bool(
        False, help="Whether notebooks and feedback show the code of hidden tests."
    ).tag(config=True)
    timestamps = Bool(
        True, help="Whether a submission's timestamp.txt says when it was handed in."
    ).tag(config=True)
    beside = List(
        Unicode(), help="Items whose tests may run beside the learner's code, which can forge them."
    ).tag(config=True)
    beside_all = List(Unicode(), help="Assignments of which all tests may.").tag(config=True)
    leaderboards = Dict(key_trait=Unicode(), help="By assignment, what its leaderboard shows.").tag(
        config=True
    )
    ledger = Dict(key_trait=Unicode(), help="What is made smaller in several assignments.").tag(
        config=True
    )

    @property
    def limits(self) -> Limits:
        """Of each process that runs learners' code."""
        return Limits(memory=self.memory * MIB, processes=self.processes)


def read_settings(config: Config, path: Path) -> Grader:
    """The settings in a configuration.

    Args:
        path: where it stands, for messages.

    Raises:
        GraderError: when a name is none, or a value does not fit it.
    """
    known = list(Grader.class_trait_names(config=True))
    for name in config.get("Grader", {}):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"c.Grader.{near[0]} is meant" if near else f"there are {', '.join(known)}"
            raise GraderError(f"{path} sets c.Grader.{name}, which is no setting: {meant}.")
    try:
        return Grader(config=Config(Grader=config.get("Grader", {})))
    except TraitError as error:
        raise GraderError(f"{path} sets c.Grader wrongly: {str(error).rstrip('.')}.") from error
