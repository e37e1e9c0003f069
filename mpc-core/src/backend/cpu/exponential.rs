//! Exponentials of masked values, and what the dealer makes of the masks. See [`Exponential`].

use super::{
    Cpu, CpuArray,
    parts::{self, Vectorised},
};
use crate::{
    backend::{Exponential, exponential::Window},
    ring::Ring,
};

impl Cpu {
    /// What a dealer shares for masks, two for each, less `others`.
    pub(crate) fn decays<R: Ring>(
        &self,
        window: Window,
        masks: &CpuArray<R>,
        others: &CpuArray<u128>,
    ) -> CpuArray<u128> {
        let (masks, others) = (masks.operand(), others.operand());
        assert_eq!(others.len(), 2 * masks.len(), "two for each mask");
        let decays = parts::rows(masks.len(), 2, || {
            let (mut room, mut other_room) = (Vec::new(), Vec::new());
            move |from, decays: &mut [u128]| {
                let masks = masks.part(from / 2..(from + decays.len()) / 2, &mut room);
                let others = others.part(from..from + decays.len(), &mut other_room);
                let decays = decays.as_chunks_mut::<2>().0;
                self.level.run(Decays { window, masks, others: others.as_chunks::<2>().0, decays });
            }
        });
        decays.into()
    }

    /// A party's share of the exponentials of opened values.
    pub(super) fn exponentials<R: Ring>(
        &self,
        e: &Exponential,
        m: &CpuArray<R>,
        decays: &CpuArray<u128>,
        carry: u128,
    ) -> CpuArray<R> {
        let (m, decays, constants) = (m.operand(), decays.operand(), e.constants());
        assert_eq!(decays.len(), 2 * m.len(), "two for each value");
        let shares = parts::build(m.len(), || {
            let (mut room, mut other_room) = (Vec::new(), Vec::new());
            move |from, shares: &mut [R]| {
                let to = from + shares.len();
                let (m, decays) = (m.part(from..to, &mut room), decays.part(2 * from..2 * to, &mut other_room));
                let decays = decays.as_chunks::<2>().0;
                self.level.run(Shares { e, constants, m, decays, carry, shares });
            }
        });
        shares.into()
    }
}

struct Decays<'a, R> {
    window: Window,
    masks: &'a [R],
    others: &'a [[u128; 2]],
    decays: &'a mut [[u128; 2]],
}

impl<R: Ring> Vectorised for Decays<'_, R> {
    #[inline(always)]
    fn run(self) {
        self.window.decays(self.masks, self.decays);
        for ([first, second], others) in self.decays.iter_mut().zip(self.others) {
            (*first, *second) = (first.wrapping_sub(others[0]), second.wrapping_sub(others[1]));
        }
    }
}

struct Shares<'a, R> {
    e: &'a Exponential,
    constants: [f64; 2],
    m: &'a [R],
    decays: &'a [[u128; 2]],
    carry: u128,
    shares: &'a mut [R],
}

impl<R: Ring> Vectorised for Shares<'_, R> {
    #[inline(always)]
    fn run(self) {
        self.e.shares(self.constants, self.m, self.decays, self.carry, self.shares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Level};

    /// All levels make of any number of elements what one element at a time makes, to the last bit.
    #[test]
    fn all_levels_agree() {
        let window = Window { log2: 21, from: 16 };
        let e = Exponential { to: 16, start: -726_817, window };
        let word = |i: u64| (i + 5).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32);
        let wide = |i: u64| u128::from(word(i)) << 64 | u128::from(word(i + 9));
        for len in [0, 1, 63, 64, 65, 3000, (1 << 16) + parts::PIECE + 77] {
            let masks: Vec<u64> = (0..len as u64).map(word).collect();
            let others: Vec<u128> = (0..2 * len as u64).map(wide).collect();
            let (mut made, mut shares) = (Vec::new(), Vec::new());
            for (i, &mask) in masks.iter().enumerate() {
                let (mut pair, mut share) = ([[0; 2]], [0]);
                window.decays(&[mask], &mut pair);
                let pair = [0, 1].map(|j| pair[0][j].wrapping_sub(others[2 * i + j]));
                e.shares(e.constants(), &[mask], &[pair], 1 << 64, &mut share);
                made.extend(pair);
                shares.extend(share);
            }
            for cpu in Level::ALL.into_iter().filter(|level| level.supported()).map(Cpu::new) {
                let (masks, others) = (cpu.upload(masks.clone()), cpu.upload(others.clone()));
                let found = cpu.decays(window, &masks, &others);
                assert!(cpu.download(&found) == made, "{} {len}", cpu.level());
                assert!(cpu.download(&cpu.exponential(&e, &masks, &found, 1 << 64)) == shares, "{} {len}", cpu.level());
            }
        }
    }
}
