//! What recorded steps mean, for whoever writes a program down in another language, an ONNX file for example. It is noted only
//! while a session is traced, in the words of the program: one step where the protocol takes many, and operands as they were
//! before they were broadcast.

use super::{Handle, Node, Op, Runtime};
use crate::{
    engine::{Comparison, Kind, Logic},
    rand::At,
    shape::Shape,
};
use std::{panic::Location, rc::Rc, sync::Arc};

/// What a step computes of its inputs. Two operands broadcast.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Meaning {
    /// Numbers that everybody has.
    Constant(Vec<f64>),
    /// Its input.
    Same,
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// A sum of multiples.
    Combine(Vec<f64>),
    /// The matrix product over the last two axes.
    MatMul,
    /// The product of two matrices, each transposed or not, plus a third input if there is one.
    Gemm([bool; 2]),
    /// A convolution of x and a weight, plus a bias by filter if there is a third input.
    Conv {
        /// How the kernel slides.
        window: Window,
        /// Groups of channels that do not mix.
        groups: usize,
        /// Of a transposed one: rows and columns more at the end.
        output_padding: [usize; 2],
        /// Over one axis, the columns, not two.
        columns: bool,
        /// From y to x.
        transposed: bool,
    },
    /// A function by name, with a number (a slope, an axis) where it has one.
    Function(&'static str, f64),
    /// Bits: how a number compares with a public one.
    Compare(Comparison, f64),
    /// `bit ? x : 0`.
    Keep,
    /// `bit ? x : y`.
    Select,
    /// Bits as 0 and 1.
    Number,
    /// Two tensors of bits, bit by bit.
    Logic(Logic),
    /// The complement of bits.
    Not,
    /// Whether the bits of all inputs are set.
    All,
    /// Not less than one number and not more than another.
    Clamp(f64, f64),
    /// The larger of two.
    Maximum,
    /// The smaller of two.
    Minimum,
    /// Along an axis, one after the other.
    Concat(usize),
    /// The same elements in the shape of the step.
    Reshape,
    /// Repeated to the shape of the step.
    Expand,
    /// Repeated so many times along each axis.
    Tile(Vec<usize>),
    /// The axes in another order.
    Permute(Vec<usize>),
    /// Every so manieth of a range of an axis.
    Slice {
        /// Which.
        axis: usize,
        /// From here.
        start: usize,
        /// To before here.
        end: usize,
        /// In steps of this.
        step: usize,
    },
    /// An axis backwards.
    Flip(usize),
    /// Steps of an axis.
    IndexSelect(usize, Vec<usize>),
    /// Amounts before and after along each axis, of a number.
    Pad(Vec<(usize, usize)>, f64),
    /// Running sums along an axis.
    CumSum(usize),
    /// The sum over axes, which stay with size 1 or disappear.
    Sum(Vec<usize>, bool),
    /// The mean over axes.
    Mean(Vec<usize>, bool),
    /// The sum of squares over axes.
    SumSquares(Vec<usize>, bool),
    /// The largest along an axis, which disappears.
    Max(usize),
    /// The place of the first of the largest along an axis, which disappears.
    ArgMax(usize),
    /// The largest of each window over the last two axes.
    MaxPool(Window),
    /// The mean of each window over the last two axes.
    AvgPool(Window),
    /// Bits along a new last axis: where a whole number is.
    OneHot(usize),
    /// Rows of a table, at some indices.
    Embedding,
    /// Normalised over so many last axes with an epsilon, times the second input plus the third if there is one.
    LayerNorm(usize, f64),
    /// Normalised by channels (axis 1) with an epsilon. Inputs: x, scale, offset, mean, variance.
    BatchNorm(f64),
}

/// How a window slides over two axes, by rows and by columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its size.
    pub kernel: [usize; 2],
    /// Steps.
    pub stride: [usize; 2],
    /// Added before and after.
    pub padding: [usize; 2],
    /// Distance of its elements.
    pub dilation: [usize; 2],
    /// Of a pooling: whether a last window that reaches beyond the end counts too.
    pub partial: bool,
    /// Of an average: whether the padding counts.
    pub count_padding: bool,
}

/// A recorded step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number, and that of its result.
    pub id: u64,
    /// The op's name.
    pub op: &'static str,
    /// What it computes, if there is a word for it.
    pub meaning: Option<Meaning>,
    /// The numbers of what it computes it of.
    pub inputs: Vec<u64>,
    /// The shape of its result.
    pub shape: Shape,
    /// What the elements of its result are.
    pub kind: Kind,
    /// The path of scopes.
    pub scope: Arc<str>,
    /// The line of the program.
    pub at: &'static Location<'static>,
}

impl Runtime {
    /// Notes every step from here on, until [`Self::traced`].
    pub fn trace(&self) {
        self.trace.replace(Some(Vec::new()));
    }

    /// What was recorded since [`Self::trace`], in order.
    pub fn traced(&self) -> Vec<Step> {
        self.trace.take().unwrap_or_default()
    }

    /// Notes a step, if the session is traced.
    pub(super) fn note(
        &self,
        op: &dyn Op,
        step: At,
        inputs: &[Rc<Node>],
        (shape, kind): (&Shape, Kind),
        at: &'static Location<'static>,
    ) {
        if let Some(steps) = &mut *self.trace.borrow_mut() {
            steps.push(Step {
                id: step.op,
                op: op.name(),
                meaning: None,
                inputs: inputs.iter().map(|node| node.id()).collect(),
                shape: shape.clone(),
                kind,
                scope: self.scopes().path(step.scope),
                at,
            });
        }
    }
}

impl Handle {
    /// Says what this is made of, if the session is traced: in the place of what the step that made it says, or the steps
    /// before it. Nothing if this is one of the inputs.
    #[must_use]
    pub fn noted(self, inputs: &[&Self], meaning: impl FnOnce() -> Meaning) -> Self {
        if let Some(steps) = &mut *self.runtime.trace.borrow_mut()
            && let (Some(id), Some(inputs)) = (self.id(), inputs.iter().map(|x| x.id()).collect::<Option<Vec<_>>>())
            && let Ok(at) = steps.binary_search_by_key(&id, |step| step.id)
            && inputs.iter().all(|&input| input < id)
        {
            (steps[at].meaning, steps[at].inputs) = (Some(meaning()), inputs);
        }
        self
    }
}
