//! Files that do not compile, with exactly the errors that they announce: `//~ words` stands at the line of an error whose
//! message, notes included, has these words.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// By line: the words of its announcements, or the errors that stand there.
type Lines = BTreeMap<usize, Vec<String>>;

/// Compiles every file of a folder.
///
/// # Panics
/// If one of them gives other errors than it announces.
pub(crate) fn check_all(folder: &str) {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    let library = library("mpc");
    let half = cases.len().div_ceil(2);
    let complaints: Vec<String> = thread::scope(|scope| {
        let check = |cases: &[PathBuf]| cases.iter().flat_map(|case| check(case, &library)).collect::<Vec<_>>();
        let (first, second) = cases.split_at(half);
        let first = scope.spawn(move || check(first));
        let second = check(second);
        first.join().unwrap().into_iter().chain(second).collect()
    });
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What is wrong with a case.
fn check(case: &Path, library: &Path) -> Vec<String> {
    let source = fs::read_to_string(case).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.rs");
    fs::write(&file, without_announcements(&source)).unwrap();
    let said = compile(&file, folder.path(), library);
    let (announced, errors) = (announced(&source), errors(&file, &said));
    let missing = announced.iter().flat_map(|(line, words)| {
        let here = errors.get(line).map(|errors| errors.join("\n")).unwrap_or_default();
        let absent = words.iter().filter(move |words| !here.contains(words.as_str()));
        absent.map(move |words| format!("{}:{line}: no error says `{words}`", case.display()))
    });
    let unexpected = errors.iter().filter(|(line, _)| !announced.contains_key(line));
    let unexpected = unexpected.map(|(line, _)| format!("{}:{line}: this error is not announced", case.display()));
    let mut complaints: Vec<String> = missing.chain(unexpected).collect();
    if announced.is_empty() {
        complaints.push(format!("{}: no error is announced", case.display()));
    }
    if !complaints.is_empty() {
        complaints.push(said);
    }
    complaints
}

/// The compiler quotes the source, and an announcement must not be found in itself.
fn without_announcements(source: &str) -> String {
    source.lines().flat_map(|line| [line.split("//~").next().unwrap_or_default(), "\n"]).collect()
}

fn announced(source: &str) -> Lines {
    let words = |line: &str| line.split("//~").skip(1).map(|words| words.trim().to_owned()).collect::<Vec<_>>();
    let lines = source.lines().enumerate().map(|(at, line)| (at + 1, words(line)));
    lines.filter(|(_, words)| !words.is_empty()).collect()
}

/// The errors in what the compiler has said. An error without a place counts for line 0.
fn errors(file: &Path, said: &str) -> Lines {
    let place = format!("--> {}:", file.display());
    let mut errors = Lines::new();
    // Blank lines separate messages.
    for error in said.split("\n\n").filter(|text| text.starts_with("error") && !text.starts_with("error: aborting")) {
        let line = error.split(&place).nth(1).and_then(|rest| rest.split(':').next()?.parse().ok());
        errors.entry(line.unwrap_or(0)).or_default().push(error.to_owned());
    }
    errors
}

fn compile(file: &Path, folder: &Path, library: &Path) -> String {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--emit", "metadata", "--color", "never", "--extern"]);
    // Some cases use serde, which the library is built with.
    rustc.arg(format!("mpc={}", library.display())).arg("--extern");
    rustc.arg(format!("serde={}", self::library("serde").display())).arg("-L");
    rustc.arg(format!("dependency={}", library.parent().unwrap().display()));
    let output = rustc.arg("--out-dir").arg(folder).arg(file).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// A library that this test is linked with: the last one that was built beside it.
fn library(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let files = fs::read_dir(test.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_string_lossy();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
    };
    files.filter(is_it).max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap()).unwrap()
}
