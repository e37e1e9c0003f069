//! What stands in for an expansion when there are mistakes: the user's item, and impls that exist and do nothing, so that
//! the rest of the program still finds them and gives no errors of its own. (`parties!` needs none of this: it expands the
//! parties that are left.)

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr, Field, FnArg, Generics, Item, ItemFn, Stmt, Token, Visibility, parse_quote};

use crate::ast::{Main, Model, Test, returns_unit};
use crate::attr;
use crate::ctxt::Ctxt;

/// The struct, as a module without parts.
pub(crate) fn model(model: &Model) -> TokenStream {
    let item = &model.item;
    let stubs = module_stubs(&item.ident, &item.generics, &item.attrs);
    quote!(#item #stubs)
}

/// An item that is no struct: unchanged, but enums and unions still pass as modules.
pub(crate) fn not_a_model(item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<Item>(item.clone()) else { return item };
    StripSkip.visit_item_mut(&mut parsed);
    let stubs = match &parsed {
        Item::Enum(item) => module_stubs(&item.ident, &item.generics, &item.attrs),
        Item::Union(item) => module_stubs(&item.ident, &item.generics, &item.attrs),
        _ => TokenStream::new(),
    };
    quote!(#parsed #stubs)
}

/// Impls of what `#[secure_model]` derives that compile whatever the fields are.
fn module_stubs(name: &Ident, generics: &Generics, attrs: &[Attribute]) -> TokenStream {
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let shown = name.unraw().to_string();
    let debug = attr::derived_debug(attrs).is_none().then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics ::core::fmt::Debug for #name #ty_generics #clause {
                fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    formatter.write_str(#shown)
                }
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics ::mpc::nn::Module for #name #ty_generics #clause {
            fn visit(&self, _: &mut ::mpc::nn::Visitor<'_>) {}

            fn visit_mut(&mut self, _: &mut ::mpc::nn::VisitorMut<'_>) {}
        }

        #debug
    }
}

/// Removes our own attribute, which would otherwise be one that the compiler does not know.
struct StripSkip;

impl VisitMut for StripSkip {
    fn visit_field_mut(&mut self, field: &mut Field) {
        attr::take_skip(&mut field.attrs, &mut Ctxt::default());
    }
}

/// A `main` that starts nothing, with the user's function inside.
pub(crate) fn main(main: &Main) -> TokenStream {
    let mut inner = main.item.clone();
    if returns_unit(&inner.sig) {
        inner.sig.output = parse_quote!(-> ::mpc::Result<()>);
        if !ends_in_ok(&inner) {
            if let Some(Stmt::Expr(_, semicolon @ None)) = inner.block.stmts.last_mut() {
                *semicolon = Some(<Token![;]>::default());
            }
            inner.block.stmts.push(parse_quote!(return ::core::result::Result::Ok(());));
        }
    }
    let name = Ident::new("main", Span::call_site());
    around(&name, &main.outer_attrs, inner)
}

/// A function that is no test, with the user's inside.
pub(crate) fn test(test: &Test) -> TokenStream {
    let cfgs: Vec<Attribute> = test.outer_attrs.iter().filter(|attr| attr::is_cfg(attr)).cloned().collect();
    around(&test.item.sig.ident, &cfgs, test.item.clone())
}

fn around(name: &Ident, attrs: &[Attribute], mut inner: ItemFn) -> TokenStream {
    let vis = std::mem::replace(&mut inner.vis, Visibility::Inherited);
    inner.sig.asyncness.get_or_insert_with(<Token![async]>::default);
    inner.sig.constness = None;
    inner.sig.abi = None;
    // Outside of an impl the compiler would object to `self` once more.
    let is_method = matches!(inner.sig.inputs.first(), Some(FnArg::Receiver(_)));
    let inner = if is_method { TokenStream::new() } else { inner.into_token_stream() };
    quote! {
        #(#attrs)*
        #[allow(dead_code)]
        #vis fn #name() {
            #inner
        }
    }
}

/// Whether the last expression is a result already.
fn ends_in_ok(function: &ItemFn) -> bool {
    let Some(Stmt::Expr(Expr::Call(call), None)) = function.block.stmts.last() else { return false };
    matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Ok"))
}
