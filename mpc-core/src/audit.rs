//! The reveal ledger as a file: what a party's program opened, to be kept, and to be compared with the files of the others.
//!
//! JSON lines. The first says whose ledger it is, then there is one line an opening, and the last says how the session ended;
//! a file without a last line is that of a party that was killed. No line holds a value. The file says what its party's
//! program asked to open: it is no proof towards others, and of a session that failed, the last openings may not have come
//! about.
//!
//! Format 1: `{"line":"ledger","version":1,"party":"Lab","client":false,"parties":["Hospital","Lab"],"session":"monday"}`, then
//! `{"line":"opened","scope":"Model/output","shape":[4,1],"to":"everybody","file":"src/main.rs","row":7,"column":19,"times":1}`
//! (`to` may be `{"party":"Lab"}` or `{"guest":"doctor"}`), then `{"line":"end","ending":"finished","openings":1}`.

use crate::{
    op::{Audience, Opened},
    session::Session,
};
use serde::{Deserialize, Serialize};
use std::{
    cell::OnceCell,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u32,
    /// Whose ledger it is.
    pub party: String,
    /// Whether that is a client, who does not know which steps the parties drop.
    pub client: bool,
    /// The parties that compute, in the order of the roster.
    pub parties: Vec<String>,
    /// The label of the session.
    pub session: String,
}

/// A line of the ledger: [`Opened`], without what belongs to one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opening {
    /// Where in the model.
    pub scope: String,
    /// How much.
    pub shape: Vec<u64>,
    /// To whom.
    pub to: To,
    /// The source file, as the compiler knew it.
    pub file: String,
    /// The line in it.
    pub row: u32,
    /// The column.
    pub column: u32,
    /// How often: more than once in a session that opens so much that equal openings are counted.
    pub times: u64,
}

/// Who saw a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum To {
    /// All parties.
    Everybody,
    /// One party.
    Party(String),
    /// Somebody outside of the session.
    Guest(String),
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How the session ended.
    pub ending: Ending,
    /// Lines before this one.
    pub openings: u64,
}

/// How a session ended at a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The program came to its end.
    Finished,
    /// It did not.
    Failed,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
enum Line {
    Ledger(Head),
    Opened(Opening),
    End(End),
}

/// A ledger that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Whose it is.
    pub head: Head,
    /// What was opened, in the order of the program.
    pub openings: Vec<Opening>,
    /// How it ended; nothing if the party was killed, or still runs.
    pub end: Option<End>,
}

/// Why a file is no ledger.
#[derive(Debug, thiserror::Error)]
pub enum NoLedger {
    /// It cannot be read.
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    /// A line that should not be there.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where two ledgers part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place in both, from 0.
    pub at: usize,
    /// What the first has there.
    pub first: Option<Opening>,
    /// What the second has there.
    pub second: Option<Opening>,
}

impl From<&Opened> for Opening {
    fn from(opened: &Opened) -> Self {
        let Opened { scope, shape, to, at, times } = opened;
        let to = match to {
            Audience::Everybody => To::Everybody,
            Audience::Party(name) => To::Party(name.clone()),
            Audience::Guest(name) => To::Guest(name.clone()),
        };
        let shape = shape.dims().iter().map(|&size| size as u64).collect();
        let file = at.file().to_owned();
        Self { scope: scope.to_string(), shape, to, file, row: at.line(), column: at.column(), times: *times }
    }
}

impl Opening {
    /// Whether both tell of the same opening. Of the path of the source file only the last part counts: parties build their
    /// programs in folders of their own.
    pub fn same_as(&self, other: &Self) -> bool {
        let name = |file: &str| file.rsplit(['/', '\\']).next().map(str::to_owned);
        let rest = |opening: &Self| Self { file: String::new(), ..opening.clone() };
        name(&self.file) == name(&other.file) && rest(self) == rest(other)
    }
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::Party(name) => f.write_str(name),
            Self::Guest(name) => write!(f, "guest {name}"),
        }
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, shape, to, file, row, column, times } = self;
        write!(f, "{scope} {shape:?} to {to}, at {file}:{row}:{column}")?;
        if *times > 1 { write!(f, ", {times} times") } else { Ok(()) }
    }
}

