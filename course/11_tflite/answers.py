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
# # 11 · TFLite and LiteRT: answers that people give


# %% item="proof" right="with a loop over all that is no constant, and the weights"
def is_full_int8(content):
    file = read(content)
    for tensor in file.tensors:
        if len(tensor.shape) > 1 and tensor.dtype != "int8":
            return False
    return True


# %% item="proof" right="sets of types"
def is_full_int8(content):
    f = read(content)
    kinds = set()
    for group in (f.inputs, f.outputs, f.weights, f.computed):
        kinds |= {t.dtype for t in group}
    return kinds == {"int8"}


# %% item="proof" wrong="looks at the weights only" keeps=1 hint="look at the input, too"
def is_full_int8(content):
    return all(tensor.dtype == "int8" for tensor in read(content).weights)


# %% item="proof" wrong="input and output only" keeps=1 hint="What are the values between them?"
def is_full_int8(content):
    file = read(content)
    return file.inputs[0].dtype == "int8" and file.outputs[0].dtype == "int8"


# %% item="proof" wrong="every tensor, biases too" hint="this file holds nothing but integers"
def is_full_int8(content):
    return all(tensor.dtype == "int8" for tensor in read(content).tensors)


# %% item="proof" wrong="any int8 will do" keeps=1 hint="look at the input, too"
def is_full_int8(content):
    return any(tensor.dtype == "int8" for tensor in read(content).tensors)


# %% item="proof" wrong="no float anywhere in the interpreter's list" keeps=1 hint="Which dtype do the weights have?"
def is_full_int8(content):
    kinds = {t["dtype"] for t in load(content).get_tensor_details()}
    return not kinds & {np.float32, np.float16} and np.int8 in kinds


# %% item="proof" wrong="by the size" hint="should be True"
def is_full_int8(content):
    return len(content) < 500


# %% item="proof" right="through the interpreter"
def is_full_int8(content):
    interpreter = load(content, keep=True)
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    file = read(content)
    kinds = {one["dtype"] for one in ends}
    return kinds == {np.int8} and {t.dtype for t in file.computed + file.weights} == {"int8"}


# %% item="proof" wrong="never looks at the weights" keeps=1 hint="Which dtype do the weights have?"
def is_full_int8(content):
    file = read(content)
    return all(tensor.dtype == "int8" for tensor in file.inputs + file.outputs + file.computed)


# %% item="proof" wrong="the input, and no operator that converts" keeps=1 hint="Which dtype do the weights have?"
def is_full_int8(content):
    file = read(content)
    names = {name for name, _, _ in file.operators}
    return file.inputs[0].dtype == "int8" and not names & {"QUANTIZE", "DEQUANTIZE"}


# %% item="proof" right="NumPy's True"
def is_full_int8(content):
    file = read(content)
    return np.all([tensor.dtype == "int8" for tensor in file.weights + file.computed])


# %% item="proof" wrong="never looks between" keeps=1 hint="What are the values between the layers?"
def is_full_int8(content):
    file = read(content)
    return all(tensor.dtype == "int8" for tensor in file.inputs + file.outputs + file.weights)


# %% item="proof" wrong="int32 is fine everywhere" keeps=1 hint="for biases only"
def is_full_int8(content):
    return all(tensor.dtype in ("int8", "int32") for tensor in read(content).tensors)


# %% item="proof" wrong="no operator that quantizes" keeps=1 hint="Between two layers"
def is_full_int8(content):
    file = read(content)
    names = {name for name, _, _ in file.operators}
    ends = file.inputs + file.outputs
    converts = names & {"QUANTIZE", "DEQUANTIZE"}
    return not converts and all(tensor.dtype == "int8" for tensor in ends + file.weights)


# %% item="proof" right="all but the biases, by their one dimension"
def is_full_int8(content):
    return {t.dtype for t in read(content).tensors if t.data is None or t.data.ndim == 2} == {
        "int8"
    }


# %% item="proof" wrong="uint8 is an int8, too" keeps=1 hint="of another type than int8"
def is_full_int8(content):
    file = read(content)
    return all("int8" in tensor.dtype for tensor in file.weights + file.computed)


# %% item="proof" wrong="the first layer's weights" keeps=1 hint="those of every layer"
def is_full_int8(content):
    file = read(content)
    return file.weights[0].dtype == "int8" and all(t.dtype == "int8" for t in file.computed)


