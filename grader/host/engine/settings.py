"""How an engine runs learners' code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.host.engine.modules import PRELOAD
from grader.host.settings import OUTPUT_LIMIT, TIMEOUT
from grader.protocol.limits import Limits


@dataclass(frozen=True)
class EngineSettings:
    """What an engine is made with.

    Attributes:
        preload: modules to import before the first notebook; what is not installed is skipped.
        timeout: seconds a cell or a test may take.
        output_limit: characters of output kept of a cell.
        shut_in: whether to use the sandbox. Without one, learners' code can read, write and end
            whatever the teacher can.
        show: what of the course cells may read in the sandbox: path inside → file or folder. The
            folder /course is on Python's path.
        hide: files and folders that nobody is to read there, such as those of submissions, should
            they lie in what is seen.
        limits: for each child.
        keep: the folder in which contracts are kept from run to run; without, none is.
        follows_solution: whether a cell or test may take as long only as the solution lets expect
            (twenty times as long, and at least 15 s), where that is less than `timeout`.
        many: whether the warm process does at its start what makes each submission cheaper and
            takes more than a second: not worth while for a few.
        cores: on which submissions run, by number; without, each thread's have one of their own.
    """

    preload: Sequence[str] = PRELOAD
    timeout: float = TIMEOUT
    output_limit: int = OUTPUT_LIMIT
    shut_in: bool = True
    show: Mapping[str, Path] = field(default_factory=dict)
    hide: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)
    keep: Path | None = None
    follows_solution: bool = False
    many: bool = True
    cores: tuple[int, ...] | None = None

    def __str__(self) -> str:
        """What a mark may depend on."""
        auto = " auto" if self.follows_solution else ""
        # Who is not shut in may read the solutions.
        free = "" if self.shut_in else " no sandbox"
        return f"{self.timeout:g}{auto} {self.limits} {self.output_limit}{free}"