impl Ledger {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no ledger of this format.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, NoLedger> {
        Self::parse(BufReader::new(File::open(file).map_err(NoLedger::Unreadable)?))
    }

    fn parse(text: impl BufRead) -> Result<Self, NoLedger> {
        let (mut ledger, mut lines) = (None::<Self>, 0);
        for (at, text) in text.lines().enumerate() {
            let text = text.map_err(NoLedger::Unreadable)?;
            let wrong = |problem: String| NoLedger::Line { line: at + 1, problem };
            let line: Line = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            lines += 1;
            match (&mut ledger, line) {
                (None, Line::Ledger(head)) if head.version == VERSION => {
                    ledger = Some(Self { head, openings: Vec::new(), end: None });
                }
                (None, Line::Ledger(head)) => {
                    return Err(wrong(format!("written in format {}, and this command reads {VERSION}", head.version)));
                }
                (Some(ledger), Line::Opened(opening)) if ledger.end.is_none() => ledger.openings.push(opening),
                (Some(ledger), Line::End(end))
                    if ledger.end.is_none() && end.openings == ledger.openings.len() as u64 =>
                {
                    ledger.end = Some(end);
                }
                (Some(ledger), Line::End(end)) if ledger.end.is_none() => {
                    let found = ledger.openings.len();
                    return Err(wrong(format!("tells of {} openings, and {found} are here", end.openings)));
                }
                _ => return Err(wrong("not expected here: a ledger has a head, openings and an end".to_owned())),
            }
        }
        ledger.ok_or(NoLedger::Line { line: lines + 1, problem: "the head is missing".to_owned() })
    }

    /// Where this ledger and another part. One that just ends earlier does not part from the other if its party did not come
    /// to the program's end.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let (ours, theirs) = (&self.openings, &other.openings);
        let both = ours.iter().zip(theirs);
        let at = both.take_while(|(ours, theirs)| ours.same_as(theirs)).count();
        let whole = |ledger: &Self| ledger.end.is_some_and(|end| end.ending == Ending::Finished);
        let excused = |ledger: &Self| at == ledger.openings.len() && !whole(ledger);
        if (at == ours.len() && at == theirs.len()) || excused(self) || excused(other) {
            return None;
        }
        Some(Difference { at, first: ours.get(at).cloned(), second: theirs.get(at).cloned() })
    }
}

/// Writes a party's ledger when its session has ended, however it ended: dropping it says that it failed.
pub struct Keeper {
    path: PathBuf,
    /// Nothing once the end is written.
    file: Option<BufWriter<File>>,
    session: OnceCell<Session>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Begins a file with its head.
    ///
    /// # Errors
    /// When it cannot be written, or is there already.
    pub fn create(path: &Path, head: &Head) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create_new(path)?);
        write_line(&mut file, &Line::Ledger(head.clone()))?;
        file.flush()?;
        Ok(Self { path: path.to_owned(), file: Some(file), session: OnceCell::new() })
    }

    /// Where it writes.
    pub fn file(&self) -> &Path {
        &self.path
    }

    /// Names the session whose ledger it is. Only the first counts.
    pub fn watch(&self, session: &Session) {
        let _ = self.session.set(session.clone());
    }

    /// Writes what was opened by a program that came to its end.
    ///
    /// # Errors
    /// When that fails; the file is then as far as it got.
    pub fn finish(mut self) -> io::Result<()> {
        self.write(Ending::Finished)
    }

    fn write(&mut self, ending: Ending) -> io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let opened = self.session.get().map(Session::ledger).unwrap_or_default();
        for opened in &opened {
            write_line(&mut file, &Line::Opened(opened.into()))?;
        }
        write_line(&mut file, &Line::End(End { ending, openings: opened.len() as u64 }))?;
        file.into_inner()?.sync_all()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Err(error) = self.write(Ending::Failed) {
            tracing::error!(file = %self.path.display(), %error, "the ledger is not complete");
        }
    }
}

