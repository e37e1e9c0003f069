//! What the tests of layers share: a layer against a function in f64, its gradients against finite differences of that
//! function, its rounds against its documentation.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

pub mod clear;

use mpc_core::{Party, Result, Secret, Session, Shape, Tensor, sim::Sim};
use mpc_nn::Module;
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
pub struct Alice;
impl Party for Alice {
    const INDEX: usize = 0;
    const NAME: &'static str = "Alice";
}

pub type Array = ArrayD<f64>;
pub type Named = BTreeMap<String, Array>;

/// Numbers of both signs between -1.5 and 1.5, all different, that are multiples of 2^-16.
pub fn sample(shape: &[usize], seed: usize) -> Array {
    let mut state = seed as u64 * 977 + 12345;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 40) % 196_608) as f64 / 65536.0 - 1.5
    })
}

/// A secret that Alice feeds in.
pub fn secret(s: &Session, x: &Array) -> Tensor<Secret> {
    s.input::<Alice>(x.shape(), || x.clone()).share()
}

/// The answer of all parties, which must be one.
pub fn agreed<T: PartialEq + std::fmt::Debug>(seen: Vec<Result<T>>) -> T {
    let mut seen: Vec<T> = seen.into_iter().map(|party| party.expect("a party failed")).collect();
    let last = seen.pop().expect("at least one party");
    assert!(seen.iter().all(|other| *other == last), "{last:?} vs {seen:?}");
    last
}

/// Panics unless shapes are equal and elements within a distance, relative for large ones.
#[track_caller]
pub fn close(what: &str, found: &Array, expected: &Array, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let claim = tolerance * expected.abs().max(1.0);
        assert!((found - expected).abs() <= claim, "{what}, element {at}: {found} is not {expected} within {claim}");
    }
}

/// The weight of an element in the loss of which gradients are taken.
fn weight(at: usize) -> f64 {
    ((at * 7) % 5) as f64 / 2.0 - 1.0
}

fn weighted(y: &Array) -> f64 {
    y.iter().enumerate().map(|(at, y)| y * weight(at)).sum()
}

/// The gradients of a function of named arrays by finite differences.
pub fn differences(at: &Named, f: impl Fn(&Named) -> f64) -> Named {
    let mut at = at.clone();
    let names: Vec<String> = at.keys().cloned().collect();
    let mut gradients = Named::new();
    for name in names {
        let mut gradient = Array::zeros(at[&name].raw_dim());
        for (place, slot) in gradient.iter_mut().enumerate() {
            let mut shifted = |by: f64| {
                let own = at.get_mut(&name).unwrap().as_slice_mut().unwrap();
                let before = own[place];
                own[place] = before + by;
                let y = f(&at);
                at.get_mut(&name).unwrap().as_slice_mut().unwrap()[place] = before;
                y
            };
            *slot = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        }
        gradients.insert(name, gradient);
    }
    gradients
}

/// What a run shows: the rounds of the forward pass, the value, parameters and gradients by name (that of x as "x").
type Seen = (u64, Array, Named, Named);

async fn seen<M: Module>(
    s: Session,
    model: M,
    x: &Array,
    forward: impl Fn(&M, &Tensor<Secret>) -> Tensor<Secret>,
) -> Result<Seen> {
    let params = model.parameters();
    let leaves: Vec<_> = params.iter().map(|(_, param)| param.handle()).collect();
    s.runtime().compute(&leaves);
    let tracked = secret(&s, x).requires_grad();
    let before = s.traffic().total.rounds;
    let y = forward(&model, &tracked);
    s.runtime().compute(&[y.handle()]);
    let rounds = s.traffic().total.rounds - before;
    let shape: Shape = y.shape();
    let weights: Vec<f64> = (0..shape.len()).map(weight).collect();
    let gradients = (&y * s.public(shape, &weights)).sum().backward();
    let (mut values, mut slopes) = (Named::new(), Named::new());
    slopes.insert("x".into(), gradients.of(&tracked).reveal().await?);
    for (name, param) in params {
        values.insert(name.clone(), param.reveal().await?);
        slopes.insert(name, gradients.of(&*param).reveal().await?);
    }
    Ok((rounds, y.reveal().await?, values, slopes))
}

/// Checks a layer with two and three parties.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub value: f64,
    pub gradient: f64,
    pub rounds: Option<u64>,
}

impl Check {
    pub const fn new(value: f64, gradient: f64) -> Self {
        Self { value, gradient, rounds: None }
    }

    pub const fn rounds(mut self, rounds: u64) -> Self {
        self.rounds = Some(rounds);
        self
    }

    #[track_caller]
    pub fn run<M: Module>(
        &self,
        build: impl Fn(&Session) -> M + Sync,
        forward: impl Fn(&M, &Tensor<Secret>) -> Tensor<Secret> + Sync,
        x: &Array,
        clear: impl Fn(&Named, &Array) -> Array,
    ) {
        for parties in [2, 3] {
            let (rounds, y, mut at, gradients) = agreed(Sim::new(parties).seed(1).run(async |s: Session| {
                let model = build(&s);
                seen(s, model, x, &forward).await
            }));
            if let Some(expected) = self.rounds {
                assert_eq!(rounds, expected, "rounds");
            }
            close("value", &y, &clear(&at, x), self.value);
            at.insert("x".into(), x.clone());
            let expected = differences(&at, |at| weighted(&clear(at, &at["x"])));
            for (name, expected) in expected {
                close(&name, &gradients[&name], &expected, self.gradient);
            }
        }
    }

    /// [`Self::run`] for a layer by its `forward`.
    #[track_caller]
    pub fn layer<L: mpc_nn::Layer>(
        &self,
        build: impl Fn(&Session) -> L + Sync,
        x: &Array,
        clear: impl Fn(&Named, &Array) -> Array,
    ) {
        self.run(build, |layer, x| mpc_nn::Layer::forward(layer, x), x, clear);
    }
}
