//! One party's side of a measurement.

use std::time::Instant;

use mpc_core::{Result, Secret, Session, Tensor};
use serde::{Deserialize, Serialize};

use super::data::Input;
use super::usage::{self, Cpu};
use super::workloads::Workload;

/// What one repetition cost this party.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cost {
    /// From shares to shares.
    pub seconds: f64,
    /// Of these, waiting for other parties.
    pub peers: f64,
    /// Of these, waiting for the dealer.
    pub dealer: f64,
    /// Rounds.
    pub rounds: u64,
    /// Payload bytes to the other computing parties.
    pub sent: u64,
    /// Payload bytes from the dealer to all parties together.
    pub dealt: u64,
    /// Processor time of this process.
    pub cpu: Option<Cpu>,
}

/// How often a workload runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Runs that do not count.
    pub warm: usize,
    /// Runs that count.
    pub repeat: usize,
    /// Weights stay the same shares from run to run.
    served: bool,
}

impl Plan {
    /// Once to warm up. The first request opens the weights, and the second is the first that finds them open.
    pub(super) fn new(repeat: usize, served: bool) -> Self {
        Self { warm: if served { 2 } else { 1 }, repeat, served }
    }

    /// One run that is counted, and nothing is warm.
    pub(super) fn count(served: bool) -> Self {
        Self { warm: usize::from(served), repeat: 1, served }
    }
}

/// What a party has measured.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Each repetition, without the one that warms up.
    pub costs: Vec<Cost>,
    /// The most memory, before the results were revealed.
    pub peak_rss: Option<u64>,
    /// The results of the last repetition.
    pub results: Vec<Vec<f64>>,
}

/// Warms up, repeats, and reveals the last results. `done` hears of every repetition.
pub(super) async fn measure(s: &Session, workload: &Workload, plan: Plan, done: impl Fn()) -> Result<Measured> {
    let mut costs = Vec::with_capacity(plan.repeat);
    let (mut kept, mut last) = (Vec::new(), Vec::new());
    for number in 0..plan.warm + plan.repeat {
        drop(std::mem::take(&mut last));
        let inputs = inputs(s, workload, &kept);
        if plan.served {
            let weights = inputs.iter().zip(&workload.inputs);
            kept = weights.map(|(input, about)| about.weight.then(|| input.clone())).collect();
        }
        let (cost, results) = once(s, workload, &inputs).await?;
        if number >= plan.warm {
            costs.push(cost);
        }
        last = results;
        done();
    }
    let peak_rss = usage::peak_rss();
    let mut results = Vec::new();
    for revealed in last.iter().map(Tensor::reveal).collect::<Vec<_>>() {
        results.push(revealed.await?.into_iter().collect());
    }
    Ok(Measured { costs, peak_rss, results })
}

/// New shares of the inputs, which have never been opened, but weights of an earlier run.
fn inputs(s: &Session, workload: &Workload, earlier: &[Option<Tensor<Secret>>]) -> Vec<Tensor<Secret>> {
    let one = |(number, input): (usize, &Input)| match earlier.get(number) {
        Some(Some(weight)) => weight.clone(),
        Some(None) | None => input.share(s, number),
    };
    workload.inputs.iter().enumerate().map(one).collect()
}

/// Runs the program once. Its inputs are shares before the clock starts.
async fn once(s: &Session, workload: &Workload, inputs: &[Tensor<Secret>]) -> Result<(Cost, Vec<Tensor<Secret>>)> {
    compute(s, inputs);
    // Nobody is ahead.
    s.public([1], &[0.0]).share().reveal().await?;
    let before = (s.traffic().total, s.dealer_sent(), s.timing(), usage::cpu());
    let start = Instant::now();
    let results = (workload.program)(s, inputs);
    compute(s, &results);
    let seconds = start.elapsed().as_secs_f64();
    let (traffic, timing) = (s.traffic().total - before.0, s.timing());
    let cost = Cost {
        seconds,
        peers: (timing.peers - before.2.peers).as_secs_f64(),
        dealer: (timing.dealer - before.2.dealer).as_secs_f64(),
        rounds: traffic.rounds,
        sent: traffic.sent,
        dealt: s.dealer_sent() - before.1,
        cpu: usage::cpu().zip(before.3).map(|(after, before)| after - before),
    };
    Ok((cost, results))
}

/// A failure shows when something is read.
fn compute(s: &Session, tensors: &[Tensor<Secret>]) {
    s.runtime().compute(&tensors.iter().map(Tensor::handle).collect::<Vec<_>>());
}

/// How far the results are from what they should be.
pub(super) fn error(workload: &Workload, results: &[Vec<f64>]) -> f64 {
    let inputs: Vec<_> = workload.inputs.iter().enumerate().map(|(number, input)| input.array(number)).collect();
    let clear = (workload.clear)(&inputs);
    let fits =
        clear.len() == results.len() && clear.iter().zip(results).all(|(clear, found)| clear.len() == found.len());
    if !fits {
        return f64::INFINITY;
    }
    let pairs = clear.iter().zip(results).flat_map(|(clear, found)| clear.iter().zip(found));
    pairs.map(|(clear, found)| (clear - found).abs()).fold(0.0, f64::max)
}
