use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[secure_model]
fn richer(x: Tensor<Private<Hospital>>, y: Tensor<Private<Lab>>) -> Tensor<Secret> {
    let wins = x > y;
    wins.share().number()
}

fn main() {
    let _ = richer;
}
