//! A graph with weights as an ONNX file, for other frameworks.
//!
//! Floats leave as 32-bit floats, whole numbers as 64-bit ones. Steps are written in the form of one version of ONNX's
//! operators, whatever version they were read in (`forms`), and what only this crate has in steps of ONNX (`own`).

mod file;
mod forms;
mod kinds;
mod own;

use super::{
    graph::Graph,
    import,
    report::{Reason, Report},
    weights::Weights,
};
use crate::{StateDict, data};
use file::File;
use prost::Message;
use std::{collections::HashMap, path::Path};

/// The version of ONNX's operators that is written, unless the model's own is newer.
pub(super) const OPSET: i64 = 21;
/// The same of scikit-learn's.
const ML_OPSET: i64 = 3;
/// The version of the file's format: the one that came with [`OPSET`].
const FORMAT: i64 = 10;
/// The largest file: what its format allows.
const LARGEST: usize = 1 << 31;

impl Graph {
    /// The bytes of an ONNX file of this model with these weights, such as those that were revealed to its owner. Initialisers
    /// have the names of the weights. What [`read`](super::read) folded or joined stays so.
    ///
    /// Numbers are rounded to 32-bit floats, which hold 16 fractional bits of magnitudes up to 256. Operators are of version
    /// 21, or the model's own if that is newer.
    ///
    /// # Errors
    /// A [`Report`] of weights that are missing, not numbers or of another shape, and of steps that have no form in ONNX:
    /// trees whose nodes do not look at one column each, and group normalisations of before version 21.
    pub fn to_onnx(&self, weights: &Weights) -> Result<Vec<u8>, Report> {
        let model = File::of(&self.plan, weights, &self.ranks())?;
        let length = model.encoded_len();
        if length > LARGEST {
            return Err(Report::of(
                "the file",
                Reason::new(format!("it would have {length} bytes; 2 GiB is the most that its format allows")),
            ));
        }
        Ok(model.encode_to_vec())
    }

    /// Writes [`Self::to_onnx`] to a file, in whole or not at all: what was there before stays until the new file is complete.
    ///
    /// # Errors
    /// As [`Self::to_onnx`], or from the system.
    pub fn write(&self, path: impl AsRef<Path>, weights: &Weights) -> Result<(), Report> {
        let (path, bytes) = (path.as_ref(), self.to_onnx(weights)?);
        data::write_whole(path, &bytes).map_err(|error| Report::file(path, error))
    }
}

impl Graph {
    /// How many axes each value has, as far as the shapes of the inputs tell: checkers want to know that of outputs.
    fn ranks(&self) -> HashMap<String, usize> {
        let plan = &*self.plan;
        let given = plan.inputs.iter().filter_map(|input| Some((&input.name, input.shape.as_ref()?.len())));
        let held = plan.weights.iter().map(|(name, shape)| (name, shape.len()));
        let known = plan.constants.iter().map(|(name, array)| (name, array.rank()));
        let mut ranks: HashMap<String, usize> =
            given.chain(held).chain(known).map(|(name, rank)| (name.clone(), rank)).collect();
        let trial = import::usual_shapes(&plan.inputs).and_then(|shapes| self.trial(&shapes, true).ok());
        // A trial that succeeds has all nodes.
        for (node, (_, shapes)) in plan.nodes.iter().zip(trial.iter().flat_map(|trial| &trial.shapes)) {
            ranks.extend(node.outputs.iter().cloned().zip(shapes.iter().map(Vec::len)));
        }
        ranks
    }
}

impl From<StateDict> for Weights {
    /// What was revealed to the owner of a [`Network`](super::Network), as its weights.
    fn from(state: StateDict) -> Self {
        state.iter().map(|(name, values)| (name, values.clone())).collect()
    }
}
