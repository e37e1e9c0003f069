//! The operators of many numbers. Costs are for each element of the first input.

use super::{catalogue::Entry, points, points::ULP};
use mpc_core::{Conv, Pool};

/// Of a row of numbers.
type Row = fn(&[f64]) -> Vec<f64>;

/// An operator along rows of `n` moderate numbers.
fn rows(name: &'static str, entry: RowEntry) -> Entry {
    let RowEntry { n, inputs, program, clear, claim, crypten } = entry;
    let clear = Box::new(move |x: &[f64], _: &[f64]| x.chunks(n).flat_map(clear).collect());
    Entry { name, inputs, program, clear, claim, crypten }
}

struct RowEntry {
    n: usize,
    inputs: fn(usize) -> (Vec<f64>, Vec<f64>),
    program: super::catalogue::Program,
    clear: Row,
    claim: fn(f64, f64, f64) -> f64,
    crypten: &'static str,
}

/// Rows of 10, 64, 100 or 1000 moderate numbers.
fn moderate<const N: usize>(count: usize) -> (Vec<f64>, Vec<f64>) {
    (points::moderate(count.div_ceil(N).max(1) * N), vec![0.0])
}
fn logits<const N: usize>(count: usize) -> (Vec<f64>, Vec<f64>) {
    (points::logits(count.div_ceil(N).max(5), N), vec![0.0])
}

fn logsumexp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::MIN, f64::max);
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}
fn largest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::MIN, f64::max)
}
fn sorted(x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    x.sort_by(f64::total_cmp);
    x
}
fn variance(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64
}
fn normalised(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let deviation = (variance(x) + 1e-3).sqrt();
    x.iter().map(|v| (v - mean) / deviation).collect()
}

fn exact(_: f64, _: f64, _: f64) -> f64 {
    0.0
}

