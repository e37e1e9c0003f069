//! Keys of generators as their kernels take them.

use crate::rand::KeyWords;
use zeroize::Zeroizing;

/// Rounds of AES-256, and the key before the first.
const ROUND_KEYS: usize = 15;

/// A key, and what its kernel takes. Erased from memory when dropped.
pub(super) struct Key {
    of: KeyWords,
    pub(super) sliced: Sliced,
}

/// What a kernel takes.
pub(super) enum Sliced {
    ChaCha20(Zeroizing<[u32; 8]>),
    /// The planes of the key of each round: bit i of plane j is bit j of byte i, twice.
    Aes256Ctr(Box<Zeroizing<[u32; 8 * ROUND_KEYS]>>),
}

impl Key {
    pub(super) fn new(of: KeyWords) -> Self {
        let sliced = match &of {
            KeyWords::ChaCha20(key) => Sliced::ChaCha20(key.clone()),
            KeyWords::Aes256Ctr(key) => Sliced::Aes256Ctr(planes(&round_keys(key))),
        };
        Self { of, sliced }
    }

    pub(super) fn is(&self, other: &KeyWords) -> bool {
        self.of == *other
    }
}

fn planes(keys: &[u8; 16 * ROUND_KEYS]) -> Box<Zeroizing<[u32; 8 * ROUND_KEYS]>> {
    let mut planes = Box::new(Zeroizing::new([0; 8 * ROUND_KEYS]));
    for (keys, planes) in keys.chunks_exact(16).zip(planes.chunks_exact_mut(8)) {
        for (j, plane) in planes.iter_mut().enumerate() {
            let bits = keys.iter().enumerate().fold(0, |bits, (i, &byte)| bits | u32::from(byte >> j & 1) << i);
            *plane = bits | bits << 16;
        }
    }
    planes
}

/// FIPS 197, section 5.2.
fn round_keys(key: &[u8; 32]) -> Zeroizing<[u8; 16 * ROUND_KEYS]> {
    let mut keys = Zeroizing::new([0; 16 * ROUND_KEYS]);
    keys[..32].copy_from_slice(key);
    let mut constant = 1;
    for at in (32..keys.len()).step_by(4) {
        let [mut a, mut b, mut c, mut d] = [keys[at - 4], keys[at - 3], keys[at - 2], keys[at - 1]];
        if at % 32 == 0 {
            (a, b, c, d) = (substituted(b) ^ constant, substituted(c), substituted(d), substituted(a));
            constant = doubled(constant);
        } else if at % 32 == 16 {
            (a, b, c, d) = (substituted(a), substituted(b), substituted(c), substituted(d));
        }
        for (k, byte) in [a, b, c, d].into_iter().enumerate() {
            keys[at + k] = keys[at + k - 32] ^ byte;
        }
    }
    keys
}

/// Times x in the field of AES.
fn doubled(a: u8) -> u8 {
    a << 1 ^ (a >> 7).wrapping_neg() & 0x1B
}

fn product(a: u8, b: u8) -> u8 {
    let add = |(sum, a): (u8, u8), bit: u32| (sum ^ a & (b >> bit & 1).wrapping_neg(), doubled(a));
    (0..8).fold((0, a), add).0
}

/// The S-box, without a table: the inverse a^254, and the affine map.
fn substituted(a: u8) -> u8 {
    let square = |a| product(a, a);
    let inverse = (0..6).fold(square(a), |power, _| square(product(power, a)));
    (0..5).fold(0x63, |sum, by| sum ^ inverse.rotate_left(by))
}
