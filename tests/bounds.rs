//! What the types forbid, and what the compiler says to it.
//!
//! `tests/ui.rs` compares whole messages; here they would quote so much of the library that every change of it broke them.

#[path = "common/announced.rs"]
mod announced;

#[test]
fn every_error_is_announced_and_says_what_it_should() {
    announced::check_all("tests/ui/bounds");
}