fn write_line(to: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Sim;

    fn head(party: &str) -> Head {
        let parties = ["A", "B"].map(str::to_owned).to_vec();
        Head { version: VERSION, party: party.to_owned(), client: false, parties, session: "s".to_owned() }
    }

    /// The ledgers that two parties write, of a program that opens `count` values.
    fn written(count: usize, fails: bool) -> Vec<Ledger> {
        let folder = tempfile::tempdir().unwrap();
        let file = |party: &str| folder.path().join(party);
        let ended = Sim::new(2).run(async |s: Session| {
            let keeper = Keeper::create(&file(s.name()), &head(s.name())).unwrap();
            keeper.watch(&s);
            for at in 0..count {
                let _scope = s.scope(&format!("step{at}"));
                s.public([2], &[1.0, 2.0]).share().reveal().await?;
            }
            if !fails {
                keeper.finish().unwrap();
            }
            Ok(s.name().to_owned())
        });
        ended.into_iter().map(|name| Ledger::read(file(&name.unwrap())).unwrap()).collect()
    }

    #[test]
    fn a_ledger_is_read_as_it_was_written() {
        let both = written(3, false);
        assert_eq!(both[0].end, Some(End { ending: Ending::Finished, openings: 3 }));
        let opening = &both[0].openings[1];
        assert!(opening.scope.contains("step1") && opening.file.ends_with("audit.rs"), "{opening}");
        assert_eq!((&opening.shape[..], &opening.to, opening.times), (&[2][..], &To::Everybody, 1));
        assert_eq!(both[0].difference(&both[1]), None);
    }

    #[test]
    fn a_failure_leaves_what_was_opened_until_then() {
        let (failed, whole) = (written(2, true).remove(0), written(3, false).remove(0));
        assert_eq!(failed.end, Some(End { ending: Ending::Failed, openings: 2 }));
        assert_eq!(failed.difference(&whole), None);
        assert_eq!(whole.difference(&failed), None);
    }

    #[test]
    fn ledgers_part_where_they_differ() {
        let (short, whole) = (written(2, false).remove(0), written(3, false).remove(0));
        let found = short.difference(&whole).unwrap();
        assert_eq!((found.at, found.first, found.second), (2, None, Some(whole.openings[2].clone())));
        let mut other = whole.clone();
        other.openings[1].shape = vec![3];
        assert_eq!(whole.difference(&other).map(|found| found.at), Some(1));
        let mut elsewhere = whole.clone();
        elsewhere.openings[1].file = "/home/b/audit.rs".to_owned();
        assert_eq!(whole.difference(&elsewhere), None);
        elsewhere.openings[1].file = "/home/b/other.rs".to_owned();
        assert!(whole.difference(&elsewhere).is_some());
    }

    #[test]
    fn a_ledger_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger");
        drop(Keeper::create(&file, &head("A")).unwrap());
        assert_eq!(Keeper::create(&file, &head("A")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn what_is_no_ledger_is_refused_with_the_line() {
        let first = serde_json::to_string(&Line::Ledger(head("A"))).unwrap();
        let parse = |text: &str| Ledger::parse(text.as_bytes());
        assert_eq!(parse(&first).unwrap().end, None, "a party that was killed");
        let end = |openings| format!(r#"{{"line":"end","ending":"finished","openings":{openings}}}"#);
        assert!(parse(&format!("{first}\n{}\n", end(0))).is_ok());
        let newer = first.replace("\"version\":1", "\"version\":2");
        for (text, line, says) in [
            (String::new(), 1, "head"),
            (format!("{first}\nnonsense"), 2, "expected"),
            (end(0), 1, "not expected"),
            (format!("{first}\n{first}"), 2, "not expected"),
            (format!("{first}\n{}", end(1)), 2, "tells of 1 openings, and 0 are here"),
            (format!("{first}\n{}\n{}", end(0), end(0)), 3, "not expected"),
            (newer, 1, "format 2"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: ")) && error.contains(says), "{error}");
        }
    }
}
