use mpc::prelude::*;

#[secure_model]
enum Choice {
    Small {
        #[skip]
        depth: usize,
    },
    Large(nn::Linear),
}

#[secure_model]
union Either {
    small: f32,
    large: f64,
}

#[secure_model]
fn forward() {}

#[secure_model]
trait Layer {}

// The enum still passes as a module, so its use is no second error.
#[secure_model]
struct Net {
    choice: Choice,
}

fn main() {
    forward();
}
