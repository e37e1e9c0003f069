//! Correlated randomness: what parties ask the dealer for, and how the answers travel.
//!
//! A request names values by address and never carries data. Parties send it ahead of the rounds that need it; the
//! answer is a stream of corrections (docs/protocol.md section 1). A [`Package`] holds answers that were given ahead.

mod package;
mod plan;
mod sealed;

pub use package::Package;
pub(crate) use package::{Header, Place};
pub use plan::Plan;

use crate::{
    backend::{
        conjunction,
        exponential::Window,
        tree::{self, ForestShape},
    },
    bilinear::Bilinear,
    error::{Error, Result},
    rand::{Address, Purpose},
    shape::View,
};
use mpc_comm::{Body, Words};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The most elements that one request may speak of: more is a mistake, or an attack on the dealer's memory.
const MAX_ELEMENTS: usize = 1 << 32;

/// The mask of a wire: the random value at (`op`, `part`), seen through views.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mask {
    /// The op that made the wire.
    pub op: u64,
    /// Which of its steps.
    pub part: u8,
    /// Elements before the views.
    pub len: usize,
    /// The party who alone knows it, if the wire's value is that party's own: the others' shares of it are zero.
    pub owner: Option<u16>,
    /// Applied in order.
    pub views: Vec<View>,
}

impl Mask {
    /// The mask of a new wire.
    pub fn fresh(op: u64, part: u8, len: usize) -> Self {
        Self { op, part, len, owner: None, views: Vec::new() }
    }

    /// The mask of a new wire whose value `owner` knows.
    pub fn owned(op: u64, part: u8, len: usize, owner: usize) -> Self {
        Self { owner: u16::try_from(owner).ok(), ..Self::fresh(op, part, len) }
    }

    /// The mask of a view of the wire.
    pub fn view(&self, view: &View) -> Self {
        let mut mask = self.clone();
        mask.views.push(view.clone());
        mask
    }

    /// Elements after the views.
    pub fn out_len(&self) -> usize {
        self.views.last().map_or(self.len, View::len)
    }

    /// Which elements of the value before the views are needed, and the views of them that are left: a part of a large
    /// value, such as a batch of a data set, is made without the rest.
    pub fn needed(&self) -> (Range<usize>, &[View]) {
        let (mut range, mut views) = (0..self.len, &self.views[..]);
        while let Some((part, rest)) = views.split_first().and_then(|(first, rest)| Some((first.contiguous()?, rest))) {
            (range, views) = (range.start + part.start..range.start + part.end, rest);
        }
        (range, views)
    }

    /// Where the mask before the views is addressed.
    pub fn address(&self) -> Address {
        Address { op: self.op, part: self.part, purpose: Purpose::Mask }
    }
}

/// One thing that a step needs from the dealer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The op.
    pub op: u64,
    /// Its step; a need for several values uses the following numbers too.
    pub part: u8,
    /// What.
    pub kind: NeedKind,
}

/// Kinds of correlated randomness, and what each costs to one party. `E` is the size of a ring element in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NeedKind {
    /// Shares of `map(mask a, mask b)`: E an element of the result.
    Product {
        /// The map.
        map: Bilinear,
        /// The first wire's mask.
        a: Mask,
        /// The second wire's mask.
        b: Mask,
    },
    /// Shares of the products of two parties' mask bits: E an element.
    TruncateByBit {
        /// Elements.
        len: usize,
    },
    /// Shares of the high part and the top bit of a mask: 2 E an element.
    TruncateOpened {
        /// Elements.
        len: usize,
        /// Bits dropped.
        bits: u32,
    },
    /// The same for the mask of an open wire: 2 E an element.
    TruncateMasked {
        /// The mask.
        mask: Mask,
        /// Bits dropped.
        bits: u32,
    },
    /// A mask bit as a number, and its products with the high part and the top bit of the mask of an open wire: 3 E.
    ChoiceTruncated {
        /// The mask.
        mask: Mask,
        /// Bits dropped.
        bits: u32,
    },
    /// Nibble tables of a mask (4 E an element), and for each threshold the monomials of a tree (12 bytes an element for
    /// 64-bit rings).
    Compare {
        /// The mask of what is compared.
        mask: Mask,
        /// How many thresholds.
        thresholds: u8,
    },
    /// Nibble tables of a mask (4 E an element), and the monomials of comparisons that share nodes.
    CompareTogether {
        /// The mask of what is compared.
        mask: Mask,
        /// How many nodes there are.
        forest: ForestShape,
    },
    /// A mask bit as a number (E an element), and its product with each wire's mask (E an element).
    Choice {
        /// Elements.
        len: usize,
        /// The masks of the wires that the bit multiplies.
        wires: Vec<Mask>,
    },
    /// 1 - 2 b for a mask bit b, that times each of some other mask bits, and all of these times the mask of a wire: 2 E an element for
    /// each bit and for b.
    SignedChoice {
        /// How many other mask bits.
        bits: u8,
        /// The mask of the wire.
        wire: Mask,
    },
    /// One-hot tables of all nibbles of a mask: 4 E an element.
    Equal {
        /// The mask of what is compared with zero.
        mask: Mask,
    },
    /// Products of the mask bits of groups of factors: 2^k - k - 1 bits an element for a group of k.
    Conjunction {
        /// Elements.
        len: usize,
        /// Factors of each group, 1 to 4.
        groups: Vec<u8>,
    },
    /// Cosines and sines of multiples of a mask: 2 E an element and harmonic.
    Waves {
        /// The mask.
        mask: Mask,
        /// log2 of the period in units of the value.
        period_log2: u32,
        /// How many multiples.
        harmonics: u16,
    },
    /// The exponential of a negative mask, in one of two places: 32 bytes an element.
    Decays {
        /// The mask.
        mask: Mask,
        /// log2 of the window in units of the last place.
        window: u32,
        /// Fractional bits of the value.
        from: u32,
    },
}

