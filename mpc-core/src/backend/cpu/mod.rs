//! The CPU backend: plain Rust that the compiler vectorises; for products of matrices kernels for the instructions that
//! the processor has ([`Level`]), and rayon for large ones.

mod along;
mod bits;
mod compare;
mod conv;
mod dealt;
mod elementwise;
mod gemm;
mod layout;
mod nibbles;
mod parts;
mod patches;
mod product;
mod series;
mod truncate;

use super::{Backend, Bits, ByBit, Masked, Payload, Series, tree};
use crate::{
    bilinear::{Bilinear, Linear},
    error::Result,
    level::Level,
    rand::{Address, Seed, expand},
    ring::Ring,
    shape::View,
};
use std::{fmt, ops::Range, sync::Arc};

/// Kernels on host memory.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    level: Level,
}

impl Cpu {
    /// Kernels that use these instructions, or portable ones where the processor does not have them.
    pub fn new(level: Level) -> Self {
        Self { level: if level.supported() { level } else { Level::Portable } }
    }

    /// Kernels that use what `MPC_CPU` says, or else the best that the processor has.
    ///
    /// # Errors
    /// As [`Level::from_env`].
    pub fn from_env() -> Result<Self> {
        Ok(Self { level: Level::from_env()? })
    }

    /// The instructions that are used.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Adds a bilinear map to `out`, or subtracts it.
    fn add_bilinear<R: Ring>(&self, map: &Bilinear, a: &[R], b: &[R], negative: bool, out: &mut [R]) {
        let level = self.level;
        let matmul = |batch, sizes, ta, tb, out| {
            product::matmul(level, product::Form { batch, sizes, ta, tb }, a, b, negative, out);
        };
        match *map {
            Bilinear::Mul { .. } => elementwise::add_product(a, b, negative, out),
            Bilinear::MatMul { m, k, n, ta, tb } => matmul(1, [m, k, n], ta, tb, out),
            Bilinear::BatchMatMul { batch, m, k, n, ta, tb } => matmul(batch, [m, k, n], ta, tb, out),
            Bilinear::Conv { third, ref geometry } => conv::Conv { third, geometry, level, negative }.add_to(a, b, out),
        }
    }
}

impl Default for Cpu {
    /// The best that the processor has.
    fn default() -> Self {
        Self { level: Level::best() }
    }
}

/// A shared, immutable array in host memory.
#[derive(Clone)]
pub struct CpuArray<R>(Arc<Vec<R>>);

impl<R: Ring> CpuArray<R> {
    /// The elements as a vector: a copy if somebody else holds them.
    pub(crate) fn into_vec(self) -> Vec<R> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<R> From<Vec<R>> for CpuArray<R> {
    fn from(data: Vec<R>) -> Self {
        Self(Arc::new(data))
    }
}

impl<R> std::ops::Deref for CpuArray<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.0
    }
}

impl<R> fmt::Debug for CpuArray<R> {
    /// The length only: an array may be a share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuArray({})", self.0.len())
    }
}

