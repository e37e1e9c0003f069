//! Calling a layer by the name of its field, `self.conv(x)`: what the code of a `#[secure_model]` relies on.

use crate::layers::*;
use mpc_core::{Join, Secret, Tensor, Visibility};

/// A layer that is called with a tuple of arguments, as `self.field(x, y)` in the code of a `#[secure_model]`.
///
/// A `forward` on `&self` in a `#[secure_model] impl` implements it, for the types of its arguments; closures and functions
/// have it too. A generic model asks for it: `M: for<'a> Apply<(&'a Tensor<Secret>,), Tensor<Secret>>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer that can be called with these arguments",
    label = "not a layer, or other arguments",
    note = "a field is called as `self.field(x)` if it is a layer of `mpc::nn`, or has its `forward` in a `#[secure_model] impl`; the arguments are those of that `forward`",
    note = "any other method of it is called by its own name: `self.field.method(x)`"
)]
pub trait Apply<Args, Out> {
    /// The layer applied to the arguments.
    #[track_caller]
    fn apply(&self, args: Args) -> Out;
}

/// A layer that changes when it is called, such as one that counts: as [`Apply`], in methods on `&mut self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer that can be called with these arguments",
    label = "not a layer, or other arguments",
    note = "a field is called as `self.field(x)` if it is a layer of `mpc::nn`, or has its `forward` in a `#[secure_model] impl`; the arguments are those of that `forward`",
    note = "any other method of it is called by its own name: `self.field.method(x)`"
)]
pub trait ApplyMut<Args, Out> {
    /// The layer applied to the arguments.
    #[track_caller]
    fn apply_mut(&mut self, args: Args) -> Out;
}

impl<L: Apply<Args, Out> + ?Sized, Args, Out> ApplyMut<Args, Out> for L {
    #[track_caller]
    fn apply_mut(&mut self, args: Args) -> Out {
        self.apply(args)
    }
}

#[diagnostic::do_not_recommend]
impl<A, Out, F: Fn(A) -> Out> Apply<(A,), Out> for F {
    #[track_caller]
    fn apply(&self, (a,): (A,)) -> Out {
        self(a)
    }
}

#[diagnostic::do_not_recommend]
impl<A, B, Out, F: Fn(A, B) -> Out> Apply<(A, B), Out> for F {
    #[track_caller]
    fn apply(&self, (a, b): (A, B)) -> Out {
        self(a, b)
    }
}

#[diagnostic::do_not_recommend]
impl<A, B, C, Out, F: Fn(A, B, C) -> Out> Apply<(A, B, C), Out> for F {
    #[track_caller]
    fn apply(&self, (a, b, c): (A, B, C)) -> Out {
        self(a, b, c)
    }
}

/// That a model has a field of this [`name`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no field of this name that could be called",
    note = "`self.field(x)` calls the layer in a field of a `#[secure_model] struct`"
)]
pub trait HasFieldOfThatName<const NAME: u128> {}

/// The field itself. `#[secure_model]` on the struct implements it for every field.
pub trait Part<const NAME: u128, Layer: ?Sized>: HasFieldOfThatName<NAME> {
    /// The field.
    fn part(&self) -> &Layer;
    /// The field, to be changed.
    fn part_mut(&mut self) -> &mut Layer;
}

/// The name of a field as a number, so that a trait can carry it: FNV-1a in 128 bits.
#[must_use]
pub const fn name(field: &str) -> u128 {
    let bytes = field.as_bytes();
    let raw = bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#';
    let mut at = if raw { 2 } else { 0 };
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        at += 1;
    }
    hash
}

/// Traits, local to a function, that make `self.field(x)` a call of the layer in that field. They stand behind every method
/// that the type has itself, so a method of the same name is called as ever.
#[doc(hidden)]
#[macro_export]
macro_rules! calls {
    ($(& $trait:ident: $field:ident($($arg:ident),+);)*) => {$(
        #[allow(dead_code)]
        trait $trait: $crate::HasFieldOfThatName<{ $crate::name(stringify!($field)) }> {
            #[allow(non_snake_case, clippy::too_many_arguments)]
            #[track_caller]
            fn $field<$($arg,)+ Layer, Out>(&self, $($arg: $arg),+) -> Out
            where
                Self: $crate::Part<{ $crate::name(stringify!($field)) }, Layer>,
                Layer: $crate::Apply<($($arg,)+), Out> + ?Sized,
            {
                let _scope = $crate::scope(stringify!($field));
                self.part().apply(($($arg,)+))
            }
        }
        impl<Model: $crate::HasFieldOfThatName<{ $crate::name(stringify!($field)) }> + ?Sized> $trait for Model {}
    )*};
    ($(&mut $trait:ident: $field:ident($($arg:ident),+);)*) => {$(
        #[allow(dead_code)]
        trait $trait: $crate::HasFieldOfThatName<{ $crate::name(stringify!($field)) }> {
            #[allow(non_snake_case, clippy::too_many_arguments)]
            #[track_caller]
            fn $field<$($arg,)+ Layer, Out>(&mut self, $($arg: $arg),+) -> Out
            where
                Self: $crate::Part<{ $crate::name(stringify!($field)) }, Layer>,
                Layer: $crate::ApplyMut<($($arg,)+), Out> + ?Sized,
            {
                let _scope = $crate::scope(stringify!($field));
                self.part_mut().apply_mut(($($arg,)+))
            }
        }
        impl<Model: $crate::HasFieldOfThatName<{ $crate::name(stringify!($field)) }> + ?Sized> $trait for Model {}
    )*};
}

