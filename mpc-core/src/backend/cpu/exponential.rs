//! Exponentials of masked values, and what the dealer makes of the masks. See [`Exponential`].

use super::{Cpu, CpuArray, parts};
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
                for ((out, &mask), others) in
                    decays.as_chunks_mut::<2>().0.iter_mut().zip(masks).zip(others.as_chunks::<2>().0)
                {
                    let [first, second] = window.decays(mask);
                    *out = [first.wrapping_sub(others[0]), second.wrapping_sub(others[1])];
                }
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
                for ((share, &m), &decays) in shares.iter_mut().zip(m).zip(decays.as_chunks::<2>().0) {
                    *share = e.share(constants, m, decays, carry);
                }
            }
        });
        shares.into()
    }
}
