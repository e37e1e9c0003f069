//! Reads attributes: the options of our own, and those of the user's items that matter to us.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Path, Token};

use crate::ctxt::Ctxt;

/// The `key = value` pairs between the parentheses of an attribute, all keys known and different.
pub(crate) struct Options {
    given: Vec<Pair>,
}

struct Pair {
    key: Ident,
    value: TokenStream,
}

impl Options {
    /// Reads `tokens`, noting in `cx` what is no pair, a repeated key, and a key that is not one of `known`.
    pub(crate) fn parse(tokens: TokenStream, known: &[&str], cx: &mut Ctxt) -> Self {
        let mut given: Vec<Pair> = Vec::new();
        for piece in at_commas(tokens) {
            let Ok(pair) = syn::parse2::<Pair>(piece.clone()) else {
                cx.error(piece, format!("expected `option = value`; known options: {}", list(known)));
                continue;
            };
            let key = &pair.key;
            if !known.iter().any(|name| key == name) {
                cx.error(key, format!("unknown option `{key}`; known options: {}", list(known)));
            } else if given.iter().any(|earlier| earlier.key == *key) {
                cx.error(key, format!("the option `{key}` is given twice"));
            } else {
                given.push(pair);
            }
        }
        Self { given }
    }

    /// The value of `key`, where it is given. What does not read as a `T` is noted with `needs`, which says what would.
    pub(crate) fn get<T: Parse>(&self, key: &str, needs: &str, cx: &mut Ctxt) -> Option<T> {
        let pair = self.given.iter().find(|pair| pair.key == key)?;
        let value = syn::parse2(pair.value.clone()).ok();
        if value.is_none() {
            // An empty value has no place of its own.
            let place = if pair.value.is_empty() { pair.key.to_token_stream() } else { pair.value.clone() };
            cx.error(place, needs);
        }
        value
    }
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok(Self { key, value: input.parse()? })
    }
}

/// The stretches between top-level commas, without empty ones.
fn at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut pieces = vec![TokenStream::new()];
    for token in tokens {
        match (&token, pieces.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => pieces.push(TokenStream::new()),
            (_, Some(piece)) => piece.extend([token]),
            (_, None) => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Names as messages show them: "`a`, `b`".
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether the attribute is a doc comment.
pub(crate) fn is_doc(attr: &Attribute) -> bool {
    attr.path().is_ident("doc")
}

/// Whether the attribute decides if the item exists at all.
pub(crate) fn is_cfg(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg")
}

/// The lines of the doc comment, each without the space after the slashes.
pub(crate) fn doc_text(attrs: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attrs.iter().filter(|attr| is_doc(attr)).filter_map(doc_line).collect();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn doc_line(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else { return None };
    let line = line.value();
    Some(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
}

/// Removes `#[skip]` from the attributes of a field and says whether it was there.
pub(crate) fn take_skip(attrs: &mut Vec<Attribute>, cx: &mut Ctxt) -> bool {
    let mut seen = false;
    for skip in attrs.extract_if(.., |attr| attr.path().is_ident("skip")) {
        if !matches!(skip.meta, Meta::Path(_)) {
            cx.error(&skip.meta, "`#[skip]` takes no arguments");
        }
        if seen {
            cx.error(&skip, "the field is marked `#[skip]` twice");
        }
        seen = true;
    }
    seen
}

/// The `Debug` in a `#[derive(...)]`, where there is one.
pub(crate) fn derived_debug(attrs: &[Attribute]) -> Option<Path> {
    let is_debug = |path: &Path| path.segments.last().is_some_and(|last| last.ident == "Debug");
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).find_map(|attr| {
        let Meta::List(list) = &attr.meta else { return None };
        let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list.tokens.clone()).ok()?;
        paths.into_iter().find(is_debug)
    })
}
