//! Functions of one number over their whole documented domain: the largest error is within the claim, rounds and bytes are
//! exact, the cost report agrees, three parties compute the same.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};

struct Case {
    name: &'static str,
    program: fn(&Tensor<Secret>) -> Tensor<Secret>,
    clear: fn(f64) -> f64,
    /// The claim, at a value.
    tolerance: fn(f64) -> f64,
    rounds: u64,
    /// Bytes for one element, sent and dealt, over whole planes of bits.
    sent: f64,
    dealt: f64,
}

const LARGEST: f64 = (1u64 << 30) as f64 - ULP;

/// Points: edges, powers of two and their neighbours, then a mixture over all magnitudes.
fn points(count: usize) -> Vec<f64> {
    let mut points = vec![0.0, ULP, LARGEST, 20.0, 12.0, 6.0, 5.0, 4.0, 3.5, 13.0];
    for power in -16..30 {
        let x = 2f64.powi(power);
        points.extend([x - ULP, x, x + ULP, 3.0 * x / 2.0]);
    }
    points.extend(points.clone().into_iter().map(|x| -x));
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    while points.len() < count {
        let sign = if uniform() < 0.5 { -1.0 } else { 1.0 };
        points.push(match points.len() % 4 {
            0 => 2.0 * uniform() * sign,
            1 => 8.0 * uniform() * sign,
            2 => 24.0 * uniform() * sign,
            _ => 2f64.powf(uniform() * 46.0 - 16.0) * sign,
        });
    }
    let round = |x: f64| ((x / ULP).round() * ULP).clamp(-LARGEST, LARGEST) + 0.0; // no -0
    points.into_iter().map(round).collect()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Compare with two limits, a rescaled and opened series of so many harmonics, and choices with so many wires.
fn guarded_sent(choices: f64) -> f64 {
    8.0 + 66.0 / 8.0 + 1.0 / 8.0 + 8.0 + choices / 8.0
}
fn guarded_dealt(harmonics: f64, choices: f64, wires: f64) -> f64 {
    32.0 + 24.0 + 16.0 * harmonics + 8.0 + 8.0 * choices + 8.0 * wires
}

/// An exponential of an open wire: the value is opened, two thresholds, two choices, one of which with a wire.
const POWER_SENT: f64 = 8.0 + (66.0 + 2.0) / 8.0;
const POWER_DEALT: f64 = 32.0 + 32.0 + 24.0 + 24.0;

/// Comparisons with several thresholds: nodes that they share, and one for each of them.
#[derive(Clone, Copy)]
struct Comparisons {
    lowest: f64,
    others: f64,
    thresholds: f64,
}

impl Comparisons {
    /// Bits of a value.
    fn opened(self) -> f64 {
        6.0 * self.lowest + 7.0 * self.others + 6.0 * self.thresholds
    }
    fn dealt(self) -> f64 {
        15.0 * self.lowest + 22.0 * self.others + 15.0 * self.thresholds
    }
}

fn cases() -> Vec<Case> {
    let guarded = |name, program, clear, error: fn(f64) -> f64, harmonics, choices, wires| Case {
        name,
        program,
        clear,
        tolerance: error,
        rounds: 4,
        sent: guarded_sent(choices),
        dealt: guarded_dealt(harmonics, choices, wires),
    };
    // Thresholds 8^i in 16 bits: six of the lowest, five of the next, and so on; 0 from those above, and -8^i alike, but that
    // -2^15 is 2^15. Where something borrows from below, -1, 0 and 1. So there are nodes for the lowest 16 bits, and other nodes:
    let positive = Comparisons { lowest: 6.0 + 1.0, others: (5.0 + 2.0) + (5.0 + 2.0) + 2.0, thresholds: 16.0 };
    let both =
        Comparisons { lowest: 6.0 + 4.0 + 1.0, others: (5.0 + 5.0 + 3.0) + (1.0 + 1.0 + 3.0) + 3.0, thresholds: 24.0 };
    // Comparisons, opened bits of choices, numbers that are dealt for them, harmonics.
    let scaled = |name, program, clear, compared: Comparisons, (bits, numbers, k): (f64, f64, f64)| Case {
        name,
        program,
        clear,
        tolerance: |y| 0.5f64.powi(13).max(y.abs() * 0.5f64.powi(12)),
        rounds: 8,
        sent: 32.0 + (compared.opened() + bits + 2.0) / 8.0,
        dealt: 32.0 + compared.dealt() / 8.0 + 8.0 * numbers + 16.0 * k + 24.0,
    };
    // There is no scale: it is not opened, no product is dealt, and none rescaled.
    let log = |name, program, clear| {
        let case = scaled(name, program, clear, positive, (17.0, 34.0, 8.0));
        Case { rounds: 6, sent: case.sent - 16.0 - 1.0 / 8.0, dealt: case.dealt - 16.0, ..case }
    };
    // The claim grows to 1e-4 at the largest numbers.
    let wave =
        |name, program, clear| Case { name, program, clear, tolerance: |_| 1e-4, rounds: 2, sent: 8.125, dealt: 24.0 };
    vec![
        guarded("sigmoid", |x| x.sigmoid(), logistic, |_| 5e-5, 16.0, 2.0, 1.0),
        guarded("softplus", |x| x.softplus(), |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), |_| 5e-5, 16.0, 2.0, 2.0),
        guarded("tanh", |x| x.tanh(), f64::tanh, |_| 5e-5, 16.0, 3.0, 1.0),
        guarded("erf", |x| x.erf(), libm::erf, |_| 4e-5, 12.0, 3.0, 1.0),
        guarded("gelu", |x| x.gelu(), |x| 0.5 * x * libm::erfc(-x / 2f64.sqrt()), |_| 4e-5, 12.0, 2.0, 2.0),
        guarded(
            "gelu_tanh",
            |x| x.gelu_tanh(),
            |x| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh()),
            |_| 4e-5,
            12.0,
            2.0,
            2.0,
        ),
        // 11 magnitudes and the sign, with two numbers each; and 0, with one.
        scaled(
            "reciprocal",
            |x| x.reciprocal(),
            |x| 1.0 / x.abs().max(ULP).copysign(x),
            both,
            (11.0 + 1.0 + 1.0, 2.0 * 12.0 + 1.0, 10.0),
        ),
        scaled("rsqrt", |x| x.rsqrt(), |x| x.max(ULP).sqrt().recip(), positive, (17.0, 34.0, 8.0)),
        scaled("sqrt", |x| x.sqrt(), |x| x.max(0.0).sqrt(), positive, (16.0, 32.0, 7.0)),
        Case {
            name: "exp",
            program: |x| x.exp(),
            clear: |x| x.exp().min(LARGEST),
            // Two units, and 2^-17 of itself.
            tolerance: |y| 2.0 * ULP + y * 0.5f64.powi(17),
            rounds: 4,
            sent: 8.0 + POWER_SENT,
            dealt: POWER_DEALT,
        },
        log("log", |x| x.log(), |x| x.max(ULP).ln()),
        log("log1p", |x| x.log1p(), |x| (1.0 + x).max(ULP).ln()),
        wave("sin", |x| x.sin(), f64::sin),
        wave("cos", |x| x.cos(), f64::cos),
        Case {
            name: "elu",
            program: |x| x.elu(1.0),
            clear: |x| if x < 0.0 { x.exp_m1() } else { x },
            tolerance: |_| 1e-4,
            rounds: 8,
            // A ReLU, then an exponential.
            sent: 8.0 + 34.0 / 8.0 + 8.0 + POWER_SENT,
            dealt: 44.0 + 16.0 + POWER_DEALT,
        },
        Case {
            name: "selu",
            program: |x| x.selu(),
            clear: |x| 1.050_700_987_355_480_5 * if x < 0.0 { 1.673_263_242_354_377_2 * x.exp_m1() } else { x },
            tolerance: |y| 2e-4 + y.abs() * 0.5f64.powi(17),
            rounds: 10,
            // That, and two rescales by a factor.
            sent: 8.0 + 34.0 / 8.0 + 8.0 + POWER_SENT + 2.0 / 8.0,
            dealt: 44.0 + 16.0 + POWER_DEALT + 16.0,
        },
        guarded("silu", |x| x.silu(), |x| x * logistic(x), |_| 7e-5, 16.0, 2.0, 2.0),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    rounds: u64,
    sent: u64,
    dealt: u64,
}

