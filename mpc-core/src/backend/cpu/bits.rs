//! Packed bits: bit i of word w is element 64 w + i.

use crate::ring::Ring;

/// Packs one bit an element.
pub(super) fn pack<R: Ring>(a: &[R], bit: impl Fn(R) -> u64) -> Vec<u64> {
    a.chunks(64).map(|chunk| chunk.iter().rev().fold(0, |word, &x| word << 1 | bit(x))).collect()
}

pub(super) fn top_bits<R: Ring>(a: &[R]) -> Vec<u64> {
    pack(a, R::msb)
}

/// Bit i of packed bits.
pub(super) fn bit(bits: &[u64], i: usize) -> u64 {
    bits[i / 64] >> (i % 64) & 1
}

pub(super) fn to_ring<R: Ring>(bits: &[u64], len: usize) -> Vec<R> {
    (0..len).map(|i| R::from_i128(i128::from(bit(bits, i)))).collect()
}

pub(super) fn choose<R: Ring>(bits: &[u64], a: &[R], b: &[R]) -> Vec<R> {
    assert_eq!(a.len(), b.len(), "operands of one length");
    // The bits are public where this is used, and still: an arithmetic select has no branch to be mispredicted.
    let pick = |(i, (&a, &b)): (usize, (&R, &R))| {
        let bit = R::from_i128(i128::from(bit(bits, i)));
        R::add(b, R::mul(bit, R::sub(a, b)))
    };
    a.iter().zip(b).enumerate().map(pick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_round_trips() {
        let values: Vec<u64> = (0..131).map(|i: u64| if i.is_multiple_of(3) { 1 << 63 } else { 1 }).collect();
        let bits = top_bits(&values);
        assert_eq!(bits.len(), 3);
        let expected: Vec<u64> = (0..131).map(|i: u64| u64::from(i.is_multiple_of(3))).collect();
        assert_eq!(to_ring::<u64>(&bits, 131), expected);
        let (a, b) = (vec![7u32; 131], vec![9u32; 131]);
        let picked: Vec<u32> = expected.iter().map(|&bit| if bit == 1 { 7 } else { 9 }).collect();
        assert_eq!(choose(&bits, &a, &b), picked);
    }
}
