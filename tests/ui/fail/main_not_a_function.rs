use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main]
struct Main;

fn main() {
    let _ = Main;
}
