//! State into shares and out of them.

use super::StateDict;
use crate::{LeafMut, Module, VisitorMut};
use mpc_core::{InputError, Party, Result, Secret, Session, Shape, Tensor, op::Handle};
use ndarray::{ArrayD, IxDyn};
use std::{collections::BTreeMap, fmt::Display};

/// A closure that gives a party's state: a [`StateDict`], or a `Result` of one.
pub trait LoadState {
    /// Runs it.
    ///
    /// # Errors
    /// [`InputError::Source`] with the failure.
    fn load(self) -> Result<StateDict, InputError>;
}

/// What such a closure may give.
pub trait IntoState {
    /// The state, or the failure to get it.
    ///
    /// # Errors
    /// [`InputError::Source`] with the failure.
    fn into_state(self) -> Result<StateDict, InputError>;
}

impl IntoState for StateDict {
    fn into_state(self) -> Result<StateDict, InputError> {
        Ok(self)
    }
}

impl<E: Display> IntoState for Result<StateDict, E> {
    fn into_state(self) -> Result<StateDict, InputError> {
        self.map_err(|error| InputError::Source(error.to_string()))
    }
}

impl<T: IntoState, F: FnOnce() -> T> LoadState for F {
    fn load(self) -> Result<StateDict, InputError> {
        self().into_state()
    }
}

#[track_caller]
pub(crate) fn share_from<P: Party>(s: &Session, model: &mut impl Module, load: impl LoadState) {
    let shapes: Vec<_> = model.state().into_iter().map(|(name, value)| (name, value.shape())).collect();
    let mut here = s.is::<P>().then(|| load.load().and_then(|state| fitting(state, &shapes)));
    let mut values = BTreeMap::new();
    for (name, shape) in &shapes {
        // A mistake is that of the whole state: it is told once.
        let own = match &mut here {
            None => None,
            Some(Ok(state)) => state.remove(name).map(|values| Ok(values.into_iter().collect())),
            Some(Err(problem)) => Some(Err(problem.clone())),
        };
        let value: Tensor<mpc_core::Private<P>> =
            Handle::private(s.runtime(), (P::INDEX, P::NAME), shape.clone(), own).into();
        values.insert(name.clone(), value.share());
    }
    put(s, model, values);
}

/// Gives parameters and buffers other values, by name. The rest stays.
pub(crate) fn put(s: &Session, model: &mut impl Module, mut values: BTreeMap<String, Tensor<Secret>>) {
    s.no_grad(|| {
        model.visit_mut(&mut VisitorMut::of_all(&mut |name, leaf| match (leaf, values.remove(name)) {
            (LeafMut::Param(param), Some(value)) => param.set(value),
            (LeafMut::Buffer(buffer), Some(value)) => buffer.set(value),
            _ => {}
        }));
    });
}

/// PyTorch's count of batches, which it uses only where a momentum is missing.
const COUNTER: &str = "num_batches_tracked";

/// The state, if it has the names and shapes of a model.
fn fitting(state: StateDict, shapes: &[(String, Shape)]) -> Result<StateDict, InputError> {
    let missing: Vec<_> =
        shapes.iter().filter(|(name, _)| state.get(name).is_none()).map(|(name, _)| name.clone()).collect();
    let counter = |name: &str| name.rsplit('.').next() == Some(COUNTER);
    let known = |name: &str| counter(name) || shapes.iter().any(|(other, _)| other == name);
    let extra: Vec<_> = state.iter().filter(|(name, _)| !known(name)).map(|(name, _)| name.to_owned()).collect();
    if !missing.is_empty() || !extra.is_empty() {
        return Err(InputError::Names { missing, extra });
    }
    for (name, expected) in shapes {
        let part = |problem| InputError::Part { name: name.clone(), problem: Box::new(problem) };
        let Some(values) = state.get(name) else { continue };
        let found = Shape::from(values.shape());
        if found != *expected {
            return Err(part(InputError::Shape { found, expected: expected.clone() }));
        }
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            return Err(part(InputError::NotFinite { index }));
        }
    }
    Ok(state)
}

#[track_caller]
pub(crate) fn reveal_to<P: Party, M: Module>(model: &M) -> impl Future<Output = Result<Option<StateDict>>> + use<P, M> {
    let opened: Vec<_> = model.state().into_iter().map(|(name, value)| (name, value.reveal_to::<P>())).collect();
    async move {
        let mut state = Some(StateDict::new());
        for (name, values) in opened {
            state = match (state, values.await?) {
                (Some(mut state), Some(values)) => {
                    state.insert(name, values);
                    Some(state)
                }
                _ => None,
            };
        }
        Ok(state)
    }
}

/// An array of a shape, for readers whose numbers are known to fit.
pub(crate) fn array(shape: &[usize], values: Vec<f64>) -> Option<ArrayD<f64>> {
    ArrayD::from_shape_vec(IxDyn(shape), values).ok()
}
