//! Bilinear maps modulo 2^k.

use super::{
    Cpu, CpuArray,
    conv::{Conv, Data},
    elementwise,
    factor::{Factor, Ready},
    gemm::{self, Matrix, Operand, PARALLEL, Side, Term},
};
use crate::{backend::Masked, bilinear::Bilinear, ring::Ring};
use rayon::prelude::*;

/// How the matrices of a product are stored.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// How many products of matrices that lie one after the other.
    batch: usize,
    /// `[m, k, n]`: the result is m x n.
    sizes: [usize; 3],
    /// The left one is k x m, not m x k.
    ta: bool,
    /// The right one is n x k, not k x n.
    tb: bool,
}

/// Adds a bilinear map to `out`, or subtracts it.
pub(super) fn add<R: Ring>(cpu: &Cpu, map: &Bilinear, factors: [Factor<'_, R>; 2], negative: bool, out: &mut [R]) {
    let mut matmul = |batch, sizes, ta, tb| matmul(cpu, Form { batch, sizes, ta, tb }, factors, negative, out);
    match *map {
        Bilinear::Mul { .. } => {
            let [a, b] = factors.map(|factor| factor.elements(cpu));
            elementwise::add_product(&a, &b, negative, out);
        }
        Bilinear::MatMul { m, k, n, ta, tb } => matmul(1, [m, k, n], ta, tb),
        Bilinear::BatchMatMul { batch, m, k, n, ta, tb } => matmul(batch, [m, k, n], ta, tb),
        Bilinear::Conv { third, ref geometry } => {
            let sizes = map.lens().map(|(a, b, _)| [a, b]).unwrap_or_default();
            assert_eq!(factors.each_ref().map(Factor::len), sizes, "operands of the sizes that the map says");
            let conv = Conv { third, geometry, level: cpu.level, negative };
            let [x, w] = factors;
            let x = x.elements(cpu);
            let w = match conv.packed() {
                Some(matrix) => w.ready(cpu, matrix, true),
                None => Ready::Elements(w.elements(cpu)),
            };
            conv.add_to(Data { a: &x, b: w.elements(), weights: w.panels() }, out);
        }
    }
}

/// One party's side of a masked product.
pub(super) fn masked<R: Ring>(cpu: &Cpu, map: &Bilinear, step: Masked<'_, Cpu, R>) -> CpuArray<R> {
    let Masked { opened: [m_a, m_b], masks: [l_a, l_b], dealt, first } = step;
    if let Bilinear::Mul { .. } = map {
        let [m_a, m_b, l_a, l_b] = [m_a, m_b, l_a, l_b].map(CpuArray::operand);
        return elementwise::masked_product(cpu.level, [m_a, m_b], [l_a, l_b], dealt.operand(), first).into();
    }
    let mut out = dealt.to_vec();
    let [a, b, of_a, of_b] = [Factor::of(m_a), Factor::of(m_b), Factor::mask(m_a, l_a), Factor::mask(m_b, l_b)];
    let mut term = |a, b, negative| add(cpu, map, [a, b], negative, &mut out);
    // Where another party alone knows a mask, ours is zero, and one product is enough.
    match (first, l_a.is_zero(), l_b.is_zero()) {
        (true, _, true) => term(Factor::less(m_a, l_a), b, false),
        (true, true, false) => term(a, Factor::less(m_b, l_b), false),
        (true, false, false) => {
            term(a, Factor::less(m_b, l_b), false);
            term(of_a, b, true);
        }
        (false, a_is_zero, b_is_zero) => {
            if !b_is_zero {
                term(a, of_b, true);
            }
            if !a_is_zero {
                term(of_a, b, true);
            }
        }
    }
    out.into()
}

/// Adds products of matrices to `out`, or subtracts them.
fn matmul<R: Ring>(cpu: &Cpu, form: Form, [a, b]: [Factor<'_, R>; 2], negative: bool, out: &mut [R]) {
    let Form { batch, sizes, ta, tb } = form;
    let [m, k, n] = sizes;
    assert_eq!((a.len(), b.len()), (batch * m * k, batch * k * n), "operands of the sizes that the map says");
    assert_eq!(out.len(), batch * m * n, "a result of the size that the map says");
    if out.is_empty() || k == 0 {
        return;
    }
    if batch == 1 {
        let packs = gemm::packs(sizes);
        let of = |side, lanes, transposed| Matrix { side, lanes, depths: k, transposed, groups: 1 };
        let left = a.ready(cpu, of(Side::Left, m, ta), packs);
        let right = b.ready(cpu, of(Side::Right, n, !tb), packs);
        let left_of = left.panels().map_or_else(|| Operand::left(left.elements(), m, k, ta), Operand::packed);
        let right_of = right.panels().map_or_else(|| Operand::right(right.elements(), k, n, tb), Operand::packed);
        return Term { sizes, left: left_of, right: right_of, negative }.add_to(cpu.level, out);
    }
    let (a, b) = (a.elements(cpu), b.elements(cpu));
    let one = |((a, b), out): ((&[R], &[R]), &mut [R])| {
        let (left, right) = (Operand::left(a, m, k, ta), Operand::right(b, k, n, tb));
        Term { sizes, left, right, negative }.add_to(cpu.level, out);
    };
    if out.len() * k >= PARALLEL {
        a.par_chunks(m * k).zip(b.par_chunks(k * n)).zip(out.par_chunks_mut(m * n)).for_each(one);
    } else {
        a.chunks(m * k).zip(b.chunks(k * n)).zip(out.chunks_mut(m * n)).for_each(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(form: Form, a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0; form.batch * form.sizes[0] * form.sizes[2]];
        let [a, b] = [a, b].map(|data| data.to_vec().into());
        matmul(&Cpu::default(), form, [Factor::of(&a), Factor::of(&b)], false, &mut out);
        out
    }

    #[test]
    fn every_form_agrees_with_the_definition() {
        let value = |seed: u64, i: usize| (i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32);
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (5, 3, 9), (9, 17, 8), (4, 0, 3), (0, 4, 3), (130, 120, 110)] {
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                let a: Vec<u64> = (0..m * k).map(|i| value(1, i)).collect();
                let b: Vec<u64> = (0..k * n).map(|i| value(2, i)).collect();
                let at = |i: usize, l: usize| if ta { a[l * m + i] } else { a[i * k + l] };
                let bt = |l: usize, j: usize| if tb { b[j * k + l] } else { b[l * n + j] };
                let sum = |i, j| (0..k).fold(0u64, |s, l| s.wrapping_add(at(i, l).wrapping_mul(bt(l, j))));
                let expected: Vec<u64> = (0..m * n).map(|at| sum(at / n, at % n)).collect();
                let form = Form { batch: 1, sizes: [m, k, n], ta, tb };
                assert_eq!(product(form, &a, &b), expected, "{m} {k} {n} {ta} {tb}");
                let twice = product(Form { batch: 2, ..form }, &a.repeat(2), &b.repeat(2));
                assert_eq!(twice, expected.repeat(2), "2 times {m} {k} {n} {ta} {tb}");
            }
        }
    }
}
