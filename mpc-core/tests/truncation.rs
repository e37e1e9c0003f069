//! Products at magnitudes where local truncation fails: no wrap-around, an error of 0 or 1 unit of the last place, and no
//! bias. `cargo test --release -- --ignored` runs ten million.

mod common;

use common::{Alice, Bob, agreed};
use mpc_core::{Session, sim::Sim};

/// A deterministic stream of 64-bit numbers (splitmix64).
fn random(index: u64) -> u64 {
    let mut z = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Two factors as raw fixed-point integers; magnitudes of all sizes, with a product below 2^61: 2^45 after the rescale.
fn factors(index: u64) -> (i64, i64) {
    let (a, b, sizes) = (random(3 * index), random(3 * index + 1), random(3 * index + 2));
    let a_bits = 16 + sizes % 29; // up to 2^44
    let b_bits = (61 - a_bits).min(44);
    let b_bits = b_bits - if sizes >> 32 & 3 == 0 { sizes >> 40 & 7 } else { 0 }; // three in four at the limit
    let signed = |x: u64, bits: u64| {
        let magnitude = (x >> 1 & ((1 << bits) - 1)) as i64;
        if x & 1 == 0 { magnitude } else { -magnitude }
    };
    (signed(a, a_bits), signed(b, b_bits))
}

/// Multiplies `count` pairs at some parties.
fn products(parties: usize, count: u64) {
    const CHUNK: u64 = 500_000;
    let scale = 65536.0;
    let (mut ones, mut total, mut errors, mut largest) = (0u64, 0u64, 0f64, 0i64);
    for start in (0..count).step_by(CHUNK as usize) {
        let range = start..(start + CHUNK).min(count);
        let len = (range.end - range.start) as usize;
        let values = agreed(Sim::new(parties).run(async |s: Session| {
            let of = |pick: fn((i64, i64)) -> i64| range.clone().map(move |i| pick(factors(i)) as f64 / scale);
            let x = s.input::<Alice>(len, || of(|f| f.0).collect::<Vec<_>>()).share();
            let y = s.input::<Bob>(len, || of(|f| f.1).collect::<Vec<_>>()).share();
            Ok((x * y).reveal().await?.into_raw_vec_and_offset().0)
        }));
        for (i, value) in range.zip(values) {
            let (x, y) = factors(i);
            let exact = i128::from(x) * i128::from(y);
            let (floor, found) = ((exact >> 16) as i64, (value * scale) as i64);
            let error = found - floor;
            assert!(error == 0 || error == 1, "{x} * {y}: off by {error} units with {parties} parties");
            ones += error as u64;
            total += 1;
            errors += found as f64 - floor as f64 - (exact & 0xFFFF) as f64 / scale;
            largest = largest.max(floor.abs());
        }
    }
    assert!(largest > 1 << 44, "the test must reach large magnitudes: {largest}");
    let mean = errors / total as f64;
    assert!(mean.abs() < 5.0 * 0.5 / (total as f64).sqrt(), "biased: {mean} units on average over {total}");
    eprintln!(
        "{parties} parties, {total} products up to 2^{:.2}: {ones} rounded up, mean error {mean:.2e}",
        (largest as f64).log2()
    );
}

#[test]
fn two_parties() {
    products(2, 500_000);
}

#[test]
fn three_parties() {
    products(3, 200_000);
}

#[test]
#[ignore = "ten million products: run with --release"]
fn ten_million() {
    products(2, 10_000_000);
    products(3, 10_000_000);
}

#[test]
fn dropping_few_bits_of_structured_shares_does_not_bias() {
    // A quarter of one unit rounds up once in four, also when the owner's number itself served as the share.
    for parties in [2, 3] {
        let means = agreed(Sim::new(parties).run(async |s: Session| {
            let one = 1.0 / 65536.0;
            let x = s.input::<Alice>(100_000, || vec![one; 100_000]);
            let widened = x.concat(&s.input::<Bob>(1, || vec![one]).share(), 0).slice(0, 0..100_000);
            let mean = |values: ndarray::ArrayD<f64>| values.iter().sum::<f64>() / 100_000.0 / one;
            let shared = (x.share() * 0.25).reveal();
            let widened = (widened * 0.25).reveal();
            Ok([mean(shared.await?), mean(widened.await?)])
        }));
        assert!(means.iter().all(|mean| (mean - 0.25).abs() < 0.01), "{means:?}");
    }
}
