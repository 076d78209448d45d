"""What people hand in so that a page, or who reads it, does what it should not."""

from __future__ import annotations

import base64
from typing import Any

CANARY = "http://canary.invalid/"
HACK = "hack()"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{HACK}"><script>{HACK}</script></svg>'

SCRIPT_64 = base64.b64encode(f"<script>{HACK}</script>".encode()).decode()
SVG_64 = base64.b64encode(SVG.encode()).decode()

HOSTILE_HTML = [
    f"<img src=x onerror='{HACK}'>",
    f"<script>{HACK}</script>",
    f"<scr<script>ipt>{HACK}</script>",
    f"<svg onload='{HACK}'></svg>",
    f"<math><mtext></mtext><mglyph><style><img src=x onerror='{HACK}'></style></mglyph></math>",
    f"<iframe srcdoc='<script>parent.{HACK}</script>'></iframe>",
    f"<iframe src='javascript:parent.{HACK}'></iframe>",
    f"<a class=click href='javascript:{HACK}'>a</a>",
    f"<a class=click href='&#106;ava&#10;script:{HACK}'>a</a>",
    f"<a class=click href='data:text/html,<script>{HACK}</script>'>a</a>",
    f"<form action='{CANARY}'><input autofocus onfocus='{HACK}'></form>",
    f"<details open ontoggle='{HACK}'>a</details>",
    f"<img src='{CANARY}pixel'>",
    f"<img srcset='{CANARY}pixel 1x'>",
    f"<p style='background:url({CANARY}style)'>a</p>",
    f"<style>@import '{CANARY}import'; body {{ display: none }}</style>",
    f"<link rel=stylesheet href='{CANARY}link'>",
    f"<video src='{CANARY}video' poster='{CANARY}poster'></video>",
    f"<object data='{CANARY}object'></object><embed src='{CANARY}embed'>",
    f"<base href='{CANARY}'><meta http-equiv=refresh content='0;url={CANARY}'>",
    "<div id=why-comment class='modal in' style='position:fixed;inset:0;z-index:9'>cover</div>",
    "</div></div></body><plaintext>",
]
HOSTILE_MARKDOWN = [
    *HOSTILE_HTML,
    f"[click](javascript:{HACK})",
    f"[click](<javascript:{HACK}>)",
    f"[click](< javascript:{HACK}>)",
    f"[click](&#106;avascript:{HACK})",
    f"[click](\n  JavaScript:{HACK})",
    f"[click]\n\n[click]: javascript:{HACK}",
    f"[click][b]\n\n[b]:\n  <javascript:{HACK}>",
    f"<javascript:{HACK}>",
    f"[click](data:text/html;base64,{SCRIPT_64})",
    f"![a]({CANARY}image)",
    f"![a][b]\n\n[b]: {CANARY}image",
    "![a](attachment:missing.png)",
    f"![a](data:image/svg+xml;base64,{SVG_64})",
    f"```mermaid\n</pre><img src=x onerror='{HACK}'>\n```",
    f"~~~ mermaid x\n</pre><img src=x onerror='{HACK}'>\n~~~",
    f"`` ` <img src=x onerror='{HACK}'> ``",
    f"$a<img src=x onerror='{HACK}'>b$",
    f"$$\\href{{javascript:{HACK}}}{{x}}$$",
    f"\\begin{{align}}<img src=x onerror='{HACK}'>\\end{{align}}",
    "<b>\n\n<table><tr><td>",
]


def much_to_read() -> list[Any]:
    """Of JSON 22 MB, within what is read, and a gigabyte once it is read.

    What a clerk may take comes on top of what it was forked with, and in a long run of tests that
    can be hundreds of megabytes that are free again: so this is many times its limit.
    """
    nested: list[Any] = []
    for _ in range(500):
        nested = [nested]
    return [nested] * 22_000
