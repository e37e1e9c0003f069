//! Every step, under every protocol, at several numbers of parties: the value is the clear one within the op's tolerance,
//! and the measured rounds and bytes are those of the protocol's table (mpc-core/src/protocol/dealer/mod.rs) exactly. The
//! cost report, which computes nothing, gives the same numbers.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};
use std::collections::BTreeMap;

/// Elements: several words of bits, the last one not full.
const N: usize = 200;

/// Rounds; bytes sent by each party to each other; bytes from the dealer to all parties together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cost {
    rounds: u64,
    sent: u64,
    dealt: u64,
}

impl Cost {
    const fn new(rounds: u64, sent: u64, dealt: u64) -> Self {
        Self { rounds, sent, dealt }
    }

    /// After: rounds add up.
    fn then(self, other: Self) -> Self {
        Self::new(self.rounds + other.rounds, self.sent + other.sent, self.dealt + other.dealt)
    }

    /// At the same time: rounds are shared.
    fn beside(self, other: Self) -> Self {
        Self::new(self.rounds.max(other.rounds), self.sent + other.sent, self.dealt + other.dealt)
    }
}

const FREE: Cost = Cost::new(0, 0, 0);

/// The rows of the dealer protocol's table, for n elements; a plane of n bits is whole words.
struct Rows {
    parties: usize,
    n: u64,
}

impl Rows {
    fn plane(&self) -> u64 {
        8 * self.n.div_ceil(64)
    }
    fn open(&self) -> Cost {
        Cost::new(1, 8 * self.n, 0)
    }
    fn bilinear(&self) -> Cost {
        Cost::new(0, 0, 8 * self.n)
    }
    fn truncate(&self) -> Cost {
        if self.parties == 2 { Cost::new(1, self.plane(), 8 * self.n) } else { Cost::new(1, 8 * self.n, 16 * self.n) }
    }
    fn compare(&self, thresholds: u64) -> Cost {
        Cost::new(2, 33 * thresholds * self.plane(), 32 * self.n + 96 * thresholds * self.plane())
    }
    fn choose(&self, wires: u64) -> Cost {
        Cost::new(1, self.plane(), 8 * self.n + 8 * self.n * wires)
    }
    fn equal(&self) -> Cost {
        Cost::new(2, 20 * self.plane(), 32 * self.n + 55 * self.plane())
    }
    fn and(&self) -> Cost {
        Cost::new(1, 2 * self.plane(), self.plane())
    }
    fn series(&self) -> Cost {
        Cost::new(0, 0, 16 * 16 * self.n)
    }
    fn sigmoid(&self) -> Cost {
        // The rescaled series is opened while the comparison goes on.
        let series = self.series().then(self.truncate()).then(self.open());
        series.beside(self.compare(2)).then(self.choose(1).beside(self.choose(0)))
    }
    fn softplus(&self) -> Cost {
        let series = self.series().then(self.truncate()).then(self.open());
        series.beside(self.compare(2)).then(self.choose(1).beside(self.choose(1)))
    }
}

