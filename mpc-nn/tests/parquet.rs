//! Tables in Parquet files. The files are from pyarrow 26, by `pyarrow.parquet.write_table(table, compression=...)`.
#![cfg(feature = "parquet")]

use mpc_nn::data::{FileError, Problem, Table};
use ndarray::array;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data_files", name].iter().collect()
}

#[test]
fn cells_are_those_of_the_file_under_every_compression() -> Result<(), FileError> {
    for compression in ["none", "snappy", "gzip", "lz4", "zstd"] {
        let table = Table::read_parquet(file(&format!("people-{compression}.parquet")))?;
        assert_eq!(table.names(), ["age", "weight", "score", "smoker", "blood", "day", "tall"], "{compression}");
        let [tenth, small] = [0.1, 1e-8].map(|x: f32| f64::from(x));
        assert_eq!(
            table.numbers(&["tall", "age", "weight", "smoker"])?,
            array![[255.0, 41.0, tenth, 1.0], [0.0, 29.0, 72.5, 0.0], [3.0, 7.0, small, 1.0]]
        );
        assert_eq!(table.one_hot("blood", &["0", "A", "B"])?.row(1).to_vec(), [1.0, 0.0, 0.0]);
        assert_eq!(table.categories("day")?, ["1970-01-01", "1999-12-31", "2024-02-29"]);
        assert_eq!(table.categories("score")?, ["", "-3.25", "0.1"]);
    }
    Ok(())
}

#[test]
fn what_is_no_table_of_numbers_is_named() {
    let table = Table::read_parquet(file("people-snappy.parquet")).unwrap();
    let error = table.numbers(&["age", "score"]).unwrap_err();
    assert!(error.to_string().ends_with("people-snappy.parquet, line 2, `score`: not a finite number"), "{error}");
    let error = Table::read_parquet(file("lists.parquet")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("lists.parquet, `images`: a column of lists or groups; a table has one value a cell")
    );
    let error = Table::read_parquet(file("parquet.rs")).unwrap_err();
    assert!(matches!(error.problem, Problem::Io(_)), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(file("people-zstd.parquet")).unwrap();
    for length in [0, 7, whole.len() / 2, whole.len() - 1] {
        let path = folder.path().join("cut.parquet");
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Table::read_parquet(&path).unwrap_err();
        assert!(matches!(error.problem, Problem::Format(_)), "{length}: {error}");
    }
}
