"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]


def system_package_missing(package: str) -> NoReturn:
    """Skips the test; with COURSE_REQUIRE_SYSTEM=1, as in continuous integration, fails it."""
    message = f"the system package {package} is not installed"
    if os.environ.get("COURSE_REQUIRE_SYSTEM") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome that Playwright can drive."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    system_package_missing("chromium")


# Playwright can't be started twice at a time, and tests elsewhere start it themselves.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, for the tests of one file."""
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import start_chromium

    with sync_playwright() as playwright:
        browser = start_chromium(playwright, chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def firefox() -> str:
    """The path of a Firefox."""
    for name in ("firefox", "firefox-esr"):
        if path := shutil.which(name):
            return path
    system_package_missing("firefox-esr")


@pytest.fixture(scope="session")
def bubblewrap() -> str:
    """The path of the program that makes sandboxes: without it nothing is graded."""
    return shutil.which("bwrap") or system_package_missing("bubblewrap")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT
