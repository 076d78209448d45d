"""A JupyterLab with copies of what a learner gets, and Chromium to drive it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from coursekit.desk.workspace import without_outputs
from tests.browser import site as site_
from tests.browser.lab import ROOT, Lab, serve, visit
from tests.conftest import system_package_missing


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the built notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "exercises", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    for path in (folder / "notebooks").glob("*.ipynb"):
        # So that what a test finds in the notebook was made while it ran.
        path.write_text(without_outputs(path), encoding="utf-8")
    shutil.copy2(ROOT / "nbgrader_config.py", folder)
    with serve(folder, tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """The page of one visit."""
    with visit(browser, lab) as page:
        yield page


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the site's pages."""
    if not (shutil.which("npm") and shutil.which("node")):
        system_package_missing("npm")
    base = tmp_path_factory.getbasetemp()
    return site_.made(base if worker_id == "master" else base.parent)


@pytest.fixture(scope="module")
def site(pages: Path) -> Iterator[str]:
    """Where the site is served."""
    with site_.served(pages) as address:
        yield address
