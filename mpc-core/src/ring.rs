//! The rings Z_2^k that shares live in.

use bytemuck::Pod;
use mpc_comm::Words;
use std::{any::Any, borrow::Cow, fmt::Debug, hash::Hash, sync::Arc};

/// Z_2^k with wrapping arithmetic, k = 32, 64 or 128. Associated functions, not methods, so that they never shadow
/// the checked operators of the integer itself.
pub trait Ring: Pod + Copy + Eq + Hash + Debug + Send + Sync + 'static {
    /// k.
    const BITS: u32;
    /// The name that the handshake compares, such as `z64`.
    const NAME: &'static str;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// `a + b`.
    fn add(a: Self, b: Self) -> Self;
    /// `a - b`.
    fn sub(a: Self, b: Self) -> Self;
    /// `a * b`.
    fn mul(a: Self, b: Self) -> Self;
    /// `-a`.
    fn neg(a: Self) -> Self;
    /// `a * 2^bits`; 0 when `bits` reaches [`Self::BITS`].
    fn shl(a: Self, bits: u32) -> Self;
    /// Logical shift; 0 when `bits` reaches [`Self::BITS`].
    fn shr(a: Self, bits: u32) -> Self;
    /// Bit by bit: `a` where `mask` has ones.
    fn and(a: Self, mask: Self) -> Self;
    /// Bit by bit: where `a` and `b` differ.
    fn xor(a: Self, b: Self) -> Self;
    /// `a >> bits` of the signed value, rounded to nearest (ties up).
    fn round_shift(a: Self, bits: u32) -> Self;
    /// The image of a signed integer.
    fn from_i128(a: i128) -> Self;
    /// The signed integer of least magnitude in the class.
    fn to_i128(a: Self) -> i128;
    /// The low 64 bits.
    fn low(a: Self) -> u64;

    /// The top bit: the sign of the signed value.
    fn msb(a: Self) -> u64 {
        Self::low(Self::shr(a, Self::BITS - 1))
    }

    /// How many 64-bit words carry `len` elements on the wire.
    fn words(len: usize) -> usize {
        (len * Self::BITS as usize).div_ceil(64)
    }

    /// The wire form. Without a copy for 64-bit rings.
    fn to_words(data: &Arc<Vec<Self>>) -> Words {
        match (data as &dyn Any).downcast_ref::<Arc<Vec<u64>>>() {
            Some(words) => Words::from(words.clone()),
            None => {
                let mut words = vec![0u64; Self::words(data.len())];
                let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
                let source: &[u8] = bytemuck::cast_slice(data);
                bytes[..source.len()].copy_from_slice(source);
                words.into()
            }
        }
    }

    /// `len` elements of a wire form; nothing if it is too short. Without a copy where the alignment allows.
    fn from_words(words: &[u64], len: usize) -> Option<Cow<'_, [Self]>> {
        let bytes = bytemuck::cast_slice::<u64, u8>(words).get(..len * size_of::<Self>())?;
        Some(match bytemuck::try_cast_slice(bytes) {
            Ok(elements) => Cow::Borrowed(elements),
            Err(_) => Cow::Owned(bytemuck::allocation::pod_collect_to_vec(bytes)),
        })
    }
}

macro_rules! ring {
    ($unsigned:ty, $signed:ty, $name:literal) => {
        impl Ring for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;
            const NAME: &'static str = $name;
            const ZERO: Self = 0;
            const ONE: Self = 1;

            fn add(a: Self, b: Self) -> Self {
                a.wrapping_add(b)
            }
            fn sub(a: Self, b: Self) -> Self {
                a.wrapping_sub(b)
            }
            fn mul(a: Self, b: Self) -> Self {
                a.wrapping_mul(b)
            }
            fn neg(a: Self) -> Self {
                a.wrapping_neg()
            }
            fn shl(a: Self, bits: u32) -> Self {
                a.checked_shl(bits).unwrap_or(0)
            }
            fn shr(a: Self, bits: u32) -> Self {
                a.checked_shr(bits).unwrap_or(0)
            }
            fn xor(a: Self, b: Self) -> Self {
                a ^ b
            }
            fn and(a: Self, mask: Self) -> Self {
                a & mask
            }
            fn round_shift(a: Self, bits: u32) -> Self {
                if bits == 0 {
                    return a;
                }
                let half = (a as $signed) >> (bits - 1);
                ((half >> 1) + (half & 1)) as Self
            }
            fn from_i128(a: i128) -> Self {
                a as Self
            }
            fn to_i128(a: Self) -> i128 {
                a as $signed as i128
            }
            fn low(a: Self) -> u64 {
                a as u64
            }
        }
    };
}

ring!(u32, i32, "z32");
ring!(u64, i64, "z64");
ring!(u128, i128, "z128");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_round_to_nearest_and_saturate() {
        assert_eq!(u64::round_shift(24, 4), 2);
        assert_eq!(u64::round_shift(23, 4), 1);
        assert_eq!(u64::round_shift(-24i64 as u64, 4) as i64, -1);
        assert_eq!(u64::round_shift(-25i64 as u64, 4) as i64, -2);
        assert_eq!((u64::shl(1, 64), u32::shr(7, 32), u128::msb(u128::MAX)), (0, 0, 1));
    }

    #[test]
    fn every_ring_survives_the_wire() {
        fn check<R: Ring>(values: Vec<R>) {
            let words = R::to_words(&Arc::new(values.clone()));
            assert_eq!(words.len(), R::words(values.len()));
            assert_eq!(R::from_words(&words, values.len()).as_deref(), Some(&values[..]));
            assert_eq!(R::from_words(&words, values.len() + 2), None);
        }
        check(vec![1u32, u32::MAX, 3]);
        check(vec![1u64, u64::MAX, 3]);
        check(vec![1u128, u128::MAX, 3]);
    }
}
