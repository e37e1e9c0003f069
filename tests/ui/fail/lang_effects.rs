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

    fn call(&self, x: Tensor<Secret>) {
        if x > 0.0 {
            drop(x);
        }
    }
}

fn main() {
    let _ = (Net::print, Net::count, Net::remember, Net::through, Net::call);
}
