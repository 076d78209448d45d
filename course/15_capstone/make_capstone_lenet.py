"""Makes data/capstone_lenet.npz: the trained LeNet-300-100 that the exercise of lesson 15 squeezes.

Half a minute on one thread. Another CPU, or another version of torch, gives slightly other weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from coursekit.nets.data import enter_checksum, load_fashion_mnist
from coursekit.nets.networks import lenet
from coursekit.nets.train import evaluate, set_seed

DATA = Path(__file__).parents[2] / "data"
OUT = DATA / "capstone_lenet.npz"
EPOCHS, RATE, BATCH = 24, 1e-3, 64


def moved(images: torch.Tensor, order: torch.Generator) -> torch.Tensor:
    """Half of the images, (n, 1, 28, 28), all moved by the same pixel or none each way."""
    half = len(images) // 2
    down, right = torch.randint(-1, 2, (2,), generator=order).tolist()
    return torch.cat([torch.roll(images[:half], (down, right), (2, 3)), images[half:]])


def main() -> None:
    set_seed(0)
    images, labels = load_fashion_mnist().train.tensors()
    model = lenet()
    order = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=order).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(moved(images[batch], order)), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    arrays = {name: value.half().numpy() for name, value in model.state_dict().items()}
    np.savez_compressed(OUT, **arrays)  # type: ignore[arg-type]
    enter_checksum(OUT)
    model.load_state_dict({name: torch.from_numpy(a).float() for name, a in arrays.items()})
    accuracy = evaluate(model, *load_fashion_mnist().test.tensors())[1]
    print(f"test {accuracy:.4f}")


if __name__ == "__main__":
    main()
