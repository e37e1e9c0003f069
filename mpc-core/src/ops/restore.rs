//! A secret from shares that the parties kept from an earlier session, made fresh with shares of zero. Free and exact;
//! nothing is sent.

use crate::{
    engine::{Engine, Forward, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Op, Runtime},
    shape::Shape,
};
use std::{fmt, rc::Rc};
use zeroize::Zeroizing;

/// This party's share, as bytes; nothing where nothing is computed.
pub(crate) struct Restore {
    shape: Shape,
    bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Restore") // the parties hold different shares
    }
}

impl Op for Restore {
    fn name(&self) -> &'static str {
        "restore"
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        Ok(self.shape.clone())
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        Vis::Secret
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, _: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.restore(out, &self.bytes) })
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// The secret of which this party holds a share, as [`Engine::own_share`] gave it.
    #[track_caller]
    pub(crate) fn restore(runtime: &Rc<Runtime>, shape: Shape, bytes: Zeroizing<Vec<u8>>) -> Self {
        let expected = shape.len() * runtime.engine().share_bytes();
        if bytes.len() != expected {
            let expected = format!("a share of {expected} bytes, not {}", bytes.len());
            return Self::misused(runtime, "restore", Usage::Shape { expected }, vec![shape]);
        }
        Self::record(runtime, Restore { shape, bytes }, &[])
    }
}
