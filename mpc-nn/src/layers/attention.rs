//! Attention.

use super::{Dropout, Layer, Linear, linear::affine, misused, part, scope};
use crate::{Param, init};
use mpc_core::{Join, Public, Secret, Session, Tensor, Usage, Visibility, op::Handle};

/// What a masked score gets less: its weight is then 0.
const MASKED: f64 = -4096.0;

/// A mask by which a step attends to itself and to those before it: `[steps, steps]`.
#[track_caller]
pub fn causal_mask(s: &Session, steps: usize) -> Tensor<Public> {
    let place = |at: usize| if at % steps > at / steps { MASKED } else { 0.0 };
    s.public([steps, steps], &(0..steps * steps).map(place).collect::<Vec<_>>())
}

/// `softmax(q k^T / sqrt(width of a head)) v` for several heads, between a projection of the inputs and one of the result
/// (Vaswani et al., 2017). For `[n, steps, width]`: the same shape.
///
/// q, k and v are one product, all heads of all samples another, and the logarithmic rounds of a softmax over s steps come
/// once: `4 ceil(log2 s) + 27` rounds. Error: 5e-5 of the attention weights, and a few units of the last place.
#[derive(Clone, Debug)]
pub struct MultiheadAttention {
    /// `[3 width, width]`: of q, k and v, below each other.
    pub in_proj_weight: Param,
    /// `[3 width]`.
    pub in_proj_bias: Option<Param>,
    /// `width` to `width`.
    pub out_proj: Linear,
    /// Of the attention weights.
    pub dropout: Dropout,
    /// How many heads: they divide the width.
    pub heads: usize,
}

impl MultiheadAttention {
    /// Random weights that nobody knows, in PyTorch's distribution: Xavier's for the projection of the inputs, uniform for
    /// that of the result, biases of zero. No dropout.
    #[track_caller]
    pub fn init(s: &Session, width: usize, heads: usize) -> Self {
        let out_proj = Linear::new(init::by_fan(s, [width, width], width), Some(init::zeros(s, width)));
        Self {
            in_proj_weight: Param::new(init::xavier_uniform(s, [3 * width, width], 1.0)),
            in_proj_bias: Some(Param::new(init::zeros(s, 3 * width))),
            out_proj,
            dropout: Dropout::new(0.0),
            heads,
        }
    }

    /// With dropout of the attention weights while training.
    #[must_use]
    pub fn dropout(mut self, probability: f64) -> Self {
        self.dropout = Dropout::new(probability);
        self
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.in_proj_bias = None;
        self.out_proj = self.out_proj.without_bias();
        self
    }

