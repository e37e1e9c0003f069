//! The layers on `f64`, as plainly as possible: what the shares' results are compared with.

use mpc_core::{Conv, Pool};
use ndarray::{Array2, Array4, ArrayD, ArrayView2, Axis, Ix1, Ix2, Ix4, s};

/// A matrix; the workload's shapes are its own, so another rank gives an empty one.
pub(super) fn matrix(x: &ArrayD<f64>) -> Array2<f64> {
    x.clone().into_dimensionality::<Ix2>().unwrap_or_default()
}

/// Images `[n, c, h, w]`.
pub(super) fn images(x: &ArrayD<f64>) -> Array4<f64> {
    x.clone().into_dimensionality::<Ix4>().unwrap_or_default()
}

/// `x w^T + b`.
pub(super) fn linear(x: &Array2<f64>, w: &ArrayD<f64>, b: &ArrayD<f64>) -> Array2<f64> {
    let b = b.clone().into_dimensionality::<Ix1>().unwrap_or_default();
    w.view().into_dimensionality::<Ix2>().map(|w| x.dot(&w.t()) + b).unwrap_or_default()
}

/// The larger of x and 0.
pub(super) fn relu(x: f64) -> f64 {
    x.max(0.0)
}

/// The patches under the kernel of one image `[c, h, w]`, a column each.
fn patches(image: &ndarray::ArrayView3<'_, f64>, kernel: [usize; 2], o: &Conv) -> Array2<f64> {
    let (c, h, w) = image.dim();
    let [rows, columns] = sizes([h, w], kernel, o.stride, o.padding);
    let mut patches = Array2::zeros((c * kernel[0] * kernel[1], rows * columns));
    for ((row, column), x) in patches.indexed_iter_mut() {
        let (channel, k, l) = (row / (kernel[0] * kernel[1]), row / kernel[1] % kernel[0], row % kernel[1]);
        let (y, z) = (column / columns * o.stride[0] + k, column % columns * o.stride[1] + l);
        let inside = y >= o.padding[0] && z >= o.padding[1];
        *x =
            if inside { image.get((channel, y - o.padding[0], z - o.padding[1])).copied().unwrap_or(0.0) } else { 0.0 };
    }
    patches
}

fn sizes(size: [usize; 2], kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|axis| (size[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1)
}

/// A convolution of one group, without dilation.
pub(super) fn conv2d(x: &Array4<f64>, w: &ArrayD<f64>, b: Option<&ArrayD<f64>>, o: &Conv) -> Array4<f64> {
    let w = images(w);
    let (filters, channels, k, l) = w.dim();
    let flat = w.to_shape((filters, channels * k * l)).map(|w| w.to_owned()).unwrap_or_default();
    let (n, _, height, width) = x.dim();
    let [rows, columns] = sizes([height, width], [k, l], o.stride, o.padding);
    let mut y = Array4::zeros((n, filters, rows, columns));
    for (image, mut out) in x.outer_iter().zip(y.outer_iter_mut()) {
        let product = flat.dot(&patches(&image, [k, l], o));
        out.iter_mut().zip(product.iter()).for_each(|(out, x)| *out = *x);
    }
    if let Some(b) = b {
        y.axis_iter_mut(Axis(1)).zip(b).for_each(|(mut plane, b)| plane += *b);
    }
    y
}

/// The gradients of a convolution without stride: by the input and by the weight.
pub(super) fn conv2d_gradients(
    x: &Array4<f64>,
    w: &ArrayD<f64>,
    dy: &Array4<f64>,
    padding: [usize; 2],
) -> (Array4<f64>, Array4<f64>) {
    let w = images(w);
    let (filters, channels, k, l) = w.dim();
    // With the padding as a part of the input, whose gradient is cut off in the end.
    let ([above, left], (images, depth, height, width)) = (padding, x.dim());
    let inner = s![.., .., above..above + height, left..left + width];
    let mut padded = Array4::zeros((images, depth, height + 2 * above, width + 2 * left));
    padded.slice_mut(inner).assign(x);
    let x = padded;
    let (mut dx, mut dw) = (Array4::zeros(x.dim()), Array4::zeros(w.dim()));
    let (n, _, rows, columns) = dy.dim();
    let flat = |a: ArrayView2<'_, f64>| a.to_owned();
    for image in 0..n {
        let dy = dy.slice(s![image, .., .., ..]);
        let dy = dy.to_shape((filters, rows * columns)).map(|dy| flat(dy.view())).unwrap_or_default();
        for (i, j) in (0..k).flat_map(|i| (0..l).map(move |j| (i, j))) {
            let window = s![image, .., i..i + rows, j..j + columns];
            let under = x.slice(window);
            let under = under.to_shape((channels, rows * columns)).map(|x| flat(x.view())).unwrap_or_default();
            let mut at = dw.slice_mut(s![.., .., i, j]);
            at += &dy.dot(&under.t());
            let back = w.slice(s![.., .., i, j]).t().dot(&dy);
            let mut to = dx.slice_mut(window);
            to.iter_mut().zip(back.iter()).for_each(|(to, x)| *to += x);
        }
    }
    (dx.slice(inner).to_owned(), dw)
}

/// The largest of each window, and where in the image it was.
pub(super) fn max_pool_at(x: &Array4<f64>, pool: &Pool) -> (Array4<f64>, Array4<(usize, usize)>) {
    let (n, c, h, w) = x.dim();
    let [rows, columns] = sizes([h, w], pool.kernel, pool.stride, pool.padding);
    let mut at = Array4::from_elem((n, c, rows, columns), (0, 0));
    let y = Array4::from_shape_fn((n, c, rows, columns), |(image, channel, row, column)| {
        let taps = (0..pool.kernel[0]).flat_map(|k| (0..pool.kernel[1]).map(move |l| (k, l)));
        let mut best = f64::NEG_INFINITY;
        for (k, l) in taps {
            let (y, z) = (row * pool.stride[0] + k, column * pool.stride[1] + l);
            let (Some(y), Some(z)) = (y.checked_sub(pool.padding[0]), z.checked_sub(pool.padding[1])) else { continue };
            if let Some(&x) = x.get((image, channel, y, z)).filter(|x| **x > best) {
                best = x;
                at[(image, channel, row, column)] = (y, z);
            }
        }
        best
    });
    (y, at)
}

/// The largest of each window.
pub(super) fn max_pool(x: &Array4<f64>, pool: &Pool) -> Array4<f64> {
    max_pool_at(x, pool).0
}

/// The mean of each 2 x 2 window.
pub(super) fn mean_pool(x: &Array4<f64>) -> Array4<f64> {
    let (n, c, h, w) = x.dim();
    let mean = |(n, c, i, j)| x.slice(s![n, c, 2 * i..2 * i + 2, 2 * j..2 * j + 2]).sum() / 4.0;
    Array4::from_shape_fn((n, c, h / 2, w / 2), mean)
}

/// The gradient of [`mean_pool`]: a quarter to each of a window.
pub(super) fn mean_pool_gradient(dy: &Array4<f64>) -> Array4<f64> {
    let (n, c, h, w) = dy.dim();
    Array4::from_shape_fn((n, c, 2 * h, 2 * w), |(n, c, i, j)| dy[(n, c, i / 2, j / 2)] / 4.0)
}

/// `e^x / sum e^x` in each row.
pub(super) fn softmax(x: &Array2<f64>) -> Array2<f64> {
    let mut y = x.clone();
    for mut row in y.outer_iter_mut() {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|x| (x - top).exp());
        let sum = row.sum();
        row.mapv_inplace(|x| x / sum);
    }
    y
}

