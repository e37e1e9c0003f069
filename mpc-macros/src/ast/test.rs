//! `#[mpc::test(parties = 3)] async fn name(s: Session) { ... }`

use std::mem;
use std::ops::RangeInclusive;
use std::str::FromStr;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Attribute, ItemFn, LitInt};

use super::entry::{self, Kind};
use crate::attr::Options;
use crate::ctxt::Ctxt;

const KIND: Kind = Kind { name: "mpc::test", form: "async fn sums_agree(s: Session)" };
const PARTIES: RangeInclusive<usize> = 2..=16;
const DEFAULT_PARTIES: usize = 2;
const CLIENTS: RangeInclusive<usize> = 0..=16;

/// The protocols as the option names them, and their variants of `mpc::Protocol`.
const PROTOCOLS: [(&str, &str); 2] = [("plain", "Plain"), ("dealer", "Dealer")];

/// A test that all parties run.
pub(crate) struct Test {
    /// The user's function without attributes.
    pub(crate) item: ItemFn,
    /// The attributes of the function that takes its place.
    pub(crate) outer_attrs: Vec<Attribute>,
    pub(crate) parties: usize,
    pub(crate) clients: Option<usize>,
    pub(crate) seed: Option<u64>,
    /// The variant of `mpc::Protocol`, where one is chosen.
    pub(crate) protocol: Option<Ident>,
}

impl Test {
    /// Reads the item. What is no function comes back as it is.
    pub(crate) fn parse(args: TokenStream, item: TokenStream, cx: &mut Ctxt) -> Result<Self, TokenStream> {
        let options = Options::parse(args, &["parties", "clients", "seed", "protocol"], cx);
        let parties = number(&options, "parties", "`parties` needs a number from 2 to 16: `parties = 3`", PARTIES, cx);
        let clients = number(&options, "clients", "`clients` needs a number up to 16: `clients = 1`", CLIENTS, cx);
        let seed = number(&options, "seed", "`seed` needs a number of 64 bits: `seed = 7`", 0..=u64::MAX, cx);
        let protocol = protocol(&options, cx);

        let mut item = entry::function(&KIND, item, cx)?;
        entry::check(&KIND, &item.sig, cx);
        let surplus: TokenStream = item.sig.inputs.pairs().skip(1).map(ToTokens::into_token_stream).collect();
        if !surplus.is_empty() {
            cx.error(surplus, format!("a test takes the session and nothing else: `{}`", KIND.form));
        }
        if let Some(test) = item.attrs.iter().find(|attr| attr.path().is_ident("test")) {
            cx.error(test, "`mpc::test` already makes it a test: leave `#[test]` out");
        }
        let outer_attrs = mem::take(&mut item.attrs);
        Ok(Self { item, outer_attrs, parties: parties.unwrap_or(DEFAULT_PARTIES), clients, seed, protocol })
    }
}

fn number<T>(options: &Options, key: &str, needs: &str, range: RangeInclusive<T>, cx: &mut Ctxt) -> Option<T>
where
    T: FromStr<Err: std::fmt::Display> + PartialOrd,
{
    let literal: LitInt = options.get(key, needs, cx)?;
    let number = literal.base10_parse().ok().filter(|number| range.contains(number) && literal.suffix().is_empty());
    if number.is_none() {
        cx.error(literal, needs);
    }
    number
}

fn protocol(options: &Options, cx: &mut Ctxt) -> Option<Ident> {
    const NEEDS: &str = "`protocol` needs one of `plain`, `dealer`: `protocol = plain`";
    let name: Ident = options.get("protocol", NEEDS, cx)?;
    let variant =
        PROTOCOLS.iter().find(|(known, _)| name == known).map(|(_, variant)| Ident::new(variant, name.span()));
    if variant.is_none() {
        cx.error(name, NEEDS);
    }
    variant
}
