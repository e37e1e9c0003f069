use mpc::prelude::*;

parties! { compute Hospital, Lab; }

/// Does nothing.
#[mpc::main]
async fn main(s: Session) -> mpc::Result<()> {
    let _ = &s;
    Ok(())
}
