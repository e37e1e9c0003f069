"""Fits the series of mpc-core/src/circuits/table.rs: smallest largest error on [-12, 12], period 32, 16 harmonics.

Reweighted least squares with a small ridge, which keeps the coefficients (and so the fixed-point noise) small.
Needs numpy.
"""
import numpy as np

LIMIT, PERIOD, HARMONICS = 12, 32, 16


def fit(function, odd, ridge=1e-5, points=4001):
    x = np.linspace(-LIMIT, LIMIT, points)
    angles = 2 * np.pi * np.outer(x, np.arange(1, HARMONICS + 1)) / PERIOD
    waves = np.sin(angles) if odd else np.concatenate([np.ones((points, 1)), np.cos(angles)], 1)
    y, weight, best = function(x), np.ones(points), (np.inf, None)
    for _ in range(200):
        root = np.sqrt(weight)
        left = np.vstack([waves * root[:, None], ridge * np.eye(waves.shape[1])])
        right = np.concatenate([y * root, np.zeros(waves.shape[1])])
        coefficients = np.linalg.lstsq(left, right, rcond=None)[0]
        error = np.abs(waves @ coefficients - y)
        best = min(best, (error.max(), coefficients), key=lambda pair: pair[0])
        weight = weight * (error / error.max() + 1e-3) ** 0.5
        weight /= weight.mean()
    return best


for name, function, odd in [
    ("sigmoid - 1/2", lambda x: 1 / (1 + np.exp(-x)) - 0.5, True),
    ("softplus - x/2", lambda x: np.logaddexp(0, x) - x / 2, False),
]:
    error, coefficients = fit(function, odd)
    print(f"{name}: largest error {error:.2e}")
    print(", ".join(repr(float(c)) for c in coefficients))
