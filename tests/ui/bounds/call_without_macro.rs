//! Without the macro on the code, a field is not called.

use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
}

impl Net {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.linear(x) //~ field, not a method
    }
}

fn main() {
    let _ = Net::forward;
}
