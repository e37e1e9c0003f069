use super::*;

const GOOD: &str = r#"
[[compute]]
name = "Hospital"
address = "127.0.0.1:7001"
[[compute]]
name = "Lab"
address = "[::1]:7002"
[dealer]
address = "localhost:7000"
"#;

fn refused(text: &str) -> ConfigError {
    let error = Roster::from_toml(text, "roster.toml").unwrap_err();
    assert_eq!(error.file, "roster.toml");
    assert!(error.to_string().contains("expected") || error.key == "(file)", "{error}");
    error
}

#[test]
fn a_roster_is_read_and_written() {
    let roster = Roster::from_toml(GOOD, "roster.toml").unwrap();
    assert_eq!((roster.parties(), roster.is_loopback()), (2, true));
    assert_eq!(roster.id_of("Lab"), Some(PartyId(1)));
    assert_eq!(roster.id_of("dealer"), Some(PartyId::DEALER));
    assert_eq!(roster.id_of("Nobody"), None);
    assert_eq!((roster.name(PartyId(0)), roster.name(PartyId(2))), ("Hospital", "?"));
    assert_eq!(roster.member(PartyId::DEALER).unwrap().address, "localhost:7000");
    assert_eq!(Roster::from_toml(&roster.to_toml(), "again").unwrap(), roster);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roster.toml");
    let missing = Roster::load(&path).unwrap_err();
    assert!(missing.file.ends_with("roster.toml") && matches!(missing.problem, ConfigProblem::Unreadable { .. }));
    std::fs::write(&path, GOOD).unwrap();
    assert_eq!(Roster::load(&path).unwrap(), roster);
}

#[test]
fn clients_come_after_the_compute_parties_and_have_no_address() {
    let with = |clients: &str| format!("{GOOD}\n{clients}");
    let roster = Roster::from_toml(&with("[[client]]\nname = \"Patient\""), "roster.toml").unwrap();
    assert_eq!((roster.parties(), roster.id_of("Patient"), roster.name(PartyId(2))), (2, Some(PartyId(2)), "Patient"));
    assert!(roster.is_loopback());
    assert_eq!(Roster::from_toml(&roster.to_toml(), "again").unwrap(), roster);
    assert_ne!(Roster::from_toml(GOOD, "without").unwrap().digest(), roster.digest());
    let cases = [
        ("client = 3", "client"),
        ("[[client]]", "client[0].name"),
        ("[[client]]\nname = \"a b\"", "client[0].name"),
        ("[[client]]\nname = \"Lab\"", "client[0].name"),
        ("[[client]]\nname = \"P\"\naddress = \"localhost:1\"", "client[0].address"),
    ];
    for (clients, key) in cases {
        let text = if clients.starts_with('[') { with(clients) } else { format!("{clients}\n{GOOD}") };
        let error = Roster::from_toml(&text, "roster.toml").unwrap_err();
        assert_eq!(error.key, key, "{error}");
    }
}

#[test]
fn the_digest_is_over_what_the_roster_says() {
    let roster = Roster::from_toml(GOOD, "a").unwrap();
    let laid_out_otherwise = GOOD.replace(" = ", "=").replace('\n', "\n\n");
    assert_eq!(Roster::from_toml(&laid_out_otherwise, "b").unwrap().digest(), roster.digest());
    assert_eq!(roster.digest().len(), 64);
    for (old, new) in [("Lab", "Lob"), ("7002", "7003"), ("7000", "7009")] {
        assert_ne!(Roster::from_toml(&GOOD.replace(old, new), "c").unwrap().digest(), roster.digest());
    }
    let mut swapped = roster.clone();
    swapped.compute.swap(0, 1);
    assert_ne!(swapped.digest(), roster.digest());
    assert_ne!(Roster { dealer: None, ..roster.clone() }.digest(), roster.digest());
}

#[test]
fn every_refusal_names_the_key() {
    let cases = [
        ("not toml", "(file)"),
        ("", "compute"),
        ("compute = 3", "compute"),
        ("compute = []", "compute"),
        ("[[compute]]\nname='A'\naddress='h:1'", "compute"),
        ("[[compute]]\naddress='h:1'", "compute[0].name"),
        ("[[compute]]\nname='A'", "compute[0].address"),
        ("[[compute]]\nname=3\naddress='h:1'", "compute[0].name"),
        ("compute = ['A']", "compute[0]"),
        ("dealer = 1\n[[compute]]\nname='A'\naddress='h:1'\n[[compute]]\nname='B'\naddress='h:2'", "dealer"),
    ];
    for (text, key) in cases {
        assert_eq!(refused(text).key, key, "{text}");
    }
    let edits = [
        ("[dealer]", "[dealer]\nport = 3", "dealer.port"),
        ("[dealer]", "[broker]", "broker"),
        ("name = \"Lab\"", "name = \"Lab\"\nrole = 1", "compute[1].role"),
        ("\"Lab\"", "\"\"", "compute[1].name"),
        ("\"Lab\"", "\"The Lab\"", "compute[1].name"),
        ("\"Lab\"", "\"Hospital\"", "compute[1].name"),
        ("\"Lab\"", "\"dealer\"", "dealer.name"),
        ("[::1]:7002", "127.0.0.1:7001", "compute[1].address"),
        ("localhost:7000", "localhost", "dealer.address"),
        ("localhost:7000", "localhost:70000", "dealer.address"),
        ("localhost:7000", "localhost:0", "dealer.address"),
        ("localhost:7000", ":7000", "dealer.address"),
        ("[::1]:7002", "::1:7002", "compute[1].address"),
        ("[::1]:7002", "[::1:7002", "compute[1].address"),
        ("[::1]:7002", "[host]:7002", "compute[1].address"),
        ("[::1]:7002", "a b:7002", "compute[1].address"),
    ];
    for (old, new, key) in edits {
        assert!(GOOD.contains(old));
        assert_eq!(refused(&GOOD.replace(old, new)).key, key, "{old} -> {new}");
    }
    let many: String = (0..65).map(|n| format!("[[compute]]\nname='p{n}'\naddress='h:{}'\n", n + 1)).collect();
    assert_eq!(refused(&many).key, "compute");
}

#[test]
fn loopback_means_all_of_them() {
    for (address, on_this_machine) in [
        ("127.9.9.9:1", true),
        ("LOCALHOST:1", true),
        ("[::1]:1", true),
        ("10.0.0.1:1", false),
        ("[2001:db8::1]:1", false),
        ("localhost.example.org:1", false),
        ("0.0.0.0:1", false),
    ] {
        let roster = Roster::from_toml(&GOOD.replace("[::1]:7002", address), "r").unwrap();
        assert_eq!(roster.is_loopback(), on_this_machine, "{address}");
    }
}
