"""A stock Firefox, driven by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/).

Playwright drives only a Firefox of its own.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import websocket

# Firefox must not look up anything by itself.
_SETTINGS = """\
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
"""
_PORT = "WebDriverBiDiServer.json"


class Firefox:
    """One tab of a Firefox."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._ask("session.new", capabilities={})
        [context] = self._ask("browsingContext.getTree")["contexts"]
        self._tab = context["context"]

    def go(self, address: str) -> None:
        """Opens a page, and waits until it is there."""
        self._ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def run(self, script: str) -> Any:
        """What a script gives: a text, a number or a truth."""
        answer = self._ask(
            "script.evaluate",
            expression=script,
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> Any:
        """What a script gives once that is true."""
        end = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < end, f"in {seconds} s it never was: {script}"
            time.sleep(0.1)
        return found

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer: dict[str, Any] = json.loads(self._connection.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])


@contextmanager
def started(program: str, profile: Path) -> Iterator[Firefox]:
    """Firefox with a new profile in an empty folder."""
    (profile / "user.js").write_text(_SETTINGS, encoding="utf-8")
    command = [program, "--headless", "--remote-debugging-port", "0", "--no-remote"]
    command += ["--profile", str(profile)]
    with (profile / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 60
        while not (profile / _PORT).is_file():
            assert process.poll() is None, (profile / "log").read_text()
            assert time.monotonic() < end, "Firefox did not start in a minute"
            time.sleep(0.1)
        said = json.loads((profile / _PORT).read_text())
        address = f"ws://{said['ws_host']}:{said['ws_port']}/session"
        connection = websocket.create_connection(address, timeout=120, suppress_origin=True)
        try:
            yield Firefox(connection)
        finally:
            connection.close()
    finally:
        process.terminate()
        process.wait(30)
