"""Makes the small models of this folder, and beside each what ONNX Runtime computes for some inputs.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python generate.py

Every model is NAME.onnx; NAME.npz holds its inputs (in0, in1, ..) and outputs (out0, out1, ..).
"""

import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def keep(name, model, inputs, tolerance=1e-4):
    """Writes a model, and what ONNX Runtime makes of the inputs."""
    if isinstance(model, onnx.ModelProto):
        model.doc_string = ""
        for node in model.graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
        del model.graph.value_info[:]
        del model.graph.metadata_props[:]
        del model.metadata_props[:]
        for tensor in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
            tensor.doc_string = ""
            del tensor.metadata_props[:]
        data = model.SerializeToString()
    else:
        data = model
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    outputs = session.run(None, dict(zip(names, inputs)))
    arrays = {f"in{at}": x for at, x in enumerate(inputs)}
    arrays |= {f"out{at}": np.asarray(y) for at, y in enumerate(outputs) if not isinstance(y, list) and np.asarray(y).dtype.kind in "fib"}
    (HERE / f"{name}.onnx").write_bytes(data)
    np.savez_compressed(HERE / f"{name}.npz", **arrays)
    print(f"{name}: {len(data)} bytes, {len(onnx.load_from_string(data).graph.node)} nodes")


def normal(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def from_torch():
    import torch
    from torch import nn

    torch.manual_seed(7)
    warnings.filterwarnings("ignore")

    def export(name, module, inputs, dynamo=False, opset=17, dynamic=True, **more):
        module.eval()
        inputs = tuple(torch.from_numpy(x) for x in inputs)
        file = HERE / f"{name}.tmp"
        names = [f"x{at}" for at in range(len(inputs))]
        if dynamo:
            shapes = tuple({0: torch.export.Dim("batch")} for _ in inputs) if dynamic else None
            torch.onnx.export(module, inputs, file, dynamo=True, external_data=False, dynamic_shapes=shapes, verbose=False, **more)
        else:
            axes = {given: {0: "batch"} for given in names} if dynamic else None
            torch.onnx.export(module, inputs, file, dynamo=False, opset_version=opset, input_names=names, dynamic_axes=axes, **more)
        model = onnx.load(file)
        file.unlink()
        keep(name, model, [x.numpy() for x in inputs])

    def scrambled(module):
        """Running statistics as after a training."""
        for part in module.modules():
            if isinstance(part, (nn.BatchNorm2d, nn.BatchNorm1d)):
                part.running_mean.normal_(0, 0.3)
                part.running_var.uniform_(0.5, 2.0)
                nn.init.uniform_(part.weight, 0.5, 1.5)
                nn.init.normal_(part.bias, 0, 0.2)
        return module

    mlp = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3), nn.Softmax(dim=1))
    export("mlp", mlp, [normal(4, 6)], opset=9)
    export("mlp_dynamo", mlp, [normal(4, 6)], dynamo=True)

    lenet = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24, 5),
    )
    export("lenet", scrambled(lenet), [normal(2, 1, 12, 12)])

    class Block(nn.Module):
        def __init__(self, inp, out, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(inp, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
            self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
            self.down = nn.Sequential(nn.Conv2d(inp, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            return torch.relu(y + self.down(x))

    resnet = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Block(4, 6, 2),
                           nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))
    export("resnet_block", scrambled(resnet), [normal(1, 3, 16, 16)])
    export("resnet_block_dynamo", scrambled(resnet), [normal(2, 3, 16, 16)], dynamo=True)

    class Squeeze(nn.Module):
        """The parts of a MobileNet: depthwise convolutions, hard swish, squeeze and excitation."""

        def __init__(self):
            super().__init__()
            self.expand, self.bn = nn.Conv2d(3, 8, 1, bias=False), nn.BatchNorm2d(8)
            self.depth, self.bn2 = nn.Conv2d(8, 8, 3, 2, 1, groups=8, bias=False), nn.BatchNorm2d(8)
            self.fc1, self.fc2 = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
            self.project, self.head = nn.Conv2d(8, 4, 1), nn.Linear(4, 3)

        def forward(self, x):
            x = nn.functional.hardswish(self.bn(self.expand(x)))
            x = nn.functional.silu(self.bn2(self.depth(x)))
            y = nn.functional.adaptive_avg_pool2d(x, 1)
            y = nn.functional.hardsigmoid(self.fc2(torch.relu(self.fc1(y))))
            x = nn.functional.relu6(self.project(x * y))
            return self.head(x.mean((2, 3)))

    export("mobilenet_block", scrambled(Squeeze()), [normal(2, 3, 8, 8)])

    class Encoder(nn.Module):
        """Embeddings, a mask, and a layer of attention written out as in BERT."""

        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(20, 8), nn.Embedding(16, 8)
            self.norm, self.norm1, self.norm2 = nn.LayerNorm(8, eps=1e-12), nn.LayerNorm(8), nn.LayerNorm(8)
            self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))
            self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 8)
            self.register_buffer("position_ids", torch.arange(16).expand((1, -1)))

        def forward(self, ids, mask):
            n = ids.shape[1]
            x = self.norm(self.words(ids) + self.places(self.position_ids[:, :n]))
            wide = mask[:, None, None, :].to(x.dtype)
            bias = (1.0 - wide) * torch.finfo(x.dtype).min
            heads = lambda y: y.view(y.shape[0], -1, 2, 4).permute(0, 2, 1, 3)
            q, k, v = heads(self.q(x)), heads(self.k(x)), heads(self.v(x))
            scores = q @ k.transpose(-1, -2) / 2.0 + bias
            y = (torch.softmax(scores, dim=-1) @ v).permute(0, 2, 1, 3).contiguous()
            x = self.norm1(x + self.o(y.view(y.shape[0], -1, 8)))
            x = self.norm2(x + self.down(nn.functional.gelu(self.up(x))))
            wide = mask.unsqueeze(-1).expand(x.size()).to(x.dtype)
            return (x * wide).sum(1) / torch.clamp(wide.sum(1), min=1e-9)

    ids = rng.integers(0, 20, (2, 6)).astype(np.int64)
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]], dtype=np.int64)
    encoder = Encoder()
    export("encoder", encoder, [ids, mask], opset=14)
    export("encoder_dynamo", encoder, [ids, mask], dynamo=True)

    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, activation="gelu")
    layer.self_attn.in_proj_bias.data.normal_()
    export("transformer_layer", layer, [normal(2, 5, 8)], dynamo=True, dynamic=False)

    class Recurrent(nn.Module):
        def __init__(self, unit, **more):
            super().__init__()
            self.unit = unit(4, 5, batch_first=True, **more)
            self.head = nn.Linear(10 if more.get("bidirectional") else 5, 3)

        def forward(self, x):
            return self.head(self.unit(x)[0][:, -1])

    export("lstm", Recurrent(nn.LSTM), [normal(2, 6, 4)], dynamic=False)
    export("lstm_bidirectional", Recurrent(nn.LSTM, bidirectional=True), [normal(2, 4, 4)], dynamic=False)
    export("gru", Recurrent(nn.GRU), [normal(2, 6, 4)], dynamic=False)
    export("rnn", Recurrent(nn.RNN), [normal(2, 6, 4)], dynamic=False)


