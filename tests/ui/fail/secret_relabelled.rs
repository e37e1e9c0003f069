use mpc::prelude::*;

parties! { compute Hospital, Lab; }

async fn everybody(x: &Tensor<Public>) -> mpc::Result<f64> {
    x.clone().item().await
}

async fn lab(x: Tensor<Private<Lab>>) -> mpc::Result<()> {
    x.await.map(drop)
}

async fn uses(own: Tensor<Private<Hospital>>, secret: Tensor<Secret>) -> mpc::Result<()> {
    everybody(&own).await?;
    lab(own.clone()).await?;
    own.item().await?;
    let _: Tensor<Public> = secret.clone();
    let _: Tensor<Public> = secret.reveal_to::<Hospital>();
    let _: f64 = secret.reveal_to::<Hospital>().await?.sum();
    own.reveal();
    secret.share();
    Ok(())
}

fn main() {
    let _ = uses;
}
