use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
    scale: Param,
    #[skip]
    classes: usize,
}

#[secure_model]
impl Net {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let y = self.linear(x);
        let y = self.classes(&y); //~ `usize` is no layer that can be called with these arguments //~ `self.field.method(x)`
        self.scale(&y) //~ is no layer that can be called with these arguments
    }
}

fn main() {
    let _ = Net::forward;
}
