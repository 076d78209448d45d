"""The files of lesson 11's clinic, in an order that the lesson does not show.

It stands here and not in the lesson, since who reads how a patient fell ill need not find it out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from coursekit.nets.tensorflow import tf

ONE_SCALE = "one scale for a whole weight tensor"

# What gives each of the lesson's patients away.
SIGNS = {
    "healthy": "All as it should be.",
    "the option was ignored": "Types and size: float32 throughout.",
    "dynamic range, sold as full int8": "Types: float32 at both ends and between.",
    "the weights are missing": "Size: a few kB.",
    "a float32 was left inside": "Types: all int8 but one between.",
    "representative data with another preprocessing": "Input scale: about 1, not 1/255.",
    # Its units were multiplied by powers of two, and divided again in the next layer: the float
    # network is the same, but with one scale the small rows vanish.
    ONE_SCALE: "Scales: one for 64 rows, and a spike at 0.",
}


def admit(
    files: Mapping[str, bytes], model: tf.keras.Model, images: np.ndarray
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Adds a file with one scale for a whole weight tensor, and gives each file a number from 1 on.

    Args:
        files: The contents of .tflite files by what is wrong with them.
        model: A Keras model whose third and fourth layers with weights are dense, without anything
            but a ReLU between them.
        images: Representative data, one image after the other.

    Returns:
        The files, and what is wrong with them, both by number.
    """
    ward = [*files.items(), (ONE_SCALE, _one_scale(model, images))]
    order = np.random.default_rng(5).permutation(len(ward))
    patients = {str(number): ward[place][1] for number, place in enumerate(order, 1)}
    return patients, {str(number): ward[place][0] for number, place in enumerate(order, 1)}


def _one_scale(model: tf.keras.Model, images: np.ndarray) -> bytes:
    """The same float network, with a first dense layer whose rows differ widely; one scale each."""
    rescaled = tf.keras.models.clone_model(model)
    weights = [values.copy() for values in model.get_weights()]
    # Powers of two, so that no bit is lost; the ReLU lets them through.
    factors = 2.0 ** np.linspace(-5, 5, weights[4].shape[1]).round()
    weights[4], weights[5] = weights[4] * factors, weights[5] * factors  # kernel (in, out), bias
    weights[6] = weights[6] / factors[:, None]  # the next layer takes it back
    rescaled.set_weights(weights)
    converter = tf.lite.TFLiteConverter.from_keras_model(rescaled)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel = True
    content: bytes = converter.convert()
    return content
