use mpc::prelude::*;

async fn read(secret: Tensor<Secret>) {
    let _ = secret.await; //~ `mpc::Tensor<mpc::Secret>`
}

async fn item(secret: Tensor<Secret>) {
    let _ = secret.item().await; //~ no method named `item` //~ the method was found for //~ Tensor<mpc::Public>
}

fn main() {
    let _ = (read, item);
}
