"""A JupyterLab on loopback, and a Chromium that may speak to nobody else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, Playwright, Request, expect

from coursekit.desk.lab import environment as learners_environment

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "out" / "screenshots"
MINUTE = 60_000

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


@contextmanager
def serve(
    folder: Path,
    home: Path,
    *,
    for_teachers: bool = False,
    python: Path = Path(sys.executable),
) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it.

    Args:
        folder: what it serves.
        home: an empty folder for its settings and its log.
        for_teachers: with nbgrader's tools, as plain `jupyter lab` has them.
        python: in whose environment it runs.
    """
    environment = (dict(os.environ) if for_teachers else learners_environment()) | {
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    # Here progress is kept, in the folder of the notebook: what a learner has.
    environment.pop("COURSE_PROGRESS", None)
    command = [str(python), "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    command += ["--IdentityProvider.token=", "--ServerApp.ip=127.0.0.1"]
    command += ["--LabApp.news_url=", "--LabApp.expose_app_in_browser=True"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield Lab(_url(server, home), folder)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            # It does not end while a kernel is being started.
            server.kill()
            server.wait(20)


def _url(server: subprocess.Popen[bytes], home: Path) -> str:
    for _ in range(240):
        for path in (home / "runtime").glob("jpserver-*.json"):
            return str(json.loads(path.read_text())["url"])
        if server.poll() is not None:
            break
        time.sleep(0.25)
    raise RuntimeError(f"JupyterLab did not start:\n{(home / 'log').read_text()}")


def start_chromium(playwright: Playwright, program: str) -> Browser:
    """The browser; `program` is its path."""
    return playwright.chromium.launch(executable_path=program, args=CHROMIUM_OPTIONS)


@contextmanager
def visit(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A page that may speak to the server on loopback only; anything else fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    outside: list[str] = []

    def note(request: Request) -> None:
        # A picture in a cell is called attachment:name until JupyterLab has put it there.
        here = (lab.url, lab.url.replace("http", "ws", 1), "data:", "blob:", "attachment:")
        if not request.url.startswith(here):
            outside.append(request.url)

    page.on("request", note)
    yield page
    context.close()
    assert outside == [], f"requests left the machine: {outside}"


def show_notebook(page: Page, lab: Lab, path: Path) -> Locator:
    """Opens a notebook in a page that shows the Lab already, which takes half the time.

    Returns: the notebook, in front of those that were opened before.
    """
    inside = str(path.relative_to(lab.folder))
    page.wait_for_function("window.jupyterapp !== undefined", timeout=MINUTE)
    page.evaluate(
        """async path => {
          await window.jupyterapp.restored;
          window.jupyterapp.commands.execute("docmanager:open", { path });
        }""",
        inside,
    )
    tab = page.locator(f".lm-DockPanel-tabBar .lm-TabBar-tab[title*='{path.name}']")
    expect(tab).to_have_attribute("aria-selected", "true", timeout=MINUTE)
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def open_notebook(page: Page, lab: Lab, path: Path) -> None:
    """Opens a notebook of the served folder, and waits for its kernel."""
    page.goto(lab.tree(str(path.relative_to(lab.folder))))
    expect(page.locator(".jp-NotebookPanel-toolbar")).to_be_visible(timeout=MINUTE)
    wait_for_kernel(page)


def write_lesson(lab: Lab, name: str, cells: Sequence[str]) -> Path:
    """A lesson of these code cells, in a course folder and a progress file of its own."""
    course = lab.folder / f"course-{name}"
    (course / "exercises").mkdir(parents=True)
    path = course / "notebooks" / "07_unstructured_pruning.ipynb"
    path.parent.mkdir()
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
    return path


def wait_for_kernel(page: Page) -> None:
    """Until the status bar says so; before that, running a cell would ask for a kernel."""
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
        timeout=MINUTE
    )


def choose(page: Page, menu: str, command: str) -> None:
    """Takes a command of one of JupyterLab's menus."""
    page.locator(".lm-MenuBar-item", has_text=menu).first.click()
    page.locator(f".lm-Menu-item[data-command='{command}']").click()


def set_theme(page: Page, theme: str) -> None:
    """Another of JupyterLab's themes than the one that is on."""
    page.locator(".lm-MenuBar-item", has_text="Settings").first.click()
    page.locator(".lm-Menu-item[data-type=submenu]", has_text="Theme").first.hover()
    page.get_by_role("menuitem", name=theme, exact=True).click()
    is_light = str("Light" in theme).lower()
    body = page.locator(f"body[data-jp-theme-light='{is_light}']")
    expect(body).to_be_attached(timeout=MINUTE)


def save(page: Page) -> None:
    """Saves the notebook, and waits until its tab shows no unsaved change."""
    page.keyboard.press("Control+s")
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"), timeout=MINUTE)


def shoot(page: Page, name: str) -> None:
    """A screenshot, to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
