# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · TFLite and LiteRT: exercise
#
# Nine items, 20 points, about 75 minutes. Everything you need is in
# [the lesson](../../notebooks/11_tflite.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision (a name, a list of findings) they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - A network is a list of **layers**, from the first to the last. Each is a pair of NumPy arrays: weights,
#   float32, shape (outputs, inputs), and a bias, float32, shape (outputs,). Between two layers there is a
#   ReLU. `keras_model(layers)` makes a Keras model of it.
# - A **file** is the content of a `.tflite` file, as `bytes`. `read(content)` opens it: `.inputs`,
#   `.outputs`, `.weights` (the weight tensors, without biases) and `.computed` (the values that the graph computes, its inputs
#   included) are tuples of tensors with `.dtype`, `.shape`, `.data`, `.scales` and `.zero_points`.
#   `load(content)` gives an interpreter whose tensors are allocated.
#
# The first cell imports TensorFlow, which takes 5 to 10 seconds.

# %% given=true
from itertools import pairwise

import numpy as np

from coursekit import explain
from coursekit.nets.tensorflow import tf
from coursekit.nets.tflite import load, read


def keras_model(layers):
    """A Keras model of dense layers with ReLU between them."""
    model = tf.keras.Sequential([tf.keras.Input((layers[0][0].shape[1],))])
    for number, (weights, bias) in enumerate(layers):
        last = number == len(layers) - 1
        layer = tf.keras.layers.Dense(len(weights), activation=None if last else "relu")
        model.add(layer)
        layer.set_weights([weights.T, bias])
    return model


def random_layers(seed, *sizes):
    """Layers with random weights: random_layers(0, 20, 60, 5) has 20 inputs and 5 outputs."""
    rng = np.random.default_rng(seed)
    layers = []
    for inputs, outputs in pairwise(sizes):
        weights = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        layers.append((weights.astype("float32"), rng.normal(size=outputs).astype("float32")))
    return layers


def network(layers, inputs):
    """What the layers compute in float32, for inputs of the shape (n, inputs)."""
    values = inputs
    for number, (weights, bias) in enumerate(layers):
        values = values @ weights.T + bias
        if number < len(layers) - 1:
            values = np.maximum(values, 0)
    return values


# %% [markdown]
# ## 1 · Is it? (2 points)
#
# “This is our full int8 model”, says the note on a file. Write `is_full_int8(content)`. It returns `True` if
# input, output, all weights **and** all values that the graph computes are int8, else `False`.
#
# *Lesson: part 4.*


# %% item="proof" answers=["is_full_int8"]
### BEGIN SOLUTION
def is_full_int8(content):
    file = read(content)
    tensors = file.inputs + file.outputs + file.weights + file.computed
    return all(tensor.dtype == "int8" for tensor in tensors)


### END SOLUTION

# %% test="proof" points=1
from coursekit.nets.tflite import write_dense

layers = random_layers(7, 6, 5, 3)
ranges = [(-1, 1), (0, 4), (-5, 5)]
assert is_full_int8(write_dense(layers, "int8", ranges=ranges)) in (True, np.True_), (
    "this file holds nothing but integers: the answer should be True"
)
assert is_full_int8(write_dense(layers, "float32")) in (False, np.False_), (
    "this file is float32: the answer should be False"
)
### BEGIN HIDDEN TESTS
assert is_full_int8(write_dense(layers[:1], "int8", ranges=ranges[:2])) in (True, np.True_), (
    "A file with a single layer can be full int8, too."
)
assert is_full_int8(write_dense(layers, "float16")) in (False, np.False_), (
    "Float16 is no integer type. Which type are you looking for?"
)
### END HIDDEN TESTS

# %% test="proof" points=1
from coursekit.nets.tflite import write_dense

assert is_full_int8(write_dense(layers, "dynamic")) in (False, np.False_), (
    "int8 weights with float32 around them are dynamic range: look at the input, too (lesson, part 4)"
)
assert is_full_int8(write_dense(layers, "wrapped", ranges=ranges)) in (False, np.False_), (
    "Both ends of this file are int8. What are the values between them?"
)
### BEGIN HIDDEN TESTS
for seed, sizes in ((3, (4, 8, 8, 2)), (4, (9, 2))):
    some = random_layers(seed, *sizes)
    wide = [(-3, 3)] * len(sizes)
    assert is_full_int8(write_dense(some, "wrapped", ranges=wide)) in (False, np.False_), (
        "Input and output are int8 here. What are the values between them?"
    )
    assert is_full_int8(write_dense(some, "int8", ranges=wide)) in (True, np.True_), (
        "This one is full int8, and you deny it. Do you also look at biases? They are int32."
    )
    assert is_full_int8(write_dense(some, "int4", ranges=wide)) in (False, np.False_), (
        "Everything is computed in int8 here. Which dtype do the weights have?"
    )
    if len(some) > 1:
        assert is_full_int8(write_dense(some, "int4 last", ranges=wide)) in (False, np.False_), (
            "The weights of the first layer are int8 here. Do you look at those of every layer?"
        )
    assert is_full_int8(write_dense(some, "wrapped dynamic", ranges=wide)) in (False, np.False_), (
        "Input, output and weights are int8 here. What are the values between the layers?"
    )
    for one_end in ("int8 in", "int8 out"):
        assert is_full_int8(write_dense(some, one_end, ranges=wide)) in (False, np.False_), (
            "Only one end of this file is int8. Do you look at both?"
        )
