//! What lets an `if` on bits yield or change a struct.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Index, ItemStruct, Member, WherePredicate, parse_quote};

use super::ends;

pub(crate) fn expand(item: &ItemStruct) -> TokenStream {
    let name = &item.ident;
    let who = format_ident!("__V");
    let (_, ty_generics, _) = item.generics.split_for_impl();
    let mut generics = item.generics.clone();
    generics.params.push(parse_quote!(#who: ::mpc::Visibility));
    let (select_generics, _, _) = generics.split_for_impl();
    let mut asked: Vec<WherePredicate> =
        item.generics.where_clause.iter().flat_map(|clause| clause.predicates.clone()).collect();
    asked.extend(item.fields.iter().map(|field| {
        let ty = &field.ty;
        parse_quote!(#ty: ::mpc::lang::Merge<#who>)
    }));
    let members: Vec<Member> = item
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| field.ident.clone().map_or_else(|| Index::from(at).into(), Member::Named))
        .collect();
    let checks = item.fields.iter().map(|field| {
        let (start, end) = ends(&field.ty);
        let ty = &field.ty;
        let selectable = Ident::new("selectable", start);
        let callee = quote_spanned!(start=> ::mpc::lang::#selectable::);
        let arguments = quote_spanned!(end=> ());
        quote!(#callee <#ty> #arguments;)
    });
    let (plain_generics, _, plain_clause) = item.generics.split_for_impl();
    let check = Ident::new("selectable_fields", Span::call_site());
    let where_clause = quote!(where #(#asked),*);
    // A generic field is asked for where it is used.
    let check = item.generics.params.is_empty().then(|| {
        quote! {
            const _: () = {
                #[allow(dead_code)]
                fn #check #plain_generics () #plain_clause { #(#checks)* }
            };
        }
    });
    quote! {
        #[automatically_derived]
        impl #select_generics ::mpc::lang::Merge<#who> for #name #ty_generics #where_clause {
            #[track_caller]
            fn merge(bits: &::mpc::Tensor<#who, ::mpc::core::Bit>, a: Self, b: Self) -> Self {
                Self { #(#members: ::mpc::lang::Merge::merge(bits, a.#members, b.#members)),* }
            }

            #[track_caller]
            fn spoil(bits: &::mpc::Tensor<#who, ::mpc::core::Bit>, lone: Self) -> Self {
                Self { #(#members: ::mpc::lang::Merge::spoil(bits, lone.#members)),* }
            }
        }

        #[automatically_derived]
        impl #select_generics ::mpc::lang::Select<#who, Self> for #name #ty_generics #where_clause {
            type Out = Self;

            #[track_caller]
            fn select(bits: &::mpc::Tensor<#who, ::mpc::core::Bit>, a: Self, b: Self) -> Self {
                ::mpc::lang::Merge::merge(bits, a, b)
            }
        }

        #check
    }
}