# %% item="dynamic" wrong="the first layer only" like="reference" keeps=1 hint="Which layers are in the file"
# -     converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
# +     converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers[:1]))


# %% item="dynamic" wrong="written without the converter" keeps=1 hint="does not come from TensorFlow's converter"
def to_dynamic(layers):
    from coursekit.nets.tflite import write_dense

    return write_dense(layers, "dynamic")


# %% item="dynamic" right="the wish as a set"
def to_dynamic(layers):
    model = keras_model(layers)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = {tf.lite.Optimize.DEFAULT}
    content = converter.convert()
    return content


# %% item="dynamic" right="TensorFlow imported again, the wish added to the set that is there"
def to_dynamic(layers):
    import tensorflow

    converter = tensorflow.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations.add(tensorflow.lite.Optimize.DEFAULT)
    return converter.convert()


# %% item="dynamic" wrong="British spelling" like="reference" hint="the weights should be int8"
# -     converter.optimizations = [tf.lite.Optimize.DEFAULT]
# +     converter.optimisations = [tf.lite.Optimize.DEFAULT]


# %% item="dynamic" wrong="no wish at all" hint="the weights should be int8"
def to_dynamic(layers):
    return tf.lite.TFLiteConverter.from_keras_model(keras_model(layers)).convert()


