//! `mpc roster` as an operator uses it.

use std::{
    io::Write,
    process::{Command, Output},
};

use tempfile::NamedTempFile;

const NEW: [&str; 8] = [
    "roster",
    "new",
    "--party",
    "Hospital=10.0.0.5:7700",
    "--party",
    "Lab=lab.example.org:7700",
    "--dealer",
    "[::1]:7700",
];

fn mpc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mpc")).args(args).output().unwrap()
}

/// Runs it, expects this exit code and returns what was printed, output first.
fn expect(code: i32, args: &[&str]) -> (String, String) {
    let done = mpc(args);
    let (output, error) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(code), "{output}{error}");
    (output, error)
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn check(code: i32, text: &str) -> (String, String) {
    expect(code, &["roster", "check", file(text).path().to_str().unwrap()])
}

#[test]
fn what_new_prints_check_accepts() {
    let (roster, error) = expect(0, &NEW);
    assert_eq!(error, "");
    let (table, _) = check(0, &roster);
    for part in ["Hospital", "10.0.0.5:7700", "Lab", "lab.example.org:7700", "dealer", "deals", "[::1]:7700", "note"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    let digest = table.lines().find_map(|line| line.strip_prefix("digest ")).unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
}

#[test]
fn the_digest_depends_on_what_the_roster_says_and_not_on_its_layout() {
    let digest = |text: &str| {
        let (table, _) = check(0, text);
        table.lines().find(|line| line.starts_with("digest")).unwrap().to_owned()
    };
    let (roster, _) = expect(0, &NEW);
    assert_eq!(digest(&roster), digest(&format!("# a comment\n\n{roster}")));
    assert_ne!(digest(&roster), digest(&roster.replace("10.0.0.5", "10.0.0.6")));
}

#[test]
fn a_roster_of_this_machine_has_no_note() {
    let (roster, _) =
        expect(0, &["roster", "new", "--party", "A=127.0.0.1:1", "B=localhost:2", "--dealer", "127.0.0.1:3"]);
    assert!(!check(0, &roster).0.contains("note"));
}

#[test]
fn wrong_parties_are_refused() {
    for (wrong, says) in [("Lab=10.0.0.5:7700", "10.0.0.5:7700"), ("Lab=nowhere", "nowhere"), ("La b=h:1", "La b")] {
        let (output, error) =
            expect(1, &["roster", "new", "--party", "Hospital=10.0.0.5:7700", wrong, "--dealer", "h:2"]);
        assert!(output.is_empty() && error.contains(says), "{error}");
    }
    let (_, error) = expect(1, &["roster", "new", "--party", "Hospital=h:1", "--dealer", "h:2"]);
    assert!(error.contains("2 to 64"), "{error}");
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let (_, error) = expect(2, &["roster", "new", "--party", "Hospital", "--dealer", "h:2"]);
    assert!(error.contains("NAME=HOST:PORT"), "{error}");
    expect(2, &["roster", "new", "--party", "Hospital=h:1"]);
    expect(2, &["roster", "check"]);
    expect(2, &["nonsense"]);
    expect(2, &["dealer", "--roster", "r.toml", "--fraction-bits", "30"]);
    let (_, error) = expect(2, &["dealer", "--roster", "r.toml", "--device", "gpu"]);
    assert!(error.contains("`cuda`"), "{error}");
}

#[test]
fn a_damaged_file_is_refused_with_the_place() {
    let (roster, _) = expect(0, &NEW);
    let (output, error) = check(1, &roster.replace("address = \"10.0.0.5:7700\"", "addres = \"10.0.0.5:7700\""));
    assert!(output.is_empty() && error.contains("compute[0].addres"), "{error}");
    assert!(check(1, "[[compute]\n").1.contains("TOML"));
    assert!(check(1, "").1.contains("compute"));
    assert!(expect(1, &["roster", "check", "/nowhere/roster.toml"]).1.contains("/nowhere/roster.toml"));
}

#[test]
fn a_dealer_needs_a_place_in_the_roster() {
    let (roster, _) = expect(0, &NEW);
    let without = roster.split("[dealer]").next().unwrap();
    let file = file(without);
    let (_, error) = expect(1, &["dealer", "--roster", file.path().to_str().unwrap(), "--once"]);
    assert!(error.contains("names no dealer"), "{error}");
}

#[test]
fn help_teaches() {
    let (help, _) = expect(0, &["--help"]);
    assert!(help.contains("mpc roster check roster.toml"), "{help}");
    let (help, _) = expect(0, &["dealer", "--help"]);
    assert!(help.contains("INSECURE") && help.contains("--once"), "{help}");
}

#[test]
fn a_roster_of_servers_has_gateways_and_guests() {
    let gateways = ["--gateway", "Lab=10.0.0.6:7800", "Hospital=10.0.0.5:7800"];
    let (text, _) = expect(0, &[&NEW[..], &gateways[..], &["--guest", "patient", "doctor"]].concat());
    let service = mpc_comm::gateway::Service::from_toml(&text, "test").unwrap();
    assert_eq!(service.gateways, ["10.0.0.5:7800", "10.0.0.6:7800"]);
    assert_eq!(service.guests.iter().map(|guest| &guest.name[..]).collect::<Vec<_>>(), ["patient", "doctor"]);
    // Neither is in the digest: the parties of the session are the same.
    let digest = |text: &str| {
        let (table, _) = check(0, text);
        table.lines().find(|line| line.starts_with("digest ")).unwrap().to_owned()
    };
    assert_eq!(digest(&text), digest(&expect(0, &NEW).0));

    let refused = |more: &[&str]| expect(1, &[&NEW[..], more].concat()).1;
    assert!(refused(&gateways[..2]).contains("`Hospital` has none"));
    assert!(refused(&["--gateway", "Nobody=h:1"]).contains("`Nobody` is none of those who compute"));
    assert!(refused(&[&gateways[..], &["Lab=10.0.0.6:1"]].concat()).contains("`Lab` has two"));
    assert!(refused(&[&gateways[..], &["--guest", "Lab"]].concat()).contains("Lab"));
    expect(2, &[&NEW[..], &["--guest", "patient"]].concat());
}
