//! `#[secure_model] impl Net { ... }` and `#[secure_model] fn rule(...) { ... }`

use proc_macro2::TokenStream;
use syn::{ItemFn, ItemImpl};

use crate::ctxt::Ctxt;

/// Code that computes on tensors.
pub(crate) enum Code {
    /// The methods of a model, or of a trait for it.
    Impl(ItemImpl),
    /// A free function.
    Fn(ItemFn),
}

impl Code {
    /// Notes what is wrong with the attribute itself.
    pub(crate) fn check(args: &TokenStream, cx: &mut Ctxt) {
        if !args.is_empty() {
            cx.error(args, "`secure_model` takes no arguments");
        }
    }
}
