//! Array kernels: the only door to the machine. A backend knows ring elements and packed bits; it knows nothing of
//! parties, messages or visibility. Protocols are generic over it, so the same protocol runs on the CPU and, for cost
//! reports, on shapes alone.

pub mod arrange;
mod blocks;
pub mod conjunction;
mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
mod dealt;
pub mod exponential;
mod meta;
mod payload;
pub mod series;
pub mod tree;
mod turns;

pub use crate::level::Level;
pub use cpu::{Add, Cpu, CpuArray};
#[cfg(feature = "cuda")]
pub use cuda::Cuda;
pub use dealt::{Deals, Set};
pub use exponential::Exponential;
pub use meta::Meta;
pub use payload::{Payload, Travelling};
pub use series::Series;

use crate::{
    bilinear::{Bilinear, Linear},
    error::Result,
    rand::{Address, Seed},
    ring::Ring,
};
use std::{fmt::Debug, ops::Range};

/// Bits packed 64 to a word; several planes of them one after the other, each padded to whole words.
pub type Bits<B> = <B as Backend>::Array<u64>;

/// What [`Backend::truncate_by_bit`] works on: one party's side of docs/protocol.md section 3b.
pub struct ByBit<'a, B: Backend, R: Ring> {
    /// This party's share of z + 2^(k-2).
    pub z: &'a B::Array<R>,
    /// The opened bits of party 0 and of party 1.
    pub opened: [&'a Bits<B>; 2],
    /// This party's mask bits.
    pub mask: &'a Bits<B>,
    /// This party's share of the products of both parties' mask bits.
    pub products: &'a B::Array<R>,
    /// Bits to drop.
    pub bits: u32,
    /// Whether this is party 0.
    pub first: bool,
}

/// What [`Backend::masked_bilinear`] works on: one party's side of docs/protocol.md section 2. The result is
/// `dealt + B(m_a, (i==0) m_b - l_b) - B(l_a, m_b)`.
pub struct Masked<'a, B: Backend, R: Ring> {
    /// The opened values m_a and m_b.
    pub opened: [&'a B::Array<R>; 2],
    /// This party's shares of their masks, l_a and l_b.
    pub masks: [&'a B::Array<R>; 2],
    /// This party's share of the map of the masks.
    pub dealt: &'a B::Array<R>,
    /// Whether this is party 0.
    pub first: bool,
}

/// One of the results of [`Backend::flipped_sums`].
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// The weight of each array.
    pub factors: &'a [i64],
    /// Whether a set bit stands for `1 - a`, and not for `-a`.
    pub with_ones: bool,
}

