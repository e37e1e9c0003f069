//! Random values that nobody knows: neither the dealer nor any N - 1 parties (see [`engine::Random`](crate::engine::Random)).
//! Bits and normal numbers are free; uniform numbers take 1 round; events of a public probability take a round for each
//! factor of four in its digits. A party that does not follow the protocol can bias them: semi-honest.

use crate::{
    engine::{Comparison, Engine, Forward, Kind, Logic, Operand, Random, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Op, Runtime},
    preprocessing::Need,
    shape::Shape,
};
use std::rc::Rc;

/// Binary digits of a probability.
const DIGITS: u32 = 16;

/// A random value.
#[derive(Debug)]
struct Draw {
    what: Random,
    shape: Shape,
}

impl Op for Draw {
    fn name(&self) -> &'static str {
        "random"
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        match self.what {
            Random::Uniform { bits } if bits == 0 || bits > 60 => {
                Err(Usage::Argument(format!("{bits} random bits are not between 1 and 60")))
            }
            _ => Ok(self.shape.clone()),
        }
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        Vis::Secret
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        if self.what == Random::Bits { Kind::Bit } else { Kind::Number }
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, _: &[&Operand]) -> Vec<Need> {
        engine.plan_random(out, self.what)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, _: &'a [&'a Operand]) -> Forward<'a> {
        engine.random(out, self.what)
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// A random value that nobody knows.
    #[track_caller]
    pub fn random(runtime: &Rc<Runtime>, shape: Shape, what: Random) -> Self {
        Self::record(runtime, Draw { what, shape }, &[])
    }

    /// Bits that are set with a public probability, rounded to a multiple of 2^-16. A random number of as many binary
    /// digits as the probability has is compared with it, digit by digit: no round for 1/2, 1 for multiples of 1/16, 2
    /// for the rest.
    #[track_caller]
    pub fn random_bernoulli(runtime: &Rc<Runtime>, shape: Shape, probability: f64) -> Self {
        let zero = Self::public(runtime, Shape::scalar(), &[0.0]);
        if !(0.0..=1.0).contains(&probability) {
            return zero.refuse("bernoulli", Usage::Argument(format!("{probability} is no probability")));
        }
        let scaled = (probability * f64::from(1u32 << DIGITS)).round() as u32;
        if scaled == 0 || scaled == 1 << DIGITS {
            let how = if scaled == 0 { Comparison::Less } else { Comparison::NotLess };
            return zero.expand(&shape).compare_with(how, 0.0).share();
        }
        let unused = scaled.trailing_zeros();
        // Lowest digit first: whether the random digit is below the probability's (if it can be), and whether it is equal.
        let digit = |place: u32| {
            let bit = Self::random(runtime, shape.clone(), Random::Bits);
            let complement = bit.not();
            if scaled >> place & 1 == 1 { (Some(complement), bit) } else { (None, complement) }
        };
        let mut pairs: Vec<_> = (unused..DIGITS).map(digit).collect();
        while pairs.len() > 1 {
            pairs = pairs.chunks(4).map(join).collect();
        }
        match pairs.pop() {
            Some((Some(below), _)) => below,
            _ => zero.refuse("bernoulli", Usage::Argument("a probability without digits".into())),
        }
    }

    /// x times `1 / (1 - p)` with probability `1 - p`, else 0. The gradient goes the same way.
    #[track_caller]
    pub fn dropout(&self, probability: f64) -> Self {
        if !(0.0..1.0).contains(&probability) {
            let problem = format!("{probability} is not in [0, 1)");
            return self.refuse("dropout", Usage::Argument(problem));
        }
        let kept = ((1.0 - probability) * f64::from(1u32 << DIGITS)).round().max(1.0) / f64::from(1u32 << DIGITS);
        let bits = Self::random_bernoulli(self.runtime(), self.shape(), kept);
        let scale = 1.0 / kept;
        // A whole factor is free; another one is best applied while the bits are made.
        if scale.fract() == 0.0 { bits.keep(self).scale(scale) } else { bits.keep(&self.scale(scale)) }
    }
}

impl Handle {
    /// One-hot bits along an axis: an index that is drawn with probabilities proportional to these numbers, none of which
    /// may be negative. A uniform part of their sum is compared with the running sums.
    #[track_caller]
    pub fn weighted_index(&self, axis: usize) -> Self {
        let op = "weighted_index";
        let size = match self.size(axis) {
            Ok(0) => return self.refuse(op, Usage::Argument("an index of none".into())),
            Ok(size) => size,
            Err(problem) => return self.refuse(op, problem),
        };
        let sums = self.cumsum(axis);
        let total = sums.slice(axis, size - 1..size, 1);
        let bits = self.runtime().engine().fixed().bits();
        let uniform = Self::random(self.runtime(), total.shape(), Random::Uniform { bits });
        // The first whose running sum is above the part: the last always is, or the sum is zero.
        let part = uniform.mul(&total);
        let below = sums.slice(axis, 0..size - 1, 1).sub(&part).compare_with(Comparison::NotLess, self.ulp());
        let none = self.number_like(0.0).compare_with(Comparison::Less, 0.0).expand(&total.shape());
        let before = none.concat(&[&below], axis);
        let after = below.concat(&[&none.not()], axis);
        before.logic(Logic::Xor, &after)
    }

    fn ulp(&self) -> f64 {
        self.runtime().engine().fixed().ulp()
    }
}

/// Neighbouring digits, lowest first, as one: the cases of "below" exclude each other.
fn join(digits: &[(Option<Handle>, Handle)]) -> (Option<Handle>, Handle) {
    let mut below: Option<Handle> = None;
    for (at, (digit, _)) in digits.iter().enumerate() {
        let Some(digit) = digit else { continue };
        let factors: Vec<_> = std::iter::once(digit).chain(digits[at + 1..].iter().map(|(_, equal)| equal)).collect();
        let Some(case) = Handle::conjunction(&factors) else { continue };
        below = Some(below.map_or_else(|| case.clone(), |below| below.logic(Logic::Xor, &case)));
    }
    let equal: Vec<_> = digits.iter().map(|(_, equal)| equal).collect();
    let equal = Handle::conjunction(&equal).unwrap_or_else(|| digits[0].1.clone());
    (below, equal)
}
