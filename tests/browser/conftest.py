"""A JupyterLab on loopback, with copies of what a learner gets, and Chromium to drive it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "out" / "screenshots"

# Chromium must not look up anything by itself, and as root it runs without its own sandbox.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Lab:
    """A running server and the folder that it serves."""

    url: str
    folder: Path

    def tree(self, path: str) -> str:
        return f"{self.url}lab/tree/{path}?reset"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, on a copy of the built notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "exercises", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    for path in (folder / "notebooks").glob("*.ipynb"):
        _clear(path)
    shutil.copy2(ROOT / "nbgrader_config.py", folder)
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    # Here progress is kept, in the folder of the notebook: what a learner has.
    environment.pop("COURSE_PROGRESS", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    command += ["--IdentityProvider.token=", "--ServerApp.ip=127.0.0.1"]
    command += ["--LabApp.news_url="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield Lab(_url(server, home), folder)
    finally:
        server.terminate()
        server.wait(20)


def _clear(path: Path) -> None:
    """Without outputs, so that what a test finds in the notebook was made while it ran."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


def _url(server: subprocess.Popen[bytes], home: Path) -> str:
    for _ in range(240):
        for path in (home / "runtime").glob("jpserver-*.json"):
            return str(json.loads(path.read_text())["url"])
        if server.poll() is not None:
            break
        time.sleep(0.25)
    raise RuntimeError(f"JupyterLab did not start:\n{(home / 'log').read_text()}")


# Playwright can't be started twice at a time, and tests elsewhere start it themselves.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A page that may speak to the server on loopback only; anything else fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    outside: list[str] = []

    def note(request: Request) -> None:
        here = (lab.url, lab.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(here):
            outside.append(request.url)

    page.on("request", note)
    yield page
    context.close()
    assert outside == [], "requests left the machine"
