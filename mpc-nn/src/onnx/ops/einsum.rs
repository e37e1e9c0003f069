//! Sums of products by letters.

use super::{Entry, Inputs, Operator, one, op, pick::indices};
use crate::onnx::{
    array::{Array, Element, MOST, within},
    report::Reason,
    value::{Context, Value},
};
use std::collections::BTreeMap;

struct Einsum {
    inputs: Vec<Vec<char>>,
    output: Vec<char>,
    spec: String,
}

impl Einsum {
    fn read(spec: &str) -> Result<Self, Reason> {
        let spec: String = spec.chars().filter(|c| !c.is_whitespace()).collect();
        if spec.contains("...") {
            return Reason::err("an equation with `...` is not supported");
        }
        let (left, right) = match spec.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (&spec[..], None),
        };
        let inputs: Vec<Vec<char>> = left.split(',').map(|term| term.chars().collect()).collect();
        let output: Vec<char> = match right {
            Some(right) => right.chars().collect(),
            None => {
                let mut counts = BTreeMap::new();
                inputs.iter().flatten().for_each(|&letter| *counts.entry(letter).or_insert(0) += 1);
                counts.into_iter().filter(|(_, count)| *count == 1).map(|(letter, _)| letter).collect()
            }
        };
        let letters = inputs.iter().flatten().chain(&output).all(char::is_ascii_alphabetic);
        let known = output.iter().all(|letter| inputs.iter().flatten().any(|other| other == letter));
        let twice = output.iter().enumerate().any(|(at, letter)| output[..at].contains(letter));
        if !letters || !known || twice || inputs.iter().any(|term| term.len() > 12) {
            return Reason::err("its equation is not understood");
        }
        let spec = format!("{left}->{}", output.iter().collect::<String>());
        Ok(Self { inputs, output, spec })
    }

    /// The sizes of the letters: those of the result first, then those that are summed over.
    fn sizes(&self, shapes: &[&[usize]]) -> Result<Vec<(char, usize)>, Reason> {
        let mut sizes: Vec<(char, usize)> = self.output.iter().map(|&letter| (letter, 0)).collect();
        if shapes.len() != self.inputs.len() {
            return Reason::err("its equation has another number of operands");
        }
        for (term, shape) in self.inputs.iter().zip(shapes) {
            if term.len() != shape.len() {
                return Reason::err("its equation has another number of axes than an operand");
            }
            for (&letter, &size) in term.iter().zip(*shape) {
                match sizes.iter_mut().find(|(other, _)| *other == letter) {
                    None => sizes.push((letter, size)),
                    Some((_, known)) if *known == 0 || *known == size => *known = size,
                    Some(_) => return Reason::err(format!("the letter `{letter}` stands for two sizes")),
                }
            }
        }
        Ok(sizes)
    }
}

impl Operator for Einsum {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let all = x.all()?;
        let sizes = self.sizes(&all.iter().map(|x| x.shape()).collect::<Vec<_>>())?;
        let every: Vec<usize> = sizes.iter().map(|(_, size)| *size).collect();
        within(&every, MOST)?;
        let shape = every[..self.output.len()].to_vec();
        let terms: Vec<Vec<usize>> = self
            .inputs
            .iter()
            .map(|term| term.iter().filter_map(|letter| sizes.iter().position(|(other, _)| other == letter)).collect())
            .collect();
        let mut values = ndarray::ArrayD::<f64>::zeros(shape.clone());
        let mut own = Vec::new();
        indices(&every, |at| {
            let mut product = 1.0;
            for (x, term) in all.iter().zip(&terms) {
                own.clear();
                own.extend(term.iter().map(|&letter| at[letter]));
                product *= x.values[&own[..]];
            }
            values[&at[..shape.len()]] += product;
            Ok(())
        })?;
        Ok(vec![Array { element: Element::Float, values }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let all = x.all()?;
        let shapes: Vec<_> = all.iter().map(|x| x.shape()).collect();
        self.sizes(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let operands: Vec<_> = all.iter().map(|x| cx.operand(x)).collect();
        let others: Vec<_> = operands[1..].iter().collect();
        one(Value::float(operands[0].einsum(&self.spec, &others)))
    }
}

pub(super) const OPERATORS: &[Entry] = &[op("Einsum", |at| {
    let spec = at.text_if("equation")?.ok_or("its attribute `equation` is missing")?;
    Ok(Box::new(Einsum::read(spec)?))
})
.since(12)
.note("no `...`")];
