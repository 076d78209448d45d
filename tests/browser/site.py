"""The site on loopback, and somebody's browser that may speak to it alone."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page

from authoring.site import build
from authoring.source.sources import Sources
from tests.browser.lab import ROOT


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def made(folder: Path) -> Path:
    """The pages, made once for all that test them; that they are says that none has a fault."""
    with (folder / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pages = folder / "site" / "pages"
        if not (pages / "index.html").is_file():
            build.main(Sources.at(ROOT), folder / "site" / "sources", pages)
    return pages


@contextmanager
def served(pages: Path) -> Iterator[str]:
    """The address at which pages are served."""
    handler = partial(_Quiet, directory=str(pages))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def reader(browser: Browser, site: str, **options: object) -> Iterator[Page]:
    """A page of somebody's browser; a request to elsewhere, or an error, fails the test."""
    options = {"viewport": {"width": 1280, "height": 900}} | options
    context = browser.new_context(**options)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on(
        "request", lambda one: one.url.startswith((site, "data:", "blob:")) or wrong.append(one.url)
    )
    page.on("response", lambda one: one.ok or one.status == 304 or wrong.append(one.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        yield page
        assert wrong == []
    finally:
        context.close()
