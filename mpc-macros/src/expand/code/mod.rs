//! `#[secure_model]` on an `impl` block or a function: `if`, comparisons and logic become calls of `::mpc::lang`, where the
//! types of the operands decide whether they mean ordinary Rust or steps on tensors. Nothing here guesses types.
//!
//! `rewrite` walks over the code, `scope` knows the local variables, `branch` finds out what a branch does to them, and
//! `choice` builds what an `if` becomes.

mod branch;
mod calls;
mod choice;
mod field;
mod kinds;
mod layer;
mod rewrite;
mod scope;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::VisitMut;
use syn::{ImplItem, ImplItemFn, Signature, parse_quote};

use self::rewrite::Rewrite;
use crate::ast::Code;
use crate::ctxt::Ctxt;

/// The code with its constructs rewritten. What cannot be rewritten is noted and stays as it is.
pub(crate) fn expand(code: &mut Code, cx: &mut Ctxt) -> TokenStream {
    match code {
        Code::Impl(item) => {
            let methods: Vec<Ident> =
                item.items.iter().filter_map(method).map(|method| method.sig.ident.clone()).collect();
            let layer = item.items.iter().filter_map(method).find(|method| method.sig.ident == "forward");
            let layer = layer.and_then(|forward| layer::apply(item, forward));
            let name = layer::type_name(item);
            for item in &mut item.items {
                if let ImplItem::Fn(method) = item {
                    let traits = calls::traits(&method.sig, method.block.to_token_stream(), &methods);
                    Rewrite::of(&method.sig, cx).visit_block_mut(&mut method.block);
                    let is_forward = method.sig.ident == "forward" && method.sig.receiver().is_some();
                    if let Some(name) = name.as_ref().filter(|_| is_forward && runs_at_once(&method.sig)) {
                        method.block.stmts.insert(0, layer::entered(name));
                    }
                    if !traits.is_empty() {
                        method.block.stmts.insert(0, parse_quote!(#traits));
                    }
                }
            }
            quote!(#item #layer)
        }
        Code::Fn(item) => {
            Rewrite::of(&item.sig, cx).visit_block_mut(&mut item.block);
            item.to_token_stream()
        }
    }
}

fn method(item: &ImplItem) -> Option<&ImplItemFn> {
    if let ImplItem::Fn(method) = item { Some(method) } else { None }
}

/// Whether a call runs the body to its end. Otherwise it would leave its scope while it waits.
fn runs_at_once(sig: &Signature) -> bool {
    sig.asyncness.is_none() && sig.constness.is_none()
}

/// `::mpc::lang::name(args)`, underlined like `at`.
fn call(name: &str, at: &impl ToTokens, args: &TokenStream) -> TokenStream {
    let (start, end) = places(at);
    let name = Ident::new(name, start);
    let callee = quote_spanned!(start=> ::mpc::lang::#name);
    let args = quote_spanned!(end=> (#args));
    quote!(#callee #args)
}

/// The places of the first and the last token, as the user's own: a call that stands exactly where its argument stands gives
/// one error with it, not two.
fn places(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
