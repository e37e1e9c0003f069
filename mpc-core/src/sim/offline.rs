//! Packages in the simulator: made by one, used by another.

use super::{Sim, insecure_dealer_thread};
use crate::{
    error::{Error, Result},
    offline::{Offline, Prepared, rehearse},
    preprocessing::Package,
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

    /// The package of each party, none of a client, and none at all with a dealer. As in processes of their own, parties open
    /// theirs before they meet: if one cannot, no package is used up.
    pub(super) fn opened(&self, meshes: &[Mesh]) -> Result<Vec<Option<Package>>, Vec<Error>> {
        let open = |mesh: &Mesh| match &self.offline {
            Some(folder) if !mesh.is_client() => self.packages(folder, mesh).package().map(Some),
            _ => Ok(None),
        };
        let opened: Vec<_> = meshes.iter().map(open).collect();
        let refusal = |(party, result): (usize, &Result<_>)| Some((party, result.as_ref().err()?.for_others()));
        let Some((party, cause)) = opened.iter().enumerate().find_map(refusal) else {
            return Ok(opened.into_iter().flatten().collect());
        };
        let (by, name) = (PartyId(party as u16), meshes[party].name(PartyId(party as u16)).to_owned());
        let aborted = || Error::Aborted { by, name: name.clone(), cause: cause.clone() };
        Err(opened.into_iter().map(|result| result.err().unwrap_or_else(aborted)).collect())
    }

    /// The packages of the party at this end of a mesh.
    fn packages(&self, folder: &Path, mesh: &Mesh) -> Offline {
        let all: Vec<&str> = (0..mesh.parties() as u16).map(|party| mesh.name(PartyId(party))).collect();
        Offline::bound(folder.to_owned(), mesh.name(mesh.me()), &all, "simulated".to_owned(), &self.settings, None)
    }
}
