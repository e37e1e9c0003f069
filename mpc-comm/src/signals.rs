//! SIGTERM and Ctrl-C.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::{Error, Result, Stop, StoppedBy};

/// How long the sessions of a process may take to end once they are told, before it ends without them.
const ENDING: Duration = Duration::from_secs(10);

impl Stop {
    /// Obeys SIGTERM and Ctrl-C from now on. At the first of them `first` is called and no more sessions begin
    /// ([`drain`](Stop::drain)); sessions that still run after `patience` are ended ([`now`](Stop::now)); a process that has
    /// not ended 10 s later ends there and then. A second signal ends it at once. In both of these cases its exit code is
    /// [`StoppedBy::exit_code`].
    ///
    /// Call it once in a process, before anything that takes long.
    ///
    /// # Errors
    /// [`Error::Io`] if the system lets us have no thread or no signals.
    pub fn obey_signals(&self, patience: Duration, first: impl FnOnce(StoppedBy) + Send + 'static) -> Result<()> {
        let failed = |source| Error::Io { what: "listen for signals".to_owned(), source: Arc::new(source) };
        let runtime = Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new().map_err(failed)?
        };
        let stop = self.clone();
        let wait = move || {
            let by = runtime.block_on(signals.next());
            let ending = thread::Builder::new().name("mpc-ending".to_owned()).spawn(move || {
                let _ending = Ending(by);
                first(by);
                stop.drain(by);
                stop.end_after(patience, by);
            });
            match ending {
                Ok(_) => {
                    tracing::warn!("told to stop by {by}; once more, and this ends at once");
                    exit(runtime.block_on(signals.next()));
                }
                Err(error) => {
                    let _ending = Ending(by);
                    tracing::error!(%error, "cannot start the thread that ends this in good order");
                }
            }
        };
        thread::Builder::new().name("mpc-signals".to_owned()).spawn(wait).map(drop).map_err(failed)
    }

    /// Ends everything after `patience`, and the process with the exit code of `by` if it is still there 10 s later.
    pub fn end_after(&self, patience: Duration, by: StoppedBy) {
        let _ending = Ending(by);
        thread::sleep(patience);
        self.now(by);
        thread::sleep(ENDING);
        tracing::error!("did not end within {} s after it was told to", ENDING.as_secs());
    }
}

/// Ends the process when it is dropped: also by a panic, of a logger that nobody reads any more for example.
struct Ending(StoppedBy);

impl Drop for Ending {
    fn drop(&mut self) {
        exit(self.0);
    }
}

fn exit(by: StoppedBy) -> ! {
    std::process::exit(by.exit_code().into())
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn next(&mut self) -> StoppedBy {
        tokio::select! {
            _ = self.0.recv() => StoppedBy::Terminate,
            _ = self.1.recv() => StoppedBy::Interrupt,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) -> StoppedBy {
        // Without a console there is nobody to press the keys.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        StoppedBy::Interrupt
    }
}
