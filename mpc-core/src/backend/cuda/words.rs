//! What the backend computes in the ring of 64 bits, and on packed bits: one kernel each, or two.

use super::{
    Cuda, CudaArray,
    array::Rule,
    kernels as k,
    kernels::how,
    layout,
    product::{self, Factor},
};
use crate::{
    along::{Along, Pick},
    backend::{ByBit, Exponential, Masked, Payload, Series, tree},
    bilinear::{Bilinear, Linear},
    rand::{Address, Seed},
    ring::Ring,
    shape::View,
};
use smallvec::SmallVec;
use std::ops::Range;

type Words = CudaArray<u64>;

/// Elements that a thread of a scatter adds up, unless there are many results.
const RUN: usize = 64;
/// From so many results on, one thread adds up all of each.
const MANY: usize = 1 << 16;

fn same_len(arrays: &[&Words], len: usize) {
    assert!(arrays.iter().all(|array| array.len() == len), "operands of one length");
}

impl Cuda {
    /// Room for a result, and its elements as threads.
    fn result(&self, len: usize) -> (Words, u64) {
        (self.room(len), len as u64)
    }

    pub(super) fn filled(&self, len: usize, value: u64) -> Words {
        let (out, threads) = self.result(len);
        self.gpu().each(threads, &k::Fill { threads, out: out.at(), value });
        out
    }

    pub(super) fn each(&self, a: &Words, how: u64, c: u64) -> Words {
        let (out, threads) = self.result(a.len());
        self.gpu().each(threads, &k::Map { threads, a: a.at(), out: out.at(), how, c });
        out
    }

    pub(super) fn zip(&self, a: &Words, b: &Words, how: u64) -> Words {
        same_len(&[b], a.len());
        let (out, threads) = self.result(a.len());
        self.gpu().each(threads, &k::Zip { threads, a: a.at(), b: b.at(), out: out.at(), how });
        out
    }

    /// An array of what came from the wire. This party's own part is still here.
    pub(super) fn received<R: Ring>(&self, part: &Payload, len: usize) -> Option<CudaArray<R>> {
        match part {
            // A part of another length is refused before it gets here.
            Payload::Words(words) => words.as_bytes().get(..len * size_of::<R>()).map(|bytes| {
                let array = self.room(len);
                self.gpu().copy_in(bytes, array.at());
                array
            }),
            Payload::Later(later) => {
                later.source().downcast_ref().filter(|own: &&CudaArray<R>| own.len() == len).cloned()
            }
            Payload::Meta(_) => None,
        }
    }

    /// The sum, or the exclusive or, of what came from the wire.
    pub(super) fn joined(&self, parts: &[Payload], len: usize, how: u64) -> Words {
        let mut sum: Option<Words> = None;
        for part in parts {
            let Some(part) = self.received(part, len) else { continue };
            sum = Some(match sum {
                Some(sum) => self.zip(&sum, &part, how),
                None => part,
            });
        }
        sum.unwrap_or_else(|| CudaArray::zeros(self.gpu(), len))
    }

    /// The stream of any ring is made of words of 32 bits.
    pub(super) fn expanded<R: Ring>(&self, seed: &Seed, at: Address, range: Range<usize>) -> CudaArray<R> {
        let (key, stream) = (self.gpu().key(seed), at.stream());
        let first = range.start as u64 * u64::from(R::BITS / 32);
        CudaArray::ruled(self.gpu(), range.len(), Rule::Random { key, stream, first })
    }

    /// The random values at an address under some seeds, at least one, added up or joined by exclusive or: in rings of 64 and of
    /// 128 bits.
    pub(super) fn added_up<R: Ring>(&self, seeds: &[Seed], at: Address, range: Range<usize>, how: u64) -> CudaArray<R> {
        let out: CudaArray<R> = self.room(range.len());
        let first = range.start as u64 * u64::from(R::BITS / 32);
        for (number, seed) in seeds.iter().enumerate() {
            let how = if number == 0 { k::OVER } else { how };
            self.gpu().expand(self.gpu().key(seed), at.stream(), first, out.at(), out.bytes(), how);
        }
        out
    }

