//! Trigonometric series, and the dealer's waves for them. See [`Series`].

use super::{
    Cpu, CpuArray,
    parts::{self, Vectorised},
};
use crate::{backend::Series, ring::Ring};

/// Elements whose waves are read at a time: they stay in the first cache.
const BLOCK: usize = 64;

impl Cpu {
    /// The waves of masks (see [`Series`]), `2 * harmonics` for each, less `others`.
    pub(crate) fn waves<R: Ring>(
        &self,
        (period_log2, fraction_bits): (u32, u32),
        harmonics: usize,
        masks: &CpuArray<R>,
        others: &CpuArray<R>,
    ) -> CpuArray<R> {
        let (width, masks, others) = (2 * harmonics, masks.operand(), others.operand());
        assert_eq!(others.len(), masks.len() * width, "all waves of each element");
        if width == 0 {
            return Vec::new().into();
        }
        let waves = parts::rows(masks.len(), width, || {
            let (mut room, mut other_room) = (Vec::new(), Vec::new());
            move |from, waves: &mut [R]| {
                let masks = masks.part(from / width..(from + waves.len()) / width, &mut room);
                let others = others.part(from..from + waves.len(), &mut other_room);
                self.level.run(Waves { period_log2, fraction_bits, harmonics, masks, others, waves });
            }
        });
        waves.into()
    }

    /// The series of opened values from shares of the waves of their masks.
    pub(super) fn combined<R: Ring>(
        &self,
        series: &Series,
        fraction_bits: u32,
        m: &CpuArray<R>,
        waves: &CpuArray<R>,
        first: bool,
    ) -> CpuArray<R> {
        let (width, m, waves) = (2 * series.harmonics(), m.operand(), waves.operand());
        assert_eq!(waves.len(), width * m.len(), "all waves of each element");
        let constant = if first { series.scaled_constant() } else { R::ZERO };
        let sums = parts::build(m.len(), || {
            let (mut room, mut wave_room) = (Vec::new(), Vec::new());
            move |from, sums: &mut [R]| {
                for (number, sums) in sums.chunks_mut(BLOCK).enumerate() {
                    let from = from + number * BLOCK;
                    let to = from + sums.len();
                    let (m, waves) =
                        (m.part(from..to, &mut room), waves.part(from * width..to * width, &mut wave_room));
                    self.level.run(Combine { series, fraction_bits, constant, m, waves, sums });
                }
            }
        });
        sums.into()
    }
}

struct Waves<'a, R> {
    period_log2: u32,
    fraction_bits: u32,
    harmonics: usize,
    masks: &'a [R],
    others: &'a [R],
    waves: &'a mut [R],
}

impl<R: Ring> Vectorised for Waves<'_, R> {
    #[inline(always)]
    fn run(self) {
        Series::waves(self.period_log2, self.fraction_bits, self.harmonics, self.masks, self.waves);
        self.waves.iter_mut().zip(self.others).for_each(|(wave, &other)| *wave = R::sub(*wave, other));
    }
}

struct Combine<'a, R> {
    series: &'a Series,
    fraction_bits: u32,
    constant: R,
    m: &'a [R],
    waves: &'a [R],
    sums: &'a mut [R],
}

impl<R: Ring> Vectorised for Combine<'_, R> {
    #[inline(always)]
    fn run(self) {
        self.series.combine(self.fraction_bits, self.constant, self.m, self.waves, self.sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;

    const SERIES: Series =
        Series { period_log2: 5, constant: 0.5, linear: 0.0, sines: &[0.6, -0.1, 0.2], cosines: &[0.3, 0.7, -0.4] };

    fn words<R: Ring>(seed: u64, len: usize) -> Vec<R> {
        let word = |i: u64| (i + 99 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32);
        (0..len as u64).map(|i| R::from_i128((i128::from(word(i)) << 61) + i128::from(word(i + 7)))).collect()
    }

    /// All levels make of odd numbers of elements what one element at a time makes, to the last bit.
    fn agree<R: Ring>() {
        let width = 2 * SERIES.harmonics();
        for len in [0, 1, 7, 8, 9, 63, 65, 700] {
            let (x, others) = (words::<R>(1, len), words::<R>(2, len * width));
            let mut waves = vec![R::ZERO; len * width];
            for (waves, x) in waves.chunks_exact_mut(width).zip(&x) {
                Series::waves(SERIES.period_log2, 16, 3, std::slice::from_ref(x), waves);
            }
            waves.iter_mut().zip(&others).for_each(|(wave, &other)| *wave = R::sub(*wave, other));
            let mut factors = vec![R::ZERO; width];
            let sums: Vec<R> = (x.iter().zip(waves.chunks_exact(width)))
                .map(|(&x, waves)| {
                    SERIES.factors(16, x, &mut factors);
                    let products = factors.iter().zip(waves).map(|(&factor, &wave)| R::mul(factor, wave));
                    products.fold(SERIES.scaled_constant(), R::add)
                })
                .collect();
            for level in Level::ALL.into_iter().filter(|level| level.supported()) {
                let cpu = Cpu::new(level);
                let (x, others) = (CpuArray::from(x.clone()), CpuArray::from(others.clone()));
                let made = cpu.waves((SERIES.period_log2, 16), 3, &x, &others);
                assert_eq!(made.to_vec(), waves, "{level} {len}");
                assert_eq!(cpu.combined(&SERIES, 16, &x, &made, true).to_vec(), sums, "{level} {len}");
            }
        }
    }

    #[test]
    fn all_levels_agree() {
        agree::<u64>();
        agree::<u128>();
        agree::<u32>();
    }

    /// The series of x is what both parties' shares add up to, for the masks and shares of a dealer.
    #[test]
    fn shares_add_up_to_the_series() {
        let (cpu, len, unit) = (Cpu::new(Level::best()), 500, 0.5f64.powi(16));
        let (masks, others) = (words::<u64>(3, len), words::<u64>(4, len * 6));
        let x: Vec<f64> = (0..len).map(|i| (i as f64 - 250.0) / 7.0).collect();
        let open = x.iter().zip(&masks).map(|(x, r)| ((x / unit).round() as i64 as u64).wrapping_add(*r));
        let (open, masks, others) =
            (CpuArray::from(open.collect::<Vec<_>>()), CpuArray::from(masks), CpuArray::from(others));
        let dealt = cpu.waves((SERIES.period_log2, 16), 3, &masks, &others);
        let share = |waves, first| cpu.combined(&SERIES, 16, &open, waves, first).to_vec();
        for ((a, b), x) in share(&dealt, true).into_iter().zip(share(&others, false)).zip(x) {
            let found = a.wrapping_add(b) as i64 as f64 * 0.5f64.powi(48);
            let expected = SERIES.eval((x / unit).round() * unit);
            assert!((found - expected).abs() < 2e-6, "{x}: {found} instead of {expected}");
        }
    }
}
