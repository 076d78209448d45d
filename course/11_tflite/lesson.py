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
# # 11 · TFLite and LiteRT
#
# **I asked the converter to quantize my model. No error came, and there is a file. Is it quantized?**
#
# This lesson turns a PyTorch network into a `.tflite` file, as phones and small devices run it, looks for its
# weights in that file by hand, and collects the ways in which a conversion goes wrong.
#
# It takes about {minutes} minutes, with a place to stop after part 5. You need a little PyTorch, and what a scale and a zero point are: an int8
# number $q$ stands for $s\,(q - z)$, with scale $s$ and zero point $z$.
#
# The whole is called **LiteRT** today: the runtime, and a *quantizer* that needs no TensorFlow. **TFLite** is the name of the
# file format, and of TensorFlow's converter, the long-standing road that most code still takes. This lesson walks the old
# road, because you will meet it, and shows the new one beside it (part 2).
#
# Choose a weight in the picture, before you run anything. Two files of one network lie there byte by byte. Which of them
# is quantized?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_11.opening import bytes_of_a_file

bytes_of_a_file()

# %% [markdown]
# Three questions from lesson 02 before you begin. What does the int8 number 17 stand for, with scale 0.5 and zero point −3? What is the scale
# of a row whose largest magnitude is 2.54? What becomes of a value beyond the range?
#
# <details><summary>Answers</summary>
#
# 0.5 · (17 + 3) = 10. 2.54 / 127 = 0.02. It is clipped to the end of the range.
#
# </details>
#
# The next cell imports TensorFlow, which takes 5 to 10 seconds. `coursekit.nets.tensorflow` is
# `import tensorflow as tf` without log lines.

# %%
import gzip
import math

import numpy as np
import pandas as pd
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import nn

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.pictures import plot
from coursekit.lesson_11.clinic import SIGNS, admit
from coursekit.nets.data import load_fashion_mnist
from coursekit.learn.explore import explore
from coursekit.nets.measure import latency
from coursekit.nets.tensorflow import tf
from coursekit.nets.tflite import load, predict, read, write_dense
from coursekit.nets.train import fit, set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)
tf.keras.utils.set_random_seed(0)

# %% [markdown]
# Six people want a smaller file. Each sets one thing on a converter of the same Keras model, then calls
# `convert()`:
#
# | who | what they set |
# |---|---|
# | A | `converter.optimizations = [tf.lite.Optimize.DEFAULT]` |
# | B | `converter.optimisations = [tf.lite.Optimize.DEFAULT]` |
# | C | `converter.optimizations = ["DEFAULT"]` |
# | D | `converter.post_training_quantize = True` |
# | E | `converter.representative_dataset = some_images` |
# | F | `converter.target_spec.supported_types = [tf.float16]` |
#
# All six get a file. How many of the six are smaller than with no wish at all? A cell with `guess` asks for your
# guess: run it, answer, and go on.


# %%
def keras_net(batch: int | None = None) -> tf.keras.Sequential:
    """A small CNN for images of the shape (28, 28, 1), so many at a time, or as many as come."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((28, 28, 1), batch_size=batch),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )


# %%
guess("six wishes: files that are smaller", unit="of 6")


# %%
def some_images():
    """Yields inputs as the model gets them, each as a list with one array."""
    draw = np.random.default_rng(0)
    for _ in range(10):
        yield [draw.random((1, 28, 28, 1), dtype=np.float32)]


untrained = keras_net()
DEFAULT = [tf.lite.Optimize.DEFAULT]
wishes = {
    "nothing": lambda c: None,
    "A  optimizations = […DEFAULT]": lambda c: setattr(c, "optimizations", DEFAULT),
    "B  optimisations = […DEFAULT]": lambda c: setattr(c, "optimisations", DEFAULT),
    'C  optimizations = ["DEFAULT"]': lambda c: setattr(c, "optimizations", ["DEFAULT"]),
    "D  post_training_quantize": lambda c: setattr(c, "post_training_quantize", True),
    "E  representative_dataset": lambda c: setattr(c, "representative_dataset", some_images),
    "F  supported_types = [float16]": lambda c: setattr(
        c.target_spec, "supported_types", [tf.float16]
    ),
}
six = {}
for name, wish in wishes.items():
    converter = tf.lite.TFLiteConverter.from_keras_model(untrained)
    wish(converter)
    six[name] = converter.convert()

# %%
fig, ax = plot.figure(width=8, height=3.2)
plot.bars(ax, list(six), [len(content) / 1000 for content in six.values()], label="{:.0f}")
ax.set(title="Six wishes, no error", xlabel="size of the file (kB)")
plot.show(fig, alt="Seven bars: the size of the file with no wish, and with each of the six.")
smaller = sum(len(content) < len(six["nothing"]) for content in six.values())
reveal("six wishes: files that are smaller", smaller)

# %% [markdown]
# One. The other five options were ignored without a warning; part 7 says why. The rule comes now: **the absence of
# an error proves nothing. Look at the types and the size of what is in the file.**
#
# ## 1 · From PyTorch to Keras
#
# We train in PyTorch and carry the weights over to Keras, whose models the TFLite converter reads. (The package
# `litert-torch` does without Keras. It is large and is not run here.) Keras for PyTorch people:
#
# | | PyTorch | Keras |
# |---|---|---|
# | images | (batch, **channels**, height, width) | (batch, height, width, **channels**) |
# | kernel of a convolution | (out, in, height, width) | (height, width, in, out) |
# | weights of a dense layer | (**out**, in) | (in, **out**) |
# | a layer's numbers | `layer.weight`, `layer.bias` | `layer.get_weights()`: a list of arrays |
# | ReLU | a layer of its own | `activation="relu"` |
#
# The images are Fashion-MNIST, 28×28 grey values of clothes in ten classes: 2,000 of the training images for
# validation, 2,000 test images for the finished files.


# %% tags=["nbval-ignore-output"]
assert smaller == 1


def torch_net() -> nn.Sequential:
    """The same network in PyTorch, for images of the shape (1, 28, 28)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 6 * 6, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


data = load_fashion_mnist()
train, validation = data.train.hold_out(2000)
original = torch_net()
history = fit(original, train.tensors(), validation.tensors(), epochs=5)
assert history["validation_accuracy"].iloc[-1] > 0.75
history.round(3)

# %% [markdown]
# Now the weights. For each layer, `transpose` puts the axes into Keras's order. Both networks then get the
# same test images. Which share of their answers will be the same?


# %%
def image_last(images: np.ndarray) -> np.ndarray:
    """Grey values 0–255, (n, 28, 28), as Keras takes them: float32 in 0–1, (n, 28, 28, 1)."""
    return (images / np.float32(255))[..., None]


