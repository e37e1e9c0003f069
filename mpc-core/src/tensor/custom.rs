//! Functions with gradients of one's own.

use super::Tensor;
use crate::{op::Handle, visibility::Secret};

impl Tensor<Secret> {
    /// A function of some tensors whose gradient is given, not derived: `forward` makes the value of the inputs, without a
    /// tape; `vjp` makes the gradient of every input, in its shape, of the gradient of the value, the inputs and the value.
    /// Costs what these two record, and of `vjp` only what somebody asks for. Openings of the inputs and of the value are
    /// used again in the gradient.
    ///
    /// For a gradient that is cheaper than the derived one, that is wanted where there is none, or that is on purpose
    /// another:
    ///
    /// ```
    /// use mpc_core::{Secret, Session, Tensor, sim::Sim};
    ///
    /// /// The sign on the way forward, the identity of small numbers on the way back ("straight through").
    /// fn sign(x: &Tensor<Secret>) -> Tensor<Secret> {
    ///     Tensor::custom_vjp("sign", [x], |[x]| x.step() * 2.0 - 1.0, |grad, [x], _| {
    ///         [grad * x.abs().lt(1.0).number()]
    ///     })
    /// }
    ///
    /// Sim::new(2).run(async |s: Session| {
    ///     let x = s.public([3], &[-0.5, 0.25, 3.0]).share().requires_grad();
    ///     let y = sign(&x);
    ///     let slope = y.sum().backward().of(&x);
    ///     assert_eq!(y.reveal().await?.as_slice(), Some(&[-1.0, 1.0, 1.0][..]));
    ///     assert_eq!(slope.reveal().await?.as_slice(), Some(&[1.0, 1.0, 0.0][..]));
    ///     Ok(())
    /// })
    /// .into_iter()
    /// .for_each(|party| party.unwrap());
    /// ```
    ///
    /// `name` is that of the steps in scopes and errors. A gradient of another shape than its input is an error where it is
    /// read, with the line of this call.
    #[track_caller]
    pub fn custom_vjp<const N: usize>(
        name: &'static str,
        inputs: [&Self; N],
        forward: impl FnOnce([&Self; N]) -> Self,
        vjp: impl Fn(&Self, [&Self; N], &Self) -> [Self; N] + 'static,
    ) -> Self {
        const { assert!(N > 0, "a function of at least one tensor") };
        let handles = inputs.map(|x| &x.handle);
        let rule = move |grad: &Handle, x: &[Handle], y: &Handle| -> Vec<Handle> {
            let x: [Self; N] = std::array::from_fn(|at| x[at].clone().into());
            vjp(&grad.clone().into(), x.each_ref(), &y.clone().into()).into_iter().map(|g| g.handle).collect()
        };
        Handle::custom_vjp(name, &handles, || forward(inputs).handle, rule).into()
    }
}
