//! `mpc cert`, and rosters that pin what it makes.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

fn mpc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mpc")).args(args).current_dir(folder).output().unwrap()
}

/// Runs it, expects this exit code and returns what was printed, output first.
fn expect(folder: &Path, code: i32, args: &[&str]) -> (String, String) {
    let done = mpc(folder, args);
    let (output, error) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(code), "{output}{error}");
    (output, error)
}

fn fingerprint(text: &str) -> String {
    let found = text.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap_or_else(|| panic!("{text}"));
    assert!(found.starts_with("sha256:") && found.len() == 71, "{found}");
    found.to_owned()
}

#[test]
fn a_certificate_is_made_shown_and_renewed() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let (made, _) = expect(at, 0, &["cert", "new", "--name", "Lab", "--days", "40"]);
    let first = fingerprint(&made);
    for shown in ["Lab.identity", "Lab.identity/cert.pem"] {
        let (shown, _) = expect(at, 0, &["cert", "show", shown]);
        assert_eq!(fingerprint(&shown), first);
        assert!(
            shown.contains("name        Lab") && (shown.contains("39 days left") || shown.contains("40 days left")),
            "{shown}"
        );
    }
    let (json, _) = expect(at, 0, &["cert", "show", "Lab.identity", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["name"].as_str(), Some("Lab"));
    assert!(matches!(json["days_left"].as_i64(), Some(39 | 40)), "{json}"); // 40 within the second that made it
    assert_eq!(json["fingerprint"].as_str(), Some(first.as_str()));
    // Nothing is overwritten by mistake.
    let (_, error) = expect(at, 1, &["cert", "new", "--name", "Lab"]);
    assert!(error.contains("never overwritten"), "{error}");

    let (renewed, _) = expect(at, 0, &["cert", "renew", "Lab.identity"]);
    let second = fingerprint(&renewed);
    assert!(second != first && renewed.contains(&first) && renewed.contains("name        Lab"), "{renewed}");
    assert_eq!(fingerprint(&expect(at, 0, &["cert", "show", "Lab.identity/cert.old.pem"]).0), first);
    let files: Vec<_> = fs::read_dir(at.join("Lab.identity")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    mpc_comm::Identity::load(at.join("Lab.identity")).unwrap();
}

#[test]
fn a_roster_pins_certificates_by_file_and_by_fingerprint() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let prints = ["A", "B", "dealer"].map(|name| fingerprint(&expect(at, 0, &["cert", "new", "--name", name]).0));
    let parties = ["roster", "new", "--party", "A=10.0.0.1:1", "B=10.0.0.2:1", "--dealer", "[::1]:1"];
    let by_hand = format!("B={}", prints[1]);
    let pins = ["--cert", "A.identity/cert.pem", "dealer.identity", "--pin", &by_hand];
    let (text, _) = expect(at, 0, &[&parties[..], &pins].concat());
    fs::write(at.join("roster.toml"), &text).unwrap();
    let (table, _) = expect(at, 0, &["roster", "check", "roster.toml"]);
    for (name, print) in ["A", "B", "dealer"].iter().zip(&prints) {
        assert!(table.contains(&format!("{name} {print}")), "{table}");
    }
    let (_, error) = expect(at, 1, &[&parties[..], &pins[..3]].concat());
    assert!(error.contains("`B` has none"), "{error}");
    let again = format!("A={}", prints[1]);
    let (_, error) = expect(at, 1, &[&parties[..], &pins, &["--pin", &again]].concat());
    assert!(error.contains("`A` has two"), "{error}");
    let nobody = format!("C={}", prints[1]);
    let (_, error) = expect(at, 1, &[&parties[..], &["--pin", &nobody]].concat());
    assert!(error.contains("`C` is none of the parties"), "{error}");
    expect(at, 2, &[&parties[..], &["--pin", "A=sha256:12"]].concat());
}

#[test]
fn a_dealer_needs_its_own_identity() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    for name in ["A", "B", "dealer"] {
        expect(at, 0, &["cert", "new", "--name", name]);
    }
    let certs = ["--cert", "A.identity", "B.identity", "dealer.identity"];
    let parties = ["roster", "new", "--party", "A=127.0.0.1:1", "B=127.0.0.1:2", "--dealer", "127.0.0.1:3"];
    let (text, _) = expect(at, 0, &[&parties[..], &certs].concat());
    fs::write(at.join("roster.toml"), &text).unwrap();
    let dealer = ["dealer", "--roster", "roster.toml", "--once"];
    let (_, error) = expect(at, 1, &dealer);
    assert!(error.contains("--identity FOLDER"), "{error}");
    let (_, error) = expect(at, 1, &[&dealer[..], &["--identity", "A.identity"]].concat());
    assert!(error.contains("made for `A`") && error.contains("for dealer"), "{error}");
    let (_, error) = expect(at, 1, &[&dealer[..], &["--identity", "nowhere"]].concat());
    assert!(error.contains("nowhere/cert.pem"), "{error}");
    expect(at, 2, &[&dealer[..], &["--identity", "dealer.identity", "--insecure-no-tls"]].concat());
    expect(at, 2, &[&dealer[..], &["--cert", "c"]].concat());
}

#[test]
fn the_doctor_measures_every_link() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let held = [(); 3].map(|()| std::net::TcpListener::bind("[::1]:0").unwrap());
    let [a, b, dealer] = held.map(|held| held.local_addr().unwrap().to_string());
    for name in ["A", "B", "dealer"] {
        expect(at, 0, &["cert", "new", "--name", name, "--days", "3"]);
    }
    let (a, b) = (format!("A={a}"), format!("B={b}"));
    let certs = ["--cert", "A.identity", "B.identity", "dealer.identity"];
    let (text, _) = expect(at, 0, &[&["roster", "new", "--party", &a, &b, "--dealer", &dealer], &certs[..]].concat());
    fs::write(at.join("roster.toml"), &text).unwrap();
    let tables = std::thread::scope(|scope| {
        let threads = ["A", "B", "dealer"].map(|name| {
            scope.spawn(move || {
                let identity = format!("{name}.identity");
                let flags = ["--roster", "roster.toml", "--connect-timeout", "20", "--identity", &identity];
                expect(at, 0, &[&["doctor", "--party", name], &flags[..]].concat()).0
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    for (me, table) in ["A", "B", "dealer"].iter().zip(&tables) {
        assert_eq!((table.matches("TLS 1.3").count(), table.matches(" Mbit/s").count()), (2, 4), "{me}: {table}");
        assert!(table.contains("+0.0") || table.contains("-0.0"), "the clocks of one machine agree: {table}");
        assert!(table.contains("ends in 2 days") || table.contains("ends in 3 days"), "{table}");
    }
    let (_, error) = expect(at, 1, &["doctor", "--roster", "roster.toml", "--party", "Nobody"]);
    assert!(error.contains("names no party `Nobody`") && error.contains("A, B, dealer"), "{error}");
}
