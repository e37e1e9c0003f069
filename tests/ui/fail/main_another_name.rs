use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
async fn train(s: Session) -> mpc::Result<()> {
    let _ = s;
    Ok(())
}
