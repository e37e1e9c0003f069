//! Arrays in host memory. Clones and slices share one allocation. What follows from a rule (a constant, random values) is
//! made piece by piece by the kernel that reads it, and lies in memory only if a kernel needs it as a whole.

use super::parts;
use crate::{
    backend::Payload,
    level::Level,
    rand::{Address, Seed},
    ring::Ring,
};
use mpc_comm::Words;
use std::{
    any::{Any, TypeId},
    fmt,
    ops::{Deref, Range},
    sync::{Arc, OnceLock, Weak},
};

/// A shared, immutable array.
pub struct CpuArray<R>(Source<R>);

enum Source<R> {
    /// A part of what is in memory.
    Stored(Arc<Vec<R>>, Range<usize>),
    /// What came from the wire: for elements of 64 bits only.
    Wire(Words),
    Ruled(Arc<Ruled<R>>),
}

/// An array that follows from a rule.
pub(super) struct Ruled<R> {
    rule: Rule<R>,
    len: usize,
    /// Its elements, once somebody has needed them all.
    stored: OnceLock<Vec<R>>,
}

#[derive(Clone)]
enum Rule<R> {
    /// The same everywhere.
    Constant(R),
    /// Elements from `start` on of the values at an address under some seeds, at least one, added up.
    Random { level: Level, seeds: Arc<[Seed]>, at: Address, start: usize, how: Add },
}

/// How the values under several seeds are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Add {
    /// In the ring.
    Sum,
    /// Bit by bit.
    Xor,
}

impl<R: Ring> Ruled<R> {
    /// Elements from `from` on, on this thread.
    fn write(&self, from: usize, out: &mut [R]) {
        match &self.rule {
            Rule::Constant(value) => out.fill(*value),
            Rule::Random { level, seeds, at, start, how } => {
                let Some((first, others)) = seeds.split_first() else { return out.fill(R::ZERO) };
                first.elements(*level, *at, start + from, out);
                let mut room = vec![R::ZERO; if others.is_empty() { 0 } else { out.len() }];
                for seed in others {
                    seed.elements(*level, *at, start + from, &mut room);
                    let pairs = out.iter_mut().zip(&room);
                    match how {
                        Add::Sum => pairs.for_each(|(x, &r)| *x = R::add(*x, r)),
                        Add::Xor => pairs.for_each(|(x, &r)| *x = R::xor(*x, r)),
                    }
                }
            }
        }
    }

    fn made(&self) -> Vec<R> {
        match &self.rule {
            Rule::Constant(value) => vec![*value; self.len],
            Rule::Random { .. } => parts::build(self.len, || |from, piece: &mut [R]| self.write(from, piece)),
        }
    }

    fn slice(&self, range: Range<usize>) -> CpuArray<R> {
        let rule = match self.rule.clone() {
            Rule::Random { level, seeds, at, start, how } => {
                Rule::Random { level, seeds, at, start: start + range.start, how }
            }
            constant @ Rule::Constant(_) => constant,
        };
        CpuArray::ruled(range.len(), rule)
    }
}

impl<R: Ring> CpuArray<R> {
    /// The same value everywhere.
    pub(super) fn constant(len: usize, value: R) -> Self {
        Self::ruled(len, Rule::Constant(value))
    }

    /// Elements `range` of the pseudo-random value at an address.
    pub(super) fn random(level: Level, seed: &Seed, at: Address, range: Range<usize>) -> Self {
        Self::total(level, [seed.clone()].into(), at, range, Add::Sum)
    }

    /// The same under several seeds, at least one, added up.
    pub(crate) fn total(level: Level, seeds: Arc<[Seed]>, at: Address, range: Range<usize>, how: Add) -> Self {
        Self::ruled(range.len(), Rule::Random { level, seeds, at, start: range.start, how })
    }

    fn ruled(len: usize, rule: Rule<R>) -> Self {
        Self(Source::Ruled(Arc::new(Ruled { rule, len, stored: OnceLock::new() })))
    }

    /// What came from the wire, without a copy where elements are words.
    pub(super) fn from_wire(words: &Words, len: usize) -> Option<Self> {
        if words.len() == len && TypeId::of::<R>() == TypeId::of::<u64>() {
            return Some(Self(Source::Wire(words.clone())));
        }
        R::from_words(words, len).map(|elements| elements.into_owned().into())
    }

    /// The array of a payload, whose length has been checked. Payloads of other backends never reach this one.
    pub(super) fn received(payload: &Payload, len: usize) -> Self {
        let found = match payload {
            Payload::Words(words) => Self::from_wire(words, len),
            Payload::Meta(_) | Payload::Later(_) => None,
        };
        found.unwrap_or_else(|| Self::constant(len, R::ZERO))
    }

