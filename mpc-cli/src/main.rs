//! The command `mpc`.

fn main() {}
