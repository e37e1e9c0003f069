//! Batch normalisation.

use super::{Layer, misused, scaled_channels, scope};
use crate::{Buffer, Mode, Param, init};
use mpc_core::{
    Secret, Session, Shape, Tensor, Usage,
    op::{Handle, Meaning},
};
use std::{cell::RefCell, fmt};

/// [`BatchNorm`] of `[n, channels]` or `[n, channels, length]`.
pub type BatchNorm1d = BatchNorm;

/// [`BatchNorm`] of `[n, channels, rows, columns]`.
pub type BatchNorm2d = BatchNorm;

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias`, by channel, for channels in axis 1 of `[n, channels, ..]`
/// (Ioffe and Szegedy, 2015).
///
/// While training, mean and variance are those of the batch, and the running ones follow them: 16 rounds. The next step
/// of an optimiser computes the running ones with the parameters; who trains without one flushes. For prediction
/// ([`Module::eval`](crate::Module::eval)) the running ones serve, and everything is one scale and one shift by channel: 2 rounds, and once
/// after every change of the parameters 12 more.
///
/// Error while training: 2^-12 of the value and a few units of the last place. In prediction the scale
/// `weight / sqrt(variance + epsilon)` is rounded to a unit of the last place, which times x is an error of `2^-17 |x|`.
#[derive(Clone)]
pub struct BatchNorm {
    /// `[channels]`; none: ones.
    pub weight: Option<Param>,
    /// `[channels]`; none: zeros.
    pub bias: Option<Param>,
    /// `[channels]`.
    pub running_mean: Buffer,
    /// `[channels]`, of the unbiased variances.
    pub running_var: Buffer,
    /// How much of the batch's statistics goes into the running ones.
    pub momentum: f64,
    /// Added to the variance: not less than a unit of the last place.
    pub epsilon: f64,
    mode: Mode,
    folded: RefCell<Option<Folded>>,
}

/// Scale and shift of a prediction, and the values that they were made of.
#[derive(Clone)]
struct Folded {
    of: Vec<Option<u64>>,
    tape: bool,
    scale: Handle,
    shift: Handle,
}

impl BatchNorm {
    /// A layer with the weights 1 and 0, the momentum 0.1 and an epsilon of 1e-5.
    #[track_caller]
    pub fn init(s: &Session, channels: usize) -> Self {
        Self {
            weight: Some(Param::new(init::ones(s, channels))),
            bias: Some(Param::new(init::zeros(s, channels))),
            running_mean: Buffer::new(init::zeros(s, channels)),
            running_var: Buffer::new(init::ones(s, channels)),
            momentum: 0.1,
            epsilon: 1e-5,
            mode: Mode::default(),
            folded: RefCell::default(),
        }
    }

    /// A layer that has been trained, all values `[channels]`. Call [`Module::eval`](crate::Module::eval) to predict with it.
    pub fn new(
        weight: Tensor<Secret>,
        bias: Tensor<Secret>,
        running_mean: Tensor<Secret>,
        running_var: Tensor<Secret>,
    ) -> Self {
        Self {
            weight: Some(Param::new(weight)),
            bias: Some(Param::new(bias)),
            running_mean: Buffer::new(running_mean),
            running_var: Buffer::new(running_var),
            momentum: 0.1,
            epsilon: 1e-5,
            mode: Mode::default(),
            folded: RefCell::default(),
        }
    }

    /// Without weight and bias.
    #[must_use]
    pub fn without_affine(mut self) -> Self {
        (self.weight, self.bias) = (None, None);
        self
    }

    /// With another epsilon.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// With another momentum.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// By the statistics of the batch.
    #[track_caller]
    fn train_on(&self, x: &Handle, count: usize) -> Handle {
        let axes: Vec<usize> = (0..x.shape().rank()).filter(|&axis| axis != 1).collect();
        let mean = x.mean(&axes, true);
        let centred = x.sub(&mean);
        // The distances are opened once, for their squares and for the quotient.
        let squares = centred.norm_squared(&axes, true);
        let variance = squares.scale(1.0 / count as f64);
        let y = centred.over_sqrt(&plus(&variance, self.epsilon));
        self.follow(&mean, &variance, count);
        match &self.weight {
            Some(weight) => scaled_channels(&y, weight.handle(), self.bias.as_ref().map(|bias| bias.handle())),
            None => y,
        }
    }

    /// Moves the running statistics.
    #[track_caller]
    fn follow(&self, mean: &Handle, variance: &Handle, count: usize) {
        let moved = |buffer: &Buffer, by: &Handle, factor: f64| {
            let old = buffer.get();
            let by = by.reshape(&old.shape());
            buffer.set(Handle::combine(&[(1.0 - self.momentum, old.handle()), (factor, &by)]).into());
        };
        mean.runtime().no_grad(|| {
            moved(&self.running_mean, mean, self.momentum);
            moved(&self.running_var, variance, self.momentum * count as f64 / (count - 1) as f64);
        });
    }

    /// Scale and shift of a prediction, as few times as possible.
    #[track_caller]
    fn folded(&self) -> (Handle, Handle) {
        let (mean, variance) = (self.running_mean.get(), self.running_var.get());
        let tape = mean.handle().runtime().has_tape();
        let (weight, bias) =
            (self.weight.as_ref().map(|weight| weight.handle()), self.bias.as_ref().map(|bias| bias.handle()));
        let of: Vec<_> = [Some(mean.handle()), Some(variance.handle()), weight, bias]
            .into_iter()
            .map(|value| value.and_then(Handle::id))
            .collect();
        if let Some(folded) = &*self.folded.borrow()
            && folded.of == of
            && folded.tape >= tape
        {
            return (folded.scale.clone(), folded.shift.clone());
        }
        let variance = plus(variance.handle(), self.epsilon);
        let scale = weight.map_or_else(|| variance.rsqrt(), |weight| weight.over_sqrt(&variance));
        let shift = mean.handle().mul(&scale).neg();
        let shift = bias.map_or_else(|| shift.clone(), |bias| shift.add(bias));
        self.folded.replace(Some(Folded { of, tape, scale: scale.clone(), shift: shift.clone() }));
        (scale, shift)
    }
}

/// `x + c`
#[track_caller]
fn plus(x: &Handle, c: f64) -> Handle {
    x.add(&Handle::public(x.runtime(), Shape::scalar(), &[c]))
}

impl Layer for BatchNorm {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "batch_norm");
        let (shape, channels) = (x.shape(), self.running_mean.get().shape().len());
        if shape.dims().get(1) != Some(&channels) {
            return misused(x, "batch_norm", Usage::Shape { expected: format!("[n, {channels}, ..]") });
        }
        if !self.mode.is_training() {
            let (scale, shift) = self.folded();
            let y = scaled_channels(x.handle(), &scale, Some(&shift));
            let (Some(weight), Some(bias)) = (&self.weight, &self.bias) else { return y.into() };
            let (mean, variance) = (self.running_mean.get(), self.running_var.get());
            let inputs = [x.handle(), weight.handle(), bias.handle(), mean.handle(), variance.handle()];
            return y.noted(&inputs, || Meaning::BatchNorm(self.epsilon)).into();
        }
        match shape.len() / channels.max(1) {
            count @ 2.. => self.train_on(x.handle(), count).into(),
            count => {
                let problem =
                    format!("{count} values a channel have no variance to train with; to predict, call `eval`");
                misused(x, "batch_norm", Usage::Argument(problem))
            }
        }
    }
}

impl fmt::Debug for BatchNorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchNorm")
            .field("weight", &self.weight)
            .field("bias", &self.bias)
            .field("running_mean", &self.running_mean)
            .field("running_var", &self.running_var)
            .field("momentum", &self.momentum)
            .field("epsilon", &self.epsilon)
            .field("mode", &self.mode)
            .finish()
    }
}

parts!(BatchNorm: weight, bias, running_mean, running_var, mode);
