//! The model on shares.

use super::{
    array::{Array, Element, spend, within},
    clear::misfit,
    graph::Graph,
    held::Held,
    node::Node,
    ops::{Inputs, Operator},
    report::{Problem, Reason, Report},
    value::{Context, Value},
    weights::Weights,
};
use crate::{Mode, Module, Visitor, VisitorMut};
use mpc_core::{InputError, Party, Secret, Session, Shape, Tensor, Usage, engine::Vis, op::Handle};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    rc::Rc,
};

/// The largest secret tensor, in elements: 16 GiB of shares.
pub(super) const MOST: usize = 1 << 31;

/// A model from a file, on shares: the graph, which everybody has, and the weights, which nobody has.
///
/// It only predicts, and keeps no tape; after [`Module::train`] its weights have gradients. A mistake, such as an input of
/// another shape, travels in the outputs and is returned with the name of the node by whoever awaits them.
#[derive(Clone)]
pub struct Network {
    graph: Graph,
    session: Session,
    weights: Vec<Held>,
    mode: Mode,
}

impl Graph {
    /// The model on shares. All parties call it; `owner` is the place of the owner among the parties of the session, compute
    /// parties first, and has the weights. Sends nothing, or 8 bytes a weight if the owner is a client.
    ///
    /// Weights that steps multiply as they are (of `MatMul`, `Gemm`, two-dimensional convolutions and trees) stay private to an
    /// owner who computes: when they are opened under their masks, once, the owner alone sends them, and the others have half
    /// as much to compute. The rest is shared, as is everything once it is trained.
    ///
    /// Numbers beyond what a mask needs (2^24 for 16 fractional bits), minus infinity for example, saturate. Weights that are
    /// missing, of another shape or not a number stop the session at the owner, and the others hear of it.
    #[track_caller]
    pub fn network(&self, s: &Session, owner: usize, weights: Option<&Weights>) -> Network {
        let runtime = s.runtime();
        let name = runtime.names().get(owner).map_or("", String::as_str);
        let here = runtime.me() == owner;
        let most = Context { session: s }.ceiling();
        let mut shared = Vec::with_capacity(self.plan.weights.len());
        for (weight, shape) in &self.plan.weights {
            let own = here.then(|| own_values(weights, weight, shape, most));
            let value = Handle::private(runtime, (owner, name), Shape::from(&shape[..]), own);
            shared.push((weight.clone(), value));
        }
        self.with(s, shared)
    }

    /// [`Self::network`] for an owner that the program names.
    #[track_caller]
    pub fn network_of<P: Party>(&self, s: &Session, weights: Option<&Weights>) -> Network {
        self.network(s, P::INDEX, weights)
    }

    /// A network without values, where nothing is computed.
    #[track_caller]
    fn counted(&self, s: &Session) -> Network {
        let names = self.plan.weights.iter();
        let of = |shape: &[usize]| Handle::private(s.runtime(), (0, ""), Shape::from(shape), None);
        self.with(s, names.map(|(name, shape)| (name.clone(), of(shape))).collect())
    }

    #[track_caller]
    fn with(&self, s: &Session, weights: Vec<(String, Handle)>) -> Network {
        let mode = Mode::default();
        mode.set(false);
        let whole = self.multiplied();
        let mut held = Vec::with_capacity(weights.len());
        for (name, value) in weights {
            // The dealer gives clients no masks.
            let computes = matches!(value.vis(), Vis::Private(owner) if owner < s.runtime().parties());
            let whole = computes && whole.get(&name[..]) == Some(&true);
            held.push(Held::new(name, value, whole));
        }
        Network { graph: self.clone(), session: s.clone(), weights: held, mode }
    }

    /// Weights by name, and whether each step that reads one multiplies it as it is.
    fn multiplied(&self) -> BTreeMap<&str, bool> {
        let mut found: BTreeMap<&str, (usize, bool)> =
            self.plan.weights.iter().map(|(name, shape)| (&name[..], (shape.len(), true))).collect();
        for (node, operator) in self.plan.nodes.iter().zip(self.operators.iter()) {
            for (at, name) in node.inputs.iter().enumerate() {
                if let Some((rank, whole)) = found.get_mut(&name[..]) {
                    *whole &= operator.multiplies().contains(&(at, *rank));
                }
            }
        }
        for output in &self.plan.outputs {
            found.remove(&output[..]);
        }
        found.into_iter().map(|(name, (_, whole))| (name, whole)).collect()
    }

