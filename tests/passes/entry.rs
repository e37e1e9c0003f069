//! The program is compiled and not started.

mod program {
    use mpc::prelude::*;

    parties! { compute Hospital, Lab; }

    /// Does nothing.
    #[mpc::main]
    pub async fn main(s: Session) -> mpc::Result<()> {
        let _ = &s;
        Ok(())
    }
}

#[test]
fn runs() {
    let _: fn() -> std::process::ExitCode = program::main;
}
