//! Steps that exporters write one by one, as the one step that they are: cheaper on shares, and more precise.

use crate::onnx::model::Model;

pub(in crate::onnx) fn run(_model: &mut Model) {}
