use mpc::prelude::*;

#[secure_model]
struct Counter {
    total: Param,
    #[skip]
    hits: usize,
}

#[secure_model]
impl Counter {
    fn forward(&mut self, x: &Tensor<Secret>) -> Tensor<Secret> {
        if *x > 0.0 {
            self.hits += 1;
        }
        x * &*self.total
    }
}

fn main() {
    let _ = Counter::forward;
}
