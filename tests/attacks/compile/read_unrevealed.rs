//! Attack: read the secret without revealing it, or what is another party's.
use mpc::prelude::*;

parties! { compute Hospital, Lab; }

async fn secret(x: Tensor<Secret>) -> mpc::Result<()> {
    x.await?; //~ `mpc::Tensor<mpc::Secret>`
    Ok(())
}

async fn private(x: Tensor<Private<Hospital>>) -> mpc::Result<f64> {
    Ok(x.await?.sum()) //~ no method named `sum` found for enum `Option<
}

fn relabel(x: Tensor<Private<Hospital>>) -> Tensor<Private<Lab>> {
    x //~ expected `Tensor<Private<Lab>>`, found `Tensor<Private<Hospital>>`
}

fn main() {
    let _ = (secret, private, relabel);
}
