//! What does not compile, and what the compiler then says: each message stands at the user's own code and says what to
//! write instead. What compiles is in `tests/passes`. After a change of the messages, `TRYBUILD=overwrite cargo test --test ui` writes them anew.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
}
