use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
async fn main(s: Session, args: impl Clone) -> mpc::Result<()> {
    let _ = (s, args);
    Ok(())
}
