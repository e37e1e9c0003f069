use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
    #[skip]
    count: usize,
    #[skip]
    seen: Vec<Tensor<Secret>>,
}

#[secure_model]
impl Net {
    fn print(&self, x: &Tensor<Secret>) {
        if *x > 0.0 {
            println!("positive");
        }
    }

    fn count(&mut self, x: &Tensor<Secret>) {
        if *x > 0.0 {
            self.count += 1;
        }
    }

    fn remember(&mut self, x: &Tensor<Secret>) {
        if *x > 0.0 {
            self.seen.push(x.clone());
        }
    }

    fn through(&self, x: &Tensor<Secret>, out: &mut Vec<f64>) {
        if *x > 0.0 {
            out.push(1.0);
        } else {
            out[0] = 2.0;
        }
    }

    fn take(&mut self, x: &Tensor<Secret>) -> Tensor<Secret> {
        if *x > 0.0 { self.seen.swap_remove(0) } else { x.clone() }
    }

    fn pop(&self, x: &Tensor<Secret>, from: &mut Vec<Tensor<Secret>>) -> Option<Tensor<Secret>> {
        let y = if *x > 0.0 { from.swap_remove(0) } else { x.clone() };
        Some(y)
    }

    fn call(&self, x: Tensor<Secret>) {
        if x > 0.0 {
            drop(x);
        }
    }
}

fn main() {
    let _ = (Net::print, Net::count, Net::remember, Net::through, Net::take, Net::pop, Net::call);
}
