//! Pseudo-random generators, seekable.

use super::{
    aes::{self, Aes},
    chacha,
};
use crate::{
    error::{Error, Result},
    level::Level,
    rand::Address,
    ring::Ring,
};
use std::{fmt, str::FromStr, sync::Arc};
use zeroize::Zeroizing;

/// How random values follow from a seed. Parties and dealer must take the same: the handshake compares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Prg {
    /// ChaCha20: fast on every processor.
    #[default]
    ChaCha20,
    /// AES-256 in counter mode: faster where the processor has instructions for it, in particular without AVX-512, and much
    /// slower where it has none. `docs/adr/0011-generators.md` compares the two.
    Aes256Ctr,
}

impl Prg {
    /// All generators.
    pub const ALL: [Self; 2] = [Self::ChaCha20, Self::Aes256Ctr];

    /// The name that the handshake compares.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChaCha20 => "chacha20",
            Self::Aes256Ctr => "aes256-ctr",
        }
    }
}

impl FromStr for Prg {
    type Err = Error;

    /// By [`Self::name`].
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|prg| prg.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::Setting { key: "prg", problem: format!("`{name}` is no generator; there are {names}") }
        })
    }
}

impl fmt::Display for Prg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A 256-bit key that some of the parties share, and what it is a key of. Clones share it; erased from memory when the last is dropped; never
/// printed.
#[derive(Clone)]
pub struct Seed(Key);

#[derive(Clone)]
enum Key {
    ChaCha20(Arc<Zeroizing<[u8; 32]>>),
    Aes256Ctr(Aes),
}

impl Seed {
    /// A key from 32 bytes that nobody else knows.
    pub fn new(prg: Prg, bytes: &[u8; 32]) -> Self {
        Self(match prg {
            Prg::ChaCha20 => Key::ChaCha20(Arc::new(Zeroizing::new(*bytes))),
            Prg::Aes256Ctr => Key::Aes256Ctr(Aes::new(bytes)),
        })
    }

    /// Writes elements from `start` on of the value at an address to `out`. Any part of a value can be made without the rest.
    pub(crate) fn elements<R: Ring>(&self, level: Level, at: Address, start: usize, out: &mut [R]) {
        let (stream, out): (_, &mut [u8]) = (at.stream(), bytemuck::cast_slice_mut(out));
        let size = match self.0 {
            Key::ChaCha20(_) => chacha::BLOCK,
            Key::Aes256Ctr(_) => aes::BLOCK,
        };
        // An element has at most a block's bytes, and `start` 64 bits: so has the number of its block.
        let byte = start as u128 * size_of::<R>() as u128;
        let (block, skip) = ((byte / size as u128) as u64, (byte % size as u128) as usize);
        let (head, rest) = out.split_at_mut(if skip == 0 { 0 } else { out.len().min(size - skip) });
        let blocks = |block, out: &mut [u8]| match &self.0 {
            Key::ChaCha20(key) => chacha::fill(level, key, stream, block, out),
            Key::Aes256Ctr(key) => key.fill(stream, block, out),
        };
        if !head.is_empty() {
            let mut first = [0; 64];
            blocks(block, &mut first[..size]);
            head.copy_from_slice(&first[skip..skip + head.len()]);
        }
        if !rest.is_empty() {
            blocks(block + u64::from(skip > 0), rest);
        }
    }

    /// Whether it is a clone of another one. No key is compared.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Key::ChaCha20(a), Key::ChaCha20(b)) => Arc::ptr_eq(a, b),
            (Key::Aes256Ctr(a), Key::Aes256Ctr(b)) => a.is(b),
            _ => false,
        }
    }

    /// The key as kernels of other machines take it.
    #[cfg(feature = "cuda")]
    pub(crate) fn words(&self) -> KeyWords {
        match &self.0 {
            Key::ChaCha20(bytes) => {
                let mut key = Zeroizing::new([0; 8]);
                let words = key.iter_mut().zip(bytes.as_chunks::<4>().0);
                words.for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
                KeyWords::ChaCha20(key)
            }
            Key::Aes256Ctr(key) => KeyWords::Aes256Ctr(key.bytes()),
        }
    }
}

/// What a key is for a kernel. Erased from memory when dropped.
#[cfg(feature = "cuda")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum KeyWords {
    ChaCha20(Zeroizing<[u32; 8]>),
    Aes256Ctr(Zeroizing<[u8; 32]>),
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rand::Purpose;

    const AT: Address = Address { op: 7, part: 1, purpose: Purpose::Mask };

    fn values<R: Ring>(seed: &Seed, at: Address, range: std::ops::Range<usize>) -> Vec<R> {
        let mut out = vec![R::ONE; range.len()];
        seed.elements(Level::best(), at, range.start, &mut out);
        out
    }

    #[test]
    fn parts_of_a_value_agree_with_the_whole() {
        for prg in Prg::ALL {
            let seed = Seed::new(prg, &[3; 32]);
            let all: Vec<u64> = values(&seed, AT, 0..9001);
            for range in [0..0, 1..2, 7..33, 500..1000, 1..9001, 8191..8193, 127..9000] {
                assert!(values::<u64>(&seed, AT, range.clone()) == all[range.clone()], "{prg} {range:?}");
            }
            assert_eq!(values::<u32>(&seed, AT, 5..9), values::<u32>(&seed, AT, 0..9)[5..]);
            assert_eq!(values::<u128>(&seed, AT, 5..9), values::<u128>(&seed, AT, 0..9)[5..]);
        }
    }

    /// Every level of instructions makes the same, for every generator.
    #[test]
    fn values_do_not_depend_on_the_level() {
        for prg in Prg::ALL {
            let seed = Seed::new(prg, &[3; 32]);
            let expected: Vec<u64> = values(&seed, AT, 3..5003);
            for level in Level::ALL {
                let mut found = vec![0; 5000];
                seed.elements(level, AT, 3, &mut found);
                assert!(found == expected, "{prg} {level}");
            }
        }
    }

    #[test]
    fn addresses_seeds_and_generators_separate() {
        let of = |prg, key, op, part, purpose| {
            values::<u64>(&Seed::new(prg, &[key; 32]), Address { op, part, purpose }, 0..100)
        };
        let found = Prg::ALL.map(|prg| {
            [
                of(prg, 3, 7, 1, Purpose::Mask),
                of(prg, 3, 8, 1, Purpose::Mask),
                of(prg, 3, 7, 2, Purpose::Mask),
                of(prg, 3, 7, 1, Purpose::Zero),
                of(prg, 4, 7, 1, Purpose::Mask),
            ]
        });
        let all: Vec<u64> = found.iter().flatten().flatten().copied().collect();
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    /// Fixed seeds give fixed streams, release after release: recorded transcripts depend on it.
    #[test]
    fn streams_do_not_change() {
        let first = |prg| values::<u64>(&Seed::new(prg, &[3; 32]), AT, 0..1)[0];
        assert_eq!(Prg::ALL.map(first), [0xD6EB_BC8E_D76F_FBC2, 0x5F02_4B2F_5000_1865]);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_them() {
        assert_eq!(Prg::ALL.map(|prg| prg.name().parse::<Prg>().unwrap()), Prg::ALL);
        let error = "rc4".parse::<Prg>().unwrap_err().to_string();
        assert!(error.contains("`rc4`") && error.contains("chacha20, aes256-ctr"), "{error}");
    }
}
