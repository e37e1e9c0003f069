//! Comparisons: bits. With a public number, or of two tensors (by the sign of their difference). An order: 2 rounds after
//! the opening of x, 33/8 B (dealt 44 B). An equality: 2 rounds, 20/8 B (dealt 39 B). Exact on fixed-point numbers whose
//! difference is below 2^(63 - f).

use crate::{
    engine::{Comparison, Engine, Forward, Kind, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Fusion, Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// How x compares with a threshold.
#[derive(Debug)]
struct Compare {
    how: Comparison,
    threshold: f64,
    /// Whether a number that rounds to the threshold may be on either side of it.
    lenient: bool,
}

impl Op for Compare {
    fn name(&self) -> &'static str {
        "compare"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        Kind::Bit
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_compare(out, self.how, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.compare(out, self.how, self.threshold, x[0])
    }
    fn fusion(&self) -> Option<Fusion> {
        self.lenient.then_some(Fusion::Sign)
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// Bits: how this compares with a public number.
    #[track_caller]
    pub fn compare_with(&self, how: Comparison, threshold: f64) -> Self {
        let fixed = self.runtime().engine().fixed();
        let limit = fixed.limit::<u64>();
        if threshold.is_finite() && threshold.abs() < limit {
            let bits = self.then(Compare { how, threshold, lenient: false }, &[]);
            return bits.noted(&[self], || Meaning::Compare(how, threshold));
        }
        let problem = Usage::Constant { value: threshold, fraction_bits: fixed.bits(), limit };
        Self::misused(self.runtime(), "compare", problem, vec![self.shape()])
    }

    /// Bits: whether this is not negative, for a choice between this and zero: where it rounds to zero, either will do.
    #[track_caller]
    pub(super) fn leniently_positive(&self) -> Self {
        self.then(Compare { how: Comparison::NotLess, threshold: 0.0, lenient: true }, &[])
    }

    /// Bits: how this compares with another tensor, with broadcasting.
    #[track_caller]
    pub fn compare(&self, how: Comparison, other: &Self) -> Self {
        self.sub(other).compare_with(how, 0.0)
    }
}
