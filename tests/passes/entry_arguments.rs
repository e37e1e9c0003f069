//! A program with flags of its own, parsed by the `clap` that the launcher re-exports, and with parties of another module.

mod program {
    use mpc::{launch::clap, prelude::*};

    mod hospitals {
        mpc::parties! { compute North, South; }
    }

    /// The program's own options.
    #[derive(clap::Args)]
    pub struct Args {
        /// How often to go through the data.
        #[arg(long, default_value_t = 1)]
        epochs: usize,
    }

    /// Trains on two hospitals' records.
    ///
    /// No record leaves its hospital.
    #[mpc::main(parties = hospitals::Parties)]
    pub async fn main(_: Session, Args { epochs }: Args) -> mpc::Result<()> {
        assert_eq!(epochs, 1);
        Ok(())
    }
}

#[test]
fn runs() {
    let _: fn() -> std::process::ExitCode = program::main;
}
