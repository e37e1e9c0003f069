//! `#[mpc::main] async fn main(s: Session, args: Args) -> mpc::Result<()> { ... }`

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, FnArg, ItemFn, Path, Type};

use super::entry::{self, Kind};
use crate::attr::{self, Options};
use crate::ctxt::Ctxt;

const KIND: Kind = Kind { name: "mpc::main", form: "async fn main(s: Session) -> mpc::Result<()>" };

/// A program of all parties.
pub(crate) struct Main {
    /// The user's function, with the attributes that concern it alone.
    pub(crate) item: ItemFn,
    /// The attributes of the function that takes its place.
    pub(crate) outer_attrs: Vec<Attribute>,
    /// The set of parties, where the user names one.
    pub(crate) parties: Option<Path>,
    /// The type of the second parameter.
    pub(crate) args: Option<Type>,
    /// The text of `--help`.
    pub(crate) about: Option<String>,
}

impl Main {
    /// Reads the item. What is no function comes back as it is.
    pub(crate) fn parse(args: TokenStream, item: TokenStream, cx: &mut Ctxt) -> Result<Self, TokenStream> {
        let options = Options::parse(args, &["parties"], cx);
        let parties = options.get("parties", "`parties` needs the path of a set of parties: `parties = Parties`", cx);
        let mut item = entry::function(&KIND, item, cx)?;
        check(&item, cx);
        let args = match item.sig.inputs.get(1) {
            Some(FnArg::Typed(args)) => Some((*args.ty).clone()),
            _ => None,
        };
        let about = attr::doc_text(&item.attrs);
        let outer_attrs = item.attrs.extract_if(.., |attr| attr::is_doc(attr) || attr::is_cfg(attr)).collect();
        Ok(Self { item, outer_attrs, parties, args, about })
    }
}

fn check(item: &ItemFn, cx: &mut Ctxt) {
    let sig = &item.sig;
    if sig.ident != "main" {
        cx.error(&sig.ident, format!("the function where a program starts is called `main`: `{}`", KIND.form));
    }
    entry::check(&KIND, sig, cx);
    if let Some(FnArg::Typed(args)) = sig.inputs.get(1)
        && let Type::ImplTrait(ty) = &*args.ty
    {
        cx.error(ty, "name the struct of arguments: the launcher reads the command line into it");
    }
    let surplus: TokenStream = sig.inputs.pairs().skip(2).map(ToTokens::into_token_stream).collect();
    if !surplus.is_empty() {
        cx.error(
            surplus,
            "`main` takes the session and at most one struct of arguments: make this a field of that struct",
        );
    }
    if entry::returns_unit(sig) {
        let place = match &sig.output {
            syn::ReturnType::Default => sig.ident.to_token_stream(),
            output => output.to_token_stream(),
        };
        cx.error(place, "`main` returns whether it went well: add `-> mpc::Result<()>` and end with `Ok(())`");
    }
}
