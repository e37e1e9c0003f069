#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]
#![allow(clippy::print_stdout, reason = "what the case is about")]
//! The expansions cause no warnings, and native code stays native.

use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: Linear,
}

#[secure_model]
impl Net {
    /// On a secret.
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let y = self.linear.forward(x);
        let mut total = &y * 1.0;
        if y > 0.0 && y < 6.0 {
            total += &y;
        } else if y == 0.0 {
            total -= 1.0;
        }
        if total >= 1.0 || !(total <= -1.0) { total } else { y }
    }
}

#[secure_model]
impl Clone for Net {
    fn clone(&self) -> Self {
        let linear = if true { self.linear.clone() } else { self.linear.clone() };
        Self { linear }
    }
}

/// Not `Clone`, not `Select`.
#[derive(PartialEq, PartialOrd)]
struct Plain(String);

#[secure_model]
fn plain(one: Plain, two: Plain, mut log: Vec<Plain>, out: &mut Vec<String>) -> Result<Vec<Plain>, std::fmt::Error> {
    let order = if one < two { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
    if order == std::cmp::Ordering::Less {
        log.push(one);
        log.push(two);
    } else {
        log.push(two);
        log.push(one);
    }
    for (at, plain) in log.iter().enumerate() {
        if at % 2 == 0 {
            out.push(plain.0.clone());
        } else {
            out.clear();
        }
        if plain.0.is_empty() || at > 7 && !plain.0.contains('x') {
            return Err(std::fmt::Error);
        }
    }
    let label = if out.is_empty() { "none" } else { "some" };
    let count: u8 = match label {
        "none" => 0,
        _ if out.len() > 200 => 200,
        _ => 1,
    };
    let digits = [1u8, 2, 3];
    let chosen;
    if digits[usize::from(count)] == 2 {
        chosen = Some(count);
    } else {
        chosen = None;
    }
    if let Some(count) = chosen
        && count > 0
    {
        println!("{count}");
    }
    Ok(log)
}

#[test]
fn runs() {
    let _ = (Net::forward, plain);
    let _ = |net: &Net| net.clone();
}
