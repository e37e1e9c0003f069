//! The encoder of a transformer.

use super::{Dropout, Layer, LayerNorm, Linear, MultiheadAttention, part, scope};
use mpc_core::{Secret, Session, Tensor, Visibility};

/// Attention and two linear layers, each with a way around it and a layer normalisation (Vaswani et al., 2017), for
/// `[n, steps, width]`. The activation between the linear layers is GELU; [`Self::relu`] makes it PyTorch's default.
///
/// For s steps `4 ceil(log2 s) + 67` rounds, without dropout, wherever the normalisations are.
#[derive(Clone, Debug)]
pub struct TransformerEncoderLayer {
    /// Attention of the steps of a sample to each other.
    pub self_attn: MultiheadAttention,
    /// `width` to `feedforward`.
    pub linear1: Linear,
    /// `feedforward` to `width`.
    pub linear2: Linear,
    /// Of the attention.
    pub norm1: LayerNorm,
    /// Of the linear layers.
    pub norm2: LayerNorm,
    /// Of what comes back to the way around.
    pub dropout: Dropout,
    norm_first: bool,
    relu: bool,
}

impl TransformerEncoderLayer {
    /// Random weights that nobody knows. Normalises after each part, as Vaswani et al. did; no dropout.
    #[track_caller]
    pub fn init(s: &Session, width: usize, heads: usize, feedforward: usize) -> Self {
        Self {
            self_attn: MultiheadAttention::init(s, width, heads),
            linear1: Linear::init(s, width, feedforward),
            linear2: Linear::init(s, feedforward, width),
            norm1: LayerNorm::init(s, width),
            norm2: LayerNorm::init(s, width),
            dropout: Dropout::new(0.0),
            norm_first: false,
            relu: false,
        }
    }

    /// Normalises before each part instead of after it, which trains more steadily.
    #[must_use]
    pub fn norm_first(mut self) -> Self {
        self.norm_first = true;
        self
    }

    /// With a ReLU instead of GELU.
    #[must_use]
    pub fn relu(mut self) -> Self {
        self.relu = true;
        self
    }

    /// With dropout of attention weights, of the hidden layer and of what each part adds.
    #[must_use]
    pub fn dropout(mut self, probability: f64) -> Self {
        self.self_attn = self.self_attn.dropout(probability);
        self.dropout = Dropout::new(probability);
        self
    }

    /// [`Layer::forward`] with a mask, as for [`MultiheadAttention::masked`].
    #[track_caller]
    pub fn masked<V: Visibility>(&self, x: &Tensor<Secret>, mask: &Tensor<V>) -> Tensor<Secret> {
        self.with(x, Some(mask))
    }

    #[track_caller]
    fn with<V: Visibility>(&self, x: &Tensor<Secret>, mask: Option<&Tensor<V>>) -> Tensor<Secret> {
        let _scope = scope(x, "encoder_layer");
        if self.norm_first {
            let x = x + self.attention(&named("norm1", &self.norm1, x), mask);
            &x + self.feedforward(&named("norm2", &self.norm2, &x))
        } else {
            let x = named("norm1", &self.norm1, &(x + self.attention(x, mask)));
            named("norm2", &self.norm2, &(&x + self.feedforward(&x)))
        }
    }

    #[track_caller]
    fn attention<V: Visibility>(&self, x: &Tensor<Secret>, mask: Option<&Tensor<V>>) -> Tensor<Secret> {
        let y = {
            let _scope = part("self_attn");
            match mask {
                Some(mask) => self.self_attn.masked(x, mask),
                None => self.self_attn.forward(x),
            }
        };
        named("dropout", &self.dropout, &y)
    }

    #[track_caller]
    fn feedforward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let hidden = named("linear1", &self.linear1, x);
        let hidden = if self.relu { hidden.relu() } else { hidden.gelu() };
        let hidden = named("dropout", &self.dropout, &hidden);
        named("dropout", &self.dropout, &named("linear2", &self.linear2, &hidden))
    }
}

/// A part, under its name.
#[track_caller]
fn named(name: &str, layer: &impl Layer, x: &Tensor<Secret>) -> Tensor<Secret> {
    let _scope = part(name);
    layer.forward(x)
}

impl Layer for TransformerEncoderLayer {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.with::<Secret>(x, None)
    }
}

parts!(TransformerEncoderLayer: self_attn, linear1, linear2, norm1, norm2, dropout);

/// Encoder layers one after the other, and perhaps a normalisation at the end (for layers that normalise first).
#[derive(Clone, Debug)]
pub struct TransformerEncoder {
    /// The layers, in order.
    pub layers: Vec<TransformerEncoderLayer>,
    /// The last normalisation.
    pub norm: Option<LayerNorm>,
}

impl TransformerEncoder {
    /// These layers.
    pub fn new(layers: impl IntoIterator<Item = TransformerEncoderLayer>) -> Self {
        Self { layers: layers.into_iter().collect(), norm: None }
    }

    /// With a normalisation at the end.
    #[must_use]
    pub fn norm(mut self, norm: LayerNorm) -> Self {
        self.norm = Some(norm);
        self
    }

    /// [`Layer::forward`] with a mask for all layers, as for [`MultiheadAttention::masked`].
    #[track_caller]
    pub fn masked<V: Visibility>(&self, x: &Tensor<Secret>, mask: &Tensor<V>) -> Tensor<Secret> {
        self.with(x, Some(mask))
    }

    #[track_caller]
    fn with<V: Visibility>(&self, x: &Tensor<Secret>, mask: Option<&Tensor<V>>) -> Tensor<Secret> {
        let _scope = scope(x, "encoder");
        let mut y = x.clone();
        for (at, layer) in self.layers.iter().enumerate() {
            let _scope = part(&format!("layers/{at}"));
            y = layer.with(&y, mask);
        }
        match &self.norm {
            Some(norm) => named("norm", norm, &y),
            None => y,
        }
    }
}

impl Layer for TransformerEncoder {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.with::<Secret>(x, None)
    }
}

parts!(TransformerEncoder: layers, norm);
