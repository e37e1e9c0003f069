//! Sums and means over axes. A sum is free and exact; a mean costs a [`combine`](super::combine).

use super::view::Scatter;
use crate::{
    error::Usage,
    op::{Handle, Meaning},
    shape::{Shape, View},
};

impl Handle {
    /// The sum over some axes (all if there are none named), which disappear, or stay with size 1 if `keep`.
    #[track_caller]
    pub fn sum(&self, axes: &[usize], keep: bool) -> Self {
        let shape = self.shape();
        if let Some(&axis) = axes.iter().find(|&&axis| axis >= shape.rank()) {
            let problem = Usage::Axis { axis, rank: shape.rank() };
            return match self.error() {
                Some(_) => self.clone(),
                None => Self::misused(self.runtime(), "sum", problem, vec![shape]),
            };
        }
        let summed = |axis: usize| axes.is_empty() || axes.contains(&axis);
        let dims = shape.dims().iter().enumerate();
        let kept: Vec<usize> = dims.clone().map(|(axis, &size)| if summed(axis) { 1 } else { size }).collect();
        let left: Vec<usize> = dims.filter(|(axis, _)| !summed(*axis)).map(|(_, &size)| size).collect();
        let kept = Shape::from(&kept[..]);
        let out = if keep { kept.clone() } else { Shape::from(&left[..]) };
        match View::of(&kept).expand(&shape) {
            Some(layout) => {
                let axes = || (0..shape.rank()).filter(|&axis| summed(axis)).collect();
                self.then(Scatter { layout, shape: out }, &[]).noted(&[self], || Meaning::Sum(axes(), keep))
            }
            None => self.clone(), // a shape always stretches to itself
        }
    }

    /// The mean over some axes, like [`Self::sum`]. The mean of nothing is 0.
    #[track_caller]
    pub fn mean(&self, axes: &[usize], keep: bool) -> Self {
        let shape = self.shape();
        let summed = shape.dims().iter().enumerate().filter(|(axis, _)| axes.is_empty() || axes.contains(axis));
        let count: usize = summed.map(|(_, &size)| size).product();
        let all = || (0..shape.rank()).filter(|axis| axes.is_empty() || axes.contains(axis)).collect();
        self.sum(axes, keep).scale(1.0 / count.max(1) as f64).noted(&[self], || Meaning::Mean(all(), keep))
    }
}
