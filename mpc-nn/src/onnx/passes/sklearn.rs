//! scikit-learn's operators hold their numbers in attributes. They become weights, and the steps those of ONNX itself.

use super::{classes, steps::Steps, svm, trees};
use crate::onnx::{
    model::Model,
    node::{Attribute, Attributes, Node},
    ops::ML,
    report::{Reason, Report},
};
use std::collections::HashMap;

pub(in crate::onnx) fn run(model: &mut Model, report: &mut Report) {
    let mut renamed = HashMap::new();
    let casts = whole(model);
    let mut kept = Vec::with_capacity(model.nodes.len());
    for mut node in std::mem::take(&mut model.nodes) {
        if node.domain != ML {
            kept.push(node);
            continue;
        }
        if let ("ZipMap", [input, ..], [output, ..]) = (&node.operator[..], &node.inputs[..], &node.outputs[..])
            && input != output
        {
            renamed.insert(output.clone(), input.clone());
            continue;
        }
        if node.operator == "OneHotEncoder"
            && let Some(before) = node.inputs.first_mut().and_then(|input| Some((casts.get(input)?, input)))
        {
            // A table of floats with categories in it: what is not whole is none of them.
            before.1.clone_from(before.0);
        }
        match lowered(model, &node) {
            Ok(Some(nodes)) => kept.extend(nodes),
            Ok(None) => kept.push(node),
            Err(reason) => report.add(&node.name, node.operator(), reason),
        }
    }
    model.nodes = kept;
    model.rename(&renamed);
}

/// What is made of whole numbers by a cast, and of what.
fn whole(model: &Model) -> HashMap<String, String> {
    let casts = model.nodes.iter().filter(|node| node.is("", "Cast"));
    let whole = casts.filter(|node| matches!(node.attribute("to"), Some(Attribute::Int(2..=7 | 12 | 13))));
    whole.map(|node| (node.outputs.first().cloned().unwrap_or_default(), node.input(0).to_owned())).collect()
}

/// The steps of a node; nothing if it is none that is to be replaced.
fn lowered(model: &mut Model, node: &Node) -> Result<Option<Vec<Node>>, Reason> {
    let (Some(input), Some(output)) = (node.inputs.first(), node.outputs.first()) else {
        return Reason::err("it has no input or no output");
    };
    let at = Attributes::new(node, model.opsets[1]);
    let mut steps = Steps::new(model, &node.name);
    match &node.operator[..] {
        "Scaler" => scaler(&mut steps, &at, input, output)?,
        "Normalizer" => normalizer(&mut steps, &at, input, output)?,
        "Binarizer" => {
            let threshold = at.float("threshold", 0.0)?;
            let threshold = steps.weight("threshold", &[1], vec![threshold]);
            let bits = steps.op("Greater", &[input, &threshold], &[]);
            steps.cast(&bits, 1, output);
        }
        "OneHotEncoder" => {
            at.ignore(&["zeros"]);
            let Some(categories) = at.ints("cats_int64s")?.filter(|categories| !categories.is_empty()) else {
                return Reason::err("its categories are words: give them numbers before (an `OrdinalEncoder`)");
            };
            let categories = steps.ints(categories);
            let axis = steps.ints([-1]);
            let x = steps.op("Unsqueeze", &[input, &axis], &[]);
            let bits = steps.op("Equal", &[&x, &categories], &[]);
            steps.cast(&bits, 1, output);
        }
        "Imputer" => imputer(&mut steps, &at, input, output)?,
        "FeatureVectorizer" => {
            at.ignore(&["inputdimensions"]);
            let inputs: Vec<&str> = node.inputs.iter().map(String::as_str).collect();
            let all = steps.op("Concat", &inputs, &[("axis", 1)]);
            steps.named("Identity", &[&all], output);
        }
        "LinearRegressor" => {
            let targets = classes::count(at.int("targets", 1)?)?;
            if at.text("post_transform", "NONE")? != "NONE" {
                return Reason::err("its `post_transform` is not supported");
            }
            let y = linear(&mut steps, &at, input, targets)?;
            steps.named("Identity", &[&y], output);
        }
        "LinearClassifier" => {
            let labels = classes::labels(&at, "classlabels_strings", "classlabels_ints")?;
            let coefficients = at.floats("coefficients")?.unwrap_or_default();
            let intercepts = at.floats("intercepts")?.unwrap_or_default();
            at.ignore(&["multi_class"]);
            let rows = intercepts.len().max(1);
            if coefficients.is_empty() {
                return Reason::err("it has no coefficients");
            }
            let scores = linear(&mut steps, &at, input, rows)?;
            let post = at.text("post_transform", "NONE")?;
            classes::finish(&mut steps, &scores, rows, &labels, post, false, &node.outputs)?;
        }
        "SVMRegressor" => svm::regressor(&mut steps, &at, input, output)?,
        "SVMClassifier" => svm::classifier(&mut steps, &at, input, &node.outputs)?,
        "TreeEnsembleRegressor" => trees::regressor(&mut steps, &at, input, output)?,
        "TreeEnsembleClassifier" => trees::classifier(&mut steps, &at, input, &node.outputs)?,
        _ => return Ok(None),
    }
    let unread = at.unread();
    if !unread.is_empty() {
        return Reason::err(format!("it has attributes that are not known here: {}", unread.join(", ")));
    }
    Ok(Some(steps.nodes))
}