    /// Every step of `[n, steps, width]` attends to all steps of its sample.
    #[track_caller]
    pub fn forward<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        self.attend(x, None)
    }

    /// [`Self::forward`] with a mask that is added to the scores `[n, heads, steps, steps]`, with broadcasting: 0 where a
    /// step (row) may attend to another (column), and a number like -4096 where not. For causal attention that is
    /// [`causal_mask`]; a secret mask hides which steps count, the lengths of sentences for example.
    #[track_caller]
    pub fn masked<V, W>(&self, x: &Tensor<V>, mask: &Tensor<W>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
        W: Visibility,
    {
        self.attend(x, Some(mask.handle()))
    }

    #[track_caller]
    fn attend<V>(&self, x: &Tensor<V>, mask: Option<&Handle>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(x, "attention");
        let (n, steps) = match self.sizes(x, "[n, steps, width]") {
            Ok(sizes) => sizes,
            Err(mistake) => return mistake,
        };
        let all = affine(x, &self.in_proj_weight, self.in_proj_bias.as_deref());
        let parts = self.heads_of(&all, n, steps, 3);
        let [q, k, v] = [0, 1, 2].map(|part| parts.index(0, part));
        self.mix(&q, &k, &v, mask)
    }

    /// Every step of `[n, steps, width]` attends to all steps of another sequence `[n, others, width]`: k and v are of
    /// that one. The mask is as for [`Self::masked`], for `[n, heads, steps, others]`.
    #[track_caller]
    pub fn cross<V>(&self, x: &Tensor<Secret>, memory: &Tensor<Secret>, mask: Option<&Tensor<V>>) -> Tensor<Secret>
    where
        V: Visibility,
    {
        let _scope = scope(x, "attention");
        let (n, steps) = match self.sizes(x, "[n, steps, width]") {
            Ok(sizes) => sizes,
            Err(mistake) => return mistake,
        };
        let others = match self.sizes(memory, "[n, others, width]") {
            Ok((same, others)) if same == n => others,
            Ok(_) => {
                let expected = format!("{n} samples, as many as the other sequence has");
                return misused(memory, "attention", Usage::Shape { expected });
            }
            Err(mistake) => return mistake,
        };
        let width = self.width();
        let bias = self.in_proj_bias.as_ref();
        let own = bias.map(|bias| bias.slice(0, 0..width));
        let q = affine(x, &self.in_proj_weight.slice(0, 0..width), own.as_ref());
        let theirs = bias.map(|bias| bias.slice(0, width..3 * width));
        let both = affine(memory, &self.in_proj_weight.slice(0, width..3 * width), theirs.as_ref());
        let q = self.heads_of(&q, n, steps, 1).index(0, 0);
        let parts = self.heads_of(&both, n, others, 2);
        self.mix(&q, &parts.index(0, 0), &parts.index(0, 1), mask.map(|mask| mask.handle()))
    }

    /// `[n, steps, parts * width]` as `[parts, n, heads, steps, width of a head]`.
    #[track_caller]
    fn heads_of(&self, all: &Tensor<Secret>, n: usize, steps: usize, parts: usize) -> Tensor<Secret> {
        let each = self.width() / self.heads.max(1);
        all.reshape([n, steps, parts, self.heads, each]).permute(&[2, 0, 3, 1, 4])
    }

    /// The attention of `[n, heads, steps, width of a head]`, projected.
    #[track_caller]
    fn mix(&self, q: &Tensor<Secret>, k: &Tensor<Secret>, v: &Tensor<Secret>, mask: Option<&Handle>) -> Tensor<Secret> {
        let dims = q.shape();
        let &[n, heads, steps, each] = dims.dims() else { return q.clone() };
        let scores = (q / (each as f64).sqrt()).matmul(&k.transpose(2, 3));
        let scores = mask.map_or_else(|| scores.clone(), |mask| scores.handle().add(mask).into());
        let weights = scores.softmax(3);
        let weights = {
            let _scope = part("dropout");
            self.dropout.forward(&weights)
        };
        let mixed = weights.matmul(v).permute(&[0, 2, 1, 3]).reshape([n, steps, heads * each]);
        let _scope = part("out_proj");
        self.out_proj.forward(&mixed)
    }

    fn width(&self) -> usize {
        self.in_proj_weight.shape().dims().last().copied().unwrap_or(0)
    }

    /// Samples and steps.
    #[track_caller]
    fn sizes<V: Visibility>(&self, x: &Tensor<V>, expected: &str) -> Result<(usize, usize), Tensor<Secret>> {
        let (shape, width) = (x.shape(), self.width());
        let expected = match shape.dims() {
            _ if self.heads == 0 || !width.is_multiple_of(self.heads) => {
                format!("a number of heads that divides {width}, not {}", self.heads)
            }
            &[n, steps, same] if same == width => return Ok((n, steps)),
            _ => format!("{expected} for a width of {width}"),
        };
        Err(misused(x, "attention", Usage::Shape { expected }))
    }
}

impl Layer for MultiheadAttention {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.forward(x)
    }
}

parts!(MultiheadAttention: in_proj_weight, in_proj_bias, out_proj, dropout);