def from_sklearn():
    from skl2onnx import to_onnx
    from sklearn.datasets import load_breast_cancer, load_iris
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
    from sklearn.svm import SVC, SVR
    from sklearn.tree import DecisionTreeClassifier

    iris, cancer = load_iris(), load_breast_cancer()

    def export(name, model, data, rows=20):
        x, y = data.data.astype(np.float32), data.target
        model.fit(x, y)
        options = {"zipmap": False} if hasattr(model, "predict_proba") else None
        proto = to_onnx(model, x[:1], options={id(model): options} if options else None, target_opset=18)
        keep(name, proto, [x[rng.permutation(len(x))[:rows]]])

    export("logistic_regression", make_pipeline(StandardScaler(), LogisticRegression()), cancer)
    export("logistic_regression_iris", LogisticRegression(), iris)
    export("linear_regression", make_pipeline(MinMaxScaler(), Normalizer(), LinearRegression()), iris)
    export("tree", DecisionTreeClassifier(max_depth=3, random_state=0), iris)
    export("forest", RandomForestClassifier(6, max_depth=4, random_state=0), cancer)
    export("forest_regression", RandomForestRegressor(4, max_depth=4, random_state=0), iris)
    export("boosting", GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0), cancer)
    export("svm", make_pipeline(StandardScaler(), SVC(probability=False, C=0.5)), cancer)
    export("svm_regression", make_pipeline(StandardScaler(), SVR(kernel="poly", degree=2)), iris)


