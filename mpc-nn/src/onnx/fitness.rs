//! Whether fixed-point numbers are precise and large enough for a model: each step on them, and on floats.

use super::{
    array::{Array, Element},
    graph::Graph,
    report::{Reason, Report},
    value::Value,
    weights::Weights,
};
use mpc_core::{Error, Fixed, ProtocolKind, Result, Session, Settings, op::Handle, sim::Sim};
use ndarray::ArrayD;
use serde::Serialize;
use std::sync::Mutex;

/// How a model fares on fixed-point numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fitness {
    /// The fractional bits of this run.
    pub fraction_bits: u32,
    /// Magnitudes from here on are wrong on shares.
    pub limit: f64,
    /// One for each step that depends on an input.
    pub steps: Vec<Step>,
    /// One for each output.
    pub outputs: Vec<Output>,
    /// The largest magnitude of any input, weight or step.
    pub largest: f64,
    /// The most fractional bits that leave a reserve of four times the largest magnitude; nothing if there are none.
    pub proposed_bits: Option<u32>,
    /// The first step whose result wraps around, and why.
    pub overflow: Option<String>,
}

/// A step on fixed-point numbers and on floats.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The name of the node.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// The shape of its first output.
    pub shape: Vec<usize>,
    /// The smallest number, on floats.
    pub low: f64,
    /// The largest number, on floats.
    pub high: f64,
    /// The largest difference between the two; nothing where the step makes truth values or indices.
    pub error: Option<f64>,
    /// Whether the magnitude leaves less than a factor of four to the limit.
    pub close: bool,
}

/// An output on fixed-point numbers and on floats.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The largest difference.
    pub error: f64,
    /// Rows whose largest element is at the same place in both, and all rows; nothing without columns.
    pub same_choice: Option<(usize, usize)>,
}

/// How many times larger than what was seen a value may become: samples are not all there is.
const RESERVE: f64 = 4.0;

impl Graph {
    /// Runs the model on samples in the clear, on fixed-point numbers and on floats, and compares every step. `inputs` are in
    /// the order of [`Graph::inputs`]; those of whole numbers count as public.
    ///
    /// # Errors
    /// A [`Report`], if the samples do not fit the model or the model is too much for secrets.
    pub fn fitness(&self, weights: &Weights, inputs: &[ArrayD<f64>], fraction_bits: u32) -> Result<Fitness, Report> {
        let failed = |error: Error| Report::of("the model", Reason(error.to_string()));
        let fixed = Fixed::new(fraction_bits).map_err(failed)?;
        let mut clear = Vec::new();
        let expected = self.clear_watched(weights, inputs, |node, made| {
            clear.push((node.name.clone(), node.operator.clone(), made.first().cloned()));
        })?;
        let settings = Settings { protocol: ProtocolKind::Plain, fraction_bits, ..Settings::default() };
        let (steps, found) = self.fixed_run(weights, inputs, settings).map_err(failed)?;
        let checked = self.fixed_run(weights, inputs, Settings { check_range: true, ..settings });
        let overflow = match checked {
            Err(error @ Error::Range { .. }) => Some(error.to_string()),
            Err(error) => return Err(failed(error)),
            Ok(_) => None,
        };
        let limit = fixed.limit::<u64>();
        let steps: Vec<Step> = clear
            .into_iter()
            .zip(steps)
            .filter_map(|((node, operator, floats), seen)| Some(step(node, operator, &floats?, &seen?, limit)))
            .collect();
        let outputs = self.plan.outputs.iter().zip(expected.iter().zip(&found));
        let outputs = outputs.map(|(name, (floats, seen))| output(name, floats, seen)).collect();
        let given = inputs.iter().flatten().chain(weights.iter().flat_map(|(_, values)| values));
        let seen = steps.iter().flat_map(|step| [&step.low, &step.high]);
        let largest = given.chain(seen).filter(|x| x.is_finite()).fold(0.0, |most: f64, x| most.max(x.abs()));
        let enough = |bits: &u32| Fixed::new(*bits).is_ok_and(|fixed| RESERVE * largest < fixed.limit::<u64>());
        let proposed_bits = (10..=24).rev().find(enough);
        Ok(Fitness { fraction_bits, limit, steps, outputs, largest, proposed_bits, overflow })
    }

