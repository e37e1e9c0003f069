//! The guests of a server that runs: its roster's file is read again at SIGHUP.

use std::{path::PathBuf, thread};

use mpc_comm::gateway::GuestList;
use mpc_core::serve::Service;

use crate::error::CliError;

/// Takes SIGHUP, which would end the process.
#[cfg(unix)]
pub(crate) struct Hangups {
    runtime: tokio::runtime::Runtime,
    signal: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Hangups {
    /// From now on.
    pub(crate) fn take() -> Result<Self, CliError> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(CliError::Thread)?;
        let signal = runtime.block_on(async { signal(SignalKind::hangup()) }).map_err(CliError::Thread)?;
        Ok(Self { runtime, signal })
    }

    /// Reads the file at each of them, also at one that has come before, for as long as the process lives.
    pub(crate) fn read_again(mut self, file: PathBuf, service: Service, list: GuestList) {
        let work = move || {
            while self.runtime.block_on(self.signal.recv()).is_some() {
                read(&file, &service, &list);
            }
        };
        // Serving is worth more.
        if let Err(error) = thread::Builder::new().name("guests".to_owned()).spawn(work) {
            tracing::error!(%error, "the guests are not read again");
        }
    }
}

/// Without such signals.
#[cfg(not(unix))]
pub(crate) struct Hangups;

#[cfg(not(unix))]
impl Hangups {
    pub(crate) fn take() -> Result<Self, CliError> {
        Ok(Self)
    }

    pub(crate) fn read_again(self, _: PathBuf, _: Service, _: GuestList) {}
}

/// Takes over the guests of the file, if the rest of it is as it was.
#[cfg(unix)]
fn read(file: &std::path::Path, service: &Service, list: &GuestList) {
    let kept = "the guests stay as they were";
    match Service::load(file) {
        Err(error) => tracing::error!("{kept}: {error}"),
        Ok(read) if (&read.roster, &read.gateways) != (&service.roster, &service.gateways) => {
            tracing::error!("{kept}: {} names other servers; for those, start all servers again", file.display());
        }
        Ok(read) => {
            let count = read.guests.len();
            match list.replace(read.guests) {
                Ok(()) => tracing::info!("guests on the list of {} now: {count}", file.display()),
                Err(error) => tracing::error!("{kept}: {error}"),
            }
        }
    }
}
