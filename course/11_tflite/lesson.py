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
# You'll turn a PyTorch network into a `.tflite` file, as phones run it, find its weights in it by hand, and see how a conversion goes wrong without a word.
#
# It takes about {minutes} minutes, with a place to stop after part 5. You need lesson 02: an int8 number $q$ stands for $s\,(q - z)$. **LiteRT** is today's name of the runtime, **TFLite** the file format and TensorFlow's converter.
#
# Choose a weight in the picture. Here are two files of one network, byte by byte. Which is quantized?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_11.opening import bytes_of_a_file

bytes_of_a_file()

# %% [markdown]
# Two questions from lesson 02 before you begin. What does the int8 number 17 stand for, with scale 0.5 and zero point −3? What is the scale of a row whose largest magnitude is 2.54?
#
# <details><summary>Answers</summary>
#
# 0.5 · (17 + 3) = 10. 2.54 / 127 = 0.02.
#
# </details>
#
# The next cell imports TensorFlow, which takes 5 to 10 seconds.

# %%
import math
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import pandas as pd
import torch
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe
from torch import nn

from coursekit import guess, guesses, mark_guess, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_11 import pictures
from coursekit.lesson_11.clinic import SIGNS, admit
from coursekit.lesson_11.nets import keras_net
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.tensorflow import tf
from coursekit.nets.tflite import load, predict, read
from coursekit.nets.train import fit, set_seed
from coursekit.pictures import plot

set_seed(0)
tf.keras.utils.set_random_seed(0)

# %% [markdown]
# Six people want a smaller file. Each sets one option on a converter of the same Keras model, then calls `convert()`:
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
# All six get a file. How many of the six are smaller than without any option?

# %%
guess("six options: files that are smaller", unit="of 6")


