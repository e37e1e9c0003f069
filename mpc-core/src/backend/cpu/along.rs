//! Picking and running sums along an axis.

use crate::{
    along::{Along, Pick},
    ring::Ring,
};

pub(super) fn pick<R: Ring>(pick: &Pick, a: &[R]) -> Vec<R> {
    let Along { size, inner, .. } = pick.along;
    let mut out = Vec::with_capacity(pick.out_len());
    for block in a.chunks_exact((size * inner).max(1)) {
        for index in &pick.index {
            match index {
                Some(k) => out.extend_from_slice(&block[k * inner..(k + 1) * inner]),
                None => out.resize(out.len() + inner, R::ZERO),
            }
        }
    }
    out.resize(pick.out_len(), R::ZERO); // an empty source has no blocks
    out
}

/// The transpose: adds each element to where it was picked.
pub(super) fn unpick<R: Ring>(pick: &Pick, a: &[R]) -> Vec<R> {
    let Along { size, inner, .. } = pick.along;
    let mut out = vec![R::ZERO; pick.in_len()];
    if out.is_empty() || pick.index.is_empty() {
        return out;
    }
    for (block, rows) in out.chunks_exact_mut(size * inner).zip(a.chunks_exact(pick.index.len() * inner)) {
        for (index, row) in pick.index.iter().zip(rows.chunks_exact(inner)) {
            if let Some(k) = index {
                add_to(&mut block[k * inner..(k + 1) * inner], row);
            }
        }
    }
    out
}

/// Each step plus all before it, or all after it.
pub(super) fn running_sum<R: Ring>(along: &Along, backwards: bool, a: &[R]) -> Vec<R> {
    let Along { size, inner, .. } = *along;
    let mut out = a.to_vec();
    for block in out.chunks_exact_mut((size * inner).max(1)) {
        for step in 1..size {
            let at = if backwards { size - step } else { step } * inner;
            let (low, high) = block.split_at_mut(at);
            match backwards {
                true => add_to(&mut low[at - inner..], &high[..inner]),
                false => add_to(&mut high[..inner], &low[at - inner..]),
            }
        }
    }
    out
}

fn add_to<R: Ring>(sum: &mut [R], row: &[R]) {
    sum.iter_mut().zip(row).for_each(|(s, &x)| *s = R::add(*s, x));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONG: Along = Along { outer: 2, size: 3, inner: 2 };

    fn dot(a: &[u64], b: &[u64]) -> u64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn unpick_is_the_transpose_of_pick() {
        let map = Pick { along: ALONG, index: vec![Some(2), None, Some(0), Some(2)] };
        let x: Vec<u64> = (1..13).collect();
        assert_eq!(pick(&map, &x), [5, 6, 0, 0, 1, 2, 5, 6, 11, 12, 0, 0, 7, 8, 11, 12]);
        let g: Vec<u64> = (0..16).map(|i| i * i + 1).collect();
        assert_eq!(dot(&pick(&map, &x), &g), dot(&x, &unpick(&map, &g)));
        let empty = Pick { along: Along { size: 0, ..ALONG }, index: vec![None] };
        assert_eq!((pick(&empty, &[0u64; 0]), unpick(&empty, &[1u64; 4])), (vec![0; 4], vec![]));
    }

    #[test]
    fn running_sums_and_their_transpose() {
        let x: Vec<u64> = (1..13).collect();
        let sums = running_sum(&ALONG, false, &x);
        assert_eq!(sums, [1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30]);
        let g: Vec<u64> = (0..12).map(|i| i * i + 1).collect();
        assert_eq!(dot(&sums, &g), dot(&x, &running_sum(&ALONG, true, &g)));
    }
}
