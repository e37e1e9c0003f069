use mpc::prelude::*;

type Numbers = Tensor<Secret>;

#[secure_model]
fn early(x: Numbers) -> Numbers {
    if x > 0.0 {
        return x;
    }
    x * 2.0
}

#[secure_model]
fn found(x: Numbers) -> usize {
    let mut at = 0;
    for step in 0..10 {
        if x < f64::from(step) {
            break;
        }
        at += 1;
    }
    at
}

#[secure_model]
fn skipping(x: Numbers) {
    for step in 0..10 {
        if x.sum() == 1.0 {
            continue;
        }
        let _ = step;
    }
}

#[secure_model]
fn failing(x: Numbers) -> Result<Numbers, std::num::ParseIntError> {
    Ok(if x > 0.0 {
        let n: i32 = "1".parse()?;
        x * f64::from(n)
    } else {
        x
    })
}

#[secure_model]
fn panicking(x: Numbers) -> Numbers {
    if x > 0.0 {
        panic!("positive");
    }
    x
}

#[secure_model]
async fn awaiting(x: Numbers) -> mpc::Result<f64> {
    let _ = if x > 0.0 { x.reveal().await?.sum() } else { 0.0 };
    Ok(0.0)
}

#[secure_model]
fn lazily(x: Numbers, y: Option<usize>) -> Option<Numbers> {
    Some(if x > 0.0 && y? > 0 { x } else { x * 2.0 })
}

fn main() {
    let _ = (early, found, skipping, failing, panicking, awaiting, lazily);
}
