//! Scores as probabilities and labels, as scikit-learn's operators give them.

use super::steps::Steps;
use crate::onnx::{node::Attributes, report::Reason};

/// A number of targets.
pub(super) fn count(count: i64) -> Result<usize, Reason> {
    usize::try_from(count)
        .ok()
        .filter(|count| (1..1 << 20).contains(count))
        .ok_or_else(|| "a number of targets is out of range".into())
}

/// The labels: whole numbers; words are numbered in their order.
pub(super) fn labels(at: &Attributes<'_>, words: &'static str, numbers: &'static str) -> Result<Vec<i64>, Reason> {
    let (words, numbers) = (at.texts(words)?.unwrap_or_default(), at.ints(numbers)?.unwrap_or_default());
    match (words.len(), numbers.is_empty()) {
        (0, true) => Reason::err("it has no labels"),
        (0, false) => Ok(numbers),
        (words, _) => Ok((0..words as i64).collect()),
    }
}

/// From scores `[n, columns]` to the label and the probabilities. One column for two classes is the score of the second:
/// `positive` if it is a share of votes, to be compared with 1/2.
pub(super) fn finish(
    steps: &mut Steps<'_>,
    scores: &str,
    columns: usize,
    labels: &[i64],
    post: &str,
    positive: bool,
    outputs: &[String],
) -> Result<(), Reason> {
    let two = columns == 1 && labels.len() == 2;
    if !two && columns != labels.len() {
        return Reason::err(format!("it has {columns} scores for {} labels", labels.len()));
    }
    let chosen = if two {
        let threshold = steps.number(if positive { 0.5 } else { 0.0 });
        let bits = steps.op("Greater", &[scores, &threshold], &[]);
        let axis = steps.ints([1]);
        let bits = steps.op("Squeeze", &[&bits, &axis], &[]);
        steps.op("Cast", &[&bits], &[("to", 7)])
    } else {
        steps.op("ArgMax", &[scores], &[("axis", 1), ("keepdims", 0)])
    };
    label(steps, &chosen, labels, outputs);
    let Some(output) = outputs.get(1).filter(|name| !name.is_empty()) else { return Ok(()) };
    let both = match (two, post) {
        (false, _) => scores.to_owned(),
        (true, "NONE") if positive => {
            let one = steps.number(1.0);
            let rest = steps.op("Sub", &[&one, scores], &[]);
            steps.op("Concat", &[&rest, scores], &[("axis", 1)])
        }
        (true, "NONE" | "LOGISTIC") => {
            let other = steps.op("Neg", &[scores], &[]);
            steps.op("Concat", &[&other, scores], &[("axis", 1)])
        }
        (true, other) => return Reason::err(format!("`post_transform = {other}` of one score is not supported")),
    };
    match post {
        "NONE" => steps.named("Identity", &[&both], output),
        "LOGISTIC" => steps.named("Sigmoid", &[&both], output),
        "SOFTMAX" => steps.named("Softmax", &[&both], output),
        other => return Reason::err(format!("`post_transform = {other}` is not supported")),
    }
    Ok(())
}

/// The label of a class by its number.
pub(super) fn label(steps: &mut Steps<'_>, chosen: &str, labels: &[i64], outputs: &[String]) {
    let Some(output) = outputs.first().filter(|name| !name.is_empty()) else { return };
    if labels.iter().copied().eq(0..labels.len() as i64) {
        steps.named("Identity", &[chosen], output);
        return;
    }
    let table = steps.ints(labels.iter().copied());
    steps.named("Gather", &[&table, chosen], output);
}
