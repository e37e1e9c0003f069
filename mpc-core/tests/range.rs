//! The check of magnitudes names the step that a session's ring could not hold, and nothing else.

mod common;

use common::{agreed, alice, bob, close};
use mpc_core::{Error, ProtocolKind, Result, Secret, Session, Settings, Tensor, sim::Sim};

fn checked(fraction_bits: u32) -> Sim {
    let settings = Settings { protocol: ProtocolKind::Plain, fraction_bits, check_range: true, ..Settings::default() };
    Sim::new(2).settings(settings)
}

/// What a program of one step is told, with its line.
fn found(program: impl Fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret> + Sync) -> Result<Vec<f64>> {
    let mut seen = checked(16).run(async |s: Session| {
        let (x, y) = (alice(&s, 2, |i| [3.0, 40_000.0][i]), bob(&s, 2, |i| [2.0, 30_000.0][i]));
        let _scope = s.scope("layer");
        Ok(program(&x, &y).reveal().await?.into_raw_vec_and_offset().0)
    });
    seen.swap_remove(0)
}

#[test]
fn the_step_that_overflows_is_named_with_its_scope_and_line() {
    type Program = fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>;
    let cases: [(&str, Program); 5] = [
        ("mul", |x, y| x * y), // 1.2e9 is more than 2^30
        ("scale", |x, _| x * 40_000.0),
        ("add", |x, _| {
            let x = x * 25_000.0;
            &x + &x
        }),
        ("matmul", |x, y| x.reshape([1, 2]).matmul(&y.reshape([2, 1]))),
        ("mul", |x, y| x.powi(2) * y.sigmoid()),
    ];
    for (name, program) in cases {
        match found(program) {
            Err(Error::Range { op, scope, at, limit, .. }) => {
                assert_eq!((op, limit), (name, 2f64.powi(30)));
                assert!(scope.starts_with("layer/") && at.file().ends_with("range.rs"), "{scope} {at}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn an_error_of_range_quotes_no_value() {
    let text = found(|x, y| x * y).unwrap_err().to_string();
    assert!(text.contains("mul: a result is 1073741824 or more") && !text.contains("1200000000"), "{text}");
}

#[test]
fn what_fits_is_computed_as_without_the_check() {
    let program = async |s: Session| {
        let x = alice(&s, [40, 3], |i| [0.0, 1.0 / 64.0, -1.0, 30.0, -500.0][i % 5]);
        let all = [
            x.sigmoid(),
            x.tanh(),
            x.gelu(),
            x.exp().clamp(0.0, 1e6),
            x.reciprocal().clamp(-64.0, 64.0),
            x.abs().sqrt(),
            x.abs().log(),
            x.softmax(0),
            x.layer_norm(0.01),
            &x / (&x * &x + 1.0),
            x.relu(),
            x.sin(),
            x.sort(0, false),
            x.var_axes(&[0], true).expand([40, 3]),
            x.matmul(&x.t()).slice(1, 0..3),
        ]; // one of each kind
        let (first, rest) = all.split_first().unwrap();
        let joined = rest.iter().fold(first.clone(), |joined, y| joined.concat(y, 0));
        Ok(joined.reveal().await?.into_raw_vec_and_offset().0)
    };
    for fraction_bits in [10, 16, 20] {
        let settings = Settings { protocol: ProtocolKind::Plain, fraction_bits, ..Settings::default() };
        let with = agreed(checked(fraction_bits).run(program));
        close(agreed(Sim::new(2).settings(settings).run(program)), with, 0.0);
    }
}

#[test]
fn only_the_clear_protocol_can_check() {
    let settings = Settings { check_range: true, ..Settings::default() };
    let refused = Sim::new(2).settings(settings).run(async |_: Session| Ok(())).swap_remove(0);
    assert!(matches!(refused, Err(Error::Setting { key: "check_range", .. })), "{refused:?}");
}
