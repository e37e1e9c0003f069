use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
async fn main(s: Session) -> Result<(), String> { //~ expected `Result<(), Error>`, found `Result<(), String>`
    let _ = s;
    Ok(())
}