def weighted(model):
    """The layers that have weights, of a PyTorch or a Keras model."""
    if isinstance(model, nn.Module):
        return [layer for layer in model if hasattr(layer, "weight")]
    return [layer for layer in model.layers if layer.weights]


def carry_over(model: nn.Sequential, target: tf.keras.Sequential) -> None:
    """Copies weights and biases, with the axes of each kernel in Keras's order."""
    for layer, other in zip(weighted(model), weighted(target), strict=True):
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        axes = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
        other.set_weights([weight.transpose(axes), bias])


keras_model = keras_net()
carry_over(original, keras_model)
test_images, test_labels = image_last(data.test.images), data.test.labels
with torch.no_grad():
    torch_outputs = original(data.test.tensors()[0]).numpy()
keras_outputs = keras_model.predict(test_images, verbose=0)

# %%
guess("weights carried over to Keras: equal answers", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
same = float((keras_outputs.argmax(1) == torch_outputs.argmax(1)).mean())
reveal("weights carried over to Keras: equal answers", 100 * same)
print(f"largest difference: {np.abs(keras_outputs - torch_outputs).max():.3g}")

# %% [markdown]
# No error, every shape fits, and the answers are wrong. Why? Follow the shapes through `Flatten`. PyTorch
# hands it (32, 6, 6) and goes through one *channel* after the other. Keras hands it (6, 6, 32) and goes
# through one *place* after the other. Both give 1,152 numbers, in another order. So the columns of the first
# dense layer must change places too.

# %%
assert same < 0.6
first_dense = weighted(original)[2]
by_channel = first_dense.weight.detach().numpy().reshape(64, 32, 6, 6)
by_place = by_channel.transpose(0, 2, 3, 1).reshape(64, 6 * 6 * 32)
weighted(keras_model)[2].set_weights([by_place.T, first_dense.bias.detach().numpy()])

keras_outputs = keras_model.predict(test_images, verbose=0)
agree = bool(np.allclose(keras_outputs, torch_outputs, atol=1e-4))
print("outputs agree within 0.0001:", agree)
assert agree

# %% [markdown]
# They agree, up to the order in which float32 numbers are added. Shapes that fit prove nothing: after each step
# of a conversion, compare outputs on real inputs.
#
# ## 2 · One line, and what it did
#
# A **converter** is made from the model and holds your wishes. `convert()` returns the content of the
# finished file. Write it with `open("model.tflite", "wb").write(content)`.
#
# With no wish you get float32. With `optimizations = [tf.lite.Optimize.DEFAULT]` you get **dynamic
# range** quantization: weights in int8, and float32 values between the layers.
#
# The model has four weight tensors, biases apart. (Keras calls each of them a kernel. Here a kernel is the code that
# computes.) How many are int8 afterwards?

# %%
converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
float32_file = converter.convert()

converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
dynamic_file = converter.convert()

# %%
guess("DEFAULT: weight tensors in int8", unit="of 4")

# %%
interpreter = Interpreter(model_content=dynamic_file)
print("input: ", interpreter.get_input_details()[0]["dtype"].__name__)
print("output:", interpreter.get_output_details()[0]["dtype"].__name__)
for tensor in read(dynamic_file).weights:
    print(f"{tensor.shape!s:15} {tensor.dtype:8} {math.prod(tensor.shape):>6,} weights")
is_int8 = [tensor.dtype == "int8" for tensor in read(dynamic_file).weights]
reveal("DEFAULT: weight tensors in int8", sum(is_int8))
print(f"size of the file (float32 = 1): {len(dynamic_file) / len(float32_file):.3f}")
print("operators:", *(name for name, _, _ in read(dynamic_file).operators))

# %%
assert sum(is_int8) == 2 and 0.25 < len(dynamic_file) / len(float32_file) < 0.3

# %%
# Where is the limit? Two tiny models, one on each side of it.
for inputs, outputs in ((31, 33), (32, 32)):
    tiny = tf.keras.Sequential([tf.keras.Input((inputs,)), tf.keras.layers.Dense(outputs)])
    converter = tf.lite.TFLiteConverter.from_keras_model(tiny)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (tensor,) = read(converter.convert()).weights
    print(f"{inputs * outputs:,} weights: {tensor.dtype}")
    assert (tensor.dtype == "int8") == (inputs * outputs >= 1024)

# %% [markdown]
# A bit more than a quarter, and only the two large weight tensors are int8. The two tiny models show the limit: tensors
# with fewer than 1,024 entries stay float32. That is this converter's rule; it does not promise that all weights are int8.
#
# Input and output are float32. So are the values between the layers. But the products are not: where weights are int8,
# LiteRT finds the range of this input, rounds it to **int8**, multiplies integers, sums in **int32**, and scales the sums
# back to float32. *Dynamic range* means that the ranges are found anew in each run. A *weight-only* file would turn its
# weights back to float32 and multiply floats: it has an operation `DEQUANTIZE` behind each int8 weight tensor, and this file
# has none, as its operators say. The rounded inputs and the sums are in no file; the interpreter makes them when it runs. (Without XNNPACK, that
# is. With it, as by default, they can't be listed.)

# %% tags=["nbval-ignore-output"]
in_file = {tensor.name for tensor in read(dynamic_file).tensors}
interpreter = load(dynamic_file, fast=False)
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], test_images[:1])
interpreter.invoke()
for tensor in interpreter.get_tensor_details():
    if tensor["name"] not in in_file or not tensor["name"]:
        print(tensor["dtype"].__name__, tuple(tensor["shape"].tolist()))