/// `(x - offset) * scale`.
fn scaler(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, output: &str) -> Result<(), Reason> {
    let (offset, scale) = (at.floats("offset")?.unwrap_or(vec![0.0]), at.floats("scale")?.unwrap_or(vec![1.0]));
    let offset = steps.weight("offset", &[offset.len()], offset);
    let scale = steps.weight("scale", &[scale.len()], scale);
    let x = steps.op("Sub", &[input, &offset], &[]);
    steps.named("Mul", &[&x, &scale], output);
    Ok(())
}

/// Other numbers in the place of one that means that there is none.
fn imputer(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, output: &str) -> Result<(), Reason> {
    let (floats, ints) = (at.floats("imputed_value_floats")?, at.ints("imputed_value_int64s")?);
    let [float, int] = [at.float_if("replaced_value_float")?, at.int_if("replaced_value_int64")?.map(|x| x as f64)];
    let (values, gone) = match (floats.filter(|x| !x.is_empty()), ints.filter(|x| !x.is_empty())) {
        (Some(floats), _) => (floats, float.unwrap_or(f64::NAN)),
        (None, Some(ints)) => (ints.into_iter().map(|x| x as f64).collect(), int.unwrap_or(0.0)),
        (None, None) => return Reason::err("it has no values for those that are missing"),
    };
    let values = steps.weight("imputed", &[values.len()], values);
    let missing = match gone {
        gone if gone.is_nan() => steps.op("IsNaN", &[input], &[]),
        gone if gone.is_infinite() => steps.op("IsInf", &[input], &[]),
        gone => {
            let gone = steps.number(gone);
            steps.op("Equal", &[input, &gone], &[])
        }
    };
    steps.named("Where", &[&missing, &values, input], output);
    Ok(())
}

fn normalizer(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, output: &str) -> Result<(), Reason> {
    let y = match at.text("norm", "MAX")? {
        "L1" => steps.op("LpNormalization", &[input], &[("p", 1)]),
        "L2" => steps.op("LpNormalization", &[input], &[("p", 2)]),
        "MAX" => {
            let axis = steps.ints([1]);
            let most = steps.op("ReduceMax", &[input, &axis], &[]);
            steps.op("Div", &[input, &most], &[])
        }
        other => return Reason::err(format!("`norm = {other}` is not known")),
    };
    steps.named("Identity", &[&y], output);
    Ok(())
}

/// The product with the coefficients, plus the intercepts: `[n, rows]`.
fn linear(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, rows: usize) -> Result<String, Reason> {
    let coefficients = at.floats("coefficients")?.unwrap_or_default();
    let intercepts = at.floats("intercepts")?.unwrap_or_default();
    if coefficients.is_empty() || coefficients.len() % rows != 0 || (!intercepts.is_empty() && intercepts.len() != rows)
    {
        return Reason::err("its coefficients and intercepts do not fit");
    }
    let columns = coefficients.len() / rows;
    let weight = steps.weight("coefficients", &[rows, columns], coefficients);
    let mut inputs = vec![input, &weight];
    let bias = steps.weight("intercepts", &[intercepts.len()], intercepts.clone());
    if !intercepts.is_empty() {
        inputs.push(&bias);
    }
    Ok(steps.op("Gemm", &inputs, &[("transB", 1)]))
}
