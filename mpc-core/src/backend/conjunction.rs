//! Products of up to four shared bits in one round (multi-fan-in AND): index arithmetic shared by the parties' kernel and
//! the dealer. Each factor is opened once under a mask bit; the dealer shares the products of the masks.
//!
//! A group of k factors opens k bits and is dealt 2^k - k - 1.

/// The most factors of a group.
pub const MOST: usize = 4;

/// The sets of masks (bit i is factor i) whose products the dealer shares, in order: those with two or more members.
pub fn monomial_sets(factors: usize) -> impl Iterator<Item = usize> {
    (1..1usize << factors).filter(|set| set.count_ones() >= 2)
}

/// Bits dealt for groups of so many factors.
pub fn monomials(groups: &[usize]) -> usize {
    groups.iter().map(|&factors| monomial_sets(factors).count()).sum()
}

/// How a conjunction of `count` bits is split into groups of at most [`MOST`], as evenly as can be.
pub fn groups(count: usize) -> Vec<usize> {
    let parts = count.div_ceil(MOST).max(1);
    (0..parts).map(|part| count / parts + usize::from(part < count % parts)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_even() {
        assert_eq!((groups(16), groups(5), groups(4), groups(1)), (vec![4; 4], vec![3, 2], vec![4], vec![1]));
        assert_eq!((monomials(&[4, 4]), monomials(&[2, 1])), (22, 1));
    }
}
