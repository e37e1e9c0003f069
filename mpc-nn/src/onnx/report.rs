//! What is wrong with a file, all at once.

use std::{fmt, path::Path};

/// Why a node, a tensor or a file cannot be used. Names places, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(pub(super) String);

impl Reason {
    /// From a text without values of tensors in it.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The reason as a `Result`.
    pub(super) fn err<T>(text: impl Into<String>) -> Result<T, Self> {
        Err(Self(text.into()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The node, tensor or input by name; the file where it is no part of it.
    pub place: String,
    /// The operator, with its domain where that is not ONNX's own; empty where there is none.
    pub operator: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operator.is_empty() {
            true => write!(f, "`{}`: {}", self.place, self.reason),
            false => write!(f, "`{}` ({}): {}", self.place, self.operator, self.reason),
        }
    }
}

/// Everything that keeps a model from being used, found before any connection is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
    more: usize,
}

/// Problems beyond this number are counted, not kept: a hostile file could have millions.
const KEPT: usize = 200;

impl Report {
    /// What is wrong, in the order of the file; at most the first 200.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.problems.len() + self.more
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn add(&mut self, place: impl Into<String>, operator: impl Into<String>, reason: impl Into<Reason>) {
        if self.problems.len() == KEPT {
            self.more += 1;
            return;
        }
        let (place, operator) = (shortened(place.into()), shortened(operator.into()));
        self.problems.push(Problem { place, operator, reason: reason.into() });
    }

    /// A report with one problem.
    pub(super) fn of(place: impl Into<String>, reason: impl Into<Reason>) -> Self {
        let mut report = Self::default();
        report.add(place, "", reason);
        report
    }

    /// A report about a file as a whole.
    pub(super) fn file(file: &Path, reason: impl fmt::Display) -> Self {
        Self::of(file.display().to_string(), Reason::new(reason.to_string()))
    }

    /// These problems followed by others; what was told of a node already is not told again.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        for problem in other.problems {
            if !self.problems.iter().any(|known| known.place == problem.place) {
                self.add(problem.place, problem.operator, problem.reason);
            }
        }
        self.more += other.more;
        self
    }

    /// An error, if something is wrong.
    pub(super) fn checked(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<Problem> for Report {
    fn from(Problem { place, operator, reason }: Problem) -> Self {
        let mut report = Self::default();
        report.add(place, operator, reason);
        report
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A name of a file that was not checked yet: printable, and not a page long.
fn shortened(name: String) -> String {
    let mut short: String = name.chars().take(120).map(|c| if c.is_control() { '?' } else { c }).collect();
    if short.len() < name.len() {
        short.push_str("..");
    }
    short
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.len() == 1 { "one problem" } else { "problems" };
        match self.len() {
            1 => write!(f, "the model cannot be used: {what}")?,
            count => write!(f, "the model cannot be used: {count} {what}")?,
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for Report {}
