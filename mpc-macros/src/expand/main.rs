//! The launcher's call in place of the user's `main`, which moves inside.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Visibility;

use super::output_ends;
use crate::ast::Main;

pub(crate) fn expand(main: &Main) -> TokenStream {
    let attrs = &main.outer_attrs;
    let vis = &main.item.vis;
    let inner = syn::ItemFn { vis: Visibility::Inherited, ..main.item.clone() };
    let parties = main.parties.as_ref().map_or_else(|| quote!(Parties), |path| quote!(#path));
    let about = match &main.about {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    let (args, program) = match &main.args {
        Some(ty) => (quote!(#ty), quote!(main)),
        None => (quote!(::mpc::launch::NoArgs), quote!(|session, _| main(session))),
    };
    // The last parameter is the future. If it has the wrong result, the message stands at the return type.
    let (place, _) = output_ends(&main.item.sig);
    let future = quote_spanned!(place=> _);
    quote! {
        #(#attrs)*
        #vis fn main() -> ::std::process::ExitCode {
            #inner

            ::mpc::launch::main::<#parties, #args, _, #future>(#about, #program)
        }
    }
}
