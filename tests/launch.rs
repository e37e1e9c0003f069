//! The launcher with real processes: `examples/launcher_probe.rs` is started in every way.

mod common;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

fn probe() -> Command {
    common::example("launcher_probe")
}

/// Runs it, expects this exit code and returns what was printed, output first.
fn expect(code: i32, args: &[&str]) -> (String, String) {
    run(probe(), code, args)
}

fn run(mut program: Command, code: i32, args: &[&str]) -> (String, String) {
    let Output { status, stdout, stderr } = program.args(args).output().unwrap();
    let (output, error) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "{output}{error}");
    (output, error)
}

#[test]
fn all_parties_run_and_their_lines_are_prefixed() {
    let (output, error) = expect(0, &["--steps", "20"]);
    let mut lines: Vec<&str> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["Hospital | hello from Hospital", "Lab      | hello from Lab"]);
    assert!(error.contains("steps: 20/20 (100 %)"), "{error}");
    assert_eq!(error.matches("20/20").count(), 1, "one party's progress is shown, not two: {error}");
    assert!(!output.contains('\u{1e}') && !output.contains('\u{1b}') && !error.contains('\u{1b}'));
}

#[test]
fn a_client_is_a_process_too_and_alone_learns_its_result() {
    let (output, _) = run(common::example("second_opinion"), 0, &[]);
    let of = |name: &str| output.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>().join("\n");
    let risks: Vec<String> = of("Patient")
        .lines()
        .filter(|line| line.contains("far apart") || line.contains("alike"))
        .filter_map(|line| line.split_whitespace().rev().find(|word| word.starts_with("0.")).map(str::to_owned))
        .collect();
    assert!(matches!(&risks[..], [secret, clear] if secret == clear), "{output}");
    for hospital in ["University", "Countryside"] {
        let said = of(hospital);
        assert!(said.contains("nothing") && !said.contains("far apart") && !said.contains("alike"), "{output}");
    }
    let (roster, _) = run(common::example("second_opinion"), 0, &["--print-roster"]);
    assert!(roster.contains("[[client]]\nname = \"Patient\"\n"), "{roster}");
}

#[test]
fn a_failing_party_ends_the_run_and_is_named() {
    let (program, start) = (probe(), Instant::now());
    let (_, error) = run(program, 1, &["--fail", "Lab", "--steps", "100000"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let last: Vec<&str> = error.lines().rev().take(2).collect();
    assert_eq!(last, ["  because: the file data.csv is empty", "error: Lab failed (exit status: 1)"]);
}

#[test]
fn a_panicking_party_is_a_failing_party() {
    let (_, error) = expect(1, &["--panic", "Hospital", "--steps", "100000"]);
    assert!(error.contains("error: Hospital failed (exit status: 101)"), "{error}");
    assert!(error.contains("because: this is a test of panics"), "{error}");
}

#[test]
fn a_wrong_flag_is_code_2_and_help_is_code_0() {
    let (_, error) = expect(2, &["--nonsense"]);
    assert!(error.contains("--nonsense"), "{error}");
    expect(2, &["--party", "Lab"]);
    expect(2, &["--protocol", "plain"]);
    let (help, _) = expect(0, &["--help"]);
    for part in ["Probes the launcher", "Hospital, Lab", "Parties:", "Network:", "Program:", "--steps", "Examples:"] {
        assert!(help.contains(part), "{part} is not in\n{help}");
    }
}

#[test]
fn an_unknown_party_is_told_the_names() {
    let roster = roster(&expect(0, &["--print-roster"]).0);
    let (_, error) = expect(1, &["--party", "Nobody", "--roster", roster.path().to_str().unwrap()]);
    assert!(error.contains("`Nobody`") && error.contains("Hospital, Lab, dealer"), "{error}");
}

#[test]
fn a_roster_of_another_program_is_refused() {
    let roster = roster(&expect(0, &["--print-roster"]).0.replace("Lab", "Bank"));
    let (_, error) = expect(1, &["--party", "Hospital", "--roster", roster.path().to_str().unwrap()]);
    assert!(error.contains("lacks Lab") && error.contains("names Bank"), "{error}");
    let (_, error) = expect(1, &["--party", "Hospital", "--roster", "/nowhere.toml"]);
    assert!(error.contains("/nowhere.toml"), "{error}");
}

#[test]
fn the_clear_text_protocol_needs_no_dealer() {
    let (output, error) = expect(0, &["--protocol", "plain-insecure", "-v"]);
    assert!(output.contains("hello from Lab"), "{output}");
    assert!(error.contains("every party sees all data") && !error.contains("Lab, dealer"), "{error}");
}

/// No party outlives a launcher that had no chance to clean up.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_launcher_leaves_nobody_behind() {
    let mark = format!("{}", 7_000_000 + std::process::id());
    let mut launcher = probe().args(["--steps", &mark]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let parties = || {
        let lines = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
        lines.filter(|line| line.split(|byte| *byte == 0).any(|word| word == mark.as_bytes())).count()
    };
    wait_until(|| parties() >= 3);
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    // A party that computes and asks nobody, as these do, has 10 s to end by itself: docs/faults.md.
    wait_until(|| parties() == 0);
}

#[cfg(target_os = "linux")]
fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn roster(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}