# %% [markdown]
# int8 (1, 13, 13, 16) and (1, 1152) are the rounded inputs of the two quantized layers, and (1, 6, 6, 144) has the patches
# of the first. float32 (169,) and (1,) are the scales of these inputs, int32 (169,) and (1,) their zero points. Each image of
# a batch has one of its own, so here only the first of the 169 is used. The other int32 ones are sums. float32
# (1, 13, 13, 9) has the patches of the convolution that stayed float32.
#
# ### Today's road, without TensorFlow
#
# `litert-quantizer` (released before as `ai-edge-quantizer`) takes a float32 `.tflite` file and needs no TensorFlow. It
# is not installed with this course; `pip install litert-quantizer` is all it takes:
#
# ```python
# from litert_quantizer import quantizer, recipe
#
# q = quantizer.Quantizer("float32.tflite")
# q.load_quantization_recipe(recipe.dynamic_wi8_afp32())
# content = bytes(q.quantize(enable_progress_report=False).quantized_model)
# ```
#
# A recipe that starts with `static_` also needs ranges, from `q.calibrate(…)`. Measured for this course with version
# 0.11.0 on this lesson's float32 file (320,840 bytes), with the 2,000 test images. *Lost* and *won* count the images whose
# answer became wrong or right. No difference shows: the smallest of the five exact p is 0.55.
#
# | recipe | bytes | lost | won | weight tensors | nearest file of the converter |
# |---|---|---|---|---|---|
# | `dynamic_wi8_afp32` | 84,968 | 1 | 0 | int8, 4 of 4 | `DEFAULT`: 87,080 |
# | `dynamic_legacy_wi8_afp32` | 86,960 | 1 | 0 | int8, 2 of 4: the old rule of 1,024 | the same rule |
# | `dynamic_wi4_afp32` | 45,408 | 25 | 28 | int4, packed | none |
# | `weight_only_wi8_afp32` | 85,464 | 0 | 0 | int8, turned back to float32 before use | none |
# | `static_wi8_ai8` | 86,944 | 7 | 4 | int8, input and output too; **one float32 tensor is left inside** | not quite full int8, part 4 |
#
# Each took less than a tenth of a second. The float32 tensor in the last one is no error and no warning told of: where the
# model takes batches of any size, an operation that finds the size out gets floats. With a fixed batch of 1 all was int8.
# The converter has no 4 bits and no weight-only; the quantizer has both, and takes
# other recipes for single layers.
#
# `Interpreter` is LiteRT's own way to look into a file and to run it. (TensorFlow's `tf.lite.Interpreter` is
# deprecated. LiteRT's newest way to run a file is `CompiledModel`, from `ai_edge_litert.compiled_model`; it tells no scales,
# so we stay with `Interpreter`.) `read`, a helper of this course, opens the file without running it. We use it from here on.
#
# ## 3 · A map of the file
#
# A `.tflite` file is a **FlatBuffer**: tables that point to each other, and a block of raw bytes for each
# constant. Nothing is compressed, so one can point at every byte and say what it is.
#
# The picture shows the same network in three files. Each coloured block is one constant, as long as it is
# in bytes. White is everything else. Before you look: which share of the float32 file is white, neither weight
# nor bias?

# %%
converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.target_spec.supported_types = [tf.float16]
float16_file = converter.convert()
mapped = {"float32": float32_file, "float16": float16_file, "dynamic range": dynamic_file}

# %%
KINDS = {"float32": plot.COLOURS[5], "float16": "#CCCCCC", "int8": plot.COLOURS[4]}
LAYERS = {144: "conv 1", 4608: "conv 2", 73728: "dense 1", 640: "dense 2"}


def blocks(content: bytes):
    """Name, first byte, bytes and type of each constant with weights or biases."""
    for tensor in read(content).tensors:
        if tensor.data is not None and tensor.data.size >= 10:
            name = LAYERS.get(tensor.data.size, "bias")
            yield name, tensor.start, tensor.data.nbytes, tensor.dtype


fig, ax = plot.figure(width=10, height=3)
for line, content in enumerate(mapped.values()):
    ax.broken_barh([(0, len(content) / 1000)], (line - 0.35, 0.7), facecolor="white", edgecolor="k")
    for name, start, size, dtype in blocks(content):
        strip = [(start / 1000, size / 1000)], (line - 0.35, 0.7)
        ax.broken_barh(*strip, facecolor=KINDS[dtype], edgecolor="black", linewidth=0.5)
        if size > 25_000:
            ax.text((start + size / 2) / 1000, line, f"{name}\n{dtype}", ha="center", va="center")
    ax.text(len(content) / 1000 + 3, line, f"{len(content):,} B", va="center")
ax.set_yticks([0, 1, 2], list(mapped))
ax.invert_yaxis()
ax.grid(visible=False)
ax.set(title="Three files of one network, byte by byte", xlabel="place in the file (kB)")
ax.set_xlim(0, 360)
plot.show(fig, alt="Three strips of bytes, one for each file, with a block for each constant.")

# %%
share = {}
for name, content in mapped.items():
    rest = len(content) - sum(size for _, _, size, _ in blocks(content))
    share[name] = rest / len(content)
    print(f"{name}: {rest:,} of {len(content):,} bytes are no weights and no biases")
print("float16 begins with:", *(name for name, _, _ in read(float16_file).operators[:2]))
assert max(blocks(float32_file), key=lambda block: block[2])[0] == "dense 1"
assert 0.01 < share["float32"] < 0.015 and 0.055 < share["dynamic range"] < 0.065

# %% [markdown]
# The first dense layer is 85 to 92 % of each file. White is about 1 % of the float32 file: names, shapes, which layer reads
# what. This part does not shrink, and scales and added operations make it larger: it is 6 % of the dynamic range file. Nor
# do the two small weight tensors shrink. So int8 never quite reaches a quarter, and the smaller the model, the further it stays
# away.
#
# Float16 halves the weights. Each is turned back into float32 before it is used (the file has an operation
# `DEQUANTIZE` for that), so it saves bytes and no arithmetic, unless the device computes in float16.
#
# Choose a file and look at the small blocks, on a logarithmic axis:


# %%
def draw_sizes(file: str):
    """The constants of one file, each as a bar."""
    content = mapped[file]
    found = sorted(blocks(content), key=lambda block: -block[2])
    fig, ax = plot.figure(width=8, height=3.4)
    labels = [f"{name} ({dtype})" for name, _, _, dtype in found] + ["everything else"]
    sizes = [size for _, _, size, _ in found]
    plot.bars(ax, labels, [*sizes, len(content) - sum(sizes)])
    ax.set_xscale("log")
    ax.set(title=f"{file}: {len(content):,} bytes", xlabel="bytes (logarithmic)", xlim=(10, 2e6))
    return fig


explore(
    draw_sizes,
    alt="Bars: the bytes of each constant in one of the files; the file can be chosen.",
    file=["dynamic range", "float32", "float16"],
)

# %% [markdown]
# ## 4 · Integers all the way
#
# Many small devices have no float unit: they compute with floats in software, slowly. Accelerators for integers take no
# floats at all. For these every value must be an integer: weights, inputs, outputs, and everything between the layers.
#
# A weight's range stands in the model. The range of a value between two layers depends on the images, so the
# converter needs some: a **representative dataset**, a function that yields inputs *as the model gets them in
# use*, with the same preprocessing and shape, in float32. It runs them, notes the smallest and the largest value
# of each tensor, and makes scale and zero point from those. No labels are needed.
#
# Three lines more make input and output int8 too. By LiteRT's documentation, an operation that has no
# integer version stays in float, in silence; with `supported_ops` the converter stops with an error. A file is **full
# int8** if it holds no float values: all int8, but for biases and sums in int32.
#
# The second cell below proves what each file is, by its bytes and four types: of the input, the output, the
# weights, and the values between the layers. Which of the five files can run on a chip without floats?


