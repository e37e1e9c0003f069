use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[mpc::main(party = Parties, parties = 3, debug, parties = Parties)]
async unsafe fn start<T>(s: &Session, first: T, second: u8, third: u8) {
    let _ = (s, first, second, third);
}
