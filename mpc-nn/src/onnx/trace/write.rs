//! What steps mean, in ONNX's operators.

use super::draw::{Drawing, Size, known};
use crate::onnx::{
    array::{Array, Element},
    node::Attribute::{self, Float, Int, Ints, Text},
    report::Reason,
};
use mpc_core::{
    engine::{Comparison, Logic},
    op::{Meaning, Step, Window},
};
use ndarray::{ArrayD, IxDyn};

const ON_SIZE: &str = "it computes with the size of the open axis";

/// Whole numbers as an attribute.
fn ints(values: impl IntoIterator<Item = usize>) -> Attribute {
    Ints(values.into_iter().map(|x| x as i64).collect())
}

impl Drawing<'_> {
    /// Writes a step, recorded twice, that makes a value of this name.
    pub(super) fn write(&mut self, step: &Step, other: &Step, y: &str) -> Result<(), Reason> {
        let (Some(meaning), Some(twin)) = (&step.meaning, &other.meaning) else {
            return Reason::err("ONNX has no such step");
        };
        let free = matches!(meaning, Meaning::Constant(_) | Meaning::Slice { .. });
        if !free && meaning != twin {
            return Reason::err(ON_SIZE);
        }
        let inputs = &step.inputs[..];
        if self.moved(step, meaning, twin, y)? || self.chosen(step, meaning, y)? {
            return Ok(());
        }
        let x: Vec<String> = inputs.iter().map(|&id| self.as_kind(id, Element::Float)).collect();
        let all: Vec<&str> = x.iter().map(String::as_str).collect();
        let axes = |this: &mut Self, axes: &[usize]| this.ints(axes.iter().map(|&axis| axis as i64));
        let keep = |keep: &bool| ("keepdims", Int(i64::from(*keep)));
        match meaning {
            Meaning::Add => self.named(y, "Add", &all, &[]),
            Meaning::Sub => self.named(y, "Sub", &all, &[]),
            Meaning::Mul => self.named(y, "Mul", &all, &[]),
            Meaning::Maximum => self.named(y, "Max", &all, &[]),
            Meaning::Minimum => self.named(y, "Min", &all, &[]),
            Meaning::MatMul => self.named(y, "MatMul", &all, &[]),
            Meaning::Gemm([ta, tb]) => {
                let flags = [("transA", Int(i64::from(*ta))), ("transB", Int(i64::from(*tb)))];
                self.named(y, "Gemm", &all, &flags);
            }
            Meaning::Combine(factors) => self.combine(factors, &all, y),
            Meaning::Conv { window, groups, output_padding, columns, transposed } => {
                let more = transposed.then_some(*output_padding);
                self.conv(window, *groups, more, *columns, &all, y);
            }
            Meaning::Function(name, number) => self.function(name, *number, &all, y)?,
            Meaning::Clamp(low, high) => {
                let (low, high) = (self.number(*low), self.number(*high));
                self.named(y, "Clip", &[all[0], &low, &high], &[]);
            }
            Meaning::CumSum(axis) => {
                let axis = self.constant(Array::scalar(Element::Int, *axis as f64));
                self.named(y, "CumSum", &[all[0], &axis], &[]);
            }
            Meaning::Sum(over, kept) => {
                let over = axes(self, over);
                self.named(y, "ReduceSum", &[all[0], &over], &[keep(kept)]);
            }
            Meaning::Mean(over, kept) => {
                let over = axes(self, over);
                self.named(y, "ReduceMean", &[all[0], &over], &[keep(kept)]);
            }
            Meaning::SumSquares(over, kept) => {
                let over = axes(self, over);
                self.named(y, "ReduceSumSquare", &[all[0], &over], &[keep(kept)]);
            }
            Meaning::Max(axis) => {
                let over = axes(self, &[*axis]);
                self.named(y, "ReduceMax", &[all[0], &over], &[keep(&false)]);
            }
            Meaning::ArgMax(axis) => {
                self.set_kind(step.id, Element::Int);
                self.named(y, "ArgMax", &[all[0]], &[("axis", Int(*axis as i64)), keep(&false)]);
            }
            Meaning::MaxPool(pool) => self.pool("MaxPool", pool, inputs[0], &all, y)?,
            Meaning::AvgPool(pool) => self.pool("AveragePool", pool, inputs[0], &all, y)?,
            Meaning::LayerNorm(last, epsilon) => {
                let own = self.sizes(inputs[0]);
                let sizes = own[own.len().saturating_sub(*last)..].iter().map(|[a, _]| *a).collect::<Vec<_>>();
                let scale = match all.get(1) {
                    Some(scale) => (*scale).to_owned(),
                    None => self.constant(Array::float(ArrayD::from_elem(IxDyn(&sizes), 1.0))),
                };
                let given = [&[all[0], &scale][..], all.get(2..).unwrap_or_default()].concat();
                let attributes = [("axis", Int(-(*last as i64))), ("epsilon", Float(*epsilon as f32))];
                self.named(y, "LayerNormalization", &given, &attributes);
            }
            Meaning::BatchNorm(epsilon) => {
                self.named(y, "BatchNormalization", &all, &[("epsilon", Float(*epsilon as f32))]);
            }
            _ => return Reason::err("ONNX has no such step"),
        }
        Ok(())
    }

    /// Steps that move elements of any kind. Whether this is one.
    fn moved(&mut self, step: &Step, meaning: &Meaning, twin: &Meaning, y: &str) -> Result<bool, Reason> {
        let Some(&x) = step.inputs.first() else {
            let (Meaning::Constant(values), Meaning::Constant(others)) = (meaning, twin) else { return Ok(false) };
            return self.numbers(step.id, values, others, y).map(|()| true);
        };
        let (from, to, name) = (self.sizes(x), self.sizes(step.id), self.value(x));
        let axis = |axis: usize| ("axis", Int(axis as i64));
        match (meaning, twin) {
            (Meaning::Same, _) => self.alias(step.id, x),
            (Meaning::Reshape, _) => {
                let target = target(&from, &to)?;
                let target = self.ints(target);
                self.named(y, "Reshape", &[&name, &target], &[]);
            }
            (Meaning::Expand, _) => {
                let aligned = |at: usize| (at + from.len()).checked_sub(to.len()).map(|at| from[at]);
                // A size that is there already need not be said.
                let size = |(at, &size)| if aligned(at) == Some(size) { Ok(Some(1)) } else { known(size) };
                let sizes = to.iter().enumerate().map(size).collect::<Result<Vec<_>, _>>()?;
                let target = self.shape(&sizes);
                self.named(y, "Expand", &[&name, &target], &[]);
            }
            (Meaning::Tile(times), _) => {
                let times = self.ints(times.iter().map(|&times| times as i64));
                self.named(y, "Tile", &[&name, &times], &[]);
            }
            (Meaning::Permute(order), _) => {
                self.named(y, "Transpose", &[&name], &[("perm", ints(order.iter().copied()))]);
            }
            (&Meaning::Slice { axis, start, end, step: by }, &Meaning::Slice { start: start2, end: end2, .. }) => {
                let end = match from[axis] {
                    _ if start != start2 => return Reason::err(ON_SIZE),
                    _ if end == end2 => end as i64,
                    size if size == [end, end2] => i64::MAX,
                    _ => return Reason::err(ON_SIZE),
                };
                let given = [start as i64, end, axis as i64, by as i64].map(|x| self.ints([x]));
                self.named(y, "Slice", &[&name, &given[0], &given[1], &given[2], &given[3]], &[]);
            }
            (Meaning::Flip(axis), _) => {
                let given = [-1, i64::MIN, *axis as i64, -1].map(|x| self.ints([x]));
                self.named(y, "Slice", &[&name, &given[0], &given[1], &given[2], &given[3]], &[]);
            }
            (Meaning::IndexSelect(at, indices), _) => {
                let indices = self.ints(indices.iter().map(|&index| index as i64));
                self.named(y, "Gather", &[&name, &indices], &[axis(*at)]);
            }
            (Meaning::Pad(amounts, value), _) => {
                let both = amounts.iter().map(|(before, _)| before).chain(amounts.iter().map(|(_, after)| after));
                let pads = self.ints(both.map(|&amount| amount as i64));
                let (name, value) = (self.as_kind(x, Element::Float), self.number(*value));
                self.named(y, "Pad", &[&name, &pads, &value], &[]);
                return Ok(true);
            }
            (Meaning::Concat(at), _) => {
                let kinds: Vec<Element> = step.inputs.iter().map(|&id| self.kind(id)).collect();
                let kind = if kinds.iter().all(|kind| *kind == kinds[0]) { kinds[0] } else { Element::Float };
                let all: Vec<String> = step.inputs.iter().map(|&id| self.as_kind(id, kind)).collect();
                self.named(y, "Concat", &all.iter().map(String::as_str).collect::<Vec<_>>(), &[axis(*at)]);
                self.set_kind(step.id, kind);
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.set_kind(step.id, self.kind(x));
        Ok(true)
    }

    /// Steps with bits, or with whole numbers. Whether this is one.
    fn chosen(&mut self, step: &Step, meaning: &Meaning, y: &str) -> Result<bool, Reason> {
        let all: Vec<String> = step.inputs.iter().map(|&id| self.value(id)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        match meaning {
            Meaning::Compare(how, threshold) => {
                let x = self.as_kind(step.inputs[0], Element::Float);
                let threshold = self.number(*threshold);
                match how {
                    Comparison::Less => self.named(y, "Less", &[&x, &threshold], &[]),
                    Comparison::NotLess => self.named(y, "GreaterOrEqual", &[&x, &threshold], &[]),
                    Comparison::Equal => self.named(y, "Equal", &[&x, &threshold], &[]),
                    Comparison::NotEqual => {
                        let same = self.op("Equal", &[&x, &threshold], &[]);
                        self.named(y, "Not", &[&same], &[]);
                    }
                }
            }
            Meaning::Keep => {
                let (x, zero) = (self.as_kind(step.inputs[1], Element::Float), self.number(0.0));
                self.named(y, "Where", &[all[0], &x, &zero], &[]);
            }
            Meaning::Select => {
                let [a, b] = [1, 2].map(|at| self.as_kind(step.inputs[at], Element::Float));
                self.named(y, "Where", &[all[0], &a, &b], &[]);
            }
            Meaning::Number => self.named(y, "Cast", &all, &[("to", Int(1))]),
            Meaning::Not => self.named(y, "Not", &all, &[]),
            Meaning::Logic(how) => {
                let operator = match how {
                    Logic::And => "And",
                    Logic::Or => "Or",
                    Logic::Xor => "Xor",
                };
                self.named(y, operator, &all, &[]);
            }
            Meaning::All => {
                let [first, middle @ .., last] = &all[..] else { return Ok(false) };
                let mut so_far = (*first).to_owned();
                for bits in middle {
                    so_far = self.op("And", &[&so_far, bits], &[]);
                }
                self.named(y, "And", &[&so_far, last], &[]);
            }
            Meaning::OneHot(classes) => {
                let (x, places) = (self.as_kind(step.inputs[0], Element::Int), self.ints(0..*classes as i64));
                let axis = self.ints([-1]);
                let x = self.op("Unsqueeze", &[&x, &axis], &[]);
                self.named(y, "Equal", &[&x, &places], &[]);
            }
            Meaning::Embedding => {
                let index = self.as_kind(step.inputs[1], Element::Int);
                self.named(y, "Gather", &[all[0], &index], &[("axis", Int(0))]);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Public numbers; of a shape with the open axis if all are one.
    fn numbers(&mut self, id: u64, values: &[f64], others: &[f64], y: &str) -> Result<(), Reason> {
        let sizes = self.sizes(id);
        let first = values.first().copied().unwrap_or(0.0);
        let shape: Vec<usize> = sizes.iter().map(|[a, _]| *a).collect();
        if values == others && sizes.iter().all(|[a, b]| a == b) {
            let array = Array::new(Element::Float, &shape, values.to_vec())?;
            let name = self.constant(array);
            self.rename(id, name);
            return Ok(());
        }
        if values.iter().chain(others).any(|x| *x != first) {
            return Reason::err("there are as many public numbers as the open axis says, and not all are one");
        }
        let sizes = sizes.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let (value, shape) = (self.number(first), self.shape(&sizes));
        self.named(y, "Expand", &[&value, &shape], &[]);
        Ok(())
    }

    fn combine(&mut self, factors: &[f64], all: &[&str], y: &str) {
        let mut terms = Vec::with_capacity(all.len());
        for (at, (&factor, x)) in factors.iter().zip(all).enumerate() {
            let last = at + 1 == all.len() && at == 0;
            let factor_of = |this: &mut Self| this.number(factor);
            match (last, factor == -1.0, factor == 1.0) {
                (true, true, _) => return self.named(y, "Neg", &[x], &[]),
                (true, ..) => {
                    let factor = factor_of(self);
                    return self.named(y, "Mul", &[x, &factor], &[]);
                }
                (.., true) => terms.push((*x).to_owned()),
                _ => {
                    let factor = factor_of(self);
                    terms.push(self.op("Mul", &[x, &factor], &[]));
                }
            }
        }
        self.named(y, "Sum", &terms.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    }

    /// Transposed with `more` rows and columns at the end.
    fn conv(&mut self, window: &Window, groups: usize, more: Option<[usize; 2]>, columns: bool, all: &[&str], y: &str) {
        let of = |both: [usize; 2]| if columns { both[1..].to_vec() } else { both.to_vec() };
        let pads = of(window.padding);
        let mut attributes = vec![
            ("strides", ints(of(window.stride))),
            ("pads", ints(pads.iter().chain(&pads).copied())),
            ("dilations", ints(of(window.dilation))),
            ("group", Int(groups as i64)),
        ];
        attributes.extend(more.map(|more| ("output_padding", ints(of(more)))));
        self.named(y, if more.is_some() { "ConvTranspose" } else { "Conv" }, all, &attributes);
    }

    fn pool(&mut self, operator: &str, pool: &Window, x: u64, all: &[&str], y: &str) -> Result<(), Reason> {
        if self.sizes(x).len() != 4 {
            return Reason::err("ONNX pools images of four axes: batch, channels, rows, columns");
        }
        let mut attributes = vec![
            ("kernel_shape", ints(pool.kernel)),
            ("strides", ints(pool.stride)),
            ("pads", ints(pool.padding.into_iter().chain(pool.padding))),
            ("ceil_mode", Int(i64::from(pool.partial))),
        ];
        match operator {
            "MaxPool" => attributes.push(("dilations", ints(pool.dilation))),
            _ => attributes.push(("count_include_pad", Int(i64::from(pool.count_padding)))),
        }
        self.named(y, operator, all, &attributes);
        Ok(())
    }

    fn function(&mut self, name: &str, number: f64, all: &[&str], y: &str) -> Result<(), Reason> {
        let plain = match name {
            "relu" => "Relu",
            "sigmoid" => "Sigmoid",
            "softplus" => "Softplus",
            "tanh" => "Tanh",
            "erf" => "Erf",
            "exp" => "Exp",
            "log" => "Log",
            "sqrt" => "Sqrt",
            "sin" => "Sin",
            "cos" => "Cos",
            "reciprocal" => "Reciprocal",
            "abs" => "Abs",
            "sign" => "Sign",
            "gelu" => "Gelu",
            "div" => "Div",
            _ => "",
        };
        if !plain.is_empty() {
            self.named(y, plain, all, &[]);
            return Ok(());
        }
        let axis = ("axis", Int(number as i64));
        match name {
            "gelu_tanh" => self.named(y, "Gelu", all, &[("approximate", Text("tanh".to_owned()))]),
            "silu" => {
                let gate = self.op("Sigmoid", all, &[]);
                self.named(y, "Mul", &[all[0], &gate], &[]);
            }
            "rsqrt" => {
                let root = self.op("Sqrt", all, &[]);
                self.named(y, "Reciprocal", &[&root], &[]);
            }
            "over_sqrt" => {
                let root = self.op("Sqrt", &[all[1]], &[]);
                self.named(y, "Div", &[all[0], &root], &[]);
            }
            "elu" => self.named(y, "Elu", all, &[("alpha", Float(number as f32))]),
            "leaky_relu" => self.named(y, "LeakyRelu", all, &[("alpha", Float(number as f32))]),
            "softmax" => self.named(y, "Softmax", all, &[axis]),
            "log_softmax" => self.named(y, "LogSoftmax", all, &[axis]),
            "logsumexp" => {
                let over = self.ints([number as i64]);
                self.named(y, "ReduceLogSumExp", &[all[0], &over], &[("keepdims", Int(1))]);
            }
            _ => return Reason::err("ONNX has no such step"),
        }
        Ok(())
    }
}

/// The shape to say to `Reshape`: -1 for a size that follows from the others, 0 for one that stays.
fn target(from: &[Size], to: &[Size]) -> Result<Vec<i64>, Reason> {
    let open = |[a, b]: &Size| a != b;
    let many = to.iter().filter(|size| open(size)).count() > 1;
    let stays = |at: usize| many && from.get(at) == Some(&to[at]);
    let size = |(at, size): (usize, &Size)| match open(size) {
        false => size[0] as i64,
        true if stays(at) => 0,
        true => -1,
    };
    let target: Vec<i64> = to.iter().enumerate().map(size).collect();
    match target.iter().filter(|size| **size == -1).count() {
        0 | 1 => Ok(target),
        _ => Reason::err("two sizes of its shape depend on that of the open axis"),
    }
}
