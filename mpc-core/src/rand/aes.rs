//! AES-256 in counter mode. Block b of stream s encrypts the sixteen bytes b, s (both little-endian), so no two blocks of
//! one key are the same input.

use aes::{
    Aes256, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use std::sync::Arc;
#[cfg(feature = "cuda")]
use zeroize::Zeroizing;

/// Bytes of a block.
pub(super) const BLOCK: usize = 16;

/// The key with its round keys, which are erased when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Aes {
    cipher: Arc<Aes256>,
    #[cfg(feature = "cuda")]
    key: Zeroizing<[u8; 32]>,
}

impl Aes {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: Arc::new(Aes256::new(key.into())),
            #[cfg(feature = "cuda")]
            key: Zeroizing::new(*key),
        }
    }

    /// Whether it is a clone of another one.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cipher, &other.cipher)
    }

    /// The key itself, for other machines.
    #[cfg(feature = "cuda")]
    pub(super) fn bytes(&self) -> Zeroizing<[u8; 32]> {
        self.key.clone()
    }

    /// The bytes of a stream from block `block` on.
    pub(super) fn fill(&self, stream: u64, block: u64, out: &mut [u8]) {
        let (blocks, rest) = Block::slice_as_chunks_mut(out);
        self.encrypt(stream, block, blocks);
        if !rest.is_empty() {
            let mut last = [Block::default()];
            self.encrypt(stream, block.wrapping_add(blocks.len() as u64), &mut last);
            rest.copy_from_slice(&last[0][..rest.len()]);
        }
    }

    fn encrypt(&self, stream: u64, first: u64, blocks: &mut [Block]) {
        for (number, block) in (0..).zip(blocks.iter_mut()) {
            block[..8].copy_from_slice(&first.wrapping_add(number).to_le_bytes());
            block[8..].copy_from_slice(&stream.to_le_bytes());
        }
        self.cipher.encrypt_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C.3.
    #[test]
    fn the_cipher_is_aes_256() {
        let key: [u8; 32] = std::array::from_fn(|i| i as u8);
        // The plaintext 00 11 .. ff as a block number and a stream.
        let plain: [u8; 16] = std::array::from_fn(|i| 0x11 * i as u8);
        let (block, stream) = (u128::from_le_bytes(plain) as u64, (u128::from_le_bytes(plain) >> 64) as u64);
        let mut found = [0; BLOCK];
        Aes::new(&key).fill(stream, block, &mut found);
        assert_eq!(u128::from_be_bytes(found), 0x8EA2_B7CA_5167_45BF_EAFC_4990_4B49_6089);
    }

    /// Many blocks at a time are what single ones are, with a piece of one at the end, and where the counter's low word
    /// overflows.
    #[test]
    fn blocks_are_encryptions_of_counter_and_stream() {
        let aes = Aes::new(&std::array::from_fn(|i| (37 * i + 11) as u8));
        for (stream, first) in [(0, 0), (0xFEDC_BA98_7654_3210, 0), (5, (1 << 32) - 2), (u64::MAX, 1 << 50)] {
            let mut found = [0xAA; 75 * BLOCK + 7];
            aes.fill(stream, first, &mut found);
            for (b, found) in (first..).zip(found.chunks(BLOCK)) {
                let mut block = [Block::default()];
                aes.encrypt(stream, b, &mut block);
                assert_eq!(found, &block[0][..found.len()], "block {b} of stream {stream}");
            }
        }
    }
}
