//! Words become limbs, in the order in which tiles are read. A panel is one block after the other, each of 64 depths; a block is
//! one tile after the other, one for each limb, of 16 rows of 64 bytes. In a tile of the left factor byte k of row r is of
//! lane r and depth k; in one of the right factor byte `4 c + k mod 4` of row `k / 4` is of lane c.

use super::{BLOCK, SIDE, STEP, Span, Vectorised};
use crate::{backend::cpu::gemm::operand::Operand, level::Level};

/// Words of a tile of limbs.
const TILE: usize = BLOCK / 8;
/// Words of a row of a tile.
const ROW: usize = TILE / SIDE;

/// Packs up to 16 lanes; what is missing of the last block, or of the lanes, is 0.
pub(super) fn pack<const RIGHT: bool>(from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
    for (block, start) in panel.chunks_exact_mut(BLOCK).zip(depths.clone().step_by(STEP)) {
        let depths = start..(start + STEP).min(depths.end);
        let mut words = [0; BLOCK];
        from.pack::<SIDE, SIDE>(lanes.clone(), depths.clone(), &mut words[..SIDE * depths.len()]);
        Level::Amx.run(Limbs::<RIGHT> { words: &words, block });
    }
}

struct Limbs<'a, const RIGHT: bool> {
    /// 16 lanes for each depth.
    words: &'a [u64; BLOCK],
    block: &'a mut [u64],
}

impl<const RIGHT: bool> Vectorised for Limbs<'_, RIGHT> {
    #[inline(always)]
    fn run(self) {
        for (group, words) in self.words.as_chunks::<{ 8 * SIDE }>().0.iter().enumerate() {
            let mut limbs = [[0; SIDE]; 8];
            limbs.as_flattened_mut().copy_from_slice(words);
            transpose(&mut limbs);
            for (limbs, tile) in limbs.iter().zip(self.block.chunks_exact_mut(TILE)) {
                if RIGHT {
                    let (low, high) = tile[2 * ROW * group..][..2 * ROW].split_at_mut(ROW);
                    for (pair, (low, high)) in limbs.as_chunks::<2>().0.iter().zip(low.iter_mut().zip(high)) {
                        *low = pair[0] & 0xFFFF_FFFF | pair[1] << 32;
                        *high = pair[0] >> 32 | pair[1] & !0xFFFF_FFFF;
                    }
                } else {
                    tile[group..].iter_mut().step_by(ROW).zip(limbs).for_each(|(word, limbs)| *word = *limbs);
                }
            }
        }
    }
}

/// Byte i of word d becomes byte d of word i, in each lane.
#[inline(always)]
fn transpose(words: &mut [[u64; SIDE]; 8]) {
    const KEPT: [(usize, u64); 3] = [(4, 0xFFFF_FFFF), (2, 0x0000_FFFF_0000_FFFF), (1, 0x00FF_00FF_00FF_00FF)];
    for (distance, kept) in KEPT {
        for i in (0..8).filter(|i| i & distance == 0) {
            let (low, high) = words.split_at_mut(i + distance);
            for (a, b) in low[i].iter_mut().zip(&mut high[0]) {
                let moved = (*a >> (8 * distance) ^ *b) & kept;
                *a ^= moved << (8 * distance);
                *b ^= moved;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limbs_lie_where_tiles_expect_them() {
        let (lanes, depth) = (13, 70);
        let data: Vec<u64> = (0..lanes * depth).map(|i| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let operand = Operand::left(&data, lanes, depth, false);
        let (mut left, mut right) = (vec![u64::MAX; 2 * BLOCK], vec![u64::MAX; 2 * BLOCK]);
        pack::<false>(&operand, 0..lanes, 0..depth, &mut left);
        pack::<true>(&operand, 0..lanes, 0..depth, &mut right);
        let byte = |panel: &[u64], at: usize| (panel[at / 8] >> (8 * (at % 8)) & 0xFF) as u8;
        for (block, limb, lane, k) in (0..2).flat_map(|block| {
            (0..8).flat_map(move |limb| (0..SIDE).flat_map(move |lane| (0..STEP).map(move |k| (block, limb, lane, k))))
        }) {
            let there = lane < lanes && block * STEP + k < depth;
            let word = if there { data[lane * depth + block * STEP + k] } else { 0 };
            let expected = word.to_le_bytes()[limb];
            let tile = 8 * (BLOCK * block + TILE * limb);
            assert_eq!(byte(&left, tile + 64 * lane + k), expected, "left {block} {limb} {lane} {k}");
            assert_eq!(
                byte(&right, tile + 64 * (k / 4) + 4 * lane + k % 4),
                expected,
                "right {block} {limb} {lane} {k}"
            );
        }
    }
}
