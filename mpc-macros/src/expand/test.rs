//! An ordinary test that hands the user's function to the simulator.

use proc_macro2::{Delimiter, Group, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Visibility;

use super::output_ends;
use crate::ast::Test;

pub(crate) fn expand(test: &Test) -> TokenStream {
    let attrs = &test.outer_attrs;
    let sig = &test.item.sig;
    let (vis, name) = (&test.item.vis, &sig.ident);
    let inner = syn::ItemFn { vis: Visibility::Inherited, ..test.item.clone() };
    let parties = Literal::usize_unsuffixed(test.parties);
    let clients = test.clients.map(|clients| {
        let clients = Literal::usize_unsuffixed(clients);
        quote!(.clients(#clients))
    });
    let seed = test.seed.map(|seed| {
        let seed = Literal::u64_unsuffixed(seed);
        quote!(.seed(#seed))
    });
    let protocol = test.protocol.as_ref().map(|variant| quote!(.protocol(::mpc::Protocol::#variant)));
    // Where the simulator finds fault with what the function returns, the message stands at the return type.
    let (start, end) = output_ends(sig);
    let runner = quote_spanned!(start=> ::mpc::sim::test_with);
    let mut given =
        Group::new(Delimiter::Parenthesis, quote!(::mpc::sim::Sim::new(#parties) #clients #seed #protocol, #name));
    given.set_span(end);
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            #inner

            #runner #given
        }
    }
}