/// The scope of a field.
#[doc(hidden)]
pub fn scope(field: &str) -> mpc_core::scope::ScopeGuard {
    mpc_core::lang::field(field.strip_prefix("r#").unwrap_or(field))
}

/// Makes layers callable as `self.field(x)`, with or without `&`: those whose `forward` takes one tensor of any visibility and
/// gives a secret one, and those that are a [`Layer`] of secrets.
macro_rules! unary {
    (any: $($layer:ty),+ $(,)?) => {$(
        impl<V: Visibility + Join<Secret, Out = Secret>> Apply<(&Tensor<V>,), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x,): (&Tensor<V>,)) -> Tensor<Secret> {
                self.forward(x)
            }
        }

        impl<V: Visibility + Join<Secret, Out = Secret>> Apply<(Tensor<V>,), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x,): (Tensor<V>,)) -> Tensor<Secret> {
                self.forward(&x)
            }
        }
    )+};
    (secret: $($({$($generics:tt)+})? $layer:ty),+ $(,)?) => {$(
        impl $(<$($generics)+>)? Apply<(&Tensor<Secret>,), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x,): (&Tensor<Secret>,)) -> Tensor<Secret> {
                Layer::forward(self, x)
            }
        }

        impl $(<$($generics)+>)? Apply<(Tensor<Secret>,), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x,): (Tensor<Secret>,)) -> Tensor<Secret> {
                Layer::forward(self, &x)
            }
        }
    )+};
}
unary!(any: Linear, Conv1d, Conv2d, ConvTranspose2d, Embedding, EmbeddingBag, MultiheadAttention);
unary!(secret: BatchNorm, LayerNorm, GroupNorm, RmsNorm, Dropout, Flatten, Identity, Map, Sequential, dyn Layer);
unary!(secret: MaxPool1d, MaxPool2d, AvgPool1d, AvgPool2d, GlobalAvgPool, GlobalMaxPool);
unary!(secret: AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d);
unary!(secret: Relu, Relu6, LeakyRelu, Elu, Selu, Hardtanh, Gelu, GeluTanh, Silu, Sigmoid, Tanh, Softplus);
unary!(secret: Softmax, LogSoftmax);
unary!(secret: TransformerEncoderLayer, TransformerEncoder, {U: Unit} Recurrent<U>, {B: Layer, S: Layer} Residual<B, S>);

/// Makes layers callable with a mask: `self.field(x, mask)`.
macro_rules! masked {
    ($($layer:ty),+) => {$(
        impl<W: Visibility> Apply<(&Tensor<Secret>, &Tensor<W>), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x, mask): (&Tensor<Secret>, &Tensor<W>)) -> Tensor<Secret> {
                self.masked(x, mask)
            }
        }

        impl<W: Visibility> Apply<(Tensor<Secret>, &Tensor<W>), Tensor<Secret>> for $layer {
            #[track_caller]
            fn apply(&self, (x, mask): (Tensor<Secret>, &Tensor<W>)) -> Tensor<Secret> {
                self.masked(&x, mask)
            }
        }
    )+};
}
masked!(MultiheadAttention, TransformerEncoderLayer, TransformerEncoder);

/// `self.lstm(x, first)`: the outputs of all steps and the last states, from first states. See [`Recurrent::run`].
impl<U: Unit> Apply<(&Tensor<Secret>, &[U::State]), (Tensor<Secret>, Vec<U::State>)> for Recurrent<U> {
    #[track_caller]
    fn apply(&self, (x, first): (&Tensor<Secret>, &[U::State])) -> (Tensor<Secret>, Vec<U::State>) {
        self.run(x, Some(first))
    }
}

/// `self.table(indices, shape)`: by indices that everybody knows. See [`Embedding::of_public`].
impl<const N: usize> Apply<(&[usize], [usize; N]), Tensor<Secret>> for Embedding {
    #[track_caller]
    fn apply(&self, (indices, shape): (&[usize], [usize; N])) -> Tensor<Secret> {
        self.of_public(indices, shape)
    }
}

/// `self.table(indices, size)`: by bags of one size of indices that everybody knows. See [`EmbeddingBag::of_public`].
impl Apply<(&[usize], usize), Tensor<Secret>> for EmbeddingBag {
    #[track_caller]
    fn apply(&self, (indices, size): (&[usize], usize)) -> Tensor<Secret> {
        self.of_public(indices, size)
    }
}
