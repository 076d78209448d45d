"""The network of lesson 04 as a C program."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from coursekit.lesson_04 import in_c
from coursekit.lesson_04.int8_networks import Layer, sum_in_pairs

# For each image, whether it is the first layer's numbers that the program has.
SHOWS = r"""
#include <stdint.h>
#include <stdio.h>
struct layer { int inputs, outputs, zero; const int8_t *weights;
               const int32_t *bias, *multiplier; const int *shift; };
#include "network.h"
int main(void) {
    uint8_t pixels[2];
    const struct layer *l = network;
    while (fread(pixels, 1, 2, stdin) == 2)
        printf("%d %d %d %d %d %d %d\n", pixels[0], pixels[1], l->outputs, l->zero,
               l->weights[5], l->bias[2], l->multiplier[0] + l->shift[2]);
}
"""
LAYER = Layer(
    weights=torch.tensor([[1, 2], [3, 4], [5, -6]], dtype=torch.int8),
    bias=torch.tensor([10, 20, 30], dtype=torch.int32),
    input_scale=1.0,
    input_zero=-128,
    weight_scales=torch.ones(3),
    output_scale=1.0,
    output_zero=-7,
)
NUMBERS = in_c.header([LAYER], [(torch.tensor([1, 2, 3]), torch.tensor([31, 32, 33]))])

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@needs_compiler
def test_a_program_gets_the_numbers_and_each_image() -> None:
    images = np.array([[3, 4], [255, 0]], dtype=np.uint8)
    printed = in_c.run(SHOWS, NUMBERS, images)
    assert printed is not None
    # The zero point is in the bias: 30 + 128 · (5 − 6).
    rest = [3, -7, -6, 30 - 128, 1 + 33]
    assert printed.tolist() == [[3, 4, *rest], [255, 0, *rest]]
    assert printed.dtype == torch.int32


@needs_compiler
def test_what_a_compiler_says_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"failed: .*main\.c"):
        in_c.run("int main(void) { return x; }", NUMBERS, np.zeros((1, 2), np.uint8))
    with pytest.raises(RuntimeError, match="main failed: status 3"):
        in_c.run("int main(void) { return 3; }", NUMBERS, np.zeros((1, 2), np.uint8))


def test_without_a_compiler_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert in_c.run(SHOWS, NUMBERS, np.zeros((1, 2), np.uint8)) is None


@pytest.mark.parametrize("code", ["float x;", "a * 0.5", "(double)a", "1. + x", "x = .5;"])
def test_a_float_in_it_is_found(code: str) -> None:
    assert in_c.has_floats(code)
    assert not in_c.has_floats("int64_t floated = l->bias[0] + (1 << 30); // and so on...")


def test_only_a_pair_that_does_not_fit_saturates() -> None:
    inputs = torch.tensor([[255, 255, 255, 255], [1, 2, 3, 4]])
    weights = torch.tensor([[127, 127, -127, -126], [1, 1, 1, 1]], dtype=torch.int8)
    exact = sum_in_pairs(inputs, weights, saturate=False)
    assert exact.tolist() == (inputs @ weights.long().t()).tolist()
    stuck = sum_in_pairs(inputs, weights, saturate=True)
    assert stuck.tolist() == [[32767 - 32768, 1020], [127 + 254 - 381 - 504, 10]]
