//! Random programs of the language: nested `if`s, comparisons, logic, arithmetic, assignments to outer variables, tuples,
//! loops. What they compute on shares is what they compute in the clear.
//!
//! - [`ast`] makes programs up, [`clear`] runs them on plain numbers, [`shares`] on shares by the functions of
//!   `mpc::lang`: as many programs as one likes, but without the macro, which a test cannot run.
//! - `generated.rs` has 60 of them as Rust, written by [`emit`]. They are compiled three times: on tensors under
//!   `#[secure_model]`, on `f64` under `#[secure_model]`, and on `f64` as plain Rust, which says what is right.

mod ast;
mod clear;
mod emit;
mod shares;

use ast::{Block, INPUTS, Seed, Tape};
use clear::{About, ULP};
use mpc::prelude::*;
use mpc::{Protocol, sim::Sim};
use proptest::prelude::*;

parties! { compute Hospital, Lab; }

/// How many programs are in `generated.rs`.
const PROGRAMS: u64 = 60;
/// How many inputs each program is run on: the elements of its tensors.
const LANES: usize = 6;
const LEVEL: f64 = 1.0;

/// Compiles the same functions three times.
macro_rules! programs {
    ($($functions:tt)*) => {
        pub(crate) mod secret {
            type Numbers = mpc::Tensor<mpc::Secret>;
            pub(crate) struct Programs;
            #[mpc::secure_model]
            impl Programs { $($functions)* }
        }
        pub(crate) mod under_the_macro {
            type Numbers = f64;
            pub(crate) struct Programs;
            #[mpc::secure_model]
            impl Programs { $($functions)* }
        }
        pub(crate) mod plain {
            type Numbers = f64;
            pub(crate) struct Programs;
            impl Programs { $($functions)* }
        }
    };
}

#[rustfmt::skip]
#[allow(warnings, clippy::all)]
mod generated;

type Clear = fn(f64, f64, f64, f64) -> f64;
type Shared = fn(f64, Tensor<Secret>, Tensor<Secret>, Tensor<Secret>) -> Tensor<Secret>;

/// Inputs that a program can be judged on, with their results. Few programs have none.
fn lanes(program: &Block, tape: &mut dyn Tape) -> Vec<([f64; INPUTS], About)> {
    let candidates = (0..8 * LANES).map(|_| [(); INPUTS].map(|()| (tape.pick(25) as f64 - 12.0) / 4.0));
    candidates.filter_map(|inputs| Some((inputs, clear::run(program, LEVEL, inputs)?))).take(LANES).collect()
}

/// The programs of `generated.rs`, each with inputs.
fn programs() -> impl Iterator<Item = (u64, Block)> {
    let good = |seed: &u64| {
        let program = ast::program(&mut Seed(*seed));
        // One that is long enough to be worth it, and short enough to be read.
        let length = emit::function("f", &program).lines().count();
        (8..40).contains(&length) && lanes(&program, &mut Seed(*seed)).len() == LANES
    };
    (0..).filter(good).take(PROGRAMS as usize).map(|seed| (seed, ast::program(&mut Seed(seed))))
}

/// Runs a program on shares and compares every lane with what it should be.
fn check(
    protocol: Protocol,
    lanes: &[([f64; INPUTS], About)],
    program: impl Fn([Tensor<Secret>; INPUTS]) -> Tensor<Secret> + Sync,
) -> Result<(), String> {
    let column = |at: usize| lanes.iter().map(|(inputs, _)| inputs[at]).collect::<Vec<_>>();
    let seen = Sim::new(2).seed(1).protocol(protocol).run(async |s: Session| {
        let n = lanes.len();
        let inputs = [
            s.input::<Hospital>(n, || column(0)).share(),
            s.input::<Lab>(n, || column(1)).share(),
            s.input::<Lab>(n, || column(2)).share(),
        ];
        program(inputs).expand(n).reveal().await
    });
    for party in seen {
        let found = party.map_err(|error| error.to_string())?;
        for ((inputs, expected), found) in lanes.iter().zip(&found) {
            let off = (found - expected.value).abs();
            if off > expected.error + 2.0 * ULP {
                return Err(format!(
                    "{inputs:?} gives {found} on shares, and {} in the clear ({protocol:?})",
                    expected.value
                ));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_program_computes_on_shares_what_it_computes_in_the_clear(choices in proptest::collection::vec(any::<u8>(), 40..400), seed in any::<u64>()) {
        let program = ast::program(&mut choices.into_iter());
        let lanes = lanes(&program, &mut Seed(seed));
        prop_assume!(!lanes.is_empty());
        let source = emit::function("program", &program);
        for protocol in [Protocol::Plain, Protocol::Dealer] {
            let found = check(protocol, &lanes, |inputs| shares::run(&program, LEVEL, inputs));
            prop_assert!(found.is_ok(), "{}\n{source}", found.unwrap_err());
        }
    }
}

#[test]
fn compiled_programs_compute_on_shares_what_plain_rust_computes() {
    let mut complaints = Vec::new();
    for (at, (seed, program)) in programs().enumerate() {
        let (name, secret, under_the_macro, plain) = generated::ALL[at];
        assert_eq!(name, format!("p{at:02}"));
        let mut judged = lanes(&program, &mut Seed(seed));
        for ([a, b, c], about) in &mut judged {
            let expected = plain(LEVEL, *a, *b, *c);
            assert_eq!(under_the_macro(LEVEL, *a, *b, *c), expected, "{name}: on `f64` the macro changes nothing");
            assert!(
                (expected - about.value).abs() < 1e-9,
                "{name}: the interpreter says {}, Rust {expected}",
                about.value
            );
            about.value = expected;
        }
        for protocol in [Protocol::Plain, Protocol::Dealer] {
            let found = check(protocol, &judged, |[a, b, c]| secret(LEVEL, a, b, c));
            complaints.extend(found.err().map(|error| format!("{name}: {error}")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The text of `generated.rs`.
fn source() -> String {
    let mut text = String::from(
        "//! Written by `cargo test --test programs -- --ignored`: see `main.rs`. Do not edit.\n\n\
         use super::{Clear, Shared};\n\nprograms! {\n",
    );
    for (at, (_, program)) in programs().enumerate() {
        text += &emit::function(&format!("p{at:02}"), &program);
    }
    text += "}\n\n/// By name: on shares, under the macro, and as plain Rust.\npub(crate) const ALL: &[(&str, Shared, Clear, Clear)] = &[\n";
    for at in 0..PROGRAMS {
        text += &format!(
            "    (\"p{at:02}\", secret::Programs::p{at:02}, under_the_macro::Programs::p{at:02}, plain::Programs::p{at:02}),\n"
        );
    }
    text + "];\n"
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/generated.rs");

#[test]
fn the_programs_are_those_of_the_generator() {
    let there = std::fs::read_to_string(FILE).unwrap();
    assert!(there == source(), "out of date: `cargo test --test programs -- --ignored` writes it anew");
}

#[test]
#[ignore = "writes tests/programs/generated.rs"]
fn write_the_programs() {
    std::fs::write(FILE, source()).unwrap();
}
