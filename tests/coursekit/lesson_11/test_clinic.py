"""The patients of lesson 11: files in a mixed order, one of them made here."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

ADMISSION = """
import numpy as np
from coursekit.lesson_11.clinic import ONE_SCALE, SIGNS, admit
from coursekit.nets.tensorflow import tf
from coursekit.nets.tflite import predict, read

layers = tf.keras.layers
tf.keras.utils.set_random_seed(0)
model = tf.keras.Sequential([
    tf.keras.Input((8, 8, 1)),
    layers.Conv2D(4, 3, activation="relu"),
    layers.Conv2D(4, 3, activation="relu"),
    layers.Flatten(),
    layers.Dense(32, activation="relu"),
    layers.Dense(10),
])
images = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
before = model.get_weights()

patients, diagnoses = admit({"healthy": b"one", "ill": b"two"}, model, images)
assert all(SIGNS[ailment] for ailment in ("healthy", ONE_SCALE)), "a sign for each"
assert sorted(patients) == sorted(diagnoses) == ["1", "2", "3"], "a number for each"
assert [diagnoses[number] for number in "123"] != ["healthy", "ill", ONE_SCALE], "mixed up"
by_name = {diagnoses[number]: content for number, content in patients.items()}
assert (by_name["healthy"], by_name["ill"]) == (b"one", b"two"), "the files keep their names"
assert admit({"healthy": b"one", "ill": b"two"}, model, images)[1] == diagnoses, "always the same"
assert all((a == b).all() for a, b in zip(before, model.get_weights())), "the model is as it was"

file = read(by_name[ONE_SCALE])
assert {tensor.dtype for tensor in (*file.inputs, *file.outputs, *file.weights)} == {"int8"}
kernel = max(file.weights, key=lambda tensor: tensor.data.size)
assert kernel.shape[0] == 32 and len(kernel.scales) == 1, "one scale for all rows"
assert (np.abs(kernel.data) <= 1).mean() > 0.4, "most fall on the levels around 0"
# Looser than full int8 would be: ill, and yet the same network.
outputs = model.predict(images, verbose=0)
assert 0 < np.abs(predict(by_name[ONE_SCALE], images) - outputs).max() < 10 * outputs.std()
"""


def test_the_patients_are_numbered_and_one_has_a_single_scale():
    run = subprocess.run(
        [sys.executable, "-c", ADMISSION], capture_output=True, text=True, cwd=ROOT
    )
    assert (run.returncode, run.stderr) == (0, "")