# %% item="dynamic" wrong="set after convert" hint="'bytes' object has no attribute"
def to_dynamic(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter = converter.convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter


# %% item="dynamic" wrong="a word in the list" like="reference" hint="the weights should be int8"
# -     converter.optimizations = [tf.lite.Optimize.DEFAULT]
# +     converter.optimizations = ["DEFAULT"]

# %% item="dynamic" wrong="nothing returned" like="reference" hint="expected bytes, but got NoneType"
# -     return converter.convert()
# +     converter.convert()


# %% item="dynamic" wrong="integers inside" keeps=1 hint="leaves the values between the layers in float32"
def to_dynamic(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    width = layers[0][0].shape[1]
    converter.representative_dataset = lambda: ([np.ones((1, width), "float32")] for _ in range(5))
    return converter.convert()


# %% item="rows" right="row by row"
def quantize_rows(weights):
    if np.isnan(weights).any() or np.isinf(weights).any():
        raise ValueError("not finite")
    levels = np.zeros(weights.shape, dtype=np.int8)
    scales = np.ones(len(weights), dtype=np.float32)
    for i, row in enumerate(weights):
        largest = max(abs(row))
        if largest > 0:
            scales[i] = largest / np.float32(127)
            levels[i] = np.rint(row / scales[i])
    return levels, scales


# %% item="rows" right="in torch"
def quantize_rows(weights):
    import torch

    w = torch.from_numpy(np.array(weights, dtype=np.float32))
    if not torch.isfinite(w).all():
        raise ValueError("NaN or infinity")
    scales = w.abs().amax(1) / 127
    scales[scales == 0] = 1
    return torch.round(w / scales[:, None]).to(torch.int8).numpy(), scales.numpy()


# %% item="rows" right="clipped as well"
def quantize_rows(weights):
    if not np.all(np.isfinite(weights)):
        raise ValueError
    scales = np.maximum(weights.max(axis=1), -weights.min(axis=1)) / np.float32(127)
    scales[scales == 0] = 1
    q = np.clip(np.round(weights / scales.reshape(-1, 1)), -127, 127)
    return q.astype(np.int8), scales.astype(np.float32)


# %% item="rows" right="all in float64"
def quantize_rows(weights):
    w = weights.astype("float64")
    if not np.isfinite(w).all():
        raise ValueError("NaN or infinity")
    top = np.abs(w).max(axis=1, initial=0)
    scales = np.where(top > 0, top / 127, 1.0)
    return np.rint(w / scales[:, None]).astype(np.int8), scales.astype(np.float32)


# %% item="rows" wrong="one scale for all" hint="Does each row have a scale of its own"
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("finite")
    largest = np.abs(weights).max() if weights.size else 0
    scale = np.float32(largest / 127 if largest > 0 else 1)
    return np.round(weights / scale).astype("int8"), np.full(len(weights), scale, "float32")


# %% item="rows" wrong="128 for 127" hint="expected [[50, -127]]"
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("finite")
    largest = np.abs(weights).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / 128, 1).astype("float32")
    return np.clip(np.round(weights / scales[:, None]), -128, 127).astype("int8"), scales


# %% item="rows" wrong="cut off" keeps=0 hint="cut off"
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("finite")
    largest = np.abs(weights).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
    return np.trunc(weights / scales[:, None] * 1.000001).astype("int8"), scales


# %% item="rows" wrong="rows of zeros divide by zero" keeps=1 hint="a row of zeros"
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("finite")
    scales = (np.abs(weights).max(axis=1, initial=0) / np.float32(127)).astype("float32")
    with np.errstate(all="ignore"):
        return np.round(weights / scales[:, None]).astype("int8"), scales


# %% item="rows" wrong="NaN goes through" keeps=1 hint="NaN should raise ValueError"
def quantize_rows(weights):
    largest = np.abs(weights).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
    with np.errstate(all="ignore"):
        return np.round(weights / scales[:, None]).astype("int8"), scales


# %% item="rows" wrong="only NaN refused" keeps=1 hint="of either sign and in any row"
def quantize_rows(weights):
    if np.isnan(weights).any():
        raise ValueError("NaN")
    largest = np.abs(weights).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
    with np.errstate(all="ignore"):
        return np.round(weights / scales[:, None]).astype("int8"), scales


# %% item="rows" wrong="columns for rows" hint="expected [[50, -127]]"
def quantize_rows(weights):
    if not np.isfinite(weights).all():
        raise ValueError("finite")
    largest = np.abs(weights).max(axis=0, initial=0)
    scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
    return np.round(weights / scales).astype("int8"), scales


# %% item="rows" wrong="looks at the sum" like="reference" keeps=1 hint="A huge number is still finite"
# -     if not np.isfinite(weights).all():
# +     if not np.isfinite(weights.sum()):

# %% item="rows" wrong="what is tiny taken for zero" like="columns for rows" keeps=1 hint="What do you take for 0?"
# -     largest = np.abs(weights).max(axis=0, initial=0)
# -     scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
# -     return np.round(weights / scales).astype("int8"), scales
# +     largest = np.abs(weights).max(axis=1, initial=0)
# +     scales = np.where(largest > 1e-8, largest / np.float32(127), 1).astype("float32")
# +     return np.round(weights / scales[:, None]).astype("int8"), scales

# %% item="rows" wrong="divides the weights themselves" like="columns for rows" keeps=1 hint="have changed"
# -     largest = np.abs(weights).max(axis=0, initial=0)
# -     scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
# -     return np.round(weights / scales).astype("int8"), scales
# +     largest = np.abs(weights).max(axis=1, initial=0)
# +     scales = np.where(largest > 0, largest / np.float32(127), 1).astype("float32")
# +     weights /= scales[:, None]
# +     return np.round(weights).astype("int8"), scales


# %% item="int8" right="a generator with yield"
def to_full_int8(layers, inputs):
    def examples():
        for i in range(len(inputs)):
            yield [inputs[i : i + 1]]

    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


# %% item="int8" right="all in one batch"
def to_full_int8(layers, inputs):
    c = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    c.optimizations = [tf.lite.Optimize.DEFAULT]
    c.representative_dataset = lambda: iter([[inputs]])
    c.inference_input_type = tf.int8
    c.inference_output_type = tf.int8
    return c.convert()


# %% item="int8" wrong="dynamic range" hint="the input should be int8"
def to_full_int8(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


# %% item="int8" wrong="no representative data" like="reference" hint="must be tf.float32"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# -     converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]

# %% item="int8" wrong="float input and output" like="reference" keeps=1 hint="the input should be int8"
# -     converter.inference_input_type = tf.int8
# -     converter.inference_output_type = tf.int8

# %% item="int8" wrong="only the output left in float" like="float input and output" keeps=2 hint="The output should be int8, too"
# -     converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
# +     converter.inference_input_type = tf.int8

# %% item="int8" wrong="scaled once more" like="reference" keeps=1 hint="need a scale of about 1/255"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# -     converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
# +     converter.representative_dataset = lambda: (
# +         [(one[None] / 255).astype("float32")] for one in inputs
# +     )

# %% item="int8" wrong="the first hundred only" like="reference" keeps=2 hint="Are all of them used, as they are?"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# -     converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
# +     converter.representative_dataset = lambda: ([one[None]] for one in inputs[:100])


# %% item="int8" wrong="noise in place of the inputs" keeps=2 hint="need a scale of about 1/255"
def to_full_int8(layers, inputs):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=inputs.shape).astype("float32")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in noise)
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


