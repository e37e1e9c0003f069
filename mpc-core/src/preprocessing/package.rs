//! A party's file of correlated randomness that a dealer made ahead.
//!
//! A line that names the format, the length of the header, the header (readable by whoever has the file, and changed by
//! nobody), a salt, and then sealed: the seed that this party shared with the dealer, a digest of each request in order, and
//! the corrections for this party in the order in which they are asked for.

use super::{
    Need,
    plan::digest,
    purpose,
    sealed::{Opener, Sealer, Unread},
};
use crate::{
    error::{OfflineError, Result},
    rand::Address,
};
use mpc_comm::{Identity, Words};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"mpc offline package 1\n";
/// A header of more bytes is none.
const HEADER: u32 = 1 << 20;
/// Words of a correction that are read at once: memory follows what is there.
const STEP: usize = 1 << 16;

/// The public part of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// A number that all parties' packages of one run have in common, and no others.
    pub id: String,
    /// Whose it is.
    pub party: String,
    /// What must be as it was when the package was made: key and value.
    pub made_for: Vec<(String, String)>,
    /// Digest of all requests.
    pub schedule: u64,
    /// How many there are.
    pub requests: u64,
}

/// Whose packages these are, where they are, and what they must have been made for.
pub(crate) struct Place {
    pub folder: PathBuf,
    pub party: String,
    pub made_for: Vec<(String, String)>,
    pub identity: Option<Identity>,
}

impl Place {
    /// The package.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.offline", self.party))
    }

    /// The list of the packages that were used.
    fn spent(&self) -> PathBuf {
        self.folder.join(format!("{}.spent", self.party))
    }

    fn failed(file: &Path) -> impl Fn(io::Error) -> OfflineError + use<> {
        let file = file.to_owned();
        move |error| OfflineError::File { file: file.clone(), reason: error.to_string() }
    }

    /// The key of a file: from the party's private key, or, if it has none, one that everybody knows. Then the file's mode
    /// is all that protects it, and what is sealed is only safe from accidents.
    fn key(&self, salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        const PURPOSE: &str = "offline package";
        match &self.identity {
            Some(identity) => identity.file_key(PURPOSE, salt),
            None => Zeroizing::new(Sha256::new().chain_update(salt).chain_update(PURPOSE).finalize().into()),
        }
    }

    /// Refuses to begin a package where one waits to be used.
    pub(crate) fn vacant(&self) -> Result<(), OfflineError> {
        let file = self.file();
        fs::create_dir_all(&self.folder).map_err(Self::failed(&self.folder))?;
        if file.exists() { Err(OfflineError::Unused { file }) } else { Ok(()) }
    }

    /// Begins a package.
    pub(crate) fn create(&self, header: &Header, seed: &[u8; 32], schedule: &[u64]) -> Result<Writer, OfflineError> {
        let file = self.file();
        let failed = Self::failed(&file);
        let damaged = |problem| OfflineError::Damaged { file: file.clone(), problem };
        // Only this user can read it from its first moment on, and it has no name until it is whole.
        let part = NamedTempFile::new_in(&self.folder).map_err(&failed)?;
        let text = postcard::to_allocvec(header).map_err(|_| damaged("the header cannot be written"))?;
        let length = u32::try_from(text.len()).ok().filter(|length| *length <= HEADER);
        let length = length.ok_or_else(|| damaged("the header is too long"))?;
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(|error| failed(io::Error::other(error)))?;
        let open = [MAGIC, &length.to_le_bytes(), &text, &salt].concat();
        let mut out = BufWriter::new(part);
        out.write_all(&open).map_err(&failed)?;
        let mut sealer = Sealer::new(out, &self.key(&salt), Sha256::digest(&open).into());
        let schedule: &[u8] = bytemuck::cast_slice(schedule);
        sealer.write(seed).and_then(|()| sealer.write(schedule)).map_err(&failed)?;
        Ok(Writer { file: file.clone(), sealer })
    }

    /// Opens the package, which stays unused until [`Package::spend`].
    pub(crate) fn open(&self) -> Result<Package, OfflineError> {
        let file = self.file();
        let failed = Self::failed(&file);
        let damaged = |problem| OfflineError::Damaged { file: file.clone(), problem };
        let mut from = match File::open(&file) {
            Ok(from) => BufReader::new(from),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.spent().exists() => {
                return Err(OfflineError::Spent { file: self.spent() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OfflineError::Missing { file: file.clone() });
            }
            Err(error) => return Err(failed(error)),
        };
        let cut = |_| damaged("it ends too early");
        let mut open = vec![0; MAGIC.len() + 4];
        from.read_exact(&mut open).map_err(cut)?;
        let length = open.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>());
        let length = u32::from_le_bytes(*length.ok_or_else(|| damaged("this is no package"))?);
        if length > HEADER {
            return Err(damaged("its header cannot be read"));
        }
        let from_header = open.len();
        open.resize(from_header + length as usize + 32, 0);
        from.read_exact(&mut open[from_header..]).map_err(cut)?;
        let (text, salt) = open[from_header..].split_last_chunk::<32>().ok_or_else(|| damaged("it ends too early"))?;
        let header: Header = postcard::from_bytes(text).map_err(|_| damaged("its header cannot be read"))?;
        self.check(&header)?;
        let unread = |unread| unreadable(&file, unread);
        let mut opener = Opener::new(from, &self.key(salt), Sha256::digest(&open).into()).map_err(unread)?;
        let mut fill = |out: &mut [u8]| match opener.read(out).map_err(unread)? {
            true => Ok(()),
            false => Err(damaged("it ends too early")),
        };
        let mut seed = Zeroizing::new([0; 32]);
        fill(&mut *seed)?;
        let mut schedule = Vec::new();
        for _ in 0..header.requests {
            let mut digest = [0; 8];
            fill(&mut digest)?;
            schedule.push(u64::from_le_bytes(digest));
        }
        Ok(Package { file: self.file(), spent: self.spent(), header, seed, schedule, asked: 0, opener })
    }

    /// Whether a package is this party's, for this program's settings, and unused.
    fn check(&self, header: &Header) -> Result<(), OfflineError> {
        let file = self.file();
        let other = |what: &str, found: &str, expected: &str| OfflineError::Other {
            file: file.clone(),
            what: what.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        if header.party != self.party {
            return Err(other("party", &header.party, &self.party));
        }
        let value = |of: &[(String, String)], key: &str| {
            of.iter().find(|(other, _)| other == key).map_or_else(|| "(absent)".to_owned(), |(_, value)| value.clone())
        };
        for (key, _) in self.made_for.iter().chain(&header.made_for) {
            let (found, expected) = (value(&header.made_for, key), value(&self.made_for, key));
            if found != expected {
                return Err(other(key, &found, &expected));
            }
        }
        let spent = match fs::read_to_string(self.spent()) {
            Ok(spent) => spent,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Self::failed(&self.spent())(error)),
        };
        match spent.lines().any(|line| line == header.id) {
            true => Err(OfflineError::Spent { file }),
            false => Ok(()),
        }
    }
}

