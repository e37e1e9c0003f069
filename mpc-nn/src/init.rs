//! First values of parameters, random ones drawn on shares: no party knows a weight, nor do all but one together, nor the
//! dealer.
//!
//! Distributions are those of `torch.nn.init`. A uniform number is one of 2^16 equally likely ones of its interval (at 16
//! fractional bits), rounded to a unit of the last place. Random draws cost 2 rounds, which all weights of a model share;
//! what nobody reads is not drawn.
//!
//! The fans of a weight `[outputs, inputs, window ..]` are `inputs` and `outputs`, each times the size of the window.

use mpc_core::{InputOf, Party, Secret, Session, Shape, Tensor};

/// All zeros. Free.
#[track_caller]
pub fn zeros(s: &Session, shape: impl Into<Shape>) -> Tensor<Secret> {
    constant(s, shape, 0.0)
}

/// All ones. Free.
#[track_caller]
pub fn ones(s: &Session, shape: impl Into<Shape>) -> Tensor<Secret> {
    constant(s, shape, 1.0)
}

/// All one public number. Free.
#[track_caller]
pub fn constant(s: &Session, shape: impl Into<Shape>, value: f64) -> Tensor<Secret> {
    let shape = shape.into();
    s.public(shape.clone(), &vec![value; shape.len()]).share()
}

/// Uniform in `[low, high)`. 2 rounds.
#[track_caller]
pub fn uniform(s: &Session, shape: impl Into<Shape>, low: f64, high: f64) -> Tensor<Secret> {
    s.random_uniform(shape) * (high - low) + low
}

/// Of the normal distribution with this mean and standard deviation. 1 round.
#[track_caller]
pub fn normal(s: &Session, shape: impl Into<Shape>, mean: f64, deviation: f64) -> Tensor<Secret> {
    s.random_normal(shape) * deviation + mean
}

/// Uniform with the variance `gain^2 2 / (fan in + fan out)`: for layers before a sigmoid or tanh (Glorot and Bengio, 2010).
#[track_caller]
pub fn xavier_uniform(s: &Session, shape: impl Into<Shape>, gain: f64) -> Tensor<Secret> {
    let shape = shape.into();
    let bound = gain * (6.0 / (fan_in(&shape) + fan_out(&shape))).sqrt();
    uniform(s, shape, -bound, bound)
}

/// Normal with the variance `gain^2 2 / (fan in + fan out)`.
#[track_caller]
pub fn xavier_normal(s: &Session, shape: impl Into<Shape>, gain: f64) -> Tensor<Secret> {
    let shape = shape.into();
    let deviation = gain * (2.0 / (fan_in(&shape) + fan_out(&shape))).sqrt();
    normal(s, shape, 0.0, deviation)
}

/// Uniform with the variance `2 / fan in`: for layers before a ReLU (He et al., 2015).
#[track_caller]
pub fn kaiming_uniform(s: &Session, shape: impl Into<Shape>) -> Tensor<Secret> {
    let shape = shape.into();
    let bound = (6.0 / fan_in(&shape)).sqrt();
    uniform(s, shape, -bound, bound)
}

/// Normal with the variance `2 / fan in`.
#[track_caller]
pub fn kaiming_normal(s: &Session, shape: impl Into<Shape>) -> Tensor<Secret> {
    let shape = shape.into();
    let deviation = (2.0 / fan_in(&shape)).sqrt();
    normal(s, shape, 0.0, deviation)
}

/// Uniform in `[-1 / sqrt(fan), 1 / sqrt(fan))`: how PyTorch begins most layers, with their own `fan`.
#[track_caller]
pub fn by_fan(s: &Session, shape: impl Into<Shape>, fan: usize) -> Tensor<Secret> {
    let bound = 1.0 / (fan.max(1) as f64).sqrt();
    uniform(s, shape, -bound, bound)
}

/// Values that `P` has, a model that was trained in the clear for example: the closure runs at that party alone. Free.
#[track_caller]
pub fn of_owner<P: Party>(s: &Session, shape: impl Into<Shape>, values: impl InputOf) -> Tensor<Secret> {
    s.input::<P>(shape, values).share()
}

/// The elements of a weight's window.
fn window(shape: &Shape) -> usize {
    shape.dims().iter().skip(2).product()
}

/// How many numbers an output is made of.
fn fan_in(shape: &Shape) -> f64 {
    let inputs = shape.dims().get(1).or(shape.dims().first()).copied().unwrap_or(1);
    (inputs * window(shape)).max(1) as f64
}

/// How many outputs a number goes into.
fn fan_out(shape: &Shape) -> f64 {
    (shape.dims().first().copied().unwrap_or(1) * window(shape)).max(1) as f64
}
