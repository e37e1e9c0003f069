//! Functions of numbers. Errors are for 16 fractional bits and hold over the whole domain that is named.

use super::Tensor;
use crate::visibility::{Join, Visibility};
use std::ops::Div;

/// Activations: every number is in their domain. 4 rounds on secrets, with the opening of x, unless they say more.
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

    /// x where it is not negative, else `alpha (e^x - 1)`; within `1e-4 alpha`. 8 rounds on secrets, 9 for an alpha that is not 1.
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Self {
        self.handle.elu(alpha).into()
    }

    /// The self-normalising variant of [`elu`](Self::elu): 1.0507 times it, with alpha 1.6733; within 2e-4 and 2^-17 of the
    /// value. 10 rounds on secrets.
    #[track_caller]
    pub fn selu(&self) -> Self {
        self.handle.selu().into()
    }
}

/// Functions over the whole range of numbers, with an error of at most 2^-12 of the value or 2^-13, whichever is larger.
impl<V: Visibility> Tensor<V> {
    /// `1 / x`. 0 counts as one unit of the last place, so the result is 2^16. 8 rounds on secrets.
    #[track_caller]
    pub fn reciprocal(&self) -> Self {
        self.handle.reciprocal().into()
    }

    /// `sqrt(x)`; 0 for what is not positive. 8 rounds on secrets.
    #[track_caller]
    pub fn sqrt(&self) -> Self {
        self.handle.sqrt().into()
    }

    /// `1 / sqrt(x)`. What is not positive counts as one unit of the last place, so the result is 2^8. 8 rounds on secrets.
    #[track_caller]
    pub fn rsqrt(&self) -> Self {
        self.handle.rsqrt().into()
    }

    /// `ln(x)`. What is not positive counts as one unit of the last place, so the result is -11.09. 6 rounds on secrets.
    #[track_caller]
    pub fn log(&self) -> Self {
        self.handle.log().into()
    }

    /// `ln(1 + x)`, as [`log`](Self::log).
    #[track_caller]
    pub fn log1p(&self) -> Self {
        self.handle.log1p().into()
    }

    /// `e^x`, within two units of the last place and 2^-17 of itself with two parties; the largest number, 2^30, where that would be
    /// larger (from 20.79), and 0 where it would be less than one unit. 4 rounds on secrets.
    #[track_caller]
    pub fn exp(&self) -> Self {
        self.handle.exp().into()
    }

    /// `sin(x)`, within `5e-5 + |x| 5e-14`. 2 rounds on secrets.
    #[track_caller]
    pub fn sin(&self) -> Self {
        self.handle.sin().into()
    }

    /// `cos(x)`, within `5e-5 + |x| 5e-14`. 2 rounds on secrets.
    #[track_caller]
    pub fn cos(&self) -> Self {
        self.handle.cos().into()
    }

    /// `self / sqrt(other)`, with broadcasting, more precise than by [`rsqrt`](Self::rsqrt) where `other` is large.
    /// 10 rounds on secrets.
    #[track_caller]
    pub fn over_sqrt<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.over_sqrt(&other.handle).into()
    }

    /// `x^p` for a public p and positive x: `e^(p ln x)`, so the relative error is `|p|` times that of the logarithm more.
    #[track_caller]
    pub fn pow(&self, p: f64) -> Self {
        self.handle.pow(p).into()
    }
}

/// Functions along an axis of n elements.
impl<V: Visibility> Tensor<V> {
    /// `e^x / sum e^x` along an axis, within 5e-5. `4 ceil(log2 n) + 14` rounds on secrets.
    #[track_caller]
    pub fn softmax(&self, axis: usize) -> Self {
        self.handle.softmax(axis).into()
    }

    /// The logarithm of a softmax along an axis, within 1e-4. `4 ceil(log2 n) + 10` rounds on secrets.
    #[track_caller]
    pub fn log_softmax(&self, axis: usize) -> Self {
        self.handle.log_softmax(axis).into()
    }

    /// `ln sum e^x` along an axis, which stays with size 1; within 1e-4. `4 ceil(log2 n) + 10` rounds on secrets.
    #[track_caller]
    pub fn logsumexp(&self, axis: usize) -> Self {
        self.handle.logsumexp(axis).into()
    }

    /// The mean cross-entropy of these logits for probabilities of one shape that add up to 1 along the last axis (one-hot
    /// labels, for example): a scalar.
    #[track_caller]
    pub fn cross_entropy<W: Visibility>(&self, targets: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.cross_entropy(&targets.handle).into()
    }

    /// `(x - mean) / sqrt(variance + epsilon)` along the last axis: layer normalisation without its weights. 14 rounds on
    /// secrets.
    #[track_caller]
    pub fn layer_norm(&self, epsilon: f64) -> Self {
        self.handle.layer_norm(epsilon).into()
    }

    /// The same over some axes.
    #[track_caller]
    pub fn normalised(&self, axes: &[usize], epsilon: f64) -> Self {
        self.handle.normalised(axes, epsilon).into()
    }

    /// The same over each of so many groups of channels (axis 1) and all axes after it: group normalisation without its
    /// weights. With as many groups as channels it is instance normalisation.
    #[track_caller]
    pub fn group_norm(&self, groups: usize, epsilon: f64) -> Self {
        self.handle.group_norm(groups, epsilon).into()
    }

    /// The same over all axes but the channels (axis 1): batch normalisation without its weights, by this batch's own mean
    /// and variance.
    #[track_caller]
    pub fn batch_norm(&self, epsilon: f64) -> Self {
        self.handle.batch_norm(epsilon).into()
    }
}

macro_rules! quotients {
    ($left:ty, $right:ty) => {
        /// `a / b`, with broadcasting, for `|a / b| < 2^18` (16 fractional bits). Error: 2^-12 of the value (2^-11 for
        /// divisors above 2^14), or 2^-13, whichever is larger. `a / 0` is `2^16 a`. 10 rounds on secrets.
        impl<V: Join<W>, W: Visibility> Div<$right> for $left {
            type Output = Tensor<V::Out>;

            #[track_caller]
            fn div(self, other: $right) -> Self::Output {
                self.handle.div(&other.handle).into()
            }
        }
    };
}
quotients!(&Tensor<V>, &Tensor<W>);
quotients!(&Tensor<V>, Tensor<W>);
quotients!(Tensor<V>, &Tensor<W>);
quotients!(Tensor<V>, Tensor<W>);

macro_rules! quotients_with_numbers {
    ($tensor:ty) => {
        impl<V: Visibility> Div<f64> for $tensor {
            type Output = Tensor<V>;

            #[track_caller]
            fn div(self, c: f64) -> Tensor<V> {
                self.handle.scale(1.0 / c).into()
            }
        }

        impl<V: Visibility> Div<$tensor> for f64 {
            type Output = Tensor<V>;

            #[track_caller]
            fn div(self, x: $tensor) -> Tensor<V> {
                match self == 1.0 {
                    true => x.handle.reciprocal().into(),
                    false => x.handle.number_like(self).div(&x.handle).into(),
                }
            }
        }
    };
}
quotients_with_numbers!(Tensor<V>);
quotients_with_numbers!(&Tensor<V>);