    /// Nothing where there is no kernel.
    pub(super) fn mapped(&self, map: &Linear, a: &Words) -> Option<Words> {
        Some(match map {
            Linear::View(view) => self.viewed(view, a)?,
            Linear::Scatter(view, len) => self.scattered(view, *len, a)?,
            Linear::Pick(pick) => self.picked(pick, a, false),
            Linear::Unpick(pick) => self.picked(pick, a, true),
            Linear::RunningSum(along, backwards) => self.running_sum(along, *backwards, a),
            Linear::Neg => self.each(a, how::TIMES, u64::MAX),
            Linear::Times(c) => self.each(a, how::TIMES, *c as u64),
        })
    }

    fn viewed(&self, view: &View, a: &Words) -> Option<Words> {
        let (out, threads) = self.result(view.len());
        if threads > 0 {
            assert!(view.extent().is_some_and(|extent| extent <= a.len()), "a view inside of its source");
            let view = layout::gather(view)?;
            self.gpu().each(threads, &k::Gather { threads, a: a.at(), out: out.at(), view });
        }
        Some(out)
    }

    fn scattered(&self, view: &View, len: usize, a: &Words) -> Option<Words> {
        same_len(&[a], view.len());
        let out = self.filled(len, 0);
        if view.is_empty() {
            return Some(out);
        }
        assert!(view.extent().is_some_and(|extent| extent <= len), "a view inside of its source");
        let layout::Transposed { kept, kept_source, summed, kept_len, summed_len } = layout::transposed(view)?;
        let run = if kept_len >= MANY { summed_len } else { summed_len.min(RUN) };
        let threads = (kept_len * summed_len.div_ceil(run)) as u64;
        let [kept_len, summed_len, run] = [kept_len, summed_len, run].map(|count| count as u64);
        let (a, to) = (a.at(), out.at());
        let args = k::Scatter { threads, a, out: to, kept, kept_source, summed, kept_len, summed_len, run };
        self.gpu().each(threads, &args);
        Some(out)
    }

    fn picked(&self, pick: &Pick, a: &Words, back: bool) -> Words {
        let (len, from) = (pick.out_len(), pick.in_len());
        same_len(&[a], if back { len } else { from });
        let out = if back { self.filled(from, 0) } else { self.room(len) };
        if from == 0 && !back {
            return self.filled(len, 0);
        }
        let index = |at: &Option<usize>| at.map_or(-1, |at| at as i64) as u64;
        // Tables of 64-bit numbers.
        let words = pick.index.iter().map(index).flat_map(|at| [at as u32, (at >> 32) as u32]).collect();
        let (index, threads) = (self.constant(words), len as u64);
        let [count, size, inner] = [pick.index.len(), pick.along.size, pick.along.inner].map(|count| count as u64);
        let (a, to, index, back) = (a.at(), out.at(), index.at(), u64::from(back));
        if from > 0 {
            self.gpu().each(threads, &k::Picked { threads, a, out: to, index, count, size, inner, back });
        }
        out
    }

    fn running_sum(&self, &Along { outer, size, inner }: &Along, backwards: bool, a: &Words) -> Words {
        same_len(&[a], outer * size * inner);
        let out = self.room(a.len());
        let [threads, size, inner] = [outer * inner, size, inner].map(|count| count as u64);
        if a.len() > 0 {
            let (a, out, backwards) = (a.at(), out.at(), u64::from(backwards));
            self.gpu().each(threads, &k::RunningSum { threads, a, out, size, inner, backwards });
        }
        out
    }

    pub(super) fn interleaved(&self, parts: &[&Words], runs: &[usize], outer: usize) -> Words {
        let width = runs.iter().sum::<usize>();
        let out: Words = self.room(outer * width);
        let mut offset = 0;
        for (part, &run) in parts.iter().zip(runs) {
            let threads = (outer * run) as u64;
            assert!(part.len() >= outer * run, "as many elements as the runs say");
            let to = out.at() + 8 * offset as u64;
            if outer == 1 {
                self.gpu().copy_within(part.at(), to, 8 * run);
            } else {
                let (run, width) = (run as u64, width as u64);
                self.gpu().each(threads, &k::Place { threads, a: part.at(), out: to, run, width });
            }
            offset += run;
        }
        out
    }

