use mpc::prelude::*;

parties! { compute Hospital, Lab; }

async fn everybody(x: &Tensor<Public>) -> mpc::Result<f64> {
    x.clone().item().await
}

async fn lab(x: Tensor<Private<Lab>>) -> mpc::Result<()> {
    x.await.map(drop)
}

async fn uses(own: Tensor<Private<Hospital>>, secret: Tensor<Secret>) -> mpc::Result<()> {
    everybody(&own).await?; //~ expected `&Tensor<Public>`, found `&Tensor<Private<Hospital>>`
    lab(own.clone()).await?; //~ expected `Tensor<Private<Lab>>`, found `Tensor<Private<Hospital>>`
    own.item().await?; //~ no method named `item`
    let _: Tensor<Public> = secret.clone(); //~ expected `Tensor<Public>`, found `Tensor<Secret>`
    let _: Tensor<Public> = secret.reveal_to::<Hospital>(); //~ expected `Tensor<Public>`, found `Tensor<Private<Hospital>>`
    let _: f64 = secret.reveal_to::<Hospital>().await?.sum(); //~ found for enum `Option<
    own.reveal(); //~ no method named `reveal`
    Ok(())
}

fn main() {
    let _ = uses;
}