async fn measure(s: &Session, case: &Case, points: &[f64]) -> (Tensor<Secret>, Cost) {
    let x = alice(s, points.len(), |i| points[i]);
    s.flush();
    let (before, dealt) = (s.traffic().total, s.dealer_sent());
    let y = (case.program)(&x);
    s.flush();
    let spent = s.traffic().total - before;
    (y, Cost { rounds: spent.rounds, sent: spent.sent, dealt: s.dealer_sent() - dealt })
}

/// The largest error, and by how much it is within the claim.
fn run(case: &Case, protocol: ProtocolKind, parties: usize, count: usize) -> (f64, f64, Cost) {
    let points = points(count);
    let sim = Sim::new(parties).protocol(protocol).seed(7);
    let (values, cost) = agreed(sim.run(async |s: Session| {
        let (y, cost) = measure(&s, case, &points).await;
        Ok((y.reveal().await?.into_raw_vec_and_offset().0, cost))
    }));
    let counted = std::cell::Cell::new(cost);
    let explained = sim.explain(async |s: Session| {
        counted.set(measure(&s, case, &points).await.1);
        Ok(())
    });
    assert!(explained.is_ok() && counted.get() == cost, "the cost report of {}: {:?}", case.name, counted.get());
    let (mut largest, mut worst, mut place) = (0f64, 0f64, (0.0, 0.0));
    for (&x, y) in points.iter().zip(values) {
        let expected = (case.clear)(x);
        let error = (y - expected).abs();
        largest = largest.max(error / expected.abs().max(1.0));
        if error / (case.tolerance)(expected) > worst {
            (worst, place) = (error / (case.tolerance)(expected), (x, y));
        }
    }
    let (x, y) = place;
    let name = case.name;
    assert!(worst <= 1.0, "{name} with {parties} parties: {y} at {x:?}, not {}: {worst} claims", (case.clear)(x));
    (largest, worst, cost)
}