# %%
def convert(model: tf.keras.Sequential, **options: object) -> bytes:
    """Converts with these options set; names that begin with target_spec__ go to target_spec."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for name, value in options.items():
        where = converter.target_spec if name.startswith("target_spec__") else converter
        setattr(where, name.removeprefix("target_spec__"), value)
    return converter.convert()


def representative(images: np.ndarray):
    """A function that yields one image at a time, in a list, as the converter wants it."""
    return lambda: ([image[None]] for image in images)


untrained, DEFAULT = keras_net(), [tf.lite.Optimize.DEFAULT]
noise = np.random.default_rng(0).random((10, 28, 28, 1), dtype=np.float32)
six = {
    "nothing": convert(untrained),
    "A  optimizations = […DEFAULT]": convert(untrained, optimizations=DEFAULT),
    "B  optimisations = […DEFAULT]": convert(untrained, optimisations=DEFAULT),
    'C  optimizations = ["DEFAULT"]': convert(untrained, optimizations=["DEFAULT"]),
    "D  post_training_quantize": convert(untrained, post_training_quantize=True),
    "E  representative_dataset": convert(untrained, representative_dataset=representative(noise)),
    "F  supported_types = [float16]": convert(untrained, target_spec__supported_types=[tf.float16]),
}

# %%
fig, ax = plot.figure(width=8, height=3.2)
plot.bars(ax, list(six), [len(content) / 1000 for content in six.values()], label="{:.0f}")
ax.set(title="Six options, no error", xlabel="size of the file (kB)")
plot.show(fig, alt="Seven bars: the size of the file without options, and with each of the six.")
smaller = sum(len(content) < len(six["nothing"]) for content in six.values())
reveal("six options: files that are smaller", smaller)

# %% [markdown]
# One. The other five were ignored, and nobody was told. (Part 7 says why.) **The absence of an error proves nothing. Look at the types and the size of what is in the file.**
#
# ## 1 · From PyTorch to Keras
#
# We train in PyTorch and carry the weights over to Keras, whose models the converter reads. Keras keeps channels last: images are (batch, height, width, **channels**), a convolution's kernel is (height, width, in, out), and a dense layer's weights are (in, **out**), the other way round.
#
# The images are Fashion-MNIST, 28×28 grey values of clothes in ten classes.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = data.train.hold_out(2000)
original = nn.Sequential(
    nn.Conv2d(1, 16, 3, stride=2),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(32 * 6 * 6, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
history = fit(original, train.tensors(), validation.tensors(), epochs=5)
print(f"validation accuracy: {history['validation_accuracy'].iloc[-1]:.2f}")

# %% [markdown]
# For each layer, `transpose` puts the axes into Keras's order. Then both networks get the same test images. What fraction of their answers will be the same?


# %%
def image_last(images: np.ndarray) -> np.ndarray:
    """Grey values 0–255, (n, 28, 28), as Keras takes them: float32 in 0–1, (n, 28, 28, 1)."""
    return (images / np.float32(255))[..., None]


keras_model = keras_net()
torch_layers = [layer for layer in original if hasattr(layer, "weight")]
keras_layers = [layer for layer in keras_model.layers if layer.weights]
for layer, other in zip(torch_layers, keras_layers, strict=True):
    weight = layer.weight.detach().numpy()
    axes = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
    other.set_weights([weight.transpose(axes), layer.bias.detach().numpy()])

test_images, test_labels = image_last(data.test.images), data.test.labels
calibration = image_last(train.images[:200])
with torch.no_grad():
    torch_outputs = original(data.test.tensors()[0]).numpy()
keras_outputs = keras_model.predict(test_images, verbose=0)

# %%
guess("weights carried over to Keras: equal answers", unit="%", low=0, high=100)

# %% tags=["nbval-ignore-output"]
same = float((keras_outputs.argmax(1) == torch_outputs.argmax(1)).mean())
reveal("weights carried over to Keras: equal answers", 100 * same)

# %% [markdown]
# No error, every shape fits, and most answers differ. That's odd. Follow the shapes through `Flatten`. PyTorch hands it (32, 6, 6), so it goes through one *channel* after the other. Keras hands it (6, 6, 32), so it goes through one *place* after the other. Both give 1,152 numbers, but in another order, so the columns of the first dense layer must change places too.

# %%
by_channel = torch_layers[2].weight.detach().numpy().reshape(64, 32, 6, 6)
by_place = by_channel.transpose(0, 2, 3, 1).reshape(64, 6 * 6 * 32)
keras_layers[2].set_weights([by_place.T, torch_layers[2].bias.detach().numpy()])

keras_outputs = keras_model.predict(test_images, verbose=0)
print("outputs agree within 0.0001:", bool(np.allclose(keras_outputs, torch_outputs, atol=1e-4)))

float32_file = convert(keras_model)
dynamic_file = convert(keras_model, optimizations=DEFAULT)

# %% [markdown]
# They agree now. Shapes that fit prove nothing either, so compare outputs on real inputs after each step.
#
# ## 2 · One line, and what it did
#
# A **converter** holds your options, and `convert()` returns the bytes of the file. With `optimizations = [tf.lite.Optimize.DEFAULT]`, as A wrote, you get **dynamic range** quantization.
#
# The model has four weight tensors, not counting biases. How many of the four are int8 afterwards? `read`, a helper of this course, opens a file without running it.

# %%
guess("DEFAULT: weight tensors in int8", unit="of 4")

# %%
file = read(dynamic_file)
for tensor in file.weights:
    print(f"{tensor.shape!s:15} {tensor.dtype:8} {math.prod(tensor.shape):>6,} weights")
reveal("DEFAULT: weight tensors in int8", sum(tensor.dtype == "int8" for tensor in file.weights))
print(f"size of the file (float32 = 1): {file.size / len(float32_file):.3f}")
print("input:", file.inputs[0].dtype, "  output:", file.outputs[0].dtype)

# %% [markdown]
# Only the two large ones: fewer than 1,024 entries stay float32.
#
# The values between the layers are float32, but the products aren't. Where weights are int8, LiteRT finds the range of *this* input in each run, rounds it to int8, and multiplies integers. (The [further page](further/11_tflite.ipynb) catches the rounded inputs, and finds the limit of 1,024.)
#
# ## 3 · A map of the file
#
# A `.tflite` file is a **FlatBuffer**: tables that point to each other, and a block of raw bytes for each constant. Nothing is compressed, so one can point at every byte and say what it is. Each coloured block below is one constant. White is everything else, such as names and shapes.

# %%
float16_file = convert(
    keras_model, optimizations=DEFAULT, target_spec__supported_types=[tf.float16]
)
mapped = {"float32": float32_file, "float16": float16_file, "dynamic range": dynamic_file}
plot.show(
    pictures.file_map(mapped),
    alt="Three strips of bytes, one for each file, with a block for each constant.",
)

# %% [markdown]
# The first dense layer is most of each file. White and the two small weight tensors don't shrink, so int8 never quite reaches a quarter. (Float16 weights are turned back into float32 before use: they save bytes, not arithmetic.) The further page looks at zeros and gzip. Here are the small blocks:

# %%
explore(
    lambda file: pictures.constants(file, mapped[file]),
    alt="Bars: the bytes of each constant in one of the files; the file can be chosen.",
    file=["dynamic range", "float32", "float16"],
)

# %% [markdown]
# ## 4 · Integers all the way
#
# Many small devices have no float unit. For these, everything must be an integer.
#
# A weight's range is in the model. The range of a value between two layers depends on the images. So the converter needs a **representative dataset**, a function that yields inputs *as the model gets them in use*, without labels. It notes the smallest and largest value of each tensor, and makes scale and zero point from those.
#
# Three more options turn input and output to int8, and forbid operations without an integer version. A file is **full int8** if it holds no float values, only int8, and int32 for biases and sums. Which of these five is it?


# %%
def full_int8(model: tf.keras.Sequential, images: np.ndarray) -> bytes:
    """A file without floats: weights, activations, input and output in int8."""
    return convert(
        model,
        optimizations=DEFAULT,
        representative_dataset=representative(images),
        target_spec__supported_ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8],
        inference_input_type=tf.int8,
        inference_output_type=tf.int8,
    )


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


int8_file = full_int8(keras_model, calibration)
inside = {"optimizations": DEFAULT, "representative_dataset": representative(calibration)}
files = mapped | {"int8 inside": convert(keras_model, **inside), "full int8": int8_file}
proof = pd.DataFrame({name: evidence(content) for name, content in files.items()}).T
proof

# %% [markdown]
# Only the last. Read the column *between*, which tells dynamic range from integers inside.
#
# An int8 input can't take 0.59. You must quantize it yourself, with the input's own scale and zero point, and turn the output back:
#
# $$q = \operatorname{clip}\left(\operatorname{round}(x / s) + z,\,-128,\,127\right), \qquad y = s\,(q - z)$$
#
# Grey values go from 0 to 1. What does 0.59 become? (`predict` does all this, image by image.)

# %%
scale, zero_point = load(int8_file).get_input_details()[0]["quantization"]
print(f"scale {scale:.6f} = 1/{1 / scale:.0f}, zero point {zero_point}")
print("grey value 0.59 becomes", int(np.clip(np.round(0.59 / scale) + zero_point, -128, 127)))

# %% [markdown]
# ## 5 · Every weight again, by hand
#
# Where do the int8 weights come from? A weight tensor has a **row** for each output, and the largest magnitude of a row becomes 127 (*per channel*, absmax; the zero point is always 0):
#
# $$s_i = \frac{\max_j |w_{ij}|}{127}, \qquad q_{ij} = \operatorname{round}(w_{ij} / s_i)$$
#
# We compute all 79,120 from the float weights. How many will equal those in the file? And what does the old key `"quantization"`, with room for one scale, say about a tensor with 64?


# %%
def per_channel(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, …) → int8 of the same shape, and one scale for each output."""
    rows = weight.reshape(len(weight), -1)
    largest = np.abs(rows).max(1)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype(np.float32)
    return np.round(rows / scales[:, None]).astype(np.int8).reshape(weight.shape), scales


