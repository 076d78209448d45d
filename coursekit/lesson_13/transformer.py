"""The small language model of lesson 13: a transformer that has learnt to tell stories.

It is built as GPT-2 is (Radford et al. 2019): blocks of attention and of an MLP, a layer norm
before each. make_story_model.py, beside lesson 13, trained it on what
`coursekit.lesson_13.stories` writes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from coursekit.lesson_13.stories import END, LONGEST, START, WORDS, Story
from coursekit.nets.data import load_arrays

NUMBER_OF = {word: number for number, word in enumerate(WORDS)}
IGNORED = -100  # what cross_entropy leaves out: the places behind the end of a story


class Block(nn.Module):
    """Attention, then an MLP; each reads a layer norm of the hidden state and adds to it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)  # queries, keys and values, one below the other
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The hidden states after this block: (stories, words, width), as before it."""
        stories, words, width = x.shape
        parts = self.qkv(self.norm1(x)).view(stories, words, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (stories, heads, words, ·)
        key, value = self.kept(key, value)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(stories, words, width))
        y: torch.Tensor = x + self.down(F.gelu(self.up(self.norm2(x))))
        return y

    def kept(self, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values as they would lie in the KV cache: as they are, unless replaced."""
        return key, value


class Storyteller(nn.Module):
    """Numbers of words in, logits of the next word out."""

    def __init__(self, width: int = 128, blocks: int = 4, heads: int = 4) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), width)
        self.places = nn.Embedding(LONGEST, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(WORDS), bias=False)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Logits (stories, words, vocabulary) for numbers of words (stories, words)."""
        x = self.words(words) + self.places(torch.arange(words.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits: torch.Tensor = self.head(self.norm(x))
        return logits


def numbers(told: Sequence[Story]) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model reads, and what comes next: two int64 tensors (stories, words).

    Shorter stories are filled up: with END to read, and with what the loss leaves out to foresee.
    """
    longest = max(len(story.words) for story in told) - 1
    read = torch.full((len(told), longest), NUMBER_OF[END])
    following = torch.full((len(told), longest), IGNORED)
    for row, story in enumerate(told):
        ids = torch.tensor([NUMBER_OF[word] for word in story.words])
        read[row, : len(ids) - 1], following[row, : len(ids) - 1] = ids[:-1], ids[1:]
    return read, following


@torch.no_grad()
def tell(
    model: nn.Module, beginning: str = "", seed: int = 0, words: int = LONGEST - 1
) -> list[str]:
    """A story that the model goes on with, word by word, each drawn from what it foresees."""
    draw = torch.Generator().manual_seed(seed)
    told = [START, *beginning.split()]
    while len(told) < words and told[-1] != END:
        logits = model(torch.tensor([[NUMBER_OF[word] for word in told]]))[0, -1]
        told.append(WORDS[int(torch.multinomial(logits.softmax(-1), 1, generator=draw))])
    return told


def load_storyteller() -> Storyteller:
    """The trained model that the course ships; its weights were kept as float16.

    Raises:
        coursekit.nets.data.DataError: if the file is missing or damaged.
    """
    weights = load_arrays("story_model.npz")
    model = Storyteller()
    model.load_state_dict({name: torch.from_numpy(w).float() for name, w in weights.items()})
    return model.eval().requires_grad_(False)


def endings(logits: torch.Tensor, told: Sequence[Story]) -> torch.Tensor:
    """For each story: is each word right that its last sentence takes from what was told before?

    A word is right if it is the most probable one by the logits, (stories, words, vocabulary), of
    the place before it.
    """
    right = logits.argmax(-1) == numbers(told)[1]
    places = [[at - 1 for at in story.recall] for story in told]
    return torch.stack([its[at].all() for its, at in zip(right, places, strict=True)])
