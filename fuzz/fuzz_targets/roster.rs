//! Text as a roster: what is read can be written, and is read back the same.
#![no_main]

use mpc_comm::Roster;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(roster) = Roster::from_toml(text, "fuzz") {
        let again = Roster::from_toml(&roster.to_toml(), "fuzz").expect("what is written can be read");
        assert_eq!(roster.digest(), again.digest());
    }
});
