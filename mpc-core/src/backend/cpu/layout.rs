//! Views, their transposes, and concatenation.

use crate::{ring::Ring, shape::View};

pub(super) fn view<R: Ring>(view: &View, a: &[R]) -> Vec<R> {
    if let Some(range) = view.contiguous() {
        return a[range].to_vec();
    }
    let mut out = Vec::with_capacity(view.len());
    view.for_rows(|start, stride, count| match stride {
        0 => out.extend(std::iter::repeat_n(a[start], count)),
        1 => out.extend_from_slice(&a[start..start + count]),
        _ => out.extend((0..count).map(|i| a[(start as isize + i as isize * stride) as usize])),
    });
    out
}

pub(super) fn scatter<R: Ring>(view: &View, len: usize, a: &[R]) -> Vec<R> {
    assert_eq!(a.len(), view.len(), "one element for each that the view reads");
    let (mut out, mut rest) = (vec![R::ZERO; len], a);
    view.for_rows(|start, stride, count| {
        let row;
        (row, rest) = rest.split_at(count);
        match stride {
            0 => out[start] = row.iter().fold(out[start], |sum, &x| R::add(sum, x)),
            1 => out[start..start + count].iter_mut().zip(row).for_each(|(o, &x)| *o = R::add(*o, x)),
            _ => row.iter().enumerate().for_each(|(i, &x)| {
                let at = (start as isize + i as isize * stride) as usize;
                out[at] = R::add(out[at], x);
            }),
        }
    });
    out
}

pub(super) fn concat<R: Ring>(parts: &[&[R]], runs: &[usize], outer: usize) -> Vec<R> {
    let mut out = Vec::with_capacity(outer * runs.iter().sum::<usize>());
    for at in 0..outer {
        for (part, &run) in parts.iter().zip(runs) {
            out.extend_from_slice(&part[at * run..(at + 1) * run]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn scatter_is_the_transpose_of_view() {
        let all = View::of(&[3, 4].into());
        let views = [
            all.clone(),
            all.permute(&[1, 0]).unwrap(),
            all.slice(1, 1..4, 2).unwrap().flip(0).unwrap(),
            View::of(&[3, 1].into()).expand(&[3, 5].into()).unwrap(),
            View::of(&Shape::scalar()).expand(&[2, 2].into()).unwrap(),
        ];
        for v in views {
            let len = v.extent().unwrap().max(12);
            let x: Vec<u64> = (0..len as u64).map(|i| i * i + 1).collect();
            let g: Vec<u64> = (0..v.len() as u64).map(|i| 3 * i + 2).collect();
            let dot = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<u64>();
            assert_eq!(dot(&view(&v, &x), &g), dot(&x, &scatter(&v, len, &g)), "{v:?}");
        }
    }

    #[test]
    fn concat_interleaves_runs() {
        assert_eq!(concat(&[&[1u64, 2], &[3, 4, 5, 6]], &[1, 2], 2), [1, 3, 4, 2, 5, 6]);
    }
}
