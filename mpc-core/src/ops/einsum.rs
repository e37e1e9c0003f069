//! Sums of products by letters, like `"ij,jk->ik"`: permutations, sums (both free) and one product of matrices, or of
//! elements where nothing is summed. Costs of [`matmul`](super::matmul).

use crate::{
    error::Usage,
    op::Handle,
    shape::{Axis, Shape, View},
};
use std::collections::BTreeMap;

/// What the letters of a specification say.
struct Letters {
    operands: Vec<Vec<char>>,
    result: Vec<char>,
    sizes: BTreeMap<char, usize>,
}

impl Letters {
    fn parse(spec: &str, shapes: &[Shape]) -> Result<Self, Usage> {
        let spec: String = spec.chars().filter(|letter| !letter.is_whitespace()).collect();
        let fail = |what: String| Err(Usage::Argument(format!("`{spec}`: {what}")));
        let (left, right) = spec.split_once("->").map_or((&spec[..], None), |(left, right)| (left, Some(right)));
        let operands: Vec<Vec<char>> = left.split(',').map(|letters| letters.chars().collect()).collect();
        let named = operands.iter().flatten().copied().chain(right.unwrap_or_default().chars());
        if let Some(letter) = named.clone().find(|letter| !letter.is_ascii_alphabetic()) {
            return fail(format!("`{letter}` is no letter"));
        }
        if operands.len() != shapes.len() {
            return fail(format!("it names {} operands, and there are {}", operands.len(), shapes.len()));
        }
        let mut sizes = BTreeMap::new();
        for (letters, shape) in operands.iter().zip(shapes) {
            if letters.len() != shape.rank() {
                return fail(format!("{} letters for the {} axes of {shape}", letters.len(), shape.rank()));
            }
            for (&letter, &size) in letters.iter().zip(shape.dims()) {
                let known = *sizes.entry(letter).or_insert(size);
                if known != size {
                    return fail(format!("`{letter}` is {known} in one place and {size} in another"));
                }
            }
        }
        let once = |letter: &char| operands.iter().flatten().filter(|other| *other == letter).count() == 1;
        let result: Vec<char> = match right {
            Some(right) => right.chars().collect(),
            None => sizes.keys().copied().filter(once).collect(),
        };
        for (at, letter) in result.iter().enumerate() {
            if !sizes.contains_key(letter) {
                return fail(format!("`{letter}` of the result is in no operand"));
            }
            if result[..at].contains(letter) {
                return fail(format!("`{letter}` is in the result twice"));
            }
        }
        Ok(Self { operands, result, sizes })
    }

    fn sizes(&self, letters: &[char]) -> Vec<usize> {
        letters.iter().map(|letter| self.sizes[letter]).collect()
    }

    fn len(&self, letters: &[char]) -> usize {
        self.sizes(letters).iter().product()
    }
}

/// How a product of more than two is taken: the first two, keeping the letters that others or the result need.
fn first_two(operands: &[Vec<char>], result: &[char]) -> String {
    let mut kept: Vec<char> = Vec::new();
    for &letter in operands[..2].iter().flatten() {
        let needed = result.contains(&letter) || operands[2..].iter().flatten().any(|other| *other == letter);
        if needed && !kept.contains(&letter) {
            kept.push(letter);
        }
    }
    let text = |letters: &[char]| letters.iter().collect::<String>();
    format!("{},{}->{}", text(&operands[0]), text(&operands[1]), text(&kept))
}

/// The letters of one list that satisfy a condition.
fn those(letters: &[char], condition: impl Fn(&char) -> bool) -> Vec<char> {
    letters.iter().copied().filter(condition).collect()
}

