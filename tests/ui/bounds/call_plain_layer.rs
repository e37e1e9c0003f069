//! A layer whose `forward` is in a plain `impl` is called by name.

use mpc::prelude::*;

#[secure_model]
struct Net {
    own: Own,
    blocks: Vec<Own>,
}

#[secure_model]
struct Own {
    linear: Linear,
}

impl Own {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.linear.forward(x)
    }
}

#[secure_model]
impl Net {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let mut y = self.own(x); //~ `Own` is no layer //~ has its `forward` in a `#[secure_model] impl`
        for block in &self.blocks {
            y = block(y); //~ no method named `apply`
        }
        self.own.forward(&y)
    }
}

fn main() {
    let _ = Net::forward;
}
