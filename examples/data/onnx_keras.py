"""Small Keras models as tf2onnx writes them, and beside each what ONNX Runtime makes of some inputs.

    python3 -m venv venv
    venv/bin/pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnxruntime==1.31.1
    venv/bin/python examples/data/onnx_keras.py mpc-nn/tests/onnx_models

Weights are random, of a fixed seed, and statistics of batch normalisations as after a training. NAME.npz has inputs (in0) and
outputs (out0, ..); tf2onnx keeps TensorFlow's order of axes, channels last.
"""

import os
import pathlib
import sys

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

import keras
import numpy as np
import onnx
import onnxruntime as ort
import tensorflow as tf
import tf2onnx
from keras import layers

OUT = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)


def scrambled(model):
    """Biases that are not zero, and statistics of batch normalisations that are not those of a standard normal."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            width = layer.gamma.shape[0]
            layer.set_weights([rng.uniform(0.5, 1.5, width), rng.normal(0, 0.2, width),
                               rng.normal(0, 0.3, width), rng.uniform(0.5, 2.0, width)])
        elif layer.weights:
            layer.set_weights([w + rng.normal(0, 0.1, w.shape) if w.ndim == 1 else w for w in layer.get_weights()])
    return model


def keep(name, model, x, batch=None, opset=17):
    """Of models in Keras 3: as a function of the graph, since `from_keras` knows Keras 2 only."""
    spec = [tf.TensorSpec([batch, *x.shape[1:]], tf.float32, name="x")]
    function = tf.function(lambda x: model(x, training=False))
    proto, _ = tf2onnx.convert.from_function(function, input_signature=spec, opset=opset)
    proto.doc_string = ""
    onnx.checker.check_model(proto)
    data = proto.SerializeToString()
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: x})
    far = float(np.abs(outputs[0] - np.asarray(model(x, training=False))).max())
    assert far < 1e-4, f"{name}: ONNX Runtime is {far} away from Keras"
    (OUT / f"{name}.onnx").write_bytes(data)
    np.savez_compressed(OUT / f"{name}.npz", in0=x, **{f"out{at}": y for at, y in enumerate(outputs)})
    print(name, len(data), "bytes", sorted({node.op_type for node in proto.graph.node}))


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def gelu(x):
    """By a hyperbolic tangent: of the other form tf2onnx says `Erfc is not supported`."""
    return keras.activations.gelu(x, approximate=True)


def cnn():
    return keras.Sequential([
        keras.Input((12, 12, 1)), layers.Conv2D(4, 3, padding="same", activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(6, 3, strides=2), layers.LeakyReLU(negative_slope=0.1), layers.Dropout(0.5), layers.Flatten(),
        layers.Dense(8, activation="elu"), layers.Dense(5, activation="softmax"),
    ])


def mobile():
    """A functional model: what MobileNets and Xception are made of, a way around, and a pooled head."""
    x = given = keras.Input((10, 10, 3))
    x = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(x)))
    y = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)))
    y = layers.BatchNormalization()(layers.SeparableConv2D(6, 3, padding="same")(y))
    x = layers.Activation("swish")(layers.Add()([x, y]))
    y = layers.Reshape((1, 1, 6))(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Conv2D(6, 1, activation="hard_sigmoid")(y)])
    x = layers.AveragePooling2D(2, padding="same")(layers.ZeroPadding2D(1)(x))
    x = layers.Concatenate()([x, layers.UpSampling2D(2)(layers.MaxPooling2D(2)(x))])
    x = layers.Conv2DTranspose(4, 2, strides=2, activation="relu")(x)
    return keras.Model(given, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))


def signal():
    return keras.Sequential([
        keras.Input((20, 3)), layers.Conv1D(5, 3, padding="causal", activation=gelu), layers.BatchNormalization(),
        layers.MaxPooling1D(2), layers.Conv1D(4, 3, dilation_rate=2), layers.LayerNormalization(),
        layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid"),
    ])


def recurrent(unit):
    return keras.Sequential([keras.Input((6, 4)), unit(5, return_sequences=True, unroll=True), unit(4, unroll=True), layers.Dense(3)])


def attention():
    x = given = keras.Input((5, 8))
    y = layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.LayerNormalization(epsilon=1e-4)(layers.Add()([x, y]))
    y = layers.Dense(8)(layers.Dense(16, activation=gelu)(x))
    x = layers.LayerNormalization(epsilon=1e-4)(layers.Add()([x, y]))
    return keras.Model(given, layers.Dense(2, activation="log_softmax")(layers.GlobalAveragePooling1D()(x)))


if __name__ == "__main__":
    keras.utils.set_random_seed(7)
    keep("keras_cnn", scrambled(cnn()), normal(2, 12, 12, 1))
    keep("keras_mobile", scrambled(mobile()), normal(2, 10, 10, 3))
    keep("keras_signal", scrambled(signal()), normal(2, 20, 3))
    keep("keras_lstm", scrambled(recurrent(layers.LSTM)), normal(2, 6, 4))
    keep("keras_gru", scrambled(recurrent(layers.GRU)), normal(2, 6, 4))
    keep("keras_attention", scrambled(attention()), normal(2, 5, 8))