    /// What the model would cost for inputs of these shapes, and the shape that each node makes: counted, without computing
    /// or sending anything. Inputs of whole numbers count as public if `public_ints`.
    ///
    /// # Errors
    /// Every node whose inputs do not fit, or that cannot be computed on secrets.
    pub fn trial(&self, inputs: &[Vec<usize>], public_ints: bool) -> Result<Trial, Report> {
        let mut report = Report::default();
        let mut shapes = Vec::new();
        let counted = mpc_core::sim::Sim::new(2).explain(async |s: Session| {
            let network = s.no_grad(|| self.counted(&s));
            let mut given = Vec::new();
            for (input, shape) in self.plan.inputs.iter().zip(inputs) {
                within(shape, MOST).map_err(mpc_core::Error::program)?;
                given.push(match input.element {
                    Element::Int | Element::Bool if public_ints => {
                        let count = super::array::sized(shape).map_err(mpc_core::Error::program)?;
                        Array::new(input.element, shape, vec![0.0; count]).map_err(mpc_core::Error::program)?.into()
                    }
                    element => {
                        let secret = Handle::private(s.runtime(), (1, ""), Shape::from(&shape[..]), None).share();
                        Value::Secret(secret.into(), element)
                    }
                });
            }
            let outputs = network.tried(&given, &mut report, &mut shapes);
            for output in outputs.iter().flatten().filter_map(Value::handle) {
                output.reveal(None).read().await?;
            }
            Ok(())
        });
        report.checked()?;
        match counted {
            Ok(counted) => Ok(Trial { shapes, traffic: counted.traffic }),
            Err(error) => Err(Report::of("the model", Reason(error.to_string()))),
        }
    }
}

/// What [`Graph::trial`] found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The names of nodes, and the shapes of what each makes.
    pub shapes: Vec<(String, Vec<Vec<usize>>)>,
    /// Rounds and bytes of one party of two, to open the outputs included.
    pub traffic: mpc_comm::Traffic,
}

/// The owner's numbers, if they are such that shares can hold them.
fn own_values(weights: Option<&Weights>, name: &str, shape: &[usize], most: f64) -> Result<Vec<f64>, InputError> {
    let part = |problem| InputError::Part { name: name.to_owned(), problem: Box::new(problem) };
    let Some(values) = weights.and_then(|weights| weights.get(name)) else {
        return Err(InputError::Names { missing: vec![name.to_owned()], extra: Vec::new() });
    };
    if values.shape() != shape {
        return Err(part(InputError::Shape { found: values.shape().into(), expected: shape.into() }));
    }
    match values.iter().position(|x| x.is_nan()) {
        Some(index) => Err(part(InputError::NotFinite { index })),
        None => Ok(values.iter().map(|x| x.clamp(-most, most)).collect()),
    }
}

impl Network {
    /// The public structure.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The outputs for secret inputs; those of whole numbers hold whole numbers. Outputs that depend on no secret are shared,
    /// truth values are 0 and 1.
    #[track_caller]
    pub fn forward(&self, inputs: &[Tensor<Secret>]) -> Vec<Tensor<Secret>> {
        let kinds = self.graph.plan.inputs.iter().map(|input| input.element).chain(std::iter::repeat(Element::Float));
        let values: Vec<_> = inputs.iter().zip(kinds).map(|(x, kind)| Value::Secret(x.clone(), kind)).collect();
        let cx = Context { session: &self.session };
        self.run(&values).iter().map(|value| cx.secret(value)).collect()
    }

    /// The outputs for inputs that are public or secret, each by itself. What depends on public inputs alone is public.
    #[track_caller]
    pub fn run(&self, inputs: &[Value]) -> Vec<Value> {
        self.watched(inputs, |_, _| {})
    }

    /// As [`Self::run`]; `watch` sees what each node makes.
    #[track_caller]
    pub fn watched(&self, inputs: &[Value], mut watch: impl FnMut(&Node, &[Value])) -> Vec<Value> {
        let mut record = || {
            let values = self.values(inputs)?;
            self.graph.run(values, |node, operator, x| {
                let made = self.step(node, operator, x)?;
                watch(node, &made);
                Ok(made)
            })
        };
        let _scope = self.session.scope("Network");
        let outputs = if self.mode.is_training() { record() } else { self.session.no_grad(record) };
        match outputs {
            Ok(mut outputs) => {
                for output in &mut outputs {
                    // What depends on private weights alone leaves as shares too.
                    if let Value::Secret(x, _) = output
                        && matches!(x.handle().vis(), Vis::Private(_))
                    {
                        *x = x.handle().share().into();
                    }
                }
                outputs
            }
            Err(problem) => vec![self.mistake(&problem, inputs); self.graph.plan.outputs.len()],
        }
    }

