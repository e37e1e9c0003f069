//! A party's folder of checkpoints, and what the parties say to each other about them.

use super::{
    CheckpointError, Key, Manifest, Position, Saved,
    file::{Sealed, Sealer},
    manifest::{Common, VERSION, numbers},
};
use crate::data::{FileError, announce};
use mpc_core::{OwnShare, Secret, Session, Shape, Tensor};
use std::{
    fs,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// How many checkpoints stay: a crash while one is written at some parties leaves the one before at all.
const KEPT: usize = 2;

/// A party's checkpoints of one training. Every party has its own folder and key.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    key: Key,
}

/// Checkpoints of a session that goes on.
pub(crate) struct Writer {
    folder: PathBuf,
    sealer: Sealer,
    common: Common,
}

/// What a checkpoint had.
#[derive(Debug)]
pub struct Restored {
    /// How far the training was.
    pub position: Position,
    /// The tensors by name, with fresh shares.
    pub tensors: Vec<(String, Tensor<Secret>)>,
}

/// A checkpoint on this party's disk.
struct Candidate {
    path: PathBuf,
    common: Common,
    shares: Zeroizing<Vec<u8>>,
}

impl Checkpoints {
    /// A folder, made if it is not there, and the file of the key that only this party has: see [`Key::from_file`].
    ///
    /// # Errors
    /// [`CheckpointError`] from the system or for a bad key.
    pub fn new(folder: impl AsRef<Path>, key_file: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let (folder, key) = (folder.as_ref(), Key::from_file(key_file)?);
        fs::create_dir_all(folder).map_err(|error| FileError::of(folder, error))?;
        Ok(Self { folder: folder.into(), key })
    }

    /// Agrees with the other parties on where to go on: the newest checkpoint that all of them have, or none if no party has
    /// any. `training` is text about everything public that must not differ; `tensors` are names and shapes that the
    /// checkpoint must have, in their order, before any others. 2 rounds; the numbers are in the reveal ledger.
    ///
    /// # Errors
    /// [`CheckpointError`], if a file is damaged or of another run, party or training, or if there is none in common.
    pub(crate) async fn begin(
        &self,
        s: &Session,
        training: String,
        tensors: &[(String, Shape)],
    ) -> Result<(Writer, Option<Restored>), CheckpointError> {
        let drawn = {
            let _scope = s.scope("checkpoint");
            s.random_bits([128]).reveal().await?
        };
        let hex = |bits: &[bool]| {
            let number = bits.iter().fold(0u64, |number, &bit| number << 1 | u64::from(bit));
            format!("{number:016x}")
        };
        let drawn: Vec<bool> = drawn.into_iter().collect();
        let mut common = Common {
            run: hex(&drawn[..64]),
            session: hex(&drawn[64..]),
            parties: s.names().to_vec(),
            numbers: numbers(s),
            training,
            position: Position::default(),
            tensors: Vec::new(),
        };
        let (candidates, sealer) = self.candidates(s, &common, tensors)?;
        let sealer = sealer.map_or_else(|| Sealer::new(&self.key), Ok)?;
        let chosen = agreed(s, &candidates).await?;
        if let Some(chosen) = chosen {
            common.run.clone_from(&chosen.common.run);
        }
        let mut writer = Writer { folder: self.folder.clone(), sealer, common };
        let Some(chosen) = chosen else {
            writer.start(s)?;
            return Ok((writer, None));
        };
        // Newer ones have no counterpart at some party, and must not take the place of those to come.
        for newer in candidates.iter().take_while(|other| other.path != chosen.path) {
            fs::remove_file(&newer.path).map_err(|error| FileError::of(&newer.path, error))?;
        }
        let restored = if chosen.is_start() { None } else { Some(restore(s, chosen)?) };
        Ok((writer, restored))
    }

    /// This party's checkpoints, newest first, all of them fit for this training, and what one of them was sealed with.
    fn candidates(
        &self,
        s: &Session,
        now: &Common,
        tensors: &[(String, Shape)],
    ) -> Result<(Vec<Candidate>, Option<Sealer>), CheckpointError> {
        let (mut found, mut sealer) = (Vec::new(), None);
        for path in files(&self.folder, s)? {
            let sealed = Sealed::read(&path)?;
            let Manifest { version, party, common } = &sealed.manifest;
            let mut compare = vec![
                ("version", version.to_string(), VERSION.to_string()),
                ("party", party.clone(), s.name().to_owned()),
                ("list of parties", common.parties.join(", "), now.parties.join(", ")),
                ("code of numbers", common.numbers.clone(), now.numbers.clone()),
                ("training", common.training.clone(), now.training.clone()),
            ];
            let tensors = if is_start(common) { &[] } else { tensors };
            for (at, (name, shape)) in tensors.iter().enumerate() {
                let expected = Saved::new(name, shape);
                let text = |saved: &Saved| format!("{} {:?}", saved.name, saved.shape);
                let found = common.tensors.get(at).map_or("none".to_owned(), text);
                compare.push(("tensor", found, text(&expected)));
            }
            if let Some((what, found, expected)) = compare.into_iter().find(|(_, found, expected)| found != expected) {
                if is_start(common) {
                    // Of something that was given up before its first checkpoint: nothing is lost.
                    continue;
                }
                return Err(CheckpointError::Other { file: path, what, found, expected });
            }
            let shares = sealed.open(&path, &self.key, &mut sealer)?;
            found.push(Candidate { path, common: sealed.manifest.common, shares });
        }
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.common.position.step));
        found.truncate(KEPT);
        Ok((found, sealer))
    }
}

