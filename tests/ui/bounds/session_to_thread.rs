use mpc::prelude::*;
use std::thread;

fn session(s: Session) {
    thread::spawn(move || s.flush()); //~ cannot be sent between threads safely //~ within the type `mpc::Session`
}

fn main() {
    let _ = session;
}
