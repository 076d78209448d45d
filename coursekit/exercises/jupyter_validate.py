"""What *Validate* in a learner's JupyterLab asks: a server extension in the place of nbgrader's.

nbgrader's runs the notebook within the server, which serves nobody meanwhile, and says what failed
by its traceback. This one has `coursekit.exercises.check` do it in a process of its own. The button and the
dialog stay nbgrader's, so the addresses and the form of the answer are.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from html import escape
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from coursekit.exercises.check import SIGNS

# Seconds for a whole exercise, in which many cells may each run into their own limit.
LIMIT = 300.0
# The dialog of nbgrader has a place for the source of one cell that failed and for HTML of what
# its error was. Only the second is used; the sentence and the box for the first are hidden.
STYLE = """\
<style>
#validation-message > div:not(:last-child) { display: none; }
#validation-message pre { border: 0; margin: 0; padding: 0; }
#validation-message ul { font: 14px/1.5 system-ui, sans-serif; list-style: none; margin: 0;
  max-width: 44rem; padding: 0; white-space: normal; }
#validation-message li { margin: 0 0 0.5em; padding-left: 1.6em; text-indent: -1.6em; }
#validation-message li span { display: inline-block; text-indent: 0; width: 1.6em; }
</style>
"""


class ValidateHandler(JupyterHandler):
    """Checks one notebook."""

    _process: asyncio.subprocess.Process | None = None

    @web.authenticated
    async def post(self) -> None:
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        path = (root / self.get_argument("path").lstrip("/")).resolve()
        if not path.is_relative_to(root):
            raise web.HTTPError(403, "That file is outside the folder that is served.")
        lines = await self._check(path)
        failed = [{"source": "", "error": STYLE + _html(lines)}]
        self.finish(json.dumps({"success": True, "value": {"failed": failed}}))

    async def _check(self, path: Path) -> list[str]:
        command = [sys.executable, "-m", "coursekit.exercises.check", "--json", str(path)]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            said, _ = await asyncio.wait_for(self._process.communicate(), LIMIT)
            told: dict[str, Any] = json.loads(said)
        except TimeoutError:
            return [f"✗ The check was given up after {LIMIT:g} s: which cell runs that long?"]
        except ValueError:
            return ["✗ The check did not work: run `python -m coursekit.exercises.check` to see why."]
        finally:
            self._stop()
        return [told["error"]] if "error" in told else list(told["lines"])

    def on_connection_close(self) -> None:
        """Nobody waits any more, as when the page is closed or loaded again."""
        self._stop()

    def _stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            # Its kernel ends with it: ipykernel looks after its parent.
            os.killpg(self._process.pid, signal.SIGKILL)


class VersionHandler(JupyterHandler):
    """Tells the button that the server fits it."""

    @web.authenticated
    def get(self) -> None:
        self.finish(json.dumps({"success": True}))


def _html(lines: list[str]) -> str:
    """A list, each line with its sign in front."""
    items = []
    for line in lines:
        sign, text = (line[:1], line[2:]) if line[:1] in SIGNS.values() else ("", line)
        items.append(f"<li><span>{escape(sign)}</span>{escape(text)}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "coursekit.exercises.jupyter_validate"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Jupyter's server calls it when it starts."""
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "/assignments/validate"), ValidateHandler),
            (url_path_join(base, "/nbgrader_version"), VersionHandler),
        ],
    )
