use quote::quote;

use super::{Expansion, code};
use crate::expand::parties;

#[test]
fn two_parties() {
    insta::assert_snapshot!(code(parties(quote! { compute Hospital, Lab; })));
}

#[test]
fn docs_attributes_and_several_lines() {
    insta::assert_snapshot!(code(parties(quote! {
        compute
            /// Holds the patients' records.
            Hospital,
            #[derive(PartialEq)]
            Lab,;
        compute r#Registry
    })));
}

#[test]
fn clients_come_after_those_who_compute() {
    insta::assert_snapshot!(code(parties(quote! {
        client Patient;
        compute Hospital, Lab;
    })));
}

#[test]
fn all_mistakes_in_one_go() {
    let found = Expansion::of(parties(quote! {
        compute Hospital, hospital_ward, Hospital, Parties, Dealer, dealer;
        client Patient, Hospital;
        observer Auditor;
    }));
    let errors =
        found.errors_keeping(&["struct Hospital;", "struct hospital_ward;", "struct Patient;", "struct Auditor;"]);
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn the_list_does_not_parse() {
    let found = Expansion::of(parties(quote! {
        /// On the role.
        compute Hospital Lab, 3, "x" y, , #[cfg(unix)] Office;
        + Tower;
        Library, Bank;
    }));
    let kept = ["struct Hospital;", "struct Office;", "struct Library;", "struct Bank;", "struct Parties;"];
    insta::assert_snapshot!(found.errors_keeping(&kept).join("\n"));
}

#[test]
fn one_party_is_too_few() {
    let found = Expansion::of(parties(quote! { compute Hospital; }));
    assert_eq!(
        found.errors_keeping(&["struct Hospital;", r#"&["Hospital"]"#]),
        ["a computation needs at least two compute parties, here are 1: `compute Hospital, Lab;`"]
    );
}

#[test]
fn clients_do_not_count() {
    let found = Expansion::of(parties(quote! { compute Hospital; client Patient; }));
    assert_eq!(
        found.errors_keeping(&["struct Hospital;", "struct Patient;"]),
        ["a computation needs at least two compute parties, here are 1: `compute Hospital, Lab;`"]
    );
}

#[test]
fn none_is_too_few() {
    let found = Expansion::of(parties(quote! {}));
    assert_eq!(
        found.errors_keeping(&["struct Parties;"]),
        ["a computation needs at least two compute parties, here are 0: `compute Hospital, Lab;`"]
    );
}
