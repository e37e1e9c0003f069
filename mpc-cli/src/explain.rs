//! `mpc explain`: what a model costs on shares, step by step, before anybody connects.

use std::{cell::RefCell, collections::BTreeMap, io::Write, path::PathBuf, sync::Arc};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{DecimalBytes, HumanCount};
use mpc_comm::{Count, LinkSpeed, Traffic};
use mpc_core::{Secret, Session, Settings, Shape, Tensor, op::Handle, sim::Sim};
use mpc_nn::{
    StateDict,
    onnx::{self, Dim, Graph},
};

use crate::{dense, error::CliError, model::ModelError};

/// Count what a model costs on shares
///
/// Rounds, bytes, what the network alone takes, and memory, by step: for the first request, which opens each weight under its
/// mask, and for each later one in the same session. Nothing is computed and nobody is asked, so it needs no data, no roster
/// and a moment. Programs with models of their own count theirs with --explain.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The model: an .onnx file, or a .safetensors or .npz file of linear layers
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// The shape of each input, batch included, in the order of the model: 1,3,224,224; without it those of the file, with a
    /// batch of 1
    #[arg(long, value_name = "N,N,N", num_args = 1.., value_parser = shape)]
    shape: Vec<Sizes>,

    /// How many parties compute
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..=64))]
    parties: u16,

    /// Bits after the point
    #[arg(long, value_name = "BITS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    fraction_bits: u32,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// A shape of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sizes(Vec<usize>);

fn shape(text: &str) -> Result<Sizes, String> {
    let sizes = text.split(',').map(|size| size.trim().parse::<usize>().map_err(|error| format!("`{size}`: {error}")));
    sizes.collect::<Result<_, _>>().map(Sizes)
}

/// What is counted.
enum Model {
    Onnx(Box<Graph>, onnx::Weights),
    Layers(Vec<dense::Dense>, dense::Weights),
}

/// A model on shares.
type Forward<'a> = dyn Fn(&[Tensor<Secret>]) -> Vec<Tensor<Secret>> + 'a;

/// Costs of a model.
#[derive(Debug)]
struct Costs {
    /// The first request, and one after it.
    requests: [Traffic; 2],
    memory: u64,
    /// Scopes in the order of the model.
    order: BTreeMap<Arc<str>, usize>,
}

