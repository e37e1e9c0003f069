//! What the frames of rounds and of the dealer say about their words.

use super::{Digest, Route, Tag};
use crate::{
    error::{Error, Result},
    preprocessing::parse_corrections,
    rand::Address,
};
use mpc_comm::{Frame, Kind, Words};

/// Everything that the parties must agree on before they read each other's words.
pub(super) fn digest<'a>(schedule: u64, queued: impl Iterator<Item = (&'a Tag, Route, usize)>) -> u64 {
    let mut digest = Digest::default();
    digest.number(schedule);
    for (tag, route, words) in queued {
        let route = match route {
            Route::All => 0,
            Route::To(party) => 1 + 2 * party as u64,
            Route::From(party) => 2 + 2 * party as u64,
        };
        [tag.at.op, tag.at.stream(), u64::from(tag.piece), route, words as u64]
            .into_iter()
            .for_each(|word| digest.number(word));
    }
    digest.value()
}

/// Whether a correction has the length that is needed.
pub(super) fn fitting(at: Address, found: &Words, needed: usize) -> Result<()> {
    if found.len() == needed {
        return Ok(());
    }
    Err(Error::Preprocessing(format!("{} words at {at:?} where {needed} were needed", found.len())))
}

/// The batches that a round's frame starts with.
pub(super) fn batches_of(frame: &Frame) -> Option<&[u64]> {
    let first = frame.body.first().filter(|_| frame.kind == Kind::Round)?;
    let count = usize::try_from(*first.first()?).ok()?;
    first.get(1..)?.get(..count)
}

/// A dealer's frame: how many corrections, (op, part and purpose, length) for each, then their words.
pub(crate) fn parse_dealt(frame: Frame) -> Result<Vec<(Address, Words)>> {
    if frame.kind != Kind::Dealt {
        return Err(Error::Preprocessing(format!("the dealer sent a frame of kind {:?}", frame.kind)));
    }
    let mut body = frame.into_body();
    parse_corrections(&mut body).ok_or_else(|| Error::Preprocessing("the dealer sent a malformed frame".into()))
}
