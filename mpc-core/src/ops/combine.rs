//! Sums of public multiples, `c_1 x_1 + c_2 x_2 + ..`, rescaled once. Whole factors are free and exact; otherwise 1 round
//! and 1/8 B (dealt 8 B), error one unit of the last place plus the rounding of the factors (2^-16 of the largest at 16
//! fractional bits, however small it is).

use crate::{
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Factors,
    op::{Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// A sum of multiples of equal shapes.
#[derive(Debug)]
struct Combine(Factors);

impl Op for Combine {
    fn name(&self) -> &'static str {
        "scale"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, _: &[&Operand]) -> Vec<Need> {
        engine.plan_combine(out, self.0.shift)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.combine(out, &self.0.numerators, self.0.shift, x)
    }
    fn vjp(&self, input: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        let Factors { numerators, shift } = &self.0;
        Some(grad.scale(numerators[input] as f64 * 0.5f64.powi(*shift as i32)))
    }
}

impl Handle {
    /// `c * x`.
    #[track_caller]
    pub fn scale(&self, c: f64) -> Self {
        if c == 1.0 { self.clone() } else { Self::combine(&[(c, self)]) }
    }

    /// The sum of multiples of tensors of one shape.
    ///
    /// # Panics
    /// Without a term.
    #[track_caller]
    pub fn combine(terms: &[(f64, &Self)]) -> Self {
        let (numbers, tensors): (Vec<f64>, Vec<&Self>) = terms.iter().copied().unzip();
        let runtime = tensors[0].runtime();
        if let Some(factors) = runtime.engine().factors(&numbers) {
            return Self::record(runtime, Combine(factors), &tensors).noted(&tensors, || Meaning::Combine(numbers));
        }
        let fixed = runtime.engine().fixed();
        let limit = fixed.limit::<u64>();
        let value = numbers.into_iter().find(|c| !c.is_finite() || c.abs() >= limit).unwrap_or(f64::NAN);
        let problem = Usage::Constant { value, fraction_bits: fixed.bits(), limit };
        Self::misused(runtime, "scale", problem, tensors.iter().map(|x| x.shape()).collect())
    }
}
