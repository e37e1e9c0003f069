//! Models that `mpc serve` can serve: what the owner's file holds, what of it the other servers are told, and how it runs.

use std::path::Path;

use mpc_core::{Secret, Session, Tensor};
use mpc_nn::{
    Linear, StateDict,
    data::FileError,
    onnx::{self, Dim, Graph},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dense::{self, Dense};

/// Why a model cannot be served.
#[derive(Debug, Error)]
pub(crate) enum ModelError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}")]
    Onnx(onnx::Report),
    #[error("it takes {count} inputs, and guests send one")]
    Inputs { count: usize },
    #[error("its input `{name}` has axes {found}; expected a batch, and then sizes that the file or --shape says")]
    Input { name: String, found: String },
    #[error("it has no output `{name}`; expected one of {known}")]
    Output { name: String, known: String },
    #[error("`{name}` has shape {found:?}; expected {expected}")]
    Shape { name: String, found: Vec<usize>, expected: String },
    #[error("`{name}` is no part of a linear layer")]
    Name { name: String },
    #[error("inputs of {found:?} do not fit: expected {expected}")]
    Shapes { found: Vec<Vec<usize>>, expected: String },
    #[error("it has no layers")]
    Empty,
}

/// What all servers know of a model.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Structure {
    /// What guests are told it is.
    pub(crate) title: String,
    /// The shape of one input.
    pub(crate) input: Vec<usize>,
    /// The most inputs that it computes together, if it has a limit.
    pub(crate) rows: Option<usize>,
    body: Body,
}

#[derive(Clone, Serialize, Deserialize)]
enum Body {
    Layers(Vec<Dense>),
    /// And which of its outputs is the result.
    Onnx(Box<Graph>, usize),
}

impl Structure {
    /// From another server.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let structure: Self = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        match &structure.body {
            Body::Layers(layers) => dense::check(layers)?,
            Body::Onnx(graph, output) if graph.inputs().len() == 1 && *output < graph.outputs().len() => {}
            Body::Onnx(..) => return Err("a graph without such inputs and outputs".to_owned()),
        }
        Ok(structure)
    }

    /// For other servers.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_stdvec(self).map_err(|error| error.to_string())
    }
}

/// What the owner has.
pub(crate) struct Owned {
    pub(crate) structure: Structure,
    weights: Weights,
}

enum Weights {
    Layers(dense::Weights),
    Onnx(onnx::Weights),
}

/// What the owner says of its file.
pub(crate) struct About<'a> {
    pub(crate) title: Option<&'a str>,
    pub(crate) shape: Option<&'a [usize]>,
    pub(crate) output: Option<&'a str>,
}

impl Owned {
    /// Reads a file, and looks whether it can be served.
    pub(crate) fn read(path: &Path, about: &About<'_>) -> Result<Self, ModelError> {
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let title = about.title.map_or(stem, str::to_owned);
        if path.extension().is_some_and(|ending| ending == "onnx") {
            return Self::of_onnx(path, title, about);
        }
        let (layers, weights) = dense::read(StateDict::read(path)?)?;
        let input = layers.first().map(|dense| vec![dense.inputs]).unwrap_or_default();
        let structure = Structure { title, input, rows: None, body: Body::Layers(layers) };
        Ok(Self { structure, weights: Weights::Layers(weights) })
    }

    fn of_onnx(path: &Path, title: String, about: &About<'_>) -> Result<Self, ModelError> {
        let (graph, weights) = onnx::read(path).map_err(ModelError::Onnx)?;
        let [input] = graph.inputs() else { return Err(ModelError::Inputs { count: graph.inputs().len() }) };
        let found = input.axes();
        let unknown = || ModelError::Input { name: input.name.clone(), found };
        let rest = |dims: &Vec<Dim>| -> Option<Vec<usize>> {
            dims.get(1..)?.iter().map(|dim| if let Dim::Fixed(size) = dim { Some(*size) } else { None }).collect()
        };
        let shape = about.shape.map(<[usize]>::to_vec).or_else(|| input.shape.as_ref().and_then(rest));
        let Some(shape) = shape else { return Err(unknown()) };
        let one: Vec<usize> = std::iter::once(1).chain(shape.iter().copied()).collect();
        if !input.admits(&one) {
            return Err(unknown());
        }
        // A file that says 1 for the batch takes one input at a time.
        let single = input.shape.as_ref().is_some_and(|dims| matches!(dims.first(), Some(Dim::Fixed(_))));
        let output = match about.output {
            None => 0,
            Some(name) => {
                let known = || graph.outputs().join(", ");
                let at = graph.outputs().iter().position(|output| output == name);
                at.ok_or_else(|| ModelError::Output { name: name.to_owned(), known: known() })?
            }
        };
        graph.trial(&[one], false).map_err(ModelError::Onnx)?;
        let rows = single.then_some(1);
        let structure = Structure { title, input: shape, rows, body: Body::Onnx(Box::new(graph), output) };
        Ok(Self { structure, weights: Weights::Onnx(weights) })
    }
}

/// A model on shares.
pub(crate) enum Served {
    Layers(Vec<Linear>),
    Onnx(Box<onnx::Network>, usize),
}

impl Served {
    /// The model that server `owner` has; `own` there only.
    pub(crate) fn share(s: &Session, owner: usize, structure: &Structure, own: Option<&Owned>) -> Self {
        match &structure.body {
            Body::Layers(layers) => {
                let own = own.and_then(|own| if let Weights::Layers(own) = &own.weights { Some(own) } else { None });
                Self::Layers(dense::share(s, owner, layers, own))
            }
            Body::Onnx(graph, output) => {
                let own = own.and_then(|own| if let Weights::Onnx(own) = &own.weights { Some(own) } else { None });
                Self::Onnx(Box::new(graph.network(s, owner, own)), *output)
            }
        }
    }

    /// Its results for rows of inputs.
    pub(crate) fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        match self {
            Self::Layers(layers) => dense::forward(layers, x),
            Self::Onnx(network, output) => network.forward(std::slice::from_ref(x)).swap_remove(*output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, about: &About<'_>) -> Result<Owned, ModelError> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mpc-nn/tests/onnx_models");
        Owned::read(&models.join(file), about)
    }

    const PLAIN: About<'static> = About { title: None, shape: None, output: None };

    #[test]
    fn an_onnx_file_is_parted_and_its_structure_travels() {
        let owned = read("lenet.onnx", &PLAIN).unwrap();
        let structure = Structure::decode(&owned.structure.encode().unwrap()).unwrap();
        assert_eq!((&structure.title[..], structure.input.len()), ("lenet", 3));
        let Err(no_output) = read("lenet.onnx", &About { output: Some("no"), ..PLAIN }) else { panic!() };
        assert!(no_output.to_string().starts_with("it has no output `no`; expected one of "), "{no_output}");
        let Err(other) = read("lenet.onnx", &About { shape: Some(&[7]), ..PLAIN }) else { panic!() };
        assert!(other.to_string().contains("has axes"), "{other}");
        assert!(matches!(read("none.onnx", &PLAIN), Err(ModelError::Onnx(_))));
        assert!(Structure::decode(b"garbage").is_err() && Structure::decode(&[]).is_err());
    }
}