# %%
def representative(images: np.ndarray):
    """A function that yields one image at a time, in a list, as the converter wants it."""
    return lambda: ([image[None]] for image in images)


calibration = image_last(train.images[:200])


def full_int8(model: tf.keras.Sequential, images: np.ndarray) -> bytes:
    """A file without floats: weights, activations, input and output in int8."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


int8_file = full_int8(keras_model, calibration)

converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = representative(calibration)
int8_inside_file = converter.convert()  # the same without the last three lines


# %%
def evidence(content: bytes) -> dict[str, object]:
    """What a .tflite file is, by types and size."""
    file = read(content)
    return {
        "input": file.inputs[0].dtype,
        "output": file.outputs[0].dtype,
        "weights": ", ".join(sorted({tensor.dtype for tensor in file.weights})) or "none",
        "between": ", ".join(sorted({tensor.dtype for tensor in file.computed})),
        "bytes": file.size,
    }


files = {
    "float32": float32_file,
    "float16": float16_file,
    "dynamic range": dynamic_file,
    "int8 inside": int8_inside_file,
    "full int8": int8_file,
}
proof = pd.DataFrame({name: evidence(content) for name, content in files.items()}).T
assert proof.loc["full int8", ["input", "output", "weights", "between"]].eq("int8").all()
assert proof.loc["dynamic range", "between"] == "float32"
proof

# %% [markdown]
# Read the column *between*. It tells dynamic range (`float32`) from integers inside (`int8`; the
# float32 beside it are the input and the output that you did not ask to change). Only the last file can
# run where nothing computes with floats.
#
# The table leaves one thing out: what computes shapes. A chip needs a kernel for each operation in the file, so list them,
# for a batch of any size and for a batch of one:

# %%
fixed = keras_net(batch=1)
fixed.set_weights(keras_model.get_weights())
fixed_file = full_int8(fixed, calibration)
for content in (int8_file, fixed_file):
    print(f"{len(content):,} bytes:", *(name for name, _, _ in read(content).operators))
assert len(read(int8_file).operators) == len(read(fixed_file).operators) + 3

# %% [markdown]
# The free batch size costs three operations that compute shapes, in int32. Give a model for a device a fixed batch.
#
# Now all five get the 2,000 test images. An int8 input cannot take 0.59. You must quantize it yourself, with
# the input's own scale and zero point, and turn the output back:
#
# $$q = \operatorname{clip}\left(\operatorname{round}(x / s) + z,\,-128,\,127\right), \qquad
# y = s\,(q - z)$$
#
# Grey values go from 0 to 1. What does 0.59 become?

# %%
scale, zero_point = load(int8_file).get_input_details()[0]["quantization"]
print(f"scale {scale:.6f} = 1/{1 / scale:.0f}, zero point {zero_point}")
grey = int(np.clip(np.round(0.59 / scale) + zero_point, -128, 127))
print("grey value 0.59 becomes", grey)
assert grey == round(0.59 * 255) - 128

# %% [markdown]
# How many of the 2,000 answers change from float32 to full int8?

# %%
guess("full int8: answers that change", unit="of 2,000")

# %% tags=["nbval-ignore-output"]
# predict() quantizes the inputs as above, runs the file image by image, and turns the outputs back.
answers = {name: predict(content, test_images).argmax(1) for name, content in files.items()}
right = {name: answer == test_labels for name, answer in answers.items()}
rows = {}
for name in files:
    won = int((right[name] & ~right["float32"]).sum())
    lost = int((right["float32"] & ~right[name]).sum())
    rows[name] = {
        "accuracy": right[name].mean(),
        "changed": int((answers[name] != answers["float32"]).sum()),
        "won": won,
        "lost": lost,
        "difference (points)": 100 * (won - lost) / 2000,
        "p": min(
            1,
            2
            * sum(math.comb(won + lost, k) for k in range(min(won, lost) + 1))
            / 2 ** (won + lost),
        ),
    }
reveal("full int8: answers that change", rows["full int8"]["changed"])
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# Some answers change, some for the better (`won`: wrong in float32, right now) and some for the worse
# (`lost`). $p$ is McNemar's (lesson 10): how often as many fair coins would fall at least as unevenly. Above 0.05 two files
# are **indistinguishable** on these images, and fewer than six images, lost and won together, can't show anything. All
# this is about one network, and not about quantization in general.
#
# ## 5 · Every weight again, by hand
#
# Where do the int8 weights come from? A weight tensor has a **row** for each output, and the largest magnitude of a row
# becomes 127:
#
# $$s_i = \frac{\max_j |w_{ij}|}{127}, \qquad q_{ij} = \operatorname{round}(w_{ij} / s_i)$$
#
# Here $w$ is a weight in float32, $i$ counts outputs and $j$ inputs. (A row of zeros gets the scale 1.) Each row has a scale of its own (*per channel*),
# and the zero point is always 0. Work out the second row before you run the cell.

# %%
assert all(abs(row["accuracy"] - right["float32"].mean()) < 0.015 for row in rows.values())

small = np.array([[0.5, -1.27, 0.02], [0.1, 0.05, -0.2]], dtype=np.float32)
scales = np.abs(small).max(1) / 127
levels = np.round(small / scales[:, None]).astype(np.int8)
fig, axes = plot.figure(1, 2, width=9, height=1.7)
plot.matrix(axes[0], small, decimals=2)
plot.matrix(axes[1], levels, decimals=0)
axes[0].set(title="float32", xlabel="input", ylabel="output")
axes[1].set(title="int8, a scale for each row", xlabel="input", ylabel="output")
plot.show(fig, alt="Two rows of three weights as floats, and as integers up to 127.")
assert levels.tolist() == [[50, -127, 2], [64, 32, -127]]

# %% [markdown]
# Now our network: scales and levels for all four weight tensors, from the float weights. What share of the 79,120
# weights will be equal to those in the file?
#
# One trap first. `get_tensor_details()` has an old key, `"quantization"`, with room for one scale. What
# does it say for a tensor with 64?

# %%
for tensor in load(int8_file).get_tensor_details():
    if tuple(tensor["shape"]) == (64, 1152):
        print('"quantization":           ', tensor["quantization"])
        found = tensor["quantization_parameters"]
        print('"quantization_parameters":', len(found["scales"]), "scales, along axis", end=" ")
        print(found["quantized_dimension"])
        assert tensor["quantization"] == (0.0, 0) and len(found["scales"]) == 64


# %%
def per_channel(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, …) → int8 of the same shape, and one scale for each output."""
    rows = weight.reshape(len(weight), -1)
    largest = np.abs(rows).max(1)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype(np.float32)
    levels = np.round(rows / scales[:, None]).astype(np.int8)
    return levels.reshape(weight.shape), scales


