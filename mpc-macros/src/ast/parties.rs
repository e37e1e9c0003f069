//! `parties! { compute Hospital, Lab; client Patient; }`

use std::mem;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Token};

use crate::attr;
use crate::ctxt::Ctxt;

/// The parties in the order of their indices, those who compute first, with different names that a type can have.
pub(crate) struct Parties {
    pub(crate) parties: Vec<Party>,
}

impl Parties {
    /// The names of those with a role.
    pub(crate) fn names(&self, client: bool) -> Vec<String> {
        self.parties.iter().filter(|party| party.client == client).map(Party::shown).collect()
    }
}

/// One party.
pub(crate) struct Party {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) name: Ident,
    /// Whether it only gives inputs and gets results.
    pub(crate) client: bool,
}

impl Party {
    /// The name as people see it.
    pub(crate) fn shown(&self) -> String {
        self.name.unraw().to_string()
    }
}

impl Parties {
    /// Reads the input of `parties!`. What is returned has distinct names also when there are mistakes.
    pub(crate) fn parse(input: TokenStream, cx: &mut Ctxt) -> Self {
        let read = |input: ParseStream<'_>| {
            let mut parties = Vec::new();
            while !input.is_empty() {
                role(input, &mut parties, cx)?;
            }
            Ok(parties)
        };
        let parties = read.parse2(input);
        let parties = cx.ok(parties).unwrap_or_default();
        let count = parties.iter().filter(|party| !party.client).count();
        let mut parties = distinct(parties, cx);
        parties.sort_by_key(|party| party.client); // stable
        let all = Self { parties };
        // With another mistake about, the count may be wrong only because of it.
        if count < 2 && cx.is_clean() {
            let place = all.parties.first().map_or_else(TokenStream::new, |party| party.name.to_token_stream());
            cx.error(
                place,
                format!("a computation needs at least two compute parties, here are {count}: `compute Hospital, Lab;`"),
            );
        }
        all
    }
}

/// Reads `role A, B;`.
fn role(input: ParseStream<'_>, parties: &mut Vec<Party>, cx: &mut Ctxt) -> syn::Result<()> {
    for attr in input.call(Attribute::parse_outer)? {
        cx.error(attr, "attributes and doc comments go directly before a party's name, after the role");
    }
    let Ok(role) = input.call(Ident::parse_any) else {
        let stray = skip_until(input, |input| input.peek(Token![;]));
        cx.error(stray, "expected a role and names of parties: `compute Hospital, Lab;`");
        return end(input);
    };
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        cx.error(&role, format!("expected a role before the names of parties: `compute {role}`"));
        parties.push(Party { attrs: Vec::new(), name: role, client: false });
        input.parse::<Option<Token![,]>>()?;
        names(input, parties, false, cx)?;
        return end(input);
    } else if role != "compute" && role != "client" {
        cx.error(&role, format!("unknown role `{role}`; known roles: `compute`, `client`"));
    }
    names(input, parties, role == "client", cx)?;
    end(input)
}

/// Reads `A, B` up to the semicolon.
fn names(input: ParseStream<'_>, parties: &mut Vec<Party>, client: bool, cx: &mut Ctxt) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![;]) {
        let attrs = input.call(Attribute::parse_outer)?;
        for cfg in attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
            cx.error(cfg, "a party cannot be conditional: all programs must agree on who takes part");
        }
        let attrs = attrs.into_iter().filter(|attr| !attr::is_cfg(attr)).collect();
        match input.parse() {
            Ok(name) => parties.push(Party { attrs, name, client }),
            Err(_) if input.is_empty() || input.peek(Token![;]) || input.peek(Token![,]) => {
                cx.push(input.error("expected the name of a party"));
            }
            Err(_) => {
                let stray = skip_until(input, at_separator);
                cx.error(&stray, format!("expected the name of a party, found `{stray}`"));
            }
        }
        if !at_separator(input) {
            let stray = skip_until(input, at_separator);
            cx.error(stray, "expected `,` or `;` after the name of a party");
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(())
}

fn end(input: ParseStream<'_>) -> syn::Result<()> {
    input.parse::<Option<Token![;]>>().map(drop)
}

fn at_separator(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Token![;])
}

fn skip_until(input: ParseStream<'_>, stop: impl Fn(ParseStream<'_>) -> bool) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        skipped.extend(input.parse::<TokenTree>());
    }
    skipped
}

/// Checks the names, and drops those that cannot become a type of their own.
fn distinct(parties: Vec<Party>, cx: &mut Ctxt) -> Vec<Party> {
    let mut kept: Vec<Party> = Vec::new();
    for party in parties {
        let (name, shown) = (&party.name, party.shown());
        let mut keep = true;
        if kept.iter().any(|earlier| earlier.shown() == shown) {
            cx.error(name, format!("the party `{shown}` is named twice"));
            keep = false;
        } else if shown == "Parties" {
            cx.error(name, "`Parties` is the name of the set of all parties; call this party something else");
            keep = false;
        } else if shown.eq_ignore_ascii_case("dealer") {
            cx.error(name, format!("`{shown}` is the name of the dealer service; call this party something else"));
        } else if shown.starts_with(|first: char| first.is_lowercase() || first == '_') {
            let better = camel_case(&shown);
            cx.error(name, format!("a party is a type, so its name is in CamelCase: `{better}`"));
        }
        if keep {
            kept.push(party);
        }
    }
    kept
}

/// `data_owner` as `DataOwner`.
fn camel_case(name: &str) -> String {
    let mut upper = true;
    let mut out = String::new();
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if mem::take(&mut upper) {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
    }
    if out.is_empty() { "Party".to_owned() } else { out }
}
