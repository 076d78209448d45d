"""How a learner's Jupyter reads notebooks: without widgets of a kernel that is gone, and with what
was done so far on the start page.

Of such widgets JupyterLab would say no more than “model not found”. What a widget shows where no
kernel runs stands in the notebook beside it, and is seen once the widget is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from coursekit.desk.start_page import fill_in, progress_in
from coursekit.desk.workspace import START

VIEW = "application/vnd.jupyter.widget-view+json"


class Contents(AsyncLargeFileManager):
    """Notebooks as files, read as the module says."""

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> dict[str, Any]:
        model: dict[str, Any] = await super().get(path, content, type, format, require_hash)
        if content and model["type"] == "notebook":
            leave_out(model["content"], await self._processes(path.strip("/")))
            if path.endswith(START):
                await asyncio.to_thread(self._bring_up_to_date, path, model["content"])
        return model

    def _bring_up_to_date(self, path: str, notebook: dict[str, Any]) -> None:
        """The start page with what the learner has done until now."""
        try:
            folder = Path(self._get_os_path(path)).parents[1]
            fill_in(notebook, progress_in(folder))
        except Exception:
            # Without it, the page is what it was when JupyterLab was started: it must open.
            self.log.exception("The start page could not be brought up to date.")

    async def _processes(self, path: str) -> set[int]:
        """The processes of the kernels that the notebook is open with."""
        server: Any = self.parent
        sessions = await server.session_manager.list_sessions()
        kernels = [one["kernel"]["id"] for one in sessions if one["path"].strip("/") == path]
        found = (server.kernel_manager.get_kernel(kernel).provisioner for kernel in kernels)
        return {one.pid for one in found if one is not None and one.pid is not None}


def leave_out(notebook: dict[str, Any], alive: Collection[int]) -> None:
    """Takes out widgets of ours whose kernel is none of these processes."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            processes = data.get(VIEW, {}).get("processes")
            if processes is not None and not set(processes) & set(alive):
                del data[VIEW]
