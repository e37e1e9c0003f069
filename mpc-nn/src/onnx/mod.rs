//! Trained models from ONNX files, as PyTorch, Keras and scikit-learn write them.
//!
//! ```no_run
//! # use mpc_core::{Party, Session, Secret, Tensor}; use mpc_nn::onnx;
//! # async fn f<Company: Party, Hospital: Party>(s: Session, image: Tensor<Secret>) -> Result<(), Box<dyn std::error::Error>> {
//! // The company alone has the file; everybody else has the graph, which holds no weight.
//! let (graph, weights) = onnx::read("resnet.onnx")?;
//! let network = graph.network_of::<Company>(&s, Some(&weights));
//! let scores = network.forward(&[image]);
//! let seen = scores[0].reveal_to::<Hospital>().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`read`] parts a file into a [`Graph`], which is public, and [`Weights`], which only the owner has, or says everything that
//! keeps it from doing so in a [`Report`]. On the way constants are folded, batch normalisations disappear into the products
//! before them, and what exporters write in many steps becomes one again. [`Graph::write`] goes the other way, and [`trace`] makes the graph of
//! a model that is written in this crate. [`Graph::clear`] computes on floats, and [`Network`] on shares. `docs/onnx.md` lists the operators, and what a graph tells.

mod array;
mod clear;
mod export;
mod fitness;
mod graph;
mod held;
mod import;
mod inline;
mod model;
mod network;
mod node;
mod ops;
mod passes;
mod proto;
mod report;
mod run;
mod table;
mod tensors;
mod trace;
mod value;
mod weights;

pub use array::{Array, Element};
pub use fitness::{Fitness, Output, Step};
pub use graph::{Dim, Graph, Input};
pub use import::{read, read_bytes};
pub use network::{Network, Trial};
pub use node::{Attribute, Node};
pub use report::{Problem, Reason, Report};
pub use table::operators;
pub use trace::{trace, trace_layer};
pub use value::Value;
pub use weights::Weights;