/// The operators along rows.
pub(crate) fn along_rows() -> Vec<Entry> {
    let unit: fn(f64, f64, f64) -> f64 = |_, _, _| 2.0 * ULP;
    vec![
        rows(
            "sum of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).sum_axes(&[1]),
                clear: |x| vec![x.iter().sum()],
                claim: exact,
                crypten: "",
            },
        ),
        rows(
            "cumsum of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).cumsum(1),
                clear: |x| {
                    x.iter()
                        .scan(0.0, |sum, x| {
                            *sum += x;
                            Some(*sum)
                        })
                        .collect()
                },
                claim: exact,
                crypten: "",
            },
        ),
        rows(
            "mean of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).mean_axes(&[1]),
                clear: |x| vec![x.iter().sum::<f64>() / 64.0],
                claim: unit,
                crypten: "",
            },
        ),
        rows(
            "var of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).var_axes(&[1], false),
                clear: |x| vec![variance(x)],
                claim: |_, _, _| 16.0 * ULP,
                crypten: "`unbiased` is inverted",
            },
        ),
        rows(
            "norm of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).norm_axes(&[1]),
                clear: |x| vec![x.iter().map(|x| x * x).sum::<f64>().sqrt()],
                claim: |_, _, z| 2.0 * ULP + z * 0.5f64.powi(12),
                crypten: "as sqrt",
            },
        ),
        rows(
            "prod of 8",
            RowEntry {
                n: 8,
                inputs: |count| {
                    let (x, y) = moderate::<8>(count);
                    (x.into_iter().map(|x| x / 4.0).map(|x| (x / ULP).round() * ULP).collect(), y)
                },
                program: |x, _| x.reshape([x.shape().len() / 8, 8]).prod(1),
                clear: |x| vec![x.iter().product()],
                claim: |_, _, _| 64.0 * ULP,
                crypten: "as mul",
            },
        ),
        rows(
            "max of 100",
            RowEntry {
                n: 100,
                inputs: moderate::<100>,
                program: |x, _| x.reshape([x.shape().len() / 100, 100]).max(1),
                clear: |x| vec![largest(x)],
                claim: exact,
                crypten: "",
            },
        ),
        rows(
            "argmax of 100",
            RowEntry {
                n: 100,
                inputs: moderate::<100>,
                program: |x, _| x.reshape([x.shape().len() / 100, 100]).argmax(1),
                clear: |x| vec![x.iter().position(|v| *v == largest(x)).map_or(-1.0, |at| at as f64)],
                claim: exact,
                crypten: "a random one of equals",
            },
        ),
        rows(
            "sort of 16",
            RowEntry {
                n: 16,
                inputs: moderate::<16>,
                program: |x, _| x.reshape([x.shape().len() / 16, 16]).sort(1, false),
                clear: sorted,
                claim: exact,
                crypten: "not there",
            },
        ),
        rows(
            "topk, 4 of 16",
            RowEntry {
                n: 16,
                inputs: moderate::<16>,
                program: |x, _| x.reshape([x.shape().len() / 16, 16]).topk(4, 1),
                clear: |x| sorted(x).into_iter().rev().take(4).collect(),
                claim: exact,
                crypten: "not there",
            },
        ),
        rows(
            "median of 16",
            RowEntry {
                n: 16,
                inputs: moderate::<16>,
                program: |x, _| x.reshape([x.shape().len() / 16, 16]).median(1),
                clear: |x| vec![(sorted(x)[7] + sorted(x)[8]) / 2.0],
                claim: unit,
                crypten: "not there",
            },
        ),
        rows(
            "softmax of 10",
            RowEntry {
                n: 10,
                inputs: logits::<10>,
                program: |x, _| x.reshape([x.shape().len() / 10, 10]).softmax(1),
                clear: |x| x.iter().map(|v| (v - logsumexp(x)).exp()).collect(),
                claim: |_, _, _| 5e-5,
                crypten: "garbage where logits differ by more than 512",
            },
        ),
        rows(
            "softmax of 1000",
            RowEntry {
                n: 1000,
                inputs: logits::<1000>,
                program: |x, _| x.reshape([x.shape().len() / 1000, 1000]).softmax(1),
                clear: |x| x.iter().map(|v| (v - logsumexp(x)).exp()).collect(),
                claim: |_, _, _| 5e-5,
                crypten: "1.1e-2; garbage where logits differ by more than 512",
            },
        ),
        rows(
            "log_softmax of 10",
            RowEntry {
                n: 10,
                inputs: logits::<10>,
                program: |x, _| x.reshape([x.shape().len() / 10, 10]).log_softmax(1),
                clear: |x| x.iter().map(|v| v - logsumexp(x)).collect(),
                claim: |_, _, _| 1e-4,
                crypten: "as softmax and log",
            },
        ),
        rows(
            "logsumexp of 10",
            RowEntry {
                n: 10,
                inputs: logits::<10>,
                program: |x, _| x.reshape([x.shape().len() / 10, 10]).logsumexp(1),
                clear: |x| vec![logsumexp(x)],
                claim: |_, _, _| 1e-4,
                crypten: "not there",
            },
        ),
        rows(
            "layer_norm of 64",
            RowEntry {
                n: 64,
                inputs: moderate::<64>,
                program: |x, _| x.reshape([x.shape().len() / 64, 64]).layer_norm(1e-3),
                clear: normalised,
                claim: |_, _, z| 5.0 * ULP + z.abs() * 0.5f64.powi(12),
                crypten: "not there",
            },
        ),
        rows(
            "one_hot of 10",
            RowEntry {
                n: 1,
                inputs: |count| ((0..count).map(|i| ((i * 7) % 10) as f64).collect(), vec![0.0]),
                program: |x, _| x.one_hot(10).number(),
                clear: |x| (0..10).map(|class| f64::from(u8::from(x[0] == f64::from(class)))).collect(),
                claim: exact,
                crypten: "",
            },
        ),
    ]
}

const IMAGE: [usize; 4] = [1, 4, 16, 16];
const IMAGES: usize = 4 * 16 * 16;

fn images(count: usize) -> (Vec<f64>, Vec<f64>) {
    let batch = count.div_ceil(IMAGES).max(1);
    (points::moderate(batch * IMAGES), points::moderate(8 * 4 * 9))
}

