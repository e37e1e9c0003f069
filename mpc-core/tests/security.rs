//! What the wires show: nothing that depends on a secret.

mod common;

use common::{Alice, Bob, agreed, alice, bob, payload};
use mpc_comm::{Kind, PartyId, Transcript};
use mpc_core::{ProtocolKind, Result, Session, sim::Sim};

const N: usize = 4096;

/// Everything that opens something: products, truncations, comparisons, one or many of one opening, choices, with a sign or without,
/// series, exponentials.
async fn program(s: Session, x: impl Fn(usize) -> f64, y: impl Fn(usize) -> f64) -> Result<f64> {
    let (x, y) = (alice(&s, N, x), bob(&s, N, y));
    let z = (&x * &y).sigmoid() + (&x * 0.3).step() + y.softplus() + x.exp() + y.reciprocal();
    let row = x.slice(0, 0..N / 2).reshape([1, N / 2]).matmul(&y.slice(0, N / 2..N).reshape([N / 2, 1]));
    (z.mean() + row.sum() * 0.001).reveal().item().await
}

#[test]
fn other_secrets_give_the_same_frames_in_the_same_order() {
    for parties in [2, 3] {
        let shape = |scale: f64, offset: f64| {
            let transcript = Transcript::new();
            agreed(Sim::new(parties).transcript(&transcript).run(async |s: Session| {
                program(s, |i| scale * i as f64 / N as f64 + offset, |i| offset - scale * (i % 7) as f64).await
            }));
            transcript.shape()
        };
        let (zeros, large) = (shape(0.0, 0.0), shape(20.0, -9.0));
        assert!(zeros.values().map(Vec::len).sum::<usize>() > 20);
        assert_eq!(zeros, large);
    }
}

/// Words of the rounds between compute parties, by sender, and of the dealer, in a run on given secrets.
fn words(protocol: ProtocolKind, x: f64, y: f64) -> Vec<u64> {
    let transcript = Transcript::with_words();
    agreed(Sim::new(2).protocol(protocol).transcript(&transcript).run(async |s: Session| {
        // No reveal: what is revealed is meant to be seen.
        let z = alice(&s, N, |_| x) * bob(&s, N, |_| y);
        let z = z.sigmoid() + z.step() + z.exp() + z.reciprocal() + z.log();
        s.flush();
        drop(z);
        Ok(())
    }));
    let entries =
        transcript.between(PartyId(0), PartyId(1)).into_iter().chain(transcript.between(PartyId(1), PartyId(0)));
    entries.filter(|entry| entry.kind == Kind::Round).flat_map(payload).collect()
}

/// Pearson's statistic of the bytes, which has mean 255 and standard deviation 22.6 if they are uniform.
fn chi_square(words: &[u64]) -> f64 {
    let mut counts = [0f64; 256];
    words.iter().flat_map(|word| word.to_le_bytes()).for_each(|byte| counts[usize::from(byte)] += 1.0);
    let expected = words.len() as f64 * 8.0 / 256.0;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

#[test]
fn what_is_opened_is_uniform_whatever_the_secrets() {
    for (x, y) in [(0.0, 0.0), (1.0, 1.0), (-3.0, 1000.0)] {
        let opened = words(ProtocolKind::Dealer, x, y);
        assert!(opened.len() > 4 * N);
        let statistic = chi_square(&opened);
        assert!((150.0..420.0).contains(&statistic), "secrets {x}, {y}: {statistic}");
    }
    // The test can fail: the clear protocol sends the secrets as they are.
    assert!(chi_square(&words(ProtocolKind::Plain, 1.0, 1.0)) > 10_000.0);
}

#[test]
fn revealing_a_sum_shows_no_summand() {
    // Alice's and Bob's numbers, widened without shares of zero of their own: only the sum may be seen by the third party.
    let transcript = Transcript::with_words();
    let seen = agreed(Sim::new(3).transcript(&transcript).run(async |s: Session| {
        let a = s.input::<Alice>(1, || vec![3.0]).concat(&alice(&s, 1, |_| 0.0), 0);
        let b = s.input::<Bob>(1, || vec![4.0]).concat(&bob(&s, 1, |_| 0.0), 0);
        (a.slice(0, 0..1) + b.slice(0, 0..1)).reveal().item().await
    }));
    assert_eq!(seen, 7.0);
    let sent: Vec<u64> = [0, 1]
        .into_iter()
        .flat_map(|party| transcript.between(PartyId(party), PartyId(2)))
        .filter(|entry| entry.kind == Kind::Round)
        .flat_map(payload)
        .collect();
    assert_eq!(sent.len(), 2);
    assert!(!sent.contains(&(3 << 16)) && !sent.contains(&(4 << 16)), "{sent:?}");
}

#[test]
fn every_mask_is_used_once() {
    // Two runs of one program on the same secrets share no opened word; nor do two steps of one run.
    let (first, second) = (words(ProtocolKind::Dealer, 1.0, 1.0), words(ProtocolKind::Dealer, 1.0, 1.0));
    let mut all: Vec<u64> = first.into_iter().chain(second).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_fixed_seed_repeats_a_run_and_another_does_not() {
    let run = |seed: u64| {
        let transcript = Transcript::with_words();
        agreed(
            Sim::new(2)
                .seed(seed)
                .transcript(&transcript)
                .run(async |s: Session| (alice(&s, 8, |i| i as f64) * bob(&s, 8, |_| 2.0)).reveal().await),
        );
        transcript.between(PartyId(0), PartyId(1))
    };
    assert!(run(1) == run(1));
    assert!(run(1) != run(2));
}

#[test]
fn the_dealer_hears_nothing_that_depends_on_data() {
    let heard = |x: f64| {
        let transcript = Transcript::with_words();
        agreed(Sim::new(3).transcript(&transcript).run(async |s: Session| program(s, |_| x, |i| x * i as f64).await));
        let from = |party: u16| transcript.between(PartyId(party), PartyId::DEALER);
        assert!(from(1).iter().chain(&from(2)).all(|entry| entry.kind == Kind::Bye));
        from(0).into_iter().map(|entry| entry.body).collect::<Vec<_>>()
    };
    assert!(heard(0.0) == heard(5.5));
}

#[test]
fn debug_shows_no_value() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = s.input::<Alice>([2, 2], || vec![1234.5; 4]);
        let y = s.input::<Bob>([2, 2], || vec![1234.5; 4]).share();
        let shown = format!("{x:?} {y:?} {:?} {s:?} {:?}", &x * &y, s.ledger());
        assert!(shown.contains("Tensor[2, 2]") && !shown.contains("1234"), "{shown}");
        Ok(())
    }));
}
