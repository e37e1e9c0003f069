use mpc::prelude::*;

mod hospitals {
    mpc::parties! { compute North, South; }
}

/// The program's own options.
#[derive(clap::Args)]
struct Args {
    /// How often to go through the data.
    #[arg(long, default_value_t = 1)]
    epochs: usize,
}

/// Trains on two hospitals' records.
///
/// No record leaves its hospital.
#[mpc::main(parties = hospitals::Parties)]
async fn main(_: Session, Args { epochs }: Args) -> mpc::Result<()> {
    assert_eq!(epochs, 1);
    Ok(())
}