fn unreadable(file: &Path, unread: Unread) -> OfflineError {
    match unread {
        Unread::Closed => OfflineError::Sealed { file: file.to_owned() },
        Unread::Io(error) => Place::failed(file)(error),
    }
}

/// Makes what happened in a folder durable; not every system can open one.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
}

/// A package that is being written. Dropped unfinished, it leaves nothing behind.
pub(crate) struct Writer {
    file: PathBuf,
    sealer: Sealer<BufWriter<NamedTempFile>>,
}

impl Writer {
    /// Adds a correction.
    pub(crate) fn put(&mut self, at: Address, words: &Words) -> Result<(), OfflineError> {
        let head = [at.op, u64::from(at.part) << 8 | at.purpose as u64, words.len() as u64];
        let written = self.sealer.write(bytemuck::cast_slice(&head)).and_then(|()| self.sealer.write(words.as_bytes()));
        written.map_err(Place::failed(&self.file))
    }

    /// Flushes it to the disk. It has no name yet.
    pub(crate) fn finish(self) -> Result<Finished, OfflineError> {
        let failed = Place::failed(&self.file);
        let part = self.sealer.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error));
        let part = part.map_err(&failed)?;
        part.as_file().sync_all().map_err(&failed)?;
        Ok(Finished { file: self.file, part })
    }
}

/// A whole package without a name.
pub(crate) struct Finished {
    file: PathBuf,
    part: NamedTempFile,
}

impl Finished {
    /// Gives it its name, unless something has that already. Its bytes.
    pub(crate) fn publish(self) -> Result<(PathBuf, u64), OfflineError> {
        let failed = Place::failed(&self.file);
        let file = self.part.persist_noclobber(&self.file).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => OfflineError::Unused { file: self.file.clone() },
            _ => failed(error.error),
        })?;
        sync_folder(&self.file).map_err(&failed)?;
        let bytes = file.metadata().map_err(&failed)?.len();
        Ok((self.file, bytes))
    }
}

/// A party's package, opened. It serves one session.
pub struct Package {
    file: PathBuf,
    spent: PathBuf,
    header: Header,
    seed: Zeroizing<[u8; 32]>,
    schedule: Vec<u64>,
    asked: usize,
    opener: Opener<BufReader<File>>,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Package {} of {}", self.header.id, self.header.party)
    }
}

impl Package {
    /// What the packages of one run, one for each party, have in common: the parties must compare it before they begin.
    pub fn id(&self) -> &str {
        &self.header.id
    }

