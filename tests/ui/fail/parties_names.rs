use mpc::prelude::*;

parties! {
    compute Hospital, data_owner, Hospital, Parties, Dealer, dealer;
}

// What has a name of its own is there all the same.
fn uses(s: &Session) -> (Hospital, data_owner, Parties) {
    let _ = s;
    (Hospital, data_owner, Parties)
}

fn main() {
    let _ = uses;
}
