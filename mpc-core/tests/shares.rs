//! A party's own shares, out of one session and into another.

mod common;

use common::{ULP, agreed, alice, close};
use mpc_comm::Transcript;
use mpc_core::{OwnShare, Result, Session, sim::Sim};

fn values(i: usize) -> f64 {
    i as f64 - 7.25
}

fn export(parties: usize) -> Vec<Vec<u8>> {
    let seen = Sim::new(parties).run(async |s: Session| {
        let x = alice(&s, [4, 4], values) * 2.0;
        let share = s.export_share(&x).await?;
        assert_eq!((s.traffic().total.sent, format!("{share:?}").as_str()), (0, "OwnShare"));
        Ok(share.as_bytes().to_vec())
    });
    seen.into_iter().map(|share| share.unwrap()).collect()
}

#[test]
fn a_value_goes_on_in_another_session() {
    for parties in [2, 3] {
        let shares = export(parties);
        let z = agreed(Sim::new(parties).run(async |s: Session| {
            let x = s.import_share([4, 4], OwnShare::new(shares[s.runtime().me()].clone()));
            (&x * &x).reveal().await
        }));
        close(z, (0..16).map(|i| (2.0 * values(i)).powi(2)), ULP);
    }
}

/// What a session says of a restored value differs each time, also from what would follow from the shares alone.
#[test]
fn a_restored_value_has_fresh_shares_and_fresh_masks() {
    let shares = export(2);
    let run = || {
        let transcript = Transcript::with_words();
        let out = Sim::new(2).transcript(&transcript).run(async |s: Session| -> Result<_> {
            let x = s.import_share([4, 4], OwnShare::new(shares[s.runtime().me()].clone()));
            let again = s.export_share(&x).await?.as_bytes().to_vec();
            (&x * &x).reveal_to::<common::Alice>().await?;
            Ok(again)
        });
        let shares: Vec<Vec<u8>> = out.into_iter().map(|share| share.unwrap()).collect();
        let words: Vec<u64> = transcript.entries().into_iter().filter_map(|entry| entry.body).flatten().collect();
        assert!(!words.is_empty());
        (shares, words)
    };
    let (first, second) = (run(), run());
    let words =
        |bytes: &[u8]| bytes.chunks_exact(8).map(|x| u64::from_le_bytes(x.try_into().unwrap())).collect::<Vec<_>>();
    for (party, kept) in shares.iter().enumerate() {
        let kept = words(kept);
        for restored in [&first, &second] {
            assert!(words(&restored.0[party]).iter().all(|word| !kept.contains(word)), "shares are made fresh");
            assert!(kept.iter().all(|word| !restored.1.contains(word)), "no share is sent");
        }
        assert!(words(&first.0[party]).iter().zip(words(&second.0[party])).all(|(a, b)| *a != b));
    }
}

#[test]
fn a_share_of_another_length_is_a_mistake() {
    for error in Sim::new(2).run(async |s: Session| s.import_share([3], OwnShare::new(vec![0; 16])).reveal().await) {
        let text = error.unwrap_err().to_string();
        assert!(text.contains("a share of 24 bytes, not 16"), "{text}");
    }
}
