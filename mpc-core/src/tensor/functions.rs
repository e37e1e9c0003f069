//! Functions of numbers. Errors are for 16 fractional bits and hold over the whole domain that is named.

use super::Tensor;
use crate::visibility::Visibility;

/// Activations: every number is in their domain. 4 rounds on secrets, with the opening of x.
impl<V: Visibility> Tensor<V> {
    /// The hyperbolic tangent, within 5e-5.
    #[track_caller]
    pub fn tanh(&self) -> Self {
        self.handle.tanh().into()
    }

    /// The error function, within 4e-5.
    #[track_caller]
    pub fn erf(&self) -> Self {
        self.handle.erf().into()
    }

    /// x times the normal distribution function of x, within 4e-5.
    #[track_caller]
    pub fn gelu(&self) -> Self {
        self.handle.gelu().into()
    }

    /// The approximation of [`gelu`](Self::gelu) by a hyperbolic tangent that some models were trained with, within 4e-5.
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        self.handle.gelu_tanh().into()
    }

    /// x times its sigmoid, within 7e-5.
    #[track_caller]
    pub fn silu(&self) -> Self {
        self.handle.silu().into()
    }
}