for tensor in load(int8_file).get_tensor_details():
    if tuple(tensor["shape"]) == (64, 1152):
        print('"quantization":           ', tensor["quantization"])
        scales = tensor["quantization_parameters"]["scales"]
        print('"quantization_parameters":', len(scales), "scales")

in_file = {tensor.shape: tensor for tensor in read(int8_file).weights}
equal, total = 0, 0
for layer in keras_layers:
    weight = layer.get_weights()[0]
    # TFLite's order is (outputs, height, width, inputs), or (outputs, inputs).
    weight = weight.transpose(3, 0, 1, 2) if weight.ndim == 4 else weight.T
    levels, scales = per_channel(weight)
    assert np.allclose(scales, in_file[weight.shape].scales, rtol=1e-6)
    equal += int((levels == in_file[weight.shape].data).sum())
    total += levels.size
print(f"{equal:,} of {total:,} weights are equal")

# %% [markdown]
# All of them. And the old key says `(0.0, 0)`, which looks like “not quantized”: per-channel scales are in `"quantization_parameters"`.
#
# > **A place to stop.** Before you go on: what makes a file *full* int8?
#
# <details><summary>Answer</summary>
#
# Input, output, weights and everything between are int8, biases and sums int32.
#
# </details>
#
# ## 6 · Without TensorFlow
#
# A **quantizer** such as `litert-quantizer` takes a finished float32 `.tflite` file, without TensorFlow. A **recipe** says what you want: `wi8` is int8 weights, `ai8` int8 activations, `afp32` float32 activations. A recipe that starts with `static_` needs ranges, so it calibrates first.


