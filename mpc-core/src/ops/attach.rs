//! A result with a gradient of its own: what it was made of is recorded without a tape, and the rule takes its place.
//! Free and exact: the result is a view of the value, and shares its opening.

use crate::{
    engine::{Engine, Forward, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    protocol::WireId,
    rand::At,
    shape::{Shape, View},
};
use std::{fmt, rc::Rc};

/// The gradient of one input of a function `y` of some inputs: from the number of the input, the gradient of y, the
/// inputs, and y.
pub(super) type Rule = fn(&Attach, usize, &Handle, &[Handle], &Handle) -> Handle;

/// The value of the last input; gradients go to the others.
#[derive(Clone, Copy)]
pub(super) struct Attach {
    pub(super) name: &'static str,
    /// A number that the rule may use: an axis, for example.
    pub(super) number: f64,
    pub(super) rule: Rule,
}

impl fmt::Debug for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.number)
    }
}

/// The wire of the last input: it is opened once for both.
pub(super) fn wire_of_last(at: At, len: usize, vis: Vis, inputs: &[&Operand]) -> Rc<WireId> {
    match inputs.last() {
        Some(y) if vis == Vis::Secret => y.wire.view(&View::of(&y.shape)),
        _ => vis.wire(at, len),
    }
}

/// The value of the last input.
pub(super) fn view_of_last<'a>(engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
    Box::pin(async move {
        let layout = View::of(&out.shape);
        engine.view(out, &layout, x[x.len() - 1]).await
    })
}

impl Op for Attach {
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
        if input == x.len() {
            return None;
        }
        // The result once more, so that the gradient of the gradient finds that it depends on the inputs too.
        let inputs: Vec<&Handle> = inputs.iter().collect();
        let y = Handle::record(y.runtime(), *self, &inputs);
        Some((self.rule)(self, input, grad, x, &y))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Attach {
    /// Records what `value` records, without a tape and below this function's name, and gives it the rule.
    #[track_caller]
    pub(super) fn to(self, x: &[&Handle], value: impl FnOnce() -> Handle) -> Handle {
        let runtime = x[0].runtime().clone();
        let y = {
            let _scope = runtime.scopes().enter_always(self.name);
            runtime.no_grad(value)
        };
        let inputs: Vec<&Handle> = x.iter().copied().chain([&y]).collect();
        let Self { name, number, .. } = self;
        Handle::record(&runtime, self, &inputs).noted(x, || Meaning::Function(name, number))
    }
}
