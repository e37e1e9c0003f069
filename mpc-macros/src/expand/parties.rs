//! One type for each party, and one for all of them.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::ast::{Parties, Party};
use crate::attr;

pub(crate) fn expand(all: &Parties) -> TokenStream {
    let count = all.parties.len();
    let types = all.parties.iter().enumerate().map(|(index, party)| one(party, index, count));
    let set = set(all);
    quote!(#(#types)* #set)
}

fn one(party: &Party, index: usize, count: usize) -> TokenStream {
    let Party { attrs, name } = party;
    let shown = party.shown();
    let doc = (!attrs.iter().any(attr::is_doc)).then(|| {
        let text = format!(" The party `{shown}`: number {index} of {count}, counted from 0.");
        quote!(#[doc = #text])
    });
    let index = Literal::usize_unsuffixed(index);
    quote! {
        #doc
        #(#attrs)*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(dead_code, unreachable_pub)]
        pub struct #name;

        #[automatically_derived]
        impl ::mpc::Party for #name {
            const INDEX: usize = #index;
            const NAME: &'static str = #shown;
        }
    }
}

fn set(all: &Parties) -> TokenStream {
    let names: Vec<String> = all.parties.iter().map(Party::shown).collect();
    let doc =
        format!(" All parties: {}.", names.iter().map(|name| format!("[`{name}`]")).collect::<Vec<_>>().join(", "));
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(dead_code, unreachable_pub)]
        pub struct Parties;

        #[automatically_derived]
        impl ::mpc::PartySet for Parties {
            const COMPUTE: &'static [&'static str] = &[#(#names),*];
        }
    }
}
