//! Functions made of a comparison and a choice. Each: 3 rounds after the opening of x (of the difference, for two tensors),
//! exact up to the rounding of public factors. Gradients choose by the bit of the forward pass.

use crate::{
    engine::Comparison,
    op::{Handle, Meaning, RELU_OF_VIEW},
    shape::{Shape, View},
};

impl Handle {
    /// `bit ? x : y` for these bits.
    #[track_caller]
    pub fn select(&self, x: &Self, y: &Self) -> Self {
        y.add(&self.keep(&x.sub(y))).noted(&[self, x, y], || Meaning::Select)
    }

    /// 1 where x >= 0, else 0. Its gradient is zero.
    #[track_caller]
    pub fn step(&self) -> Self {
        self.compare_with(Comparison::NotLess, 0.0).number()
    }

    /// max(x, 0). Of a product that was recorded just before, or of that in another shape: 4 rounds instead of 5 (see
    /// [`Fusion`](crate::op::Fusion)).
    #[track_caller]
    pub fn relu(&self) -> Self {
        let (views, base) = self.unviewed();
        if views.is_empty() || !base.is_waiting_product() {
            return self.leniently_positive().keep(self).noted(&[self], || Meaning::Function("relu", 0.0));
        }
        self.runtime().rewritten(RELU_OF_VIEW, "relu");
        base.relu().viewed_by(views).noted(&[self], || Meaning::Function("relu", 0.0))
    }

    /// What this is the ReLU of, perhaps in another shape, if it waits to run.
    #[track_caller]
    pub(super) fn before_relu(&self) -> Option<Self> {
        let (views, base) = self.unviewed();
        let x = base.rectified()?;
        Some(x.viewed_by(views))
    }

    /// The views of all elements, last first, that lead from a tensor to this one, and that tensor.
    fn unviewed(&self) -> (Vec<(View, Shape)>, Self) {
        let (mut views, mut base) = (Vec::new(), self.clone());
        while let Some((of, view, shape)) = base.viewed() {
            views.push((view, shape));
            base = of;
        }
        (views, base)
    }

    #[track_caller]
    fn viewed_by(&self, mut views: Vec<(View, Shape)>) -> Self {
        let mut viewed = self.clone();
        while let Some((view, shape)) = views.pop() {
            viewed = viewed.view(Ok(view), Some(shape));
        }
        viewed
    }

    /// |x|.
    #[track_caller]
    pub fn abs(&self) -> Self {
        let negative = self.compare_with(Comparison::Less, 0.0).keep(self);
        self.sub(&negative.scale(2.0)).noted(&[self], || Meaning::Function("abs", 0.0))
    }

    /// -1, 0 or 1.
    #[track_caller]
    pub fn sign(&self) -> Self {
        let ulp = self.runtime().engine().fixed().ulp();
        let positive = self.compare_with(Comparison::NotLess, ulp).number();
        positive
            .sub(&self.compare_with(Comparison::Less, 0.0).number())
            .noted(&[self], || Meaning::Function("sign", 0.0))
    }

    /// x where x >= 0, else `slope * x`.
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Self {
        let positive = self.relu();
        Self::combine(&[(slope, self), (1.0 - slope, &positive)])
            .noted(&[self], || Meaning::Function("leaky_relu", slope))
    }

    /// What to add to x to replace it by a public number where the bits are set.
    #[track_caller]
    fn replaced(&self, bits: &Self, by: f64) -> Self {
        let by = Self::public(self.runtime(), Shape::scalar(), &[by]).expand(&self.shape());
        bits.keep(&by).sub(&bits.keep(self))
    }

    /// x, but at least `low` and at most `high`.
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Self {
        let (below, above) = (self.compare_with(Comparison::Less, low), self.compare_with(Comparison::NotLess, high));
        self.add(&self.replaced(&below, low))
            .add(&self.replaced(&above, high))
            .noted(&[self], || Meaning::Clamp(low, high))
    }

    /// The larger of two, with broadcasting.
    #[track_caller]
    pub fn maximum(&self, other: &Self) -> Self {
        other.add(&self.sub(other).relu()).noted(&[self, other], || Meaning::Maximum)
    }

    /// The smaller of two, with broadcasting.
    #[track_caller]
    pub fn minimum(&self, other: &Self) -> Self {
        self.sub(&self.sub(other).relu()).noted(&[self, other], || Meaning::Minimum)
    }

    /// The largest along an axis, which disappears: 4 rounds for each halving.
    #[track_caller]
    pub fn max(&self, axis: usize) -> Self {
        let mut rest = self.clone();
        loop {
            let shape = rest.shape();
            let Some(&size) = shape.dims().get(axis) else { return self.slice(axis, 0..1, 1) };
            if size <= 1 {
                let left: Vec<_> =
                    shape.dims().iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, &size)| size).collect();
                return rest.reshape(&left[..].into()).noted(&[self], || Meaning::Max(axis));
            }
            let half = size / 2;
            let larger = rest.slice(axis, 0..half, 1).maximum(&rest.slice(axis, half..2 * half, 1));
            rest = if size % 2 == 0 { larger } else { larger.concat(&[&rest.slice(axis, 2 * half..size, 1)], axis) };
        }
    }
}
