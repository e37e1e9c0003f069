use mpc::prelude::*;

parties! { compute Hospital, Lab; }

async fn work(s: &Session) -> mpc::Result<()> {
    let _ = s;
    Ok(())
}

#[mpc::main]
async fn main(s: Session) {
    work(&s).await?;
}
