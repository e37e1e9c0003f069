use proc_macro2::TokenStream;
use quote::quote;

use super::{Expansion, code};
use crate::expand;

fn test(args: TokenStream) -> TokenStream {
    expand::test(args, quote! { async fn sums_agree(s: Session) { check(&s).await; } })
}

/// The messages about a test with these options.
#[track_caller]
fn option_errors(args: TokenStream) -> Vec<String> {
    Expansion::of(test(args)).errors_keeping(&["fn sums_agree() {", "async fn sums_agree(s: Session)"])
}

/// The messages about a test with this signature; the fallback keeps its body.
#[track_caller]
fn errors(signature: TokenStream) -> Vec<String> {
    let found = Expansion::of(expand::test(TokenStream::new(), quote! { #signature { check(&s).await; } }));
    found.errors_keeping(&["fn sums_agree() {", "check(&s).await;"])
}

#[test]
fn without_options() {
    insta::assert_snapshot!(code(test(quote!())));
}

#[test]
fn with_parties() {
    insta::assert_snapshot!(code(test(quote!(parties = 3))));
}

#[test]
fn with_all_options() {
    insta::assert_snapshot!(code(test(quote!(protocol = plain, seed = 0xFF, parties = 16,))));
}

#[test]
fn with_attributes_and_a_result() {
    insta::assert_snapshot!(code(expand::test(
        quote!(protocol = dealer),
        quote! {
            /// Shapes that do not fit.
            #[cfg(unix)]
            #[should_panic(expected = "shapes")]
            #[ignore]
            pub async fn mismatch(mut s: Session) -> Result<(), Error> {
                Ok(())
            }
        },
    )));
}

#[test]
fn the_number_of_parties() {
    for parties in [quote!(1), quote!(17), quote!(0), quote!(3u8), quote!(-2), quote!("3"), quote!(three), quote!()] {
        let errors = option_errors(quote!(parties = #parties));
        assert_eq!(errors, ["`parties` needs a number from 2 to 16: `parties = 3`"], "{parties}");
    }
    for parties in 2usize..=16 {
        let parties = proc_macro2::Literal::usize_unsuffixed(parties);
        code(test(quote!(parties = #parties)));
    }
}

#[test]
fn the_seed() {
    let message = "`seed` needs a number of 64 bits: `seed = 7`";
    assert_eq!(option_errors(quote!(seed = 18446744073709551616)), [message]);
    assert_eq!(option_errors(quote!(seed = 1.5)), [message]);
    code(test(quote!(seed = 18446744073709551615)));
}

#[test]
fn the_protocol() {
    let message = "`protocol` needs one of `plain`, `dealer`: `protocol = plain`";
    assert_eq!(option_errors(quote!(protocol = Plain)), [message]);
    assert_eq!(option_errors(quote!(protocol = "plain")), [message]);
}

#[test]
fn all_mistakes_in_options_in_one_go() {
    let errors = option_errors(quote!(parties = 3, parties = 4, 5, party = 6, seed, protocol = fast, Seed = 1));
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn signatures() {
    assert_eq!(
        errors(quote!(fn sums_agree(s: Session))),
        ["`mpc::test` goes on an async function: `async fn sums_agree(s: Session)`"]
    );
    assert_eq!(
        errors(quote!(async fn sums_agree())),
        ["the function takes the session: `async fn sums_agree(s: Session)`"]
    );
    assert_eq!(
        errors(quote!(async fn sums_agree(s: &mut Session))),
        ["the function is given the session itself, not a reference: `async fn sums_agree(s: Session)`"]
    );
    assert_eq!(
        errors(quote!(async fn sums_agree(s: Session, n: usize))),
        ["a test takes the session and nothing else: `async fn sums_agree(s: Session)`"]
    );
    assert_eq!(
        errors(quote!(async fn sums_agree<T>(s: Session))),
        ["the function cannot be generic: nobody would choose its parameters. `async fn sums_agree(s: Session)`"]
    );
    assert_eq!(
        errors(quote!(#[test] async fn sums_agree(s: Session))),
        ["`mpc::test` already makes it a test: leave `#[test]` out"]
    );
}

#[test]
fn options_and_signature_in_one_go() {
    let found = Expansion::of(expand::test(quote!(parties = 1), quote! { #[ignore] fn sums_agree() {} }));
    insta::assert_snapshot!(found.errors.join("\n"));
    insta::assert_snapshot!(found.code);
}

#[test]
fn only_functions() {
    let found = Expansion::of(expand::test(quote!(), quote! { mod tests {} }));
    assert_eq!(
        found.errors_keeping(&["mod tests {}"]),
        ["`mpc::test` goes on an async function, not on a module: `async fn sums_agree(s: Session)`"]
    );
}
