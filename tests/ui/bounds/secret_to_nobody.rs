use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[derive(Clone, Copy)]
struct NotAParty;

fn reveals(secret: &Tensor<Secret>) {
    let _ = secret.reveal_to::<NotAParty>(); //~ is not a party of this program //~ name the parties once: `parties! { compute Hospital, Lab; }`
}

fn inputs(s: &Session) {
    let _ = s.input::<NotAParty>([1], || vec![1.0]); //~ is not a party of this program //~ name the parties once: `parties! { compute Hospital, Lab; }`
    let _ = s.is::<f64>(); //~ is not a party of this program //~ name the parties once: `parties! { compute Hospital, Lab; }`
}

fn main() {
    let _ = (reveals, inputs);
}
