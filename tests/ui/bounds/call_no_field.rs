use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
}

#[secure_model]
impl Net {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.liner(x) //~ HasFieldOfThatName
    }
}

fn main() {
    let _ = Net::forward;
}
