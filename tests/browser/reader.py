"""What somebody hears who has no screen, read from the page as a screen reader reads it.

What has the focus comes from Chromium's accessibility tree; what is announced, from live regions.
"""

from __future__ import annotations

import time

from playwright.sync_api import Page

# Each sentence that a live region of a widget got, in the order in which they came.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const region of new Set(changes.map(({ target }) => target))) {
      if (!region.matches?.(".fb [aria-live=polite], .fb [role=alert]")) continue;
      if (region.textContent) window.heard.push(region.textContent);
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""
# How much of what has the focus can be seen, in pixels, and of how much: as much as there is room
# for in what scrolls around it. A field may be taller than a small window.
IN_SIGHT = """() => {
  const node = document.activeElement;
  const box = node.getBoundingClientRect();
  let [top, bottom, room] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight), innerHeight];
  for (let at = node.parentElement; at !== document.body; at = at.parentElement) {
    if (getComputedStyle(at).overflowY === "visible") continue;
    const frame = at.getBoundingClientRect();
    [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    room = Math.min(room, frame.height);
  }
  return [bottom - top, Math.min(box.height, room / 2)];
}"""
PATIENCE = 15.0


class Reader:
    """Presses keys, and says what is heard."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._tree = page.context.new_cdp_session(page)
        self._tree.send("Accessibility.enable")
        page.evaluate(LISTEN)

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other.

        “→ x” is Tab until the focus is on a part whose key begins with x, and “← x” is Shift+Tab;
        “↓ x” is the arrow down until x is read.
        """
        for key in keys:
            match key.partition(" "):
                case "→", _, part:
                    self._go("Tab", part)
                case "←", _, part:
                    self._go("Shift+Tab", part)
                case "↓", _, words:
                    self._look("ArrowDown", words)
                case _:
                    self._page.keyboard.press(key)

    def _go(self, key: str, part: str) -> None:
        for _ in range(20):
            self._page.keyboard.press(key)
            if self.part.startswith(part):
                return
        raise AssertionError(f"{key} does not lead to {part}, but to {self.focus()}")

    def _look(self, key: str, words: str) -> None:
        for _ in range(20):
            self._page.keyboard.press(key)
            if words in self.focus():
                return
        raise AssertionError(f"{key} does not lead to {words!r}, but to {self.focus()}")

    @property
    def part(self) -> str:
        """The key of the part of a widget that has the focus; "" outside of one."""
        key: str = self._page.evaluate("document.activeElement.dataset.key ?? ''")
        return key

    def focus(self) -> str:
        """Role, name, state and description of what has the focus."""
        found = self._tree.send("Runtime.evaluate", {"expression": "document.activeElement"})
        [node] = self._tree.send(
            "Accessibility.getPartialAXTree",
            {"objectId": found["result"]["objectId"], "fetchRelatives": False},
        )["nodes"]
        states = [
            f"{one['name']}: {one['value']['value']}"
            for one in node.get("properties", [])
            if one["name"] in ("checked", "disabled", "expanded", "level", "pressed", "valuetext")
        ]
        said = {
            name: str(node[name].get("value", ""))
            for name in ("role", "name", "value", "description")
            if name in node
        }
        # What is no field has no name of its own: its text is read.
        if not said.get("name"):
            said["name"] = self._page.evaluate("document.activeElement.textContent")[:400]
        return " | ".join(one for one in [*said.values(), *states] if one)

    def heard(self) -> list[str]:
        """What was announced since this was asked last."""
        told: list[str] = self._page.evaluate("() => window.heard.splice(0)")
        return told

    def wait(self, parts: tuple[str, ...], said: str) -> str:
        """Until the focus is on one of the parts, in sight, and `said` was announced or read.

        Returns:
            What is wrong when that does not come; "" if it does.
        """
        told: list[str] = []
        wrong = ""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            told += self.heard()
            seen, wanted = self._page.evaluate(IN_SIGHT)
            if not self.part.startswith(parts):
                wrong = f"the focus is on {self.focus()}, not on {' or '.join(parts)}"
            elif said and not any(said in one for one in [*told, self.focus()]):
                wrong = f"announced was {told}, and {self.focus()}, without {said!r}"
            elif seen < wanted - 1:
                wrong = f"of {self.focus()} only {seen:.0f} pixels can be seen"
            else:
                return ""
            self._page.wait_for_timeout(50)
        return wrong