/// The words of a payload; a meta payload never reaches this backend.
fn words(payload: &Payload) -> &[u64] {
    match payload {
        Payload::Words(words) => words,
        Payload::Meta(_) => &[],
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
        a.0.len()
    }

    fn fill<R: Ring>(&self, len: usize, value: R) -> CpuArray<R> {
        vec![value; len].into()
    }

    fn random<R: Ring>(&self, seed: &Seed, at: Address, range: Range<usize>) -> CpuArray<R> {
        let mut out = vec![R::ZERO; range.len()];
        expand(self.level, seed, at, range.start, &mut out);
        out.into()
    }

    fn to_wire<R: Ring>(&self, a: &CpuArray<R>) -> Payload {
        Payload::Words(R::to_words(&a.0))
    }

    fn sum_wire<R: Ring>(&self, parts: &[Payload], len: usize) -> CpuArray<R> {
        let mut sum = vec![R::ZERO; len];
        for part in parts {
            let part = R::from_words(words(part), len).unwrap_or_default();
            sum.iter_mut().zip(part.iter()).for_each(|(s, &p)| *s = R::add(*s, p));
        }
        sum.into()
    }

    fn xor_wire(&self, parts: &[Payload], len: usize) -> CpuArray<u64> {
        let mut sum = vec![0u64; len];
        for part in parts {
            sum.iter_mut().zip(words(part)).for_each(|(s, p)| *s ^= p);
        }
        sum.into()
    }

    fn add<R: Ring>(&self, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        elementwise::zip(a, b, R::add).into()
    }

    fn sub<R: Ring>(&self, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        elementwise::zip(a, b, R::sub).into()
    }

    fn add_scalar<R: Ring>(&self, a: &CpuArray<R>, c: R) -> CpuArray<R> {
        elementwise::map(a, |x| R::add(x, c)).into()
    }

    fn linear<R: Ring>(&self, map: &Linear, a: &CpuArray<R>) -> CpuArray<R> {
        match map {
            Linear::View(view) if view.contiguous() == Some(0..a.len()) => a.clone(),
            Linear::View(view) => layout::view(view, a).into(),
            Linear::Scatter(view, len) => layout::scatter(view, *len, a).into(),
            Linear::Pick(pick) => along::pick(pick, a).into(),
            Linear::Unpick(pick) => along::unpick(pick, a).into(),
            Linear::RunningSum(axis, backwards) => along::running_sum(axis, *backwards, a).into(),
            Linear::Neg => elementwise::map(a, R::neg).into(),
            Linear::Times(c) => {
                let c = R::from_i128(i128::from(*c));
                elementwise::map(a, |x| R::mul(x, c)).into()
            }
        }
    }

    fn concat<R: Ring>(&self, parts: &[&CpuArray<R>], runs: &[usize], outer: usize) -> CpuArray<R> {
        let parts: Vec<&[R]> = parts.iter().map(|part| &***part).collect();
        layout::concat(&parts, runs, outer).into()
    }

    fn bilinear<R: Ring>(&self, map: &Bilinear, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        if let Bilinear::Mul { .. } = map {
            return elementwise::zip(a, b, R::mul).into();
        }
        let mut out = vec![R::ZERO; map.out_len()];
        self.add_bilinear(map, a, b, false, &mut out);
        out.into()
    }

    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, step: Masked<'_, Self, R>) -> CpuArray<R> {
        let Masked { opened: [m_a, m_b], masks: [l_a, l_b], dealt, first } = step;
        if let Bilinear::Mul { .. } = map {
            return elementwise::masked_product([m_a, m_b], [l_a, l_b], dealt, first).into();
        }
        let right = if first { elementwise::zip(m_b, l_b, R::sub) } else { elementwise::map(l_b, R::neg) };
        let mut out = dealt.to_vec();
        self.add_bilinear(map, m_a, &right, false, &mut out);
        self.add_bilinear(map, l_a, m_b, true, &mut out);
        out.into()
    }

    fn round_shift<R: Ring>(&self, a: &CpuArray<R>, bits: u32) -> CpuArray<R> {
        elementwise::map(a, |x| R::round_shift(x, bits)).into()
    }

    fn map<R: Ring>(&self, a: &CpuArray<R>, f: &dyn Fn(R) -> R) -> CpuArray<R> {
        elementwise::map(a, f).into()
    }

    fn top_bits<R: Ring>(&self, a: &CpuArray<R>) -> CpuArray<u64> {
        bits::top_bits(self.level, a).into()
    }

    fn and(&self, a: &CpuArray<u64>, b: &CpuArray<u64>) -> CpuArray<u64> {
        elementwise::zip(a, b, |a, b| a & b).into()
    }

    fn equal_nibbles<R: Ring>(&self, c: &CpuArray<R>, tables: &CpuArray<u64>) -> CpuArray<u64> {
        nibbles::equal(self.level, c, tables).into()
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
        elementwise::zip(a, b, |a, b| a ^ b).into()
    }

    fn not(&self, a: &CpuArray<u64>) -> CpuArray<u64> {
        elementwise::map(a, |a| !a).into()
    }

    fn planes(&self, a: &CpuArray<u64>, range: Range<usize>) -> CpuArray<u64> {
        a[range].to_vec().into()
    }

    fn stack(&self, parts: &[&CpuArray<u64>]) -> CpuArray<u64> {
        parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<_>>().into()
    }

    fn bits_to_ring<R: Ring>(&self, bits: &CpuArray<u64>, len: usize) -> CpuArray<R> {
        bits::to_ring(self.level, bits, len).into()
    }

    fn choose<R: Ring>(&self, bits: &CpuArray<u64>, a: &CpuArray<R>, b: &CpuArray<R>) -> CpuArray<R> {
        bits::choose(self.level, bits, a, b).into()
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
        truncate::opened(self.level, [m, high, sign], bits, first).into()
    }

    fn nibbles<R: Ring>(&self, c: &CpuArray<R>, tables: &CpuArray<u64>) -> CpuArray<u64> {
        nibbles::less_or_equal(self.level, c, tables).into()
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
        series::combine(series, fraction_bits, m, waves, first).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Geometry, Third};

    /// The shares of both parties add up to the map of what the masks hide, whatever the dealer's shares are of.
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
        for (level, map) in Level::ALL.into_iter().flat_map(|level| maps.map(|map| (level, map))) {
            let cpu = Cpu::new(level);
            let (a, b, out) = map.lens().unwrap();
            let up = |seed, len| -> CpuArray<u64> { cpu.upload(words(seed, len)) };
            let values = [up(1, a), up(2, b)];
            let masks = [[up(3, a), up(4, b)], [up(5, a), up(6, b)]];
            let opened = [0, 1].map(|i| cpu.add(&values[i], &cpu.add(&masks[0][i], &masks[1][i])));
            let [l_a, l_b] = [0, 1].map(|i| cpu.add(&masks[0][i], &masks[1][i]));
            let dealt = [up(7, out), cpu.sub(&cpu.bilinear(&map, &l_a, &l_b), &up(7, out))];
            let share = |party: usize| {
                let (opened, masks) = ([&opened[0], &opened[1]], [&masks[party][0], &masks[party][1]]);
                cpu.masked_bilinear(&map, Masked { opened, masks, dealt: &dealt[party], first: party == 0 })
            };
            let expected = cpu.bilinear(&map, &values[0], &values[1]);
            assert_eq!(cpu.download(&cpu.add(&share(0), &share(1))), cpu.download(&expected), "{level} {map:?}");
        }
    }
}
