"""Measures what each scheme costs lesson 13's language model: writes language_model.csv.

It runs the functions of course/13_large_language_models/lesson.py themselves: `python
course/13_large_language_models/make_language_model.py`, about half an hour on one thread. Then enter its SHA-256 in
checksums.json and in README.md. The last digits depend on the CPU and on torch's version.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from authoring.source.definitions import definitions
from coursekit.lesson_13.runs import KINDS, Beside, matrices
from coursekit.lesson_13.stories import stories
from coursekit.nets.train import set_seed
from coursekit.lesson_13.transformer import Storyteller, load_storyteller

DATA = Path(__file__).parents[2] / "data"
LESSON = DATA.parent / "course" / "13_large_language_models" / "lesson.py"
TEST_SEED, DRAWS, GROUP = 1_000_002, range(5), 32
# All matrices, and those that a norm stands before: 7 of 12 weights, all that AWQ can treat here.
WHICH = {"all": KINDS, "behind a norm": ("qkv", "up")}


def lesson_functions() -> dict[str, Any]:
    """What the lesson defines: its imports and functions."""
    return definitions(LESSON)


def networks(its: dict[str, Any]) -> dict[str, Storyteller]:
    """The model as it was trained, and twice the same function with planted outliers."""
    planted, elsewhere = load_storyteller(), load_storyteller()
    s = torch.ones(128)
    s[17], s[90] = 32, 64
    for norm, layer, _ in its["readers"](planted):
        its["rescale"](norm, layer, s)
    for name, layer in matrices(elsewhere).items():
        if name.endswith("qkv"):  # values, which attention only averages
            layer.weight.data[256:] *= s[:, None]
            layer.bias.data[256:] *= s
        if name.endswith("out"):
            layer.weight.data /= s
    return {"natural": load_storyteller(), "planted": planted, "before out": elsewhere}


def variants(
    its: dict[str, Any], network: Storyteller, draw: int, only_all: bool = False
) -> Iterator[tuple[str, str, int, Storyteller]]:
    """Method, which matrices, bits, and the network changed so, for one draw of calibration."""
    plain, gptq, changed = its["plain"], its["gptq"], its["changed"]
    seen = its["inputs_of"](network, stories(64, 100 + draw))
    for (which, kinds), bits in product(WHICH.items(), (4, 3, 2)):
        if only_all and which != "all":
            continue
        if draw == 0:  # it needs no calibration
            rounded = changed(network, lambda _, w, b=bits: plain(w, b, GROUP), kinds)
            yield "plain", which, bits, rounded
        by_data = partial(gptq, bits=bits, group=GROUP)
        mended = changed(network, lambda name, w, f=by_data: f(w, seen[name]), kinds)
        yield "gptq", which, bits, mended
        yield "awq", which, bits, its["awq"](network, seen, bits, GROUP, kinds)


def main() -> None:
    """Measures all of them and writes the table."""
    set_seed(0)
    its = lesson_functions()
    beside = Beside(its["surprise"], load_storyteller(), stories(400, TEST_SEED))
    rows = []
    for name, network in networks(its).items():
        for draw in DRAWS:
            for method, which, bits, model in variants(its, network, draw, name == "before out"):
                nats, _, right = its["surprise"](model, beside.told)
                measured = (round(x, 5) for x in beside.extra(nats))
                share = float(right.double().mean())
                rows.append((name, method, which, bits, draw, *measured, share))
                print(*rows[-1], flush=True)
    columns = ["network", "method", "matrices", "bits", "draw", "extra", "low", "high", "right"]
    pd.DataFrame(rows, columns=columns).to_csv(DATA / "language_model.csv", index=False)
    content = (DATA / "language_model.csv").read_bytes()
    print(len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
