//! Untyped tensors.

use super::{Node, Op, Runtime};
use crate::{
    engine::Vis,
    error::{Error, Usage},
    shape::Shape,
};
use std::{panic::Location, rc::Rc};

/// An untyped tensor: a node, or the first mistake on the way to it, which is returned when somebody reads it.
#[derive(Clone)]
pub struct Handle {
    pub(super) runtime: Rc<Runtime>,
    pub(super) node: Result<Rc<Node>, Rc<Error>>,
}

impl Handle {
    /// Records an op on inputs of one session. Never fails: a mistake travels in the handle.
    #[track_caller]
    pub fn record(runtime: &Rc<Runtime>, op: impl Op, inputs: &[&Handle]) -> Self {
        let at = Location::caller();
        let node = runtime.push(Box::new(op), inputs, at).map_err(Rc::new);
        let handle = Self { runtime: runtime.clone(), node };
        if runtime.eager() {
            runtime.flush();
        }
        handle
    }

    /// Records an op on this tensor and perhaps others.
    #[track_caller]
    pub fn then(&self, op: impl Op, others: &[&Handle]) -> Self {
        let inputs: Vec<_> = std::iter::once(self).chain(others.iter().copied()).collect();
        Self::record(&self.runtime, op, &inputs)
    }

    /// A tensor that is a mistake.
    pub fn poisoned(runtime: &Rc<Runtime>, error: Error) -> Self {
        Self { runtime: runtime.clone(), node: Err(Rc::new(error)) }
    }

    /// A tensor that is a mistake in the arguments of `op`.
    #[track_caller]
    pub fn misused(runtime: &Rc<Runtime>, op: &'static str, problem: Usage, shapes: Vec<Shape>) -> Self {
        let scope = runtime.scopes().path(runtime.scopes().step(op));
        Self::poisoned(runtime, Error::Usage { op: op.into(), problem, shapes, scope, at: Location::caller() })
    }

    /// The mistake of naming a party that is not in the session; nothing if it is.
    #[track_caller]
    pub fn not_a_party(runtime: &Rc<Runtime>, op: &'static str, party: usize) -> Option<Self> {
        let parties = runtime.parties() + runtime.clients();
        let problem =
            || format!("party number {} of the program is not among the {parties} of this session", party + 1);
        (party >= parties).then(|| Self::misused(runtime, op, Usage::Argument(problem()), Vec::new()))
    }

    /// The mistake of naming a party that computes in the program and not in the session, or the other way round.
    #[track_caller]
    pub(crate) fn not_in_role(
        runtime: &Rc<Runtime>,
        op: &'static str,
        (party, name, client): (usize, &str, bool),
    ) -> Option<Self> {
        if let Some(mistake) = Self::not_a_party(runtime, op, party) {
            return Some(mistake);
        }
        let (parties, clients) = (runtime.parties(), runtime.clients());
        let role = if client { "is a client" } else { "computes" };
        let problem = || {
            format!(
                "`{name}` {role} in the program, and this session has {parties} parties that compute and {clients} \
                 clients"
            )
        };
        (client != (party >= parties)).then(|| Self::misused(runtime, op, Usage::Argument(problem()), Vec::new()))
    }

    /// The session that records it.
    pub fn runtime(&self) -> &Rc<Runtime> {
        &self.runtime
    }

    /// The shape; that of a scalar after a mistake.
    pub fn shape(&self) -> Shape {
        self.node.as_ref().map_or_else(|_| Shape::scalar(), |node| node.operand.shape.clone())
    }

    /// Who may know it; public after a mistake.
    pub fn vis(&self) -> Vis {
        self.node.as_ref().map_or(Vis::Public, |node| node.operand.vis)
    }

    /// The node's number.
    pub fn id(&self) -> Option<u64> {
        self.node.as_ref().ok().map(|node| node.id())
    }

    /// The mistake, if this is one.
    pub fn error(&self) -> Option<&Error> {
        self.node.as_ref().err().map(|error| &**error)
    }

    /// Marks a leaf of the gradient. What it was made from is not followed.
    pub fn track(&self) {
        self.node.iter().for_each(|node| node.tracked.set(true));
    }

    /// Waits until the value is there.
    ///
    /// # Errors
    /// The mistake, or whatever stopped the session.
    pub async fn ready(&self) -> Result<Rc<Node>, Error> {
        let node = self.node.as_ref().map_err(|error| Error::clone(error))?;
        node.operand.done.clone().await;
        Ok(node.clone())
    }

    /// Waits for the value and decodes it, at a party who may read it.
    ///
    /// # Errors
    /// As [`Self::ready`].
    pub async fn read(&self) -> Result<Option<Vec<f64>>, Error> {
        let node = self.ready().await?;
        let values = self.runtime.engine().decode(&node.operand);
        self.runtime.engine().check()?;
        Ok(values)
    }
}
