use mpc::prelude::*;

parties! {
    compute
        /// Holds the patients' records.
        Hospital,
        Lab;
    compute Registry
}

fn name<P: mpc::Party>(_: P) -> (usize, &'static str) {
    (P::INDEX, P::NAME)
}

fn main() {
    assert_eq!(name(Hospital), (0, "Hospital"));
    assert_eq!(name(Registry), (2, "Registry"));
    assert_eq!(<Parties as mpc::PartySet>::COMPUTE, ["Hospital", "Lab", "Registry"]);
    assert_eq!(std::mem::size_of_val(&(Hospital, Lab, Registry, Parties)), 0);
}
