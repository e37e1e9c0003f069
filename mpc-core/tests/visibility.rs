//! What somebody knows costs less than what nobody knows: public factors are multiplied locally, private ones are opened
//! by their owner alone, and what one party or everybody knows is computed there.

mod common;

use common::{Alice, alice, bob, close};
use mpc_comm::{Kind, PartyId, Transcript};
use mpc_core::{Conv, Private, Public, Result, Secret, Session, Tensor, sim::Sim};

const N: usize = 256;

/// A map of Alice's number and a secret one.
type Mixed = fn(&Tensor<Private<Alice>>, &Tensor<Secret>) -> Tensor<Secret>;
/// A map of a public number and a secret one.
type Half = fn(&Tensor<Public>, &Tensor<Secret>) -> Tensor<Secret>;
/// The same of two numbers in the clear.
type Clear = fn(f64, f64) -> f64;

fn x_at(i: usize) -> f64 {
    (i % 23) as f64 / 4.0 - 2.5
}

fn y_at(i: usize) -> f64 {
    (i % 17) as f64 / 8.0 - 1.0
}

/// Rounds, and bytes sent by each party.
#[derive(Debug, PartialEq)]
struct Cost {
    rounds: u64,
    sent: Vec<u64>,
}

/// Runs `program` of a first argument made by `first`, and a secret y that has been opened before.
fn measure<T>(
    parties: usize,
    first: impl Fn(&Session) -> T + Sync,
    program: impl Fn(&T, &Tensor<Secret>) -> Tensor<Secret> + Sync,
) -> (Vec<f64>, Cost) {
    let seen = Sim::new(parties).run(async |s: Session| {
        let (x, y) = (first(&s), bob(&s, N, y_at));
        let opened = &y * &y; // from here on y is open
        s.flush();
        let before = s.traffic().total;
        let z = program(&x, &y);
        s.flush();
        drop(opened);
        let spent = s.traffic().total - before;
        Ok((z.reveal().await?.into_raw_vec_and_offset().0, spent.rounds, spent.sent))
    });
    let seen: Vec<_> = seen.into_iter().map(Result::unwrap).collect();
    let cost = Cost { rounds: seen[0].1, sent: seen.iter().map(|party| party.2).collect() };
    (seen.into_iter().next().unwrap().0, cost)
}

const BITS: u64 = N as u64 / 8;
const WORDS: u64 = 8 * N as u64;

#[test]
fn a_private_factor_is_opened_by_its_owner_alone() {
    let cases: [(&str, Mixed, Clear, u64, u64); 5] = [
        // The owner's opening, then a bit of rescaling from everybody.
        ("mul", |x, y| x * y, |x, y| x * y, 2, BITS),
        ("add", |x, y| x + y, |x, y| x + y, 0, 0),
        ("select", |x, y| y.lt(0.0).keep(x), |x, y| if y < 0.0 { x } else { 0.0 }, 3, 33 * BITS + BITS),
        // The difference is a value of its own, which nobody knows.
        ("maximum", |x, y| x.maximum(y), f64::max, 4, 0),
        ("less", |x, y| x.lt(y).number(), |x, y| f64::from(u8::from(x < y)), 4, 0),
    ];
    for (name, program, clear, rounds, others) in cases {
        let own = |s: &Session| s.input::<Alice>(N, || (0..N).map(x_at).collect::<Vec<_>>());
        let (values, cost) = measure(2, own, program);
        close(values, (0..N).map(|i| clear(x_at(i), y_at(i))), 4.0 / 65536.0);
        assert_eq!(cost.rounds, rounds, "{name}");
        match name {
            "maximum" | "less" => assert_eq!(cost.sent[0], cost.sent[1], "{name}"),
            "add" => assert_eq!(cost.sent, [0, 0], "{name}"),
            _ => assert_eq!(cost.sent, [WORDS + others, others], "{name}"),
        }
    }
}

#[test]
fn a_private_factor_among_three_parties() {
    let own = |s: &Session| s.input::<Alice>(N, || (0..N).map(x_at).collect::<Vec<_>>());
    let (values, cost) = measure(3, own, |x, y| x * y);
    close(values, (0..N).map(|i| x_at(i) * y_at(i)), 2.0 / 65536.0);
    // Everybody opens the product to rescale it; the owner opens x.
    assert_eq!(cost, Cost { rounds: 2, sent: vec![4 * WORDS, 2 * WORDS, 2 * WORDS] });
}

