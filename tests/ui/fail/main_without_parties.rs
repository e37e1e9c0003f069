use mpc::prelude::*;

#[mpc::main]
async fn main(s: Session) -> mpc::Result<()> {
    let _ = s;
    Ok(())
}
