//! What is wrong with a file of data.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A file that cannot be read or written as asked. Names places, never values.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, where the format has lines.
    pub line: Option<u64>,
    /// The column by name, or the entry of an archive.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a file.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The system's answer.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A cell that should be a number.
    #[error("not a finite number")]
    NotANumber,
    /// A cell that is none of the categories.
    #[error("not one of the {0} categories that the program names")]
    Category(usize),
    /// A row of another length.
    #[error("{found} cells in a table of {expected} columns")]
    Cells {
        /// In the first line.
        expected: usize,
        /// Here.
        found: usize,
    },
    /// A column that is not there.
    #[error("no such column; there are: {}", .0.join(", "))]
    NoColumn(Vec<String>),
    /// Another shape than the other files.
    #[error("it has shape {found:?}, not {expected:?} as those before it")]
    Shape {
        /// Of those before it.
        expected: Vec<usize>,
        /// Of this one.
        found: Vec<usize>,
    },
    /// Elements that are no numbers this crate reads.
    #[error("elements of type {0} are not read here: take floats or integers")]
    Elements(String),
    /// Anything else about the format.
    #[error("{0}")]
    Format(String),
}

impl FileError {
    /// A problem of the whole file.
    pub fn of(file: &Path, problem: impl Into<Problem>) -> Self {
        Self { file: file.into(), line: None, column: None, problem: problem.into() }
    }

    /// A problem of a column or entry.
    pub fn column(file: &Path, column: &str, problem: impl Into<Problem>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::of(file, problem) }
    }

    /// In a line.
    #[must_use]
    pub fn line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", `{column}`")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.problem)
    }
}