# %% item="int8" wrong="the last hundred only" like="the first hundred only" keeps=2 hint="Are all of them used, as they are?"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs[:100])
# +     converter.representative_dataset = lambda: ([one[None]] for one in inputs[-100:])

# %% item="int8" wrong="from the second on" like="the first hundred only" keeps=2 hint="Are all of them used, as they are?"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs[:100])
# +     converter.representative_dataset = lambda: (
# +         [inputs[i][None]] for i in range(1, len(inputs))
# +     )

# %% item="int8" wrong="the smallest and the largest number" like="the first hundred only" keeps=2 hint="No scale fits what the layers make"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs[:100])
# +     converter.representative_dataset = lambda: (
# +         [np.full((1, inputs.shape[1]), number)] for number in (inputs.min(), inputs.max())
# +     )


# %% item="int8" wrong="written by hand, with ranges that were computed" keeps=0 hint="does not come from TensorFlow's converter"
from coursekit.nets.tflite import write_dense


def to_full_int8(layers, inputs):
    ranges, values = [(float(inputs.min()), float(inputs.max()))], inputs
    for number, (weights, bias) in enumerate(layers):
        values = values @ weights.T + bias
        if number < len(layers) - 1:
            values = np.maximum(values, 0)
        ranges.append((min(0, float(values.min())), max(0, float(values.max()))))
    return write_dense(layers, "int8", ranges=ranges)


# %% item="ask" right="the scale tells whether there is something to do"
def ask(content, inputs):
    i = load(content)
    a, b = i.get_input_details()[0], i.get_output_details()[0]
    found = np.zeros((len(inputs), b["shape"][-1]), dtype=np.float32)
    for n, x in enumerate(inputs):
        s, z = a["quantization"]
        if s > 0:
            x = np.rint(x / s + z).clip(-128, 127).astype(np.int8)
        i.set_tensor(a["index"], np.expand_dims(x, 0))
        i.invoke()
        y = i.get_tensor(b["index"])[0]
        s, z = b["quantization"]
        found[n] = (y.astype(np.float32) - z) * s if s > 0 else y
    return found


# %% item="ask" right="scales from read"
def ask(content, inputs):
    file, interpreter = read(content), load(content, fast=False)
    source, sink = file.inputs[0], file.outputs[0]
    x = np.asarray(inputs, dtype="float32")
    if source.dtype == "int8":
        x = np.round(x / source.scales[0]) + source.zero_points[0]
        x = np.minimum(np.maximum(x, -128), 127).astype("int8")
    rows = []
    for one in x:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], one.reshape(1, -1))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel())
    y = np.stack(rows).astype("float32")
    if sink.dtype == "int8":
        y = (y - sink.zero_points[0]) * sink.scales[0]
    return y.astype("float32")


# %% item="ask" wrong="floats cast to int8" keeps=1 hint="far off for an int8 file"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    answers = []
    for one in inputs:
        interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
        interpreter.invoke()
        answer = interpreter.get_tensor(sink["index"])[0].astype("float32")
        scale, zero_point = sink["quantization"]
        answers.append(scale * (answer - zero_point) if scale else answer)
    return np.array(answers)


# %% item="ask" wrong="outputs left as levels" keeps=1 hint="far off for an int8 file"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    answers = []
    for one in inputs:
        scale, zero_point = source["quantization"]
        if scale:
            one = np.clip(np.round(one / scale) + zero_point, -128, 127)
        interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(sink["index"])[0].astype("float32"))
    return np.array(answers)


# %% item="ask" wrong="float files forgotten" hint="ZeroDivisionError"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    answers = []
    for one in inputs:
        scale, zero_point = source["quantization"]
        levels = [max(-128, min(127, round(float(x) / scale) + zero_point)) for x in one]
        interpreter.set_tensor(source["index"], np.array([levels], dtype=source["dtype"]))
        interpreter.invoke()
        scale, zero_point = sink["quantization"]
        answers.append(
            scale * (interpreter.get_tensor(sink["index"])[0].astype("float32") - zero_point)
        )
    return np.array(answers)


