"""Reading, running and writing .tflite files, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from coursekit.nets.tflite import (
    _int4,
    for_other_kernels,
    load,
    predict,
    quantized,
    read,
    renumbered,
    write_dense,
)
from tests.conftest import ROOT

RANGES = [(-1.0, 1.0), (0.0, 8.0), (-12.0, 12.0)]


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return [
        (rng.normal(size=(7, 5)).astype("float32"), rng.normal(size=7).astype("float32")),
        (rng.normal(size=(3, 7)).astype("float32"), rng.normal(size=3).astype("float32")),
    ]


@pytest.fixture
def inputs():
    return np.random.default_rng(1).uniform(-1, 1, (20, 5)).astype("float32")


def network(layers, inputs):
    (first, bias), (second, offset) = layers
    return np.maximum(inputs @ first.T + bias, 0) @ second.T + offset


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("kind", "within"),
    [
        *(("float32", 1e-5), ("float16", 0.01), ("dynamic", 0.2), ("int8", 0.3), ("int4", 2)),
        *(("wrapped", 0.3), ("int8 in", 0.3), ("int8 out", 0.3)),
        *(("uint8", 0.3), ("wrapped dynamic", 0.4), ("int8 cast", 0.3)),
    ],
)
def test_what_is_written_computes_what_the_layers_do(layers, inputs, kind, within, fast):
    answers = predict(write_dense(layers, kind, ranges=RANGES), inputs, fast=fast)
    assert answers.shape == (20, 3)
    assert answers.dtype == np.float32
    assert np.abs(answers - network(layers, inputs)).max() < within


@pytest.mark.parametrize(
    ("kind", "enters", "leaves", "weights", "inside"),
    [
        ("float32", "float32", "float32", "float32", {"float32"}),
        ("float16", "float32", "float32", "float16", {"float32"}),
        ("dynamic", "float32", "float32", "int8", {"float32"}),
        ("int8", "int8", "int8", "int8", {"int8"}),
        ("int4", "int8", "int8", "int4", {"int8"}),
        ("wrapped", "int8", "int8", "float32", {"int8", "float32"}),
        ("uint8", "uint8", "uint8", "int8", {"uint8", "int8"}),
        ("wrapped dynamic", "int8", "int8", "int8", {"int8", "float32"}),
        ("int8 in", "int8", "float32", "float32", {"int8", "float32"}),
        ("int8 out", "float32", "int8", "float32", {"int8", "float32"}),
        ("int8 cast", "int8", "int8", "int8", {"int8", "int32"}),
    ],
)
def test_the_types_of_each_kind(layers, kind, enters, leaves, weights, inside):
    content = write_dense(layers, kind, ranges=RANGES)
    file = read(content)
    assert file.size == len(content)
    assert [tensor.dtype for tensor in (*file.inputs, *file.outputs)] == [enters, leaves]
    assert [tensor.dtype for tensor in file.weights] == [weights, weights]
    assert {tensor.dtype for tensor in file.computed} == inside
    details = load(content).get_input_details()[0]
    assert np.dtype(details["dtype"]).name == enters


def test_what_is_read_is_what_was_written(layers):
    file = read(write_dense(layers, "int8", ranges=RANGES))
    for (weights, _), tensor in zip(layers, file.weights, strict=True):
        scales = np.abs(weights).max(1) / np.float32(127)
        assert np.allclose(tensor.scales, scales)
        assert np.array_equal(tensor.data, np.round(weights / tensor.scales[:, None]))
        assert tensor.axis == 0
        assert not tensor.zero_points.any()
    assert [name for name, _, _ in file.operators] == ["FULLY_CONNECTED"] * 2
    x, kernel, bias = file.operators[0][1]
    assert (x.shape, kernel.shape, bias.dtype) == ((1, 5), (7, 5), "int32")
    assert np.isclose(file.inputs[0].scales[0], 2 / 255)


def test_only_the_last_layer_has_four_bits(layers):
    file = read(write_dense(layers, "int4 last", ranges=RANGES))
    assert [tensor.dtype for tensor in file.weights] == ["int8", "int4"]
    assert {tensor.dtype for tensor in file.computed} == {"int8"}


def test_two_weights_of_four_bits_share_a_byte(layers):
    file = read(write_dense(layers, "int4", ranges=RANGES))
    for (weights, _), tensor in zip(layers, file.weights, strict=True):
        scales = np.abs(weights).max(1) / np.float32(7)
        assert np.allclose(tensor.scales, scales)
        assert np.array_equal(tensor.data, np.round(weights / tensor.scales[:, None]))


def test_a_constant_lies_where_the_file_says(layers):
    content = write_dense(layers)
    for tensor in read(content).weights:
        stored = content[tensor.start : tensor.start + tensor.data.nbytes]
        assert stored == tensor.data.tobytes()
    assert all(tensor.start is None for tensor in read(content).computed)


def test_a_row_of_zeros_has_scale_one():
    weights = np.array([[0, 0], [1, 2]], "float32")
    (tensor,) = read(write_dense([(weights, np.zeros(2, "float32"))], "dynamic")).weights
    assert tensor.scales[0] == 1
    assert tensor.data[0].tolist() == [0, 0]


def test_levels_are_rounded_and_clipped():
    details = {"quantization": (0.5, -3), "dtype": np.int8}
    levels = quantized(np.array([0.0, 0.7, 1000, -1000], "float32"), details)
    assert levels.tolist() == [-3, -2, 127, -128]
    assert levels.dtype == np.int8
    floats = quantized(np.array([0.7], "float32"), {"quantization": (0.0, 0), "dtype": np.float32})
    assert floats.tolist() == [np.float32(0.7)]


def test_what_lies_between_the_layers_can_be_kept(layers, inputs):
    interpreter = load(write_dense(layers), keep=True)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs[:1])
    interpreter.invoke()
    (hidden,) = (t for t in interpreter.get_tensor_details() if t["name"] == "dense_0/output")
    first, bias = layers[0]
    wanted = np.maximum(inputs[:1] @ first.T + bias, 0)
    assert np.allclose(interpreter.get_tensor(hidden["index"]), wanted, atol=1e-5)


def test_what_is_no_file_is_refused():
    with pytest.raises(ValueError, match="TFL3"):
        read(b"not a model at all")


@pytest.mark.parametrize("kind", ["float32", "int8", "wrapped"])
def test_the_numbers_of_the_tensors_mean_nothing(layers, inputs, kind):
    content = write_dense(layers, kind, ranges=RANGES)
    other = renumbered(content)
    assert load(other).get_input_details()[0]["index"] == len(read(content).tensors) - 1
    assert np.array_equal(predict(other, inputs), predict(content, inputs))


def test_a_file_for_other_kernels_is_read_and_not_run(layers, inputs):
    content = write_dense(layers, "int8", ranges=RANGES)
    other = for_other_kernels(content)
    for mine, theirs in zip(read(content).tensors, reversed(read(other).tensors), strict=True):
        assert (mine.name, mine.dtype, mine.shape) == (theirs.name, theirs.dtype, theirs.shape)
        assert np.array_equal(mine.scales, theirs.scales)
        assert np.array_equal(mine.data, theirs.data)
    with pytest.raises(ValueError, match="Didn't find op"):
        predict(other, inputs)


@pytest.mark.parametrize("ranges", [None, RANGES[:2]])
def test_int8_needs_a_range_for_each(layers, ranges):
    with pytest.raises(ValueError, match="a range"):
        write_dense(layers, "int8", ranges=ranges)


def test_loading_writes_nothing_and_needs_no_tensorflow():
    code = (
        "import sys, numpy as np\n"
        "from coursekit.nets.tflite import predict, write_dense\n"
        "layers = [(np.ones((2, 2), 'float32'), np.zeros(2, 'float32'))]\n"
        "assert predict(write_dense(layers), np.ones((1, 2))).tolist() == [[2, 2]]\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


CONVERSION = """
from coursekit.nets.tensorflow import tf
import sys, triton, numpy as np
model = tf.keras.Sequential([tf.keras.Input((40,)), tf.keras.layers.Dense(50)])
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([np.ones((1, 40), "float32")] for _ in range(3))
converter.inference_input_type = tf.int8
from coursekit.nets.tflite import read
file = read(converter.convert())
assert file.inputs[0].dtype == "int8" and file.weights[0].dtype == "int8"
"""


def test_tensorflow_and_its_converter_write_nothing():
    """In the order of imports that would crash without coursekit, too: Triton after TensorFlow."""
    pytest.importorskip("triton")
    run = subprocess.run(
        [sys.executable, "-c", CONVERSION], capture_output=True, text=True, cwd=ROOT
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_four_bit_weights_are_read_two_from_a_byte_with_their_signs() -> None:
    assert _int4(np.array([0x21, 0x8F], np.uint8)).tolist() == [1, 2, -1, -8]
