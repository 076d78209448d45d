"""Trains the language model of lesson 13 on made-up stories: writes story_model.npz.

`python course/13_large_language_models/make_story_model.py`, about twelve minutes on one thread; it goes on where it was
stopped (--state names the file it keeps). No story is read twice, and none of the seeds that the
lesson tests or calibrates with is used. Then enter the SHA-256 in checksums.json and README.md.
"""

import argparse
import hashlib
import math
import random
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from coursekit.lesson_13.stories import stories, write_story
from coursekit.lesson_13.transformer import Storyteller, numbers

DATA = Path(__file__).parents[2] / "data"
STEPS, BATCH, HIGHEST_RATE, WARM_UP = 2400, 24, 2e-3, 200
SEED, VALIDATION_SEED = 13, 1_000_001


def rate(step: int) -> float:
    """A straight line up, then half a cosine down."""
    if step < WARM_UP:
        return HIGHEST_RATE * (step + 1) / WARM_UP
    return HIGHEST_RATE * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) / 2


def loss_of(model: Storyteller, read: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
    """Nats per word."""
    return F.cross_entropy(model(read).flatten(0, 1), following.flatten())


def main() -> None:
    """Trains, says how it goes, and writes the weights as float16."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, default=Path("/tmp/story_model.pt"))
    state_file = parser.parse_args().state
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = Storyteller()
    for name, weight in model.named_parameters():
        if weight.ndim == 2:  # what is added to the hidden state begins smaller, as in GPT-2
            small = name.endswith(("out.weight", "down.weight"))
            torch.nn.init.normal_(weight, std=0.02 / math.sqrt(8) if small else 0.02)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05, betas=(0.9, 0.98))
    validation = stories(200, VALIDATION_SEED)
    read, following = numbers(validation)
    least = sum(story.nats for story in validation) / int((following >= 0).sum())
    begin = 0
    if state_file.is_file():
        state = torch.load(state_file)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        begin = state["step"]
    for step in range(begin, STEPS):
        rng = random.Random(SEED * 1_000_000 + step)
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        loss_of(model, *numbers([write_story(rng) for _ in range(BATCH)])).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 200 == 0:
            with torch.no_grad():
                loss = float(loss_of(model, read, following))
            print(
                f"{step + 1} steps: {loss:.4f} nats per word; least possible {least:.4f}",
                flush=True,
            )
            kept = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(kept | {"step": step + 1}, state_file)
    weights = {name: value.half().numpy() for name, value in model.state_dict().items()}
    np.savez_compressed(DATA / "story_model.npz", **weights)
    content = (DATA / "story_model.npz").read_bytes()
    print(len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