in_file = {tensor.shape: tensor for tensor in read(int8_file).weights}
equal, total = 0, 0
for layer in weighted(keras_model):
    weight = layer.get_weights()[0]
    # TFLite's order is (outputs, height, width, inputs), or (outputs, inputs).
    weight = weight.transpose(3, 0, 1, 2) if weight.ndim == 4 else weight.T
    levels, scales = per_channel(weight)
    stored = in_file[weight.shape]
    assert np.allclose(scales, stored.scales, rtol=1e-6)
    equal += int((levels == stored.data).sum())
    total += levels.size
print(f"{equal:,} of {total:,} weights are equal")
assert equal == total

# %% [markdown]
# All of them. But the old key says `(0.0, 0)`, which looks like “not quantized”: per-channel scales stand in
# `"quantization_parameters"`.
#
# And the arithmetic? For the last layer we do what the runtime does, in integers:
#
# 1. subtract the zero point of the input, multiply by the int8 weights, add up in **int32**;
# 2. add the bias, which the file holds as int32 with the scale $s^x\,s_i$;
# 3. multiply by $s^x\,s_i / s^y$, round, add the output's zero point, clip to int8.
#
# $x$ is the layer's input and $y$ its output. `keep=True` lets us read what came out of the layer before. The
# plain kernels that `keep=True` takes do step 3 in integers too, with a multiplier and a shift, so we may differ by one step.

# %%
interpreter = load(int8_file, keep=True)
source = interpreter.get_input_details()[0]
file = read(int8_file)
name, (x, weight, bias), (y,) = file.operators[-1]
place = {tensor.name: number for number, tensor in enumerate(file.tensors)}
print("the last operation:", name, weight.shape)

worst = 0
for image in test_images[:100]:
    levels = np.clip(np.round(image / scale) + zero_point, -128, 127).astype(np.int8)
    interpreter.set_tensor(source["index"], levels[None])
    interpreter.invoke()
    x_levels = interpreter.get_tensor(place[x.name])[0].astype(np.int32)
    total = weight.data.astype(np.int32) @ (x_levels - int(x.zero_points[0])) + bias.data
    real = total * (x.scales[0] * weight.scales / y.scales[0])
    by_hand = np.clip(np.round(real) + y.zero_points[0], -128, 127)
    theirs = interpreter.get_tensor(place[y.name])[0]
    worst = max(worst, int(np.abs(by_hand - theirs).max()))
print("1,000 outputs: all within one step of the runtime's:", worst <= 1)
assert worst <= 1

# %% [markdown]
# > **A place to stop.** You can read in a file what became of every weight, and compute an output from its integers. Before you go
# > on: what makes a file *full* int8?
#
# <details><summary>Answer</summary>
#
# It holds no float values: input, output, weights and what lies between are int8, biases and sums int32.
#
# </details>
#
# ## 6 · Representative data
#
# Two hundred images decided all the ranges between the layers. What if they are the wrong ones? We convert
# again, and change nothing but them:
#
# - the same images, but **from 0 to 255**: somebody forgot to divide;
# - **darker** images, a tenth as bright;
# - **one class** only, sandals;
# - **noise**, Gaussian, nothing like clothes;
# - **all zeros**, ten of them.
#
# The weights stay the same. Put the five in an order, by the harm that they do. Then guess one of them: with the
# images as in use the accuracy is about 83 %. What is it with one class alone?