# %% item="ask" wrong="no clipping" like="floats cast to int8" keeps=1 hint="larger than the scale allows for"
# -     for one in inputs:
# +     for one in inputs:
# +         scale, zero_point = source["quantization"]
# +         if scale:
# +             one = (np.round(one / scale) + zero_point).astype("int64")


# %% item="ask" wrong="zero point forgotten" keeps=1 hint="far off for an int8 file"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    answers = []
    for one in inputs:
        scale, _ = source["quantization"]
        if scale:
            one = np.clip(np.round(one / scale), -128, 127)
        interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
        interpreter.invoke()
        answer = interpreter.get_tensor(sink["index"])[0].astype("float32")
        scale, _ = sink["quantization"]
        answers.append(scale * answer if scale else answer)
    return np.array(answers)


# %% item="ask" wrong="the input's type decides for both ends" keeps=1 hint="Does each end follow its own type?"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    integers = source["dtype"] == np.int8
    answers = []
    for one in inputs:
        if integers:
            scale, zero_point = source["quantization"]
            one = np.clip(np.round(one / scale) + zero_point, -128, 127)
        interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
        interpreter.invoke()
        answer = interpreter.get_tensor(sink["index"])[0].astype("float32")
        if integers:
            scale, zero_point = sink["quantization"]
            answer = scale * (answer - zero_point)
        answers.append(answer)
    return np.array(answers, dtype="float32")


# %% item="ask" wrong="float64 comes back" like="outputs left as levels" keeps=0 hint="another type than float32"
# -         answers.append(interpreter.get_tensor(sink["index"])[0].astype("float32"))
# +         answer = interpreter.get_tensor(sink["index"])[0].astype("float64")
# +         scale, zero_point = sink["quantization"]
# +         answers.append(scale * (answer - zero_point) if scale else answer)


# %% item="ask" wrong="subtracts in int8" like="outputs left as levels" keeps=1 hint="256 steps away"
# -         answers.append(interpreter.get_tensor(sink["index"])[0].astype("float32"))
# +         answer = interpreter.get_tensor(sink["index"])[0]
# +         scale, zero_point = sink["quantization"]
# +         answers.append(np.float32(scale) * (answer - zero_point) if scale else answer)


# %% item="ask" wrong="the input is tensor 0" like="reference" keeps=1 hint="the input is not tensor 0"
# -         interpreter.set_tensor(source["index"], one[None].astype(source["dtype"]))
# +         interpreter.set_tensor(0, one[None].astype(source["dtype"]))


# %% item="ask" right="all at once"
def ask(content, inputs):
    interpreter = load(content)
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(source["index"], inputs.shape)
    interpreter.allocate_tensors()
    if source["dtype"] == np.int8:
        scale, zero_point = source["quantization"]
        inputs = np.clip(np.rint(inputs / scale) + zero_point, -128, 127).astype("int8")
    interpreter.set_tensor(source["index"], inputs)
    interpreter.invoke()
    answers = interpreter.get_tensor(sink["index"]).astype("float32")
    if sink["dtype"] == np.int8:
        scale, zero_point = sink["quantization"]
        answers = (answers - zero_point) * np.float32(scale)
    return answers


