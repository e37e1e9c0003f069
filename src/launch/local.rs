//! All parties on this machine, each a process of its own.

use std::{
    collections::hash_map::RandomState,
    env,
    ffi::OsString,
    hash::{BuildHasher, Hasher},
    io::{self, Write},
    process::Command,
    time::Duration,
};

use mpc_comm::Stop;
use tempfile::NamedTempFile;

use super::args::Protocol;
use super::crew::Crew;
use super::error::LaunchError;
use super::screen::Screen;
use super::{Cast, identity, offline, roster, supervise::supervise, watch};

/// Runs all parties with the flags of this process, until the last one has ended.
pub(super) fn run(cast: Cast<'_>, protocol: Protocol, offline: &offline::Flags, tls: bool) -> Result<(), LaunchError> {
    let stop = Stop::new();
    stop.obey_signals(Duration::ZERO, |_| ())?;
    let mut roster = roster::local(cast, protocol == Protocol::Dealer && offline.with_dealer())?;
    let identities = if tls { Some(identity::make(&mut roster)?) } else { None };
    let file = write(&roster.to_toml()).map_err(LaunchError::RosterFile)?;
    let program = env::current_exe().map_err(LaunchError::Program)?;
    let flags: Vec<OsString> = env::args_os().skip(1).collect();
    let session = label();
    let names = || roster.members().map(|member| member.name.as_str());
    let mut screen = Screen::new(names().collect::<Vec<_>>().into_iter());
    let mut crew = Crew::new();
    for name in names() {
        let mut command = Command::new(&program);
        // Ours come first: the program's own flags may end with `--` and free words.
        command.args(["--party", name, "--session", &session, "--roster"]).arg(file.path());
        if let Some(folder) = &identities {
            command.arg("--identity").arg(folder.path().join(name));
        }
        command.args(&flags);
        command.env(watch::VARIABLE, watch::VERSION);
        crew.start(name, command)?;
    }
    tracing::info!(%session, roster = %file.path().display(), "started {}", names().collect::<Vec<_>>().join(", "));
    supervise(&mut crew, &mut screen, cast.len(), &stop)
}

/// Writes a file that only this user can read and that is gone with the returned value.
fn write(text: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("mpc-roster-").suffix(".toml").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// A name for this run that no other run on this machine has. It is no secret.
fn label() -> String {
    format!("local-{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_differ() {
        assert_ne!(label(), label());
    }

    #[test]
    fn the_roster_file_lives_as_long_as_its_value() {
        let file = write("text").unwrap();
        let path = file.path().to_owned();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
        drop(file);
        assert!(!path.exists());
    }
}
