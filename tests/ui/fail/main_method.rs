use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
async fn main(self) -> mpc::Result<()> {
    Ok(())
}
