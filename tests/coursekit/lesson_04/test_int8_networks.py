"""The int8 networks of lesson 04: files, float originals, layers, and what LiteRT makes of them."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from coursekit.lesson_04.int8_networks import (
    draw_road,
    float_network,
    int8_file,
    layers,
    predict_codes,
    roads,
)
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.tflite import read, write_dense
from coursekit.pictures.plot import figure

WEIGHTS = np.array([[1.0, -2.0], [0.5, 0.25], [0.0, 4.0]], np.float32)
BIAS = np.array([0.5, -1.0, 0.0], np.float32)


@pytest.mark.parametrize(("name", "right"), [("mlp", 0.839), ("cnn", 0.857)])
def test_the_float_networks_are_those_of_the_data_card(name, right):
    model = float_network(name)
    assert not model.training
    assert abs(accuracy(model, *load_fashion_mnist().test.tensors()) - right) < 0.002


@pytest.mark.parametrize(("name", "count"), [("mlp", 3), ("cnn", 3)])
def test_layers_are_chained_by_scale_and_zero_point(name, count):
    found = layers(read(int8_file(name)))
    assert len(found) == count
    assert found[0].input_zero == -128
    for before, after in pairwise(found):
        assert (before.output_scale, before.output_zero) == (after.input_scale, after.input_zero)
    for layer in found:
        assert (layer.weights.dtype, layer.bias.dtype) == (torch.int8, torch.int32)
        assert len(layer.weights) == len(layer.bias) == len(layer.weight_scales)


def test_a_layer_stands_for_what_was_written():
    [layer] = layers(read(write_dense([(WEIGHTS, BIAS)], "int8", ranges=[(-1, 3), (-2, 2)])))
    back = layer.weights * layer.weight_scales[:, None]
    assert np.abs(back.numpy() - WEIGHTS).max() < 0.02
    assert (
        np.abs((layer.bias * layer.input_scale * layer.weight_scales).numpy() - BIAS).max() < 0.001
    )
    assert layer.input_scale * (0 - layer.input_zero) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("kernels", ["plain", "fast", "reference"])
def test_codes_go_in_and_come_out_as_they_are(kernels):
    content = write_dense([(WEIGHTS, BIAS)], "int8", ranges=[(-1, 3), (-9, 13)])
    codes = np.array([[-128, 127], [0, 0], [5, -90]], np.int8)
    answers = predict_codes(content, codes, kernels)
    assert (answers.shape, answers.dtype) == ((3, 3), np.int8)
    [layer] = layers(read(content))
    values = layer.input_scale * (codes.astype(float) - layer.input_zero)
    wanted = (values @ WEIGHTS.T + BIAS) / layer.output_scale + layer.output_zero
    assert np.abs(answers - wanted.clip(-128, 127)).max() < 1.5


def test_a_road_has_a_box_for_each_step_and_floats_are_hatched():
    fig, ax = figure()
    draw_road(ax, [("scale", "float", True), ("sum", "int32", False)])
    assert [bool(box.get_hatch()) for box in ax.patches] == [True, False]
    assert {text.get_text() for text in ax.texts} >= {"scale", "float", "sum", "int32"}
    plt.close(fig)


def test_of_three_roads_the_middle_one_has_no_floats():
    drawn = roads()
    plt.close(drawn)
    once, each, asked = drawn.axes
    assert "when the file is loaded" in once.get_title(loc="left") + once.get_title()
    hatched = [[bool(box.get_hatch()) for box in ax.patches] for ax in (once, each, asked)]
    assert all(hatched[0])
    assert not any(hatched[1])
    assert hatched[2] == [False, True, True]
