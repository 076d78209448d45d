"""The two ends of an exercise: from its first cell on what runs is followed, for its last to tell.

While somebody grades or validates it, neither does anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from coursekit.exercises.outcome import Outcome

if TYPE_CHECKING:
    from coursekit.learn.widgets.jupyter import Panel





class Follower:
    """Follows the cells of a kernel, and shortens what those of a blank item say.

    Attributes:
        outcomes: of the cells that ran, by their source.
    """

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        # The answer that ran last is still to be written: its tests can't find their names.
        self._is_blank = False

    def failed(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """IPython's handler of `NotImplementedError` and `NameError`."""
        text = self._why_blank(error)
        if text is None:
            shell.showtraceback((kind, error, traceback), tb_offset, running_compiled_code=True)
        else:
            shell._showtraceback(kind, error, [text])

    def ran(self, result: Any) -> None:
        """IPython's event after each cell."""
        source = str(result.info.raw_cell).strip()
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            self.outcomes[source] = Outcome("fine")
        elif (why := self._why_blank(error)) is not None:
            self.outcomes[source] = Outcome("blank", why)
            self._is_blank = True
            return
        else:
            told = str(error) if isinstance(error, AssertionError) else ""
            self.outcomes[source] = Outcome("failed", told or f"{type(error).__name__}: {error}")
        self._is_blank = False

    def _why_blank(self, error: BaseException) -> str | None:
        """What to say of an item that is not done; None if this is another error."""
        if not _is_of_the_cell(error):
            return None
        if type(error) is NotImplementedError and not error.args:
            return "Not done yet."
        if type(error) is NameError and self._is_blank:
            return f"Not done yet: the cell above is to define `{error.name}`."
        return None


def _is_of_the_cell(error: BaseException) -> bool:
    """Whether it was raised by a line of the cell itself, and not by a function that it calls."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_code.co_name == "<module>"


_follower: Follower | None = None


def begin_exercise() -> None:
    """Stands in an exercise's first cell: from here on, what is not done says so in a line."""
    global _follower
    shell = _shell()
    if shell is None or _follower is not None:
        return
    _follower = Follower()
    shell.set_custom_exc((NotImplementedError, NameError), _follower.failed)
    shell.events.register("post_run_cell", _follower.ran)


def end_exercise() -> Panel | None:
    """Stands in an exercise's last cell: what is still to do, and what to do about it."""
    if _shell() is None:
        return None
    from coursekit.exercises.ending import ending

    return ending(_follower.outcomes if _follower is not None else {})


def _shell() -> Any:
    """The kernel that a person sits before; None while the exercise is graded or validated."""
    if os.environ.get("NBGRADER_EXECUTION"):
        return None
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-untyped-call, unused-ignore]
