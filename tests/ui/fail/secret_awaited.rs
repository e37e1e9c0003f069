use mpc::prelude::*;

async fn read(secret: Tensor<Secret>) {
    let _ = secret.await;
}

async fn item(secret: Tensor<Secret>) {
    let _ = secret.item().await;
}

fn main() {
    let _ = (read, item);
}
