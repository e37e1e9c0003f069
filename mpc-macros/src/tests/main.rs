use proc_macro2::TokenStream;
use quote::quote;

use super::{Expansion, code};
use crate::expand;

fn main(item: TokenStream) -> TokenStream {
    expand::main(TokenStream::new(), item)
}

/// The messages about a `main` with this signature; the fallback keeps its body.
#[track_caller]
fn errors(signature: TokenStream) -> Vec<String> {
    let found = Expansion::of(main(quote! { #signature { work(&s).await } }));
    found.errors_keeping(&["fn main() {", "work(&s).await"])
}

#[test]
fn without_arguments() {
    insta::assert_snapshot!(code(main(quote! {
        async fn main(s: Session) -> mpc::Result<()> {
            train(&s).await?;
            Ok(())
        }
    })));
}

#[test]
fn with_arguments_docs_and_attributes() {
    insta::assert_snapshot!(code(main(quote! {
        /// Trains on two hospitals' records.
        ///
        /// - first item
        ///   of a list
        #[doc(hidden)]
        #[cfg(unix)]
        #[tracing::instrument(skip_all)]
        pub async fn main(mut s: Session, Args { epochs, .. }: cli::Args<'static>) -> mpc::Result<()> {
            Ok(())
        }
    })));
}

#[test]
fn with_other_parties() {
    insta::assert_snapshot!(code(expand::main(
        quote!(parties = my::Parties,),
        quote! { async fn main(s: Session) -> mpc::Result<()> { Ok(()) } },
    )));
}

#[test]
fn not_async() {
    assert_eq!(
        errors(quote!(fn main(s: Session) -> mpc::Result<()>)),
        ["`mpc::main` goes on an async function: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
}

#[test]
fn another_name() {
    assert_eq!(
        errors(quote!(async fn train(s: Session) -> mpc::Result<()>)),
        ["the function where a program starts is called `main`: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
}

#[test]
fn generics() {
    let message = "the function cannot be generic: nobody would choose its parameters. `async fn main(s: Session) -> mpc::Result<()>`";
    assert_eq!(errors(quote!(async fn main<T>(s: Session) -> mpc::Result<()> where T: Clone)), [message]);
    assert_eq!(errors(quote!(async fn main(s: Session) -> mpc::Result<()> where (): Clone)), [message]);
}

#[test]
fn parameters() {
    assert_eq!(
        errors(quote!(async fn main() -> mpc::Result<()>)),
        ["the function takes the session: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
    assert_eq!(
        errors(quote!(async fn main(s: &Session) -> mpc::Result<()>)),
        ["the function is given the session itself, not a reference: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
    assert_eq!(
        errors(quote!(async fn main(s: Session, args: impl Args) -> mpc::Result<()>)),
        ["name the struct of arguments: the launcher reads the command line into it"]
    );
    assert_eq!(
        errors(quote!(async fn main(s: Session, a: A, b: B, c: C) -> mpc::Result<()>)),
        ["`main` takes the session and at most one struct of arguments: make this a field of that struct"]
    );
}

#[test]
fn a_method_is_left_out() {
    let found = Expansion::of(main(quote! { async fn main(&self) -> mpc::Result<()> { Ok(()) } }));
    assert!(!found.code.contains("self"), "{}", found.code);
    assert_eq!(
        found.errors_keeping(&["fn main() {}"]),
        ["the function is not a method, it takes the session: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
}

#[test]
fn no_return_type() {
    let message = "`main` returns whether it went well: add `-> mpc::Result<()>` and end with `Ok(())`";
    assert_eq!(errors(quote!(async fn main(s: Session))), [message]);
    assert_eq!(errors(quote!(async fn main(s: Session) -> ())), [message]);
}

#[test]
fn the_fallback_without_a_return_type() {
    let bodies = [
        quote!({
            work()?;
        }),
        quote!({ work()? }),
        quote!({
            work()?;
            Ok(())
        }),
    ];
    let fallbacks = bodies.map(|body| Expansion::of(main(quote! { async fn main(s: Session) #body })).code);
    insta::assert_snapshot!(fallbacks.join("\n"));
}

#[test]
fn all_mistakes_in_one_go() {
    let found = Expansion::of(expand::main(
        quote!(party = Parties, parties = 3, 7),
        quote! { pub const unsafe extern "C" fn start<T>(s: &Session, t: T, u: u8) {} },
    ));
    insta::assert_snapshot!(found.errors_keeping(&["fn main()", "fn start<T>"]).join("\n"));
}

#[test]
fn only_functions() {
    let found = Expansion::of(main(quote! { struct Main; }));
    assert_eq!(
        found.errors_keeping(&["struct Main;"]),
        ["`mpc::main` goes on an async function, not on a struct: `async fn main(s: Session) -> mpc::Result<()>`"]
    );
}