/// Products and windows of images, and random values, whose true values depend on both inputs.
pub(crate) fn maps() -> Vec<Entry> {
    let batch = |len: usize| [len / IMAGES, IMAGE[1], IMAGE[2], IMAGE[3]];
    let product = |x: &[f64], w: &[f64]| {
        let dot = |i: usize, j: usize| (0..64).map(|k| x[i * 64 + k] * w[k * 64 + j]).sum::<f64>();
        (0..x.len()).map(|at| dot(at / 64, at % 64)).collect::<Vec<_>>()
    };
    let window = move |x: &[f64], of: fn(&[f64; 4]) -> f64| {
        let value = |at: usize| {
            let (plane, row, column) = (at / 64, at / 8 % 8, at % 8);
            let corner = plane * 256 + row * 32 + column * 2;
            of(&[x[corner], x[corner + 1], x[corner + 16], x[corner + 17]])
        };
        (0..x.len() / 4).map(value).collect::<Vec<_>>()
    };
    let convolution = move |x: &[f64], w: &[f64]| {
        let value = |at: usize| {
            let (image, filter, row, column) = (at / 2048, at / 256 % 8, at / 16 % 16, at % 16);
            let mut sum = 0.0;
            for (channel, tap) in (0..4).flat_map(|channel| (0..9).map(move |tap| (channel, tap))) {
                let (i, j) = ((row + tap / 3).wrapping_sub(1), (column + tap % 3).wrapping_sub(1));
                if i < 16 && j < 16 {
                    sum += x[(image * 4 + channel) * 256 + i * 16 + j] * w[(filter * 4 + channel) * 9 + tap];
                }
            }
            sum
        };
        (0..x.len() * 2).map(value).collect::<Vec<_>>()
    };
    let matrices: fn(usize) -> (Vec<f64>, Vec<f64>) =
        |count| (points::moderate(count.div_ceil(64).max(1) * 64), points::moderate(64 * 64));
    vec![
        Entry {
            name: "matmul with 64x64",
            inputs: matrices,
            program: |x, w| x.reshape([x.shape().len() / 64, 64]).matmul(&w.reshape([64, 64])),
            clear: Box::new(product),
            claim: |_, _, _| ULP,
            crypten: "as mul",
        },
        Entry {
            name: "matmul and relu, 64x64",
            inputs: matrices,
            program: |x, w| x.reshape([x.shape().len() / 64, 64]).matmul(&w.reshape([64, 64])).relu(),
            clear: Box::new(move |x, w| product(x, w).into_iter().map(|z| z.max(0.0)).collect()),
            claim: |_, _, _| ULP,
            crypten: "as mul",
        },
        Entry {
            name: "conv2d, 8 of 4x3x3",
            inputs: images,
            program: |x, w| {
                let x = x.reshape([x.shape().len() / IMAGES, 4, 16, 16]);
                x.conv2d(&w.reshape([8, 4, 3, 3]), &Conv::default().padding(1))
            },
            clear: Box::new(convolution),
            claim: |_, _, _| ULP,
            crypten: "as mul",
        },
        Entry {
            name: "max_pool2d 2x2",
            inputs: images,
            program: |x, _| x.reshape([x.shape().len() / IMAGES, 4, 16, 16]).max_pool2d(&Pool::new(2)),
            clear: Box::new(move |x, _| window(x, |w| w.iter().copied().fold(f64::MIN, f64::max))),
            claim: exact,
            crypten: "a padding counts as -256",
        },
        Entry {
            name: "avg_pool2d 2x2",
            inputs: images,
            program: |x, _| x.reshape([x.shape().len() / IMAGES, 4, 16, 16]).avg_pool2d(&Pool::new(2)),
            clear: Box::new(move |x, _| window(x, |w| w.iter().sum::<f64>() / 4.0)),
            claim: |_, _, _| ULP,
            crypten: "",
        },
        Entry {
            name: "batch_norm of 4 channels",
            inputs: images,
            program: |x, _| x.reshape([x.shape().len() / IMAGES, 4, 16, 16]).batch_norm(1e-3),
            clear: Box::new(move |x, _| {
                let [count, ..] = batch(x.len());
                let mut out = vec![0.0; x.len()];
                for channel in 0..4 {
                    let places = || (0..count).flat_map(move |n| (0..256).map(move |k| (n * 4 + channel) * 256 + k));
                    let values = normalised(&places().map(|at| x[at]).collect::<Vec<_>>());
                    places().zip(values).for_each(|(at, value)| out[at] = value);
                }
                out
            }),
            claim: |_, _, z| 5.0 * ULP + z.abs() * 0.5f64.powi(12),
            crypten: "by a public mean and variance only",
        },
        Entry {
            name: "embedding, 10 rows of 8",
            inputs: |count| ((0..count).map(|i| ((i * 7) % 10) as f64).collect(), points::moderate(80)),
            program: |x, table| table.reshape([10, 8]).embedding(x),
            clear: Box::new(|x, table| x.iter().flat_map(|&x| table[x as usize * 8..][..8].to_vec()).collect()),
            claim: exact,
            crypten: "not there",
        },
        Entry {
            name: "dropout",
            inputs: |count| (vec![1.0; count], vec![0.0]),
            // 0 or 4/3 for all: the square distance from both is zero.
            program: |x, _| {
                let y = x.dropout(0.25, true);
                &y * &(&y * -3.0 + 4.0)
            },
            clear: Box::new(|x, _| vec![0.0; x.len()]),
            claim: |_, _, _| 8.0 * ULP,
            crypten: "",
        },
    ]
}
