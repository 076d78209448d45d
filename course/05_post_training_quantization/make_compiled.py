"""Makes compiled.csv, what torch.compile gains in lesson 05: `python course/05_post_training_quantization/make_compiled.py`.

LeNet-300-100 and the CNN of lesson 05, untrained (times do not depend on the weights), on one
thread: float32 and int8, as they are and compiled, timed in a shuffled order and each alone. What
each column holds: see README.md in data/. It needs a C++ compiler, and takes a few minutes.
"""

import copy
import csv
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch._inductor.config as inductor
from torch import nn
from torchao.quantization import (
    Int8DynamicActivationInt8WeightConfig,
    Int8WeightOnlyConfig,
    quantize_,
)
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
    X86InductorQuantizer,
    get_default_x86_inductor_quantization_config,
)

from coursekit.nets.data import enter_checksum
from coursekit.nets.measure import latency
from coursekit.nets.networks import lenet, small_cnn
from coursekit.nets.train import set_seed

DATA = Path(__file__).parents[2] / "data"
ROUNDS = 3
COLUMNS = ["network", "kind", "images", "round", "order", "time", "seconds"]


def by_torchao(model: nn.Module, config: object) -> nn.Module:
    model = copy.deepcopy(model)
    quantize_(model, config)
    return model


def by_pt2e(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Static int8 as a graph; it holds for batches of this size only."""
    quantizer = X86InductorQuantizer()
    quantizer.set_global(get_default_x86_inductor_quantization_config())
    prepared = prepare_pt2e(torch.export.export(model, (images,)).module(), quantizer)
    prepared(images)
    return convert_pt2e(prepared)


def compiled(model: Callable[..., object], images: torch.Tensor) -> Callable[..., object]:
    """Compiled for this batch, weights frozen into the code."""
    torch._dynamo.reset()
    fast = torch.compile(model, dynamic=False)
    fast(images)
    return fast


@torch.no_grad()
def measured(network: str, model: nn.Module, images: torch.Tensor) -> list[dict[str, object]]:
    kinds: dict[str, Callable[..., object]] = {
        "float32": model,
        "weight-only, torchao": by_torchao(model, Int8WeightOnlyConfig()),
        "dynamic, torchao": by_torchao(model, Int8DynamicActivationInt8WeightConfig()),
        "static, PT2E": by_pt2e(model, images),
    }
    seconds = {}
    for kind, net in list(kinds.items()):
        start = time.perf_counter()
        kinds[f"{kind}, compiled"] = compiled(net, images)
        seconds[f"{kind}, compiled"] = round(time.perf_counter() - start, 1)
    rows = []
    for number in range(ROUNDS):
        calls = {kind: partial(net, images) for kind, net in kinds.items()}
        shuffled = latency(calls, runs=300, alone=True, seed=number)
        alone = {kind: its.alone for kind, its in shuffled.items() if its.alone}
        for times in (shuffled, alone):
            for kind in kinds:
                ratio = times[kind].lower_quartile / times["float32"].lower_quartile
                rows.append(
                    {
                        "network": network,
                        "kind": kind,
                        "images": len(images),
                        "round": number,
                        "order": times[kind].order,
                        "time": f"{ratio:.3f}",
                        "seconds": seconds.get(kind, ""),
                    }
                )
    return rows


def main() -> None:
    warnings.filterwarnings("ignore")
    set_seed(0)
    torch.set_num_threads(1)
    inductor.freezing = True
    rows = []
    for network, model in (("MLP", lenet()), ("CNN", small_cnn())):
        model = model.eval().to(memory_format=torch.channels_last)
        for count in (1, 64):
            rows += measured(network, model, torch.rand(count, 1, 28, 28))
    path = DATA / "compiled.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    enter_checksum(path)


if __name__ == "__main__":
    main()
