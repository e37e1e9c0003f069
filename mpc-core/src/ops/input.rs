//! Values from outside: public ones, and those of one party.

use crate::{
    engine::{Encoded, Engine, Forward, Operand, Vis},
    error::{Error, InputError, Usage},
    fixed::Fixed,
    op::{Handle, Meaning, Op, Runtime},
    shape::Shape,
};
use std::{fmt, panic::Location, rc::Rc};

/// A value from outside. Free. Error: half a unit of the last place.
pub(crate) struct Input {
    shape: Shape,
    vis: Vis,
    encoded: Option<Encoded>,
    digest: u64,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input") // its numbers are nobody's business
    }
}

impl Op for Input {
    fn name(&self) -> &'static str {
        "input"
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        Ok(self.shape.clone())
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        self.vis
    }
    fn digest(&self, add: &mut dyn FnMut(u64)) {
        add(self.digest);
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, _: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.load(out, self.encoded.as_ref()) })
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, fixed: Fixed) -> f64 {
        0.5 * fixed.ulp()
    }
}

impl Handle {
    /// Numbers that every party has. A mistake in them is the program's.
    #[track_caller]
    pub fn public(runtime: &Rc<Runtime>, shape: Shape, values: &[f64]) -> Self {
        let fixed = runtime.engine().fixed();
        if values.len() != shape.len() {
            let expected = format!("{} numbers for this shape, not {}", shape.len(), values.len());
            return Self::misused(runtime, "public", Usage::Shape { expected }, vec![shape]);
        }
        let encoded = match runtime.engine().encode(values) {
            Ok(encoded) => Some(encoded),
            Err(error) => {
                let index = match error {
                    InputError::NotFinite { index } | InputError::OutOfRange { index, .. } => index,
                    _ => 0,
                };
                let (value, fraction_bits) = (values[index], fixed.bits());
                let limit = fixed.limit::<u64>();
                let problem = Usage::Constant { value, fraction_bits, limit };
                return Self::misused(runtime, "public", problem, vec![shape]);
            }
        };
        // Public values are part of the schedule: parties that disagree about them must find out.
        let digest = values.iter().fold(values.len() as u64, |hash, value| {
            (hash.rotate_left(5) ^ value.to_bits()).wrapping_mul(0x517C_C1B7_2722_0A95)
        });
        let constant = Self::record(runtime, Input { shape, vis: Vis::Public, encoded, digest }, &[]);
        constant.noted(&[], || Meaning::Constant(values.to_vec()))
    }

    /// Numbers that one party has; `values` at that party only. A mistake in them stops the session: the others hear
    /// which party's input failed, and why.
    #[track_caller]
    pub fn private(
        runtime: &Rc<Runtime>,
        owner: (usize, &str),
        shape: Shape,
        values: Option<Result<Vec<f64>, InputError>>,
    ) -> Self {
        if let Some(mistake) = Self::not_a_party(runtime, "input", owner.0) {
            return mistake;
        }
        let at = Location::caller();
        let encoded = values.and_then(|values| match values.and_then(|values| runtime.engine().encode(&values)) {
            Ok(encoded) => Some(encoded),
            Err(problem) => {
                runtime.fail(Error::Input { party: owner.1.to_owned(), problem, at });
                None
            }
        });
        Self::record(runtime, Input { shape, vis: Vis::Private(owner.0), encoded, digest: 0 }, &[])
    }
}