impl Need {
    /// Elements that a dealer makes to answer it, masks included: what its memory must hold at one time.
    pub(crate) fn elements(&self, ring_bits: u32) -> u64 {
        let (made, dealt) = (|mask: &Mask| mask.needed().0.len() as u64, |len: usize| len as u64);
        match &self.kind {
            NeedKind::Product { map, a, b } => {
                let out = map.lens().map_or(0, |(.., out)| dealt(out));
                made(a) + made(b) + out
            }
            NeedKind::TruncateByBit { len } => 2 * dealt(*len),
            NeedKind::TruncateOpened { len, .. } => 3 * dealt(*len),
            NeedKind::TruncateMasked { mask, .. } => made(mask) + 2 * dealt(mask.out_len()),
            NeedKind::ChoiceTruncated { mask, .. } => made(mask) + 5 * dealt(mask.out_len()),
            NeedKind::Compare { mask, thresholds } => {
                let tables = dealt(tree::table_words(ring_bits)) + 4 * u64::from(*thresholds);
                made(mask) + tables * dealt(mask.out_len())
            }
            NeedKind::CompareTogether { mask, forest } => {
                let (opened, monomials) = tree::bits_of(&forest.levels(ring_bits));
                let bits = dealt(opened + 2 * monomials) * dealt(tree::plane(mask.out_len()));
                made(mask) + dealt(tree::table_words(ring_bits)) * dealt(mask.out_len()) + bits
            }
            NeedKind::Choice { len, wires } => 2 * dealt(*len) + wires.iter().map(|mask| 2 * made(mask)).sum::<u64>(),
            NeedKind::SignedChoice { bits, wire } => {
                made(wire) + dealt(2 * usize::from(*bits) + 6) * dealt(wire.out_len())
            }
            NeedKind::Equal { mask } => made(mask) + dealt(tree::table_words(ring_bits)) * dealt(mask.out_len()),
            NeedKind::Conjunction { len, groups } => {
                let bits: u64 = groups.iter().map(|&factors| u64::from(factors) + (1 << factors)).sum();
                bits * dealt(tree::plane(*len))
            }
            NeedKind::Waves { mask, harmonics, .. } => made(mask) + 4 * u64::from(*harmonics) * dealt(mask.out_len()),
            // Two of 128 bits, and as much to hide them.
            NeedKind::Decays { mask, .. } => made(mask) + 8 * dealt(mask.out_len()),
        }
    }

