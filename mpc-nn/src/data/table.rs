//! Tables: from CSV files, and from Parquet files with the feature `parquet`.

use super::{FileError, Problem};
use ndarray::Array2;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A table of text with names for its columns: the first line of a CSV file.
///
/// ```
/// # let folder = std::env::temp_dir().join("mpc-table-doc"); std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("people.csv");
/// # std::fs::write(&path, "age,smokes,blood\n41,no,A\n29,yes,0\n").unwrap();
/// let table = mpc_nn::data::Table::read(&path)?;
/// assert_eq!(table.numbers(&["age"])?[[1, 0]], 29.0);
/// assert_eq!(table.one_hot("blood", &["0", "A", "B", "AB"])?.row(0).to_vec(), [0.0, 1.0, 0.0, 0.0]);
/// # Ok::<_, mpc_nn::data::FileError>(())
/// ```
#[derive(Clone)]
pub struct Table {
    file: PathBuf,
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file of cells separated by commas.
    ///
    /// # Errors
    /// [`FileError`] with the line, if the file cannot be read or a row has another number of cells than the first line.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::read_separated(path, b',')
    }

    /// Reads a file of cells separated by another byte, such as a tab.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_separated(path: impl AsRef<Path>, separator: u8) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |error| refused(path, error);
        let file = std::fs::File::open(path).map_err(|error| FileError::of(path, error))?;
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(file);
        let names = reader.headers().map_err(failed)?.iter().map(str::to_owned).collect();
        let rows: Result<Vec<_>, _> = reader.records().collect();
        Ok(Self::of(path, names, rows.map_err(failed)?))
    }

    pub(super) fn of(path: &Path, names: Vec<String>, rows: Vec<csv::StringRecord>) -> Self {
        Self { file: path.into(), names, rows }
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Some columns as numbers, `[rows, columns]`.
    ///
    /// # Errors
    /// [`FileError`] for a name that is not there, and with the line for a cell that is no finite number.
    pub fn numbers(&self, columns: &[&str]) -> Result<Array2<f64>, FileError> {
        let places: Vec<_> = columns.iter().map(|name| self.place(name)).collect::<Result<_, _>>()?;
        let mut values = Array2::zeros((self.rows(), columns.len()));
        for (row, mut out) in self.rows.iter().zip(values.rows_mut()) {
            for ((&place, name), out) in places.iter().zip(columns).zip(&mut out) {
                let number = row.get(place).and_then(|cell| cell.parse::<f64>().ok()).filter(|x| x.is_finite());
                *out = number.ok_or_else(|| self.bad(row, name, Problem::NotANumber))?;
            }
        }
        Ok(values)
    }

    /// A column as rows with a 1 at the place of the cell's category: `[rows, categories]`. The categories come from the
    /// program, so that all parties know how many there are.
    ///
    /// # Errors
    /// [`FileError`] for a name that is not there, and with the line for a cell that is none of the categories.
    pub fn one_hot(&self, column: &str, categories: &[&str]) -> Result<Array2<f64>, FileError> {
        let place = self.place(column)?;
        let mut values = Array2::zeros((self.rows(), categories.len()));
        for (row, mut out) in self.rows.iter().zip(values.rows_mut()) {
            let found = categories.iter().position(|category| row.get(place) == Some(category));
            out[found.ok_or_else(|| self.bad(row, column, Problem::Category(categories.len())))?] = 1.0;
        }
        Ok(values)
    }

    /// The different cells of a column, in order: to look at, before they are written into the program.
    ///
    /// # Errors
    /// [`FileError`] for a name that is not there.
    pub fn categories(&self, column: &str) -> Result<Vec<String>, FileError> {
        let place = self.place(column)?;
        let cells: BTreeSet<_> = self.rows.iter().filter_map(|row| row.get(place)).collect();
        Ok(cells.into_iter().map(str::to_owned).collect())
    }

    fn place(&self, name: &str) -> Result<usize, FileError> {
        let place = self.names.iter().position(|other| other == name);
        place.ok_or_else(|| FileError::column(&self.file, name, Problem::NoColumn(self.names.clone())))
    }

    fn bad(&self, row: &csv::StringRecord, column: &str, problem: Problem) -> FileError {
        let error = FileError::column(&self.file, column, problem);
        row.position().map(csv::Position::line).into_iter().fold(error, FileError::line)
    }
}

impl std::fmt::Debug for Table {
    /// File, columns and number of rows; never a cell.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({}, {:?}, {} rows)", self.file.display(), self.names, self.rows())
    }
}

fn refused(path: &Path, error: csv::Error) -> FileError {
    let line = error.position().map(csv::Position::line);
    let problem = match error.into_kind() {
        csv::ErrorKind::Io(error) => Problem::Io(error),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Problem::Cells { expected: expected_len as usize, found: len as usize }
        }
        csv::ErrorKind::Utf8 { .. } => Problem::Format("not UTF-8".into()),
        _ => Problem::Format("not a table".into()),
    };
    line.into_iter().fold(FileError::of(path, problem), FileError::line)
}
