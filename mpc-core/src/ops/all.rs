//! Conjunctions of many bits: 1 round for four, each bit opened once in every round that it takes part in (about n/6 B and
//! `log4 n` rounds for n bits). Exact. Disjunctions are conjunctions of complements.

use crate::{
    backend::conjunction::MOST,
    engine::{Comparison, Engine, Forward, Kind, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// Up to four tensors of bits of one shape, bit by bit.
#[derive(Debug)]
struct All;

impl Op for All {
    fn name(&self) -> &'static str {
        "all"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        match inputs.len() {
            1..=MOST => super::view::same(inputs),
            count => Err(Usage::Argument(format!("a conjunction of {count} tensors, not of 1 to {MOST}"))),
        }
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        Kind::Bit
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_all(out, x)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.all(out, x)
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// Where the bits of up to four tensors of one shape are all set.
    #[track_caller]
    pub fn conjunction(bits: &[&Self]) -> Option<Self> {
        let (first, others) = bits.split_first()?;
        Some(if others.is_empty() { (*first).clone() } else { first.then(All, others).noted(bits, || Meaning::All) })
    }

    /// Whether all bits along an axis are set, which disappears.
    #[track_caller]
    pub fn all(&self, axis: usize) -> Self {
        let mut rest = self.clone();
        loop {
            let size = match rest.size(axis) {
                Err(problem) => return rest.refuse("all", problem),
                Ok(0) => {
                    // All of none.
                    let mut dims = rest.shape().dims().to_vec();
                    dims.remove(axis);
                    let none = Self::public(self.runtime(), Shape::scalar(), &[0.0]).expand(&dims[..].into());
                    return none.compare_with(Comparison::Equal, 0.0);
                }
                Ok(1) => return rest.squeeze(axis),
                Ok(size) => size,
            };
            let whole = size - size % MOST;
            let parts = [(0..whole, MOST), (whole..size, size % MOST)];
            let groups = parts.into_iter().filter(|(range, _)| !range.is_empty()).filter_map(|(range, step)| {
                let factor = |k: usize| rest.slice(axis, range.start + k..range.end, step);
                let factors: Vec<_> = (0..step).map(factor).collect();
                Self::conjunction(&factors.iter().collect::<Vec<_>>())
            });
            let groups: Vec<_> = groups.collect();
            rest = match &groups[..] {
                [one] => one.clone(),
                [whole, last] => whole.concat(&[last], axis),
                _ => return rest.refuse("all", Usage::Axis { axis, rank: self.shape().rank() }),
            };
        }
    }

    /// Whether any bit along an axis is set, which disappears.
    #[track_caller]
    pub fn any(&self, axis: usize) -> Self {
        self.not().all(axis).not()
    }
}
