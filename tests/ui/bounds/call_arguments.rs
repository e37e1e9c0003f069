use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
    inner: Inner,
}

#[secure_model]
struct Inner {
    linear: Linear,
}

#[secure_model]
impl Inner {
    fn forward(&self, x: &Tensor<Secret>, y: &Tensor<Secret>) -> Tensor<Secret> {
        self.linear(x - y)
    }
}

#[secure_model]
impl Net {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let y = self.linear(2.0); //~ is no layer that can be called with these arguments 
        self.inner(x) + y //~ `Inner` is no layer that can be called with these arguments //~ the arguments are those of that `forward`
    }
}

fn main() {
    let _ = Net::forward;
}
