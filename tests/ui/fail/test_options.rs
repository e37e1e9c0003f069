use mpc::prelude::*;

#[mpc::test(parties = 1)]
async fn too_few(s: Session) {
    let _ = s;
}

#[mpc::test(parties = 17)]
async fn too_many(s: Session) {
    let _ = s;
}

#[mpc::test(3)]
async fn no_name(s: Session) {
    let _ = s;
}

#[mpc::test(parties = "three", seed = -1, protocol = fast)]
async fn wrong_values(s: Session) {
    let _ = s;
}

#[mpc::test(parties = 3, parties = 4, party = 5, seed =, protocol)]
async fn several(s: Session) {
    let _ = s;
}

fn main() {}
