"""Checks ONNX files that this project wrote: they are valid, and ONNX Runtime makes of them what it made of the originals.

    ONNX_WRITTEN=folder cargo test -p mpc-nn --test onnx_export     # an existing folder
    venv/bin/python examples/data/onnx_written.py folder            # with the packages of onnx_models.sh

Every NAME.onnx is compared with NAME.npz: inputs (in0, ..) and what the original made of them (out0, ..).
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort

failed = []
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    try:
        onnx.checker.check_model(onnx.load(file), full_check=True)
        session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
        arrays = np.load(file.with_suffix(".npz"))
        # Whole numbers have one width in what is written, and floats another.
        kind = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
        given = {x.name: arrays[f"in{at}"].astype(kind[x.type]) for at, x in enumerate(session.get_inputs())}
        made = session.run(None, given)
        far = 0.0
        for at, y in enumerate(made):
            if f"out{at}" in arrays:
                expected = arrays[f"out{at}"].astype(np.float64)
                assert expected.shape == y.shape, f"output {at} has shape {y.shape}, not {expected.shape}"
                both = np.isfinite(expected) | np.isfinite(y)
                far = max(far, float(np.abs(expected - y)[both].max(initial=0.0)))
        print(f"{file.stem}: {far:.1e}")
        if not far < 1e-4:
            failed.append(file.stem)
    except Exception as error:
        print(f"{file.stem}: {str(error)[:300]}")
        failed.append(file.stem)
sys.exit(f"not as they were: {', '.join(failed)}" if failed else 0)
