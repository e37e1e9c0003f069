use mpc::prelude::*;

fn literals(x: &Tensor<Secret>, mut y: Tensor<Secret>) -> Tensor<Secret> {
    let a = x * 2; //~ a tensor cannot be combined with an integer //~ write `2.0`, not `2`
    let b = 1 + x; //~ a tensor cannot be combined with an integer
    y -= 3; //~ a tensor cannot be combined with an integer
    let c = (y / 4).sum(); //~ a tensor cannot be combined with an integer
    a + b + c
}

fn variables(x: &Tensor<Public>, n: usize, m: i32) -> Tensor<Public> {
    let a = (x * m).sum(); //~ a tensor cannot be combined with an integer //~ f64::from(n)
    a + x * n //~ cannot multiply `&mpc::Tensor<mpc::Public>` by `usize` //~ implements `std::ops::Mul<f64>`
}

fn main() {
    let _ = (literals, variables);
}