# %% item="mend" right="a list kept for the examples, and the function without its model"
def to_float16(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    examples = [[one[None]] for one in inputs]
    converter.representative_dataset = lambda: iter(examples)
    return converter.convert()


def from_function(layers):
    model = keras_model(layers)
    spec = tf.TensorSpec([1, layers[0][0].shape[1]], tf.float32)
    function = tf.function(lambda x: model(x)).get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    return converter.convert()


# %% item="mend" right="with a generator function"
def to_float16(layers):
    c = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    c.optimizations, c.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    return c.convert()


def to_int8_inside(layers, inputs):
    def examples():
        for one in inputs:
            yield [one.reshape(1, -1)]

    c = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    c.optimizations = [tf.lite.Optimize.DEFAULT]
    c.representative_dataset = examples
    return c.convert()


def from_function(layers):
    model = keras_model(layers)
    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


# %% item="mend" wrong="as they were" hint="the weights should be float16"
def to_float16(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.supported_types = [tf.float16]
    return converter.convert()


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    examples = ([one[None]] for one in inputs)
    print(len(list(examples)), "examples")
    converter.representative_dataset = lambda: examples
    return converter.convert()


def from_function(layers):
    model = keras_model(layers)
    spec = tf.TensorSpec([1, layers[0][0].shape[1]], tf.float32)
    function = tf.function(lambda x: model(x)).get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    return converter.convert()


# %% item="mend" wrong="types without the wish, data dropped" keeps=1 hint="Which data did the converter see?"
def to_float16(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


def from_function(layers):
    return tf.lite.TFLiteConverter.from_keras_model(keras_model(layers)).convert()


# %% item="mend" wrong="int8 input too, ones for data" keeps=1 hint="Input and output should stay float32"
def to_float16(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in inputs)
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def from_function(layers):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


# %% item="mend" wrong="data that is not theirs" like="reference" keeps=2 hint="No scale in the file fits the inputs"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# +     converter.representative_dataset = lambda: (
# +         [np.ones((1, inputs.shape[1]), "float32")] for _ in range(9)
# +     )


# %% item="mend" wrong="the smallest and the largest number" like="reference" keeps=2 hint="No scale fits what the layers make"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# +     converter.representative_dataset = lambda: (
# +         [np.full((1, inputs.shape[1]), number)] for number in (inputs.min(), inputs.max())
# +     )

# %% item="mend" wrong="one example taken to look at it" like="reference" keeps=2 hint="from the first to the last"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# +     examples = ([one[None]] for one in inputs)
# +     print(next(examples)[0].shape)
# +     converter.representative_dataset = lambda: examples

# %% item="mend" wrong="layers by hand, without ReLU" like="reference" keeps=2 hint="not those of the layers"
# -     return tf.lite.TFLiteConverter.from_keras_model(keras_model(layers)).convert()
# +     def compute(values):
# +         for weights, bias in layers:
# +             values = tf.matmul(values, weights.T) + bias
# +         return values
# +
# +     spec = tf.TensorSpec([1, layers[0][0].shape[1]], tf.float32)
# +     function = tf.function(compute).get_concrete_function(spec)
# +     return tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()


# %% item="mend" wrong="the first example only" like="reference" keeps=2 hint="from the first to the last"
# -     converter.representative_dataset = lambda: ([one[None]] for one in inputs)
# +     converter.representative_dataset = lambda: iter([[inputs[:1]]])


# %% item="mend" wrong="written without the converter" keeps=1 hint="does not come from TensorFlow's converter"
def to_float16(layers):
    from coursekit.nets.tflite import write_dense

    return write_dense(layers, "float16")


def to_int8_inside(layers, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in inputs)
    return converter.convert()


def from_function(layers):
    from coursekit.nets.tflite import write_dense

    return write_dense(layers)


# %% item="diagnose" right="with a regular expression"
def diagnose(message):
    import re

    kind, name = re.search(r"(type object |module |)'([^']*)'", message).groups()
    words = {"type object ": "class", "module ": "import"}
    if kind in words:
        return name, words[kind]
    if name == "bytes":
        return name, "late"
    return name, "return" if name == "NoneType" else "other"


# %% item="diagnose" right="cut at the words that always come"
def diagnose(message):
    left, _, _ = message.partition(" has no attribute")
    first, name, rest = left.split("'")
    if rest.strip() == "object":
        word = "late" if name == "bytes" else "return" if name == "NoneType" else "other"
    else:
        word = "class" if "type" in first else "import"
    return [name, word]


# %% item="diagnose" wrong="what is missing taken for the type" hint="bytes stands left, not"
def diagnose(message):
    name = message.split("'")[3]
    return name, "other"


# %% item="diagnose" wrong="looks for words anywhere" keeps=1 hint="Do you look at the whole text"
def diagnose(message):
    name = message.split("'")[1]
    if "bytes" in message:
        return name, "late"
    if "NoneType" in message:
        return name, "return"
    if "type object" in message:
        return name, "class"
    if "module" in message:
        return name, "import"
    return name, "other"


# %% item="diagnose" wrong="the first word of the message" hint="bytes stands left, not"
def diagnose(message):
    first = message.split()[0]
    return first, {
        "'bytes'": "late",
        "'NoneType'": "return",
        "module": "import",
        "type": "class",
    }.get(first, "other")


# %% item="diagnose" wrong="the name first, then the kind" keeps=1 hint="Do you look at the whole text"
def diagnose(message):
    name = message.split("'")[1]
    if name == "bytes":
        return name, "late"
    if name == "NoneType":
        return name, "return"
    if message.startswith("type object"):
        return name, "class"
    return name, "import" if message.startswith("module") else "other"


# %% item="diagnose" wrong="a module only at the beginning" keeps=1 hint="Do you look at the whole text"
def diagnose(message):
    name = message.split("'")[1]
    for start, word in (("type object", "class"), ("module", "import")):
        if message.startswith(start):
            return name, word
    return name, {"bytes": "late", "NoneType": "return"}.get(name, "other")


# %% item="diagnose" wrong="two words only" keeps=1 hint="expected 'import'"
def diagnose(message):
    name = message.split("'")[1]
    return name, {"bytes": "late", "NoneType": "return"}.get(name, "other")


# %% item="diagnose" wrong="a module is what is no object" keeps=1 hint="A name may hold any word"
def diagnose(message):
    name = message.split("'")[1]
    if message.startswith("type object"):
        return name, "class"
    if "object" not in message:
        return name, "import"
    return name, {"bytes": "late", "NoneType": "return"}.get(name, "other")


# %% item="diagnose" wrong="a module is what has a dot" like="reference" keeps=1 hint="A name may hold any word"
# -     if message.split("'")[0].rstrip().endswith("module"):
# +     if "." in name or "module" in message.split("'")[0]:


# %% item="diagnose" wrong="words in the name" keeps=1 hint="A name may hold any word"
def diagnose(message):
    left = message.split(" has no")[0]
    name = left.split("'")[1]
    if left.startswith("type"):
        return name, "class"
    if "module '" in left:
        return name, "import"
    if "bytes" in name:
        return name, "late"
    return name, "return" if "None" in name else "other"


# %% item="gate" right="with lists and loops, the file chosen by the gate"
def objections(content, max_bytes, operators):
    file, said = read(content), []
    if file.size > max_bytes:
        said += ["size"]
    for tensor in [*file.weights, *file.computed, *file.outputs]:
        if "float" in tensor.dtype and "float" not in said:
            said.append("float")
    missing = []
    for operation in file.operators:
        if operation[0] not in operators and operation[0] not in missing:
            missing.append(operation[0])
    return said + sorted(missing)


passing = [n for n, (_, c) in candidates.items() if not objections(c, 4000, {"FULLY_CONNECTED"})]
shipped = max(passing, key=lambda name: candidates[name][0])


# %% item="gate" right="types through NumPy"
def objections(content, max_bytes, operators):
    file = read(content)
    kinds = {t.dtype for t in file.tensors if len(t.shape) > 1}
    wrong = ["size"] * (len(content) > max_bytes)
    wrong += ["float"] * bool(kinds & {"float16", "float32"})
    return wrong + [str(n) for n in np.unique([o[0] for o in file.operators]) if n not in operators]


shipped = "int8"


# %% item="gate" wrong="looks at the weights only" keeps=1 hint="Does the device take all of this file?"
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) > max_bytes:
        found.append("size")
    if any(t.dtype.startswith("float") for t in file.weights):
        found.append("float")
    return found + sorted({name for name, _, _ in file.operators} - operators)


shipped = "int8"


# %% item="gate" wrong="never looks between" like="looks at the weights only" keeps=1 hint="What does the graph compute between them?"
# -     if any(t.dtype.startswith("float") for t in file.weights):
# +     if any(t.dtype.startswith("float") for t in file.inputs + file.outputs + file.weights):

# %% item="gate" wrong="all but int8 is a float" like="looks at the weights only" keeps=1 hint="which of these are floats?"
# -     if any(t.dtype.startswith("float") for t in file.weights):
# +     if any(t.dtype != "int8" for t in file.computed):


# %% item="gate" wrong="gives the device the operators" keeps=1 hint="the device has other operators"
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) > max_bytes:
        found.append("size")
    tensors = file.weights + file.computed
    if any(tensor.dtype.startswith("float") for tensor in tensors):
        found.append("float")
    missing = []
    for name, _, _ in file.operators:
        if name not in operators:
            operators.add(name)
            missing.append(name)
    return found + sorted(missing)


shipped = "int8"


# %% item="gate" wrong="takes from the device what the file has not" like="looks at the weights only" keeps=1 hint="the device has other operators"
# -     if any(t.dtype.startswith("float") for t in file.weights):
# -         found.append("float")
# -     return found + sorted({name for name, _, _ in file.operators} - operators)
# +     if any(t.dtype.startswith("float") for t in file.computed):
# +         found.append("float")
# +     names = {name for name, _, _ in file.operators}
# +     operators &= names
# +     return found + sorted(names - operators)

# %% item="gate" wrong="a part of a name will do" like="looks at the weights only" keeps=1 hint="part of another"
# -     if any(t.dtype.startswith("float") for t in file.weights):
# -         found.append("float")
# -     return found + sorted({name for name, _, _ in file.operators} - operators)
# +     if any(t.dtype.startswith("float") for t in file.computed):
# +         found.append("float")
# +     known = " ".join(operators)
# +     return found + sorted({name for name, _, _ in file.operators if name not in known})

# %% item="gate" wrong="the input only" like="looks at the weights only" keeps=0 hint="Do you look at all of it?"
# -     if any(t.dtype.startswith("float") for t in file.weights):
# +     if file.inputs[0].dtype != "int8":


# %% item="gate" wrong="an operator as often as it runs" keeps=1 hint="named once"
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) > max_bytes:
        found.append("size")
    if any(
        t.dtype in ("float32", "float16")
        for t in file.inputs + file.outputs + file.weights + file.computed
    ):
        found.append("float")
    return found + sorted(name for name, _, _ in file.operators if name not in operators)


