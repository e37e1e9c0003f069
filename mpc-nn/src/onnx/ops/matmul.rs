//! Matrix products.

use super::{Entry, Inputs, Operator, arithmetic::zip, one, op};
use crate::onnx::{
    array::{Array, Element, broadcast, sized},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::op::Handle;
use ndarray::{Array2, ArrayView2, Axis, Ix2, IxDyn};

/// How two operands multiply: as matrices with further axes before them.
struct Plan {
    /// Both operands with two axes at least.
    left: Vec<usize>,
    right: Vec<usize>,
    /// The axes before, of the result.
    outer: Vec<usize>,
    /// The shape of the result.
    shape: Vec<usize>,
}

fn plan(a: &[usize], b: &[usize]) -> Result<Plan, Reason> {
    let mismatch = || Reason(format!("the product of {a:?} and {b:?} is not defined"));
    if a.is_empty() || b.is_empty() {
        return Err(mismatch());
    }
    let left = if a.len() == 1 { vec![1, a[0]] } else { a.to_vec() };
    let right = if b.len() == 1 { vec![b[0], 1] } else { b.to_vec() };
    let ([before, m, k], [after, l, n]) = (split(&left), split(&right));
    if k != l {
        return Err(mismatch());
    }
    let outer = broadcast(&[&before, &after])?;
    let mut shape = outer.clone();
    shape.extend(m.iter().filter(|_| a.len() > 1));
    shape.extend(n.iter().filter(|_| b.len() > 1));
    crate::onnx::array::within(&shape, crate::onnx::network::MOST)?;
    Ok(Plan { left, right, outer, shape })
}

/// The axes before the last two, and these.
fn split(shape: &[usize]) -> [Vec<usize>; 3] {
    let (before, last) = shape.split_at(shape.len() - 2);
    [before.to_vec(), vec![last[0]], vec![last[1]]]
}

/// A matrix product with broadcasting, on floats.
pub(super) fn matmul(a: &Array, b: &Array) -> Result<Array, Reason> {
    let Plan { left, right, outer, shape } = plan(a.shape(), b.shape())?;
    sized(&shape)?;
    let matrices = |x: &Array, own: &[usize]| -> Result<ndarray::ArrayD<f64>, Reason> {
        let x = x.reshaped(own)?;
        let mut wide = outer.clone();
        wide.extend(&own[own.len() - 2..]);
        sized(&wide)?;
        let wide = x.values.broadcast(IxDyn(&wide)).ok_or("the shapes do not broadcast")?.to_owned();
        let count: usize = outer.iter().product();
        let flat = [count, own[own.len() - 2], own[own.len() - 1]];
        wide.into_shape_with_order(IxDyn(&flat)).map_err(|error| Reason(error.to_string()))
    };
    let (left, right) = (matrices(a, &left)?, matrices(b, &right)?);
    let mut values = Vec::with_capacity(shape.iter().product());
    for (a, b) in left.outer_iter().zip(right.outer_iter()) {
        values.extend(dot(a.into_dimensionality::<Ix2>(), b.into_dimensionality::<Ix2>())?);
    }
    Array::new(Element::Float, &shape, values)
}

type View2<'a> = Result<ArrayView2<'a, f64>, ndarray::ShapeError>;

fn dot(a: View2<'_>, b: View2<'_>) -> Result<Array2<f64>, Reason> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(a.dot(&b)),
        _ => Reason::err("a matrix has two axes"),
    }
}

/// A matrix product with broadcasting, on shares: by one matrix for all where the second operand is one.
pub(super) fn secret(a: &Handle, b: &Handle) -> Result<Handle, Reason> {
    let Plan { left, right, shape, .. } = plan(a.shape().dims(), b.shape().dims())?;
    if shape.contains(&0) {
        return Reason::err("the product is empty");
    }
    let product = match (&left[..], &right[..]) {
        ([.., k], &[_, n]) => {
            let rows = left[..left.len() - 1].iter().product::<usize>();
            a.reshape(&[rows, *k].into()).matmul(&b.reshape(&[*k, n].into()))
        }
        _ => a.reshape(&left[..].into()).matmul(&b.reshape(&right[..].into())),
    };
    Ok(product.reshape(&shape[..].into()))
}

