"""Sets PEFT's LoRA beside lesson 14's: writes peft.csv.

The course does not need PEFT, which brings transformers along. Install both beside the course's
packages, and run `python course/14_taught_and_factored/make_peft.py`; it takes a minute. Then enter its SHA-256 in
checksums.json and in README.md.
"""

import copy
import csv
import hashlib
import sys
import time

import torch
from make_taught import DATA, LABELLED, LESSON, parts

from authoring.source.definitions import definitions
from torch.nn import functional as F

from coursekit.nets.combine import Network
from coursekit.nets.train import learn
from coursekit.nets.train import set_seed

RANK = 4


def main() -> None:
    began = time.perf_counter()
    import peft
    import transformers

    took = time.perf_counter() - began
    images = parts()
    adapted = definitions(LESSON, images)["Adapted"]
    x, y = (part[:LABELLED] for part in images["train"])
    set_seed(0)
    base = Network()
    learn(base, lambda at: F.cross_entropy(base(x[at]), y[at]), len(x), epochs=2)
    ours = copy.deepcopy(base)
    for place in (1, 3, 5):
        ours[place] = adapted(base[place], RANK)
    places = ["1", "3", "5"]
    config = peft.LoraConfig(r=RANK, lora_alpha=RANK, target_modules=places, lora_dropout=0.0)
    theirs = peft.get_peft_model(copy.deepcopy(base), config)
    with torch.no_grad():
        for place in (1, 3, 5):
            layer = theirs.base_model.model[place]
            ours[place].down.copy_(layer.lora_A["default"].weight)
            ours[place].up.copy_(layer.lora_B["default"].weight)
    rows: list[tuple[str, object]] = [
        ("peft", peft.__version__),
        ("transformers", transformers.__version__),
        ("seconds to import", round(took, 1)),
        (
            "modules imported",
            len([name for name in sys.modules if name.startswith("transformers")]),
        ),
        ("trained, ours", sum(p.numel() for p in ours.parameters() if p.requires_grad)),
        ("trained, PEFT", sum(p.numel() for p in theirs.parameters() if p.requires_grad)),
    ]
    for model in (ours, theirs):
        set_seed(1)
        learn(model, lambda at, model=model: F.cross_entropy(model(x[at]), y[at]), len(x), epochs=1)
    some = images["test"][0]
    with torch.no_grad():
        logits = ours(some)
        rows.append(
            ("how far training moved the logits", f"{(base(some) - logits).abs().max():.3g}")
        )
        rows.append(("largest logit", f"{logits.abs().max():.3g}"))
        rows.append(("largest difference", f"{(theirs(some) - logits).abs().max():.3g}"))
        merged = theirs.merge_and_unload()
        rows.append(("largest difference, merged", f"{(merged(some) - logits).abs().max():.3g}"))
        apart = [(ours[p].merged() - merged[p].weight).abs().max() for p in (1, 3, 5)]
        rows.append(("largest difference of a weight, merged", f"{max(apart):.3g}"))
    with (DATA / "peft.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("what", "value"), *rows])
    for what, value in rows:
        print(what, value)
    content = (DATA / "peft.csv").read_bytes()
    print("peft.csv", len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