shipped = "int8"


# %% item="gate" wrong="in the order of the file" like="an operator as often as it runs" keeps=1 hint="two operators are not on the device"
# -     return found + sorted(name for name, _, _ in file.operators if name not in operators)
# +     return found + [
# +         n for n in {name: 0 for name, _, _ in reversed(file.operators)} if n not in operators
# +     ]


# %% item="gate" wrong="the limit itself is too much" keeps=1 hint="that fits"
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) >= max_bytes:
        found.append("size")
    if any(
        t.dtype in ("float32", "float16")
        for t in file.inputs + file.outputs + file.weights + file.computed
    ):
        found.append("float")
    return found + sorted({name for name, _, _ in file.operators} - operators)


shipped = "int8"


# %% item="gate" wrong="the first objection only" hint="expected"
def objections(content, max_bytes, operators):
    file = read(content)
    if len(content) > max_bytes:
        return ["size"]
    if any(t.dtype.startswith("float") for t in file.inputs + file.computed):
        return ["float"]
    return sorted({name for name, _, _ in file.operators} - operators)


shipped = "int8"


# %% item="gate" wrong="the smallest file that passes" keeps=1 hint="Is it the most accurate one that does?"
def objections(content, max_bytes, operators):
    file = read(content)
    found = []
    if len(content) > max_bytes:
        found.append("size")
    if any(
        t.dtype in ("float32", "float16")
        for t in file.inputs + file.outputs + file.weights + file.computed
    ):
        found.append("float")
    return found + sorted({name for name, _, _ in file.operators} - operators)


shipped = "int4"


# %% item="gate" wrong="ships by the label" like="the smallest file that passes" keeps=1 hint="Let the gate look at it"
# - shipped = "int4"
# + shipped = "dynamic"

# %% [markdown] item="report" answer="all of it"
# You have dynamic range quantization: DEFAULT alone puts the large weights into int8, the values between the layers, input and
# output are still float32. You see it in the types: open the file and print the dtype of the input and of the tensors. For the
# accelerator you need a representative dataset, supported_ops with TFLITE_BUILTINS_INT8 and inference_input_type and
# inference_output_type int8. 27 % is fine, because biases, names, scales and small weight tensors do not get four times smaller. The accuracy
# says little, as it was measured on training images. Run the .tflite file on test images and compare it with float32.

# %% [markdown] item="report" answer="half of each"
# It is only dynamic range quantization, look at the input's dtype. 27 % is okay since the scales and names are
# in the file too.

# %% [markdown] item="report" answer="believes the label"
# Full int8 should be exactly 25 %. Maybe he has forgotten to delete the optimizer state. He should set optimizations twice or
# use an older version of TensorFlow. The accuracy is good, so it can be shipped.
