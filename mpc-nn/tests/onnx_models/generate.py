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


if __name__ == "__main__":
    which = sys.argv[1:] or ["torch", "sklearn"]
    if "sklearn" in which:
        from_sklearn()
    if "torch" in which:
        from_torch()
