//! The waist: ops, the graph of recorded nodes (which is the tape), and handles to them. Nothing here knows visibility
//! types or protocols.

mod backward;
mod flag;
mod fusion;
mod handle;
mod ledger;
mod meaning;
mod node;
mod runtime;

pub use backward::Grads;
pub use fusion::{Fusion, Rewrite};
pub(crate) use fusion::{POOL_OF_RELU, RELU_OF_VIEW};
pub use handle::Handle;
pub use ledger::{Audience, Opened};
pub use meaning::{Meaning, Step, Window};
pub use node::Node;
pub use runtime::Runtime;

use crate::{
    engine::{Engine, Forward, Kind, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    preprocessing::Need,
    protocol::WireId,
    rand::At,
    shape::{Shape, View},
};
use std::{fmt, rc::Rc};

/// One operation: one file, one `impl`. `Debug` prints its name and public parameters; the parties compare them.
pub trait Op: fmt::Debug + 'static {
    /// The last part of its scope path.
    fn name(&self) -> &'static str;

    /// The shape of the result.
    ///
    /// # Errors
    /// [`Usage`], if the inputs do not fit.
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage>;

    /// Who may know the result.
    fn visibility(&self, inputs: &[Vis]) -> Vis {
        inputs.iter().copied().fold(Vis::Public, Vis::join)
    }

    /// What the elements of the result are.
    fn kind(&self, _inputs: &[Kind]) -> Kind {
        Kind::Number
    }

    /// The identity of the result as a wire: a new one, unless this is a view of a secret.
    fn wire(&self, at: At, len: usize, vis: Vis, _inputs: &[&Operand]) -> Rc<WireId> {
        vis.wire(at, len)
    }

    /// Public values that are not in `Debug` and that the parties must agree on.
    fn digest(&self, _add: &mut dyn FnMut(u64)) {}

    /// Decides openings and says what the dealer has to prepare. Called in the order of the program.
    fn plan(&self, _engine: &dyn Engine, _out: &Operand, _inputs: &[&Operand]) -> Vec<Need> {
        Vec::new()
    }

    /// The computation, once the inputs have values.
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, inputs: &'a [&'a Operand]) -> Forward<'a>;

    /// Records the gradient of one input, given that of the result; nothing if there is none. Asked only for inputs that
    /// lead to a tracked leaf.
    fn vjp(&self, input: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle>;

    /// How far the result may be from the same op on real numbers, for inputs of moderate size.
    fn tolerance(&self, fixed: Fixed) -> f64 {
        2.0 * fixed.ulp()
    }

    /// Whether the result is at the scale of numbers, and must be as small as numbers are.
    fn bounded(&self) -> bool {
        true
    }

    /// Whether the result is made of copies of the input's elements and nothing else: ones stay ones.
    fn rearranges(&self) -> bool {
        false
    }

    /// The view that this op is, and its shape, if it is one and has each element of its input once.
    fn view(&self, _input: &Shape) -> Option<(View, Shape)> {
        None
    }

    /// The part that this op may take in a fusion.
    fn fusion(&self) -> Option<Fusion> {
        None
    }

    /// Whether running this op lets somebody see a secret: it then goes into the ledger.
    fn opens(&self) -> bool {
        false
    }
}