struct MatMul;

impl Operator for MatMul {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        let element = super::arithmetic::joined(a.element, b.element);
        Ok(vec![Array { element, ..matmul(a, b)? }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        one(Value::float(secret(&cx.operand(x.need(0)?), &cx.operand(x.need(1)?))?))
    }

    fn multiplies(&self) -> &[(usize, usize)] {
        &[(1, 2)]
    }
}

/// `alpha a b + beta c`, of matrices that may be stored transposed.
struct Gemm {
    alpha: f64,
    beta: f64,
    turned: [bool; 2],
}

impl Gemm {
    /// The shape of the product.
    fn shape(&self, a: &[usize], b: &[usize], c: Option<&[usize]>) -> Result<[usize; 2], Reason> {
        let (&[a0, a1], &[b0, b1]) = (a, b) else { return Reason::err("it multiplies matrices of two axes") };
        let (m, k) = if self.turned[0] { (a1, a0) } else { (a0, a1) };
        let (l, n) = if self.turned[1] { (b1, b0) } else { (b0, b1) };
        let fits = c.is_none_or(|c| broadcast(&[&[m, n], c]).is_ok_and(|all| all == [m, n]));
        if k == l && fits { Ok([m, n]) } else { Reason::err(format!("the shapes {a:?}, {b:?} and {c:?} do not fit")) }
    }
}

impl Operator for Gemm {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, b, c) = (x.need(0)?, x.need(1)?, x.get(2));
        self.shape(a.shape(), b.shape(), c.map(Array::shape))?;
        let side = |x: &Array, turned: bool| {
            let mut values = x.values.clone();
            if turned {
                values.swap_axes(0, 1);
            }
            Array::float(values)
        };
        let product = matmul(&side(a, self.turned[0]), &side(b, self.turned[1]))?.map(|x| self.alpha * x);
        match c {
            None => Ok(vec![product]),
            Some(c) => Ok(vec![zip(&product, c, Element::Float, |x, c| x + self.beta * c)?]),
        }
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, b, c) = (x.need(0)?, x.need(1)?, x.get(2));
        self.shape(&a.shape(), &b.shape(), c.map(Value::shape).as_deref())?;
        let (a, b) = (cx.operand(a), cx.operand(b));
        let scaled = |x: Handle, by: f64| if by == 1.0 { x } else { x.scale(by) };
        let c = c.map(|c| scaled(cx.operand(c), self.beta));
        let y = match c {
            Some(c) if self.alpha == 1.0 => a.matmul_plus(self.turned[0], &b, self.turned[1], &c),
            c => {
                let y = scaled(a.matmul_form(self.turned[0], &b, self.turned[1]), self.alpha);
                c.map_or(y.clone(), |c| y.add(&c))
            }
        };
        one(Value::float(y))
    }

    fn multiplies(&self) -> &[(usize, usize)] {
        &[(0, 2), (1, 2)]
    }
}

/// A matrix with rows and columns exchanged.
pub(super) fn transposed(x: &Array) -> Array {
    let mut values = x.values.clone();
    if values.ndim() == 2 {
        values.swap_axes(0, 1);
    }
    Array { element: x.element, values }
}

/// Slices along an axis, which disappears.
pub(super) fn slices(x: &Array, axis: usize) -> Vec<Array> {
    x.values.axis_iter(Axis(axis)).map(|slice| Array { element: x.element, values: slice.to_owned() }).collect()
}

pub(super) const OPERATORS: &[Entry] = &[
    op("MatMul", |_| Ok(Box::new(MatMul))),
    op("Gemm", |at| {
        at.ignore(&["broadcast"]);
        Ok(Box::new(Gemm {
            alpha: at.float("alpha", 1.0)?,
            beta: at.float("beta", 1.0)?,
            turned: [at.flag("transA", false)?, at.flag("transB", false)?],
        }))
    }),
];
