//! Numbers in the clear: constants, weights at their owner, and the values of the float evaluation.

use super::report::Reason;
use mpc_core::Shape;
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};
use std::{cell::Cell, fmt};

/// What the elements of a tensor are. Numbers of all widths are one kind each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Element {
    /// Floating point.
    Float,
    /// Whole numbers: exact up to 2^53, saturating beyond.
    Int,
    /// True and false.
    Bool,
}

/// The largest public or clear tensor, in elements: 1 GiB of 64-bit numbers.
pub(super) const MOST: usize = 1 << 27;

/// A tensor in the clear. Whole numbers and truth values are held as `f64` too.
#[derive(Clone, PartialEq)]
pub struct Array {
    /// What the elements are.
    pub element: Element,
    /// The elements.
    pub values: ArrayD<f64>,
}

impl Array {
    /// A tensor of floats.
    pub fn float(values: ArrayD<f64>) -> Self {
        Self { element: Element::Float, values }
    }

    pub(super) fn new(element: Element, shape: &[usize], values: Vec<f64>) -> Result<Self, Reason> {
        match ArrayD::from_shape_vec(IxDyn(shape), values) {
            Ok(values) => Ok(Self { element, values }),
            Err(_) => Reason::err(format!("the number of elements is not that of the shape {shape:?}")),
        }
    }

    pub(super) fn ints(values: impl IntoIterator<Item = i64>) -> Self {
        let values: Vec<f64> = values.into_iter().map(|x| x as f64).collect();
        Self {
            element: Element::Int,
            values: ArrayD::from_shape_vec(IxDyn(&[values.len()]), values).unwrap_or_default(),
        }
    }

    pub(super) fn scalar(element: Element, value: f64) -> Self {
        Self { element, values: ArrayD::from_elem(IxDyn(&[]), value) }
    }

    pub(super) fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    pub(super) fn rank(&self) -> usize {
        self.values.ndim()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The elements in row-major order.
    pub(super) fn to_vec(&self) -> Vec<f64> {
        self.values.iter().copied().collect()
    }

    /// The elements as whole numbers; out of range ones saturate.
    pub(super) fn whole(&self) -> Vec<i64> {
        self.values.iter().map(|&x| x as i64).collect()
    }

    /// The only element.
    pub(super) fn only(&self) -> Option<f64> {
        if self.len() == 1 { self.values.first().copied() } else { None }
    }

    /// The same elements in another shape.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Result<Self, Reason> {
        Self::new(self.element, shape, self.to_vec())
    }

    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { element: self.element, values: self.values.mapv(f) }
    }
}

impl fmt::Debug for Array {
    /// Kind and shape; never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?}", self.element, self.shape())
    }
}

#[derive(Serialize, Deserialize)]
struct Flat {
    element: Element,
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Serialize for Array {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (shape, values) = (self.shape().to_vec(), self.to_vec());
        Flat { element: self.element, shape, values }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Flat { element, shape, values } = Flat::deserialize(deserializer)?;
        sized(&shape).and_then(|_| Self::new(element, &shape, values)).map_err(serde::de::Error::custom)
    }
}

thread_local! {
    /// How many elements may still be made in the clear on this thread.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Runs `f`; the tensors that it notes with [`spend`] have together at most so many elements, and no tensor in the clear
/// has more. A file must not make the reader hold much more than the file does.
pub(super) fn limited<T>(most: usize, f: impl FnOnce() -> T) -> T {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _restore = Restore(LEFT.replace(most));
    f()
}

/// Notes tensors that were made.
pub(super) fn spend(elements: usize) {
    LEFT.set(LEFT.get().saturating_sub(elements));
}

/// How many elements a clear tensor of a shape has, if that is not too many.
pub(super) fn sized(shape: &[usize]) -> Result<usize, Reason> {
    within(shape, MOST.min(LEFT.get()))
}

/// How many elements a shape has, if that is not too many.
pub(super) fn within(shape: &[usize], most: usize) -> Result<usize, Reason> {
    let long = shape.len() > 16;
    // A size of zero must not hide an overflow of the others.
    let all = shape.iter().try_fold(1usize, |all, &size| all.checked_mul(size.max(1)));
    match all {
        Some(all) if all <= most && !long => Ok(shape.iter().product()),
        _ => Reason::err(format!("a tensor of shape {} is too large", Shape::from(&shape[..shape.len().min(16)]))),
    }
}

/// The shape that all of some shapes are repeated to.
pub(super) fn broadcast(shapes: &[&[usize]]) -> Result<Vec<usize>, Reason> {
    let mut all = Shape::scalar();
    for &shape in shapes {
        let shape = Shape::from(shape);
        all = all.broadcast(&shape).ok_or_else(|| Reason(format!("the shapes {all} and {shape} do not broadcast")))?;
    }
    within(all.dims(), super::network::MOST)?;
    Ok(all.dims().to_vec())
}

/// An axis counted from the front; negative ones count from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, Reason> {
    let from_front = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    match from_front.and_then(|axis| usize::try_from(axis).ok()) {
        Some(axis) if axis < rank => Ok(axis),
        _ => Reason::err(format!("axis {axis} is out of range for {rank} axes")),
    }
}

/// As [`axis_of`], for several; without repetitions, ascending.
pub(super) fn axes_of(axes: &[i64], rank: usize) -> Result<Vec<usize>, Reason> {
    let mut found = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable();
    found.dedup();
    if found.len() == axes.len() { Ok(found) } else { Reason::err("an axis is named twice") }
}
