//! `mpc predict`: a guest asks servers for a model's result.

use std::{
    fmt::Write as _,
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use mpc_core::serve::{Client, RequestId, Service, VisitOptions, softmax, top};
use mpc_nn::data::{Table, npy};
use ndarray::{ArrayD, Axis, Slice};

use crate::{
    error::CliError,
    identity,
    picture::{self, Normalise},
};

/// Ask servers for a model's result; they see neither the input nor the result
///
/// The input is split into one share for each server here, and the shares of the result are added up here. With --receiver
/// the result is another guest's: this prints a number, with which that guest fetches it (--fetch), once and not too late.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// The file that says where the servers are
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,

    /// Which guest of the roster we are; without this flag, the name in our certificate
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// What to ask about: a .npy array, a .csv table of numbers with names in its first line, a .png or .jpg picture
    ///
    /// An array may hold several inputs as rows, and so may a table. A picture is resized to what the model takes.
    #[arg(long, value_name = "FILE", required_unless_present = "fetch")]
    input: Option<PathBuf>,

    /// The guest that gets the result, if it is not us
    #[arg(long, value_name = "NAME", requires = "input")]
    receiver: Option<String>,

    /// Get the result of somebody's request of this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "input")]
    fetch: Option<RequestId>,

    /// Subtract this from each channel of a picture, whose values are from 0 to 1
    #[arg(long, value_name = "X,X,X", value_delimiter = ',')]
    mean: Vec<f64>,

    /// Then divide by this
    #[arg(long, value_name = "X,X,X", value_delimiter = ',')]
    std: Vec<f64>,

    /// Show probabilities instead of scores
    #[arg(long)]
    softmax: bool,

    /// Show the N largest only, the largest first
    #[arg(long, value_name = "N")]
    top_k: Option<usize>,

    /// A file with the name of each class in a line
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Print JSON: a list with an entry for each input
    #[arg(long)]
    json: bool,

    /// How long to wait for the result
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,

    #[command(flatten)]
    identity: identity::Flags,
}

impl Predict {
    /// Asks, and prints.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let service = Service::load(&self.roster).map_err(CliError::Roster)?;
        let labels = match &self.labels {
            Some(file) => lines(file)?,
            None => Vec::new(),
        };
        let identity = self.identity.load()?;
        let name = self.name.clone().or_else(|| identity.as_ref().map(|identity| identity.certificate().name.clone()));
        let name = name.ok_or(CliError::NoName)?;
        let options = VisitOptions {
            identity,
            allow_plaintext: self.identity.insecure_no_tls,
            timeout: Duration::from_secs(self.timeout.into()),
            ..VisitOptions::default()
        };
        let mut client = Client::connect(&service, &name, options)?;
        tracing::info!("the servers offer {} for inputs of shape {:?}", client.offer().model, client.offer().shape);
        let start = Instant::now();
        let text = match (&self.input, self.fetch) {
            (_, Some(id)) => self.text(&[client.fetch(id)?], &labels),
            (Some(file), None) => {
                let inputs = self.read(file, &client)?;
                match &self.receiver {
                    Some(receiver) => {
                        let mut text = String::new();
                        for input in inputs {
                            // Writing to a string cannot fail.
                            let _ = writeln!(text, "{}", client.predict_for(receiver, input)?);
                        }
                        text
                    }
                    None => {
                        let results =
                            inputs.into_iter().map(|input| client.predict(input)).collect::<Result<Vec<_>, _>>()?;
                        self.text(&results, &labels)
                    }
                }
            }
            (None, None) => return Err(CliError::Input { problem: "there is none".to_owned() }),
        };
        let (sent, received) = client.traffic();
        tracing::info!("{:.3} s, {sent} bytes sent, {received} received", start.elapsed().as_secs_f64());
        anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)
    }

    /// The inputs of a file, as the servers take them: each a request.
    fn read(&self, file: &Path, client: &Client) -> Result<Vec<ArrayD<f64>>, CliError> {
        let offer = client.offer();
        let shape: Vec<usize> = offer.shape.iter().map(|&size| size as usize).collect();
        let failed = |problem: String| CliError::Input { problem };
        let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let input = match &ending[..] {
            "npy" => npy::read(file).map_err(|error| failed(error.to_string()))?,
            "csv" => {
                let table = Table::read(file).map_err(|error| failed(error.to_string()))?;
                let names: Vec<&str> = table.names().iter().map(String::as_str).collect();
                let numbers = table.numbers(&names).map_err(|error| failed(error.to_string()))?;
                let rows: Vec<usize> = std::iter::once(numbers.nrows()).chain(shape.iter().copied()).collect();
                match numbers.ncols() == shape.iter().product::<usize>() {
                    true => numbers.into_shape_with_order(rows).map_err(|error| failed(error.to_string()))?.into_dyn(),
                    false => numbers.into_dyn(),
                }
            }
            "png" | "jpg" | "jpeg" => {
                let how = Normalise { mean: self.mean.clone(), std: self.std.clone() };
                picture::read(file, &shape, &how).map_err(failed)?
            }
            _ => return Err(failed(format!("{} has no ending that says what it is", file.display()))),
        };
        if input.shape() == shape || input.shape().get(1..) != Some(&shape) {
            // One input; or something that the client explains.
            return Ok(vec![input]);
        }
        let most = offer.rows.max(1) as usize;
        let rows = input.shape()[0];
        let part = |from: usize| input.slice_axis(Axis(0), Slice::from(from..rows.min(from + most))).to_owned();
        Ok((0..rows).step_by(most).map(part).collect())
    }

    /// The results, a line for each input or as JSON.
    fn text(&self, results: &[ArrayD<f64>], labels: &[String]) -> String {
        let mut lines = Vec::new();
        for result in results {
            for row in result.outer_iter() {
                lines.push(self.scores(&row.iter().copied().collect::<Vec<_>>(), labels));
            }
        }
        if self.json {
            let entry = |scores: &Vec<(String, f64)>| {
                let scores = scores.iter().map(|(label, x)| serde_json::json!({ "class": label, "score": x }));
                serde_json::Value::Array(scores.collect())
            };
            return format!("{}\n", serde_json::Value::Array(lines.iter().map(entry).collect()));
        }
        let line = |scores: Vec<(String, f64)>| {
            let scores: Vec<String> = scores.into_iter().map(|(label, x)| format!("{label} {x:.4}")).collect();
            scores.join("  ") + "\n"
        };
        lines.into_iter().map(line).collect()
    }

    fn scores(&self, scores: &[f64], labels: &[String]) -> Vec<(String, f64)> {
        let shown = if self.softmax { softmax(scores) } else { scores.to_vec() };
        let ranked = match self.top_k {
            Some(count) => top(&shown, count),
            None => shown.into_iter().enumerate().collect(),
        };
        let label = |at: usize| labels.get(at).cloned().unwrap_or_else(|| at.to_string());
        ranked.into_iter().map(|(at, x)| (label(at), x)).collect()
    }
}

fn lines(file: &Path) -> Result<Vec<String>, CliError> {
    let text = fs::read_to_string(file)
        .map_err(|error| CliError::Input { problem: format!("{}: {error}", file.display()) })?;
    Ok(text.lines().map(str::to_owned).collect())
}
