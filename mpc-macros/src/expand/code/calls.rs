//! `self.layer(x)`: the names that a function calls on `self`, and traits that make a field of that name callable.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Signature, Token};

/// The traits for what `body` calls on `self` with arguments; `known` are the methods that are there for sure.
pub(super) fn traits(sig: &Signature, body: TokenStream, known: &[Ident]) -> TokenStream {
    let Some(receiver) = sig.receiver() else { return TokenStream::new() };
    let mut found = Vec::new();
    collect(body, &mut found);
    found.retain(|(name, _)| !known.contains(name));
    if found.is_empty() {
        return TokenStream::new();
    }
    // `mut self` is no borrow.
    let exclusive = receiver.reference.is_some() && receiver.mutability.is_some();
    let mutable = exclusive.then(|| quote!(mut));
    let lines = found.iter().map(|(name, arity)| {
        let local = format_ident!("__Call_{}", name.unraw(), span = Span::call_site());
        let args = (0..*arity).map(|at| format_ident!("X{}", at));
        quote!(&#mutable #local: #name(#(#args),*);)
    });
    quote!(::mpc::nn::calls! { #(#lines)* })
}

/// Finds `self.name(x, y)`, also in macros: the name and the number of arguments.
fn collect(tokens: TokenStream, found: &mut Vec<(Ident, usize)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(4) {
        if let [TokenTree::Ident(itself), TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(args)] =
            window
            && itself == "self"
            && dot.as_char() == '.'
            && args.delimiter() == proc_macro2::Delimiter::Parenthesis
            && !found.iter().any(|(earlier, _)| earlier == name)
            && let Ok(args) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(args.stream())
            && !args.is_empty()
        {
            found.push((name.clone(), args.len()));
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect(group.stream(), found);
        }
    }
}
