use mpc::prelude::*;

parties! { compute Hospital; }

mod nobody {
    mpc::parties! {}
}

fn main() {
    let _ = (Hospital, nobody::Parties);
}