# %%
guess("one class as representative data: accuracy", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
choices = {
    "as in use": calibration,
    "one class": image_last(train.images[train.labels == 5][:200]),
    "noise": np.random.default_rng(0).normal(size=(200, 28, 28, 1)).astype(np.float32),
    "a tenth as bright": calibration / 10,
    "0 to 255": calibration * 255,
    "all zeros": np.zeros((10, 28, 28, 1), np.float32),
}
calibrated = {name: full_int8(keras_model, images) for name, images in choices.items()}
accuracies = {
    name: 100 * float((predict(content, test_images).argmax(1) == test_labels).mean())
    for name, content in calibrated.items()
}
labels = []
for name, content in calibrated.items():
    source = read(content).inputs[0]
    low, high = source.scales[0] * (np.array([-128, 127]) - source.zero_points[0])
    labels.append(f"{name}  [{low:z.1f}, {high:z.1f}]")
fig, ax = plot.figure(width=8, height=2.8)
plot.bars(ax, labels, list(accuracies.values()), label="{:.1f}")
ax.set(title="The same weights, other representative data", xlabel="test accuracy (%), full int8")
mark_guess(ax, "one class as representative data: accuracy", axis="x")
plot.show(fig, alt="Six bars of accuracy, one for each kind of representative data.")
reveal("one class as representative data: accuracy", accuracies["one class"])

# %% [markdown]
# No error in any of them, and no warning. The brackets give the range of the input, computed from its scale and
# zero point. Zeros and a range 255 times too wide ruin the model, and so do images that are too dark. One class,
# and even noise, did little harm here. Don't rely on it: this one network happens to cope with a range some nine
# times too wide. What matters first is that nothing is clipped, and that enough levels are left. Move the brightness of the representative images,
# and watch what the input can hold:


# %%
assert accuracies["0 to 255"] < accuracies["as in use"] - 20
assert accuracies["a tenth as bright"] < accuracies["as in use"] - 10
assert accuracies["all zeros"] < accuracies["as in use"] - 50
assert accuracies["one class"] > accuracies["as in use"] - 5
assert accuracies["noise"] > accuracies["as in use"] - 10


# %%
def draw_range(brightness: float):
    """The grey values of real images, and the int8 levels that the input has for them."""
    high = max(brightness, 1e-3)
    step = high / 255
    fig, ax = plot.figure(width=8, height=2.8)
    counts, edges = np.histogram(calibration[calibration > 0], 25, (0, 1))
    ax.bar(edges[:-1], counts / counts.max(), 0.04, align="edge", color="#CCCCCC")
    used = np.arange(0, min(high, 1) + step / 2, step)
    ax.vlines(used, 0, 1, color=plot.COLOURS[1], linewidth=0.4)
    if high < 1:
        ax.axvspan(high, 1, color=plot.COLOURS[2], alpha=0.3)
    clipped = float((calibration[calibration > 0] > high).mean())
    ax.set(
        title=f"{len(used)} levels between 0 and 1; {clipped:.0%} of the grey pixels are clipped",
        xlabel="grey value as the model gets it (lines: levels; shaded: clipped)",
        ylabel="grey pixels (most = 1)",
        xlim=(0, 1),
        ylim=(0, 1.05),
    )
    return fig


# %%
explore(
    draw_range,
    alt="A histogram of grey values under lines for int8 levels; the brightness can be moved.",
    brightness=[0.1, 0.3, 0.5, 1.0, 2.0, 10.0, 255.0],
    start={"brightness": 10.0},
)

# %% [markdown]
# A range too narrow **clips**: all brighter values become the same number. A range too wide leaves few
# **levels**: at 255 times, black and white are two neighbours. The check takes a second: does the input's
# scale fit the values that the model gets? For 0 to 1 it must be about 1/255.
#
# ## 7 · Options that fail in silence
#
# Back to the six wishes. A converter is an ordinary Python object: `converter.anything = 1` makes a new
# attribute, and nobody reads it. That explains the spelling mistakes. Others are real options that
# do nothing without another one. Before you run the next cell, say for each line of `silent` whether the file
# will be quantized.


# %%
def with_wishes(**wishes: object) -> bytes:
    """Converts with these attributes set; names with __ go to target_spec."""
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
    for name, value in wishes.items():
        where = converter.target_spec if name.startswith("target_spec__") else converter
        setattr(where, name.removeprefix("target_spec__"), value)
    return converter.convert()


images = representative(calibration[:20])
silent = {
    "optimizations = [Optimize.DEFAULT]": with_wishes(optimizations=DEFAULT),
    "optimisations = [Optimize.DEFAULT]": with_wishes(optimisations=DEFAULT),
    "optimization = [Optimize.DEFAULT]": with_wishes(optimization=DEFAULT),
    'optimizations = ["DEFAULT"]': with_wishes(optimizations=["DEFAULT"]),
    "post_training_quantize = True": with_wishes(post_training_quantize=True),
    "representative_dataset alone": with_wishes(representative_dataset=images),
    "target_spec.supported_types = [float16] alone": with_wishes(
        target_spec__supported_types=[tf.float16]
    ),
    "DEFAULT, and supported_types not on target_spec": with_wishes(
        optimizations=DEFAULT, supported_types=[tf.float16]
    ),
    "DEFAULT, and representative data that yields nothing": with_wishes(
        optimizations=DEFAULT, representative_dataset=lambda: iter(())
    ),
}

# %%
table = pd.DataFrame({name: evidence(content) for name, content in silent.items()}).T
quantized = [name for name, row in table.iterrows() if "int8" in row["weights"]]
print(len(silent) - len(quantized), "of", len(silent), "files have no int8 weight")
assert (table["bytes"] > 300_000).sum() == 7
table[["weights", "between", "bytes"]]

# %% [markdown]
# Seven files are float32 still. The eighth line asked for float16 and got int8 weights: `supported_types`
# belongs to `converter.target_spec`. `post_training_quantize` did quantize in TensorFlow 1. The word
# `"DEFAULT"` is no member of `tf.lite.Optimize`. And a generator is empty after one pass, for example
# after `print(list(…))`.
#
# So write the proof into your script, below each conversion. Where all weights are to be int8, two lines are
# enough; `read` is in `coursekit.nets.tflite`. (With `all(…)` in place of the set, a file without any weights would pass. The
# second line is for files of 100 kB and more.)
#
# ```python
# assert {t.dtype for t in read(content).weights} == {"int8"}
# assert len(content) < 0.35 * len(float32_content)
# ```
#
# ## 8 · Errors: read the type left of the dot
#
# Some mistakes do raise. Two that people ask about:
#
# `AttributeError: 'TFLiteConverter' object has no attribute 'optimizations'`
# `AttributeError: 'TFLiteConverter' object has no attribute 'target_spec'`
#
# They say: *the thing left of the dot* has the type `TFLiteConverter`, and that type has no such attribute. The second one
# was reported from TensorFlow 1.14 ([issue 45025](https://github.com/tensorflow/tensorflow/issues/45025)), whose converter
# had no `target_spec` yet: mind that it stands left of the second dot. Today you are more likely to meet this one. Read these three lines; the last one raises an
# `AttributeError`. Which type does it name?
#
# ```python
# converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
# converter = converter.convert()
# converter.optimizations = [tf.lite.Optimize.DEFAULT]
# ```

# %%
guess(
    "the last line: which type stands left of the dot?",
    choices=["TFLiteConverter", "Sequential", "bytes", "NoneType"],
)

# %%
converter = tf.lite.TFLiteConverter.from_keras_model(keras_model)
converter = converter.convert()
try:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
except AttributeError as error:
    # From Python 3.13 on, the sentence goes on with "and no __dict__ …".
    print("AttributeError:", str(error).split(" and no ")[0])
    reveal("the last line: which type stands left of the dot?", type(converter).__name__)

# %% [markdown]
# `bytes`. The second line put the finished file under the old name, and it is too late to optimize. Set the
# wish **before** `convert()`, and give the result a name of its own.
#
# Today's converter takes any attribute, so the first line below shows the first error by an *imitation*, a class
# that refuses new ones. If you meet one of the two, the class is not today's: print `tf.__version__`.
#
# The five others are real. Each is diagnosed in the same way: **what stands left of the dot, and where did it
# come from?** Cover the right-hand side of the output and try.

# %%
assert not hasattr(converter, "convert")
import tensorflow  # noqa: E402


class TFLiteConverter:
    """An imitation of an outdated converter: it has no `optimizations` and takes no new attribute."""

    __slots__ = ()


def no_return(model):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


today = tf.lite.TFLiteConverter.from_keras_model(keras_model)
mistakes = {
    "imitation.optimizations = […]": lambda: setattr(TFLiteConverter(), "optimizations", DEFAULT),
    "model.convert()": lambda: keras_model.convert(),
    "prepared(model).convert()": lambda: no_return(keras_model).convert(),
    "converter.optimizations.append(…)": lambda: today.optimizations.append(DEFAULT[0]),
    "TFLiteConverter.optimizations": lambda: tf.lite.TFLiteConverter.optimizations,
    "tensorflow.contrib.lite": lambda: tensorflow.contrib.lite,
}
for code, mistake in mistakes.items():
    try:
        mistake()
    except AttributeError as error:
        print(f"{code:34} {str(error).split(' and no ')[0]}")
print("today's class:", type(today).__name__)
assert type(today).__name__ != "TFLiteConverter"

# %% [markdown]
# | left of the dot | where it came from | mend |
# |---|---|---|
# | `'bytes' object` | `convert()` has run already | set the wish before |
# | `'Sequential' object` | the model, not the converter | `from_keras_model(model)` |
# | `'NoneType' object` | a function without `return` | return the converter |
# | `'set' object` | `optimizations` is a set until you set it | assign a list |
# | `type object '…'` | the class, not a converter made from it | make one first |
# | `module '…'` | an import: too old, too new, or a file of yours with that name | look at `tf.__file__` |
#
# Two more errors are about something that is missing. And one conversion raises nothing at all:
# `from_concrete_functions` with a second argument. (A *concrete function* is a function of TensorFlow, recorded
# for one shape and type of its input.)

# %%
try:
    with_wishes(optimizations=DEFAULT, inference_input_type=tf.int8)
except ValueError as error:
    print("int8 input, no representative data:\n   ", error)
try:
    with_wishes(
        optimizations=DEFAULT,
        target_spec__supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8],
    )
