//! `mpc check`: whether fixed-point numbers are precise and large enough for a model, before anybody connects.

use std::{io::Write, path::PathBuf};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use mpc_nn::{
    data::{FileError, npy},
    onnx::{self, Fitness, Report},
};
use ndarray::ArrayD;

use crate::error::CliError;

/// Try out a model on fixed-point numbers
///
/// Runs the model on samples twice in the clear, on fixed-point numbers as the parties would and on floats, and shows for
/// every step how large its numbers are and how far off. Nothing is sent. Take samples like those that will come: what was
/// not seen here was not checked.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The model, an ONNX file
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// What the model takes, a .npy file for each input in the order of the model; without it, its inputs and its operators
    /// are shown
    #[arg(long, value_name = "FILE", num_args = 1..)]
    samples: Vec<PathBuf>,

    /// Bits after the point
    #[arg(long, value_name = "BITS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    fraction_bits: u32,

    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Why a model cannot be checked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum CheckError {
    #[error(transparent)]
    #[diagnostic(help("docs/onnx.md lists the operators; an exporter can often write others for the same model"))]
    Model(Report),

    #[error("the samples cannot be read")]
    #[diagnostic(help("write them with `numpy.save(\"samples.npy\", array)`"))]
    Samples(#[source] FileError),
}

impl Check {
    /// Checks, and prints what was found.
    pub(crate) fn run(&self) -> Result<(), CliError> {
        let (graph, weights) = onnx::read(&self.model).map_err(CheckError::Model)?;
        if self.samples.is_empty() {
            return print(&if self.json { described_json(&graph) } else { described(&graph) });
        }
        let samples = self.samples.iter().map(npy::read).collect::<Result<Vec<ArrayD<f64>>, _>>();
        let samples = samples.map_err(CheckError::Samples)?;
        let fitness = graph.fitness(&weights, &samples, self.fraction_bits).map_err(CheckError::Model)?;
        if self.json {
            let text = serde_json::to_string_pretty(&fitness).map_err(|error| CliError::Print(error.into()))?;
            return print(&format!("{text}\n"));
        }
        print(&tables(&fitness))
    }
}

fn print(text: &str) -> Result<(), CliError> {
    anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)
}

/// What a model takes and makes.
fn described(graph: &onnx::Graph) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(["input", "elements", "shape"]);
    for input in graph.inputs() {
        table.add_row([input.name.clone(), format!("{:?}", input.element).to_lowercase(), input.axes()]);
    }
    let (weights, public) = numbers(graph);
    format!(
        "{table}\n{} steps; {weights} numbers stay secret, {public} are public; outputs: {}\nGive --samples to see how precise \
         it is on fixed-point numbers.\n",
        graph.nodes().len(),
        graph.outputs().join(", ")
    )
}

fn described_json(graph: &onnx::Graph) -> String {
    let dim = |dim: &onnx::Dim| match dim {
        onnx::Dim::Fixed(size) => serde_json::json!(size),
        onnx::Dim::Open(name) => serde_json::json!(name),
    };
    let input = |input: &onnx::Input| {
        let shape = input.shape.as_ref().map(|dims| dims.iter().map(dim).collect::<Vec<_>>());
        let element = format!("{:?}", input.element).to_lowercase();
        serde_json::json!({ "name": input.name, "element": element, "shape": shape })
    };
    let (secret, public) = numbers(graph);
    let object = serde_json::json!({
        "inputs": graph.inputs().iter().map(input).collect::<Vec<_>>(),
        "outputs": graph.outputs(),
        "steps": graph.nodes().len(),
        "secret_numbers": secret,
        "public_numbers": public,
    });
    format!("{object}\n")
}

/// How many numbers of a model stay secret, and how many are public.
fn numbers(graph: &onnx::Graph) -> (usize, usize) {
    let secret = graph.weights().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    (secret, graph.constants().map(|(_, array)| array.values.len()).sum())
}

/// A number that is neither long nor rounded away.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e5).contains(&size) => format!("{x:.4}"),
        _ => format!("{x:.1e}"),
    }
}

fn tables(fitness: &Fitness) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["step", "operator", "shape", "smallest", "largest", "largest error", ""]);
    for column in table.column_iter_mut().skip(3).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for step in &fitness.steps {
        table.add_row([
            step.node.clone(),
            step.operator.clone(),
            format!("{:?}", step.shape),
            short(step.low),
            short(step.high),
            step.error.map_or("-".to_owned(), |error| format!("{error:.1e}")),
            if step.close { "near the limit".to_owned() } else { String::new() },
        ]);
    }
    let mut text = format!("{table}\n");
    for output in &fitness.outputs {
        text += &format!("output {}: largest error {:.1e}", output.name, output.error);
        if let Some((same, rows)) = output.same_choice {
            text += &format!(", the largest is the same in {same} of {rows} rows");
        }
        text.push('\n');
    }
    text += &format!(
        "{} fractional bits: one unit of the last place is {:.1e}, magnitudes must stay below {}\n",
        fitness.fraction_bits,
        0.5f64.powi(fitness.fraction_bits as i32),
        short(fitness.limit)
    );
    text += &match (fitness.proposed_bits, &fitness.overflow) {
        (_, Some(overflow)) => format!("warning: it does not fit: {overflow}\n"),
        (Some(bits), None) => format!(
            "the largest magnitude is {}: up to {bits} fractional bits leave four times as much\n",
            short(fitness.largest)
        ),
        (None, None) => format!(
            "warning: the largest magnitude is {}, too near to the limit for any precision: scale inputs or weights down\n",
            short(fitness.largest)
        ),
    };
    text
}
