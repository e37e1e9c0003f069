//! Two companies compare what they pay: both learn who pays more on average, and neither learns a salary of the other.

use mpc::prelude::*;

parties! { compute North, South; }

/// 1 if the first list has the higher mean, else 0.
#[secure_model]
fn pays_more(north: &Tensor<Secret>, south: &Tensor<Secret>) -> Tensor<Secret> {
    if north.mean() > south.mean() { 1.0 } else { 0.0 }
}

/// Who pays more?
#[mpc::main]
async fn main(s: Session) -> mpc::Result<()> {
    // Each closure runs in its own party's process only: read a file there.
    let north = s.input::<North>([3], || vec![52.0, 61.5, 70.25]).share();
    let south = s.input::<South>([2], || vec![58.0, 66.0]).share();
    let answer = pays_more(&north, &south).reveal().item().await?;
    println!("{} pays more on average", if answer == 1.0 { "North" } else { "South" });
    Ok(())
}