    /// The wire form, without a copy where elements are words.
    pub(crate) fn to_wire(&self) -> Words {
        match &self.0 {
            Source::Wire(words) => words.clone(),
            Source::Stored(data, range) if range.len() == data.len() => R::to_words(data),
            Source::Stored(data, range) if TypeId::of::<R>() == TypeId::of::<u64>() => {
                R::to_words(data).slice(range.clone())
            }
            Source::Stored(..) | Source::Ruled(_) => R::to_words(&Arc::new(self.to_vec())),
        }
    }

    /// Elements `range`, in the same memory.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.count(), "a slice of what is there");
        Self(match &self.0 {
            Source::Stored(data, own) => Source::Stored(data.clone(), own.start + range.start..own.start + range.end),
            Source::Wire(words) => Source::Wire(words.slice(range)),
            Source::Ruled(ruled) => return ruled.slice(range),
        })
    }

    /// Elements `range`. They lie in the same memory if they are much of it: whoever keeps them keeps all of it.
    pub(super) fn run(&self, range: Range<usize>) -> Self {
        match &self.0 {
            Source::Stored(data, own) if 4 * range.len() < data.len() => {
                data[own.start + range.start..own.start + range.end].to_vec().into()
            }
            Source::Wire(words) if 4 * range.len() < words.len() => Self(Source::Wire(words[range].to_vec().into())),
            _ => self.slice(range),
        }
    }

    /// What it is, unless it is constant.
    pub(super) fn identity(&self) -> Option<Identity> {
        Some(match &self.0 {
            Source::Stored(data, range) => {
                let memory: Arc<dyn Any + Send + Sync> = data.clone();
                Identity::Stored(Arc::downgrade(&memory), range.clone())
            }
            Source::Wire(words) => {
                let (data, range) = words.allocation();
                let memory: Arc<dyn Any + Send + Sync> = data.clone();
                Identity::Stored(Arc::downgrade(&memory), range)
            }
            Source::Ruled(ruled) => match &ruled.rule {
                Rule::Constant(_) => return None,
                Rule::Random { seeds, at, start, how, .. } => {
                    let range = *start..start + ruled.len;
                    Identity::Random { seeds: seeds.clone(), at: *at, range, how: *how }
                }
            },
        })
    }

    /// How many elements.
    pub(super) fn count(&self) -> usize {
        self.0.count()
    }

    /// Whether it is known to be zero everywhere, without looking.
    pub(super) fn is_zero(&self) -> bool {
        matches!(&self.0, Source::Ruled(ruled) if matches!(ruled.rule, Rule::Constant(value) if value == R::ZERO))
    }

    /// The elements, for a kernel that reads them piece by piece.
    pub(super) fn operand(&self) -> Operand<'_, R> {
        match &self.0 {
            Source::Ruled(ruled) if ruled.stored.get().is_none() => Operand::Ruled(ruled),
            _ => Operand::Stored(self),
        }
    }

    /// The elements as a vector.
    pub(super) fn to_vec(&self) -> Vec<R> {
        match self.operand() {
            Operand::Stored(data) => data.to_vec(),
            Operand::Ruled(ruled) => ruled.made(),
        }
    }
}

/// What an array is, for whoever keeps something that was made of it.
#[derive(Clone)]
pub(super) enum Identity {
    /// A part of this memory, which may be gone; no other memory is taken for it as long as this is here.
    Stored(Weak<dyn Any + Send + Sync>, Range<usize>),
    /// Random values under these seeds.
    Random { seeds: Arc<[Seed]>, at: Address, range: Range<usize>, how: Add },
}

impl Identity {
    /// Whether its memory is gone.
    pub(super) fn gone(&self) -> bool {
        matches!(self, Self::Stored(memory, _) if memory.strong_count() == 0)
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stored(a, part), Self::Stored(b, other)) => part == other && a.ptr_eq(b),
            (
                Self::Random { seeds, at, range, how },
                Self::Random { seeds: b, at: b_at, range: b_range, how: b_how },
            ) => {
                let same = (at, range, how) == (b_at, b_range, b_how) && seeds.len() == b.len();
                same && seeds.iter().zip(&**b).all(|(a, b)| a.is(b))
            }
            _ => false,
        }
    }
}

impl<R> Source<R> {
    fn count(&self) -> usize {
        match self {
            Self::Stored(_, range) => range.len(),
            Self::Wire(words) => words.len(),
            Self::Ruled(ruled) => ruled.len,
        }
    }
}

impl<R> Clone for CpuArray<R> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Source::Stored(data, range) => Source::Stored(data.clone(), range.clone()),
            Source::Wire(words) => Source::Wire(words.clone()),
            Source::Ruled(ruled) => Source::Ruled(ruled.clone()),
        })
    }
}

impl<R> From<Vec<R>> for CpuArray<R> {
    fn from(data: Vec<R>) -> Self {
        let range = 0..data.len();
        Self(Source::Stored(Arc::new(data), range))
    }
}

