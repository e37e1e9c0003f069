//! A function whose gradient the user gives. Free and exact beside what its two rules record: the result is a view of the
//! value, and shares its opening.

use super::attach::{view_of_last, wire_of_last};
use crate::{
    engine::{Engine, Forward, Operand, Vis},
    error::{Error, Usage},
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    protocol::WireId,
    rand::At,
    shape::Shape,
};
use std::{fmt, panic::Location, rc::Rc};

/// The gradients of all inputs: from the gradient of the result, the inputs, and the result.
type Rule = dyn Fn(&Handle, &[Handle], &Handle) -> Vec<Handle>;

/// The value of the last input; gradients go to the others, by the rule.
#[derive(Clone)]
struct Custom {
    name: &'static str,
    at: &'static Location<'static>,
    rule: Rc<Rule>,
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "custom {}", self.name)
    }
}

impl Op for Custom {
    fn name(&self) -> &'static str {
        self.name
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        inputs.last().map(|shape| (*shape).clone()).ok_or_else(|| Usage::Argument("a function of nothing".into()))
    }
    fn wire(&self, at: At, len: usize, vis: Vis, inputs: &[&Operand]) -> Rc<WireId> {
        wire_of_last(at, len, vis, inputs)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        view_of_last(engine, out, x)
    }
    fn vjp(&self, input: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        let (y, x) = inputs.split_last()?;
        let wanted = x.get(input)?;
        // The result once more, so that the gradient of the gradient finds that it depends on the inputs too.
        let all: Vec<&Handle> = inputs.iter().collect();
        let y = Handle::record(y.runtime(), self.clone(), &all);
        // What the rule records for the other inputs is asked for by nobody here, and not computed.
        let found = (self.rule)(grad, x, &y).into_iter().nth(input)?;
        Some(match found.shape() == wanted.shape() || found.error().is_some() {
            true => found,
            false => self.misfit(input, wanted, &found),
        })
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Custom {
    /// The mistake of giving an input a gradient of another shape, where the function was recorded.
    fn misfit(&self, input: usize, wanted: &Handle, found: &Handle) -> Handle {
        let scopes = wanted.runtime().scopes();
        let problem =
            format!("a gradient of the shape {} for input {input}, which is {}", found.shape(), wanted.shape());
        let error = Error::Usage {
            op: self.name.into(),
            problem: Usage::Argument(problem),
            shapes: vec![wanted.shape(), found.shape()],
            scope: scopes.path(scopes.step(self.name)),
            at: self.at,
        };
        Handle::poisoned(wanted.runtime(), error)
    }
}

impl Handle {
    /// What `value` makes of the inputs, recorded without a tape and below this name, with `rule` as its gradient.
    ///
    /// # Panics
    /// Without inputs.
    #[track_caller]
    pub fn custom_vjp(
        name: &'static str,
        inputs: &[&Self],
        value: impl FnOnce() -> Self,
        rule: impl Fn(&Self, &[Self], &Self) -> Vec<Self> + 'static,
    ) -> Self {
        let at = Location::caller();
        let runtime = inputs[0].runtime().clone();
        let y = {
            let _scope = runtime.scopes().enter_always(name);
            runtime.no_grad(value)
        };
        let inputs: Vec<&Self> = inputs.iter().copied().chain([&y]).collect();
        Self::record(&runtime, Custom { name, at, rule: Rc::new(rule) }, &inputs).noted(&[&y], || Meaning::Same)
    }
}
