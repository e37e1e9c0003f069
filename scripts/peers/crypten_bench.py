"""The workloads of `mpc bench` in CrypTen 0.4.1: two parties as processes on this machine, one thread each (its default of
two is never faster with two processes on two cores), its tuples made by its first party inside of the seconds.

    python3.11 -m venv crypten && crypten/bin/pip install crypten==0.4.1 torch
    crypten/bin/python scripts/peers/crypten_bench.py [--device cuda] [WORKLOAD]...

With a device of torch, both parties compute there. Seconds are the median of five runs after one to warm up, from shares of the inputs to shares of the results.
"""

import argparse
import statistics
import sys
import time
import types

import torch

torch.set_num_threads(1)
# Newer releases of torch lack what CrypTen's ONNX converter, which is not used here, imports.
try:
    import torch.onnx._internal.registration
except ImportError:
    stub = types.ModuleType("torch.onnx._internal.registration")
    stub.registry = None
    sys.modules[stub.__name__] = stub

import crypten
import crypten.communicator
import crypten.mpc as mpc
import crypten.nn as cnn


def uniform(low, high, *shape):
    return low + (high - low) * torch.rand(*shape)


def unary(low, high, shape, function):
    return lambda: ([uniform(low, high, *shape)], function)


def network(shape, layers):
    def build():
        net = cnn.Sequential(*layers()).encrypt()
        net.eval()
        return [uniform(-1, 1, *shape)], net
    return build


def lenet():
    return [
        cnn.Conv2d(1, 20, 5), cnn.ReLU(), cnn.MaxPool2d(2), cnn.Conv2d(20, 50, 5), cnn.ReLU(), cnn.MaxPool2d(2),
        cnn.Flatten(), cnn.Linear(800, 500), cnn.ReLU(), cnn.Linear(500, 10),
    ]


def mlp():
    return [cnn.Linear(784, 128), cnn.ReLU(), cnn.Linear(128, 128), cnn.ReLU(), cnn.Linear(128, 10)]


def pair(a, b, function):
    return lambda: ([uniform(-1, 1, *a), uniform(-1, 1, *b)], function)


MILLION = (1_000_000,)
WORKLOADS = {
    "mul": pair(MILLION, MILLION, lambda a, b: a * b),
    "matmul512": pair((512, 512), (512, 512), lambda a, b: a @ b),
    "matmul1024": pair((1024, 1024), (1024, 1024), lambda a, b: a @ b),
    "matmul4096": pair((4096, 4096), (4096, 4096), lambda a, b: a @ b),
    "relu": unary(-100, 100, MILLION, lambda x: x.relu()),
    "relu10m": unary(-100, 100, (10_000_000,), lambda x: x.relu()),
    "gt": unary(-100, 100, MILLION, lambda x: x > 0),
    "max": unary(-100, 100, (1000, 100), lambda x: x.max(dim=1)[0]),
    "maxpool": unary(-100, 100, (1, 64, 112, 112), lambda x: x.max_pool2d(2)),
    "sigmoid": unary(-10, 10, (100_000,), lambda x: x.sigmoid()),
    "exp": unary(-4, 4, (100_000,), lambda x: x.exp()),
    "reciprocal": unary(0.1, 200, (100_000,), lambda x: x.reciprocal()),
    "softmax": unary(-4, 4, (100, 1000), lambda x: x.softmax(dim=1)),
    "conv2d": pair((1, 64, 56, 56), (64, 64, 3, 3), lambda x, w: x.conv2d(w, padding=1)),
    "lr": network((128, 784), lambda: [cnn.Linear(784, 10)]),
    "mlp": network((128, 784), mlp),
    "lenet1": network((1, 1, 28, 28), lenet),
    "lenet": network((128, 1, 28, 28), lenet),
}


def everybody(device):
    """Waits until all parties, and what they compute on, have come here."""
    if device != "cpu":
        torch.cuda.synchronize()
    crypten.communicator.get().barrier()


@mpc.run_multiprocess(world_size=2)
def run(name, repeat, device):
    torch.set_num_threads(1)
    inputs, function = WORKLOADS[name]()
    if isinstance(function, cnn.Module):
        function.to(device)
    seconds = []
    for _ in range(repeat + 1):
        shared = [crypten.cryptensor(x, src=i % 2).to(device) for i, x in enumerate(inputs)]
        everybody(device)
        start = time.perf_counter()
        function(*shared)
        everybody(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


# What runs if nobody says what: all but what takes minutes or many gigabytes on a processor.
DEFAULT = [name for name in WORKLOADS if name not in ("matmul4096", "relu10m")]

if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    chosen = arguments.parse_args()
    unknown = [name for name in chosen.workloads if name not in WORKLOADS]
    if unknown:
        arguments.error(f"there is no workload {unknown[0]}")
    for name in chosen.workloads or DEFAULT:
        # Nothing, where a party has failed; its process has said why.
        found = run(name, 2 if name == "lenet" else 5, chosen.device)
        print(f"{name:12} {max(found):.3f} s" if found else f"{name:12} failed", flush=True)