    /// Nothing where there is no kernel.
    pub(super) fn product(&self, map: &Bilinear, a: &Words, b: &Words) -> Option<Words> {
        if let Bilinear::Mul { .. } = map {
            return Some(self.zip(a, b, how::MUL));
        }
        assert_eq!(map.lens(), Some((a.len(), b.len(), map.out_len())), "operands of the sizes that the map says");
        product::sum(self.gpu(), self.0.tuning, map, &[[Factor::of(a), Factor::of(b)]], None)
    }

    /// Nothing where there is no kernel.
    pub(super) fn masked_product(&self, map: &Bilinear, step: Masked<'_, Self, u64>) -> Option<Words> {
        let Masked { opened: [m_a, m_b], masks: [l_a, l_b], dealt, first } = step;
        if let Bilinear::Mul { .. } = map {
            same_len(&[m_a, m_b, l_a, l_b], dealt.len());
            let (out, threads) = self.result(dealt.len());
            let (opened, masks) = ([m_a.at(), m_b.at()], [l_a.at(), l_b.at()]);
            let (dealt, to, first) = (dealt.at(), out.at(), u64::from(first));
            self.gpu().each(threads, &k::MaskedProduct { threads, opened, masks, dealt, out: to, first });
            return Some(out);
        }
        let lens = Some((m_a.len(), m_b.len(), dealt.len()));
        assert!(map.lens() == lens && lens == Some((l_a.len(), l_b.len(), dealt.len())), "the sizes that the map says");
        // Both products in one kernel, with the sign and the difference in the operands. What is known to be zero is left out:
        // a mask that another party has alone.
        let mut pairs: SmallVec<[_; 2]> = SmallVec::new();
        if first || !l_b.is_zero() {
            pairs.push([Factor::of(m_a), Factor::less(first.then_some(m_b), l_b, m_b)]);
        }
        if !l_a.is_zero() {
            pairs.push([Factor::less(None, l_a, m_a), Factor::of(m_b)]);
        }
        product::sum(self.gpu(), self.0.tuning, map, &pairs, Some(dealt))
    }

    /// The top bits, or which elements are not 0.
    pub(super) fn packed(&self, a: &Words, top: bool) -> Words {
        let (out, len) = (self.room(tree::plane(a.len())), a.len() as u64);
        let threads = 64 * out.len() as u64;
        self.gpu().each(threads, &k::Pack { threads, a: a.at(), out: out.at(), len, top: u64::from(top) });
        out
    }

    pub(super) fn spread(&self, bits: &Words, len: usize) -> Words {
        assert!(bits.len() >= tree::plane(len), "a bit for each element");
        let (out, threads) = self.result(len);
        self.gpu().each(threads, &k::Spread { threads, bits: bits.at(), out: out.at() });
        out
    }

    /// `bit ? a : b`, or with `flip` `bit ? a - b : b`.
    pub(super) fn chosen(&self, bits: &Words, a: &Words, b: &Words, flip: bool) -> Words {
        same_len(&[b], a.len());
        assert!(bits.len() >= tree::plane(a.len()), "a bit for each element");
        let (out, threads) = self.result(a.len());
        let (bits, a, b, to, flip) = (bits.at(), a.at(), b.at(), out.at(), u64::from(flip));
        self.gpu().each(threads, &k::Choose { threads, bits, a, b, out: to, flip });
        out
    }

    pub(super) fn truncated_by_bit(&self, step: ByBit<'_, Self, u64>) -> Words {
        let ByBit { z, opened: [a, b], mask, products, bits, first } = step;
        same_len(&[products], z.len());
        assert!([a, b, mask].iter().all(|bits| bits.len() >= tree::plane(z.len())), "a bit for each element");
        let (out, threads) = self.result(z.len());
        let args = k::TruncateByBit {
            threads,
            z: z.at(),
            opened: [a.at(), b.at()],
            mask: mask.at(),
            products: products.at(),
            out: out.at(),
            bits: u64::from(bits),
            first: u64::from(first),
        };
        self.gpu().each(threads, &args);
        out
    }

    pub(super) fn truncated(&self, m: &Words, high: &Words, sign: &Words, bits: u32, first: bool) -> Words {
        same_len(&[high, sign], m.len());
        let (out, threads) = self.result(m.len());
        let (m, high, sign, to) = (m.at(), high.at(), sign.at(), out.at());
        let (bits, first) = (u64::from(bits), u64::from(first));
        self.gpu().each(threads, &k::TruncateOpened { threads, m, high, sign, out: to, bits, first });
        out
    }

