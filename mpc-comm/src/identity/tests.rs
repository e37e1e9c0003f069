use super::*;

fn refused(result: Result<Identity, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_is_made_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("Lab.identity");
    let made = Identity::create("Lab", 30, &at).unwrap();
    assert_eq!(Identity::load(&at).unwrap(), made);
    let certificate = Certificate::load(&at).unwrap();
    assert_eq!(&certificate, made.certificate());
    assert_eq!(Certificate::load(at.join("cert.pem")).unwrap(), certificate);
    assert_eq!(certificate.name, "Lab");
    let days = Date::now().days_to(certificate.not_after);
    assert!((29..=30).contains(&days) && certificate.not_before < Date::now(), "{certificate:?}");
    // A key is not overwritten, and two are never the same.
    assert!(refused(Identity::create("Lab", 30, &at)).contains("never overwritten"));
    assert_ne!(Identity::create("Lab", 30, folder.path()).unwrap(), made);
}

#[test]
fn nothing_shows_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::create("Lab", 1, folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join(KEY)).unwrap();
    let secret: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(text.contains("PRIVATE KEY") && secret.len() > 40);
    let shown =
        format!("{identity:?} {:#?}", crate::Options { identity: Some(identity.clone()), ..Default::default() });
    assert!(shown.contains("Lab") && !shown.contains(&secret) && !shown.contains(&secret[secret.len() - 20..]));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("new");
    Identity::create("Lab", 1, &at).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&at), mode(&at.join(KEY))), (0o700, 0o600));
    for wrong in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(at.join(KEY), fs::Permissions::from_mode(wrong)).unwrap();
        let text = refused(Identity::load(&at));
        assert!(text.contains("key.pem") && text.contains(&format!("{wrong:04o}")) && text.contains("600"), "{text}");
    }
    fs::set_permissions(at.join(KEY), fs::Permissions::from_mode(0o400)).unwrap();
    Identity::load(&at).unwrap();
    // As an orchestrator mounts it, which is root.
    fs::set_permissions(at.join(KEY), fs::Permissions::from_mode(0o440)).unwrap();
    let root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(at.join(KEY)).unwrap()) == 0;
    assert_eq!(Identity::load(&at).is_ok(), root);
}

#[test]
fn what_is_no_identity_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    Identity::create("A", 1, &a).unwrap();
    Identity::create("B", 1, &b).unwrap();
    let mixed = Identity::load_files(a.join(CERTIFICATE), b.join(KEY));
    assert!(refused(mixed).contains("the private key of the certificate beside it"));
    assert!(refused(Identity::load_files(a.join(KEY), a.join(KEY))).contains("expected a certificate"));
    let no_key = folder.path().join("no key");
    write_new(&no_key, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600).unwrap();
    assert!(refused(Identity::load_files(a.join(CERTIFICATE), &no_key)).contains("expected a private key"));
    assert!(refused(Identity::load(folder.path())).contains("cannot be read"));
}

#[test]
fn keys_of_files_differ_by_identity_purpose_and_salt() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| Identity::create("Lab", 1, folder.path().join(name)).unwrap());
    let key = a.file_key("packages", &[1; 32]);
    assert_eq!(key, Identity::load(folder.path().join("a")).unwrap().file_key("packages", &[1; 32]));
    for other in [b.file_key("packages", &[1; 32]), a.file_key("ledgers", &[1; 32]), a.file_key("packages", &[2; 32])] {
        assert_ne!(key, other);
    }
}
