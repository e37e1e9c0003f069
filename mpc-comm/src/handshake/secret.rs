//! The secret of a link.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::PartyId;

const DOMAIN: &[u8] = b"mpc-comm link secret 2";

/// Both ends hash the same: who the two are, what each contributed, the lower number first, and a secret of the
/// encrypted connection that carried the contributions, if it is one.
pub(super) fn link_secret(
    ours: (PartyId, &[u8; 32]),
    theirs: (PartyId, &[u8; 32]),
    binding: Option<&[u8; 32]>,
) -> Zeroizing<[u8; 32]> {
    let (low, high) = if ours.0 < theirs.0 { (ours, theirs) } else { (theirs, ours) };
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(low.0.0.to_le_bytes());
    hash.update(high.0.0.to_le_bytes());
    hash.update(low.1);
    hash.update(high.1);
    hash.update([u8::from(binding.is_some())]);
    hash.update(binding.unwrap_or(&[0; 32]));
    Zeroizing::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_matters_to_the_secret_and_both_ends_get_the_same() {
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let (low, high) = (PartyId(0), PartyId::DEALER);
        let secret = |ours, theirs, binding| *link_secret(ours, theirs, binding);
        let base = secret((low, &a), (high, &b), Some(&c));
        assert_eq!(base, secret((high, &b), (low, &a), Some(&c)));
        for other in [
            secret((low, &b), (high, &a), Some(&c)),
            secret((low, &c), (high, &b), Some(&c)),
            secret((low, &a), (high, &c), Some(&c)),
            secret((low, &a), (PartyId(1), &b), Some(&c)),
            secret((low, &a), (high, &b), Some(&a)),
            secret((low, &a), (high, &b), Some(&[0; 32])),
            secret((low, &a), (high, &b), None),
        ] {
            assert_ne!(base, other);
        }
        assert_ne!(secret((low, &a), (high, &b), None), secret((low, &a), (high, &b), Some(&[0; 32])));
    }
}
