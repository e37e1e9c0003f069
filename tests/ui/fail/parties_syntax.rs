use mpc::prelude::*;

parties! {
    /// Belongs to the name.
    compute Hospital Lab, #[cfg(unix)] Office, 3;
    Bank, Library;
    + Tower;
}

fn main() {
    let _ = (Hospital, Office, Bank, Library);
}