impl<R: Ring> Deref for CpuArray<R> {
    type Target = [R];

    /// All elements: puts them into memory.
    fn deref(&self) -> &[R] {
        match &self.0 {
            Source::Stored(data, range) => &data[range.clone()],
            Source::Wire(words) => bytemuck::cast_slice(words),
            Source::Ruled(ruled) => ruled.stored.get_or_init(|| ruled.made()),
        }
    }
}

impl<R> fmt::Debug for CpuArray<R> {
    /// The length only: an array may be a share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuArray({})", self.0.count())
    }
}

/// Elements that a kernel reads piece by piece.
pub(super) enum Operand<'a, R> {
    /// They are in memory.
    Stored(&'a [R]),
    /// They are made where they are read.
    Ruled(&'a Ruled<R>),
}

impl<R> Clone for Operand<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Operand<'_, R> {}

impl<'a, R: Ring> Operand<'a, R> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Stored(data) => data.len(),
            Self::Ruled(ruled) => ruled.len,
        }
    }

    /// Elements `range`, made in `room` if they are not in memory.
    pub(super) fn part<'s>(self, range: Range<usize>, room: &'s mut Vec<R>) -> &'s [R]
    where
        'a: 's,
    {
        match self {
            Self::Stored(data) => &data[range],
            Self::Ruled(ruled) => {
                room.resize(range.len(), R::ZERO);
                ruled.write(range.start, room);
                room
            }
        }
    }
}

impl<'a, R: Ring> From<&'a CpuArray<R>> for Operand<'a, R> {
    fn from(array: &'a CpuArray<R>) -> Self {
        array.operand()
    }
}

impl<'a, R> From<&'a [R]> for Operand<'a, R> {
    fn from(data: &'a [R]) -> Self {
        Self::Stored(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rand::{Prg, Purpose};

    const AT: Address = Address { op: 7, part: 1, purpose: Purpose::Mask };

    /// However it came about, an array, its parts, its wire form and its slices have the same elements.
    #[test]
    fn every_source_reads_alike() {
        let seed = Seed::new(Prg::default(), &[3; 32]);
        let random = || CpuArray::<u64>::random(Level::best(), &seed, AT, 5..1005);
        let all = random().to_vec();
        let words = Words::from(all.clone());
        let sources =
            [all.clone().into(), CpuArray::from_wire(&words, 1000).unwrap(), random(), random().slice(0..1000)];
        for array in &sources {
            let mut room = Vec::new();
            assert_eq!((array.count(), array.operand().part(70..301, &mut room)), (1000, &all[70..301]));
            assert_eq!(array.slice(70..301).slice(3..9).to_vec(), all[73..79]);
            assert_eq!(array.slice(70..301).to_wire()[..], all[70..301]);
            assert_eq!(array.to_wire()[..], all);
            assert_eq!(array[..], all);
            assert_eq!(array.operand().part(1..3, &mut room), &all[1..3]); // now it is in memory
            assert_eq!(array.to_vec(), all);
        }
        let seeds: Arc<[Seed]> = [seed.clone(), Seed::new(Prg::Aes256Ctr, &[4; 32])].into();
        let [first, second] = [0, 1].map(|i| CpuArray::<u64>::random(Level::best(), &seeds[i], AT, 5..1005).to_vec());
        for (how, f) in [(Add::Sum, u64::wrapping_add as fn(u64, u64) -> u64), (Add::Xor, |a, b| a ^ b)] {
            let expected: Vec<u64> = first.iter().zip(&second).map(|(&a, &b)| f(a, b)).collect();
            let total = CpuArray::<u64>::total(Level::best(), seeds.clone(), AT, 5..1005, how);
            assert_eq!((total.slice(70..301).to_vec(), total.to_vec()), (expected[70..301].to_vec(), expected));
        }
        let (zeros, ones) = (CpuArray::<u32>::constant(9, 0), CpuArray::<u32>::constant(9, 1));
        assert!(zeros.is_zero() && zeros.slice(1..3).is_zero() && !ones.is_zero());
        assert_eq!(ones.slice(2..5)[..], [1; 3]);
        assert_eq!(CpuArray::<u32>::from_wire(&ones.to_wire(), 9).unwrap()[..], [1; 9]);
        assert!(CpuArray::<u64>::from_wire(&words, 1001).is_none());
    }

    /// What goes to the wire and comes from it is not copied, and neither are slices.
    #[test]
    fn words_are_not_copied() {
        let array: CpuArray<u64> = vec![1, 2, 3, 4].into();
        let sent = array.slice(1..4).to_wire();
        let received = CpuArray::<u64>::from_wire(&sent, 3).unwrap();
        assert_eq!((sent.as_ptr(), received.as_ptr()), (array[1..].as_ptr(), array[1..].as_ptr()));
    }
}