/// Kernels on flat arrays. Lengths of operands must agree as each method says; a backend may panic if they do not, which
/// is a bug of the caller and not of its input.
pub trait Backend: Clone + 'static {
    /// An immutable array, cheap to clone.
    type Array<R: Ring>: Clone + Debug + 'static;

    /// What went wrong in the machine so far. Methods have no errors of their own: after a failure they give arrays that
    /// nobody may see, so whoever sends or reads an array asks here first.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device): out of memory, or another failure of the device.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// From host memory.
    fn upload<R: Ring>(&self, data: Vec<R>) -> Self::Array<R>;
    /// To host memory. The meta backend gives zeros.
    fn download<R: Ring>(&self, a: &Self::Array<R>) -> Vec<R>;
    /// How many elements.
    fn len<R: Ring>(&self, a: &Self::Array<R>) -> usize;
    /// The same value everywhere.
    fn fill<R: Ring>(&self, len: usize, value: R) -> Self::Array<R>;
    /// Elements `range` of the pseudo-random value at an address.
    fn random<R: Ring>(&self, seed: &Seed, at: Address, range: Range<usize>) -> Self::Array<R>;

    /// What goes on the wire.
    fn to_wire<R: Ring>(&self, a: &Self::Array<R>) -> Payload;
    /// The sum of what came from the wire.
    fn sum_wire<R: Ring>(&self, parts: &[Payload], len: usize) -> Self::Array<R>;
    /// The exclusive or of what came from the wire.
    fn xor_wire(&self, parts: &[Payload], words: usize) -> Bits<Self>;

    /// `a + b`.
    fn add<R: Ring>(&self, a: &Self::Array<R>, b: &Self::Array<R>) -> Self::Array<R>;
    /// `a - b`.
    fn sub<R: Ring>(&self, a: &Self::Array<R>, b: &Self::Array<R>) -> Self::Array<R>;
    /// `a + c` for one `c`.
    fn add_scalar<R: Ring>(&self, a: &Self::Array<R>, c: R) -> Self::Array<R>;
    /// A linear map.
    fn linear<R: Ring>(&self, map: &Linear, a: &Self::Array<R>) -> Self::Array<R>;
    /// Pieces one after the other: `outer` times a run of `runs[i]` elements from each part i.
    fn concat<R: Ring>(&self, parts: &[&Self::Array<R>], runs: &[usize], outer: usize) -> Self::Array<R>;
    /// A bilinear map.
    fn bilinear<R: Ring>(&self, map: &Bilinear, a: &Self::Array<R>, b: &Self::Array<R>) -> Self::Array<R>;
    /// This party's share of a bilinear map of masked values. See [`Masked`].
    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, step: Masked<'_, Self, R>) -> Self::Array<R>;
    /// The signed value over 2^bits, rounded to nearest: for values in the clear.
    fn round_shift<R: Ring>(&self, a: &Self::Array<R>, bits: u32) -> Self::Array<R>;
    /// `f` of each element, for values in the clear. `f` must give the same result on every machine.
    fn map<R: Ring>(&self, a: &Self::Array<R>, f: &dyn Fn(R) -> R) -> Self::Array<R>;

    /// The top bit of each element.
    fn top_bits<R: Ring>(&self, a: &Self::Array<R>) -> Bits<Self>;
    /// And, word by word: for bits in the clear.
    fn and(&self, a: &Bits<Self>, b: &Bits<Self>) -> Bits<Self>;
    /// Exclusive or, word by word.
    fn xor(&self, a: &Bits<Self>, b: &Bits<Self>) -> Bits<Self>;
    /// Complements every bit (the padding too).
    fn not(&self, a: &Bits<Self>) -> Bits<Self>;
    /// Words `range`: whole planes.
    fn planes(&self, a: &Bits<Self>, range: Range<usize>) -> Bits<Self>;
    /// Planes one after the other.
    fn stack(&self, parts: &[&Bits<Self>]) -> Bits<Self>;
    /// 0 or 1 for each of `len` bits.
    fn bits_to_ring<R: Ring>(&self, bits: &Bits<Self>, len: usize) -> Self::Array<R>;
    /// `bit ? a : b`, element by element.
    fn choose<R: Ring>(&self, bits: &Bits<Self>, a: &Self::Array<R>, b: &Self::Array<R>) -> Self::Array<R>;
    /// `bit ? a - b : b`, element by element.
    fn flip<R: Ring>(&self, bits: &Bits<Self>, a: &Self::Array<R>, b: &Self::Array<R>) -> Self::Array<R> {
        self.choose(bits, &self.sub(a, b), b)
    }
    /// Sums of `weight * (bit ? one - a : a)` over some arrays, each with its bits; one is 1 or 0 as the sum says.
    fn flipped_sums<R: Ring>(
        &self,
        bits: &[Bits<Self>],
        a: &[Self::Array<R>],
        sums: &[Weights<'_>],
    ) -> Vec<Self::Array<R>> {
        let len = a.first().map_or(0, |a| self.len(a));
        let total = |sum: &Weights<'_>| {
            let one = self.fill(len, if sum.with_ones { R::ONE } else { R::ZERO });
            let terms = bits.iter().zip(a).zip(sum.factors).filter(|(_, factor)| **factor != 0);
            let terms =
                terms.map(|((bits, a), factor)| self.linear(&Linear::Times(*factor), &self.flip(bits, &one, a)));
            terms.reduce(|sum, term| self.add(&sum, &term)).unwrap_or_else(|| self.fill(len, R::ZERO))
        };
        sums.iter().map(total).collect()
    }
    /// `a * b - c`, element by element.
    fn product_less<R: Ring>(&self, a: &Self::Array<R>, b: &Self::Array<R>, c: &Self::Array<R>) -> Self::Array<R> {
        self.sub(&self.bilinear(&Bilinear::Mul { len: self.len(a) }, a, b), c)
    }

    /// A two-party truncation that opened one bit.
    fn truncate_by_bit<R: Ring>(&self, step: ByBit<'_, Self, R>) -> Self::Array<R>;
    /// A truncation that opened `m = z + 2^(k-2) + r`: this party's share, from its shares of `r >> bits` (`high`) and of
    /// r's top bit (`sign`). docs/protocol.md section 3.
    fn truncate_opened<R: Ring>(
        &self,
        m: &Self::Array<R>,
        high: &Self::Array<R>,
        sign: &Self::Array<R>,
        bits: u32,
        first: bool,
    ) -> Self::Array<R>;
    /// `((m >> bits) - 2^(k-2-bits)) beta - high + (1 - msb m) 2^(k-bits) sign`, element by element: a mask bit times a
    /// truncated value, of which m was opened. docs/protocol.md section 5.
    fn truncated_product<R: Ring>(
        &self,
        m: &Self::Array<R>,
        [beta, high, sign]: [&Self::Array<R>; 3],
        bits: u32,
    ) -> Self::Array<R> {
        let offset = R::shl(R::ONE, R::BITS - 2 - bits);
        let public = self.map(m, &|m| R::sub(R::shr(m, bits), offset));
        let wraps = self.map(m, &|m| if R::msb(m) == 0 { R::shl(R::ONE, R::BITS - bits) } else { R::ZERO });
        let wrapped = self.bilinear(&Bilinear::Mul { len: self.len(m) }, &wraps, sign);
        self.add(&self.product_less(&public, beta, high), &wrapped)
    }
    /// Looks up every nibble of the public `c` in this party's shares of the dealer's tables: the planes of `lt`, lowest
    /// nibble first, then the planes of `eq`. See [`tree`].
    fn nibbles<R: Ring>(&self, c: &Self::Array<R>, tables: &Bits<Self>) -> Bits<Self>;
    /// The same for `m - t` for each threshold t, and with it the top bits of that.
    fn nibbles_below<R: Ring>(
        &self,
        m: &Self::Array<R>,
        thresholds: &[R],
        tables: &Bits<Self>,
    ) -> Vec<[Bits<Self>; 2]> {
        let below = |&t: &R| {
            let c = self.add_scalar(m, R::neg(t));
            [self.nibbles(&c, tables), self.top_bits(&c)]
        };
        thresholds.iter().map(below).collect()
    }
    /// The same for the four nibbles of each of some blocks of m: the planes of `lt` of the first block, lowest nibble first, those of
    /// the others, and then the planes of `eq`.
    fn nibbles_of_blocks<R: Ring>(
        &self,
        m: &Self::Array<R>,
        blocks: &[tree::Block],
        tables: &Bits<Self>,
    ) -> Bits<Self> {
        blocks::nibbles(self, m, blocks, tables)
    }
    /// For each `(bits, t)`, where the opened m borrows: a plane of `m mod 2^bits < t mod 2^bits`, as unsigned numbers, of fewer bits
    /// than the ring has.
    fn borrows<R: Ring>(&self, m: &Self::Array<R>, cuts: &[(u32, R)]) -> Bits<Self> {
        blocks::borrows(self, m, cuts)
    }
    /// The same for tables that are one-hot in all nibbles: the planes of `eq`, lowest nibble first.
    fn equal_nibbles<R: Ring>(&self, c: &Self::Array<R>, tables: &Bits<Self>) -> Bits<Self>;
    /// This party's shares of products of bits, a plane for each group: see [`conjunction`]. `opened` and `masks` have a
    /// plane for each factor, `monomials` one for each set.
    fn conjunctions(
        &self,
        groups: &[usize],
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> Bits<Self>;
    /// A view of packed bits: `len` of them come in.
    fn view_bits(&self, view: &crate::shape::View, a: &Bits<Self>, len: usize) -> Bits<Self>;
    /// Bits from 0 and not 0.
    fn pack<R: Ring>(&self, a: &Self::Array<R>) -> Bits<Self>;
    /// One level of the comparison tree. See [`tree::Level`].
    fn tree_level(
        &self,
        level: &tree::Level,
        leaves: &Bits<Self>,
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> Bits<Self>;
    /// This party's share of a trigonometric series of `x = m - r` for the public `m`, from its shares of the waves of r,
    /// with [`Series::extra_bits`] extra fractional bits on top of the fixed-point scale. See [`Series`].
    fn series<R: Ring>(
        &self,
        series: &Series,
        fraction_bits: u32,
        m: &Self::Array<R>,
        waves: &Self::Array<R>,
        first: bool,
    ) -> Self::Array<R>;
    /// This party's share of the exponential of `x = m - r` for the public `m`, from its shares of what the dealer made of r:
    /// two numbers for each. See [`Exponential`], and there `carry`.
    fn exponential<R: Ring>(
        &self,
        e: &Exponential,
        m: &Self::Array<R>,
        decays: &Self::Array<u128>,
        carry: u128,
    ) -> Self::Array<R>;
}
