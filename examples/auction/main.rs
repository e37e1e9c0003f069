//! A sealed-bid second-price auction without an auctioneer: the highest bid wins, and pays the second-highest.
//!
//! Four bidders share their bids. All learn who won. The winner alone learns the price. Nobody learns another bid, nor
//! how close it was; the three who lose do not even learn what the winner pays.
//!
//! `cargo run --release --example auction` runs everybody on this machine with the bids below; a bidder who runs alone
//! gives its own: `--party Ada --roster roster.toml --bid 120.5`.

#[path = "../common/report.rs"]
mod report;

use launch::clap;
use mpc::prelude::*;

parties! { compute Ada, Ben, Cleo, Dora; }

const NAMES: [&str; 4] = ["Ada", "Ben", "Cleo", "Dora"];
/// The bids of a run without `--bid`.
const BIDS: [f64; 4] = [120.5, 155.25, 90.0, 149.75];

#[derive(clap::Args)]
struct Flags {
    /// This bidder's bid, when it runs alone
    #[arg(long, requires = "party")]
    bid: Option<f64>,

    /// The seller does not sell for less
    #[arg(long, default_value_t = 100.0)]
    reserve: f64,
}

/// The place of the winner among the bids, and the price. Of equal bids the first wins.
#[secure_model]
fn second_price(bids: &[Tensor<Secret>], reserve: f64) -> (Tensor<Secret>, Tensor<Secret>) {
    let zero = &bids[0] * 0.0;
    let (mut best, mut winner, mut price) = (bids[0].clone(), zero.clone(), &zero + reserve);
    for (at, bid) in bids.iter().enumerate().skip(1) {
        if *bid > best {
            if best > price {
                price = best.clone();
            }
            best = bid.clone();
            winner = &zero + at as f64;
        } else if *bid > price {
            price = bid.clone();
        }
    }
    if best < reserve {
        winner = zero - 1.0;
    }
    (winner, price)
}

/// The same in the clear.
fn second_price_in_the_clear(bids: &[f64], reserve: f64) -> (Option<usize>, f64) {
    let winner = (0..bids.len()).rev().max_by(|&a, &b| bids[a].total_cmp(&bids[b])).filter(|&at| bids[at] >= reserve);
    let others = (0..bids.len()).filter(|&at| Some(at) != winner).map(|at| bids[at]);
    (winner, others.fold(reserve, f64::max))
}

/// What a bidder learns: who won, and the winner the price.
async fn auction(s: &Session, bid: impl Fn(usize) -> f64, reserve: f64) -> mpc::Result<(Option<usize>, Option<f64>)> {
    let bids = [
        s.input::<Ada>([1], || vec![bid(0)]).share(),
        s.input::<Ben>([1], || vec![bid(1)]).share(),
        s.input::<Cleo>([1], || vec![bid(2)]).share(),
        s.input::<Dora>([1], || vec![bid(3)]).share(),
    ];
    let (winner, price) = second_price(&bids, reserve);
    // Public from here on, so an ordinary `match` may look at it.
    let winner = winner.reveal().await?[0].round();
    let price = match winner {
        0.0 => price.reveal_to::<Ada>().await?,
        1.0 => price.reveal_to::<Ben>().await?,
        2.0 => price.reveal_to::<Cleo>().await?,
        3.0 => price.reveal_to::<Dora>().await?,
        _ => return Ok((None, None)),
    };
    Ok((Some(winner as usize), price.map(|price| price[0])))
}

/// A second-price auction: all learn who won, the winner learns the price.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let (winner, price) = auction(&s, |at| flags.bid.unwrap_or(BIDS[at]), flags.reserve).await?;
    let name = |winner: Option<usize>| winner.map_or("nobody", |at| NAMES[at]).to_owned();
    let mut rows = vec![("the winner", name(winner))];
    rows.extend(price.map(|price| ("pays", format!("{price:.2}"))));
    if flags.bid.is_none() {
        let (winner, clear) = second_price_in_the_clear(&BIDS, flags.reserve);
        rows.push(("the winner, in the clear", name(winner)));
        rows.extend(price.map(|_| ("pays, in the clear", format!("{clear:.2}"))));
    }
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_and_the_price_are_those_in_the_clear() {
        for bids in [BIDS, [150.0, 150.0, 20.0, 30.0], [99.0, 20.0, 40.0, 98.0], [10.0, 20.0, 30.0, 101.0]] {
            let (winner, price) = second_price_in_the_clear(&bids, 100.0);
            let seen = mpc::sim::Sim::new(4).run(async |s: Session| auction(&s, |at| bids[at], 100.0).await);
            for (party, seen) in seen.into_iter().enumerate() {
                let expected = (winner == Some(party)).then_some(price);
                assert_eq!(seen.unwrap(), (winner, expected), "{bids:?}");
            }
        }
    }
}