type Program = fn(&Session, &Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>;

struct Case {
    name: &'static str,
    program: Program,
    clear: fn(f64, f64) -> f64,
    /// In units of the last place.
    ulps: f64,
    cost: fn(&Rows) -> Cost,
}

fn x_at(i: usize) -> f64 {
    (i as f64 - 100.0) * 0.37 + 0.013
}

fn y_at(i: usize) -> f64 {
    ((i * 7919) % 389) as f64 / 31.0 - 6.0
}

fn cases() -> Vec<Case> {
    let case = |name, program, clear, ulps, cost| Case { name, program, clear, ulps, cost };
    vec![
        case("add", |_, x, y| x + y, |x, y| x + y, 1.0, |_| FREE),
        case("sub", |_, x, y| x - y, |x, y| x - y, 1.0, |_| FREE),
        case("neg", |_, x, _| -x, |x, _| -x, 0.5, |_| FREE),
        case("times an integer", |_, x, _| x * -3.0, |x, _| -3.0 * x, 1.5, |_| FREE),
        case("plus a number", |_, x, _| x + 0.25, |x, _| x + 0.25, 0.5, |_| FREE),
        case("times a number", |_, x, _| x * 0.3, |x, _| 0.3 * x, 11.0, |r| r.truncate()),
        case("view", |_, x, _| x.reshape([20, 10]).t().t().reshape(N), |x, _| x, 0.5, |_| FREE),
        case(
            "mul",
            |_, x, y| x * y,
            |x, y| x * y,
            25.0, // the factors' own rounding, times the other factor
            |r| r.open().beside(r.open()).then(r.bilinear()).then(r.truncate()),
        ),
        case(
            "square",
            |_, x, _| x * x,
            |x, _| x * x,
            40.0,
            |r| r.open().then(r.bilinear()).then(r.truncate()), // one wire, opened once
        ),
        case(
            "mul by public",
            |s, x, _| x * s.public(N, &(0..N).map(y_at).collect::<Vec<_>>()),
            |x, y| x * y,
            25.0,
            |r| r.truncate(),
        ),
        case(
            "step",
            |_, x, _| x.step(),
            |x, _| f64::from(x >= 0.0),
            0.0,
            |r| r.open().then(r.compare(1)).then(r.choose(0)),
        ),
        case(
            "x < y",
            |_, x, y| x.lt(y).number(),
            |x, y| f64::from(x < y),
            0.0,
            |r| r.open().then(r.compare(1)).then(r.choose(0)),
        ),
        case(
            "x > 0.25 or x = y, and not x > 30",
            |_, x, y| ((x.gt(0.25) | x.equal(y)) & !x.gt(30.0)).number(),
            |x, y| f64::from((x > 0.25 || x == y) && x <= 30.0),
            0.0,
            |r| {
                // One opening of x serves both orders; x - y is opened beside it.
                let bits = r.open().then(r.compare(1)).beside(r.compare(1)).beside(r.open().then(r.equal()));
                let rounds = Cost::new(3, bits.sent, bits.dealt);
                rounds.then(r.and()).then(r.and()).then(r.choose(0))
            },
        ),
        case(
            "equality with a number",
            |_, x, _| x.equal(4.083).number(),
            |x, _| f64::from((x - 4.083).abs() < ULP / 2.0),
            0.0,
            |r| r.open().then(r.equal()).then(r.choose(0)),
        ),
        case("relu", |_, x, _| x.relu(), |x, _| x.max(0.0), 0.5, |r| r.open().then(r.compare(1)).then(r.choose(1))),
        case("abs", |_, x, _| x.abs(), |x, _| x.abs(), 0.5, |r| r.open().then(r.compare(1)).then(r.choose(1))),
        case(
            "sign",
            |_, x, _| x.sign(),
            |x, _| x.signum(),
            0.0,
            |r| r.open().then(r.compare(1).beside(r.compare(1))).then(r.choose(0).beside(r.choose(0))),
        ),
        case(
            "clamp",
            |_, x, _| x.clamp(-1.5, 6.0),
            |x, _| x.clamp(-1.5, 6.0),
            0.5,
            |r| {
                let choices = r.choose(1).beside(r.choose(1)).beside(r.choose(0)).beside(r.choose(0));
                r.open().then(r.compare(1).beside(r.compare(1))).then(choices)
            },
        ),
        case(
            "leaky relu",
            |_, x, _| x.leaky_relu(0.25),
            |x, _| if x < 0.0 { 0.25 * x } else { x },
            2.0,
            |r| r.open().then(r.compare(1)).then(r.choose(1)).then(r.truncate()),
        ),
        case("maximum", |_, x, y| x.maximum(y), f64::max, 1.0, |r| r.open().then(r.compare(1)).then(r.choose(1))),
        case("minimum", |_, x, y| x.minimum(y), f64::min, 1.0, |r| r.open().then(r.compare(1)).then(r.choose(1))),
        case(
            "select",
            |_, x, y| x.gt(y).select(&(x * 2.0), y),
            |x, y| if x > y { 2.0 * x } else { y },
            2.0,
            |r| r.open().then(r.compare(1)).beside(r.open()).then(r.choose(1)),
        ),
        case("sigmoid", |_, x, _| x.sigmoid(), |x, _| 1.0 / (1.0 + (-x).exp()), 4.0, |r| r.open().then(r.sigmoid())),
        case(
            "softplus",
            |_, x, _| x.softplus(),
            |x, _| x.max(0.0) + (-x.abs()).exp().ln_1p(),
            4.0,
            |r| r.open().then(r.softplus()),
        ),
        case(
            "k at once",
            |_, x, y| x.sigmoid() + y.sigmoid(),
            |x, y| 1.0 / (1.0 + (-x).exp()) + 1.0 / (1.0 + (-y).exp()),
            8.0,
            |r| r.open().then(r.sigmoid()).beside(r.open().then(r.sigmoid())), // as many rounds as one
        ),
    ]
}

/// What it costs to run a program on inputs that are shared already.
async fn measure(s: &Session, program: Program) -> (Tensor<Secret>, Cost) {
    let (x, y) = (alice(s, N, x_at), bob(s, N, y_at));
    s.flush();
    let (before, dealt) = (s.traffic().total, s.dealer_sent());
    let z = program(s, &x, &y);
    s.flush();
    let spent = s.traffic().total - before;
    (z, Cost::new(spent.rounds, spent.sent, s.dealer_sent() - dealt))
}

fn check(protocol: ProtocolKind, parties: usize, expected: impl Fn(&Case, &Rows) -> Cost) {
    let peers = parties as u64 - 1;
    for case in cases() {
        let sim = Sim::new(parties).protocol(protocol);
        let (value, cost) = agreed(sim.run(async |s: Session| {
            let (z, cost) = measure(&s, case.program).await;
            Ok((z.reveal().await?.into_raw_vec_and_offset().0, cost))
        }));
        let context = format!("{} with {protocol:?} at {parties} parties", case.name);
        eprintln!("{context}: {cost:?}");
        assert_eq!(value.len(), N, "{context}");
        for (i, value) in value.into_iter().enumerate() {
            let expected = (case.clear)(x_at(i), y_at(i));
            assert!((value - expected).abs() <= case.ulps * ULP, "{context}, element {i}: {value}, not {expected}");
        }
        let mut expected = expected(&case, &Rows { parties, n: N as u64 });
        expected.sent *= peers;
        assert_eq!(cost, expected, "{context}");

        let counted = std::cell::Cell::new(FREE);
        sim.explain(async |s: Session| {
            counted.set(measure(&s, case.program).await.1);
            Ok(())
        })
        .unwrap();
        assert_eq!(counted.get(), cost, "the cost report of {context}");
    }
}

#[test]
fn dealer_with_two_parties() {
    check(ProtocolKind::Dealer, 2, |case, rows| (case.cost)(rows));
}

#[test]
fn dealer_with_three_parties() {
    check(ProtocolKind::Dealer, 3, |case, rows| (case.cost)(rows));
}

#[test]
fn dealer_with_five_parties() {
    check(ProtocolKind::Dealer, 5, |case, rows| (case.cost)(rows));
}

#[test]
fn plain_computes_in_the_clear() {
    for parties in [2, 3, 5] {
        check(ProtocolKind::Plain, parties, |_, _| FREE);
    }
}

#[test]
fn matrix_products_open_their_operands_and_nothing_else() {
    let (m, k, n) = (7, 30, 5);
    for parties in [2, 3, 5] {
        let peers = parties as u64 - 1;
        agreed(Sim::new(parties).run(async |s: Session| {
            let (a, b) = (alice(&s, [m, k], x_at), bob(&s, [n, k], y_at));
            s.flush();
            let before = s.traffic().total;
            let z = a.matmul(&b.t());
            s.flush();
            let spent = s.traffic().total - before;
            let operands = Rows { parties, n: ((m + n) * k) as u64 };
            let result = Rows { parties, n: (m * n) as u64 };
            let expected = operands.open().then(result.bilinear()).then(result.truncate());
            assert_eq!((spent.rounds, spent.sent), (expected.rounds, expected.sent * peers));
            let dot = |i: usize, j: usize| (0..k).map(|l| x_at(i * k + l) * y_at(j * k + l)).sum::<f64>();
            close(z.reveal().await?, (0..m * n).map(|at| dot(at / n, at % n)), 30.0 * 30.0 * ULP);
            Ok(())
        }));
    }
}

#[test]
fn sums_concatenations_and_slices_are_free_and_exact() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let (x, y) = (alice(&s, [4, 6], |i| i as f64), bob(&s, [4, 2], |i| 100.0 + i as f64));
            let z = x.concat(&y, 1);
            let (columns, rows) = (z.sum_axes(&[0]), z.sum_axes(&[1]));
            let odd = z.slice_step(1, 1..8, 2).flip(0);
            let repeated = z.sum_axes(&[0, 1]).expand([2, 2]);
            s.flush();
            assert_eq!(s.traffic().total, Default::default());
            let at = |i: usize, j: usize| if j < 6 { (6 * i + j) as f64 } else { 100.0 + (2 * i + j - 6) as f64 };
            close(columns.reveal().await?, (0..8).map(|j| (0..4).map(|i| at(i, j)).sum()), 0.0);
            close(rows.reveal().await?, (0..4).map(|i| (0..8).map(|j| at(i, j)).sum()), 0.0);
            close(odd.reveal().await?, (0..16).map(|k| at(3 - k / 4, 1 + 2 * (k % 4))), 0.0);
            let total: f64 = (0..32).map(|k| at(k / 8, k % 8)).sum();
            close(repeated.reveal().await?, [total; 4], 0.0);
            Ok(())
        }));
    }
}

#[test]
fn traffic_by_scope_adds_up() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, y) = (alice(&s, 64, x_at), bob(&s, 64, y_at));
        let z = {
            let _layer = s.scope("layer");
            x * y
        };
        z.sigmoid().reveal().await?;
        let traffic = s.traffic();
        let sent: u64 = traffic.scopes.values().map(|count| count.sent).sum();
        assert_eq!(sent, traffic.total.sent);
        let by_scope: BTreeMap<_, _> = traffic.scopes.iter().map(|(scope, count)| (&**scope, count.sent)).collect();
        // A wire's opening is counted where the wire was made.
        assert_eq!(by_scope["share"], 2 * 512);
        assert_eq!(by_scope["layer/mul"], 8 + 512);
        assert_eq!(by_scope["reveal"], 512);
        Ok(())
    }));
}
