//! Tables in Parquet files.

use super::{FileError, Problem, Table};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
};
use std::path::Path;

impl Table {
    /// Reads a Parquet file, compressed or not. Numbers keep their exact value, booleans are 0 and 1, dates and times the
    /// text that stands for them, and a missing value is an empty cell. In errors, a line is the number of the row, from 1.
    ///
    /// Only with the feature `parquet`.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be read, or has columns of lists or groups.
    pub fn read_parquet(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |error: parquet::errors::ParquetError| FileError::of(path, Problem::Format(error.to_string()));
        let file = std::fs::File::open(path).map_err(|error| FileError::of(path, error))?;
        let reader = SerializedFileReader::new(file).map_err(failed)?;
        let columns = reader.metadata().file_metadata().schema().get_fields();
        if let Some(nested) = columns.iter().find(|column| !column.is_primitive()) {
            return Err(FileError::column(path, nested.name(), nested_problem()));
        }
        let names = columns.iter().map(|column| column.name().to_owned()).collect();
        let mut rows = Vec::new();
        for (number, row) in (1..).zip(reader.get_row_iter(None).map_err(failed)?) {
            let mut record = cells(path, &row.map_err(failed)?).map_err(|error| error.line(number))?;
            let mut position = csv::Position::new();
            position.set_line(number);
            record.set_position(Some(position));
            rows.push(record);
        }
        Ok(Self::of(path, names, rows))
    }
}

fn cells(path: &Path, row: &Row) -> Result<csv::StringRecord, FileError> {
    row.get_column_iter()
        .map(|(name, field)| text(field).map_err(|problem| FileError::column(path, name, problem)))
        .collect()
}

fn text(field: &Field) -> Result<String, Problem> {
    Ok(match field {
        Field::Null => String::new(),
        Field::Bool(x) => u8::from(*x).to_string(),
        // The shortest text of an f32 is the text of another f64.
        Field::Float(x) => f64::from(*x).to_string(),
        Field::Float16(x) => f64::from(*x).to_string(),
        Field::Double(x) => x.to_string(),
        Field::Str(text) => text.clone(),
        // Text of writers that do not say that it is.
        Field::Bytes(bytes) => bytes.as_utf8().map_err(|_| Problem::Elements("bytes".into()))?.to_owned(),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => return Err(nested_problem()),
        number_or_time => number_or_time.to_string(),
    })
}

fn nested_problem() -> Problem {
    Problem::Format("a column of lists or groups; a table has one value a cell".into())
}