impl Candidate {
    fn is_start(&self) -> bool {
        is_start(&self.common)
    }
}

/// Whether it only says that a run began, and has no shares.
fn is_start(common: &Common) -> bool {
    common.position.step == 0
}

/// The files of this party.
fn files(folder: &Path, s: &Session) -> Result<Vec<PathBuf>, CheckpointError> {
    let (failed, prefix) = (|error| FileError::of(folder, error), prefix(s));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(&prefix) && name.ends_with(".share") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn prefix(s: &Session) -> String {
    format!("{}-step", s.name())
}

/// A number of 64 bits as four that any precision holds, and back.
fn pieces(number: u64) -> [f64; 4] {
    [0, 16, 32, 48].map(|shift| (number >> shift & 0xFFFF) as f64)
}

fn number(pieces: &[f64]) -> u64 {
    pieces.iter().rev().fold(0, |number, &piece| number << 16 | piece as u64)
}

/// What a party says of one checkpoint: whether there is one, its step, its digest, its run.
const SAID: usize = 13;

/// The newest checkpoint that all parties have: nothing, if no party has any of a step that was done.
async fn agreed<'a>(s: &Session, own: &'a [Candidate]) -> Result<Option<&'a Candidate>, CheckpointError> {
    let mut say = Vec::with_capacity(KEPT * SAID);
    for at in 0..KEPT {
        let Some(candidate) = own.get(at) else {
            say.extend([0.0; SAID]);
            continue;
        };
        let common = &candidate.common;
        let run = u64::from_str_radix(&common.run, 16).unwrap_or(0);
        say.push(1.0);
        say.extend([common.position.step, common.digest(), run].into_iter().flat_map(pieces));
    }
    let said = announce(s, &say).await?;
    let of = |party: &[f64]| -> Vec<[u64; 3]> {
        let there = party.chunks_exact(SAID).filter(|one| one[0] == 1.0);
        there.map(|one| [number(&one[1..5]), number(&one[5..9]), number(&one[9..13])]).collect()
    };
    let said: Vec<Vec<[u64; 3]>> = said.iter().map(|party| of(party)).collect();
    if said.iter().flatten().all(|[step, ..]| *step == 0) {
        return Ok(None);
    }
    let everywhere = |digest: u64| said.iter().all(|party| party.iter().any(|other| other[1] == digest));
    let chosen = own.iter().find(|candidate| everywhere(candidate.common.digest()));
    let text = |(party, name): (&Vec<[u64; 3]>, &String)| {
        let list: Vec<_> =
            party.iter().map(|[step, digest, run]| format!("step {step} of run {run:016x} ({digest:016x})")).collect();
        format!("{name} has {}", if list.is_empty() { "none".to_owned() } else { list.join(" and ") })
    };
    let missing = || CheckpointError::NoneInCommon(said.iter().zip(s.names()).map(text).collect());
    chosen.map(Some).ok_or_else(missing)
}

fn restore(s: &Session, chosen: &Candidate) -> Result<Restored, CheckpointError> {
    let Candidate { path, common: Common { tensors, position, .. }, shares } = chosen;
    let size = s.runtime().engine().share_bytes();
    let (mut rest, mut restored) = (&shares[..], Vec::with_capacity(tensors.len()));
    for Saved { name, shape } in tensors {
        let cut = || CheckpointError::Damaged { file: path.clone(), problem: "it has fewer shares than it says" };
        let len: usize = shape.iter().product::<usize>() * size;
        let (own, next) = rest.split_at_checked(len).ok_or_else(cut)?;
        rest = next;
        restored.push((name.clone(), s.import_share(&shape[..], OwnShare::new(own.to_vec()))));
    }
    Ok(Restored { position: position.clone(), tensors: restored })
}

impl Writer {
    /// Keeps this party's shares. Every party calls it at the same step. Sends nothing; tensors that are not computed yet are.
    pub(crate) async fn save(
        &mut self,
        s: &Session,
        position: Position,
        tensors: &[(String, Tensor<Secret>)],
    ) -> Result<(), CheckpointError> {
        let mut shares = Zeroizing::new(Vec::new());
        let size = s.runtime().engine().share_bytes();
        shares.reserve_exact(tensors.iter().map(|(_, tensor)| tensor.shape().len() * size).sum());
        for (_, tensor) in tensors {
            shares.extend_from_slice(s.export_share(tensor).await?.as_bytes());
        }
        let tensors = tensors.iter().map(|(name, tensor)| Saved::new(name, &tensor.shape())).collect();
        self.write(s, position, tensors, &shares)
    }

    /// Says that a run has begun. A party that is killed before its first checkpoint then still has one in common with who has
    /// written its own already; and a folder that cannot be written is known before anything is computed.
    fn start(&mut self, s: &Session) -> Result<(), CheckpointError> {
        self.write(s, Position::default(), Vec::new(), &[])
    }

    fn write(
        &mut self,
        s: &Session,
        position: Position,
        tensors: Vec<Saved>,
        shares: &[u8],
    ) -> Result<(), CheckpointError> {
        (self.common.tensors, self.common.position) = (tensors, position);
        let manifest = Manifest { version: VERSION, party: s.name().to_owned(), common: self.common.clone() };
        let path = self.folder.join(format!("{}{:012}.share", prefix(s), self.common.position.step));
        self.sealer.write(&path, &manifest, shares)?;
        let all = files(&self.folder, s)?;
        for old in &all[..all.len().saturating_sub(KEPT)] {
            fs::remove_file(old).map_err(|error| FileError::of(old, error))?;
        }
        Ok(())
    }
}
