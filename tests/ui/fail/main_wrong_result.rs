use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
async fn main(s: Session) -> Result<(), String> {
    let _ = s;
    Ok(())
}
