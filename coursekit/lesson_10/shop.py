"""What is on the shelf of lesson 10: every setting with its price, and what a budget buys."""

from __future__ import annotations

import pandas as pd

from coursekit.nets.data import load_results, load_tradeoffs
from coursekit.nets.evidence import verdict

SETTING = ["width", "structure", "share", "bits"]
COSTS = {"raw_bytes": "bytes as stored", "gzip_bytes": "bytes after gzip"}
PRUNED = {"none": "narrower", "weights": "weights pruned", "units": "units removed"}
STEPS = ("fixed", "again")


def shelf() -> pd.DataFrame:
    """One row per setting, means over its seeds.

    Returns:
        The columns of the setting; `kind`, as in “units removed, 4 bits”; `seeds`, the validation
        accuracy of each seed, an array of shape (5,); their mean, lowest and highest as `accuracy`,
        `low` and `high`; bytes, time and `units`, those of the first hidden layer.
    """
    table = load_tradeoffs().sort_values("seed", kind="stable")
    found = table.groupby(SETTING, sort=False).agg(
        accuracy=("validation", "mean"),
        low=("validation", "min"),
        high=("validation", "max"),
        raw_bytes=("raw_bytes", "mean"),
        gzip_bytes=("gzip_bytes", "mean"),
        latency=("latency", "mean"),
        units=("first", "first"),
        seeds=("validation", lambda seeds: seeds.to_numpy()),
        test=("test", lambda seeds: seeds.to_numpy()),
    )
    found = found.reset_index()
    found["kind"] = found.structure.map(PRUNED) + ", " + found.bits.astype(str) + " bits"
    return found


def best_of_kinds(models: pd.DataFrame, cost: str, budget: float) -> pd.DataFrame:
    """Of each kind the most accurate setting that the budget pays for, the best kind first."""
    fits = models[models[cost] <= budget]
    best = fits.loc[fits.groupby("kind").accuracy.idxmax()]
    return best.sort_values("accuracy", ascending=False)


def order_effects() -> pd.DataFrame:
    """What quantizing first changes, if both orders are tuned at the end, in points on test images.

    Returns:
        For each `structure`, `share`, `bits` and `steps` (“fixed” or “again”): `points` and `half`
        of “quantize, prune, tune” less “prune, quantize, tune”, each with the learning rate that
        was best on validation images, paired by seed. `follow` is what steps that are searched
        again gain when pruned first; `clipped`, the share of the weights that are left which end
        beyond the outermost level then.
    """
    key = ["structure", "share", "bits", "order", "steps"]
    table = load_results("orders")
    means = table.groupby([*key, "lr"], as_index=False).validation.mean()
    best = means.loc[means.groupby(key).validation.idxmax(), [*key, "lr"]]
    chosen = table.merge(best).sort_values("seed")
    runs = dict(list(chosen.groupby(key)))
    rows = []
    for structure, share, bits in table[key[:3]].drop_duplicates().itertuples(index=False):
        fixed, again = (
            runs[structure, share, bits, "prune, quantize, tune", steps] for steps in STEPS
        )
        follow = verdict(again.test, fixed.test, shared="seeds").points
        for steps, first in zip(STEPS, (fixed, again), strict=True):
            last = runs[structure, share, bits, "quantize, prune, tune", steps]
            effect = verdict(last.test, first.test, shared="seeds", among=24)
            its = (effect.points, effect.half, follow, first.clipped.mean())
            rows.append((structure, share, bits, steps, *its))
    columns = [*key[:3], "steps", "points", "half", "follow", "clipped"]
    return pd.DataFrame(rows, columns=columns)
