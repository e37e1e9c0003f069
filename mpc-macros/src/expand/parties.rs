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
    let Party { attrs, name, .. } = party;
    let shown = party.shown();
    let doc = (!attrs.iter().any(attr::is_doc)).then(|| {
        let role = if party.client { "client" } else { "party" };
        let text = format!(" The {role} `{shown}`: number {index} of {count}, counted from 0.");
        quote!(#[doc = #text])
    });
    let index = Literal::usize_unsuffixed(index);
    let client = party.client.then(|| {
        quote!(
            const CLIENT: bool = true;
        )
    });
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
            #client
        }
    }
}

fn set(all: &Parties) -> TokenStream {
    let (names, clients) = (all.names(false), all.names(true));
    let linked = names.iter().chain(&clients).map(|name| format!("[`{name}`]"));
    let doc = format!(" All parties: {}.", linked.collect::<Vec<_>>().join(", "));
    let clients = (!clients.is_empty()).then(|| quote!(const CLIENTS: &'static [&'static str] = &[#(#clients),*];));
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(dead_code, unreachable_pub)]
        pub struct Parties;

        #[automatically_derived]
        impl ::mpc::PartySet for Parties {
            const COMPUTE: &'static [&'static str] = &[#(#names),*];
            #clients
        }
    }
}
