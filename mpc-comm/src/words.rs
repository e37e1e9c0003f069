//! A shared, immutable run of 64-bit words.

use std::fmt;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::sync::Arc;

/// An immutable slice of `u64` that is cheap to clone and to cut: clones and sub-slices share one allocation.
///
/// `Debug` prints the length only, since the words may be shares of a secret.
#[derive(Clone)]
pub struct Words {
    data: Arc<Vec<u64>>,
    start: usize,
    end: usize,
}

impl Words {
    /// No words.
    pub fn empty() -> Words {
        Words::from(Vec::new())
    }

    /// The allocation that this slice and others share, and where in it this one lies.
    pub fn allocation(&self) -> (&Arc<Vec<u64>>, Range<usize>) {
        (&self.data, self.start..self.end)
    }

    /// The words of `range`, counted from the start of this slice. Shares the allocation.
    ///
    /// # Panics
    /// When `range` reaches beyond the end, as indexing a slice does. For lengths that come from another party use
    /// [`Body::take`](crate::Body::take), which checks.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Words {
        let from = match range.start_bound() {
            Bound::Included(&at) => at,
            Bound::Excluded(&at) => at.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(&at) => at.saturating_add(1),
            Bound::Excluded(&at) => at,
            Bound::Unbounded => self.len(),
        };
        assert!(from <= to && to <= self.len(), "words {from}..{to} of a slice of {}", self.len());
        Words { data: Arc::clone(&self.data), start: self.start + from, end: self.start + to }
    }

    /// The same memory as bytes, eight per word, in the host's order (which is the wire's: little-endian).
    pub fn as_bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }

    /// The words as a vector: without copying when nobody else holds the allocation and this slice is all of it.
    pub fn into_vec(self) -> Vec<u64> {
        let Words { data, start, end } = self;
        if start == 0 && end == data.len() {
            Arc::try_unwrap(data).unwrap_or_else(|shared| shared.to_vec())
        } else {
            data[start..end].to_vec()
        }
    }
}

impl From<Vec<u64>> for Words {
    fn from(data: Vec<u64>) -> Words {
        let end = data.len();
        Words { data: Arc::new(data), start: 0, end }
    }
}

impl From<Arc<Vec<u64>>> for Words {
    fn from(data: Arc<Vec<u64>>) -> Words {
        let end = data.len();
        Words { data, start: 0, end }
    }
}

impl Deref for Words {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.data[self.start..self.end]
    }
}

impl Default for Words {
    fn default() -> Words {
        Words::empty()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Words) -> bool {
        **self == **other
    }
}

impl Eq for Words {}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} words)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_and_nest() {
        let all = Words::from((0..10).collect::<Vec<u64>>());
        let middle = all.slice(2..8);
        assert_eq!(&middle[..], &[2, 3, 4, 5, 6, 7]);
        assert_eq!(&middle.slice(1..=2)[..], &[3, 4]);
        assert_eq!(middle.slice(6..).len(), 0);
        assert_eq!(middle.as_ptr(), all[2..].as_ptr());
        assert_eq!(middle.into_vec(), [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    #[should_panic(expected = "words 2..5 of a slice of 4")]
    fn a_slice_beyond_the_end_panics_even_inside_the_allocation() {
        Words::from(vec![0; 10]).slice(0..4).slice(2..5);
    }

    #[test]
    fn into_vec_moves_when_unique_and_copies_when_shared() {
        let words = Words::from(vec![1, 2, 3]);
        let address = words.as_ptr();
        let second = words.clone();
        let copied = words.into_vec();
        let moved = second.into_vec();
        assert_ne!(copied.as_ptr(), address);
        assert_eq!(moved.as_ptr(), address);
    }

    #[test]
    fn bytes_are_little_endian_and_debug_hides_values() {
        let words = Words::from(vec![0x0102, 987_654_321]);
        assert_eq!(words.as_bytes()[..2], [2, 1]);
        assert_eq!(words.as_bytes().len(), 16);
        assert_eq!(format!("{words:?}"), "Words(2 words)");
    }
}
