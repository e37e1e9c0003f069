//! Where operators are tried: edges, zero, powers of two and their neighbours, then a mixture over all magnitudes.

pub(crate) const ULP: f64 = 1.0 / 65536.0;
/// The largest number of a session with 16 fractional bits.
pub(crate) const LARGEST: f64 = (1u64 << 30) as f64 - ULP;

fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

fn round(x: f64) -> f64 {
    ((x / ULP).round() * ULP).clamp(-LARGEST, LARGEST) + 0.0 // no -0
}

/// Numbers over the whole range.
pub(crate) fn whole(count: usize) -> Vec<f64> {
    let mut points = vec![0.0, ULP, LARGEST, 20.0, 12.0, 6.0, 5.0, 4.0, 3.5, 13.0];
    for power in -16..30 {
        let x = 2f64.powi(power);
        points.extend([x - ULP, x, x + ULP, 3.0 * x / 2.0]);
    }
    points.extend(points.clone().into_iter().map(|x| -x));
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    while points.len() < count {
        let sign = if uniform(&mut state) < 0.5 { -1.0 } else { 1.0 };
        points.push(match points.len() % 4 {
            0 => 2.0 * uniform(&mut state) * sign,
            1 => 8.0 * uniform(&mut state) * sign,
            2 => 24.0 * uniform(&mut state) * sign,
            _ => 2f64.powf(uniform(&mut state) * 46.0 - 16.0) * sign,
        });
    }
    points.truncate(count);
    points.into_iter().map(round).collect()
}

/// Pairs over the whole range for which a condition holds; the larger of others is halved until it does.
pub(crate) fn pairs(count: usize, holds: fn(f64, f64) -> bool) -> (Vec<f64>, Vec<f64>) {
    let all = whole(count);
    (0..count)
        .map(|i| {
            let (mut x, mut y) = (all[i], all[(i * 4_001 + 17) % count]);
            while !holds(x, y) {
                let larger = if x.abs() >= y.abs() { &mut x } else { &mut y };
                *larger = round(*larger / 2.0);
            }
            (x, y)
        })
        .unzip()
}

/// Numbers of moderate size, as in a network.
pub(crate) fn moderate(count: usize) -> Vec<f64> {
    let mut state = 7;
    (0..count).map(|_| round(16.0 * uniform(&mut state) - 8.0)).collect()
}

/// Rows of logits: moderate, equal, one that dominates, and spread over thousands.
pub(crate) fn logits(rows: usize, n: usize) -> Vec<f64> {
    let value = |row: usize, i: usize| match row % 5 {
        0 => (((row * n + i) * 7919) % 1009) as f64 / 100.0 - 5.0,
        1 => 3.25,
        2 if i == n / 2 => 40.0,
        2 => -100.0 - i as f64,
        3 => -((i % 13) as f64) * 1.7,
        _ => (((row * n + i) * 31) % 997) as f64 * 50.0 - 20_000.0,
    };
    (0..rows * n).map(|k| round(value(k / n, k % n))).collect()
}