    /// Whether the sizes are consistent and bounded, and the owners are parties: requests come from another machine.
    ///
    /// # Errors
    /// [`Error::Preprocessing`] that names what is wrong.
    pub fn check(&self, parties: usize) -> Result<()> {
        let fail = |what: &str| Err(Error::Preprocessing(format!("request of op {}: {what}", self.op)));
        if self.op >= 1 << 48 {
            return fail("an op number above 2^48");
        }
        // A need for several values uses the numbers after its own.
        let parts = match &self.kind {
            NeedKind::Compare { thresholds, .. } => usize::from(*thresholds),
            NeedKind::Choice { wires, .. } => wires.len(),
            NeedKind::SignedChoice { bits, .. } => 1 + usize::from(*bits),
            _ => 1,
        };
        if usize::from(self.part) + parts > usize::from(u8::MAX) {
            return fail("a step number above 255");
        }
        let bounded = |len: Option<usize>| len.is_some_and(|len| len <= MAX_ELEMENTS);
        let mask = |mask: &Mask| {
            let mut len = mask.len;
            mask.op < 1 << 48
                && mask.owner.is_none_or(|owner| usize::from(owner) < parties)
                && bounded(Some(len))
                && mask.views.iter().all(|view| {
                    let size = view.axes.iter().try_fold(1usize, |n, axis| n.checked_mul(axis.size));
                    let inside = bounded(size) && view.extent().is_some_and(|extent| extent <= len);
                    len = size.unwrap_or(0);
                    inside
                })
        };
        let sound = match &self.kind {
            NeedKind::Product { map, a, b } => {
                mask(a)
                    && mask(b)
                    && map.lens().is_some_and(|(left, right, out)| {
                        (left, right) == (a.out_len(), b.out_len()) && bounded(Some(out))
                    })
            }
            NeedKind::TruncateByBit { len } => bounded(Some(*len)),
            NeedKind::TruncateOpened { len, bits } => bounded(Some(*len)) && *bits < 128,
            NeedKind::Compare { mask: m, thresholds } => mask(m) && *thresholds <= 64,
            NeedKind::CompareTogether { mask: m, forest } => mask(m) && forest.is_sound(),
            NeedKind::Choice { len, wires } => {
                bounded(Some(*len))
                    && wires.len() <= 64
                    && wires.iter().all(|wire| mask(wire) && wire.out_len() == *len)
            }
            NeedKind::SignedChoice { bits, wire } => *bits <= 64 && mask(wire),
            NeedKind::TruncateMasked { mask: m, bits } | NeedKind::ChoiceTruncated { mask: m, bits } => {
                mask(m) && *bits < 128
            }
            NeedKind::Equal { mask: m } => mask(m),
            NeedKind::Conjunction { len, groups } => {
                bounded(len.checked_mul(groups.len()))
                    && groups.iter().all(|&factors| (1..=conjunction::MOST).contains(&usize::from(factors)))
            }
            NeedKind::Waves { mask: m, period_log2, harmonics } => {
                mask(m)
                    && *period_log2 <= 52
                    && *harmonics <= 256
                    && bounded(m.out_len().checked_mul(2 * usize::from(*harmonics)))
            }
            NeedKind::Decays { mask: m, window, from } => {
                mask(m) && Window { log2: *window, from: *from }.is_sound(64) && bounded(m.out_len().checked_mul(2))
            }
        };
        if sound {
            Ok(())
        } else {
            fail("sizes that do not fit together or are too large, or an owner who is no party")
        }
    }
}

/// Requests as a frame's body: their length in bytes, then the bytes.
pub(crate) fn encode_needs(needs: &[Need]) -> Result<Words> {
    let bytes = postcard::to_allocvec(needs).map_err(|error| Error::Preprocessing(error.to_string()))?;
    let mut words = vec![0u64; 1 + bytes.len().div_ceil(8)];
    words[0] = bytes.len() as u64;
    bytemuck::cast_slice_mut::<u64, u8>(&mut words[1..])[..bytes.len()].copy_from_slice(&bytes);
    Ok(words.into())
}

/// The inverse of [`encode_needs`], checked.
pub(crate) fn parse_needs(mut body: Body, parties: usize) -> Result<Vec<Need>> {
    let malformed = || Error::Preprocessing("a malformed request".into());
    let length = body.take(1).ok_or_else(malformed)?[0];
    let words = body.take(body.remaining()).ok_or_else(malformed)?;
    let bytes = usize::try_from(length).ok().and_then(|length| words.as_bytes().get(..length)).ok_or_else(malformed)?;
    let needs: Vec<Need> = postcard::from_bytes(bytes).map_err(|_| malformed())?;
    needs.iter().try_for_each(|need| need.check(parties))?;
    Ok(needs)
}

/// Corrections as a frame's body: how many, then op, part and purpose, and length of each, then their words.
pub(crate) fn encode_corrections(corrections: Vec<(Address, Words)>) -> Vec<Words> {
    let mut index = vec![corrections.len() as u64];
    for (at, words) in &corrections {
        index.extend([at.op, u64::from(at.part) << 8 | at.purpose as u64, words.len() as u64]);
    }
    std::iter::once(index.into()).chain(corrections.into_iter().map(|(_, words)| words)).collect()
}

/// The inverse of [`encode_corrections`].
pub(crate) fn parse_corrections(body: &mut Body) -> Option<Vec<(Address, Words)>> {
    let count = usize::try_from(body.take(1)?[0]).ok()?;
    let index = body.take(count.checked_mul(3)?)?;
    let corrections: Option<Vec<_>> = index
        .chunks_exact(3)
        .map(|entry| {
            let purpose = purpose((entry[1] & 0xFF) as u8)?;
            let at = Address { op: entry[0], part: u8::try_from(entry[1] >> 8).ok()?, purpose };
            Some((at, body.take(usize::try_from(entry[2]).ok()?)?))
        })
        .collect();
    corrections.filter(|_| body.remaining() == 0)
}

fn purpose(number: u8) -> Option<Purpose> {
    use Purpose::*;
    [
        Product,
        ShiftHigh,
        ShiftSign,
        WrapProduct,
        Tables,
        Monomials,
        ChoiceNumber,
        ChoiceProduct,
        Waves,
        FactorProducts,
        ChoiceSign,
        Decays,
    ]
    .into_iter()
    .find(|&purpose| purpose as u8 == number)
}

#[cfg(test)]
mod tests;
