//! Support vector machines: kernels with the support vectors, and sums of them.

use super::{classes, steps::Steps};
use crate::onnx::{node::Attributes, report::Reason};

/// A kernel with each support vector, `[n, vectors]`, for vectors in rows.
fn kernel(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, count: usize) -> Result<String, Reason> {
    let vectors = at.floats("support_vectors")?.unwrap_or_default();
    if count == 0 || vectors.is_empty() || vectors.len() % count != 0 {
        return Reason::err("its support vectors are not as many as it says");
    }
    let parameters = at.floats("kernel_params")?.unwrap_or_default();
    let &[gamma, offset, degree] = &parameters[..] else {
        return Reason::err("its kernel has not three parameters");
    };
    let columns = vectors.len() / count;
    // |v|^2 of each vector.
    let squares: Vec<f64> = vectors.chunks(columns).map(|row| row.iter().map(|x| x * x).sum()).collect();
    let rows = steps.weight("support_vectors", &[count, columns], vectors);
    let products = steps.op("Gemm", &[input, &rows], &[("transB", 1)]);
    let line = |steps: &mut Steps<'_>| {
        let (gamma, offset) = (steps.number(gamma), steps.number(offset));
        let scaled = steps.op("Mul", &[&products, &gamma], &[]);
        steps.op("Add", &[&scaled, &offset], &[])
    };
    Ok(match at.text("kernel_type", "LINEAR")? {
        "LINEAR" => products,
        "POLY" => {
            let (line, degree) = (line(steps), steps.number(degree));
            steps.op("Pow", &[&line, &degree], &[])
        }
        "SIGMOID" => {
            let line = line(steps);
            steps.op("Tanh", &[&line], &[])
        }
        "RBF" => {
            let axis = steps.ints([1]);
            let own = steps.op("ReduceSumSquare", &[input, &axis], &[]);
            let squares = steps.weight("squares", &[count], squares);
            let (two, gamma) = (steps.number(-2.0), steps.number(-gamma));
            let cross = steps.op("Mul", &[&products, &two], &[]);
            let sum = steps.op("Add", &[&cross, &own], &[]);
            let distance = steps.op("Add", &[&sum, &squares], &[]);
            let scaled = steps.op("Mul", &[&distance, &gamma], &[]);
            steps.op("Exp", &[&scaled], &[])
        }
        other => return Reason::err(format!("`kernel_type = {other}` is not known")),
    })
}

fn transformed(at: &Attributes<'_>) -> Result<(), Reason> {
    match at.text("post_transform", "NONE")? {
        "NONE" => Ok(()),
        other => Reason::err(format!("`post_transform = {other}` is not supported")),
    }
}

pub(super) fn regressor(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, output: &str) -> Result<(), Reason> {
    transformed(at)?;
    at.only("one_class", 0)?;
    let coefficients = at.floats("coefficients")?.unwrap_or_default();
    let count = coefficients.len();
    if at.int("n_supports", count as i64)? != count as i64 {
        return Reason::err("it has not one coefficient for each support vector");
    }
    let near = kernel(steps, at, input, count)?;
    let rho = at.floats("rho")?.and_then(|rho| rho.first().copied()).unwrap_or(0.0);
    let coefficients = steps.weight("coefficients", &[count, 1], coefficients);
    let rho = steps.weight("rho", &[1], vec![rho]);
    let sum = steps.op("MatMul", &[&near, &coefficients], &[]);
    steps.named("Add", &[&sum, &rho], output);
    Ok(())
}

