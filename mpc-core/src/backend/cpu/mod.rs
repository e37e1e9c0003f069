//! The CPU backend: plain Rust that the compiler vectorises; for products of matrices kernels for the instructions that
//! the processor has ([`Level`]), and rayon for large ones.

mod along;
mod array;
mod bits;
mod compare;
mod conv;
mod dealt;
mod elementwise;
mod exponential;
mod factor;
mod gemm;
mod kept;
mod layout;
mod nibbles;
mod parts;
mod patches;
mod product;
mod series;
mod sums;
mod truncate;

use self::{factor::Factor, kept::Kept};
use super::{Backend, Bits, ByBit, Exponential, Masked, Payload, Series, Weights, tree};
use crate::{
    bilinear::{Bilinear, Linear},
    error::Result,
    level::Level,
    rand::{Address, Seed},
    ring::Ring,
    shape::View,
};
use std::ops::Range;

pub use array::{Add, CpuArray};

/// Kernels on host memory.
#[derive(Clone, Debug)]
pub struct Cpu {
    level: Level,
    /// Of clones too.
    kept: Kept,
}

impl Cpu {
    /// Kernels that use these instructions, or portable ones where the processor does not have them.
    pub fn new(level: Level) -> Self {
        Self { level: if level.supported() { level } else { Level::Portable }, kept: Kept::default() }
    }

    /// Kernels that use what `MPC_CPU` says, or else the best that the processor has.
    ///
    /// # Errors
    /// As [`Level::from_env`].
    pub fn from_env() -> Result<Self> {
        Ok(Self::new(Level::from_env()?))
    }

    /// The instructions that are used.
    pub fn level(&self) -> Level {
        self.level
    }
}

impl Default for Cpu {
    /// The best that the processor has.
    fn default() -> Self {
        Self::new(Level::best())
    }
}

impl Backend for Cpu {
    type Array<R: Ring> = CpuArray<R>;

    fn upload<R: Ring>(&self, data: Vec<R>) -> CpuArray<R> {
        data.into()
    }

    fn download<R: Ring>(&self, a: &CpuArray<R>) -> Vec<R> {
        a.to_vec()
    }

    fn len<R: Ring>(&self, a: &CpuArray<R>) -> usize {
        a.count()
    }

    fn fill<R: Ring>(&self, len: usize, value: R) -> CpuArray<R> {
        CpuArray::constant(len, value)
    }

    fn random<R: Ring>(&self, seed: &Seed, at: Address, range: Range<usize>) -> CpuArray<R> {
        CpuArray::random(self.level, seed, at, range)
    }

    fn to_wire<R: Ring>(&self, a: &CpuArray<R>) -> Payload {
        Payload::Words(a.to_wire())
    }

    fn sum_wire<R: Ring>(&self, parts: &[Payload], len: usize) -> CpuArray<R> {
        let parts = parts.iter().map(|part| CpuArray::received(part, len));
        parts.reduce(|sum, part| self.add(&sum, &part)).unwrap_or_else(|| self.fill(len, R::ZERO))
    }

    fn xor_wire(&self, parts: &[Payload], len: usize) -> CpuArray<u64> {
        let parts = parts.iter().map(|part| CpuArray::received(part, len));
        parts.reduce(|sum, part| self.xor(&sum, &part)).unwrap_or_else(|| self.fill(len, 0))
    }

    fn add<R: Ring>(&self, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        match (a.is_zero(), b.is_zero()) {
            (true, _) => b.clone(),
            (_, true) => a.clone(),
            _ => elementwise::zip(self.level, a, b, R::add).into(),
        }
    }

    fn sub<R: Ring>(&self, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        match b.is_zero() {
            true => a.clone(),
            false => elementwise::zip(self.level, a, b, R::sub).into(),
        }
    }

    fn add_scalar<R: Ring>(&self, a: &CpuArray<R>, c: R) -> CpuArray<R> {
        match a.is_zero() {
            true => self.fill(a.count(), c),
            _ if c == R::ZERO => a.clone(),
            _ => elementwise::map(self.level, a, move |x| R::add(x, c)).into(),
        }
    }

    fn linear<R: Ring>(&self, map: &Linear, a: &CpuArray<R>) -> CpuArray<R> {
        if a.is_zero() {
            return self.fill(map.len(a.count()), R::ZERO);
        }
        match map {
            Linear::View(view) => match view.contiguous() {
                Some(range) => a.run(range),
                None => layout::view(view, a).into(),
            },
            Linear::Scatter(view, len) => layout::scatter(view, *len, a).into(),
            Linear::Pick(pick) => along::pick(pick, a).into(),
            Linear::Unpick(pick) => along::unpick(pick, a).into(),
            Linear::RunningSum(axis, backwards) => along::running_sum(axis, *backwards, a).into(),
            Linear::Neg => elementwise::map(self.level, a, R::neg).into(),
            Linear::Times(c) => {
                let c = R::from_i128(i128::from(*c));
                elementwise::map(self.level, a, move |x| R::mul(x, c)).into()
            }
        }
    }