class Zoo:
    """A model of many single steps, each with an output of its own."""

    def __init__(self, name, opset, *inputs):
        self.name, self.opset, self.inputs = name, opset, inputs
        self.nodes, self.initialisers, self.outputs = [], [], []

    def constant(self, value):
        value = np.asarray(value)
        name = f"c{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(value, name))
        return name

    def add(self, operator, *inputs, outputs=1, kind=TensorProto.FLOAT, inner=False, domain="", **attributes):
        inputs = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        made = [f"{operator}{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, made, name=made[0], domain=domain, **attributes))
        if not inner:
            self.outputs += [helper.make_tensor_value_info(name, kind, None) for name in made]
        return made[0]

    def keep(self):
        kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64, "b": TensorProto.BOOL}
        given = [helper.make_tensor_value_info(f"x{at}", kinds[x.dtype.kind], x.shape) for at, x in enumerate(self.inputs)]
        graph = helper.make_graph(self.nodes, self.name, given, self.outputs, self.initialisers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)
        keep(self.name, model, list(self.inputs))


def f32(*values):
    return np.array(values, dtype=np.float32)


def i64(*values):
    return np.array(values, dtype=np.int64)


def one(value):
    return np.array(value, dtype=np.float32)


def single_steps():
    x = normal(3, 8, scale=1.5)
    zoo = Zoo("functions", 20, x)
    for name in ["Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Erf", "Neg", "Abs", "Sign", "Sin", "Cos", "Mish", "HardSwish", "Selu"]:
        zoo.add(name, "x0")
    for alpha in [0.1, 1.5]:
        for name in ["LeakyRelu", "Elu", "Celu", "ThresholdedRelu"]:
            zoo.add(name, "x0", alpha=alpha)
    zoo.add("HardSigmoid", "x0", alpha=0.3, beta=0.4)
    zoo.add("Gelu", "x0")
    zoo.add("Gelu", "x0", approximate="tanh")
    positive = zoo.add("Abs", "x0", inner=True)
    positive = zoo.add("Add", positive, one(0.5))
    for name in ["Exp", "Log", "Sqrt", "Reciprocal"]:
        zoo.add(name, positive)
    zoo.add("PRelu", "x0", normal(8))
    zoo.add("Clip", "x0", one(-0.5), one(0.75))
    zoo.add("Clip", "x0", one(0.25))
    zoo.add("Clip", "x0", "", one(0.25))
    zoo.keep()

    y = normal(8, scale=1.5)
    zoo = Zoo("arithmetic", 17, x, np.abs(y) + one(0.5))
    for name in ["Add", "Sub", "Mul", "Div", "Max", "Min"]:
        zoo.add(name, "x0", "x1")
        zoo.add(name, "x0", normal(3, 1) + one(2))
        zoo.add(name, one(1.75), "x1")
    for power in [2, 3, 0.5, -1, -0.5, 1.25]:
        zoo.add("Pow", "x1", one(power))
    zoo.add("Pow", one(1.5), "x0")
    for name in ["Sum", "Mean", "Max"]:
        zoo.add(name, "x0", "x1", "x0")
    zoo.add("MatMul", "x0", "x1")
    zoo.add("MatMul", normal(2, 4, 3), "x0")
    zoo.add("Gemm", "x0", normal(3, 4), normal(4), alpha=0.5, beta=2.0, transA=1)
    zoo.add("Gemm", "x0", normal(8, 4), normal(4))
    zoo.add("Einsum", "x0", "x0", equation="ij,kj->ik")
    zoo.add("Einsum", "x0", normal(8, 3), equation="ij,jk")
    zoo.add("Einsum", "x0", equation="ij->j")
    zoo.keep()

    zoo = Zoo("choices", 17, x, normal(3, 8), rng.integers(0, 8, (2, 3)))
    whole = zoo.add("Mul", "x2", i64(2), inner=True)
    for name in ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        zoo.add(name, "x0", "x1", kind=TensorProto.BOOL)
        zoo.add(name, "x2", i64(3), kind=TensorProto.BOOL)
        zoo.add(name, "x0", one(0.25), kind=TensorProto.BOOL)
    a = zoo.add("Greater", "x0", one(0), inner=True)
    b = zoo.add("Less", "x1", one(0.5), inner=True)
    for name in ["And", "Or", "Xor"]:
        zoo.add(name, a, b, kind=TensorProto.BOOL)
    zoo.add("Equal", a, b, kind=TensorProto.BOOL)
    zoo.add("Not", a, kind=TensorProto.BOOL)
    zoo.add("Where", a, "x0", "x1")
    zoo.add("Where", a, "x0", one(-1))
    zoo.add("Where", np.array([True, False] * 4), "x0", "x1")
    zoo.add("Where", np.array([[True], [False], [True]]), one(2.5), "x1")
    zoo.add("Cast", a, to=TensorProto.FLOAT)
    zoo.add("Mul", zoo.add("Cast", a, to=TensorProto.FLOAT, inner=True), "x1")
    zoo.add("Cast", whole, to=TensorProto.FLOAT)
    zoo.add("OneHot", "x2", i64(8), f32(-1, 3), axis=1)
    zoo.add("Gather", "x0", "x2", axis=1)
    zoo.add("Gather", normal(8, 2), "x2")
    zoo.add("ArgMax", "x0", axis=1, kind=TensorProto.INT64)
    zoo.add("ArgMin", "x0", axis=0, keepdims=0, kind=TensorProto.INT64)
    zoo.add("ArgMax", "x2", axis=1, select_last_index=1, kind=TensorProto.INT64)
    top = zoo.add("TopK", "x0", i64(3), outputs=2, axis=1, inner=True)
    zoo.add("Identity", top)
    top = zoo.add("TopK", "x0", i64(2), outputs=2, axis=0, largest=0, inner=True)
    zoo.add("Identity", top)
    zoo.add("CumSum", "x0", np.array(1))
    zoo.add("CumSum", "x0", np.array(0), exclusive=1, reverse=1)
    zoo.add("Hardmax", "x0")
    zoo.keep()

    x = normal(2, 4, 3)
    zoo = Zoo("reductions", 18, x)
    for name in ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"]:
        zoo.add(f"Reduce{name}", "x0", i64(1), keepdims=0)
        zoo.add(f"Reduce{name}", "x0", i64(0, -1))
    zoo.add("ReduceMean", "x0")
    for axis in [1, -1]:
        zoo.add("Softmax", "x0", axis=axis)
        zoo.add("LogSoftmax", "x0", axis=axis)
    zoo.add("LpNormalization", "x0", p=1, axis=1)
    zoo.add("LpNormalization", "x0", p=2)
    zoo.add("LayerNormalization", "x0", normal(3), normal(3))
    zoo.add("LayerNormalization", "x0", normal(4, 3), axis=1, epsilon=0.01)
    zoo.add("InstanceNormalization", "x0", normal(4), normal(4))
    zoo.keep()

    zoo = Zoo("softmax_old", 9, x)
    zoo.add("Softmax", "x0")
    zoo.add("LogSoftmax", "x0", axis=2)
    zoo.add("ReduceSum", "x0", axes=[1])
    zoo.add("Unsqueeze", "x0", axes=[0, 2])
    zoo.add("Slice", "x0", starts=[1, 0], ends=[3, 2], axes=[1, 2])
    zoo.add("Clip", "x0", min=-0.5, max=0.5)
    zoo.add("Upsample", zoo.add("Unsqueeze", "x0", axes=[0], inner=True), f32(1, 1, 2, 3))
    zoo.add("Split", "x0", outputs=2, axis=1, split=[1, 3])
    zoo.keep()

    zoo = Zoo("shapes", 18, x)
    zoo.add("Reshape", "x0", i64(0, -1))
    zoo.add("Reshape", "x0", i64(3, 2, 4))
    zoo.add("Flatten", "x0", axis=2)
    zoo.add("Transpose", "x0", perm=[2, 0, 1])
    zoo.add("Transpose", "x0")
    zoo.add("Unsqueeze", "x0", i64(0, -1))
    zoo.add("Squeeze", zoo.add("Unsqueeze", "x0", i64(1), inner=True), i64(1))
    zoo.add("Expand", zoo.add("Slice", "x0", i64(0), i64(1), i64(1), inner=True), i64(2, 5, 1))
    zoo.add("Concat", "x0", normal(2, 1, 3), "x0", axis=1)
    zoo.add("Slice", "x0", i64(-1, 3), i64(-100, 0), i64(2, 1), i64(-2, -1))
    zoo.add("Slice", "x0", i64(1), i64(2**62), i64(1), i64(2))
    zoo.add("Split", "x0", i64(1, 2, 1), outputs=3, axis=1)
    zoo.add("Split", "x0", outputs=2, axis=1, num_outputs=2)
    zoo.add("Gather", "x0", i64(2, -1, 0, 0), axis=1)
    zoo.add("Gather", "x0", np.array(1), axis=2)
    zoo.add("GatherElements", "x0", rng.integers(0, 4, (2, 2, 3)), axis=1)
    zoo.add("GatherND", "x0", i64([0, 1], [1, 3]).reshape(2, 2))
    zoo.add("GatherND", "x0", i64(2, 0).reshape(2, 1), batch_dims=1)
    zoo.add("ScatterElements", "x0", rng.permutation(4)[:2].reshape(1, 2, 1).repeat(2, 0).repeat(3, 2), normal(2, 2, 3), axis=1)
    zoo.add("ScatterND", "x0", i64([1, 2], [0, 0]).reshape(2, 2), normal(2, 3))
    for mode in ["constant", "reflect", "edge"]:
        zoo.add("Pad", "x0", i64(0, 1, 2, 0, 2, 1), *([one(0.5)] if mode == "constant" else []), mode=mode)
    zoo.add("Pad", "x0", i64(1, -1), one(0), i64(1))
    zoo.add("Tile", "x0", i64(1, 2, 2))
    zoo.add("Trilu", "x0", upper=0)
    zoo.add("Trilu", "x0", np.array(1))
    zoo.add("Shape", "x0", kind=TensorProto.INT64)
    zoo.add("Size", "x0", kind=TensorProto.INT64)
    zoo.keep()

    x = normal(2, 4, 6, 5)
    zoo = Zoo("images", 18, x)
    conv = lambda *shape, **more: zoo.add("Conv", "x0", normal(*shape, scale=0.4), normal(shape[0]), **more)
    conv(3, 4, 3, 3)
    conv(3, 4, 3, 2, pads=[1, 0, 2, 1], strides=[2, 1])
    conv(4, 1, 3, 3, group=4, dilations=[2, 1], pads=[2, 1, 2, 1])
    conv(6, 2, 2, 2, group=2, auto_pad="SAME_UPPER", strides=[2, 2])
    conv(3, 4, 2, 3, auto_pad="SAME_LOWER")
    turned = lambda *shape, **more: zoo.add("ConvTranspose", "x0", normal(*shape, scale=0.4), **more)
    turned(4, 3, 3, 3, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    turned(4, 2, 2, 3, group=2, strides=[1, 2], pads=[0, 1, 1, 0])
    for name in ["MaxPool", "AveragePool"]:
        zoo.add(name, "x0", kernel_shape=[2, 2], strides=[2, 2])
        zoo.add(name, "x0", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        zoo.add(name, "x0", kernel_shape=[3, 2], strides=[2, 2], pads=[0, 0, 2, 1])
        zoo.add(name, "x0", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        zoo.add(name, "x0", kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    zoo.add("AveragePool", "x0", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    zoo.add("AveragePool", "x0", kernel_shape=[3, 3], pads=[1, 0, 2, 1], count_include_pad=1)
    zoo.add("GlobalMaxPool", "x0")
    zoo.add("GlobalAveragePool", "x0")
    zoo.add("LRN", "x0", size=3, alpha=0.5, bias=1.5)
    zoo.add("DepthToSpace", "x0", blocksize=2)
    zoo.add("DepthToSpace", "x0", blocksize=2, mode="CRD")
    zoo.add("Resize", "x0", "", f32(1, 1, 2, 2), mode="nearest")
    zoo.add("Resize", "x0", "", "", i64(2, 4, 9, 4), mode="linear")
    zoo.add("Resize", "x0", "", f32(1, 1, 0.5, 2), mode="linear", coordinate_transformation_mode="align_corners")
    zoo.add("Resize", "x0", "", f32(1, 1, 3, 2), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    bn = [np.abs(normal(4)) + one(0.5), normal(4), normal(4), np.abs(normal(4)) + one(0.5)]
    zoo.add("BatchNormalization", "x0", *bn)
    after = conv(4, 4, 1, 1, inner=True)
    zoo.add("BatchNormalization", after, *bn, epsilon=0.01)
    zoo.keep()

    q, k, v = normal(2, 4, 5, 3), normal(2, 2, 6, 3), normal(2, 2, 6, 4)
    zoo = Zoo("attention", 23, q, k, v, normal(2, 5, 8))
    zoo.add("Attention", "x0", "x1", "x2")
    zoo.add("Attention", "x0", "x1", "x2", normal(5, 6), scale=0.3)
    zoo.add("Attention", "x0", "x1", "x2", np.tril(np.ones((5, 6), dtype=bool)))
    zoo.add("Attention", "x3", "x3", "x3", q_num_heads=2, kv_num_heads=2, is_causal=1)
    zoo.add("RMSNormalization", "x3", normal(8))
    zoo.keep()

    x = normal(2, 3, 9)
    zoo = Zoo("sequences", 18, x)
    zoo.add("Conv", "x0", normal(4, 3, 3), normal(4), pads=[1, 2], strides=[2])
    zoo.add("ConvTranspose", "x0", normal(3, 2, 3), strides=[2])
    zoo.add("MaxPool", "x0", kernel_shape=[3], strides=[2])
    zoo.add("AveragePool", "x0", kernel_shape=[2], strides=[2], pads=[1, 0])
    x1 = zoo.add("Transpose", "x0", perm=[2, 0, 1], inner=True)
    bias = normal(2, 24, scale=0.5)
    zoo.add("GRU", x1, normal(2, 12, 3), normal(2, 12, 4), bias, "", normal(2, 2, 4), outputs=2, hidden_size=4, direction="bidirectional")
    zoo.add("GRU", x1, normal(1, 12, 3), normal(1, 12, 4), outputs=2, hidden_size=4, direction="reverse", linear_before_reset=1)
    zoo.add("LSTM", x1, normal(1, 16, 3), normal(1, 16, 4), normal(1, 32), "", normal(1, 2, 4), normal(1, 2, 4), outputs=3, hidden_size=4)
    zoo.add("RNN", x1, normal(1, 4, 3), normal(1, 4, 4, scale=0.4), outputs=2, hidden_size=4, activations=["Relu"])
    zoo.keep()

def refused():
    """A model with several things that are not supported, and one whose numbers lie beside it."""
    zoo = Zoo("refused", 17, normal(2, 3))
    zoo.add("Floor", "x0")
    zoo.add("Det", zoo.add("MatMul", "x0", normal(3, 2), inner=True))
    zoo.add("Conv", "x0", normal(1, 1, 3, 3))
    zoo.add("MatMul", "x0", normal(4, 2))
    zoo.add("Softmax", "x0", axis=5)
    given = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, [2, 3])]
    graph = helper.make_graph(zoo.nodes, "refused", given, zoo.outputs, zoo.initialisers)
    opsets = [helper.make_opsetid("", 17)]
    (HERE / "refused.onnx").write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())

    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 2], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "weights.bin", "offset": "4", "length": "24"}.items():
        weight.external_data.add(key=key, value=value)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("MatMul", ["x0", "w"], ["y"])], "beside", given, [y], [weight])
    (HERE / "beside.onnx").write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def states():
    """State dictionaries as PyTorch saves them, and the same as .npz."""
    import torch
    from torch import nn

    torch.manual_seed(7)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(4, 3))
    state = dict(model.state_dict())
    # A view of other numbers, other kinds, and something that is no tensor.
    state["turned"] = state["2.weight"].t()
    state["half"], state["brain"] = state["2.bias"].half(), state["2.bias"].bfloat16()
    state["whole"], state["parameter"] = torch.arange(-3, 3), nn.Parameter(torch.ones(2, 2))
    torch.save(model.state_dict(), HERE / "state.pt")
    torch.save({"state_dict": state, "epoch": 7, "lr": 0.1, "args": {"name": "x"}}, HERE / "checkpoint.pth")
    numbers = lambda state, prefix="": {prefix + name: x.detach().float().numpy() for name, x in state.items()}
    np.savez_compressed(HERE / "state_pt.npz", **numbers(model.state_dict()))
    np.savez_compressed(HERE / "checkpoint_pth.npz", **numbers(state, "state_dict."))


if __name__ == "__main__":
    which = sys.argv[1:] or ["steps", "refused", "states", "torch", "sklearn"]
    if "states" in which:
        states()
    if "refused" in which:
        refused()
    if "steps" in which:
        single_steps()
    if "sklearn" in which:
        from_sklearn()
    if "torch" in which:
        from_torch()
