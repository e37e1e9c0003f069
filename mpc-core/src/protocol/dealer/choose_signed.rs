//! Sums of shared bits b_k with public weights, and of bits times one open wire, with the sign of another bit s (docs/protocol.md section 5).
//! All bits are opened under mask bits, `e_k = b_k ^ gamma_k` and `e = s ^ sigma`. With `tau = 1 - 2 sigma` the dealer shares tau,
//! `a_k = gamma_k tau`, and both times the mask l of the wire x = m - l. Then
//!
//! ```text
//! (1 - 2s) b_k = (1 - 2e) (e_k ? tau - a_k : a_k)
//! T   = sum w_k (e_k ? tau - a_k : a_k) = sum w_k (e_k ? -a_k : a_k) + (sum w_k e_k) tau
//! T x = m T - T l        (1 - 2s) sum w_k b_k = e ? -T : T
//! ```
//!
//! where T l is the same sum of the dealer's products.

use super::{Dealer, Mask, Need};
use crate::{
    backend::{Backend, Bits, Weights, tree::plane},
    bilinear::Bilinear,
    exec::Tag,
    preprocessing::NeedKind,
    protocol::{Sums, Times},
    rand::{At, Purpose},
    ring::Ring,
};
use futures_util::future::join_all;

pub(super) fn needs(at: At, bits: usize, wire: &Mask) -> Need {
    Need { op: at.op, part: at.part, kind: NeedKind::SignedChoice { bits: bits as u8, wire: wire.clone() } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn signed_sums_of(
        &self,
        at: At,
        sign: &Bits<B>,
        bits: &[Bits<B>],
        weights: &[&[i64]],
        times: Times<'_, Self>,
    ) -> Sums<B::Array<R>> {
        let (backend, len) = (&self.backend, times.wire.len);
        // The sign is step 0, the bits are those after it.
        let step = |k: usize| at.step(k as u8);
        let open = |(k, bit): (usize, &Bits<B>)| {
            let address = step(k).address(Purpose::Choice);
            let mask = self.cx.random::<B, u64>(backend, address, 0..plane(len));
            self.cx.open_bits(backend, Tag { at: address, piece: 0 }, at.scope, &backend.xor(bit, &mask))
        };
        let opened = join_all(std::iter::once(sign).chain(bits).enumerate().map(open).collect::<Vec<_>>());
        let m = self.opened(times.wire);
        let dealt = |purpose| {
            let each = (0..=bits.len()).map(|k| self.cx.dealt::<B, R>(backend, step(k), purpose, len));
            join_all(each.collect::<Vec<_>>())
        };
        let (numbers, products) = (dealt(Purpose::ChoiceNumber), dealt(Purpose::ChoiceProduct));
        let (opened, m) = (opened.await, m.await);
        let (numbers, products) = (numbers.await, products.await);
        let ([sign, opened @ ..], [tau, numbers @ ..], [tau_mask, products @ ..]) =
            (&opened[..], &numbers[..], &products[..])
        else {
            unreachable!("the sign comes first")
        };
        let mul = |a: &B::Array<R>, b: &B::Array<R>| backend.bilinear(&Bilinear::Mul { len }, a, b);
        // For each set of weights, and at the end for that of the wire: what is public, and the sum that is not.
        let all: Vec<&[i64]> = weights.iter().copied().chain([times.factors]).collect();
        let sets: Vec<_> =
            all.iter().flat_map(|factors| [true, false].map(|with_ones| Weights { factors, with_ones })).collect();
        let sums = backend.flipped_sums(opened, numbers, &sets);
        let (sums, _) = sums.as_chunks::<2>();
        let total = |[with, without]: &[B::Array<R>; 2]| {
            let public = backend.sub(with, without);
            (backend.add(without, &mul(&public, tau)), public)
        };
        let zero = backend.fill(len, R::ZERO);
        let signed = |sum: &B::Array<R>| backend.flip(sign, &zero, sum);
        let (times_wire, others) = sums.split_last().map_or((None, &[][..]), |(last, others)| (Some(last), others));
        let product = times_wire.map(|sums| {
            let (sum, public) = total(sums);
            let weights = [Weights { factors: times.factors, with_ones: false }];
            let hidden = backend.flipped_sums(opened, products, &weights);
            let hidden = hidden.iter().fold(mul(&public, tau_mask), |sum, hidden| backend.add(&sum, hidden));
            signed(&backend.product_less(&m, &sum, &hidden))
        });
        Sums { numbers: others.iter().map(|sums| signed(&total(sums).0)).collect(), product }
    }
}
