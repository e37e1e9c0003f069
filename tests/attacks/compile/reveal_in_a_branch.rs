//! Attack: reveal in one branch only. Both branches run: it would be revealed in any case.
use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[secure_model]
fn to_all(accepted: Tensor<Secret>, price: Tensor<Secret>) {
    let _ = if accepted > 0.0 { price.reveal() } else { price.reveal() * 0.0 }; //~ a branch of an `if` on a tensor has a side effect
}

#[secure_model]
fn to_one(accepted: Tensor<Secret>, price: Tensor<Secret>) {
    if accepted > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        let _ = price.reveal_to::<Lab>();
    }
}

#[secure_model]
async fn awaited(accepted: Tensor<Secret>, price: Tensor<Secret>) -> mpc::Result<()> {
    if accepted > 0.0 { //~ a branch of an `if` on a tensor leaves it early
        price.reveal().await?;
    }
    Ok(())
}

fn main() {
    let _ = (to_all, to_one, awaited);
}
