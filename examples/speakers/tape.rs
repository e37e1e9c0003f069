//! Reverse-mode differentiation of matrices in f64: what the training in the clear needs, and no more.

use ndarray::{Array2, Axis, concatenate, s};
use std::cell::RefCell;

type Matrix = Array2<f64>;
type Back = Box<dyn Fn(&Matrix) -> Vec<(usize, Matrix)>>;

/// What was computed, in order, and how gradients go back.
#[derive(Default)]
pub(crate) struct Tape(RefCell<Vec<(Matrix, Back)>>);

/// A matrix on a tape.
#[derive(Clone, Copy)]
pub(crate) struct Var<'a> {
    tape: &'a Tape,
    at: usize,
}

impl Tape {
    pub(crate) fn var(&self, value: Matrix) -> Var<'_> {
        self.push(value, |_| Vec::new())
    }

    fn push(&self, value: Matrix, back: impl Fn(&Matrix) -> Vec<(usize, Matrix)> + 'static) -> Var<'_> {
        let mut nodes = self.0.borrow_mut();
        nodes.push((value, Box::new(back)));
        Var { tape: self, at: nodes.len() - 1 }
    }

    /// The mean cross-entropy of rows of logits, and the gradients of it by variables.
    pub(crate) fn backward(&self, logits: Var<'_>, classes: &[usize], by: &[Var<'_>]) -> Vec<Matrix> {
        let mut slope = softmax(&logits.value());
        for (mut row, &class) in slope.rows_mut().into_iter().zip(classes) {
            row[class] -= 1.0;
        }
        let nodes = self.0.borrow();
        let mut open: Vec<Option<Matrix>> = vec![None; nodes.len()];
        open[logits.at] = Some(slope / classes.len() as f64);
        for at in (0..nodes.len()).rev() {
            let Some(grad) = open[at].clone() else { continue };
            for (input, part) in nodes[at].1(&grad) {
                open[input] = Some(match open[input].take() {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
        }
        by.iter().map(|var| open[var.at].clone().unwrap_or_else(|| Matrix::zeros(nodes[var.at].0.raw_dim()))).collect()
    }
}

pub(crate) fn softmax(x: &Matrix) -> Matrix {
    let mut y = x.clone();
    for mut row in y.rows_mut() {
        let most = row.fold(f64::MIN, |a, &b| a.max(b));
        row.mapv_inplace(|x| (x - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    y
}

/// A gradient, summed over the rows that broadcasting made.
fn fit(grad: &Matrix, rows: usize) -> Matrix {
    if rows == grad.nrows() { grad.clone() } else { grad.sum_axis(Axis(0)).insert_axis(Axis(0)) }
}

impl<'a> Var<'a> {
    pub(crate) fn value(self) -> Matrix {
        self.tape.0.borrow()[self.at].0.clone()
    }

    /// Elementwise, with the derivative by x and y.
    fn map(self, f: impl Fn(f64) -> f64, slope: impl Fn(f64, f64) -> f64 + 'static) -> Self {
        let x = self.value();
        let y = x.mapv(f);
        let mut slopes = x.clone();
        slopes.zip_mut_with(&y, |x, &y| *x = slope(*x, y));
        self.tape.push(y, move |grad| vec![(self.at, grad * &slopes)])
    }

    pub(crate) fn sigmoid(self) -> Self {
        self.map(|x| 1.0 / (1.0 + (-x).exp()), |_, y| y * (1.0 - y))
    }

    pub(crate) fn tanh(self) -> Self {
        self.map(f64::tanh, |_, y| 1.0 - y * y)
    }

    pub(crate) fn relu(self) -> Self {
        self.map(|x| x.max(0.0), |x, _| f64::from(u8::from(x > 0.0)))
    }

    pub(crate) fn scale(self, c: f64) -> Self {
        self.map(|x| c * x, move |_, _| c)
    }

    /// `x + y`, where y may be one row for all.
    pub(crate) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let rows = b.nrows();
        self.tape.push(&a + &b, move |grad| vec![(self.at, grad.clone()), (other.at, fit(grad, rows))])
    }

    /// `x y`, element by element, where y may be one row for all.
    pub(crate) fn times(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let y = &a * &b;
        self.tape.push(y, move |grad| vec![(self.at, grad * &b), (other.at, fit(&(grad * &a), b.nrows()))])
    }

    /// `x y^T`
    pub(crate) fn matmul_t(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let y = a.dot(&b.t());
        self.tape.push(y, move |grad| vec![(self.at, grad.dot(&b)), (other.at, grad.t().dot(&a))])
    }

    /// `x y`
    pub(crate) fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let y = a.dot(&b);
        self.tape.push(y, move |grad| vec![(self.at, grad.dot(&b.t())), (other.at, a.t().dot(grad))])
    }

    pub(crate) fn columns(self, from: usize, to: usize) -> Self {
        let x = self.value();
        let shape = x.raw_dim();
        self.tape.push(x.slice(s![.., from..to]).to_owned(), move |grad| {
            let mut whole = Matrix::zeros(shape);
            whole.slice_mut(s![.., from..to]).assign(grad);
            vec![(self.at, whole)]
        })
    }

    /// One below the other (axis 0) or side by side (axis 1).
    pub(crate) fn join(all: &[Self], axis: usize) -> Self {
        let values: Vec<Matrix> = all.iter().map(|var| var.value()).collect();
        let views: Vec<_> = values.iter().map(|value| value.view()).collect();
        let joined = concatenate(Axis(axis), &views).unwrap_or_default();
        let parts: Vec<(usize, usize)> = all.iter().zip(&values).map(|(v, x)| (v.at, x.len_of(Axis(axis)))).collect();
        all[0].tape.push(joined, move |grad| {
            let mut from = 0;
            let part = |&(at, size): &(usize, usize)| {
                from += size;
                (at, grad.slice_axis(Axis(axis), (from - size..from).into()).to_owned())
            };
            parts.iter().map(part).collect()
        })
    }

    /// The mean of the rows.
    pub(crate) fn mean_row(self) -> Self {
        let x = self.value();
        let (rows, shape) = (x.nrows() as f64, x.raw_dim());
        let y = x.sum_axis(Axis(0)).insert_axis(Axis(0)) / rows;
        self.tape.push(y, move |grad| {
            vec![(self.at, (grad / rows).broadcast(shape).map(|g| g.to_owned()).unwrap_or_default())]
        })
    }

    pub(crate) fn softmax(self) -> Self {
        let y = softmax(&self.value());
        self.tape.push(y.clone(), move |grad| {
            let dot = (grad * &y).sum_axis(Axis(1)).insert_axis(Axis(1));
            vec![(self.at, (grad - &dot) * &y)]
        })
    }

    /// Every row with mean 0 and variance 1.
    pub(crate) fn normalised(self, epsilon: f64) -> Self {
        let x = self.value();
        let width = x.ncols() as f64;
        let mean = move |x: &Matrix| x.sum_axis(Axis(1)).insert_axis(Axis(1)) / width;
        let centred = &x - &mean(&x);
        let size = mean(&(&centred * &centred)).mapv(|v| (v + epsilon).sqrt());
        let y = &centred / &size;
        self.tape.push(y.clone(), move |grad| vec![(self.at, (grad - &mean(grad) - &y * &mean(&(grad * &y))) / &size)])
    }
}
