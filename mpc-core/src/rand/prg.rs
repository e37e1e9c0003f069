//! The pseudo-random generator: ChaCha20, seekable.

use crate::{rand::Address, ring::Ring};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::{fmt, ops::Range};
use zeroize::{Zeroize, Zeroizing};

/// A 256-bit key that some of the parties share. Erased from memory when dropped; never printed.
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    /// A key from 32 bytes that nobody else knows.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

/// Elements `range` of the value at an address. Any part of a value can be made without the rest.
pub(crate) fn expand<R: Ring>(seed: &Seed, at: Address, range: Range<usize>) -> Vec<R> {
    let mut key = *seed.0;
    let mut rng = ChaCha20Rng::from_seed(key);
    key.zeroize();
    rng.set_stream(at.stream());
    rng.set_word_pos(range.start as u128 * u128::from(R::BITS / 32));
    let mut values = vec![R::ZERO; range.len()];
    rng.fill_bytes(bytemuck::cast_slice_mut(&mut values));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rand::Purpose;

    const AT: Address = Address { op: 7, part: 1, purpose: Purpose::Mask };

    #[test]
    fn parts_of_a_value_agree_with_the_whole() {
        let seed = Seed::new(&[3; 32]);
        let all: Vec<u64> = expand(&seed, AT, 0..1000);
        for range in [0..0, 1..2, 7..33, 500..1000] {
            assert_eq!(expand::<u64>(&seed, AT, range.clone()), all[range]);
        }
        assert_eq!(expand::<u32>(&seed, AT, 5..9), expand::<u32>(&seed, AT, 0..9)[5..]);
    }

    #[test]
    fn addresses_and_seeds_separate() {
        let seed = Seed::new(&[3; 32]);
        let of = |op, part, purpose| expand::<u64>(&seed, Address { op, part, purpose }, 0..4);
        let values = [
            of(7, 1, Purpose::Mask),
            of(8, 1, Purpose::Mask),
            of(7, 2, Purpose::Mask),
            of(7, 1, Purpose::Zero),
            expand(&Seed::new(&[4; 32]), AT, 0..4),
        ];
        for (i, a) in values.iter().enumerate() {
            assert!(values[..i].iter().all(|b| a.iter().all(|x| !b.contains(x))));
        }
    }
}
