#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]
//! The expansions cause no warnings.

use mpc::prelude::*;

parties! { compute Hospital, Lab; }

/// A model.
#[secure_model]
#[allow(dead_code)]
pub(crate) struct Net {
    /// Its only layer.
    pub(crate) linear: nn::Linear,
    /// Its settings.
    pub(crate) settings: Settings,
}

/// Without parts.
#[secure_model]
#[allow(dead_code)]
pub(crate) struct Settings {
    /// How deep.
    #[skip]
    pub(crate) depth: usize,
}

/// A program, compiled and not started.
pub(crate) mod program {
    use super::{Parties, Session};

    /// A program.
    #[mpc::main]
    pub(crate) async fn main(s: Session) -> mpc::Result<()> {
        let _ = s;
        Ok(())
    }
}

#[mpc::test]
async fn test(s: Session) {
    let _ = s;
}

#[test]
fn runs() {
    let _: fn() -> std::process::ExitCode = program::main;
}
