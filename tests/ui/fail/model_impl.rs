use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: nn::Linear,
}

#[secure_model]
impl Net {
    fn depth(&self) -> usize {
        1
    }
}

fn main() {
    let _ = Net::depth;
}
