//! Packages in the simulator: made by one, used by another.

use super::{Sim, insecure_dealer_thread};
use crate::{
    error::Result,
    offline::{Offline, Prepared, rehearse},
    session::Session,
};
use mpc_comm::{InMemory, Mesh, PartyId};
use std::{panic, path::Path, thread};

impl Sim {
    /// Makes a package of every party for one run of a program, in a folder: `PARTY.offline`. Uses no data.
    ///
    /// # Panics
    /// If the program does.
    pub fn prepare<T, F, Fut>(&self, folder: impl AsRef<Path>, program: F) -> Vec<Result<Prepared>>
    where
        F: Fn(Session) -> Fut + Sync,
        Fut: Future<Output = Result<T>>,
    {
        let (meshes, dealer) = InMemory {
            compute: self.parties,
            clients: 0,
            dealer: true,
            seeds: self.seeds,
            faults: self.faults.clone(),
            options: self.options.clone(),
            transcript: self.transcript.clone(),
        }
        .build();
        let (program, folder) = (&program, folder.as_ref());
        let prepare = |mesh: Mesh| {
            let (names, me) = (self.names(), usize::from(mesh.me().0));
            let offline = self.packages(folder, &mesh);
            let plan = rehearse(me, &names, self.clients, &self.settings, program)?;
            offline.prepare(mesh, plan)
        };
        thread::scope(|scope| {
            dealer.map(|mesh| scope.spawn(|| insecure_dealer_thread(mesh, &self.settings)));
            let running: Vec<_> = meshes.into_iter().map(|mesh| scope.spawn(|| prepare(mesh))).collect();
            running.into_iter().map(|party| party.join().unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
        })
    }

    /// Runs without a dealer, on packages that [`Self::prepare`] has put into a folder, with the same parties and settings.
    #[must_use]
    pub fn offline(mut self, folder: impl AsRef<Path>) -> Self {
        self.offline = Some(folder.as_ref().to_owned());
        self
    }

    /// The packages of the party at this end of a mesh.
    pub(super) fn packages(&self, folder: &Path, mesh: &Mesh) -> Offline {
        let all: Vec<&str> = (0..mesh.parties() as u16).map(|party| mesh.name(PartyId(party))).collect();
        Offline::bound(folder.to_owned(), mesh.name(mesh.me()), &all, "simulated".to_owned(), &self.settings, None)
    }
}
