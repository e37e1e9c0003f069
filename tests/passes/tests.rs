use mpc::prelude::*;

#[mpc::test]
async fn plain(s: Session) {
    let _ = s;
}

/// With all options.
#[mpc::test(parties = 3, seed = 0xFF, protocol = dealer)]
#[ignore = "an example"]
async fn options(mut s: Session) -> mpc::Result<()> {
    let _ = &mut s;
    Ok(())
}

#[mpc::test(protocol = plain)]
#[should_panic(expected = "no luck")]
async fn other_errors(_: Session) -> Result<(), String> {
    Err("no luck".to_owned())
}

#[test]
fn runs() {
    // Outside of a test build the tests are left out.
    let _: Option<Session> = None;
}
