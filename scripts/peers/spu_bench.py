"""The workloads of `mpc bench` in SPU 0.9.5 (SEMI2K, two parties in its simulator, 64 bits, 18 of them fractional).

    python3.11 -m venv spu && spu/bin/pip install spu==0.9.5 "jax[cpu]"
    spu/bin/python scripts/peers/spu_bench.py [WORKLOAD]...

Seconds are the median of five runs after one to compile, less those of a program that returns its inputs and a result of the
same size: sharing and revealing are not in them.
"""

import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import spu
import spu.utils.simulation as simulation

rng = np.random.default_rng(1)


def uniform(low, high, *shape):
    return rng.uniform(low, high, shape).astype(np.float32)


def conv(x, w, padding="VALID"):
    return jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NCHW", "OIHW", "NCHW"))


def pool(x):
    n, c, h, w = x.shape
    return jnp.max(x.reshape(n, c, h // 2, 2, w // 2, 2), axis=(3, 5))


def relu(x):
    return jnp.maximum(x, 0)


def lenet(x, k1, k2, w1, w2):
    x = pool(relu(conv(x, k1)))
    x = pool(relu(conv(x, k2)))
    return relu(x.reshape(x.shape[0], -1) @ w1) @ w2


def mlp(x, a, b, c):
    return relu(relu(x @ a) @ b) @ c


def lenet_inputs(batch):
    shapes = [(batch, 1, 28, 28), (20, 1, 5, 5), (50, 20, 5, 5), (800, 500), (500, 10)]
    return [uniform(-0.1, 0.1, *shape) for shape in shapes]


MILLION = (1_000_000,)
WORKLOADS = {
    "mul": (lambda a, b: a * b, lambda: [uniform(-1, 1, *MILLION), uniform(-1, 1, *MILLION)]),
    "matmul512": (lambda a, b: a @ b, lambda: [uniform(-1, 1, 512, 512), uniform(-1, 1, 512, 512)]),
    "matmul1024": (lambda a, b: a @ b, lambda: [uniform(-1, 1, 1024, 1024), uniform(-1, 1, 1024, 1024)]),
    "relu": (relu, lambda: [uniform(-100, 100, *MILLION)]),
    "gt": (lambda x: x > 0, lambda: [uniform(-100, 100, *MILLION)]),
    "max": (lambda x: jnp.max(x, axis=1), lambda: [uniform(-100, 100, 1000, 100)]),
    "maxpool": (pool, lambda: [uniform(-100, 100, 1, 64, 112, 112)]),
    "sigmoid": (jax.nn.sigmoid, lambda: [uniform(-10, 10, 100_000)]),
    "exp": (jnp.exp, lambda: [uniform(-4, 4, 100_000)]),
    "reciprocal": (lambda x: 1 / x, lambda: [uniform(0.1, 1000, 100_000)]),
    "softmax": (lambda x: jax.nn.softmax(x, axis=1), lambda: [uniform(-4, 4, 100, 1000)]),
    "conv2d": (lambda x, w: conv(x, w, "SAME"), lambda: [uniform(-1, 1, 1, 64, 56, 56), uniform(-1, 1, 64, 64, 3, 3)]),
    "lr": (lambda x, w: x @ w, lambda: [uniform(-1, 1, 128, 784), uniform(-1, 1, 784, 10)]),
    "mlp": (mlp, lambda: [uniform(-0.1, 0.1, *s) for s in [(128, 784), (784, 128), (128, 128), (128, 10)]]),
    "lenet1": (lenet, lambda: lenet_inputs(1)),
    "lenet": (lenet, lambda: lenet_inputs(128)),
}


def median(run, inputs, repeat):
    seconds = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        run(*inputs)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


if __name__ == "__main__":
    config = spu.RuntimeConfig(protocol=spu.ProtocolKind.SEMI2K, field=spu.FieldType.FM64)
    sim = simulation.Simulator(2, config)
    for name in sys.argv[1:] or WORKLOADS:
        function, make = WORKLOADS[name]
        inputs, repeat = make(), 2 if name == "lenet" else 5
        result = np.asarray(function(*inputs)).astype(np.float32)
        # The same inputs and a result of the same size, without the work.
        idle = simulation.sim_jax(sim, lambda *xs: xs[-1])
        work = simulation.sim_jax(sim, function)
        passing = median(idle, [*inputs, result], repeat)
        print(f"{name:12} {median(work, inputs, repeat) - passing:.3f} s", flush=True)
