use mpc::prelude::*;
use std::thread;

fn session(s: Session) {
    thread::spawn(move || s.flush());
}

fn main() {
    let _ = session;
}
