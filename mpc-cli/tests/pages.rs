//! What a package installs beside the command.

use std::{fs, process::Command};

fn mpc(args: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_mpc")).args(args).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn shells_complete_commands_and_flags() {
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef mpc"), ("fish", "complete -c mpc")] {
        let script = mpc(&["completions", shell]);
        for part in [mark, "roster", "audit", "session-requests"] {
            assert!(script.contains(part), "{part} is not in that of {shell}");
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    mpc(&["man", folder.path().join("man1").to_str().unwrap()]);
    let page = |name: &str| fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert!(page("mpc.1").contains(".TH mpc 1") && page("mpc.1").contains("Examples"), "{}", page("mpc.1"));
    assert!(page("mpc-roster-check.1").contains("\\-\\-json"), "{}", page("mpc-roster-check.1"));
    let names: Vec<_> =
        fs::read_dir(folder.path().join("man1")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(names.len() > 12 && !names.iter().any(|name| name.to_string_lossy().contains("bench-part")), "{names:?}");
}
