"""A learning mode in a notebook, as a widget."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from coursekit.learn.widgets.panel import Exchange, Mode

if TYPE_CHECKING:
    from coursekit.learn.progress.store import Store

_FOLDER = Path(__file__).parent
_VIEW = "application/vnd.jupyter.widget-view+json"


class Panel(anywidget.AnyWidget):
    """Shows a mode, and passes on what the learner does; its arguments are those of `Exchange`."""

    _esm = _FOLDER / "front.js"
    _css = _FOLDER / "front.css"
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, mode: Mode, store: Store | None = None) -> None:
        self._exchange = Exchange(mode, store)
        super().__init__(view=self._exchange.view)
        self.on_msg(self._told)

    def _told(self, _: object, content: object, __: object) -> None:
        self._turn(self._exchange.told(content))

    def refresh(self) -> None:
        """Shows the mode as it is now; to be called where something else has changed it."""
        self._turn(self._exchange.turn())

    def _turn(self, download: tuple[str, str] | None) -> None:
        if download is not None:
            self.send({"download": download})
        self.view = self._exchange.view

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        if _VIEW in data:
            # Tells `coursekit.desk.contents` whether this kernel still runs. Where a launcher
            # stands between it and Jupyter's server, as on Windows, the server knows the parent.
            data[_VIEW] = data[_VIEW] | {"processes": [os.getpid(), os.getppid()]}
        still = self._exchange.mode.still()
        return {**data, "text/plain": self.view["title"], **still}, metadata