/// An element count that fills whole planes, so that bytes are exact multiples.
const COUNT: usize = 20_480;

#[test]
fn two_parties_are_within_the_claims_at_the_documented_cost() {
    for case in cases() {
        let (largest, worst, cost) = run(&case, ProtocolKind::Dealer, 2, COUNT);
        let each = |bytes: u64| bytes as f64 / COUNT as f64;
        eprintln!("{:16} {cost:?}, error {largest:.1e}, {worst:.2} of the claim", case.name);
        let found = (cost.rounds, each(cost.sent), each(cost.dealt));
        assert_eq!(found, (case.rounds, case.sent, case.dealt), "{}", case.name);
    }
}

#[test]
fn three_parties_and_the_clear_protocol_agree() {
    for case in cases() {
        run(&case, ProtocolKind::Dealer, 3, 2_000);
        run(&case, ProtocolKind::Plain, 2, 2_000);
    }
}

#[test]
fn quotients_are_as_precise_as_they_say() {
    let all = points(6_000);
    let pairs: Vec<(f64, f64)> = (0..all.len())
        .map(|i| (all[i], all[(i * 4_001 + 17) % all.len()]))
        .filter(|(a, b)| (a / b.abs().max(ULP)).abs() < 2f64.powi(18))
        .collect();
    for (protocol, parties) in [(ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Plain, 2)] {
        let (values, rounds) = agreed(Sim::new(parties).protocol(protocol).run(async |s: Session| {
            let (a, b) = (alice(&s, pairs.len(), |i| pairs[i].0), bob(&s, pairs.len(), |i| pairs[i].1));
            s.flush();
            let before = s.traffic().total.rounds;
            let y = &a / &b;
            s.flush();
            let rounds = s.traffic().total.rounds - before;
            Ok((y.reveal().await?.into_raw_vec_and_offset().0, rounds))
        }));
        assert_eq!(rounds, if protocol == ProtocolKind::Dealer { 10 } else { 0 });
        for (&(a, b), y) in pairs.iter().zip(values) {
            let expected = a / b.abs().max(ULP).copysign(b);
            let share = if b.abs() < 16384.0 { 0.5f64.powi(12) } else { 0.5f64.powi(11) };
            let claim = (expected.abs() * share).max(0.5f64.powi(13));
            assert!((y - expected).abs() <= claim, "{a} / {b} is {expected}, not {y}");
        }
    }
}

