//! Attack: read at one party what was revealed to another.

use super::{Lab, for_both_secrets};

#[test]
fn finds_nothing_there() {
    let [positive, _] = for_both_secrets(async |_, x| Ok(x.reveal_to::<Lab>().await?.map(|x| x[0])));
    assert_eq!(positive, [None, Some(7.5)]);
}
