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
# # 11 · TFLite and LiteRT, further
#
# This page holds what we measured for lesson 11 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. where the limit of `DEFAULT` lies, and the integers that exist only while a dynamic file runs,
# 2. a layer in integers, computed by hand,
# 3. seven more options that fail in silence,
# 4. errors that speak, each of them made to happen,
# 5. time,
# 6. zeros and gzip.
#
# Its network has the lesson's shape and random weights. What is shown here doesn't depend on them.

# %%
import gzip

import numpy as np
import pandas as pd

from coursekit.lesson_11.nets import keras_net
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import latency
from coursekit.nets.tensorflow import tf
from coursekit.nets.tflite import load, read, write_dense
from coursekit.pictures import plot

tf.keras.utils.set_random_seed(0)
DEFAULT = [tf.lite.Optimize.DEFAULT]
model = keras_net()
for layer in model.layers:
    if layer.weights:
        weight, bias = layer.get_weights()
        layer.set_weights([weight, np.random.default_rng(0).normal(size=bias.shape)])
images = (load_fashion_mnist().train.images[:200] / np.float32(255))[..., None]


def convert(model: tf.keras.Sequential, **options: object) -> bytes:
    """Converts with these options set; names that begin with target_spec__ go to target_spec."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for name, value in options.items():
        where = converter.target_spec if name.startswith("target_spec__") else converter
        setattr(where, name.removeprefix("target_spec__"), value)
    return converter.convert()


full_int8 = {
    "optimizations": DEFAULT,
    "representative_dataset": lambda: ([image[None]] for image in images),
    "target_spec__supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8],
    "inference_input_type": tf.int8,
    "inference_output_type": tf.int8,
}
files = {
    "float32": convert(model),
    "dynamic range": convert(model, optimizations=DEFAULT),
    "full int8": convert(model, **full_int8),
}

# %% [markdown]
# ## 1 · The limit of DEFAULT, and integers that exist only while it runs
#
# Two tiny models, one on each side of 1,024 weights:

# %%
for inputs, outputs in ((31, 33), (32, 32)):
    tiny = tf.keras.Sequential([tf.keras.Input((inputs,)), tf.keras.layers.Dense(outputs)])
    (tensor,) = read(convert(tiny, optimizations=DEFAULT)).weights
    print(f"{inputs * outputs:,} weights: {tensor.dtype}")
    assert (tensor.dtype == "int8") == (inputs * outputs >= 1024)

# %% [markdown]
# Where weights are int8, LiteRT finds the range of this input, rounds it to int8, multiplies integers, sums in int32, and scales the sums back to float32. The rounded inputs and the sums are in no file. The interpreter makes them when it runs. Without XNNPACK they can be listed:

# %% tags=["nbval-ignore-output"]
in_file = {tensor.name for tensor in read(files["dynamic range"]).tensors}
interpreter = load(files["dynamic range"], fast=False)
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images[:1])
interpreter.invoke()
for tensor in interpreter.get_tensor_details():
    if tensor["name"] not in in_file or not tensor["name"]:
        print(tensor["dtype"].__name__, tuple(tensor["shape"].tolist()))

# %% [markdown]
# int8 (1, 13, 13, 16) and (1, 1152) are the rounded inputs of the two quantized layers, and (1, 6, 6, 144) holds the patches of the first. float32 (169,) and (1,) are the scales of these inputs, int32 (169,) and (1,) their zero points. Each image of a batch has one of its own, so only the first of the 169 is used here. The other int32 ones are sums. float32 (1, 13, 13, 9) holds the patches of the convolution that stayed float32.
#
# ## 2 · A layer in integers
#
# For the last layer we do what the runtime does:
#
# 1. subtract the zero point of the input, multiply by the int8 weights, add up in **int32**;
# 2. add the bias, which the file holds as int32 with the scale $s^x\,s_i$;
# 3. multiply by $s^x\,s_i / s^y$, round, add the output's zero point, clip to int8.
#
# $x$ is the layer's input and $y$ its output. `keep=True` lets us read what came out of the layer before. The reference kernels that it takes do step 3 in integers too, with a multiplier and a shift (lesson 04), so we may differ by one step.

# %%
interpreter = load(files["full int8"], keep=True)
source = interpreter.get_input_details()[0]
scale, zero_point = source["quantization"]
file = read(files["full int8"])
name, (x, weight, bias), (y,) = file.operators[-1]
place = {tensor.name: number for number, tensor in enumerate(file.tensors)}

worst = 0
for image in images[:100]:
    levels = np.clip(np.round(image / scale) + zero_point, -128, 127).astype(np.int8)
    interpreter.set_tensor(source["index"], levels[None])
    interpreter.invoke()
    x_levels = interpreter.get_tensor(place[x.name])[0].astype(np.int32)
    total = weight.data.astype(np.int32) @ (x_levels - int(x.zero_points[0])) + bias.data
    real = total * (x.scales[0] * weight.scales / y.scales[0])
    by_hand = np.clip(np.round(real) + y.zero_points[0], -128, 127)
    theirs = interpreter.get_tensor(place[y.name])[0]
    worst = max(worst, int(np.abs(by_hand - theirs).max()))
print("the last operation:", name, weight.shape)
print("1,000 outputs: all within one step of the runtime's:", worst <= 1)
assert worst <= 1

# %% [markdown]
# ## 3 · More options that fail in silence
#
# Before you run the cell, say for each line whether the file will be quantized.

# %%
few = {"representative_dataset": lambda: ([image[None]] for image in images[:20])}
silent = {
    "optimizations = [Optimize.DEFAULT]": {"optimizations": DEFAULT},
    "optimisations = [Optimize.DEFAULT]": {"optimisations": DEFAULT},
    "optimization = [Optimize.DEFAULT]": {"optimization": DEFAULT},
    'optimizations = ["DEFAULT"]': {"optimizations": ["DEFAULT"]},
    "post_training_quantize = True": {"post_training_quantize": True},
    "representative_dataset alone": few,
    "target_spec.supported_types = [float16] alone": {"target_spec__supported_types": [tf.float16]},
    "DEFAULT, and supported_types not on target_spec": {
        "optimizations": DEFAULT,
        "supported_types": [tf.float16],
    },
    "DEFAULT, and representative data that yields nothing": {
        "optimizations": DEFAULT,
        "representative_dataset": lambda: iter(()),
    },
}
rows = {}
for name, options in silent.items():
    file = read(convert(model, **options))
    rows[name] = {
        "weights": ", ".join(sorted({tensor.dtype for tensor in file.weights})),
        "bytes": file.size,
    }
table = pd.DataFrame(rows).T
assert (table["bytes"] > 300_000).sum() == 7
table

# %% [markdown]
# Seven files are still float32. The eighth line asked for float16 and got int8 weights, because `supported_types` belongs to `converter.target_spec`. And a generator is empty after one pass, for example after `print(list(…))`.
#
# `from_concrete_functions` fails in silence, too. (A *concrete function* is a function of TensorFlow, recorded for one shape and type of its input.) With a model of Keras 3 as second argument, the weights are saved as variables without values:

# %%
function = tf.function(lambda x: model(x)).get_concrete_function(
    tf.TensorSpec([1, 28, 28, 1], tf.float32)
)
with_model = tf.lite.TFLiteConverter.from_concrete_functions([function], model).convert()
alone = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
print(f"with the model:    {len(with_model):>7,} bytes, {len(read(with_model).weights)} weights")
print(f"without the model: {len(alone):>7,} bytes, {len(read(alone).weights)} weight tensors")
assert len(read(with_model).weights) == 0 and len(with_model) < 10_000

# %% [markdown]
# Leave the second argument out, or use `from_keras_model`. (The converter warns against leaving it out; `coursekit.nets.tensorflow` hides that warning.)
#
# ## 4 · Errors that speak
#
# Two that people ask about:
#
# `AttributeError: 'TFLiteConverter' object has no attribute 'optimizations'`
# `AttributeError: 'TFLiteConverter' object has no attribute 'target_spec'`
#
# They say that *the thing left of the dot* has the type `TFLiteConverter`, and that type has no such attribute. The second one was reported from TensorFlow 1.14 ([issue 45025](https://github.com/tensorflow/tensorflow/issues/45025)), whose converter had no `target_spec` yet. Mind that `target_spec` is left of the second dot. Today's class has another name and takes any attribute, so if you meet one of the two, print `tf.__version__`. Today you are more likely to meet these:


# %%
def no_return(model):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = DEFAULT


def too_late():
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter = converter.convert()
    converter.optimizations = DEFAULT


today = tf.lite.TFLiteConverter.from_keras_model(model)
mistakes = {
    "converter = converter.convert(), then an option": too_late,
    "model.convert()": lambda: model.convert(),
    "prepared(model).convert()": lambda: no_return(model).convert(),
    "converter.optimizations.append(…)": lambda: today.optimizations.append(DEFAULT[0]),
    "TFLiteConverter.optimizations": lambda: tf.lite.TFLiteConverter.optimizations,
    "tf.contrib.lite": lambda: tf.contrib.lite,
}
for code, mistake in mistakes.items():
    try:
        mistake()
    except AttributeError as error:
        # From Python 3.13 on, the sentence goes on with "and no __dict__ …".
        print(f"{code:48} {str(error).split(' and no ')[0]}")
print("today's class:", type(today).__name__)
assert type(today).__name__ != "TFLiteConverter"

# %% [markdown]
# | left of the dot | where it came from | what to do |
# |---|---|---|
# | `'bytes' object` | `convert()` has run already | set options before |
# | `'Sequential' object` | the model, not the converter | `from_keras_model(model)` |
# | `'NoneType' object` | a function without `return` | return the converter |
# | `'set' object` | `optimizations` is a set until you set it | assign a list |
# | `type object '…'` | the class, not a converter made from it | make one first |
# | `module '…'` | an import: too old, too new, or a file of yours with that name | look at `tf.__file__` |
#
# Two more errors are about something that is missing. Both mean the same: full integers need **representative data**.

# %%
for code, options in {
    "int8 input, no representative data": {"inference_input_type": tf.int8},
    "int8 operations, no representative data": {
        "target_spec__supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    },
}.items():
    try:
        convert(model, optimizations=DEFAULT, **options)
    except ValueError as error:
        print(f"{code}:\n    {error}")

# %% [markdown]
# ## 5 · Time
#
# One image at a time, on one thread, in a shuffled order. Beside the CNN there is a network of two dense layers, 784 → 1024 → 1024, whose weights are many and random.


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
runners = {f"CNN, {name}": ready(content) for name, content in files.items()}
runners["wide, float32"] = ready(write_dense(wide))
runners["wide, full int8"] = ready(write_dense(wide, "int8", ranges=[(0, 1), (0, 4), (-4, 4)]))
times = latency({name: runner.invoke for name, runner in runners.items()}, runs=2000)
fig, ax = plot.figure(width=8, height=2.8)
plot.latencies(ax, times)
ax.set_title("LiteRT, one image, one thread")
plot.show(fig, alt="Bars of the time for one image: three files of the CNN, two of a wide network.")

# %% [markdown]
# The numbers are those of this machine, these networks and these kernels (XNNPACK, which LiteRT brings). A small network spends its few microseconds on overhead, and int8 may win or lose there: of two machines of ours it was faster on one, and slower on the other. The wide network gained; we have not tested why. What your phone does, only your phone can tell.
#
# ## 6 · Zeros and gzip
#
# Lesson 07 set weights to zero. Does the converter take advantage of them? We zero the smallest 80% of each weight tensor. Only the bytes matter here.

# %%
pruned = keras_net()
pruned.set_weights(model.get_weights())
for layer in pruned.layers:
    if layer.weights:
        weight, bias = layer.get_weights()
        remove = round(0.8 * weight.size)
        weight.flat[np.abs(weight).argsort(axis=None)[:remove]] = 0
        layer.set_weights([weight, bias])
pruned_file = convert(pruned, **full_int8)

# %% tags=["nbval-ignore-output"]
packed = {
    name: (len(content), len(gzip.compress(content, 9)))
    for name, content in {"dense": files["full int8"], "80 % zeros": pruned_file}.items()
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
assert abs(len(pruned_file) / len(files["full int8"]) - 1) < 0.02
assert packed["80 % zeros"][1] < 0.5 * packed["dense"][1]

# %% [markdown]
# The file keeps its size, because a zero takes a byte like any other weight. But app stores and servers compress what they send, and there zeros save bytes. On the device the model is unpacked again.
