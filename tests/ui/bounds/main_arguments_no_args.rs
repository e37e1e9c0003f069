use mpc::prelude::*;

parties! { compute Hospital, Lab; }

struct Settings;

#[mpc::main]
async fn main(s: Session, settings: Settings) -> mpc::Result<()> { //~ `Settings: mpc::launch::Args` is not satisfied
    let _ = (s, settings);
    Ok(())
}
