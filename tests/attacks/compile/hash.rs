//! Attack: use the secret as a key.
use mpc::prelude::*;
use std::collections::{BTreeSet, HashSet};

fn hash(x: Tensor<Secret>) -> bool {
    HashSet::from([1]).contains(&x) //~ Tensor<mpc::Secret>
}

fn order(x: Tensor<Secret>) -> bool {
    BTreeSet::from([1]).contains(&x) //~ expected `&{integer}`
}

fn main() {
    let _ = (hash, order);
}
