//! Scopes of calls: a model's steps are named after the model and its fields, such as `LeNet/conv2/relu`.

use crate::scope::ScopeGuard;

/// The scope of a model's `forward`, by the name of its type. A model that is called as a field of another goes by the name
/// of the field.
pub fn model(name: &str) -> ScopeGuard {
    crate::scope::enter_model(name)
}

/// The scope of a call of a field, by the name of the field.
pub fn field(name: &str) -> ScopeGuard {
    crate::scope::enter_field(name)
}

/// Calls `layer` with `args` in the scope of a field. The arguments are there before, and have scopes of their own.
#[track_caller]
pub fn within<A, R>(name: &str, args: A, layer: impl FnOnce(A) -> R) -> R {
    let _scope = field(name);
    layer(args)
}