/// Rows of mean 0 and variance 1.
pub(super) fn layer_norm(x: &Array2<f64>, epsilon: f64) -> Array2<f64> {
    let mut y = x.clone();
    for mut row in y.outer_iter_mut() {
        let n = row.len() as f64;
        let mean = row.sum() / n;
        row.mapv_inplace(|x| x - mean);
        let deviation = (row.iter().map(|x| x * x).sum::<f64>() / n + epsilon).sqrt();
        row.mapv_inplace(|x| x / deviation);
    }
    y
}

/// x times the normal distribution function of x.
pub(super) fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, IxDyn};

    fn numbers(shape: &[usize]) -> ArrayD<f64> {
        let len: usize = shape.iter().product();
        Array::from_iter((0..len).map(|i| ((i * 37) % 23) as f64 / 5.0 - 2.0))
            .into_shape_with_order(IxDyn(shape))
            .unwrap()
    }

    #[test]
    fn a_convolution_is_the_sum_it_should_be() {
        let (x, w) = (images(&numbers(&[2, 3, 5, 6])), numbers(&[4, 3, 3, 2]));
        let o = Conv::default().stride(2).padding(1);
        let y = conv2d(&x, &w, None, &o);
        assert_eq!(y.dim(), (2, 4, 3, 4));
        for ((n, f, i, j), y) in y.indexed_iter() {
            let mut sum = 0.0;
            for (c, k, l) in (0..3).flat_map(|c| (0..3).flat_map(move |k| (0..2).map(move |l| (c, k, l)))) {
                let (a, b) = (2 * i + k, 2 * j + l);
                if a >= 1 && b >= 1 {
                    sum += x.get((n, c, a - 1, b - 1)).copied().unwrap_or(0.0) * w[[f, c, k, l]];
                }
            }
            assert!((y - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn gradients_of_a_convolution_are_finite_differences() {
        for padding in [[0, 0], [1, 2]] {
            let (x, w) = (images(&numbers(&[2, 2, 4, 4])), numbers(&[3, 2, 2, 3]));
            let o = Conv { padding, ..Conv::default() };
            let y = conv2d(&x, &w, None, &o);
            let (n, c, h, l) = y.dim();
            let dy = images(&numbers(&[n, c, h, l]));
            let value = |x: &Array4<f64>, w: &ArrayD<f64>| (conv2d(x, w, None, &o) * &dy).sum();
            let (dx, dw) = conv2d_gradients(&x, &w, &dy, padding);
            let (mut x1, mut w1) = (x.clone(), w.clone());
            x1[(1, 1, 2, 1)] += 1.0;
            w1[[2, 1, 1, 0]] += 1.0;
            assert!((value(&x1, &w) - value(&x, &w) - dx[(1, 1, 2, 1)]).abs() < 1e-9);
            assert!((value(&x, &w1) - value(&x, &w) - dw[(2, 1, 1, 0)]).abs() < 1e-9);
        }
    }
}