except ValueError as error:
    print("int8 operations, no representative data:\n   ", error)

function = tf.function(lambda x: keras_model(x)).get_concrete_function(
    tf.TensorSpec([1, 28, 28, 1], tf.float32)
)
with_model = tf.lite.TFLiteConverter.from_concrete_functions([function], keras_model).convert()
alone = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
print(f"from_concrete_functions with the model:    {len(with_model):>7,} bytes")
print(f"from_concrete_functions without the model: {len(alone):>7,} bytes")
print("weights in the first:", len(read(with_model).weights))
assert len(read(with_model).weights) == 0 and len(with_model) < 10_000

# %% [markdown]
# Both `ValueError`s mean the same: full integers need **representative data**. The first one only says that
# without it, input and output must stay float32.
#
# **The weights are not in the small file.** With a model of Keras 3 as
# second argument, the weights are saved as variables without values. Leave the second argument out, or use
# `from_keras_model`. (The converter warns against leaving it out; `coursekit.nets.tensorflow` hides that warning.)
#
# ## 9 · Time
#
# Is int8 faster? That depends on the processor and on the kernels that compute. Measure it, always against
# float32 **in the same runtime**. We take one image at a time, on one thread, in turn, and compare the medians. Beside our
# CNN there is a network of two dense layers, 784 → 1024 → 1024, whose weights are many and random. How many times faster
# is full int8 for the CNN? (1 means as fast.)

# %%
guess("int8 in LiteRT: times faster than float32", unit="×")


# %% tags=["nbval-ignore-output"]
def ready(content: bytes):
    """An interpreter with an input of zeros set; calling its invoke() is what gets timed."""
    interpreter = load(content, threads=1)
    source = interpreter.get_input_details()[0]
    interpreter.set_tensor(source["index"], np.zeros(source["shape"], source["dtype"]))
    return interpreter


random = np.random.default_rng(0)
wide = [
    (random.normal(0, 0.03, (1024, inputs)).astype("float32"), np.zeros(1024, "float32"))
    for inputs in (784, 1024)
]
runners = {f"CNN, {name}": ready(files[name]) for name in ("float32", "dynamic range", "full int8")}
runners["wide, float32"] = ready(write_dense(wide))
runners["wide, full int8"] = ready(write_dense(wide, "int8", ranges=[(0, 1), (0, 4), (-4, 4)]))

# %% tags=["nbval-ignore-output"]
times = latency({name: runner.invoke for name, runner in runners.items()}, runs=2000)
fig, ax = plot.figure(width=8, height=2.8)
plot.latencies(ax, times)
ax.set_title("LiteRT, one image, one thread")
plot.show(fig, alt="Bars of the time for one image: three files of the CNN, two of a wide network.")
speed_up = times["CNN, float32"].median / times["CNN, full int8"].median
print(
    f"wide: {times['wide, float32'].median / times['wide, full int8'].median:.2f} × faster in int8"
)
reveal("int8 in LiteRT: times faster than float32", speed_up)

# %% [markdown]
# The numbers are those of this machine, these networks and these kernels (XNNPACK, which LiteRT brings). A small network
# spends its few microseconds on overhead, and int8 may win or lose there: on two machines of ours it was 2.1 times as
# fast and 0.9 times. The wide network gained here; we have not tested why. And compare full int8 with dynamic range:
# here the calibrated ranges bring a file for chips without floats, and hardly any time. What your phone does, only your
# phone can tell.
#
# ## 10 · Zeros and gzip
#
# Lesson 07 set weights to zero. Does the converter make something of it? We zero the smallest 80 % of each weight tensor;
# only the bytes matter here. How large is the full int8 file, before and after gzip, if that of the dense network
# is 1?

# %%
pruned_model = keras_net()
pruned_model.set_weights(keras_model.get_weights())
for layer in weighted(pruned_model):
    weight, bias = layer.get_weights()
    remove = round(0.8 * weight.size)
    weight.flat[np.abs(weight).argsort(axis=None)[:remove]] = 0
    layer.set_weights([weight, bias])
pruned_file = full_int8(pruned_model, calibration)

# %% tags=["nbval-ignore-output"]
packed = {
    "dense": (len(int8_file), len(gzip.compress(int8_file, 9))),
    "80 % zeros": (len(pruned_file), len(gzip.compress(pruned_file, 9))),
}
fig, ax = plot.figure(width=8, height=2.4)
plot.grouped_bars(
    ax,
    list(packed),
    {"file": [p[0] for p in packed.values()], "gzip": [p[1] for p in packed.values()]},
)
ax.set(title="Dense, and 80 % zeros", xlabel="bytes, full int8", xlim=(0, 125_000))
ax.legend(loc="center right")
plot.show(fig, alt="Two groups of bars: file and gzip, of the dense network and the pruned one.")
assert abs(len(pruned_file) / len(int8_file) - 1) < 0.02
assert packed["80 % zeros"][1] < 0.5 * packed["dense"][1]