# %%
def quantize(content: bytes, wanted: list, images: np.ndarray | None = None) -> bytes:
    """A float32 file, quantized by a recipe of litert-quantizer."""
    worker = quantizer.Quantizer(content, wanted)
    ranges = None
    if images is not None:
        signature = Interpreter(model_content=content).get_signature_list()["serving_default"]
        (name,) = signature["inputs"]
        with redirect_stderr(StringIO()):  # its progress bar
            ranges = worker.calibrate({"serving_default": [{name: x[None]} for x in images]})
    return bytes(worker.quantize(ranges, enable_progress_report=False).quantized_model)


today = {
    "dynamic_wi8_afp32": quantize(float32_file, recipe.dynamic_wi8_afp32()),
    "weight_only_wi8_afp32": quantize(float32_file, recipe.weight_only_wi8_afp32()),
    "dynamic_wi4_afp32": quantize(float32_file, recipe.dynamic_wi4_afp32()),
    "static_wi8_ai8": quantize(float32_file, recipe.static_wi8_ai8(), calibration),
}
pd.DataFrame({name: evidence(content) for name, content in today.items()}).T

# %% [markdown]
# Each takes a fraction of a second. All four weight tensors are quantized now, and it can do 4 bits and weight-only, which the converter can't.
#
# Now look at the last line. We asked for int8 weights *and* activations, and a float32 is left between the layers. No error, no warning. Who made it?

# %%
for name, reads, writes in read(today["static_wi8_ai8"]).operators:
    if "float32" in {tensor.dtype for tensor in (*reads, *writes)}:
        print(name, "reads", reads[0].dtype, "and writes", writes[0].dtype)

fixed = keras_net(batch=1)
fixed.set_weights(keras_model.get_weights())
fixed_file = quantize(convert(fixed), recipe.static_wi8_ai8(), calibration)
print("with a fixed batch of 1:", evidence(fixed_file)["between"])

# %% [markdown]
# The model takes batches of any size. The operations that find the size out get their numbers as floats, so a `DEQUANTIZE` is inside an “int8” file, and a chip without floats refuses it. With a fixed batch all of them are gone: **give a model for a device a fixed batch**.
# Is it faster, too? It was on one machine of ours, and slower on another. Compare with float32 *in the same runtime*.
#
# ## 7 · No error, and wrong
#
# A converter is an ordinary Python object, so `converter.optimisations = …` makes a new attribute that nobody reads (B). `"DEFAULT"` is a string and no member of `tf.lite.Optimize` (C). D was an option of TensorFlow 1, and E and F do nothing without `optimizations`. Two lines below each conversion catch all of them:
#
# ```python
# assert {t.dtype for t in read(content).weights} == {"int8"}
# assert len(content) < 0.35 * len(float32_content)
# ```
#
# If an `AttributeError` does come, read the type **left of the dot**: `'bytes' object has no attribute 'optimizations'` says that `convert()` has run already. The further page makes each of the known ones happen.
#
# Representative data fails in silence, as in lesson 05. We convert again with other images: from 0 to 255, because somebody forgot to divide; a tenth as bright; only sandals; Gaussian noise; zeros. The weights stay the same. With the right images the accuracy is about 83%. What is it with sandals alone?

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
accuracies, labels = {}, []
for name, content in calibrated.items():
    right = predict(content, test_images).argmax(1) == test_labels
    accuracies[name] = 100 * float(right.mean())
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
# The brackets give the range of the input. A range 255 times too wide ruins the model, and so do images that are too dark. Sandals and noise did hardly any harm, but don't rely on that: sandals have black and white in them, and this network copes with a range several times too wide. Move the brightness of the representative images:

# %%
explore(
    lambda brightness: pictures.input_levels(calibration, brightness),
    alt="A histogram of grey values under lines for int8 levels; the brightness can be moved.",
    brightness=[0.1, 0.3, 0.5, 1.0, 2.0, 10.0, 255.0],
    start={"brightness": 10.0},
)

