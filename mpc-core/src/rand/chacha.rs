//! ChaCha20 with a 64-bit counter and a 64-bit stream number: the stream of the crate `rand_chacha`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use crate::level::Level;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
#[cfg(target_arch = "x86_64")]
use zeroize::Zeroizing;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// What every block of a stream begins with; words 12 and 13 are its number.
#[cfg(target_arch = "x86_64")]
fn state(key: &[u8; 32], stream: u64) -> Zeroizing<[u32; 16]> {
    let mut state = Zeroizing::new([0; 16]);
    state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]);
    for (word, bytes) in state[4..12].iter_mut().zip(key.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    state[14..].copy_from_slice(&[stream as u32, (stream >> 32) as u32]);
    state
}

/// The bytes of a stream from block `block` on. What is short, or has no kernel of ours, is the work of `rand_chacha`, which
/// looks at the processor itself.
pub(super) fn fill(level: Level, key: &[u8; 32], stream: u64, block: u64, out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if level >= Level::Avx2 && out.len() > 2 * BLOCK {
        if level >= Level::Avx512
            && let Some(kernel) = avx512::Avx512::new()
        {
            return kernel.fill(key, stream, block, out);
        }
        if let Some(kernel) = avx2::Avx2::new() {
            return kernel.fill(key, stream, block, out);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    let mut cipher = ChaCha20Rng::from_seed(*key);
    cipher.set_stream(stream);
    cipher.set_word_pos(u128::from(block) * (BLOCK / 4) as u128);
    cipher.fill_bytes(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first block of the key and the stream zero, as published for ChaCha20 with 64-bit nonces (Strombergson's test
    /// vectors, TC1).
    #[test]
    fn the_cipher_is_chacha20() {
        for level in Level::ALL {
            let mut found = [0; 3 * BLOCK];
            fill(level, &[0; 32], 0, 0, &mut found);
            assert_eq!(found[..8], [0x76, 0xB8, 0xE0, 0xAD, 0xA0, 0xF1, 0x3D, 0x90], "{level}");
        }
    }

    /// Every kernel gives what `rand_chacha` gives: at all lengths around those of its blocks, where the low word of the
    /// counter overflows, and next to the end of the counter.
    #[test]
    fn all_levels_give_the_reference_stream() {
        let key: [u8; 32] = std::array::from_fn(|i| (37 * i + 11) as u8);
        let starts = [0, 1, 77, (1 << 32) - 16, (1 << 32) - 9, (1 << 32) - 1, (3 << 32) - 3, (1 << 60) + 5];
        let lengths = [0, 1, 63, 64, 65, 128, 129, 500, 1023, 1024, 1025, 1087, 2048, 5001];
        for stream in [0, 1, 0xFEDC_BA98_7654_3210, u64::MAX] {
            for (start, length) in starts.iter().flat_map(|&start| lengths.map(|length| (start, length))) {
                let mut reference = ChaCha20Rng::from_seed(key);
                reference.set_stream(stream);
                reference.set_word_pos(u128::from(start) * 16);
                let mut expected = vec![0; length];
                reference.fill_bytes(&mut expected);
                for level in Level::ALL {
                    let mut found = vec![0xAA; length];
                    fill(level, &key, stream, start, &mut found);
                    assert!(found == expected, "{level}: {length} bytes from block {start} of stream {stream}");
                }
            }
        }
    }
}