# %% [markdown]
# The file keeps its size: a zero takes a byte like any other weight. But app stores and servers compress what
# they send, and there zeros save bytes. On the device the model is unpacked again.
#
# ## 11 · The clinic
#
# Six files were handed in. All are called `model_int8.tflite`, and none raised an error. One is healthy. The others
# have one of these ailments each:
#
# - the wish was never heard;
# - dynamic range, sold as full int8;
# - the weights are missing;
# - the representative data had another preprocessing;
# - one scale for a whole weight tensor whose rows differ widely.
#
# You have five instruments: **types, size, the input's scale, the number of scales of the largest weight tensor, and a
# histogram** of the numbers in it. The accuracy tells at most that something is wrong, never what. The next cell, folded, mixes the six up. Write
# your diagnosis of each patient on paper.

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
ward = {
    "representative data with another preprocessing": calibrated["0 to 255"],
    "the wish was never heard": silent["optimisations = [Optimize.DEFAULT]"],
    "healthy": int8_file,
    "the weights are missing": with_model,
    "dynamic range, sold as full int8": dynamic_file,
}
patients, diagnoses = admit(ward, keras_model, calibration)

# %% tags=["nbval-ignore-output"]
charts = pd.DataFrame({number: evidence(content) for number, content in patients.items()}).T
charts["input scale"] = [
    f"{read(content).inputs[0].scales[0]:.4f}" if len(read(content).inputs[0].scales) else "–"
    for content in patients.values()
]
largest = [max(read(c).weights, key=lambda t: t.data.size, default=None) for c in patients.values()]
charts["scales"] = ["–" if tensor is None else len(tensor.scales) for tensor in largest]
charts["accuracy"] = [
    f"{(predict(content, test_images).argmax(1) == test_labels).mean():.3f}"
    for content in patients.values()
]
charts

# %% tags=["nbval-ignore-output"]
fig, axes = plot.figure(2, 3, width=11, height=4.6)
for ax, (number, content) in zip(axes.flat, patients.items(), strict=True):
    tensors = read(content).weights
    ax.set(title=f"patient {number}")
    if not tensors:
        ax.text(0.5, 0.5, "no weights in the file", ha="center", transform=ax.transAxes)
        continue
    tensor = max(tensors, key=lambda tensor: tensor.data.size)
    bins = np.arange(-128, 129) if tensor.dtype == "int8" else 100
    ax.hist(tensor.data.ravel(), bins, color=plot.COLOURS[1])
    ax.set(title=f"patient {number}: {tensor.dtype}", xlabel="stored value")
fig.supylabel("weights")
plot.show(
    fig,
    alt="Histograms of the weights that are stored in the largest weight tensor of each patient.",
)
for number, content in patients.items():
    for tensor in read(content).weights:
        if tensor.shape == (64, 1152) and tensor.dtype == "int8":
            share = (np.abs(tensor.data) <= 1).mean()
            print(f"patient {number}: {share:.0%} of the largest tensor is -1, 0 or 1")

# %%
guess(
    "the clinic: what is wrong with patient 6?",
    choices=[
        "healthy",
        "the wish was never heard",
        "dynamic range, sold as full int8",
        "the weights are missing",
        "representative data with another preprocessing",
        "one scale for a whole weight tensor",
    ],
)

# %%
for number, diagnosis in diagnoses.items():
    print(f"patient {number}: {diagnosis}. {SIGNS[diagnosis]}")
reveal("the clinic: what is wrong with patient 6?", diagnoses["6"])

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - carry a PyTorch network over to Keras, and prove that the outputs agree;
# - convert it to float16, dynamic range and full int8, with representative data;
# - prove by types and size what a `.tflite` file is, and find its weights and scales again by hand;
# - read an `AttributeError` from the type left of the dot, and know the options that fail in silence;
# - diagnose a broken file by types, size, scale and histogram.
#
# **Common mistakes**
#
# - Taking the absence of an error for success.
# - Calling `DEFAULT` alone “full int8”.
# - Setting `optimizations` after `convert()`, on bytes.
# - Representative data with another preprocessing than the model's.
# - Feeding 0.59 to an int8 input, without its scale and zero point.
# - Carrying a dense layer over after `Flatten` without changing the order of its columns.
# - Reading per-channel scales from `"quantization"`.
# - Comparing the time of LiteRT's int8 with PyTorch's float32.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | make a converter | `c = tf.lite.TFLiteConverter.from_keras_model(model)` |
# | dynamic range | `c.optimizations = [tf.lite.Optimize.DEFAULT]` |
# | float16 | the same, and `c.target_spec.supported_types = [tf.float16]` |
# | integers inside | `DEFAULT`, and `c.representative_dataset = function`, which yields `[batch]` |
# | full int8 | also `c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]`, `c.inference_input_type = c.inference_output_type = tf.int8` |
# | get the file | `content = c.convert()`, last of all |
# | run it | `i = Interpreter(model_content=content)`, `i.allocate_tensors()`, `i.set_tensor(…)`, `i.invoke()` |
# | see types | `i.get_input_details()`, `i.get_tensor_details()` |
# | per-channel scales | `details["quantization_parameters"]["scales"]` |
# | quantize an input | $q = \operatorname{clip}(\operatorname{round}(x/s) + z, -128, 127)$ |
# | recompute weights | $s_i = \max_j\lvert w_{ij}\rvert / 127$, $q_{ij} = \operatorname{round}(w_{ij}/s_i)$ |
# | today, without TensorFlow | `q = quantizer.Quantizer("float32.tflite")`, `q.load_quantization_recipe(recipe.dynamic_wi8_afp32())`, `bytes(q.quantize().quantized_model)` |
# | a file for a chip | a fixed batch: `tf.keras.Input(shape, batch_size=1)` |
# | diagnose an `AttributeError` | which type stands left of the dot, and where did it come from? |
#
# Order of work: compare outputs → convert → types and size → accuracy on test data → time on the device.

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("11")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("11")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("11")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("11")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("11")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("11")

# %% [markdown]
# **Pattern test.** Ten questions on *quantization* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("quantization")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - B. Jacob et al. (2018): *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
#   Inference*. CVPR. arXiv:1712.05877. The integer arithmetic of TFLite.
# - R. Krishnamoorthi (2018): *Quantizing deep convolutional networks for efficient inference: A whitepaper*.
#   arXiv:1806.08342. Per channel and per tensor, measured.
# - M. Nagel, M. van Baalen, T. Blankevoort, M. Welling (2019): *Data-Free Quantization Through Weight
#   Equalization and Bias Correction*. ICCV. arXiv:1906.04721. Rescaled units, and how to even them out.
# - Google: [Post-training quantization](https://ai.google.dev/edge/litert/models/post_training_quantization) and the
#   [int8 specification](https://ai.google.dev/edge/litert/models/quantization_spec).
# - TensorFlow: [`tf.lite.TFLiteConverter`](https://www.tensorflow.org/api_docs/python/tf/lite/TFLiteConverter).
# - FlatBuffers: [the format](https://flatbuffers.dev/).
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
