//! What the instructions do, in plain Rust: for tests of all that surrounds them, and to check them.

use super::{BLOCK, Products, SIDE, STEP, Sums};

/// Needs nothing of the processor.
#[derive(Clone, Copy)]
pub(in super::super) struct Twin;

impl Products for Twin {
    fn add_up(self, left: &[u64], right: &[u64], sums: &mut Sums) {
        let tile = |panel: &[u64], limb: usize| -> [u8; 8 * BLOCK / 8] {
            let words = &panel[limb * BLOCK / 8..][..BLOCK / 8];
            std::array::from_fn(|at| (words[at / 8] >> (8 * (at % 8))) as u8)
        };
        for (left, right) in left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK)) {
            let right: [_; 8] = std::array::from_fn(|j| tile(right, j));
            for i in 0..8 {
                let left = tile(left, i);
                for (j, right) in right.iter().enumerate().take(8 - i) {
                    dot(&left, right, &mut sums.0[i + j]);
                }
            }
        }
    }
}

/// The instruction `tdpbuud`: four products of bytes at a time.
fn dot(left: &[u8], right: &[u8], sums: &mut [u32; SIDE * SIDE]) {
    for (left, sums) in left.chunks_exact(STEP).zip(sums.chunks_exact_mut(SIDE)) {
        for (left, right) in left.as_chunks::<4>().0.iter().zip(right.chunks_exact(STEP)) {
            for (sum, right) in sums.iter_mut().zip(right.as_chunks::<4>().0) {
                let products = left.iter().zip(right).map(|(&a, &b)| u32::from(a) * u32::from(b));
                *sum = products.fold(*sum, u32::wrapping_add);
            }
        }
    }
}
