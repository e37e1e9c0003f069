//! Metrics, computed on shares. Each is a secret: nobody learns it until the program reveals it, and the reveal ledger has
//! it then.
//!
//! Labels are whole numbers from 0. Nobody can check labels that are secret: others give results that mean nothing.

mod classification;
mod ranking;
mod regression;

pub use classification::{Scores, accuracy, binary_accuracy, binary_scores, confusion_matrix, scores};
pub use ranking::auc;
pub use regression::{mae, mse, r2};
