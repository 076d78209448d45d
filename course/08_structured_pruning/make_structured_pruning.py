"""Measures criteria for removing channels, for lesson 08: writes structured_pruning.csv.

`python course/08_structured_pruning/make_structured_pruning.py`, about fifteen minutes on one
thread. The numbers depend a little on the CPU and on torch's version.
"""

import copy
from pathlib import Path
from typing import Any

import pandas as pd
from torch.nn.utils import prune

from coursekit.lesson_08 import removal
from coursekit.nets.data import enter_checksum
from coursekit.nets.measure import accuracy, count_macs
from coursekit.nets.train import set_seed

DATA = Path(__file__).parents[2] / "data"
SEEDS = range(5)
SHARES = (0.25, 0.5, 0.75)
# A criterion that is chance is drawn more than once.
DRAWS = {"random": 3}


def measure(seed: int) -> list[dict[str, Any]]:
    """All rows of one seed. Accuracies are on the 2,000 validation images."""
    train, validation = removal.fashion_parts()
    batch = train[0][:1000], train[1][:1000]
    net = removal.train_cnn(seed)
    dense = accuracy(net, *validation)
    rows: list[dict[str, Any]] = []

    def note(
        what: str, share: float, model: Any, before: float | None, anew: float | None = None
    ) -> None:
        rows.append(
            {
                "seed": seed,
                "what": what,
                "share": share,
                "macs": count_macs(model, train[0][:1]),
                "before": before,
                "recalibrated": anew,
                "after": accuracy(model, *validation),
            }
        )
        print(rows[-1], flush=True)

    def tune(what: str, share: float, model: Any, anew: float | None = None) -> None:
        before = accuracy(model, *validation)
        note(what, share, removal.fine_tuned(model, seed), before, anew)

    for share in SHARES:
        for criterion in removal.CRITERIA:
            for draw in range(DRAWS.get(criterion, 1)):
                # Not a seed that drew weights: “random” must be chance.
                set_seed(100 + seed + 1000 * draw)
                pruned = removal.prune_convolutions(net, criterion, share, batch)
                anew = accuracy(removal.recalibrated(pruned, batch[0]), *validation)
                tune(criterion, share, pruned, anew)
        widths = [count - round(share * count) for count in (16, 32)]
        for epochs in (2, 6):
            small = removal.train_cnn(200 + seed, *widths, epochs=epochs)
            note(f"small, {epochs} epochs", share, small, None)
    masked = copy.deepcopy(net)
    for place in (4, 9):
        layer = masked[place]
        prune.custom_from_mask(layer, "weight", removal.mask_2_of_4(layer.weight))
    tune("2:4", 0.5, masked)
    control = copy.deepcopy(net)
    removal.fine_tuned(control, seed)
    note("dense control", 0.0, control, dense)
    return rows


if __name__ == "__main__":
    table = pd.DataFrame([row for seed in SEEDS for row in measure(seed)])
    path = DATA / "structured_pruning.csv"
    table.to_csv(path, index=False, lineterminator="\n")
    enter_checksum(path)
