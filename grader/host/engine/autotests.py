"""Fills in tests that nbgrader makes of a teacher's solution: AUTOTEST lines in a source notebook.

nbgrader's own preprocessor does it, with the course's autotests.yml. Where it would start a kernel
it gets a player here, so that what the notebook runs is shut in like everything else.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbgrader.preprocessors import InstantiateTests, instantiatetests

from grader.host.course.course import Course, files_below
from grader.host.engine.engine import Engine
from grader.host.engine.files import Files
from grader.host.engine.player_client import Player
from grader.host.engine.settings import EngineSettings
from grader.host.transcript import as_node
from grader.protocol.errors import GraderError
from grader.protocol.outputs import Stream

# Seconds that a piece of a teacher's notebook may take: nbgrader sets no limit.
_SECONDS = 600.0


def filler(shut_in: bool = True) -> Callable[[Course, Path, NotebookNode], NotebookNode]:
    """What a course fills tests in with (`Course.fill`); it remembers what it has made.

    Args:
        shut_in: as in `Engine`.
    """
    made: dict[tuple[Path, str], NotebookNode] = {}

    def fill(course: Course, path: Path, source: NotebookNode) -> NotebookNode:
        key = path, repr(source)
        if key not in made:
            made[key] = _filled(course, path, source, shut_in)
        return copy.deepcopy(made[key])

    return fill


def _filled(course: Course, path: Path, source: NotebookNode, shut_in: bool) -> NotebookNode:
    instance = InstantiateTests(config=course.config)
    said = _Said()
    instance.log = logging.Logger("nbgrader")
    instance.log.addHandler(said)
    # nbgrader looks there, and then where it was started: in the course's folder.
    beside = (path.parent / instance.autotest_filename).is_file()
    resources = {"metadata": {"path": str(path.parent if beside else course.root)}}
    files = {str(file.relative_to(path.parent)): file for file in files_below(path.parent)}
    with Engine(
        EngineSettings(
            (), _SECONDS, shut_in=shut_in, show=course.shown, many=False, hide=course.hidden
        )
    ) as engine:
        player = Player(engine, engine.rooms.importing(), Files(files), warm=False)
        kernel = _Kernel(player)
        try:
            with patch.object(instantiatetests, "start_new_kernel", lambda **_: (kernel, kernel)):
                filled, _ = instance.preprocess(copy.deepcopy(source), resources)
        except CellExecutionError as error:
            # Its own text is a traceback.
            raise GraderError(f"{error.ename}: {error.evalue}") from error
        except Exception as error:
            raise GraderError(said.last or f"{type(error).__name__}: {error}") from error
    made: NotebookNode = filled
    return made


class _Said(logging.Handler):
    """Keeps the last error that nbgrader has logged: what it raises then may say nothing."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.last = record.getMessage().strip()


class _Kernel:
    """What nbgrader takes for a kernel and its client."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def execute_interactive(self, code: str, output_hook: Callable[[dict[str, Any]], None]) -> None:
        played = self._player.cell(code)
        if played is None:
            raise RuntimeError("the notebook has ended its process")
        for output in played.outputs:
            if not isinstance(output, Stream):
                node = as_node(output)
                output_hook({"header": {"msg_type": node.output_type}, "content": node})

    def shutdown_kernel(self) -> None:
        self._player.end()