# %% [markdown]
# A range too narrow **clips**. A range too wide leaves few **levels**: at 255 times, black and white are neighbours. For 0 to 1, the input's scale must be about 1/255.
#
# ## 8 · The clinic
#
# Seven files were handed in as `model_int8.tflite`. None raised an error, and one is healthy. The guess below names the ailments.
#
# Your instruments are types, size, the input's scale, the number of scales of the largest weight tensor, and its histogram. Accuracy tells *that* something is wrong, never *what*. The next cell, folded, mixes the files up. Write down your diagnoses.

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
function = tf.function(lambda x: keras_model(x)).get_concrete_function(
    tf.TensorSpec([1, 28, 28, 1], tf.float32)
)
lost = tf.lite.TFLiteConverter.from_concrete_functions([function], keras_model).convert()
ward = {
    "representative data with another preprocessing": calibrated["0 to 255"],
    "the option was ignored": convert(keras_model, optimisations=DEFAULT),
    "healthy": int8_file,
    "the weights are missing": lost,
    "dynamic range, sold as full int8": dynamic_file,
    "a float32 was left inside": today["static_wi8_ai8"],
}
patients, diagnoses = admit(ward, keras_model, calibration)

assert smaller == 1
assert history["validation_accuracy"].iloc[-1] > 0.75
assert same < 0.6
assert np.allclose(keras_outputs, torch_outputs, atol=1e-4)
assert len([t for t in read(dynamic_file).weights if t.dtype == "int8"]) == 2
assert proof.loc["full int8", ["input", "output", "weights", "between"]].eq("int8").all()
assert accuracies["0 to 255"] < accuracies["as in use"] - 20
assert accuracies["a tenth as bright"] < accuracies["as in use"] - 10
assert accuracies["all zeros"] < accuracies["as in use"] - 50
assert accuracies["one class"] > accuracies["as in use"] - 5
assert accuracies["noise"] > accuracies["as in use"] - 10

# %% tags=["nbval-ignore-output"]
charts = pd.DataFrame({number: evidence(content) for number, content in patients.items()}).T
opened = {number: read(content) for number, content in patients.items()}
charts["input scale"] = [
    f"{file.inputs[0].scales[0]:.4f}" if len(file.inputs[0].scales) else "–"
    for file in opened.values()
]
largest = [max(f.weights, key=lambda t: t.data.size, default=None) for f in opened.values()]
charts["scales"] = ["–" if tensor is None else len(tensor.scales) for tensor in largest]
charts["accuracy"] = [
    f"{(predict(content, test_images).argmax(1) == test_labels).mean():.3f}"
    for content in patients.values()
]
display(charts)
plot.show(
    pictures.x_rays(patients),
    alt="Histograms of the weights that are stored in the largest weight tensor of each patient.",
)

# %%
guess("the clinic: what is wrong with patient 6?", choices=sorted(SIGNS))

# %%
for number, diagnosis in diagnoses.items():
    print(f"{number}: {diagnosis}. {SIGNS[diagnosis]}")
reveal("the clinic: what is wrong with patient 6?", diagnoses["6"])

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - carry a PyTorch network over to Keras, and prove that the outputs agree;
# - convert it to dynamic range and full int8, with or without TensorFlow;
# - prove by types and size what a `.tflite` file is, and compute its weights and scales by hand;
# - diagnose options that fail in silence, errors that speak, and broken files.
#
# **Common mistakes**
#
# - Taking the absence of an error for success, or `DEFAULT` alone for “full int8”.
# - Feeding 0.59 to an int8 input, without its scale and zero point.
# - Leaving the batch size open in a file for a chip.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | dynamic range | `c = tf.lite.TFLiteConverter.from_keras_model(model)`, `c.optimizations = [tf.lite.Optimize.DEFAULT]` |
# | integers inside | `DEFAULT`, and `c.representative_dataset = function`, which yields `[batch]` |
# | full int8 | also `c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]`, `c.inference_input_type = c.inference_output_type = tf.int8` |
# | run it | `i = load(content)`, `i.set_tensor(i.get_input_details()[0]["index"], x)`, `i.invoke()`, `i.get_tensor(…)` |
# | recompute weights | $s_i = \max_j\lvert w_{ij}\rvert / 127$, $q_{ij} = \operatorname{round}(w_{ij}/s_i)$ |
# | today, without TensorFlow | `q = quantizer.Quantizer("float32.tflite", recipe.dynamic_wi8_afp32())`, `bytes(q.quantize().quantized_model)` |
# | a file for a chip | a fixed batch: `tf.keras.Input(shape, batch_size=1)` |

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