    /// Every step's first output where it is secret, and all outputs, on fixed-point numbers in the clear.
    #[allow(clippy::type_complexity, reason = "steps and outputs")]
    fn fixed_run(
        &self,
        weights: &Weights,
        inputs: &[ArrayD<f64>],
        settings: Settings,
    ) -> Result<(Vec<Option<ArrayD<f64>>>, Vec<ArrayD<f64>>)> {
        let found = Mutex::new((Vec::new(), Vec::new()));
        let program = async |s: Session| -> Result<()> {
            let network = self.network(&s, 0, Some(weights));
            let mut given = Vec::new();
            for (input, values) in self.plan.inputs.iter().zip(inputs) {
                let array = Array { element: input.element, values: values.clone() };
                given.push(match input.element {
                    Element::Float => Value::float(s.public(values.shape(), &array.to_vec()).share()),
                    _ => array.into(),
                });
            }
            let mut seen: Vec<Option<Handle>> = Vec::new();
            let outputs = network.watched(&given, |_, made| {
                seen.push(match made.first() {
                    Some(Value::Secret(x, _)) => Some(x.handle().reveal(None)),
                    _ => None,
                });
            });
            let mut steps = Vec::with_capacity(seen.len());
            for handle in seen {
                steps.push(match handle {
                    None => None,
                    Some(handle) => array_of(&handle).await?,
                });
            }
            let mut all = Vec::with_capacity(outputs.len());
            for output in outputs {
                all.push(match output {
                    Value::Public(array) => array.values.clone(),
                    Value::Secret(x, _) => x.reveal().await?,
                    Value::Bits(bits) => bits.number().reveal().await?,
                });
            }
            if let Ok(mut found) = found.lock() {
                *found = (steps, all);
            }
            Ok(())
        };
        Sim::new(1).settings(settings).run(program).into_iter().collect::<Result<Vec<()>>>()?;
        Ok(found.into_inner().unwrap_or_default())
    }
}

async fn array_of(handle: &Handle) -> Result<Option<ArrayD<f64>>> {
    let values = handle.read().await?;
    Ok(values.and_then(|values| crate::state::array(handle.shape().dims(), values)))
}

fn differ(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    let far = |(a, b): (&f64, &f64)| if a.is_finite() { (a - b).abs() } else { 0.0 };
    a.iter().zip(b).map(far).fold(0.0, f64::max)
}

fn step(node: String, operator: String, floats: &Array, seen: &ArrayD<f64>, limit: f64) -> Step {
    let finite = || floats.values.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let error = (floats.element == Element::Float).then(|| differ(&floats.values, seen));
    let close = RESERVE * low.abs().max(high.abs()) >= limit;
    Step { node, operator, shape: floats.shape().to_vec(), low, high, error, close }
}

fn output(name: &str, floats: &ArrayD<f64>, seen: &ArrayD<f64>) -> Output {
    let columns = floats.shape().last().copied().filter(|&columns| columns > 1 && floats.ndim() > 1);
    let same_choice = columns.map(|columns| {
        let flat = |x: &ArrayD<f64>| x.iter().copied().collect::<Vec<_>>();
        let most = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)));
        let (floats, seen) = (flat(floats), flat(seen));
        let rows = floats.chunks(columns).zip(seen.chunks(columns));
        (rows.clone().filter(|(a, b)| most(a) == most(b)).count(), rows.count())
    });
    Output { name: name.to_owned(), error: differ(floats, seen), same_choice }
}
