use mpc::prelude::*;

parties! {
    compute
        /// Holds the patients' records.
        Hospital,
        Lab;
    client Patient;
    compute Registry
}

fn name<P: mpc::Party>(_: P) -> (usize, &'static str) {
    (P::INDEX, P::NAME)
}

#[test]
fn runs() {
    assert_eq!(name(Hospital), (0, "Hospital"));
    assert_eq!(name(Registry), (2, "Registry"));
    assert_eq!(name(Patient), (3, "Patient"));
    assert_eq!(<Parties as mpc::PartySet>::COMPUTE, ["Hospital", "Lab", "Registry"]);
    assert_eq!(<Parties as mpc::PartySet>::CLIENTS, ["Patient"]);
    assert_eq!((<Patient as mpc::Party>::CLIENT, <Registry as mpc::Party>::CLIENT), (true, false));
    assert_eq!(std::mem::size_of_val(&(Hospital, Lab, Registry, Parties)), 0);
}