pub(super) fn classifier(
    steps: &mut Steps<'_>,
    at: &Attributes<'_>,
    input: &str,
    outputs: &[String],
) -> Result<(), Reason> {
    transformed(at)?;
    let labels = classes::labels(at, "classlabels_strings", "classlabels_ints")?;
    let [slopes, offsets] = [at.floats("prob_a")?.unwrap_or_default(), at.floats("prob_b")?.unwrap_or_default()];
    let sizes = at.sizes("vectors_per_class", 0)?.unwrap_or_default();
    let (classes, count) = (sizes.len(), sizes.iter().sum::<usize>());
    let probabilities = match (&slopes[..], &offsets[..]) {
        ([], []) => None,
        (&[slope], &[offset]) if classes == 2 => Some((slope, offset)),
        _ => {
            return Reason::err(
                "probabilities of more than two classes are not supported, which take an iteration for each row: export it \
                 with `probability=False`, for its decisions",
            );
        }
    };
    let coefficients = at.floats("coefficients")?.unwrap_or_default();
    let rho = at.floats("rho")?.unwrap_or_default();
    let pairs = classes * classes.saturating_sub(1) / 2;
    if !(2..=64).contains(&classes)
        || labels.len() != classes
        || coefficients.len() != (classes - 1) * count
        || rho.len() != pairs
    {
        return Reason::err("its classes, coefficients and offsets do not fit");
    }
    let near = kernel(steps, at, input, count)?;
    // For each pair of classes, the coefficients of the vectors of both: row j - 1 for those of i, row i for those of j.
    let start = |class: usize| sizes[..class].iter().sum::<usize>();
    let all: Vec<(usize, usize)> = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j))).collect();
    let mut weight = vec![0.0; count * pairs];
    for (pair, &(i, j)) in all.iter().enumerate() {
        for (class, row) in [(i, j - 1), (j, i)] {
            for vector in start(class)..start(class) + sizes[class] {
                weight[vector * pairs + pair] = coefficients[row * count + vector];
            }
        }
    }
    let weight = steps.weight("coefficients", &[count, pairs], weight);
    let offset = steps.weight("rho", &[pairs], rho);
    let sum = steps.op("MatMul", &[&near, &weight], &[]);
    let decisions = steps.op("Add", &[&sum, &offset], &[]);
    // A decision above zero is a vote for the first class of the pair.
    let zero = steps.number(0.0);
    let bits = steps.op("Greater", &[&decisions, &zero], &[]);
    let votes = steps.op("Cast", &[&bits], &[("to", 1)]);
    let mut votes_of = Vec::with_capacity(classes);
    for class in 0..classes {
        let mut parts = Vec::new();
        for (pair, &(i, _)) in all.iter().enumerate().filter(|(_, (i, j))| [*i, *j].contains(&class)) {
            let at = steps.ints([pair as i64]);
            let vote = steps.op("Gather", &[&votes, &at], &[("axis", 1)]);
            let one = steps.number(1.0);
            parts.push(if i == class { vote } else { steps.op("Sub", &[&one, &vote], &[]) });
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        votes_of.push(steps.op("Sum", &parts, &[]));
    }
    let votes: Vec<&str> = votes_of.iter().map(String::as_str).collect();
    let votes = steps.op("Concat", &votes, &[("axis", 1)]);
    let chosen = steps.op("ArgMax", &[&votes], &[("axis", 1), ("keepdims", 0)]);
    classes::label(steps, &chosen, &labels, outputs);
    let Some(output) = outputs.get(1).filter(|name| !name.is_empty()) else { return Ok(()) };
    if classes > 2 {
        steps.named("Identity", &[&decisions], output);
        return Ok(());
    }
    if let Some((slope, offset)) = probabilities {
        // After Platt: the first class has 1 / (1 + exp(slope * decision + offset)).
        let (slope, offset) = (steps.weight("slope", &[1], vec![-slope]), steps.weight("offset", &[1], vec![-offset]));
        let scaled = steps.op("Mul", &[&decisions, &slope], &[]);
        let logit = steps.op("Add", &[&scaled, &offset], &[]);
        let first = steps.op("Sigmoid", &[&logit], &[]);
        let one = steps.number(1.0);
        let second = steps.op("Sub", &[&one, &first], &[]);
        let both = steps.op("Concat", &[&first, &second], &[("axis", 1)]);
        steps.named("Identity", &[&both], output);
        return Ok(());
    }
    // ONNX Runtime gives the decision for the first class as the score of the second.
    let other = steps.op("Neg", &[&decisions], &[]);
    let both = steps.op("Concat", &[&other, &decisions], &[("axis", 1)]);
    steps.named("Identity", &[&both], output);
    Ok(())
}
