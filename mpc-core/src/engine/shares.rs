//! The engine's side of shares that leave a session and come back: see [`session`](crate::Session::export_share).

use super::{Operand, Value, machine::Machine, stored::Stored};
use crate::{backend::Backend, protocol::Protocol, ring::Ring};

impl<P: Protocol> Machine<P> {
    pub(super) fn bytes_of_element(&self) -> usize {
        P::Ring::BITS as usize / 8
    }

    /// This party's share of a secret tensor of numbers.
    pub(super) fn exported(&self, x: &Operand) -> Vec<u8> {
        match self.stored(x) {
            Stored::Secret(wire) => {
                let words = self.0.export(&wire.share);
                words
                    .into_iter()
                    .flat_map(|x| P::Ring::to_i128(x).to_le_bytes().into_iter().take(self.bytes_of_element()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The reverse, with fresh shares.
    pub(super) fn imported(&self, out: &Operand, bytes: &[u8]) -> Value {
        let element = |bytes: &[u8]| {
            let mut wide = [0; 16];
            wide[..bytes.len()].copy_from_slice(bytes);
            P::Ring::from_i128(i128::from_le_bytes(wide))
        };
        let words: Vec<_> = bytes.chunks_exact(self.bytes_of_element()).map(element).collect();
        let share = self.0.import(self.0.backend().upload(words));
        self.secret(out, self.0.refresh(out.at, &share).0)
    }
}