    fn concat<R: Ring>(&self, parts: &[&CpuArray<R>], runs: &[usize], outer: usize) -> CpuArray<R> {
        let parts: Vec<&[R]> = parts.iter().map(|part| &***part).collect();
        layout::concat(&parts, runs, outer).into()
    }

    fn bilinear<R: Ring>(&self, map: &Bilinear, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        match map {
            _ if a.is_zero() || b.is_zero() => self.fill(map.out_len(), R::ZERO),
            Bilinear::Mul { .. } => elementwise::zip(self.level, a, b, R::mul).into(),
            _ => {
                let mut out = vec![R::ZERO; map.out_len()];
                product::add(self, map, [a, b].map(Factor::of), false, &mut out);
                out.into()
            }
        }
    }

    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, step: Masked<'_, Self, R>) -> CpuArray<R> {
        product::masked(self, map, step)
    }

    fn round_shift<R: Ring>(&self, a: &CpuArray<R>, bits: u32) -> CpuArray<R> {
        elementwise::map(self.level, a, move |x| R::round_shift(x, bits)).into()
    }

    fn map<R: Ring>(&self, a: &CpuArray<R>, f: &dyn Fn(R) -> R) -> CpuArray<R> {
        a.iter().map(|&x| f(x)).collect::<Vec<_>>().into()
    }

    fn top_bits<R: Ring>(&self, a: &CpuArray<R>) -> CpuArray<u64> {
        bits::top_bits(self.level, a).into()
    }

    fn and(&self, a: &CpuArray<u64>, b: &CpuArray<u64>) -> CpuArray<u64> {
        elementwise::zip(self.level, a, b, |a, b| a & b).into()
    }

    fn equal_nibbles<R: Ring>(&self, c: &CpuArray<R>, tables: &CpuArray<u64>) -> CpuArray<u64> {
        nibbles::equal(self.level, c, tables.operand()).into()
    }

    fn conjunctions(
        &self,
        groups: &[usize],
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> CpuArray<u64> {
        compare::conjunctions(self.level, groups, compare::Shared { opened, masks, monomials, first }).into()
    }

    fn view_bits(&self, view: &View, a: &CpuArray<u64>, len: usize) -> CpuArray<u64> {
        bits::nonzero(self.level, &layout::view(view, &bits::to_ring::<u32>(self.level, a, len))).into()
    }

    fn pack<R: Ring>(&self, a: &CpuArray<R>) -> CpuArray<u64> {
        bits::nonzero(self.level, a).into()
    }

    fn xor(&self, a: &CpuArray<u64>, b: &CpuArray<u64>) -> CpuArray<u64> {
        match (a.is_zero(), b.is_zero()) {
            (true, _) => b.clone(),
            (_, true) => a.clone(),
            _ => elementwise::zip(self.level, a, b, |a, b| a ^ b).into(),
        }
    }

    fn not(&self, a: &CpuArray<u64>) -> CpuArray<u64> {
        elementwise::map(self.level, a, |a: u64| !a).into()
    }

    fn planes(&self, a: &CpuArray<u64>, range: Range<usize>) -> CpuArray<u64> {
        a.slice(range)
    }

    fn stack(&self, parts: &[&CpuArray<u64>]) -> CpuArray<u64> {
        let mut out = Vec::with_capacity(parts.iter().map(|part| part.count()).sum());
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.into()
    }

    fn bits_to_ring<R: Ring>(&self, bits: &CpuArray<u64>, len: usize) -> CpuArray<R> {
        bits::to_ring(self.level, bits, len).into()
    }

    fn choose<R: Ring>(&self, bits: &CpuArray<u64>, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        bits::choose(self.level, bits, a.operand(), b.operand()).into()
    }

    fn flip<R: Ring>(&self, bits: &CpuArray<u64>, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        bits::flip(self.level, bits, a.operand(), b.operand()).into()
    }

    fn flipped_sums<R: Ring>(
        &self,
        bits: &[CpuArray<u64>],
        a: &[CpuArray<R>],
        sums: &[Weights<'_>],
    ) -> Vec<CpuArray<R>> {
        self.sums(bits, a, sums)
    }

    fn product_less<R: Ring>(&self, a: &CpuArray<R>, b: &CpuArray<R>, c: &CpuArray<R>) -> CpuArray<R> {
        elementwise::product_less(self.level, [a, b, c].map(CpuArray::operand)).into()
    }

    fn truncated_product<R: Ring>(
        &self,
        m: &CpuArray<R>,
        [beta, high, sign]: [&CpuArray<R>; 3],
        bits: u32,
    ) -> CpuArray<R> {
        elementwise::truncated_product(self.level, [m, beta, high, sign].map(CpuArray::operand), bits).into()
    }

    fn truncate_by_bit<R: Ring>(&self, step: ByBit<'_, Self, R>) -> CpuArray<R> {
        truncate::by_bit(self.level, &step).into()
    }

    fn truncate_opened<R: Ring>(
        &self,
        m: &CpuArray<R>,
        high: &CpuArray<R>,
        sign: &CpuArray<R>,
        bits: u32,
        first: bool,
    ) -> CpuArray<R> {
        truncate::opened(self.level, [m, high, sign].map(CpuArray::operand), bits, first).into()
    }

    fn nibbles<R: Ring>(&self, c: &CpuArray<R>, tables: &CpuArray<u64>) -> CpuArray<u64> {
        nibbles::less_or_equal(self.level, c, &[R::ZERO], tables.operand()).into()
    }

    fn nibbles_below<R: Ring>(
        &self,
        m: &CpuArray<R>,
        thresholds: &[R],
        tables: &CpuArray<u64>,
    ) -> Vec<[CpuArray<u64>; 2]> {
        let leaves: CpuArray<u64> = nibbles::less_or_equal(self.level, m, thresholds, tables.operand()).into();
        let words = 2 * tree::nibbles(R::BITS) * tree::plane(m.count());
        let of = |(k, &t): (usize, &R)| {
            [leaves.slice(k * words..(k + 1) * words), bits::top_bits_below(self.level, m, t).into()]
        };
        thresholds.iter().enumerate().map(of).collect()
    }

    fn nibbles_of_blocks<R: Ring>(
        &self,
        m: &CpuArray<R>,
        blocks: &[tree::Block],
        tables: &CpuArray<u64>,
    ) -> CpuArray<u64> {
        nibbles::of_blocks(self.level, m, blocks, tables.operand()).into()
    }

    fn borrows<R: Ring>(&self, m: &CpuArray<R>, cuts: &[(u32, R)]) -> CpuArray<u64> {
        bits::borrows(self.level, m, cuts).into()
    }

    fn tree_level(
        &self,
        level: &tree::Level,
        leaves: &Bits<Self>,
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> CpuArray<u64> {
        let shared = compare::Shared { opened, masks, monomials, first };
        compare::tree_level(self.level, level, leaves, shared).into()
    }

    fn series<R: Ring>(
        &self,
        series: &Series,
        fraction_bits: u32,
        m: &CpuArray<R>,
        waves: &CpuArray<R>,
        first: bool,
    ) -> CpuArray<R> {
        self.combined(series, fraction_bits, m, waves, first)
    }

    fn exponential<R: Ring>(
        &self,
        e: &Exponential,
        m: &CpuArray<R>,
        decays: &CpuArray<u128>,
        carry: u128,
    ) -> CpuArray<R> {
        self.exponentials(e, m, decays, carry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Geometry, Third};

    /// The shares of both parties add up to the map of what the masks hide, whatever the dealer's shares are of, and
    /// whether both parties have a part in a mask or one alone knows it.
    #[test]
    fn masked_maps_add_up_to_the_map() {
        let words = |seed: u64, len: usize| -> Vec<u64> {
            (0..len as u64).map(|i| (i + 99 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32)).collect()
        };
        let geometry = Geometry {
            images: 2,
            groups: 1,
            channels: 2,
            filters: 3,
            input: [4, 4],
            kernel: [3, 3],
            output: [4, 4],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
        };
        let maps = [
            Bilinear::Mul { len: 70 },
            Bilinear::MatMul { m: 9, k: 20, n: 11, ta: false, tb: true },
            Bilinear::BatchMatMul { batch: 3, m: 2, k: 5, n: 4, ta: true, tb: false },
            Bilinear::Conv { third: Third::Output, geometry },
        ];
        let owners = [None, Some(0), Some(1)];
        let owners = owners.into_iter().flat_map(|a| owners.map(|b| [a, b]));
        let cases = owners.flat_map(|owners| Level::ALL.map(|level| (owners, level)));
        for (owners, level, map) in cases.flat_map(|(owners, level)| maps.map(|map| (owners, level, map))) {
            let cpu = Cpu::new(level);
            let (a, b, out) = map.lens().unwrap();
            let up = |seed, len| -> CpuArray<u64> { cpu.upload(words(seed, len)) };
            let values = [up(1, a), up(2, b)];
            let mask = |party, operand: usize, len| match owners[operand] {
                Some(owner) if owner != party => cpu.fill(len, 0),
                _ => up(3 + 2 * party as u64 + operand as u64, len),
            };
            let masks = [0, 1].map(|party| [mask(party, 0, a), mask(party, 1, b)]);
            let opened = [0, 1].map(|i| cpu.add(&values[i], &cpu.add(&masks[0][i], &masks[1][i])));
            let [l_a, l_b] = [0, 1].map(|i| cpu.add(&masks[0][i], &masks[1][i]));
            let dealt = [up(7, out), cpu.sub(&cpu.bilinear(&map, &l_a, &l_b), &up(7, out))];
            let share = |party: usize| {
                let (opened, masks) = ([&opened[0], &opened[1]], [&masks[party][0], &masks[party][1]]);
                cpu.masked_bilinear(&map, Masked { opened, masks, dealt: &dealt[party], first: party == 0 })
            };
            let expected = cpu.bilinear(&map, &values[0], &values[1]);
            assert_eq!(
                cpu.download(&cpu.add(&share(0), &share(1))),
                cpu.download(&expected),
                "{level} {map:?} {owners:?}"
            );
        }
    }
}
