"""Measures what each scheme costs lesson 13's language model: writes language_model.csv.

It runs the functions of course/13_large_language_models/lesson.py themselves: `python
data/make_language_model.py`, about ten minutes on one thread. Then enter its SHA-256 in
checksums.json and in README.md. The last digits depend on the CPU and on torch's version.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from authoring.source.definitions import definitions
from coursekit.stories import stories
from coursekit.train import set_seed
from coursekit.transformer import load_storyteller

HERE = Path(__file__).parent
LESSON = HERE.parent / "course" / "13_large_language_models" / "lesson.py"
TEST_SEED, DRAWS, GROUP = 1_000_002, range(5), 32


def lesson_functions() -> dict[str, Any]:
    """What the lesson defines: its imports and functions, and the planted network."""
    given = {"storyteller": load_storyteller(), "told": stories(400, TEST_SEED)}
    its = definitions(LESSON, given)
    # What extra() compares with.
    its["float_nats"], its["words"], _ = its["surprise"](its["storyteller"], its["told"])
    return its


def variants(its: dict[str, Any], network: nn.Module, draw: int) -> Iterator[tuple[Any, ...]]:
    """Name of the method, bits, and the network changed by it, for one draw of calibration."""
    plain, changed = its["plain"], its["changed"]
    seen = its["inputs_of"](network, stories(64, 100 + draw))
    for bits in (4, 3, 2):
        if draw == 0:  # it needs no calibration
            yield "plain", bits, changed(network, lambda _, w, b=bits: plain(w, b, GROUP))
        by_data = partial(its["gptq"], bits=bits, group=GROUP)
        yield "gptq", bits, changed(network, lambda name, w, f=by_data: f(w, seen[name]))
        yield "awq", bits, its["awq"](network, seen, bits, GROUP)


def main() -> None:
    """Measures all of them and writes the table."""
    set_seed(0)
    its = lesson_functions()
    planted = load_storyteller()
    s = torch.ones(128)
    s[17], s[90] = 32, 64
    for norm, layer, _ in its["readers"](planted):
        its["rescale"](norm, layer, s)
    rows = []
    for name, network in (("natural", its["storyteller"]), ("planted", planted)):
        for draw in DRAWS:
            for method, bits, model in variants(its, network, draw):
                nats, _, right = its["surprise"](model, its["told"])
                extra, low, high = its["extra"](nats)
                row = (name, method, bits, draw, *(round(x, 5) for x in (extra, low, high)))
                row = (*row, float(right.double().mean()))
                rows.append(row)
                print(*row, flush=True)
    columns = ["network", "method", "bits", "draw", "extra", "low", "high", "right"]
    pd.DataFrame(rows, columns=columns).to_csv(HERE / "language_model.csv", index=False)
    content = (HERE / "language_model.csv").read_bytes()
    print(len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
