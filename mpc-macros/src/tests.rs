//! Expansions are snapshots: a change of what users' code becomes shows up in review. Mistakes are checked by their messages;
//! where they are underlined is a matter for the compile-fail tests of the `mpc` crate.

mod code;
mod main;
mod model;
mod parties;
mod select;
mod test;

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

/// An expansion, split into the code and the messages of its `compile_error!`s.
struct Expansion {
    code: String,
    errors: Vec<String>,
}

impl Expansion {
    fn of(tokens: TokenStream) -> Self {
        let mut file: File = syn::parse2(tokens).expect("an expansion is a list of items");
        let errors =
            file.items.extract_if(.., |item| message(item).is_some()).filter_map(|item| message(&item)).collect();
        Self { code: prettyplease::unparse(&file), errors }
    }

    /// The messages, where the code still contains all of `kept`.
    #[track_caller]
    fn errors_keeping(self, kept: &[&str]) -> Vec<String> {
        for part in kept {
            assert!(self.code.contains(part), "no `{part}` in the fallback:\n{}", self.code);
        }
        self.errors
    }
}

fn message(item: &Item) -> Option<String> {
    let Item::Macro(item) = item else { return None };
    let is_error = item.mac.path.segments.last().is_some_and(|last| last.ident == "compile_error");
    let message: LitStr = item.mac.parse_body().ok().filter(|_| is_error)?;
    Some(message.value())
}

/// The code of an expansion without mistakes.
#[track_caller]
fn code(tokens: TokenStream) -> String {
    let Expansion { code, errors } = Expansion::of(tokens);
    assert_eq!(errors, Vec::<String>::new());
    code
}
