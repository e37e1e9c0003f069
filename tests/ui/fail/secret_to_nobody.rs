use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[derive(Clone, Copy)]
struct NotAParty;

fn reveals(secret: &Tensor<Secret>) {
    let _ = secret.reveal_to::<NotAParty>();
}

fn inputs(s: &Session) {
    let _ = s.input::<NotAParty>([1], || vec![1.0]);
    let _ = s.is::<f64>();
}

fn main() {
    let _ = (reveals, inputs);
}
