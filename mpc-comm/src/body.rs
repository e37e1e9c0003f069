//! Bodies: putting one together as it arrives, and taking one apart.

use std::collections::VecDeque;

use crate::Words;

/// A received body, read from front to back.
#[derive(Debug, Clone)]
pub struct Body {
    segments: VecDeque<Words>,
    remaining: usize,
}

impl Body {
    /// The body made of these segments, in order.
    pub fn new(segments: Vec<Words>) -> Body {
        let remaining = segments.iter().map(|segment| segment.len()).sum();
        Body { segments: segments.into(), remaining }
    }

    /// Words not yet taken.
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    /// The next `words` words, or `None`, taking nothing, when fewer remain.
    ///
    /// Inside one segment it is a slice; only a piece that spans several is copied.
    pub fn take(&mut self, words: usize) -> Option<Words> {
        if words > self.remaining {
            return None;
        }
        self.remaining -= words;
        while self.segments.front().is_some_and(|segment| segment.is_empty()) {
            self.segments.pop_front();
        }
        match self.segments.front_mut() {
            // A whole segment moves out, so that nobody else holds it and `Words::into_vec` need not copy.
            Some(front) if front.len() == words => self.segments.pop_front(),
            Some(front) if front.len() > words => Some(split(front, words)),
            _ => Some(self.gather(words)),
        }
    }

    fn gather(&mut self, words: usize) -> Words {
        let mut piece = Vec::with_capacity(words);
        while piece.len() < words
            && let Some(front) = self.segments.front_mut()
        {
            let here = front.len().min(words - piece.len());
            piece.extend_from_slice(&split(front, here));
            if front.is_empty() {
                self.segments.pop_front();
            }
        }
        piece.into()
    }
}

/// Cuts the first `words` words off `segment`.
fn split(segment: &mut Words, words: usize) -> Words {
    let piece = segment.slice(..words);
    *segment = segment.slice(words..);
    piece
}

/// A body on its way in. Memory follows what has arrived, not what was announced: it never asks for more than
/// twice what came plus [`Assembly::AHEAD`], so a stranger who announces gigabytes costs us nothing.
///
/// Offer [`space`](Assembly::space) to the reader, report with [`filled`](Assembly::filled), repeat until
/// [`is_complete`](Assembly::is_complete).
#[derive(Debug)]
pub struct Assembly {
    words: Vec<u64>,
    total: usize,
    bytes: usize,
}

impl Assembly {
    /// Bytes that are allocated before anything has arrived, at most.
    pub const AHEAD: usize = 16 << 20;

    /// A body of `bytes` bytes, a multiple of eight (checked when the header was read; a rest is ignored).
    /// `None` when the host cannot address so much.
    pub fn new(bytes: u64) -> Option<Assembly> {
        let total = usize::try_from(bytes / 8).ok().filter(|words| *words <= isize::MAX as usize / 8)?;
        Some(Assembly { words: vec![0; total.min(Assembly::AHEAD / 8)], total, bytes: 0 })
    }

    /// Whether all of it is here.
    pub fn is_complete(&self) -> bool {
        self.bytes == self.total * 8
    }

    /// Room for the next bytes. Empty only when complete.
    pub fn space(&mut self) -> &mut [u8] {
        if self.bytes == self.words.len() * 8 && !self.is_complete() {
            let here = self.words.len();
            let more = here.max(Assembly::AHEAD / 8).min(self.total - here);
            self.words.reserve_exact(more);
            self.words.resize(here + more, 0);
        }
        &mut bytemuck::cast_slice_mut(&mut self.words)[self.bytes..]
    }

    /// Notes that the first `bytes` of [`space`](Assembly::space) have been written.
    pub fn filled(&mut self, bytes: usize) {
        self.bytes = (self.bytes + bytes).min(self.words.len() * 8);
    }

    /// Bytes of memory held now.
    pub fn allocated(&self) -> usize {
        self.words.capacity() * 8
    }

    /// The finished body; `None` while something is missing.
    pub fn finish(self) -> Option<Words> {
        self.is_complete().then(|| self.words.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn takes_give_back_the_words(
            cuts in prop::collection::vec(0..9usize, 0..6),
            takes in prop::collection::vec(0..12usize, 0..12),
        ) {
            let all: Vec<u64> = (0..cuts.iter().sum::<usize>() as u64).collect();
            let whole = Words::from(all.clone());
            let mut at = 0;
            let segments = cuts.iter().map(|n| { at += n; whole.slice(at - n..at) }).collect();
            let mut body = Body::new(segments);
            let mut done = 0;
            for n in takes {
                match body.take(n) {
                    Some(piece) => { prop_assert_eq!(&piece[..], &all[done..done + n]); done += n; }
                    None => prop_assert!(n > all.len() - done),
                }
                prop_assert_eq!(body.remaining(), all.len() - done);
            }
        }

        #[test]
        fn assembly_of_any_reads(words in 0..200usize, reads in prop::collection::vec(1..97usize, 1..20)) {
            let sent: Vec<u64> = (0..words as u64).map(|w| w * 0x0101_0101).collect();
            let bytes: &[u8] = bytemuck::cast_slice(&sent);
            let mut body = Assembly::new(bytes.len() as u64).unwrap();
            let mut at = 0;
            for n in reads.iter().cycle() {
                if body.is_complete() { break; }
                let space = body.space();
                let n = (*n).min(space.len());
                space[..n].copy_from_slice(&bytes[at..at + n]);
                body.filled(n);
                at += n;
            }
            prop_assert_eq!(body.finish().unwrap().into_vec(), sent);
        }
    }

    #[test]
    fn a_take_inside_a_segment_does_not_copy() {
        let words = Words::from(vec![1, 2, 3, 4]);
        let address = words[1..].as_ptr();
        let mut body = Body::new(vec![Words::empty(), words]);
        assert_eq!(body.take(1).unwrap()[..], [1]);
        assert_eq!(body.take(2).unwrap().as_ptr(), address);
        assert_eq!(body.take(2), None);
        assert_eq!(body.remaining(), 1);
        let whole = Words::from(vec![5, 6]);
        let address = whole.as_ptr();
        let taken = Body::new(vec![whole, Words::empty()]).take(2).unwrap().into_vec();
        assert_eq!(taken.as_ptr(), address);
    }

    #[test]
    fn memory_follows_what_arrives() {
        let mut body = Assembly::new(1 << 40).unwrap();
        assert!(body.allocated() <= Assembly::AHEAD);
        let mut arrived = 0;
        while arrived < 200 << 20 {
            let n = body.space().len();
            assert!(body.allocated() <= 2 * arrived + Assembly::AHEAD);
            body.filled(n);
            arrived += n;
        }
        assert!(body.finish().is_none());
        assert!(Assembly::new(u64::MAX).is_none());
    }
}
