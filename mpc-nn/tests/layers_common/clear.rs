//! Layers in f64, as plainly as possible.

use super::{Array, Named};
use ndarray::{ArrayD, Axis, IxDyn, Slice, concatenate, stack};

/// An array by a function of the index.
pub fn by(shape: &[usize], f: impl Fn(&[usize]) -> f64) -> Array {
    ArrayD::from_shape_fn(IxDyn(shape), |index| f(ndarray::Dimension::slice(&index)))
}

/// The parameter of a part.
pub fn of<'a>(at: &'a Named, prefix: &str, name: &str) -> &'a Array {
    let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    at.get(&name).unwrap_or_else(|| panic!("no parameter {name} in {:?}", at.keys().collect::<Vec<_>>()))
}

/// `x W^T + b` over the last axis.
pub fn linear(x: &Array, weight: &Array, bias: Option<&Array>) -> Array {
    let (inputs, outputs) = (weight.shape()[1], weight.shape()[0]);
    let mut shape = x.shape().to_vec();
    *shape.last_mut().unwrap() = outputs;
    let x = x.as_standard_layout();
    let rows = x.to_shape((x.len() / inputs, inputs)).unwrap();
    let weight = weight.view().into_shape_with_order((outputs, inputs)).unwrap();
    let mut y = rows.dot(&weight.t()).into_shape_with_order(IxDyn(&shape)).unwrap();
    if let Some(bias) = bias {
        y += bias;
    }
    y
}

/// The convolution of `[n, c, h, w]`.
pub fn conv2d(x: &Array, weight: &Array, bias: Option<&Array>, stride: usize, padding: usize, groups: usize) -> Array {
    let (&[n, _, h, w], &[filters, each, k, l]) = (x.shape(), weight.shape()) else { panic!() };
    let size = |size: usize, kernel: usize| (size + 2 * padding - kernel) / stride + 1;
    by(&[n, filters, size(h, k), size(w, l)], |at| {
        let group = at[1] / (filters / groups);
        let mut sum = bias.map_or(0.0, |bias| bias[[at[1]]]);
        for c in 0..each {
            for i in 0..k {
                for j in 0..l {
                    let (row, column) = (at[2] * stride + i, at[3] * stride + j);
                    if row >= padding && column >= padding && row - padding < h && column - padding < w {
                        sum += x[[at[0], group * each + c, row - padding, column - padding]] * weight[[at[1], c, i, j]];
                    }
                }
            }
        }
        sum
    })
}

/// The transposed convolution of `[n, c, h, w]` without groups.
pub fn conv_transpose2d(x: &Array, weight: &Array, bias: &Array, stride: usize, padding: usize) -> Array {
    let (&[n, inputs, h, w], &[_, filters, k, l]) = (x.shape(), weight.shape()) else { panic!() };
    let size = |size: usize, kernel: usize| (size - 1) * stride + kernel;
    let mut all = Array::zeros(IxDyn(&[n, filters, size(h, k), size(w, l)]));
    for (index, &weight) in weight.indexed_iter() {
        let &[c, f, i, j] = ndarray::Dimension::slice(&index) else { panic!() };
        for image in 0..n {
            for row in 0..h {
                for column in 0..w {
                    assert!(c < inputs);
                    all[[image, f, row * stride + i, column * stride + j]] += x[[image, c, row, column]] * weight;
                }
            }
        }
    }
    let (rows, columns) = (size(h, k) - 2 * padding, size(w, l) - 2 * padding);
    by(&[n, filters, rows, columns], |at| all[[at[0], at[1], at[2] + padding, at[3] + padding]] + bias[[at[1]]])
}

/// `(x - mean) / sqrt(variance + epsilon)`
pub fn normalised(x: impl Iterator<Item = f64> + Clone, epsilon: f64) -> impl Iterator<Item = f64> {
    let (count, sum) = x.clone().fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
    let mean = sum / count;
    let variance = x.clone().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    x.map(move |x| (x - mean) / (variance + epsilon).sqrt())
}

/// Over the last axis, with weights.
pub fn layer_norm(x: &Array, weight: &Array, bias: &Array, epsilon: f64) -> Array {
    let mut y = x.clone();
    for mut row in y.lanes_mut(Axis(x.ndim() - 1)) {
        let values: Vec<f64> = normalised(row.to_vec().into_iter(), epsilon).collect();
        row.iter_mut().zip(values).for_each(|(slot, y)| *slot = y);
    }
    y * weight + bias
}

/// A vector of channels for axis 1.
pub fn channels(vector: &Array, rank: usize) -> Array {
    let mut shape = vec![1; rank];
    shape[1] = vector.len();
    vector.clone().into_shape_with_order(IxDyn(&shape)).unwrap()
}

