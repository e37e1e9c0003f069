//! Variances and squared norms. A sum of squares is a product of matrices: one opening of x, one correction and one rescale
//! for each sum.

use crate::{
    error::Usage,
    op::{Handle, Meaning},
    shape::Shape,
};

impl Handle {
    /// The sum of squares over some axes (all if there are none named), which disappear, or stay with size 1 if `keep`.
    #[track_caller]
    pub fn norm_squared(&self, axes: &[usize], keep: bool) -> Self {
        self.sum_of_squares("norm_squared", axes, keep)
    }

    #[track_caller]
    fn sum_of_squares(&self, op: &'static str, axes: &[usize], keep: bool) -> Self {
        let shape = self.shape();
        if let Some(&axis) = axes.iter().find(|&&axis| axis >= shape.rank()) {
            return self.refuse(op, Usage::Axis { axis, rank: shape.rank() });
        }
        let summed = |axis: &usize| axes.is_empty() || axes.contains(axis);
        let (last, first): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(summed);
        let size = |axes: &[usize]| axes.iter().map(|&axis| shape.dims()[axis]).product::<usize>();
        let (batch, each) = (size(&first), size(&last));
        let kept: Vec<usize> = (0..shape.rank())
            .filter(|axis| keep || !summed(axis))
            .map(|axis| if summed(&axis) { 1 } else { shape.dims()[axis] })
            .collect();
        let rows = self.permute(&[first, last].concat()).reshape(&[batch, 1, each].into());
        let sums = rows.matmul(&rows.reshape(&[batch, each, 1].into())).reshape(&Shape::from(&kept[..]));
        let all = || (0..shape.rank()).filter(summed).collect();
        sums.noted(&[self], || Meaning::SumSquares(all(), keep))
    }

    /// The square root of [`Self::norm_squared`].
    #[track_caller]
    pub fn norm(&self, axes: &[usize], keep: bool) -> Self {
        self.sum_of_squares("norm", axes, keep).sqrt()
    }

    /// The square root of [`Self::var`].
    #[track_caller]
    pub fn std(&self, axes: &[usize], keep: bool, unbiased: bool) -> Self {
        self.var(axes, keep, unbiased).sqrt()
    }

    /// The variance over some axes (all if there are none named), which disappear, or stay with size 1 if `keep`: the mean
    /// square of the distances from the mean, or with `unbiased` their sum over one less than their number.
    #[track_caller]
    pub fn var(&self, axes: &[usize], keep: bool, unbiased: bool) -> Self {
        let shape = self.shape();
        let summed = shape.dims().iter().enumerate().filter(|(axis, _)| axes.is_empty() || axes.contains(axis));
        let count: usize = summed.map(|(_, &size)| size).product();
        if let Some(&axis) = axes.iter().find(|&&axis| axis >= shape.rank()) {
            return self.refuse("var", Usage::Axis { axis, rank: shape.rank() });
        }
        if count <= usize::from(unbiased) {
            let which = if unbiased { "an unbiased" } else { "a" };
            let problem = Usage::Argument(format!("{which} variance of {count} elements is not defined"));
            return self.refuse("var", problem);
        }
        let distances = self.sub(&self.mean(axes, true));
        distances.sum_of_squares("var", axes, keep).scale(1.0 / (count - usize::from(unbiased)) as f64)
    }
}
