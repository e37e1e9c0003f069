//! What lets bits choose structs. Look for: each field once in `merge` and in `spoil`, a bound for each field, and for a struct
//! without generics a check that stands at the field.

use quote::quote;

use super::{Expansion, code};
use crate::expand;

#[test]
fn named_fields() {
    insta::assert_snapshot!(code(expand::select(quote! { struct Best { price: Tensor<Secret>, from: Origin } })));
}

#[test]
fn tuple_and_generic_fields() {
    insta::assert_snapshot!(code(expand::select(quote! {
        struct Pair<'a, T: Clone, const N: usize>(T, [T; N], PhantomData<&'a ()>) where T: Default;
    })));
}

#[test]
fn what_is_refused() {
    let errors = |item| Expansion::of(expand::select(item)).errors;
    assert_eq!(
        errors(quote!(
            struct Unit;
        )),
        ["`Select` chooses between values of `Unit`, and it has no fields"]
    );
    assert!(
        errors(quote!(
            enum Kind {
                A,
                B,
            }
        ))[0]
            .contains("the variant of `Kind` would reveal which branch was taken")
    );
    assert_eq!(errors(quote!(union Kind { a: f32 })), ["`Select` goes on a struct, not on a union"]);
}