/// By the statistics of the batch.
pub fn batch_norm(x: &Array, weight: &Array, bias: &Array, epsilon: f64) -> Array {
    let mut y = x.clone();
    for mut channel in y.axis_iter_mut(Axis(1)) {
        let values: Vec<f64> = channel.iter().copied().collect();
        let values: Vec<f64> = normalised(values.into_iter(), epsilon).collect();
        channel.iter_mut().zip(values).for_each(|(slot, y)| *slot = y);
    }
    y * channels(weight, x.ndim()) + channels(bias, x.ndim())
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub fn gelu(x: f64) -> f64 {
    0.5 * x * libm::erfc(-x / 2f64.sqrt())
}

/// Along the last axis.
pub fn softmax(x: &Array) -> Array {
    let mut y = x.clone();
    for mut row in y.lanes_mut(Axis(x.ndim() - 1)) {
        let largest = row.iter().copied().fold(f64::MIN, f64::max);
        row.mapv_inplace(|x| (x - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    y
}

pub fn log_softmax(x: &Array) -> Array {
    softmax(x).mapv(f64::ln)
}

fn columns(x: &Array, from: usize, to: usize, hidden: usize) -> Array {
    x.slice_axis(Axis(1), Slice::from(from * hidden..to * hidden)).to_owned()
}

/// One layer in one direction, by kind: the states of all steps `[n, steps, hidden]`.
fn recurrent_layer(kind: &str, at: &Named, prefix: &str, x: &Array, layer: usize, backwards: bool) -> Array {
    let suffix = format!("_l{layer}{}", if backwards { "_reverse" } else { "" });
    let [wi, wh, bi, bh] =
        ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|p| of(at, prefix, &format!("{p}{suffix}")));
    let (n, steps, hidden) = (x.shape()[0], x.shape()[1], wh.shape()[1]);
    let mut h = Array::zeros(IxDyn(&[n, hidden]));
    let mut c = h.clone();
    let mut states = vec![h.clone(); steps];
    for step in 0..steps {
        let step = if backwards { steps - 1 - step } else { step };
        let a = linear(&x.index_axis(Axis(1), step).to_owned(), wi, Some(bi));
        let b = linear(&h, wh, Some(bh));
        match kind {
            "rnn" => h = (a + b).mapv(f64::tanh),
            "gru" => {
                let gates = (columns(&a, 0, 2, hidden) + columns(&b, 0, 2, hidden)).mapv(sigmoid);
                let (r, z) = (columns(&gates, 0, 1, hidden), columns(&gates, 1, 2, hidden));
                let m = (columns(&a, 2, 3, hidden) + r * columns(&b, 2, 3, hidden)).mapv(f64::tanh);
                h = (1.0 - &z) * m + z * h;
            }
            _ => {
                let gates = a + b;
                let part = |at: usize| columns(&gates, at, at + 1, hidden);
                c = part(1).mapv(sigmoid) * &c + part(0).mapv(sigmoid) * part(2).mapv(f64::tanh);
                h = part(3).mapv(sigmoid) * c.mapv(f64::tanh);
            }
        }
        states[step] = h.clone();
    }
    stack(Axis(1), &states.iter().map(|h| h.view()).collect::<Vec<_>>()).unwrap()
}

/// All outputs of a recurrent network.
pub fn recurrent(kind: &str, at: &Named, prefix: &str, x: &Array, layers: usize, bidirectional: bool) -> Array {
    let mut y = x.clone();
    for layer in 0..layers {
        let forwards = recurrent_layer(kind, at, prefix, &y, layer, false);
        y = if bidirectional {
            let backwards = recurrent_layer(kind, at, prefix, &y, layer, true);
            concatenate(Axis(2), &[forwards.view(), backwards.view()]).unwrap()
        } else {
            forwards
        };
    }
    y
}

/// Attention of `[n, steps, width]` to `[n, others, width]`.
pub fn attention(at: &Named, prefix: &str, x: &Array, memory: &Array, heads: usize, mask: Option<&Array>) -> Array {
    let (&[n, steps, width], others) = (x.shape(), memory.shape()[1]) else { panic!() };
    let each = width / heads;
    let (weight, bias) = (of(at, prefix, "in_proj_weight"), of(at, prefix, "in_proj_bias"));
    let part = |x: &Array, part: usize| {
        let range = Slice::from(part * width..(part + 1) * width);
        let (w, b) = (weight.slice_axis(Axis(0), range).to_owned(), bias.slice_axis(Axis(0), range).to_owned());
        linear(x, &w, Some(&b))
    };
    let (q, k, v) = (part(x, 0), part(memory, 1), part(memory, 2));
    let scores = by(&[n, heads, steps, others], |at| {
        let product = |e: usize| q[[at[0], at[2], at[1] * each + e]] * k[[at[0], at[3], at[1] * each + e]];
        (0..each).map(product).sum::<f64>() / (each as f64).sqrt() + mask.map_or(0.0, |mask| mask[[at[2], at[3]]])
    });
    let weights = softmax(&scores);
    let mixed = by(&[n, steps, width], |at| {
        (0..others).map(|o| weights[[at[0], at[2] / each, at[1], o]] * v[[at[0], o, at[2]]]).sum()
    });
    let out = if prefix.is_empty() { "out_proj".to_owned() } else { format!("{prefix}.out_proj") };
    linear(&mixed, of(at, &out, "weight"), Some(of(at, &out, "bias")))
}

/// An encoder layer.
pub fn encoder_layer(at: &Named, prefix: &str, x: &Array, heads: usize, norm_first: bool, relu: bool) -> Array {
    let part = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    let norm = |x: &Array, name: &str| layer_norm(x, of(at, &part(name), "weight"), of(at, &part(name), "bias"), 1e-5);
    let dense = |x: &Array, name: &str| linear(x, of(at, &part(name), "weight"), Some(of(at, &part(name), "bias")));
    let attend = |x: &Array| attention(at, &part("self_attn"), x, x, heads, None);
    let forward = |x: &Array| dense(&dense(x, "linear1").mapv(|x| if relu { x.max(0.0) } else { gelu(x) }), "linear2");
    if norm_first {
        let x = x + attend(&norm(x, "norm1"));
        &x + forward(&norm(&x, "norm2"))
    } else {
        let x = norm(&(x + attend(x)), "norm1");
        norm(&(&x + forward(&x)), "norm2")
    }
}
