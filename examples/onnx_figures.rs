//! What requests to a model of an ONNX file cost, every party and the dealer a process: `examples/data/onnx_figures.sh` runs
//! it for all models that `examples/data/onnx_models.sh` makes, and docs/benchmarks/onnx.md has the figures.

use mpc::{
    launch::{self, clap},
    nn::{
        data::npy,
        onnx::{self, Array, Element, Value},
    },
    prelude::*,
};
use ndarray::{ArrayD, Axis, Slice};
use std::{path::PathBuf, process::ExitCode, time::Instant};

parties! { compute Company, Hospital; }

#[derive(Debug, clap::Args)]
struct Flags {
    /// NAME.onnx, with its inputs (in0, ..) and outputs (out0, ..) in NAME.npz
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// How many rows of the inputs a request has
    #[arg(long, default_value_t = 1)]
    rows: usize,
    /// Inputs of whole numbers, such as tokens, are public
    #[arg(long)]
    public_tokens: bool,
    /// How many requests
    #[arg(long, default_value_t = 3)]
    requests: usize,
}

/// The most memory that this process held so far, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    line.and_then(|kilobytes| kilobytes.parse::<f64>().ok()).map_or("?".to_owned(), |x| format!("{:.2} GB", x / 1e6))
}

async fn program(s: Session, flags: Flags) -> mpc::Result<()> {
    let company = s.is::<Company>();
    let start = Instant::now();
    let (graph, weights) = onnx::read(&flags.model).map_err(mpc::Error::program)?;
    // For the measurement both have the file; the weights are the company's.
    let weights = company.then_some(weights);
    let arrays = npy::read_npz(flags.model.with_extension("npz")).map_err(mpc::Error::program)?;
    let read = start.elapsed().as_secs_f64();
    let array = |key: &str| -> mpc::Result<ArrayD<f64>> {
        let found = arrays.iter().find(|(name, _)| name == key).map(|(_, values)| values);
        let found = found.ok_or_else(|| mpc::Error::program(format!("the .npz file has no array `{key}`")))?;
        let rows = flags.rows.min(found.shape().first().copied().unwrap_or(0));
        Ok(found.slice_axis(Axis(0), Slice::from(0..rows)).to_owned())
    };
    let inputs: Vec<ArrayD<f64>> =
        (0..graph.inputs().len()).map(|at| array(&format!("in{at}"))).collect::<Result<_, _>>()?;
    let expected = array("out0")?;

    let network = graph.network_of::<Company>(&s, weights.as_ref());
    drop(weights);
    // Both begin at once.
    s.public(1, &[1.0]).share().reveal().await?;
    let name = flags.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for request in 1..=flags.requests {
        let (start, before) = (Instant::now(), s.traffic().total);
        let mut given: Vec<Value> = Vec::with_capacity(inputs.len());
        for (input, x) in graph.inputs().iter().zip(&inputs) {
            if flags.public_tokens && input.element != Element::Float {
                given.push(Array { element: input.element, values: x.clone() }.into());
                continue;
            }
            let shared = s.input::<Hospital>(x.shape(), || x.iter().copied().collect::<Vec<_>>()).share();
            given.push(Value::of_element(shared, input.element));
        }
        let Some(Value::Secret(y, _)) = network.run(&given).into_iter().next() else {
            return Err(mpc::Error::program("its first output is not secret"));
        };
        let y = y.reveal().await?;
        let (seconds, after) = (start.elapsed().as_secs_f64(), s.traffic().total);
        let far = y.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        anstream::println!(
            "{name}, {} rows, request {request}: {seconds:.2} s, {} rounds, {:.1} MB sent, {:.1} MB dealt, at most {} so far; \
             read in {read:.2} s, within {far:.1e} of ONNX Runtime",
            flags.rows,
            after.rounds - before.rounds,
            (after.sent - before.sent) as f64 / 1e6,
            (after.dealt - before.dealt) as f64 / 1e6,
            memory(),
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    launch::main::<Parties, Flags, _, _>(Some("Measures requests to a model of an ONNX file"), program)
}