    /// One step, in its scope.
    fn step(&self, node: &Node, operator: &dyn Operator, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let known: Option<Vec<Option<&Array>>> =
            x.0.iter()
                .map(|value| value.map_or(Some(None), |value| value.known().map(|known| Some(&**known))))
                .collect();
        if let Some(known) = known {
            let made = operator.clear(&Inputs(&known))?;
            spend(made.iter().map(Array::len).sum());
            return Ok(made.into_iter().map(Value::from).collect());
        }
        for value in x.0.iter().flatten() {
            if let (Some(_), Value::Secret(..) | Value::Bits(_)) = (value.handle(), value)
                && value.shape().contains(&0)
            {
                return Reason::err("a secret is empty");
            }
        }
        let _scope = self.session.scope(node.name.trim_start_matches('/'));
        let made = operator.secret(&Context { session: &self.session }, x)?;
        for value in &made {
            within(&value.shape(), MOST)?;
        }
        Ok(made)
    }

    fn values(&self, inputs: &[Value]) -> Result<HashMap<String, Value>, Problem> {
        let plan = &self.graph.plan;
        let problem = |place: &str, reason| Problem { place: place.to_owned(), operator: String::new(), reason };
        if inputs.len() != plan.inputs.len() {
            let reason = format!("it takes {} inputs, not {}", plan.inputs.len(), inputs.len());
            return Err(problem("the model", Reason(reason)));
        }
        let mut values = HashMap::new();
        for (input, given) in plan.inputs.iter().zip(inputs) {
            // A mistake on the way to the input is told as it is.
            let fine = given.handle().is_none_or(|handle| handle.error().is_none());
            if fine && !input.admits(&given.shape()) {
                return Err(problem(&input.name, misfit(input, &given.shape())));
            }
            values.insert(input.name.clone(), given.clone());
        }
        for held in &self.weights {
            values.insert(held.name.clone(), Value::float(held.value(self.mode.is_training())));
        }
        let constants = plan.constants.iter().map(|(name, x)| (name.clone(), Value::Public(Rc::new(x.clone()))));
        values.extend(constants);
        Ok(values)
    }

    /// The mistake as a value.
    #[track_caller]
    fn mistake(&self, problem: &Problem, inputs: &[Value]) -> Value {
        let mistaken = inputs.iter().filter_map(Value::handle).find(|handle| handle.error().is_some());
        let shapes = inputs.iter().map(|value| Shape::from(&value.shape()[..])).collect();
        let usage = || Handle::misused(self.session.runtime(), "network", Usage::Argument(problem.to_string()), shapes);
        Value::of(mistaken.cloned().unwrap_or_else(usage), Element::Float)
    }

    /// Runs what can run, and collects the problems of all nodes.
    fn tried(
        &self,
        inputs: &[Value],
        report: &mut Report,
        shapes: &mut Vec<(String, Vec<Vec<usize>>)>,
    ) -> Vec<Option<Value>> {
        let mut values = match self.values(inputs) {
            Ok(values) => values,
            Err(Problem { place, operator, reason }) => {
                report.add(place, operator, reason);
                return Vec::new();
            }
        };
        for (node, operator) in self.graph.plan.nodes.iter().zip(self.graph.operators.iter()) {
            let given: Vec<_> = node.inputs.iter().map(|name| values.get(name)).collect();
            let lost = given.iter().zip(&node.inputs).any(|(value, name)| value.is_none() && !name.is_empty());
            if lost {
                continue;
            }
            let made = self.step(node, &**operator, &Inputs(&given)).and_then(|made| {
                let mistake = made.iter().filter_map(Value::handle).find_map(Handle::error);
                mistake.map_or(Ok(()), |mistake| Reason::err(mistake.to_string()))?;
                match made.len() < node.outputs.len() {
                    true => Reason::err(format!("it makes {} values, and more are asked for", made.len())),
                    false => Ok(made),
                }
            });
            match made {
                Ok(made) => {
                    shapes.push((node.name.clone(), made.iter().map(Value::shape).collect()));
                    values.extend(node.outputs.iter().cloned().zip(made).filter(|(name, _)| !name.is_empty()));
                }
                Err(reason) => report.add(&node.name, node.operator(), reason),
            }
        }
        self.graph.plan.outputs.iter().map(|name| values.get(name).cloned()).collect()
    }
}

impl Module for Network {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.weights.iter().for_each(|held| visitor.enter(&held.name).param(held.param()));
        visitor.enter("mode").mode(&self.mode);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        for held in &mut self.weights {
            let name = held.name.clone();
            if let Some(param) = held.param_mut() {
                visitor.enter(&name).param(param);
            }
        }
        visitor.enter("mode").mode(&mut self.mode);
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network of {:?}", self.graph)
    }
}
