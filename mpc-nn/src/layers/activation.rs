//! Activations as layers. A model's own `forward` may as well call the method of the tensor.

use super::{Layer, scope};
use mpc_core::{Secret, Tensor};

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident $(($(#[$field_doc:meta])* $type:ty))? as $scope:literal: |$self:ident, $x:ident| $y:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name $(($(#[$field_doc])* pub $type))?;

        impl Layer for $name {
            #[track_caller]
            fn forward(&$self, $x: &Tensor<Secret>) -> Tensor<Secret> {
                let _scope = scope($x, $scope);
                $y
            }
        }

        parts!($name);
    )+};
}

activations! {
    /// `max(x, 0)`. Exact. 4 rounds; 3 after a linear layer or convolution that was recorded just before.
    Relu as "relu": |self, x| x.relu();
    /// x, but at least 0 and at most 6. Exact.
    Relu6 as "relu6": |self, x| x.relu6();
    /// x where it is not negative, else this slope times x. Error: one unit of the last place.
    LeakyRelu(/// The slope below zero; PyTorch's default is 0.01.
        f64) as "leaky_relu": |self, x| x.leaky_relu(self.0);
    /// x where it is not negative, else `alpha (e^x - 1)`, within `1e-4 alpha`. 8 rounds.
    Elu(/// Alpha; PyTorch's default is 1.
        f64) as "elu": |self, x| x.elu(self.0);
    /// The self-normalising variant of [`Elu`]: 1.0507 times it, with alpha 1.6733; within 2e-4 and 2^-17 of the value. 10
    /// rounds.
    Selu as "selu": |self, x| x.selu();
    /// x, but at least -1 and at most 1. Exact. 4 rounds.
    Hardtanh as "hardtanh": |self, x| x.hardtanh();
    /// x times the normal distribution function of x, within 4e-5. 4 rounds.
    Gelu as "gelu": |self, x| x.gelu();
    /// The approximation of [`Gelu`] by a hyperbolic tangent that some models were trained with, within 4e-5. 4 rounds.
    GeluTanh as "gelu_tanh": |self, x| x.gelu_tanh();
    /// x times its sigmoid, within 7e-5. 4 rounds.
    Silu as "silu": |self, x| x.silu();
    /// `1 / (1 + e^-x)`, within 5e-5. 4 rounds.
    Sigmoid as "sigmoid": |self, x| x.sigmoid();
    /// The hyperbolic tangent, within 5e-5. 4 rounds.
    Tanh as "tanh": |self, x| x.tanh();
    /// `ln(1 + e^x)`, within 5e-5. 4 rounds.
    Softplus as "softplus": |self, x| x.softplus();
    /// `e^x / sum e^x` along an axis of n elements, within 5e-5. `4 ceil(log2 n) + 14` rounds.
    Softmax(/// The axis.
        usize) as "softmax": |self, x| x.softmax(self.0);
    /// The logarithm of a softmax along an axis of n elements, within 1e-4. `4 ceil(log2 n) + 10` rounds.
    LogSoftmax(/// The axis.
        usize) as "log_softmax": |self, x| x.log_softmax(self.0);
}