    /// The seed that this party shared with the dealer.
    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Uses it up: it is on the list of those that were used, and its file is gone, durably, when this returns. What is
    /// open stays readable until the session ends.
    pub(crate) fn spend(&self) -> Result<(), OfflineError> {
        let failed = Place::failed(&self.spent);
        let mut options = File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut list = options.open(&self.spent).map_err(&failed)?;
        list.write_all(format!("{}\n", self.header.id).as_bytes()).and_then(|()| list.sync_all()).map_err(&failed)?;
        // Of two sessions that opened it at the same time, only one can remove it.
        fs::remove_file(&self.file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OfflineError::Spent { file: self.file.clone() },
            _ => Place::failed(&self.file)(error),
        })?;
        sync_folder(&self.file).map_err(failed)
    }

    /// Whether these are the next requests; if not, which of them differs, and its number.
    pub(crate) fn expect(&mut self, needs: &[Need]) -> Result<Option<(usize, u64)>> {
        for (at, need) in needs.iter().enumerate() {
            if self.schedule.get(self.asked) != Some(&digest(need)?) {
                return Ok(Some((at, self.asked as u64)));
            }
            self.asked += 1;
        }
        Ok(None)
    }

    /// How many requests it answers.
    pub(crate) fn requests(&self) -> u64 {
        self.schedule.len() as u64
    }

    /// How many requests nobody asked for.
    pub(crate) fn unasked(&self) -> u64 {
        (self.schedule.len() - self.asked) as u64
    }

    /// The next correction.
    pub(crate) fn correction(&mut self) -> Result<(Address, Words), OfflineError> {
        let damaged = |problem| OfflineError::Damaged { file: self.file.clone(), problem };
        let unread = |unread| unreadable(&self.file, unread);
        let mut head = [0u64; 3];
        if !self.opener.read(bytemuck::cast_slice_mut(&mut head)).map_err(unread)? {
            return Err(damaged("it lacks corrections for requests that it lists"));
        }
        let [op, name, len] = head;
        let (part, len) = (u8::try_from(name >> 8).ok(), usize::try_from(len).ok());
        let (Some(purpose), Some(part), Some(len)) = (purpose((name & 0xFF) as u8), part, len) else {
            return Err(damaged("it has a correction without a name"));
        };
        let mut words = Vec::new();
        while words.len() < len {
            let from = words.len();
            words.resize(from + STEP.min(len - from), 0u64);
            if !self.opener.read(bytemuck::cast_slice_mut(&mut words[from..])).map_err(unread)? {
                return Err(damaged("it ends in the midst of a correction"));
            }
        }
        Ok((Address { op, part, purpose }, words.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rand::Purpose;

    const AT: Address = Address { op: 3, part: 1, purpose: Purpose::Waves };

    fn place(folder: &Path, identity: Option<Identity>) -> Place {
        let made_for = vec![("ring".to_owned(), "u64".to_owned())];
        Place { folder: folder.to_owned(), party: "Lab".to_owned(), made_for, identity }
    }

    fn write(place: &Place, words: &Words) {
        let (party, made_for) = (place.party.clone(), place.made_for.clone());
        let header = Header { id: "1234".to_owned(), party, made_for, schedule: 7, requests: 2 };
        let mut writer = place.create(&header, &[5; 32], &[11, 12]).unwrap();
        writer.put(AT, words).unwrap();
        writer.finish().unwrap().publish().unwrap();
    }

    #[test]
    fn what_is_put_into_a_package_comes_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (place, words) = (place(folder.path(), None), (0..200_000).collect::<Vec<u64>>().into());
        write(&place, &words);
        let mut package = place.open().unwrap();
        assert_eq!((package.seed(), &package.schedule[..]), (&[5; 32], &[11, 12][..]));
        let (at, found) = package.correction().unwrap();
        assert!((at, &found) == (AT, &words));
        assert!(matches!(package.correction(), Err(OfflineError::Damaged { .. })));
        assert!(matches!(place.vacant(), Err(OfflineError::Unused { .. })));
    }

    #[test]
    fn of_two_that_opened_it_one_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), None);
        write(&place, &Words::empty());
        let (first, second) = (place.open().unwrap(), place.open().unwrap());
        first.spend().unwrap();
        assert!(matches!(second.spend(), Err(OfflineError::Spent { .. })));
        assert!(matches!(place.open(), Err(OfflineError::Spent { .. })));
    }

    #[test]
    fn another_identity_cannot_open_it_and_the_seed_is_not_in_the_file() {
        let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [ours, theirs] = ["a", "b"].map(|name| Identity::create("Lab", 2, keys.path().join(name)).unwrap());
        write(&place(folder.path(), Some(ours.clone())), &Words::from(vec![0x0123_4567_89AB_CDEF; 50]));
        for other in [Some(theirs), None] {
            assert!(matches!(place(folder.path(), other).open(), Err(OfflineError::Sealed { .. })));
        }
        let bytes = fs::read(folder.path().join("Lab.offline")).unwrap();
        assert!(!bytes.windows(16).any(|bytes| bytes == [5; 16]));
        assert!(!bytes.windows(8).any(|bytes| bytes == 0x0123_4567_89AB_CDEFu64.to_le_bytes()));
        place(folder.path(), Some(ours)).open().unwrap();
    }
}
