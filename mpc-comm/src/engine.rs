//! The small tokio runtime that carries a party's links.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{Error, Result};

/// A runtime with one worker thread, stopped without waiting when the last holder lets go. It may be dropped
/// anywhere, also on a thread that belongs to another runtime.
#[derive(Debug)]
pub(crate) struct Engine {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Engine {
    /// Starts the worker thread.
    pub(crate) fn start() -> Result<Arc<Engine>> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("mpc-comm").enable_all().build().map_err(
                |source| Error::Io { what: "start the network thread".to_owned(), source: Arc::new(source) },
            )?;
        Ok(Arc::new(Engine { handle: runtime.handle().clone(), runtime: Some(runtime) }))
    }

    /// Where to spawn.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