assert is_full_int8(write_dense(layers, "uint8", ranges=ranges)) in (False, np.False_), (
    "Input and output are integers here, but of another type than int8."
)
assert is_full_int8(write_dense(layers, "int8 cast", ranges=ranges)) in (False, np.False_), (
    "Between two layers the values are int32 here. That is fine for biases only."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Weights in int8 (2 points)
#
# Write `to_dynamic(layers)`. It makes a Keras model of the layers, converts it with **dynamic range**
# quantization, and returns the file as `bytes`: large weight tensors in int8, input and output in float32. The file
# has to come from TensorFlow's converter.
#
# *Lesson: part 2.*


# %% item="dynamic" answers=["to_dynamic"]
### BEGIN SOLUTION
def to_dynamic(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


### END SOLUTION

# %% test="dynamic" points=1
from coursekit.nets.tflite import write_dense

layers = random_layers(7, 100, 80, 40)
content = to_dynamic(layers)
assert isinstance(content, bytes), f"expected bytes, but got {type(content).__name__}"
found = sorted({tensor.dtype for tensor in read(content).weights})
assert found == ["int8"], f"the weights should be int8, but the file has {found} (lesson, part 2)"
### BEGIN HIDDEN TESTS
assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
whole = len(write_dense(layers))
assert len(content) < 0.4 * whole, "The file is not as small as int8 weights make it."
### END HIDDEN TESTS

# %% test="dynamic" points=1
from coursekit.nets.tflite import predict

layers = random_layers(8, 64, 50, 30)
content = to_dynamic(layers)
assert read(content).inputs[0].dtype == "float32", "the input should stay float32"
### BEGIN HIDDEN TESTS
assert "int8" in {tensor.dtype for tensor in read(content).weights}, (
    "No weight tensor is int8. Was your option ignored?"
)
ends = read(content).inputs[0].shape[-1], read(content).outputs[0].shape[-1]
assert ends == (64, 30), "Which layers are in the file? Those that were passed in, and all of them?"
assert read(content).outputs[0].dtype == "float32", "The output should stay float32."
computed = {tensor.dtype for tensor in read(content).computed}
assert computed == {"float32"}, "Dynamic range leaves the values between the layers in float32."
inputs = np.random.default_rng(9).random((30, 64), dtype="float32")
wanted = network(layers, inputs)
difference = np.abs(predict(content, inputs, fast=False) - wanted).max()
assert difference < 0.1 * np.abs(wanted).max(), (
    "The outputs are not those of the layers that were passed in."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Scales by hand (2 points)
#
# Write `quantize_rows(weights)` by hand, as the converter does it. `weights` is float32 with the
# shape (outputs, inputs). It returns a pair: the int8 levels in the same shape, and the scales, float32 with the
# shape (outputs,).
#
# - The largest magnitude of each row becomes 127 or −127. The zero point is 0, and no level is −128. (Magnitudes are 0 or
#   at least 1e-35, so that a scale is an ordinary float32.)
# - A row of zeros has the levels 0 and the scale 1.
# - NaN or infinity anywhere raises `ValueError`.
# - `weights` itself is not changed. It may have no rows.
#
# Example: `[[0.5, -1.27]]` gives the levels `[[50, -127]]` and the scale `[0.01]`.
#
# *Lesson: part 5.*


# %% item="rows" answers=["quantize_rows"]
### BEGIN SOLUTION
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("weights should be finite")
    largest = np.abs(weights).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
    levels = np.round(weights / scales[:, None])
    return levels.astype("int8"), scales


### END SOLUTION

# %% test="rows" points=1
from coursekit.nets.tflite import write_dense

levels, scales = quantize_rows(np.array([[0.5, -1.27]], dtype="float32"))
assert np.array_equal(levels, [[50, -127]]), f"expected [[50, -127]], but got {levels.tolist()}"
assert np.allclose(scales, [0.01]), f"expected the scale 0.01, but got {scales.tolist()}"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for outputs, inputs in ((6, 9), (1, 40), (30, 3)):
    # Rows of very different sizes.
    weights = (
        rng.normal(size=(outputs, inputs)) * 10.0 ** rng.integers(-4, 4, (outputs, 1))
    ).astype("float32")
    levels, scales = quantize_rows(weights.copy())
    assert levels.shape == weights.shape and scales.shape == (outputs,), (
        "One level for each weight and one scale for each row: what are your shapes?"
    )
    wanted = np.abs(weights).max(1)
    assert not np.allclose(scales * 127.5, wanted, rtol=1e-4), (
        "Is the range divided by the number of levels, or the largest magnitude by the largest level?"
    )
    assert not np.allclose(scales * 128, wanted, rtol=1e-4), (
        "Which is the largest int8 number? Count from 0."
    )
    assert np.allclose(scales * 127, wanted, rtol=1e-5), (
        "Does each row have a scale of its own, made from its largest magnitude?"
    )
    (stored,) = read(write_dense([(weights, np.zeros(outputs, "float32"))], "dynamic")).weights
    off = np.abs(levels.astype(int) - stored.data).max()
    assert off == 0, "Are the levels rounded to the nearest, or cut off?"
### END HIDDEN TESTS

# %% test="rows" points=1
levels, scales = quantize_rows(np.array([[0, 0], [3, 1]], dtype="float32"))
assert levels.dtype == np.int8, f"the levels should be int8, not {levels.dtype}"
assert scales[0] == 1 and np.all(levels[0] == 0), "a row of zeros: levels 0, scale 1"
try:
    quantize_rows(np.array([[1, np.nan]], dtype="float32"))
    outcome = "no error"
except ValueError:
    outcome = "ValueError"
except Exception:
    outcome = "another error"
assert outcome == "ValueError", "NaN should raise ValueError"
### BEGIN HIDDEN TESTS
assert scales.dtype == np.float32, "Which dtype do the scales of a .tflite file have?"
weights = np.array([[-2, 1, 0.5], [-1e-30, 1e-30, 0], [1e30, -1e30, 5]], dtype="float32")
kept = weights.copy()
levels, scales = quantize_rows(weights)
assert np.array_equal(weights, kept), "The weights themselves have changed."
assert levels.min() == -127 and levels.max() == 127, (
    "Symmetric means −127 to 127, whatever the sign of the largest magnitude."
)
assert levels[0, 0] == -127, "Is the largest magnitude of a row the one that is negative, too?"
assert np.all(np.abs(levels.astype(int)).max(1) == 127), (
    "In each row the largest magnitude becomes 127 or −127. What do you take for 0?"
)
error = np.abs(weights - levels.astype("float64") * scales[:, None])
assert (error <= 0.501 * scales[:, None]).all(), (
    "A weight is further than half a step from what came back. Also for tiny and for huge rows?"
)
again, same = quantize_rows((levels * scales[:, None]).astype("float32"))
assert np.array_equal(again, levels), "Quantizing what came back should give the same levels."
levels, scales = quantize_rows(np.zeros((0, 4), "float32"))
assert levels.shape == (0, 4) and scales.shape == (0,), "What comes back for a matrix without rows?"
for place, bad in (((0, 0), np.inf), ((2, 1), -np.inf), ((1, 2), np.nan)):
    weights = np.ones((3, 4), "float32")
    weights[place] = bad
    try:
        quantize_rows(weights)
        outcome = "no error"
    except ValueError:
        outcome = "ValueError"
    except Exception:
        outcome = "another error"
    assert outcome == "ValueError", (
        "Infinity, of either sign and in any row, should raise ValueError."
    )
try:
    huge, _ = quantize_rows(np.full((2, 2), 3e38, "float32"))
except ValueError:
    huge = np.zeros((2, 2))
assert np.all(huge == 127), "A huge number is still finite: it is no reason for an error."
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · Integers all the way (3 points)
#
# Write `to_full_int8(layers, inputs)`. It converts to **full int8**, with int8 input and output, and returns the file
# as `bytes`. `inputs` are float32 with the shape (n, inputs), as the model gets them in use. All of them are to be
# used as the representative dataset. The file has to come from TensorFlow's converter.
#
# *Lesson: part 4. A representative dataset is a function that yields lists with one array; its first axis is the batch.*


# %% item="int8" answers=["to_full_int8"]
### BEGIN SOLUTION
def to_full_int8(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


### END SOLUTION

# %% test="int8" points=1
layers = random_layers(7, 20, 60, 30)
inputs = np.random.default_rng(7).random((50, 20), dtype="float32")
content = to_full_int8(layers, inputs)
file = read(content)
assert file.inputs[0].dtype == "int8", f"the input should be int8, not {file.inputs[0].dtype}"
assert {tensor.dtype for tensor in file.weights} == {"int8"}, "all weights should be int8"
### BEGIN HIDDEN TESTS
assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
assert file.outputs[0].dtype == "int8", "The output should be int8, too."
assert {tensor.dtype for tensor in file.computed} == {"int8"}, (
    "Some values between the layers are not int8."
)
### END HIDDEN TESTS

# %% test="int8" points=1
inputs = np.random.default_rng(8).random((40, 20), dtype="float32")
scale = float(read(to_full_int8(layers, inputs)).inputs[0].scales[0])
assert abs(scale * 255 - 1) < 0.02, (
    f"inputs from 0 to 1 need a scale of about 1/255, but the file has {scale:.5f} (lesson, part 7)"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(9)
for low, high, count, place in ((-1, 1, 30, 0), (0, 6, 150, 75), (-0.5, 3, 260, 130)):
    inputs = rng.uniform(low / 2, high / 2, (count, 20)).astype("float32")
    # The extremes stand in the last example and in the first or the one in the middle.
    inputs[place, 3], inputs[-1, 5] = low, high
    content = to_full_int8(layers, inputs)
    assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
    file = read(content)
    tensor = file.inputs[0]
    assert len(tensor.scales) == 1, "The input is not quantized."
    assert abs(tensor.scales[0] * 255 / (high - low) - 1) < 0.02, (
        "The input's scale does not fit the inputs. Are all of them used, as they are?"
    )
    span = np.ptp([0, *network(layers, inputs).ravel()])
    scales = [tensor.scales[0] for tensor in file.computed if len(tensor.scales) == 1]
    assert any(abs(scale * 255 / span - 1) < 0.05 for scale in scales), (
        "No scale fits what the layers make of the inputs. Has the converter seen each of them?"
    )
### END HIDDEN TESTS

# %% test="int8" points=1
from coursekit.nets.tflite import predict

inputs = np.random.default_rng(10).random((60, 20), dtype="float32")
answers = predict(to_full_int8(layers, inputs), inputs, fast=False)
wanted = network(layers, inputs)
assert np.abs(answers - wanted).mean() < 0.05 * np.ptp(wanted), (
    "the file's outputs are far from those of the layers"
)
### BEGIN HIDDEN TESTS
other = random_layers(11, 15, 70, 20)
inputs = np.random.default_rng(12).normal(size=(100, 15)).astype("float32")
content = to_full_int8(other, inputs)
assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
answers, wanted = predict(content, inputs, fast=False), network(other, inputs)
# The largest error that rounding can make: half a step of the inputs and weights of a layer, one of
# its outputs.
steps = [float(tensor.scales[0]) for tensor in read(content).computed if len(tensor.scales) == 1]
assert steps, "The file holds no scales for the values between the layers."
step, error, values = max(steps), 0.5 * max(steps), np.abs(inputs)
for weights, _ in other:
    rounding = np.abs(weights).max(1) / 127 / 2
    grown = np.abs(weights).sum(1) * error + rounding * (
        values.max(0).sum() + len(weights[0]) * error
    )
    error, values = float(grown.max()) + step, np.abs(values @ np.abs(weights).T) + 1
assert np.abs(answers - wanted).max() <= error, (
    "The outputs are further off than rounding explains."
)
assert np.abs(answers - wanted).mean() < 0.02 * np.ptp(wanted), (
    "The outputs are off. Did the representative data show the ranges that come in use?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · Ask any file (2 points)
#
# Write `ask(content, inputs)`. `inputs` are float32, shape (n, inputs). It runs the file on each of them and returns
# the outputs as float32, shape (n, outputs). The file may have float32 **or int8** input and output. An int8 input gets
# levels made with its own scale and zero point, rounded and clipped; int8 outputs are turned back.
#
# Use `load(content)` and the interpreter's methods.
#
# *Lesson: part 4, and the cheat sheet.*


# %% item="ask" answers=["ask"]
### BEGIN SOLUTION
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    answers = []
    for one in inputs:
        if source["dtype"] == np.int8:
            scale, zero_point = source["quantization"]
            one = np.clip(np.round(one / scale) + zero_point, -128, 127)
        interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
        interpreter.invoke()
        answer = interpreter.get_tensor(sink["index"])[0].astype("float32")
        if sink["dtype"] == np.int8:
            scale, zero_point = sink["quantization"]
            answer = scale * (answer - zero_point)
        answers.append(answer)
    return np.array(answers, dtype="float32")


### END SOLUTION

# %% test="ask" points=1
from coursekit.nets.tflite import write_dense

layers = random_layers(7, 6, 5, 3)
inputs = np.random.default_rng(7).uniform(-1, 1, (8, 6)).astype("float32")
answers = ask(write_dense(layers), inputs)
assert np.shape(answers) == (8, 3), f"expected the shape (8, 3), but got {np.shape(answers)}"
assert np.allclose(answers, network(layers, inputs), atol=1e-4), "wrong outputs for a float32 file"
### BEGIN HIDDEN TESTS
for kind, seed in (("float16", 3), ("float32", 4)):
    some = random_layers(seed, 9, 4)
    more = np.random.default_rng(seed).normal(size=(5, 9)).astype("float32")
    answers = np.asarray(ask(write_dense(some, kind), more))
    assert np.allclose(answers, network(some, more), atol=0.02), (
        "The outputs are wrong for a file with float32 input and output."
    )
    assert answers.dtype == np.float32, "Outputs of another type than float32 came back."
### END HIDDEN TESTS

# %% test="ask" points=1
from coursekit.nets.tflite import predict, renumbered, write_dense

ranges = [(-1, 2), (0, 6), (-8, 8)]
content = write_dense(layers, "int8", ranges=ranges)
answers = np.asarray(ask(content, inputs))
assert np.abs(answers - network(layers, inputs)).max() < 0.5, (
    "far off for an int8 file: what does the input's own scale make of a float? (lesson, part 4)"
)
step = float(read(content).outputs[0].scales[0])
off = np.abs(answers - predict(content, inputs, fast=False)).max()
assert off <= 1.01 * step, (
    f"{off / step:.0f} output steps off: are the levels of the input rounded to the nearest?"
)
off = np.abs(np.asarray(ask(content, inputs + 3)) - predict(content, inputs + 3, fast=False)).max()
assert off <= 1.01 * step, "what becomes of an input that is larger than the scale allows for?"
### BEGIN HIDDEN TESTS
some = random_layers(5, 6, 7, 4)
for kind in ("int8 in", "int8 out"):
    content = write_dense(some, kind, ranges=[(-1, 1), (0, 20), (-20, 12)])
    more = np.random.default_rng(6).uniform(-1, 1, (20, 6)).astype("float32")
    assert (
        np.abs(np.asarray(ask(content, more)) - predict(content, more, fast=False)).max() < 0.2
    ), "One end of this file is int8 and the other float32. Does each end follow its own type?"
for kind, low, high in (("int8", -1, 1), ("wrapped", 0, 3), ("int8", -4, 1)):
    spans = [(low, high), (0, 20), (-20, 12)]
    content = write_dense(some, kind, ranges=spans)
    more = np.random.default_rng(8).uniform(low, high, (20, 6)).astype("float32")
    wanted = predict(content, more, fast=False)
    answers = np.asarray(ask(content, more))
    assert answers.dtype == np.float32, "Outputs of another type than float32 came back."
    step = float(read(content).outputs[0].scales[0])
    assert np.abs(answers - wanted).max() < 12 * step, (
        "Scale or zero point is missing on one of the two sides."
    )
    assert np.abs(answers - wanted).max() <= 1.01 * step, (
        "Nearly. Are the levels of the input rounded to the nearest?"
    )
    beyond = np.full((1, 6), 3 * high, "float32")
    clipped = predict(content, beyond, fast=False)
    assert np.abs(np.asarray(ask(content, beyond)) - clipped).max() <= 1.01 * step, (
        "What happens to an input that is larger than the scale allows for?"
    )
for between in ((0, 1), (-1, 0)):
    content = write_dense(
        [(np.ones((1, 1), "float32"), np.zeros(1, "float32"))], "int8", ranges=[between, between]
    )
    more = np.linspace(*between, 50, dtype="float32")[:, None]
    off = np.abs(np.asarray(ask(content, more)) - more).max()
    assert off < 0.01, (
        "Some outputs are 256 steps away. Which numbers has the type in which you subtract the zero point?"
    )
for kind in ("float32", "int8"):
    content = renumbered(write_dense(some, kind, ranges=[(-1, 1), (0, 20), (-20, 12)]))
    more = np.random.default_rng(6).uniform(-1, 1, (9, 6)).astype("float32")
    try:
        off = np.abs(np.asarray(ask(content, more)) - predict(content, more, fast=False)).max()
    except Exception:
        off = np.inf
    assert off < 0.2, "In this file the input is not tensor 0. Which are the input and the output?"
# One level of the input is twenty of the output, so that a single one can be seen.
one = np.ones((1, 1), "float32")
for bias, low, high in ((0, -0.04, 0.04), (1, -3, -2), (-1, 2, 3)):
    content = write_dense(
        [(one, np.array([bias], "float32"))], "int8", ranges=[(-1, 1), (-0.05, 0.05)]
    )
    more = np.random.default_rng(9).uniform(low, high, (20, 1)).astype("float32")
    off = np.abs(np.asarray(ask(content, more)) - predict(content, more, fast=False)).max()
    assert off < 0.002, (
        "Some level of the input is one too high or too low. Rounded to the nearest, and clipped to all of int8?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Three broken conversions (3 points)
#
# Three colleagues send you code. None of it raises an error, and none of the three files is what they wanted:
#
# ```python
# def to_float16(layers):                      # wanted: weights in float16
#     converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
#     converter.optimizations = [tf.lite.Optimize.DEFAULT]
#     converter.supported_types = [tf.float16]
#     return converter.convert()
#
# def to_int8_inside(layers, inputs):          # wanted: integers inside, float32 input and output
#     converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
#     converter.optimizations = [tf.lite.Optimize.DEFAULT]
#     examples = ([one[None]] for one in inputs)
#     print(len(list(examples)), "examples")
#     converter.representative_dataset = lambda: examples
#     return converter.convert()
#
# def from_function(layers):                   # wanted: float32, for one example at a time
#     model = keras_model(layers)
#     spec = tf.TensorSpec([1, layers[0][0].shape[1]], tf.float32)
#     function = tf.function(lambda x: model(x)).get_concrete_function(spec)
#     converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
#     return converter.convert()
# ```
#
# Find out what is in each file, and write the three functions so that TensorFlow's converter gives what was
# wanted. 1 point each.
#
# *Lesson: parts 7 and 8.*


# %% item="mend" answers=["to_float16", "to_int8_inside", "from_function"]
### BEGIN SOLUTION
def to_float16(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in inputs)
    return converter.convert()


def from_function(layers):
    return tf.lite.TFLiteConverter.from_keras_model(keras_model(layers)).convert()


### END SOLUTION

# %% test="mend" points=1
from coursekit.nets.tflite import predict, write_dense

layers = random_layers(7, 40, 50, 30)
content = to_float16(layers)
found = sorted({tensor.dtype for tensor in read(content).weights})
assert found == ["float16"], f"the weights should be float16, but the file has {found}"
### BEGIN HIDDEN TESTS
assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
assert len(content) < 0.75 * len(write_dense(layers)), (
    "The file is not as small as float16 makes it."
)
inputs = np.random.default_rng(3).random((10, 40), dtype="float32")
assert np.allclose(predict(content, inputs, fast=False), network(layers, inputs), atol=0.05), (
    "The outputs are not those of the layers."
)
### END HIDDEN TESTS

# %% test="mend" points=1
layers = random_layers(7, 40, 50, 30)
inputs = np.random.default_rng(7).random((30, 40), dtype="float32")
file = read(to_int8_inside(layers, inputs))
assert {tensor.dtype for tensor in file.weights} == {"int8"}, "the weights should be int8"
### BEGIN HIDDEN TESTS
assert file.inputs[0].dtype == file.outputs[0].dtype == "float32", (
    "Input and output should stay float32."
)
between = [tensor.dtype for tensor in file.computed if tensor not in file.inputs + file.outputs]
assert "int8" in between, (
    "The values between the layers are float32 still. Which data did the converter see?"
)
assert "float32" not in between, "Some values between the layers are float32 still."
wide = inputs * 5
wide[0, 2], wide[-1, 3] = -6, 9
scales = [t.scales[0] for t in read(to_int8_inside(layers, wide)).computed if len(t.scales)]
assert any(abs(scale * 255 / 15 - 1) < 0.05 for scale in scales), (
    "No scale in the file fits the inputs that were passed in, from the first to the last."
)
span = np.ptp([0, *network(layers, wide).ravel()])
assert any(abs(scale * 255 / span - 1) < 0.05 for scale in scales), (
    "No scale fits what the layers make of the inputs. Which examples has the converter seen?"
)
### END HIDDEN TESTS

# %% test="mend" points=1
from coursekit.nets.tflite import predict

layers = random_layers(7, 40, 50, 30)
content = from_function(layers)
assert len(content) > 4 * sum(weights.size for weights, _ in layers), (
    f"{len(content):,} bytes: can all the weights be in the file?"
)
### BEGIN HIDDEN TESTS
assert b"MLIR Converted" in content, "This file does not come from TensorFlow's converter."
assert {tensor.dtype for tensor in read(content).weights} == {"float32"}, (
    "The weights should stay float32."
)
some = random_layers(8, 12, 20, 9)
inputs = np.random.default_rng(3).random((10, 12), dtype="float32")
assert np.allclose(
    predict(from_function(some), inputs, fast=False), network(some, inputs), atol=1e-3
), "The outputs are not those of the layers."
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · What stands left of the dot? (2 points)
#
# Write `diagnose(message)`. `message` is the text of an `AttributeError`. It returns a pair of `str`: the type's (or
# the module's) name as the message has it, and one of these words:
#
# | word | when |
# |---|---|
# | `"late"` | the thing is a `bytes` object: the conversion is over |
# | `"return"` | the thing is `None`: a function has returned nothing |
# | `"class"` | the message speaks of a *type object*: nobody has made an object of it |
# | `"import"` | the message speaks of a *module*: too old, too new, or a file of your own |
# | `"other"` | anything else |
#
# A type object or a module is one whatever its name, and a name may hold any word.
#
# Examples: `"'bytes' object has no attribute 'optimizations'"` gives `("bytes", "late")`, and
# `"module 'tensorflow' has no attribute 'contrib'"` gives `("tensorflow", "import")`, and so does `"partially initialized
# module 'tensorflow' has no attribute 'lite'"`, which a file of your own with that name brings about. From Python 3.13 on, some
# messages go on: `"'TFLiteConverter' object has no attribute 'optimizations' and no __dict__ for setting new
# attributes"` gives `("TFLiteConverter", "other")`.
#
# *Lesson: part 7.*


# %% item="diagnose" answers=["diagnose"]
### BEGIN SOLUTION
def diagnose(message):
    name = message.split("'")[1]
    if message.startswith("type object"):
        return name, "class"
    if message.split("'")[0].rstrip().endswith("module"):
        return name, "import"
    return name, {"bytes": "late", "NoneType": "return"}.get(name, "other")


### END SOLUTION

# %% test="diagnose" points=1
message = "'bytes' object has no attribute 'optimizations'"
assert diagnose(message)[0] == "bytes", f"{message}: bytes stands left, not {diagnose(message)[0]}"
### BEGIN HIDDEN TESTS
for name in ("Sequential", "TFLiteKerasModelConverterV2", "set", "NoneType"):
    for end in ("", " and no __dict__ for setting new attributes", ". Did you mean: 'bytes'?"):
        text = f"'{name}' object has no attribute 'convert'{end}"
        assert diagnose(text)[0] == name, explain(
            diagnose(text)[0],
            {"convert": "That is what is missing. What is it missing from?"},
            "Which word of the message is the type, also in a long message?",
        )
assert diagnose("module 'tensorflow._api.v2.lite' has no attribute 'x'")[0] == (
    "tensorflow._api.v2.lite"
), "A module's name may hold dots."
assert diagnose("type object 'Optimize' has no attribute 'INT4'")[0] == "Optimize", (
    "In “type object 'X'”, what is the name?"
)
### END HIDDEN TESTS

# %% test="diagnose" points=1
assert tuple(diagnose("'NoneType' object has no attribute 'convert'")) == ("NoneType", "return"), (
    "None comes from a function that returns nothing"
)
for text, word in (
    ("'bytes' object has no attribute 'optimizations'", "late"),
    ("module 'tensorflow' has no attribute 'contrib'", "import"),
    ("type object 'Optimize' has no attribute 'INT4'", "class"),
    ("'TFLiteConverter' object has no attribute 'optimizations'", "other"),
):
    assert diagnose(text)[1] == word, f"{text}: expected {word!r}, but got {diagnose(text)[1]!r}"
### BEGIN HIDDEN TESTS
for text, word in (
    ("'bytes' object has no attribute 'convert'", "late"),
    ("module 'tensorflow.lite' has no attribute 'bytes'", "import"),
    (
        "partially initialized module 'tensorflow' has no attribute 'lite' (most likely due to a circular import)",
        "import",
    ),
    ("type object 'TFLiteConverterV2' has no attribute 'optimizations'", "class"),
    ("type object 'bytes' has no attribute 'convert'", "class"),
    ("'Sequential' object has no attribute 'convert'", "other"),
    ("'module_list' object has no attribute 'NoneType'", "other"),
    ("'list' object has no attribute 'bytes'", "other"),
):
    assert diagnose(text)[1] == word, (
        "The wrong word for one of the messages. Do you look at the whole text, or at what is left of the dot?"
    )
for text, word in (
    ("'bytes_iterator' object has no attribute 'convert'", "other"),
    ("'NoneTensorSpec' object has no attribute 'convert'", "other"),
    ("module 'object_detection' has no attribute 'utils'", "import"),
    ("'numpy.ndarray' object has no attribute 'numpy'", "other"),
):
    assert diagnose(text)[1] == word, (
        "A name may hold any word. Do you look for one in it, or at what the name is?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · The gate (2 points)
#
# A device has room for a file of `max_bytes` bytes, takes no floats, and has kernels for the operators in the set
# `operators` only.
# Before a file goes out, a gate says what stands against it. Write `objections(content, max_bytes, operators)`. It returns
# a list of `str`, empty if nothing stands against the file, with these in this order:
#
# 1. `"size"`, if the file has more than `max_bytes` bytes;
# 2. `"float"`, if the input, the output, a weight or a value that the graph computes is float32 or float16;
# 3. the name of each operator in the file that is not in `operators`, once each, in alphabetical order.
#
# `read(content).operators` has a tuple for each operation, which begins with the operator's name.
#
# Then leave in `shipped` the name of the most accurate of the `candidates` below to which the gate has no objection, for
# at most 4,000 bytes and `{"FULLY_CONNECTED"}`. (The accuracies are made up, in proportions that occur.)
#
# *Lesson: parts 4 and 7.*

# %% given=true of="gate"
import coursekit.nets.tflite

_network = random_layers(11, 40, 30, 10)
_ranges = [(-1, 1), (0, 8), (-8, 8)]
candidates = {
    kind: (accuracy, coursekit.nets.tflite.write_dense(_network, kind, ranges=_ranges))
    for kind, accuracy in (
        ("float32", 0.851),
        ("float16", 0.851),
        ("wrapped", 0.851),
        ("dynamic", 0.850),
        ("int4", 0.839),
        ("int8", 0.848),
    )
}


# %% item="gate" answers=["objections", "shipped"]
### BEGIN SOLUTION
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) > max_bytes:
        found.append("size")
    tensors = file.inputs + file.outputs + file.weights + file.computed
    if any(tensor.dtype.startswith("float") for tensor in tensors):
        found.append("float")
    return found + sorted({name for name, _, _ in file.operators} - set(operators))


shipped = "int8"
### END SOLUTION

# %% test="gate" points=1
from coursekit.nets.tflite import write_dense

layers = random_layers(7, 6, 5, 3)
ranges = [(-1, 1), (0, 4), (-5, 5)]
dense = {"FULLY_CONNECTED"}
found = objections(write_dense(layers, "int8", ranges=ranges), 10**6, dense)
assert list(found) == [], f"nothing stands against this int8 file, but you say {found}"
found = objections(write_dense(layers), 10, dense)
assert list(found) == ["size", "float"], f'expected ["size", "float"], but got {found}'
### BEGIN HIDDEN TESTS
content = write_dense(layers, "int8", ranges=ranges)
assert list(objections(content, len(content), dense)) == [], "Just `max_bytes` bytes: that fits."
assert list(objections(content, len(content) - 1, dense)) == ["size"], (
    "One byte too many is too many."
)
assert list(objections(write_dense(layers, "dynamic"), 10**6, dense)) == ["float"], (
    "All weights are int8 here. Does the device take all of this file?"
)
for kind in ("int8 in", "int8 out"):
    found = objections(
        write_dense(layers, kind, ranges=ranges), 10**6, dense | {"QUANTIZE", "DEQUANTIZE"}
    )
    assert list(found) == ["float"], "One end is int8, the other is not. Do you look at all of it?"
found = objections(write_dense(layers, "float16"), 10**6, dense | {"DEQUANTIZE"})
assert list(found) == ["float"], "float16 values are floats, too."
assert list(objections(write_dense(layers, "int4", ranges=ranges), 10**6, dense)) == [], (
    "int8 with 4-bit weights holds integers only."
)
found = objections(write_dense(layers, "uint8", ranges=ranges), 10**6, dense | {"QUANTIZE"})
assert list(found) == [], "uint8 outside and int8 inside: which of these are floats?"
content = write_dense(layers, "wrapped dynamic", ranges=ranges)
found = objections(content, 10**6, dense | {"QUANTIZE", "DEQUANTIZE"})
assert list(found) == ["float"], (
    "Input, output and weights are integers here. What does the graph compute between them?"
)
### END HIDDEN TESTS

# %% test="gate" points=1
from coursekit.nets.tflite import write_dense

wrapped = write_dense(random_layers(7, 6, 5, 3), "wrapped", ranges=[(-1, 1), (0, 4), (-5, 5)])
found = objections(wrapped, 10**6, {"FULLY_CONNECTED", "SOFTMAX"})
assert list(found) == ["float", "DEQUANTIZE", "QUANTIZE"], (
    f"two operators are not on the device, so ['float', 'DEQUANTIZE', 'QUANTIZE'], but got {found}"
)
assert shipped in candidates, f"{shipped!r} is none of the candidates"
assert len(candidates[shipped][1]) <= 4000, f"{shipped} does not fit in 4,000 bytes"
### BEGIN HIDDEN TESTS
device = {"FULLY_CONNECTED", "SOFTMAX"}
for kind, wanted in (
    ("float16", ["float", "DEQUANTIZE"]),
    ("wrapped", ["float", "DEQUANTIZE", "QUANTIZE"]),
    ("int8 out", ["float", "QUANTIZE"]),
):
    content = write_dense(random_layers(5, 8, 4, 4, 2), kind, ranges=[(-1, 1)] * 4)
    found = list(objections(content, 10**6, device))
    assert device == {"FULLY_CONNECTED", "SOFTMAX"}, (
        "After the call the device has other operators."
    )
    assert sorted(set(found)) == sorted(wanted), (
        "Which operators run in this file, and which has the device?"
    )
    assert len(found) == len(wanted), "An operator that runs several times is named once."
    assert found == wanted, "The order is size, float, and then operators by the alphabet."
for there, missing in (("QUANTIZE", "DEQUANTIZE"), ("DEQUANTIZE", "QUANTIZE")):
    assert list(objections(wrapped, 10**6, {"FULLY_CONNECTED", there})) == ["float", missing], (
        "One operator's name can be part of another's. Do you ask for the whole name?"
    )
content = write_dense(random_layers(5, 8, 4, 4, 2), "int8", ranges=[(-1, 1)] * 4)
assert list(objections(content, 10, set())) == ["size", "FULLY_CONNECTED"], (
    "Several things stand against it. Are all of them said, each once?"
)
assert shipped == "int8", explain(
    shipped,
    {
        "int4": "It passes the gate. Is it the most accurate one that does?",
        "dynamic": "Are its inputs integers? Let the gate look at it.",
        "float16": "Half the bytes. Does the device take floats?",
    },
)
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · A report (graded by your teacher)
#
# A colleague writes: *“I set `optimizations = [tf.lite.Optimize.DEFAULT]` and got no error, so our model is full int8
# now and will run on our accelerator, which takes integers only. The file is 27% of the old size and not 25%, so something is
# broken. My accuracy on the training images is the same as before.”*
#
# Answer in five to eight sentences, so that he can act on it: what he has in fact and how he can prove it; what is missing
# for his accelerator; whether 27% is a fault; what is wrong with his accuracy. (2 points)
#
# *Lesson: parts 2 to 4.*

# %% [markdown] item="report" manual=true points=2
# ### BEGIN SOLUTION
# `DEFAULT` alone gives dynamic range quantization: large weight tensors in int8, while small ones, input, output and all values
# between the layers stay float32. No error proves nothing. He should open the file and read the types of its input, its
# weights and the values between the layers. For a device without floats he needs full int8: a representative dataset of
# images, preprocessed as in use, `supported_ops = [TFLITE_BUILTINS_INT8]`, and int8 as inference input and output type; then he
# checks the types and the input's scale. He also has to quantize inputs himself. 27% is no fault: names, shapes,
# scales, biases and small weight tensors do not shrink fourfold. Accuracy has to be measured on test images, with
# the finished `.tflite` file, against the float32 file.
#
# Rubric, 1 point each:
#
# 1. It is dynamic range and not full int8, shown by types, **and** what is missing (representative data, int8 operations,
#    int8 input and output). One of the two: half a point.
# 2. 27% explained (what does not shrink) **and** accuracy on test images with the converted file. One of the two: half.
# ### END SOLUTION