/// Rows of logits: moderate, equal, one that dominates, and a few that share.
fn logit(n: usize, k: usize) -> f64 {
    let (row, i) = (k / n, k % n);
    match row % 5 {
        0 => ((k * 7919) % 1009) as f64 / 100.0 - 5.0,
        1 => 3.25,
        2 if i == n / 2 => 40.0,
        2 => -100.0 - i as f64,
        3 => -((i % 13) as f64) * 1.7,
        _ => ((k * 31) % 997) as f64 * 50.0 - 20_000.0,
    }
}

fn row(n: usize, row: usize) -> Vec<f64> {
    (0..n).map(|i| logit(n, row * n + i)).collect()
}

fn logsumexp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::MIN, f64::max);
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

#[test]
fn softmax_and_its_logarithm_of_many() {
    for (parties, n) in [(2, 1), (2, 2), (2, 10), (2, 1000), (3, 37), (2, 4096)] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, [5, n], |k| logit(n, k));
            s.flush();
            let start = s.traffic().total.rounds;
            let y = x.softmax(1);
            s.flush();
            let rounds = s.traffic().total.rounds - start;
            let levels = u64::from(n.next_power_of_two().ilog2());
            assert_eq!(rounds, 4 * levels + 14, "{n}");
            let columns = x.t().softmax(0).t();
            let log = x.log_softmax(1);
            let total = x.logsumexp(1);
            let lse: Vec<f64> = (0..5).map(|r| logsumexp(&row(n, r))).collect();
            let clear = || (0..5 * n).map(|k| logit(n, k) - lse[k / n]);
            let found = y.reveal().await?;
            let sums: Vec<f64> = found.rows().into_iter().map(|row| row.sum()).collect();
            close(sums, vec![1.0; 5], 2.0 * ULP * (n as f64).sqrt() + 1e-4);
            close(found, clear().map(f64::exp), 5e-5);
            close(columns.reveal().await?, clear().map(f64::exp), 5e-5);
            close(log.reveal().await?, clear(), 1e-4);
            close(total.reveal().await?, lse.iter().copied(), 1e-4);
            Ok(())
        }));
    }
}

#[test]
fn rows_are_normalised_in_14_rounds() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [4, 50], |k| logit(50, k + 50 * (k / 50 / 2)) / 8.0);
        s.flush();
        let before = s.traffic().total.rounds;
        let y = x.layer_norm(1e-3);
        s.flush();
        assert_eq!(s.traffic().total.rounds - before, 14);
        let (x, y) = (x.reveal().await?, y.reveal().await?);
        for (x, y) in x.rows().into_iter().zip(y.rows()) {
            let mean = x.sum() / 50.0;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 50.0;
            close(y.iter().copied(), x.iter().map(|x| (x - mean) / (variance + 1e-3).sqrt()), 8e-4);
        }
        Ok(())
    }));
}
