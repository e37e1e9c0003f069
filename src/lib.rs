//! Machine learning on data that nobody may see.
//!
//! Several parties hold pieces of a data set, or one holds the data and another the model. They train or predict
//! together, and none learns more than what the program reveals: secure multi-party computation, with the feel of
//! PyTorch. A model is an ordinary struct with an ordinary `forward`:
//!
//! ```
//! use mpc::prelude::*;
//!
//! parties! { compute Hospital, Lab; }
//!
//! #[secure_model]
//! struct Credit {
//!     linear: nn::Linear,
//! }
//!
//! impl Credit {
//!     fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
//!         self.linear.forward(x).sigmoid()
//!     }
//! }
//!
//! let seen = mpc::sim::Sim::new(2).run(async |s: Session| {
//!     let x = s.input::<Hospital>([2, 3], || vec![0.5, 1.0, -2.0, 3.0, 0.0, 1.5]).share();
//!     let weight = s.input::<Lab>([1, 3], || vec![1.0, -1.0, 0.5]).share();
//!     let model = Credit { linear: nn::Linear::new(weight, None) };
//!     model.forward(&x).reveal_to::<Hospital>().await // the lab gets nothing
//! });
//! let [hospital, lab] = &seen[..] else { panic!() };
//! let scores = hospital.as_ref().unwrap().as_ref().unwrap();
//! assert!((scores[[0, 0]] - 1.0 / (1.0 + 1.5f64.exp())).abs() < 1e-4);
//! assert!(lab.as_ref().unwrap().is_none());
//! ```
//!
//! # The map
//! [`Session`] is one party's end of a computation; [`Tensor`] its values, typed by who may know them ([`Public`],
//! [`Private`], [`Secret`]); [`nn`] has layers, losses and optimisers; [`launch`] runs programs as processes;
//! [`serve`] serves a model to people who come and go;
//! [`sim`] runs all parties in one process, for tests; [`testing`] has assertions for them; [`core`] has everything below.

extern crate self as mpc;

pub mod launch;
pub mod testing;

pub use mpc_comm as comm;
pub use mpc_core as core;
pub use mpc_core::{
    Device, Error, Gradients, Join, Party, PartySet, Private, ProtocolKind as Protocol, Public, Result, Secret,
    Session, Settings, Shape, Tensor, Visibility, lang, lang::AnyVisibility, serve, sim,
};
pub use mpc_macros::{Select, main, parties, secure_model, test};
pub use mpc_nn as nn;

/// What a program needs.
pub mod prelude {
    pub use crate::{
        AnyVisibility, Party, Private, Public, Secret, Select, Session, Shape, Tensor, Visibility, launch, nn,
        nn::{Layer, Linear, Module, Param},
        parties, secure_model,
    };
}

/// The README, so that its code runs as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The reference of the language, likewise.
#[cfg(doctest)]
#[doc = include_str!("../docs/language.md")]
pub struct Language;

/// The tutorial, likewise.
#[cfg(doctest)]
#[doc = include_str!("../docs/tutorial.md")]
pub struct Tutorial;

/// Models from elsewhere, likewise.
#[cfg(doctest)]
#[doc = include_str!("../docs/onnx.md")]
pub struct Onnx;