impl Explain {
    /// Counts, and prints.
    pub(crate) fn run(&self) -> Result<(), CliError> {
        let (model, shapes) = self.read().map_err(CliError::Explain)?;
        let costs = self.count(&model, &shapes).map_err(|error| CliError::Session(Box::new(error)))?;
        let text = if self.json { self.as_json(&costs, &shapes) } else { self.table(&costs, &shapes) };
        anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)
    }

    /// The model, and the shapes of its inputs.
    fn read(&self) -> Result<(Model, Vec<Vec<usize>>), ModelError> {
        let given = || self.shape.iter().map(|sizes| sizes.0.clone()).collect::<Vec<_>>();
        if self.model.extension().is_none_or(|ending| ending != "onnx") {
            let (layers, weights) = dense::read(StateDict::read(&self.model)?)?;
            let inputs = layers.first().map_or(0, |layer| layer.inputs);
            let shapes = if self.shape.is_empty() { vec![vec![1, inputs]] } else { given() };
            return match &shapes[..] {
                [one] if one.last() == Some(&inputs) => Ok((Model::Layers(layers, weights), shapes)),
                _ => Err(ModelError::Shapes { found: shapes, expected: format!("[any, {inputs}]") }),
            };
        }
        let (graph, weights) = onnx::read(&self.model).map_err(ModelError::Onnx)?;
        let of_file = |input: &onnx::Input| -> Option<Vec<usize>> {
            let size = |(at, dim): (usize, &Dim)| match dim {
                Dim::Fixed(size) => Some(*size),
                Dim::Open(_) => (at == 0).then_some(1),
            };
            input.shape.as_ref()?.iter().enumerate().map(size).collect()
        };
        let shapes = if self.shape.is_empty() {
            graph.inputs().iter().map(of_file).collect::<Option<Vec<_>>>()
        } else {
            let fits = self.shape.len() == graph.inputs().len()
                && graph.inputs().iter().zip(&self.shape).all(|(input, sizes)| input.admits(&sizes.0));
            fits.then(given)
        };
        let expected = || graph.inputs().iter().map(onnx::Input::axes).collect::<Vec<_>>().join(" and ");
        let Some(shapes) = shapes else { return Err(ModelError::Shapes { found: given(), expected: expected() }) };
        graph.trial(&shapes, false).map_err(ModelError::Onnx)?;
        Ok((Model::Onnx(Box::new(graph), weights), shapes))
    }

    /// Two requests in one session.
    fn count(&self, model: &Model, shapes: &[Vec<usize>]) -> mpc_core::Result<Costs> {
        let settings = Settings { fraction_bits: self.fraction_bits, ..Settings::default() };
        let first = RefCell::new(Traffic::default());
        let explained = Sim::new(self.parties.into()).settings(settings).explain(async |s: Session| {
            let forward: Box<Forward<'_>> = match model {
                Model::Onnx(graph, weights) => {
                    let network = graph.network(&s, 0, Some(weights));
                    Box::new(move |inputs| network.forward(inputs))
                }
                Model::Layers(layers, weights) => {
                    let layers = dense::share(&s, 0, layers, Some(weights));
                    Box::new(move |inputs| inputs.iter().map(|x| dense::forward(&layers, x)).collect())
                }
            };
            for request in 0..2 {
                let zeros = |shape: &Vec<usize>| {
                    Handle::private(s.runtime(), (1, ""), Shape::from(&shape[..]), None).share().into()
                };
                let inputs: Vec<Tensor<Secret>> = shapes.iter().map(zeros).collect();
                let outputs = forward(&inputs);
                s.runtime().compute(&outputs.iter().map(Tensor::handle).collect::<Vec<_>>());
                if request == 0 {
                    *first.borrow_mut() = s.traffic();
                }
            }
            Ok(())
        })?;
        let (first, both) = (first.into_inner(), explained.traffic);
        let none = Count::default();
        let mut later = Traffic { total: both.total - first.total, ..Traffic::default() };
        let scopes = both.scopes.iter();
        later.scopes =
            scopes.map(|(path, count)| (path.clone(), *count - *first.scopes.get(path).unwrap_or(&none))).collect();
        let order = first.scopes.keys().map(|path| (path.clone(), place(model, path))).collect();
        Ok(Costs { requests: [first, later], memory: explained.memory, order })
    }

    fn table(&self, costs: &Costs, shapes: &[Vec<usize>]) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["step", "rounds", "sent by each party", "later", "received from the dealer", "LAN", "WAN"]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let bytes = |bytes: u64| DecimalBytes(bytes).to_string();
        let mut add = |name: &str, count: &Count, later: &str| {
            let [lan, wan] = self.seconds(count).map(|seconds| format!("{seconds:.1?}"));
            let (rounds, sent, dealt) = (HumanCount(count.rounds).to_string(), bytes(count.sent), bytes(count.dealt));
            table.add_row([name, &rounds, &sent, later, &dealt, &lan, &wan]);
        };
        for (path, count, later) in costs.steps() {
            add(path, count, &bytes(later.sent));
        }
        let [first, later] = &costs.requests;
        add("the first request", &first.total, "");
        add("each later one", &later.total, "");
        format!(
            "{table}\nInputs of {shapes:?}; {} parties and a dealer. Later: what the step sends when the weights are open already. LAN \
             and WAN: what the network alone takes at 3 Gbit/s and 0.8 ms, and at 100 Mbit/s and 80 ms; what is computed comes on \
             top. A round counts in every step that takes part in it; steps that send nothing are left out.\nAt most {} of \
             shares, masks and opened values at the same time, at each party.\n",
            self.parties,
            bytes(costs.memory)
        )
    }

    fn as_json(&self, costs: &Costs, shapes: &[Vec<usize>]) -> String {
        let object = |count: &Count| {
            let [lan, wan] = self.seconds(count).map(|seconds| seconds.as_secs_f64());
            serde_json::json!({
                "rounds": count.rounds,
                "sent_bytes": count.sent,
                "dealt_bytes": count.dealt,
                "lan_seconds": lan,
                "wan_seconds": wan,
            })
        };
        let step = |(path, first, later): (&str, &Count, &Count)| serde_json::json!({ "step": path, "first": object(first), "later": object(later) });
        let [first, later] = &costs.requests;
        let object = serde_json::json!({
            "inputs": shapes,
            "parties": self.parties,
            "first": object(&first.total),
            "later": object(&later.total),
            "memory_bytes": costs.memory,
            "steps": costs.steps().into_iter().map(step).collect::<Vec<_>>(),
        });
        format!("{object}\n")
    }

    fn seconds(&self, count: &Count) -> [std::time::Duration; 2] {
        [LinkSpeed::LAN, LinkSpeed::WAN].map(|speed| speed.least(count, self.parties.into()))
    }
}

impl Costs {
    /// Steps that send or receive something, in the order of the model: their costs at first and later.
    fn steps(&self) -> Vec<(&str, &Count, &Count)> {
        const NONE: &Count = &Count { rounds: 0, sent: 0, received: 0, dealt: 0 };
        let [first, later] = &self.requests;
        let all = first.scopes.iter().filter(|(_, count)| **count != *NONE);
        let mut steps: Vec<_> =
            all.map(|(path, count)| (&**path, count, later.scopes.get(path).unwrap_or(NONE))).collect();
        steps.sort_by_key(|(path, ..)| self.order.get(*path));
        steps
    }
}

/// The number of the node in whose scope something is; what is in none comes first.
fn place(model: &Model, path: &str) -> usize {
    let Model::Onnx(graph, _) = model else { return 0 };
    let inner = path.strip_prefix("Network/").unwrap_or(path);
    let of = |name: &str| inner.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let named = graph.nodes().iter().enumerate().map(|(at, node)| (at, node.name.trim_start_matches('/')));
    let within = named.filter(|(_, name)| !name.is_empty() && of(name));
    within.max_by_key(|(_, name)| name.len()).map_or(0, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        assert_eq!(shape("1,3, 224,224"), Ok(Sizes(vec![1, 3, 224, 224])));
        assert!(shape("1,x").unwrap_err().starts_with("`x`: ") && shape("").is_err() && shape("-1").is_err());
    }
}
