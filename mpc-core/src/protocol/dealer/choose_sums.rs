//! Sums of shared bits with public weights, and of bits times one open wire: those of the choices of [`choose`](super::choose), from
//! the same correlated randomness, added up in one pass. With e_k the opened bits, and for each k the dealer's beta_k and
//! `p_k = beta_k l`:
//!
//! ```text
//! sum w_k b_k   = sum w_k (e_k ? 1 - beta_k : beta_k)
//! sum s_k b_k x = (sum s_k e_k) x + m sum s_k (e_k ? -beta_k : beta_k) - sum s_k (e_k ? -p_k : p_k)
//! ```

use super::Dealer;
use crate::{
    backend::{Backend, Bits, Weights, tree::plane},
    bilinear::Bilinear,
    exec::Tag,
    protocol::{Sums, Times},
    rand::{At, Purpose},
    ring::Ring,
};
use futures_util::future::join_all;

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn sums_of(
        &self,
        at: At,
        bits: &[Bits<B>],
        len: usize,
        weights: &[&[i64]],
        times: Option<Times<'_, Self>>,
    ) -> Sums<B::Array<R>> {
        let (backend, first) = (&self.backend, self.cx.first());
        let step = |k: usize| at.step(k as u8);
        let open = |(k, bit): (usize, &Bits<B>)| {
            let address = step(k).address(Purpose::Choice);
            let mask = self.cx.random::<B, u64>(backend, address, 0..plane(len));
            self.cx.open_bits(backend, Tag { at: address, piece: 0 }, at.scope, &backend.xor(bit, &mask))
        };
        let opened = join_all(bits.iter().enumerate().map(open).collect::<Vec<_>>());
        let dealt = |purpose| {
            let each = (0..bits.len()).map(|k| self.cx.dealt::<B, R>(backend, step(k), purpose, len));
            join_all(each.collect::<Vec<_>>())
        };
        let wire = times.map(|times| (self.opened(times.wire), times, dealt(Purpose::ChoiceProduct)));
        let betas = dealt(Purpose::ChoiceNumber);
        let (opened, betas) = (opened.await, betas.await);
        let mut sums: Vec<_> = weights.iter().map(|factors| Weights { factors, with_ones: first }).collect();
        let Some((m, Times { wire, factors }, products)) = wire else {
            return Sums { numbers: backend.flipped_sums(&opened, &betas, &sums), product: None };
        };
        sums.extend([true, false].map(|with_ones| Weights { factors, with_ones }));
        let mut numbers = backend.flipped_sums(&opened, &betas, &sums);
        let (hidden, all) = (numbers.pop(), numbers.pop());
        let hidden_products =
            backend.flipped_sums(&opened, &products.await, &[Weights { factors, with_ones: false }]).pop();
        let (Some(all), Some(hidden), Some(hidden_products)) = (all, hidden, hidden_products) else {
            unreachable!("a sum for each set of weights")
        };
        let public = backend.bilinear(&Bilinear::Mul { len }, &backend.sub(&all, &hidden), &wire.share);
        let product = backend.add(&public, &backend.product_less(&m.await, &hidden, &hidden_products));
        Sums { numbers, product: Some(product) }
    }
}
