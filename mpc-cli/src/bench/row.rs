//! What is reported of a workload.

use serde::Serialize;

use super::measure::Cost;
use super::part::Message;
use super::usage::Cpu;

/// One object of the JSON file. Seconds are null if the workload was only counted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub workload: String,
    pub parties: usize,
    pub protocol: String,
    pub device: String,
    pub net: String,
    /// Weights were opened before.
    pub served: bool,
    /// The median over the repetitions of the slowest party's.
    pub seconds: Option<f64>,
    /// Their minimum.
    pub seconds_min: Option<f64>,
    /// Of `seconds`, waiting for the dealer: the median of the longest.
    pub offline_seconds: Option<f64>,
    pub rounds: u64,
    /// Payload to the other computing parties.
    pub bytes_per_party: u64,
    /// Payload from the dealer to all parties.
    pub dealer_bytes: u64,
    /// The most that any of the processes had.
    pub peak_rss_bytes: Option<u64>,
    pub max_abs_err: Option<f64>,
    /// Billions of products of numbers in the clear, a second; null where it says nothing.
    pub giga_products_per_second: Option<f64>,
    pub repetitions: usize,
    pub processes: Vec<Process>,
}

/// One of the processes; all times are means over the repetitions.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Process {
    pub name: String,
    pub peak_rss_bytes: Option<u64>,
    pub seconds: Option<f64>,
    pub waiting_for_peers: Option<f64>,
    pub waiting_for_dealer: Option<f64>,
    pub cpu: Option<Cpu>,
}

impl Process {
    fn of(name: &str, message: &Message, runs: usize) -> Self {
        let name = name.to_owned();
        match message {
            Message::Party { costs, peak_rss, .. } => {
                let mean = |of: &dyn Fn(&Cost) -> f64| costs.iter().map(of).sum::<f64>() / costs.len().max(1) as f64;
                let part = |of: fn(&Cpu) -> f64| mean(&|cost: &Cost| cost.cpu.as_ref().map_or(0.0, of));
                let cpu =
                    Cpu { program: part(|c| c.program), kernels: part(|c| c.kernels), network: part(|c| c.network) };
                Self {
                    name,
                    peak_rss_bytes: *peak_rss,
                    seconds: Some(mean(&|cost| cost.seconds)),
                    waiting_for_peers: Some(mean(&|cost| cost.peers)),
                    waiting_for_dealer: Some(mean(&|cost| cost.dealer)),
                    cpu: costs.iter().all(|cost| cost.cpu.is_some()).then_some(cpu),
                }
            }
            Message::Dealer { peak_rss, cpu } => {
                // It does not know which of them are counted.
                let times = runs as f64;
                let cpu = cpu.map(|cpu| Cpu {
                    program: cpu.program / times,
                    kernels: cpu.kernels / times,
                    network: cpu.network / times,
                });
                let (seconds, waiting_for_peers, waiting_for_dealer) = (None, None, None);
                Self { name, peak_rss_bytes: *peak_rss, seconds, waiting_for_peers, waiting_for_dealer, cpu }
            }
            Message::Done | Message::Failed { .. } => Self {
                name,
                peak_rss_bytes: None,
                seconds: None,
                waiting_for_peers: None,
                waiting_for_dealer: None,
                cpu: None,
            },
        }
    }
}

impl Row {
    /// Adds what the processes have measured, after `warm` runs that do not count.
    pub(super) fn measured(mut self, reports: &[(String, Message)], products: u64, warm: usize) -> Self {
        let costs: Vec<&Vec<Cost>> = reports.iter().filter_map(|(_, report)| costs(report)).collect();
        let repetitions = costs.iter().map(|costs| costs.len()).min().unwrap_or(0);
        let slowest = |of: fn(&Cost) -> f64| -> Vec<f64> {
            (0..repetitions).map(|at| costs.iter().map(|costs| of(&costs[at])).fold(0.0, f64::max)).collect()
        };
        let seconds = slowest(|cost| cost.seconds);
        let all = || costs.iter().flat_map(|costs| costs.iter());
        self.seconds_min = seconds.iter().copied().reduce(f64::min);
        self.seconds = median(seconds);
        self.offline_seconds = median(slowest(|cost| cost.dealer));
        self.rounds = all().map(|cost| cost.rounds).max().unwrap_or(0);
        self.bytes_per_party = all().map(|cost| cost.sent).max().unwrap_or(0);
        self.dealer_bytes = all().map(|cost| cost.dealt).max().unwrap_or(0);
        self.processes = reports.iter().map(|(name, report)| Process::of(name, report, warm + repetitions)).collect();
        self.peak_rss_bytes = self.processes.iter().filter_map(|process| process.peak_rss_bytes).max();
        self.max_abs_err = reports.iter().find_map(|(_, report)| match report {
            Message::Party { error, .. } => *error,
            _ => None,
        });
        self.giga_products_per_second = self.seconds.filter(|_| products > 0).map(|s| products as f64 / s / 1e9);
        self.repetitions = repetitions;
        self
    }
}

fn costs(message: &Message) -> Option<&Vec<Cost>> {
    match message {
        Message::Party { costs, .. } => Some(costs),
        _ => None,
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