impl Handle {
    /// The sum of products of tensors that a specification like `"bij,bjk->bik"` names: of more than two, from the left, two
    /// at a time. Without `->`, the result has the letters that occur once, in alphabetical order. A letter that occurs twice in an operand is its diagonal.
    #[track_caller]
    pub fn einsum(&self, spec: &str, others: &[&Self]) -> Self {
        if let Some(poisoned) = std::iter::once(&self).chain(others).find(|x| x.error().is_some()) {
            return (*poisoned).clone();
        }
        let shapes: Vec<Shape> =
            std::iter::once(self.shape()).chain(others.iter().map(|other| other.shape())).collect();
        let letters = match Letters::parse(spec, &shapes) {
            Ok(letters) => letters,
            Err(problem) => return self.refuse("einsum", problem),
        };
        match others {
            [] => {
                let (x, own) = self.needed(&letters.operands[0], &letters.result);
                x.in_order(&own, &letters.result)
            }
            [other] => self.einsum_two(other, &letters),
            [other, rest @ ..] => {
                let first = first_two(&letters.operands, &letters.result);
                let text = |letters: &[char]| letters.iter().collect::<String>();
                let kept = first.rsplit('>').next().unwrap_or_default().to_owned();
                let rest_of: Vec<String> = letters.operands[2..].iter().map(|letters| text(letters)).collect();
                let spec = format!("{kept},{}->{}", rest_of.join(","), text(&letters.result));
                self.einsum(&first, &[other]).einsum(&spec, rest)
            }
        }
    }

    #[track_caller]
    fn einsum_two(&self, other: &Self, letters: &Letters) -> Self {
        let result = &letters.result;
        let (a, in_a) = self.needed(&letters.operands[0], &[&letters.operands[1][..], result].concat());
        let (b, in_b) = other.needed(&letters.operands[1], &[&letters.operands[0][..], result].concat());
        let batch = those(&in_a, |letter| in_b.contains(letter) && result.contains(letter));
        let summed = those(&in_a, |letter| in_b.contains(letter) && !result.contains(letter));
        let left = those(&in_a, |letter| !in_b.contains(letter));
        let right = those(&in_b, |letter| !in_a.contains(letter));
        let a = a.in_order(&in_a, &[&batch[..], &left, &summed].concat());
        let b = b.in_order(&in_b, &[&batch[..], &summed, &right].concat());
        let (each, m, k, n) = (letters.len(&batch), letters.len(&left), letters.len(&summed), letters.len(&right));
        let product = if summed.is_empty() {
            a.reshape(&[each, m, 1].into()).mul(&b.reshape(&[each, 1, n].into()))
        } else if batch.is_empty() {
            a.reshape(&[m, k].into()).matmul(&b.reshape(&[k, n].into()))
        } else {
            a.reshape(&[each, m, k].into()).matmul(&b.reshape(&[each, k, n].into()))
        };
        let found = [&batch[..], &left, &right].concat();
        product.reshape(&letters.sizes(&found)[..].into()).in_order(&found, result)
    }

    /// The diagonal where a letter occurs more than once, and the sum over letters that nothing needs: with the letters that
    /// are left.
    #[track_caller]
    fn needed(&self, letters: &[char], needed: &[char]) -> (Self, Vec<char>) {
        let mut view = View::of(&self.shape());
        let (mut own, mut axes) = (Vec::new(), Vec::<Axis>::new());
        for (letter, axis) in letters.iter().zip(&view.axes) {
            match own.iter().position(|other| other == letter) {
                Some(at) => axes[at].stride += axis.stride,
                None => {
                    own.push(*letter);
                    axes.push(*axis);
                }
            }
        }
        view.axes = axes.into();
        let x = self.view(Ok(view), None);
        let spare: Vec<usize> = (0..own.len()).filter(|&at| !needed.contains(&own[at])).collect();
        let left = those(&own, |letter| needed.contains(letter));
        (if spare.is_empty() { x } else { x.sum(&spare, false) }, left)
    }

    /// Axes with these letters, in another order of the same letters.
    #[track_caller]
    fn in_order(&self, letters: &[char], order: &[char]) -> Self {
        let places = order.iter().filter_map(|letter| letters.iter().position(|other| other == letter));
        self.permute(&places.collect::<Vec<_>>())
    }
}
