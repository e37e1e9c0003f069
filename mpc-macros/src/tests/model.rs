use proc_macro2::TokenStream;
use quote::quote;

use super::{Expansion, code};
use crate::expand;

fn model(item: TokenStream) -> TokenStream {
    expand::model(TokenStream::new(), item)
}

const STUB: &str = "fn visit(&self, _: &mut ::mpc::nn::Visitor<'_>) {}";

#[test]
fn named_fields() {
    insta::assert_snapshot!(code(model(quote! {
        /// A classifier.
        #[derive(Clone)]
        pub struct Net {
            /// First.
            pub hidden: mpc::nn::Linear,
            r#type: Param,
        }
    })));
}

#[test]
fn tuple_fields() {
    insta::assert_snapshot!(code(model(quote! { struct Pair(Linear, #[skip] usize, pub Vec<Linear>); })));
}

#[test]
fn skipped_fields() {
    insta::assert_snapshot!(code(model(quote! {
        struct Net {
            linear: Linear,
            /// Stays.
            #[skip]
            #[allow(dead_code)]
            pub classes: usize,
        }
    })));
}

#[test]
fn everything_skipped() {
    insta::assert_snapshot!(code(model(quote! { struct Settings { #[skip] depth: usize } })));
}

#[test]
fn generic_parameters() {
    insta::assert_snapshot!(code(model(quote! {
        struct Residual<'a, M: Clone, const N: usize>
        where
            M: 'a,
        {
            inner: M,
            again: M,
            list: [Linear; N],
            borrowed: &'a Linear,
            nested: Vec<Option<M::Inner>>,
            plain: Linear,
            next: Option<Box<Residual<'a, M, N>>>,
            own: Option<Box<Self>>,
        }
    })));
}

#[test]
fn conditional_fields() {
    insta::assert_snapshot!(code(model(quote! {
        struct Net {
            #[cfg(feature = "deep")]
            deep: Linear,
        }
    })));
}

#[test]
fn only_structs() {
    let items = [
        (quote! { enum Net { A { #[skip] n: usize } } }, "enum Net", "not on an enum"),
        (quote! { union Net { a: f32, b: f64 } }, "union Net", "not on a union"),
        (quote! { trait Net {} }, "trait Net", "not on a trait"),
        (quote! { mod net {} }, "mod net", "not on a module"),
        (quote! { type Net = Linear; }, "type Net", "not on this item"),
    ];
    for (item, kept, says) in items {
        let errors = Expansion::of(model(item)).errors_keeping(&[kept]);
        let expected =
            format!("`secure_model` goes on a struct, {says}: `#[secure_model] struct Net {{ linear: Linear }}`");
        assert_eq!(errors, [expected]);
    }
}

#[test]
fn a_struct_without_fields() {
    for item in [
        quote!(
            struct Relu;
        ),
        quote!(
            struct Relu {}
        ),
        quote!(
            struct Relu();
        ),
    ] {
        assert_eq!(
            Expansion::of(model(item)).errors_keeping(&["struct Relu", STUB, "Debug for Relu"]),
            [
                "`secure_model` goes on a struct with fields, and `Relu` has none; a layer without parameters implements `mpc::nn::Module` itself"
            ]
        );
    }
}

#[test]
fn all_mistakes_in_one_go() {
    let found = Expansion::of(expand::model(
        quote!(name = "net"),
        quote! {
            #[derive(Clone, std::fmt::Debug)]
            struct Net(#[skip(always)] usize, #[skip] #[skip] usize, #[skip = 1] usize, #[cfg(unix)] Linear);
        },
    ));
    assert!(!found.code.contains("skip"), "{}", found.code);
    assert!(!found.code.contains("fmt::Debug for"), "the user's derive remains: {}", found.code);
    insta::assert_snapshot!(found.errors_keeping(&["struct Net(", STUB]).join("\n"));
}

#[test]
fn the_fallback_of_a_struct() {
    let item = quote! { struct Net<M: Clone> where M: Send { inner: M, #[skip] #[skip] n: usize } };
    insta::assert_snapshot!(Expansion::of(model(item)).code);
}

#[test]
fn the_fallback_of_an_enum() {
    let item = quote! { enum Net { Small { #[skip] n: usize }, Large(Linear) } };
    insta::assert_snapshot!(Expansion::of(model(item)).code);
}
