"""The page on which a teacher marks texts, served to this machine alone.

    server = ReviewServer(review)
    server.url            # with the token, without which nobody gets in
    server.serve(told)    # until Ctrl-C

Who asks has to come by the address of this machine (no other name that leads here), with the token.
That stands behind the # of the address: no server, log or other page gets to see it, and no cookie
holds it, which all servers of this machine would get. The page without it shows nothing of anybody.
Texts are data of the page: nothing of them is run or rendered.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from typing import Any

import msgspec
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from grader.host.desk.reviewing import Change, Review
from grader.host.publish.pages import environment
from grader.protocol import decoders
from grader.protocol.errors import GraderError

LOOPBACK = "127.0.0.1"
# Bytes of a request: a group of a large class, with its comments.
MAX_REQUEST = 4_000_000


class ReviewServer:
    """Serves one review.

    Args:
        port: where to listen; 0 for any that is free.

    Raises:
        GraderError: when it can't listen there.
    """

    def __init__(self, review: Review, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(32)
        try:
            self._sockets = bind_sockets(port, LOOPBACK)
        except OSError as error:
            raise GraderError(
                f"Cannot listen on port {port}: {error.strerror}. Choose another with --port."
            ) from error
        self.port = self._sockets[0].getsockname()[1]
        shared = {"review": review, "token": self._token, "port": self.port}
        routes = [("/", _Page), ("/places", _Places), ("/texts", _Texts), ("/marks", _Marks)]
        self._app = Application(
            [(path, handler, shared) for path, handler in routes],
            default_handler_class=_Nothing,
            default_handler_args=shared,
            log_function=lambda handler: None,
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/#{self._token}"

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serves until the process is interrupted.

        Args:
            ready: called once it listens.
        """
        asyncio.run(self.run(ready))

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """The same in a loop that runs already, until its task is cancelled."""
        server = HTTPServer(self._app, max_body_size=MAX_REQUEST, max_buffer_size=MAX_REQUEST)
        server.add_sockets(self._sockets)
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            server.stop()
            await server.close_all_connections()


class _Handler(RequestHandler):
    """What all requests have to show, and what all answers say."""

    needs_token = True

    def initialize(self, review: Review, token: str, port: int) -> None:
        self.review = review
        self.token = token
        self.own = f"{LOOPBACK}:{port}"

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")

    def prepare(self) -> None:
        # Another name that leads here is a page elsewhere that wants to read this one.
        if self.request.host != self.own:
            self.refuse(403, f"This page is at {self.own} only.")
        elif self.needs_token and not self.has_token():
            self.refuse(403, "Open the address that `grader review` has printed.")

    def has_token(self) -> bool:
        shown = self.request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {self.token}".encode())

    def refuse(self, status: int, sentence: str) -> None:
        self.set_status(status)
        self.answer({"error": sentence})

    def answer(self, told: Any) -> None:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(msgspec.json.encode(told))

    def write_error(self, status_code: int, **options: Any) -> None:
        """Whatever fails is one sentence, and what was typed stays on the page."""
        kind, error, _ = options.get("exc_info", (None, None, None))
        if isinstance(error, GraderError):
            self.refuse(409, str(error))
        elif isinstance(error, (msgspec.MsgspecError, KeyError)):
            self.refuse(400, "That is nothing that this page asks: load it again.")
        else:
            named = f" ({kind.__name__})" if kind else ""
            self.refuse(status_code, f"This could not be done{named}: load the page again.")

    def log_exception(self, *args: Any) -> None:
        """It is told on the page."""


class _Page(_Handler):
    needs_token = False

    def get(self) -> None:
        nonce = secrets.token_urlsafe(16)
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; "
            "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        )
        self.finish(environment().get_template("review.html").render(nonce=nonce))


class _Places(_Handler):
    def get(self) -> None:
        counts = self.review.counts()
        self.answer(
            [
                {
                    "id": place.id,
                    "assignment": place.assignment.name,
                    "title": place.title,
                    "waiting": counts[place.id][0],
                    "texts": counts[place.id][1],
                }
                for place in self.review.places.values()
            ]
        )


class _Texts(_Handler):
    def get(self) -> None:
        self.answer(self.review.texts(self.get_query_argument("place")))


class _Marks(_Handler):
    def post(self) -> None:
        changes = decoders.from_json(list[Change]).decode(self.request.body)
        self.answer(self.review.save(changes))


class _Nothing(_Handler):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.refuse(404, "There is nothing here.")
