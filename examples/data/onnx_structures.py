"""Networks with random weights, and models of scikit-learn on whole tables; beside each what ONNX Runtime makes of it.

    onnx_structures.py FOLDER         ResNet-18, ViT-B/16 and Wav2Letter in their full size, and a forest on all digits
    onnx_structures.py --small FOLDER the same structures scaled down, and trees on all of two small tables

Structures are those of torchvision (`resnet18`, `vit_b_16`) and torchaudio (`Wav2Letter` on a waveform), written step by step
in the form of PyTorch's exporter, batch normalisations included. NAME.npz has inputs (in0) and outputs (out0, ..).
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


class Net:
    """A graph that grows, with random weights of a fixed seed."""

    def __init__(self, seed):
        self.rng, self.nodes, self.weights, self.count = np.random.default_rng(seed), [], [], 0

    def keep(self, name, values):
        self.weights.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def weight(self, name, *shape, fan=None):
        scale = np.sqrt(2.0 / (fan or np.prod(shape[1:])))
        return self.keep(name, (self.rng.standard_normal(shape) * scale).astype(np.float32))

    def ints(self, *values):
        self.count += 1
        return self.keep(f"ints{self.count}", np.array(values, dtype=np.int64))

    def op(self, operator, *inputs, **attributes):
        self.count += 1
        name = f"{operator}_{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, name, x, inp, out, kernel, stride=1, pad=0, bias=True):
        """Over as many axes as `kernel` has."""
        axes = len(kernel)
        given = [x, self.weight(f"{name}.weight", out, inp, *kernel)]
        if bias:
            given.append(self.keep(f"{name}.bias", (self.rng.standard_normal(out) * 0.1).astype(np.float32)))
        return self.op("Conv", *given, kernel_shape=kernel, strides=[stride] * axes, pads=[pad] * (2 * axes))

    def norm(self, name, x, width):
        """A batch normalisation with statistics as after a training."""
        values = [self.rng.uniform(0.5, 1.5, width), self.rng.normal(0, 0.2, width),
                  self.rng.normal(0, 0.3, width), self.rng.uniform(0.5, 2.0, width)]
        names = [self.keep(f"{name}.{part}", value.astype(np.float32))
                 for part, value in zip(["weight", "bias", "running_mean", "running_var"], values)]
        return self.op("BatchNormalization", x, *names)

    def linear(self, name, x, inp, out):
        """For `[.., inp]`: a matrix product and a sum."""
        weight = self.weight(f"{name}.weight", inp, out, fan=2 * inp)
        bias = self.keep(f"{name}.bias", (self.rng.standard_normal(out) * 0.1).astype(np.float32))
        return self.op("Add", self.op("MatMul", x, weight), bias)

    def layer_norm(self, name, x, width):
        scale = self.keep(f"{name}.weight", self.rng.uniform(0.5, 1.5, width).astype(np.float32))
        return self.op("LayerNormalization", x, scale, self.keep(f"{name}.bias", np.zeros(width, np.float32)), epsilon=1e-6)

    def model(self, shape, output, axes=2):
        info = helper.make_tensor_value_info
        given = info("x", TensorProto.FLOAT, ["batch", *shape[1:]])
        made = info(output, TensorProto.FLOAT, ["batch", *[None] * (axes - 1)])
        graph = helper.make_graph(self.nodes, "graph", [given], [made], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def resnet18(width=64, classes=1000, side=224):
    net = Net(1)
    x = net.op("Relu", net.norm("bn1", net.conv("conv1", "x", 3, width, [7, 7], 2, 3, bias=False), width))
    x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inp = width
    for layer, stride in enumerate([1, 2, 2, 2]):
        out = width << layer
        for block in range(2):
            stride, name = stride if block == 0 else 1, f"layer{layer + 1}.{block}"
            y = net.conv(f"{name}.conv1", x, inp, out, [3, 3], stride, 1, bias=False)
            y = net.conv(f"{name}.conv2", net.op("Relu", net.norm(f"{name}.bn1", y, out)), out, out, [3, 3], 1, 1, bias=False)
            y = net.norm(f"{name}.bn2", y, out)
            if stride != 1 or inp != out:
                x = net.norm(f"{name}.down.1", net.conv(f"{name}.down.0", x, inp, out, [1, 1], stride, bias=False), out)
            x, inp = net.op("Relu", net.op("Add", y, x)), out
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    fc = [net.weight("fc.weight", classes, inp, fan=2 * inp), net.keep("fc.bias", np.zeros(classes, np.float32))]
    return net.model((1, 3, side, side), net.op("Gemm", x, *fc, transB=1)), (1, 3, side, side)


def vit(side=224, patch=16, width=768, heads=12, layers=12, mlp=3072, classes=1000):
    net, count = Net(2), (side // patch) ** 2
    x = net.conv("conv_proj", "x", 3, width, [patch, patch], patch)
    x = net.op("Transpose", net.op("Reshape", x, net.ints(0, width, count)), perm=[0, 2, 1])
    token = net.weight("class_token", 1, 1, width, fan=50)
    first = net.op("Slice", net.op("Shape", x), net.ints(0), net.ints(1))
    token = net.op("Expand", token, net.op("Concat", first, net.ints(1, width), axis=0))
    x = net.op("Concat", token, x, axis=1)
    x = net.op("Add", x, net.weight("pos_embedding", 1, count + 1, width, fan=50))
    for layer in range(layers):
        name = f"encoder.{layer}"
        y = net.layer_norm(f"{name}.ln_1", x, width)
        parts = []
        for part, perm in [("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])]:
            rows = net.op("Reshape", net.linear(f"{name}.{part}", y, width, width), net.ints(0, count + 1, heads, width // heads))
            parts.append(net.op("Transpose", rows, perm=perm))
        root = net.keep(f"{name}.root", np.array(np.sqrt(width // heads), np.float32))
        scores = net.op("Softmax", net.op("Div", net.op("MatMul", parts[0], parts[1]), root), axis=-1)
        y = net.op("Transpose", net.op("MatMul", scores, parts[2]), perm=[0, 2, 1, 3])
        x = net.op("Add", x, net.linear(f"{name}.out", net.op("Reshape", y, net.ints(0, count + 1, width)), width, width))
        y = net.linear(f"{name}.mlp.0", net.layer_norm(f"{name}.ln_2", x, width), width, mlp)
        one = lambda value, what: net.keep(f"{name}.{what}", np.array(value, np.float32))
        erf = net.op("Erf", net.op("Div", y, one(np.sqrt(2), "root2")))
        y = net.op("Mul", net.op("Mul", y, net.op("Add", erf, one(1, "one"))), one(0.5, "half"))
        x = net.op("Add", x, net.linear(f"{name}.mlp.3", y, mlp, width))
    x = net.op("Gather", net.layer_norm("ln", x, width), net.keep("first", np.array(0, np.int64)), axis=1)
    return net.model((1, 3, side, side), net.linear("head", x, width, classes)), (1, 3, side, side)


def wav2letter(width=250, wide=2000, classes=40, samples=16000):
    net = Net(3)
    x = net.op("Relu", net.conv("0", "x", 1, width, [250], 160, 45))
    x = net.op("Relu", net.conv("2", x, width, width, [48], 2, 23))
    for at in range(7):
        x = net.op("Relu", net.conv(str(4 + 2 * at), x, width, width, [7], 1, 3))
    x = net.op("Relu", net.conv("18", x, width, wide, [32], 1, 16))
    x = net.op("Relu", net.conv("20", x, wide, wide, [1]))
    x = net.op("Relu", net.conv("22", x, wide, classes, [1]))
    return net.model((1, 1, samples), net.op("LogSoftmax", x, axis=1), 3), (1, 1, samples)


def tables(small):
    """Ensembles of trees on every row of a table. The owner of the rows brings the columns to one scale before."""
    from skl2onnx import to_onnx
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    if small:
        models = [("forest_breast_cancer", load_breast_cancer(), RandomForestClassifier(12, max_depth=4, random_state=0)),
                  ("boosting_wine", load_wine(), GradientBoostingClassifier(n_estimators=8, max_depth=3, random_state=0))]
    else:
        models = [("forest_digits", load_digits(), RandomForestClassifier(20, max_depth=6, random_state=0))]
    for name, table, model in models:
        x = StandardScaler().fit_transform(table.data).astype(np.float32)
        # In steps of 2^-12: a table in which no two numbers differ by less than what 16 fractional bits tell apart.
        x = (np.round(x * 4096) / 4096).astype(np.float32)
        model.fit(x, table.target)
        yield name, to_onnx(model, x[:1], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3}), x


def main(folder, small):
    if small:
        sizes = [dict(width=2, classes=5, side=32), dict(side=16, patch=8, width=8, heads=2, layers=2, mlp=16, classes=5),
                 dict(width=4, wide=8, classes=5, samples=1600)]
    else:
        sizes = [{}, {}, {}]
    rng = np.random.default_rng(7)
    made = []
    for name, make, size in zip(["resnet18", "vit_b_16", "wav2letter"], [resnet18, vit, wav2letter], sizes):
        model, shape = make(**size)
        made.append((name, model, rng.standard_normal(shape).astype(np.float32)))
    for name, model, x in [*made, *tables(small)]:
        onnx.checker.check_model(model, full_check=True)
        data = model.SerializeToString()
        session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
        outputs = session.run(None, {session.get_inputs()[0].name: x})
        (folder / f"{name}.onnx").write_bytes(data)
        keep = np.savez_compressed if small else np.savez
        keep(folder / f"{name}.npz", in0=x, **{f"out{at}": y for at, y in enumerate(outputs)})
        print(name, len(data), "bytes", x.shape, [y.shape for y in outputs], "largest", max(float(np.abs(y).max()) for y in outputs))


if __name__ == "__main__":
    small = "--small" in sys.argv
    main(pathlib.Path([given for given in sys.argv[1:] if given != "--small"][0]), small)
