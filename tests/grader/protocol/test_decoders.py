"""Forms are read by several threads."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import make_dataclass

import msgspec

from grader.protocol import decoders

def form(depth):
    made = None
    for number in range(depth):
        fields = [("a", int), ("b", dict[str, list[int]])]
        if made is not None:
            fields += [("c", made | None, None), ("d", tuple[made, ...], ())]
        made = (make_dataclass if number % 2 else msgspec.defstruct)(f"Form{number}", fields)
    return made

sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(4) as threads:
    for _ in range(15):
        new = form(30)
        list(threads.map(lambda _: decoders.from_json(new).decode(b'{"a": 1, "b": {}}'), range(8)))
        new, sent = form(30), msgspec.msgpack.encode({"a": 1, "b": {}})
        list(threads.map(lambda _: decoders.from_msgpack(new).decode(sent), range(8)))
"""


def test_threads_may_read_a_form_for_the_first_time_at_once():
    run = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=100)
    assert (run.returncode, run.stderr) == (0, "")
