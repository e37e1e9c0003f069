//! How the servers decide together what runs next: by public words of the session itself, so that all record the same
//! program.

use crate::{
    error::{Error, Result},
    exec::Digest,
    session::{OwnShare, Session},
};
use mpc_comm::gateway::{Held, RequestId};
use std::fmt::Write;

/// A word of an announcement is below this: it is read as a number, which has 53 bits.
const WORD: u32 = 48;
/// What server 0 says instead of a count when all stop.
const STOP: u64 = (1 << WORD) - 1;

/// What server 0 proposes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proposal {
    /// These requests; perhaps none.
    Run(Vec<RequestId>),
    /// The end.
    Stop,
}

/// What comes of a proposed request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All hold it alike.
    Run,
    /// Somebody lacks it.
    Later,
    /// All hold it, and not alike.
    Differs,
}

/// Every server tells all others some public words: server `p` tells `sizes[p]` of them. 1 round, 8 B a word from each
/// server to each.
///
/// A share that is the word at one server and zero at the others is a sharing of it; `import_share` makes it fresh.
async fn tell(s: &Session, sizes: &[usize], own: &[u64]) -> Result<Vec<Vec<u64>>> {
    let (me, total) = (s.runtime().me(), sizes.iter().sum::<usize>());
    let before: usize = sizes[..me].iter().sum();
    let words = (0..total).map(|at| at.checked_sub(before).and_then(|at| own.get(at)).copied().unwrap_or(0));
    let share = OwnShare::new(words.flat_map(u64::to_le_bytes).collect());
    let told = s.import_share([total], share).reveal().await?;
    let scale = 2f64.powi(s.runtime().engine().fixed().bits() as i32);
    let mut told = told.iter().map(|x| (x * scale) as u64);
    Ok(sizes.iter().map(|&size| told.by_ref().take(size).collect()).collect())
}

/// Every server may tell all others some public bytes, such as the structure of its model: what each told, in the order of
/// the servers; nothing where one tells nothing. 2 rounds, 4/3 B a byte from each server to each. Goes into the ledger.
///
/// # Errors
/// Whatever stopped the session.
pub async fn announce(s: &Session, own: Option<&[u8]>) -> Result<Vec<Option<Vec<u8>>>> {
    let _scope = s.scope("announce");
    let sizes = tell(s, &vec![1; s.names().len()], &[own.map_or(0, |own| 1 + own.len() as u64)]).await?;
    let sizes: Vec<usize> = sizes.into_iter().map(|size| size[0] as usize).collect();
    let words: Vec<u64> = own.unwrap_or_default().chunks(6).map(word).collect();
    let counts: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(1).div_ceil(6)).collect();
    let told = tell(s, &counts, &words).await?;
    let bytes = |(words, size): (Vec<u64>, usize)| {
        let bytes = words.into_iter().flat_map(|word| word.to_le_bytes().into_iter().take(6));
        Some(bytes.take(size.checked_sub(1)?).collect())
    };
    Ok(told.into_iter().zip(sizes).map(bytes).collect())
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The next proposal. `own` is server 0's; of the others only counts whether they want to stop.
pub(super) async fn propose(s: &Session, most: usize, own: &Proposal) -> Result<Proposal> {
    let mut sizes = vec![1; s.names().len()];
    sizes[0] = 1 + 2 * most;
    let mut words = match own {
        Proposal::Stop => vec![STOP],
        Proposal::Run(ids) => vec![ids.len() as u64],
    };
    if let Proposal::Run(ids) = own {
        words.extend(ids.iter().flat_map(|id| id.halves()));
    }
    words.resize(sizes[s.runtime().me()], 0);
    let told = tell(s, &sizes, &words).await?;
    let count = told[0][0];
    if told.iter().any(|words| words[0] == STOP) {
        return Ok(Proposal::Stop);
    }
    let ids = told[0][1..].chunks_exact(2).take(count as usize);
    let ids: Option<Vec<_>> = ids.map(|halves| RequestId::of_halves([halves[0], halves[1]])).collect();
    let ids = ids.filter(|ids| ids.len() as u64 == count);
    ids.map(Proposal::Run).ok_or_else(|| Error::program("the first server proposed what is no list of requests"))
}

/// What comes of each proposed request, given what this server holds.
pub(super) async fn decide(s: &Session, held: &[Option<Held>]) -> Result<Vec<Verdict>> {
    let own: Vec<u64> = held.iter().flat_map(|held| held.as_ref().map_or([0; 2], summary)).collect();
    let told = tell(s, &vec![own.len(); s.names().len()], &own).await?;
    let verdict = |at: usize| {
        let of = |words: &Vec<u64>| [words[2 * at], words[2 * at + 1]];
        match told.iter().map(of).any(|[rows, _]| rows == 0) {
            true => Verdict::Later,
            false if told.iter().all(|words| of(words) == of(&told[0])) => Verdict::Run,
            false => Verdict::Differs,
        }
    };
    Ok((0..held.len()).map(verdict).collect())
}

/// The rows, and a digest of who asks and who receives. It detects what guests get wrong; names are the roster's, so that no
/// guest can choose two with one digest.
fn summary(held: &Held) -> [u64; 2] {
    let mut digest = Digest::default();
    // Writing to a hash does not fail.
    let _ = write!(digest, "{:?} {:?}", held.guest, held.receiver);
    [held.rows as u64, digest.value() & ((1 << WORD) - 1)]
}
