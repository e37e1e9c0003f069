//! Calls of layers that are reached otherwise than by `self.layer(x)`: `self.layer.forward(x)`, `self.layers[0](x)`, and
//! `layer(x)` where `layer` stands for a field or for one of its elements.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, Member};

/// `self.field.forward(x)`, or of an element of the field, in the scope of the field.
pub(super) fn forward(call: &ExprMethodCall) -> Option<Expr> {
    if call.method != "forward" || call.turbofish.is_some() || call.args.is_empty() {
        return None;
    }
    let name = field(&call.receiver)?;
    let (receiver, method, args) = (&call.receiver, &call.method, &call.args);
    let given: Vec<Ident> = (0..args.len())
        .map(|at| Ident::new(&format!("x{at}"), Span::mixed_site().located_at(args[at].span())))
        .collect();
    let (values, pattern) = match &given[..] {
        [one] => (args.to_token_stream(), quote!(#one)),
        many => (quote!((#args)), quote!((#(#many),*))),
    };
    let applied = quote_spanned!(call.paren_token.span.join()=> (#(#given),*));
    Some(Expr::Verbatim(quote!(::mpc::lang::within(#name, #values, |#pattern| #receiver.#method #applied))))
}

/// A call of what is perhaps a layer and perhaps a closure: an element of a field, or a variable that stands for a field or
/// runs over it.
pub(super) fn call(call: &ExprCall, part: impl Fn(&Ident) -> Option<String>) -> Option<Expr> {
    let name = match &*call.func {
        Expr::Index(_) => field(&call.func)?,
        Expr::Path(path) => part(path.path.get_ident()?)?,
        _ => return None,
    };
    if call.args.is_empty() {
        return None;
    }
    let (layer, args) = (&call.func, call.args.iter());
    let span = call.paren_token.span.join();
    let apply = Ident::new("apply", layer.span());
    let args = quote_spanned!(span=> (#(#args,)*));
    let applied = if name.is_empty() {
        let args = quote_spanned!(span=> (#args));
        quote!(#layer.#apply #args)
    } else {
        let given = Ident::new("args", Span::mixed_site().located_at(span));
        let taken = quote_spanned!(span=> (#given));
        quote!(::mpc::lang::within(#name, #args, |#given| #layer.#apply #taken))
    };
    Some(Expr::Verbatim(quote!({ use ::mpc::nn::Apply as _; #applied })))
}

/// The field of `self` that a place such as `self.field` or `self.field[0]` is in.
fn field(place: &Expr) -> Option<String> {
    match place {
        Expr::Field(field) => match (&*field.base, &field.member) {
            (Expr::Path(path), Member::Named(name)) if path.path.is_ident("self") => Some(name.unraw().to_string()),
            (Expr::Path(path), Member::Unnamed(index)) if path.path.is_ident("self") => Some(index.index.to_string()),
            (base, _) => self::field(base),
        },
        Expr::Index(index) if !leaves(index.index.to_token_stream()) => field(&index.expr),
        Expr::Paren(paren) => field(&paren.expr),
        _ => None,
    }
}

/// Whether an index may leave the function, which it could not do from within a closure.
fn leaves(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Ident(name) => name == "await" || name == "return",
        TokenTree::Group(group) => leaves(group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// Whether an expression reaches something of `self`.
pub(super) fn mentions_self(expr: &Expr) -> bool {
    expr.to_token_stream().into_iter().any(|token| mentions(&token))
}

fn mentions(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(name) => name == "self",
        TokenTree::Group(group) => group.stream().into_iter().any(|token| mentions(&token)),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    }
}