    pub(super) fn truncated_times(&self, m: &Words, [beta, high, sign]: [&Words; 3], bits: u32) -> Words {
        same_len(&[beta, high, sign], m.len());
        let (out, threads) = self.result(m.len());
        let (m, beta, high, sign, to) = (m.at(), beta.at(), high.at(), sign.at(), out.at());
        self.gpu().each(threads, &k::TruncatedProduct { threads, m, beta, high, sign, out: to, bits: u64::from(bits) });
        out
    }

    /// See [`tree`]; with `less` the planes of lt, then in any case those of eq.
    pub(super) fn looked_up(&self, c: &Words, tables: &Words, less: bool) -> Words {
        let (width, nibbles) = (tree::plane(c.len()), tree::nibbles(64));
        assert_eq!(tables.len(), c.len() * tree::table_words(64), "tables for each element");
        let out = self.room(if less { 2 * nibbles } else { nibbles } * width);
        let (threads, len) = (64 * width as u64, c.len() as u64);
        let (c, tables, to, width) = (c.at(), tables.at(), out.at(), width as u64);
        self.gpu().each(threads, &k::Nibbles { threads, c, tables, out: to, len, width, less: u64::from(less) });
        out
    }

    /// Planes of `width` words by a program of [`gates`], from leaves, opened bits, masks and monomials.
    pub(super) fn gates(&self, program: Vec<u32>, words: usize, width: usize, of: [&Words; 4], first: bool) -> Words {
        let (out, threads) = self.result(words);
        if threads > 0 {
            let program = self.constant(program).at();
            let ([leaves, opened, masks, monomials], to) = (of.map(|array| array.at()), out.at());
            let (width, first) = (width as u64, u64::from(first));
            let args = k::Gates { threads, leaves, opened, masks, monomials, out: to, program, width, first };
            self.gpu().each(threads, &args);
        }
        out
    }

    /// Nothing where there is no kernel.
    pub(super) fn viewed_bits(&self, view: &View, bits: &Words) -> Option<Words> {
        let (out, len) = (self.room(tree::plane(view.len())), view.len() as u64);
        let threads = 64 * out.len() as u64;
        if threads > 0 {
            let inside = view.extent().is_some_and(|extent| tree::plane(extent) <= bits.len());
            assert!(inside, "a view inside of its source");
            let view = layout::gather(view)?;
            self.gpu().each(threads, &k::GatherBits { threads, bits: bits.at(), out: out.at(), len, view });
        }
        Some(out)
    }

    /// Nothing where there is no kernel.
    pub(super) fn combined(
        &self,
        series: &Series,
        fraction_bits: u32,
        m: &Words,
        waves: &Words,
        first: bool,
    ) -> Option<Words> {
        let (count, bits) = (series.harmonics(), series.period_log2 + fraction_bits);
        assert_eq!((waves.len(), series.cosines.len()), (2 * count * m.len(), count), "all waves of each element");
        if bits > 64 {
            return None;
        }
        let table = |coefficients: &[f64]| {
            let words = coefficients.iter().map(|x| x.to_bits());
            self.constant(words.flat_map(|x| [x as u32, (x >> 32) as u32]).collect())
        };
        let (sines, cosines) = (table(series.sines), table(series.cosines));
        let (out, threads) = self.result(m.len());
        let constant = if first { series.scaled_constant::<u64>() } else { 0 };
        let args = k::Combine {
            threads,
            m: m.at(),
            waves: waves.at(),
            out: out.at(),
            sines: sines.at(),
            cosines: cosines.at(),
            count: count as u64,
            bits: u64::from(bits),
            constant,
        };
        self.gpu().each(threads, &args);
        Some(out)
    }

    pub(super) fn exponentials(&self, e: &Exponential, m: &Words, decays: &CudaArray<u128>, carry: u128) -> Words {
        assert_eq!(decays.len(), 2 * m.len(), "two for each value");
        let (out, threads) = self.result(m.len());
        let args = k::Exponential {
            threads,
            m: m.at(),
            decays: decays.at(),
            out: out.at(),
            constants: e.constants(),
            unit: e.window.units(1),
            start: e.start as u64,
            log2: u64::from(e.window.log2),
            carry: [carry as u64, (carry >> 64) as u64],
        };
        self.gpu().each(threads, &args);
        out
    }
}