#[test]
fn a_private_matrix_and_its_views_and_gradients() {
    for parties in [2, 3] {
        let seen = Sim::new(parties).run(async |s: Session| {
            let x = s.input::<Alice>([12, 8], || (0..96).map(x_at).collect::<Vec<_>>());
            let w = bob(&s, [8, 3], y_at).requires_grad();
            s.flush();
            let before = s.traffic().total;
            let y = x.rows(2..10).matmul(&w);
            s.flush();
            let sent = s.traffic().total.sent - before.sent;
            let grads = (&y * &y).sum().backward();
            let (y, grad) = (y.reveal(), grads.of(&w).reveal());
            Ok((sent, y.await?.into_raw_vec_and_offset().0, grad.await?.into_raw_vec_and_offset().0))
        });
        let x = |row: usize, col: usize| x_at((row + 2) * 8 + col);
        let y = |row: usize, col: usize| (0..8).map(|k| x(row, k) * y_at(3 * k + col)).sum::<f64>();
        for (party, seen) in seen.into_iter().enumerate() {
            let (sent, values, grad) = seen.unwrap();
            let peers = parties as u64 - 1;
            let rescale = if parties == 2 { 8 } else { 8 * 24 };
            let own = if party == 0 { 8 * 64 } else { 0 };
            assert_eq!(sent, peers * (own + 8 * 24 + rescale));
            close(values, (0..24).map(|at| y(at / 3, at % 3)), 40.0 / 65536.0);
            let slope = |k: usize, col: usize| (0..8).map(|row| 2.0 * x(row, k) * y(row, col)).sum::<f64>();
            close(grad, (0..24).map(|at| slope(at / 3, at % 3)), 400.0 / 65536.0);
        }
    }
}

#[test]
fn a_public_factor_costs_a_rescale_and_nothing_else() {
    let known = |s: &Session| s.public(N, &(0..N).map(x_at).collect::<Vec<_>>());
    let cases: [(&str, Half, Clear, u64, u64); 4] = [
        ("mul", |x, y| x * y, |x, y| x * y, 1, BITS),
        ("add", |x, y| x - y, |x, y| x - y, 0, 0),
        ("less", |x, y| x.lt(y).number(), |x, y| f64::from(u8::from(x < y)), 4, WORDS + 33 * BITS + BITS),
        ("keep", |x, y| x.gt(0.0).keep(y), |x, y| if x > 0.0 { y } else { 0.0 }, 0, 0),
    ];
    for (name, program, clear, rounds, sent) in cases {
        let (values, cost) = measure(2, known, program);
        close(values, (0..N).map(|i| clear(x_at(i), y_at(i))), 4.0 / 65536.0);
        assert_eq!(cost, Cost { rounds, sent: vec![sent, sent] }, "{name}");
    }
    let kernel = |s: &Session| s.public([1, 1, 4, 4], &(0..16).map(x_at).collect::<Vec<_>>());
    let (_, cost) = measure(2, kernel, |w, y| y.reshape([1, 1, 16, 16]).conv2d(w, &Conv::default()).flatten(0));
    assert_eq!((cost.rounds, cost.sent[0]), (1, 8 * (13 * 13u64).div_ceil(64)));
}

#[test]
fn what_one_party_knows_is_computed_there() {
    let seen = Sim::new(3).run(async |s: Session| {
        let x = s.input::<Alice>(N, || (0..N).map(x_at).collect::<Vec<_>>());
        let y = (&x * &x).sigmoid() + x.maximum(&(&x * 0.5)).exp().slice(0, 0..N);
        let y = y.await?;
        assert_eq!(y.is_some(), s.is::<Alice>());
        Ok(s.traffic().total.sent)
    });
    assert!(seen.into_iter().all(|sent| sent.unwrap() == 0));
}

#[test]
fn the_opening_of_a_private_factor_says_nothing_about_it() {
    // The same frames for other numbers, and words that are never the numbers themselves nor the same twice.
    let run = |value: f64| {
        let transcript = Transcript::with_words();
        let seen = Sim::new(2).transcript(&transcript).run(async |s: Session| {
            let x = s.input::<Alice>(N, || vec![value; N]);
            let z = &x * &alice(&s, N, |_| 1.0) + &x * &bob(&s, N, |_| 2.0);
            s.flush();
            drop(z);
            Ok(())
        });
        seen.into_iter().for_each(Result::unwrap);
        let sent = transcript.between(PartyId(0), PartyId(1)).into_iter().filter(|entry| entry.kind == Kind::Round);
        let words: Vec<u64> = sent.flat_map(common::payload).collect();
        (transcript.shape(), words)
    };
    let ((shape, zeros), (other, words)) = (run(0.0), run(1000.0));
    assert_eq!(shape, other);
    // x, y of the first product, and of the second: Alice opens her number once.
    assert_eq!(zeros.len(), 3 * N + 2 * N / 64);
    let mut all: Vec<u64> = zeros.into_iter().chain(words).filter(|word| *word != 0).collect();
    assert!(!all.contains(&(1000 << 16)));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}
