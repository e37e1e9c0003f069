"""Fits the series of mpc-core/src/circuits/{table,activation,waves}.rs: smallest largest error, absolute or relative, on an
interval, with a period and a number of harmonics.

Reweighted least squares with a small ridge, which keeps the coefficients (and so the fixed-point noise) small.
Needs numpy. Prints the largest error, the constant, the cosines and the sines of each.
"""
import math

import numpy as np

erf = np.vectorize(math.erf)


def waves(basis, x, harmonics, period):
    angles = 2 * np.pi * np.outer(x, np.arange(1, harmonics + 1)) / period
    one = np.ones((len(x), 1))
    return {
        "odd": lambda: np.sin(angles),
        "even": lambda: np.concatenate([one, np.cos(angles)], 1),
        "both": lambda: np.concatenate([one, np.cos(angles), np.sin(angles)], 1),
    }[basis]()


def fit(function, low, high, period, harmonics, basis, weight=np.ones_like, ridge=1e-5, points=3001):
    even = np.linspace(0, 1, points)
    x = low + (high - low) * (even + (1 - np.cos(np.pi * even)) / 2) / 2
    columns, y, claim = waves(basis, x, harmonics, period), function(x), weight(x)
    importance, best = np.ones(points), (np.inf, None)
    for _ in range(150):
        root = np.sqrt(importance) * claim
        left = np.vstack([columns * root[:, None], ridge * np.eye(columns.shape[1])])
        right = np.concatenate([y * root, np.zeros(columns.shape[1])])
        coefficients = np.linalg.lstsq(left, right, rcond=None)[0]
        error = np.abs(columns @ coefficients - y) * claim
        best = min(best, (error.max(), coefficients), key=lambda pair: pair[0])
        importance = importance * (error / error.max() + 1e-3) ** 0.5
        importance /= importance.mean()
    return best


def logistic(x):
    return 1 / (1 + np.exp(-x))


def tanh_of_cubic(x):
    return np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


def gelu_tanh_slope(x):
    t = tanh_of_cubic(x)
    return t / 2 + x * (1 - t * t) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x) / 2


def normal_density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


FITS = [
    # table.rs
    ("sigmoid - 1/2", lambda x: logistic(x) - 0.5, 0, 12, 32, 16, "odd"),
    ("softplus - x/2", lambda x: np.logaddexp(0, x) - x / 2, 0, 12, 32, 16, "even"),
    # activation.rs
    ("tanh", np.tanh, 0, 6, 16, 16, "odd", np.ones_like, 1e-6),
    ("erf", erf, 0, 4, 16, 12, "odd"),
    ("gelu - x/2", lambda x: x * erf(x / np.sqrt(2)) / 2, 0, 5, 16, 12, "even"),
    ("gelu_tanh - x/2", lambda x: x * tanh_of_cubic(x) / 2, 0, 5, 16, 12, "even"),
    ("silu - x/2", lambda x: x * (logistic(x) - 0.5), 0, 13, 32, 16, "even", np.ones_like, 1e-6),
    ("gauss", lambda x: np.exp(-x * x), 0, 3.5, 8, 10, "even"),
    ("gelu_slope - 1/2", lambda x: erf(x / np.sqrt(2)) / 2 + x * normal_density(x), 0, 5, 16, 14, "odd"),
    ("gelu_tanh_slope - 1/2", gelu_tanh_slope, 0, 5, 16, 14, "odd"),
    (
        "silu_slope - 1/2",
        lambda x: logistic(x) - 0.5 + x * logistic(x) * (1 - logistic(x)),
        *(0, 13, 32, 20, "odd", np.ones_like, 1e-6),
    ),
    # waves.rs
    ("reciprocal", lambda u: 1 / u, 1 / 8, 1, 2, 10, "both", lambda u: u),
    ("rsqrt", lambda u: u**-0.5, 1 / 8, 1, 2, 8, "both", lambda u: u**0.5, 3e-6),
    ("sqrt", lambda u: u**0.5, 1 / 8, 1, 2, 7, "both", lambda u: u**-0.5),
    ("log", np.log, 1 / 8, 1, 2, 8, "both", np.ones_like, 3e-6),
]

for name, *arguments in FITS:
    error, coefficients = fit(*arguments)
    print(f"{name}: largest error {error:.2e}")
    print(", ".join(repr(float(c)) for c in coefficients))
