//! Correlated randomness made ahead: one package for each party, for one run of one program, which then needs no dealer.
//!
//! Every party rehearses the program, which says what it will ask the dealer for ([`rehearse`]). Then they meet the dealer,
//! as for a run, ask it for all of that, and each puts what it gets into a file ([`Offline::prepare`]). The run itself
//! ([`run_party_offline`]) reads the files. A package serves once; `docs/adr/0014-offline.md` says why, and what sees to it.

use crate::{
    error::{Error, OfflineError, Result},
    exec::{Preprocessing, parse_dealt},
    preprocessing::{Header, Package, Place, Plan, encode_needs},
    session::{Session, run_session},
    settings::Settings,
};
use mpc_comm::{Frame, Identity, Kind, Mesh, PartyId, Roster, Words};
use sha2::{Digest, Sha256};
use std::{fs, io, path::PathBuf, sync::Arc};

/// Requests that the dealer has at one time.
const AHEAD: usize = 2;

/// A party's folder of packages, and what they are made for: this party, all parties and their certificates, and the settings.
/// The addresses of the parties may change.
pub struct Offline(Place);

/// A package that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its file.
    pub file: PathBuf,
    /// What it has in common with the packages of the others.
    pub id: String,
    /// How many requests it answers.
    pub requests: u64,
    /// The size of the file.
    pub bytes: u64,
}

/// What a program asks the dealer for, at party `me` of these parties and clients. Nothing is computed, sent or loaded:
/// inputs are zeros, and so is what is revealed.
///
/// # Errors
/// The program's own error, or that of the first step that does not fit.
pub fn rehearse<T, F, Fut>(me: usize, names: &[String], clients: usize, settings: &Settings, program: F) -> Result<Plan>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let session = Session::rehearsal(me, names, clients, settings, Preprocessing::Plan(Plan::default()))?;
    session.block_on(program(session.clone()))?;
    Ok(session.runtime().context().net().end_preprocessing().unwrap_or_default())
}

/// As [`run_party`](crate::run_party), over a mesh without a dealer, on a package that this uses up.
///
/// # Errors
/// As [`Session::offline`] and [`Session::block_on`]; [`OfflineError::Differs`] at the first step that asks for something else
/// than the package has, before anything is opened with it.
pub fn run_party_offline<T, F, Fut>(mesh: Mesh, settings: &Settings, package: Package, program: F) -> Result<T>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    run_session(Session::offline(mesh, settings, package)?, program)
}

impl Offline {
    /// Packages of party `me` in a folder. With its identity they are encrypted under a key that follows from the private
    /// key; without, the rights of the file (0600 on Unix) are their only protection.
    pub fn new(
        folder: impl Into<PathBuf>,
        roster: &Roster,
        me: PartyId,
        settings: &Settings,
        identity: Option<&Identity>,
    ) -> Self {
        let mut hash = Sha256::new();
        for member in &roster.compute {
            hash.update(&member.name);
            hash.update(member.fingerprint.map_or_else(|| " -\n".to_owned(), |pin| format!(" {pin}\n")));
        }
        let names: Vec<&str> = roster.compute.iter().map(|member| member.name.as_str()).collect();
        let pins = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self::bound(folder.into(), roster.name(me), &names, pins, settings, identity.cloned())
    }

    pub(crate) fn bound(
        folder: PathBuf,
        party: &str,
        names: &[&str],
        pins: String,
        settings: &Settings,
        identity: Option<Identity>,
    ) -> Self {
        let mut made_for = settings.agreement().fields;
        made_for.push(("parties".to_owned(), names.join(", ")));
        made_for.push(("certificates of the parties".to_owned(), pins));
        Self(Place { folder, party: party.to_owned(), made_for, identity })
    }

    /// Opens this party's package. It stays unused until a session begins on it.
    ///
    /// # Errors
    /// [`Error::Offline`]: there is none, it has been used, it was made for something else, or it was changed.
    pub fn package(&self) -> Result<Package> {
        Ok(self.0.open()?)
    }

    /// Refuses to prepare where a package waits to be used. [`Self::prepare`] looks too; this is for before anybody connects.
    ///
    /// # Errors
    /// [`Error::Offline`]: there is one, or the folder cannot be made.
    pub fn vacant(&self) -> Result<()> {
        Ok(self.0.vacant()?)
    }

    /// Meets the other parties and the dealer over a mesh, and stores what the dealer answers to a plan. All parties have a
    /// package when this returns, or none. What is sent to the dealer is what a run sends, and the dealer keeps nothing.
    /// Memory: the plan, and a few requests' corrections.
    ///
    /// # Errors
    /// [`Error::Offline`]: a package is there already, the file cannot be written, or another party has another plan;
    /// [`Error::Peer`] and [`Error::Aborted`] as for a run; [`Error::Setting`] over a mesh without a dealer.
    pub fn prepare(&self, mut mesh: Mesh, plan: Plan) -> Result<Prepared> {
        let made = self.make(&mut mesh, plan);
        match &made {
            Ok(_) => mesh.finish(),
            Err(error) => mesh.abort(&error.for_others()),
        }
        made
    }

    fn make(&self, mesh: &mut Mesh, plan: Plan) -> Result<Prepared> {
        if !mesh.has_dealer() {
            let problem = "a package is made by a dealer, and the roster names none".to_owned();
            return Err(Error::Setting { key: "prepare", problem });
        }
        self.0.vacant()?;
        let digest = plan.digest();
        let (requests, schedule) = plan.into_parts()?;
        let id = run_id(mesh, digest)?;
        let header = Header {
            id: id.clone(),
            party: self.0.party.clone(),
            made_for: self.0.made_for.clone(),
            schedule: digest,
            requests: schedule.len() as u64,
        };
        let mut writer = self.0.create(&header, mesh.link_secret(PartyId::DEALER), &schedule)?;
        let (mut asked, mut answered) = (0, 0);
        while answered < requests.len() {
            while mesh.me() == PartyId(0) && asked < requests.len().min(answered + AHEAD) {
                // A request for nothing is answered when all before it have been.
                for body in [requests[asked].clone(), encode_needs(&[])?] {
                    mesh.send(PartyId::DEALER, Frame::new(Kind::Request, 0, 0, vec![body]))?;
                }
                asked += 1;
            }
            let corrections = parse_dealt(mesh.recv(PartyId::DEALER)?)?;
            answered += usize::from(corrections.is_empty());
            corrections.iter().try_for_each(|(at, words)| writer.put(*at, words))?;
        }
        let finished = writer.finish()?;
        exchange(mesh, 1, digest, Words::empty())?;
        let (file, bytes) = finished.publish()?;
        // A package that is not whole everywhere is of no use to anybody.
        exchange(mesh, 2, digest, Words::empty()).inspect_err(|_| drop(fs::remove_file(&file)))?;
        Ok(Prepared { file, id, requests: header.requests, bytes })
    }
}

impl std::fmt::Debug for Offline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offline at {}", self.0.file().display())
    }
}

/// A number that no other packages have: every party contributes to it. It also tells apart who has another plan.
fn run_id(mesh: &mut Mesh, plan: u64) -> Result<String> {
    let mut ours = [0u64; 4];
    getrandom::fill(bytemuck::cast_slice_mut(&mut ours)).map_err(|error| Error::Io {
        what: "asking the system for random bytes".into(),
        source: Arc::new(io::Error::other(error)),
    })?;
    let mut hash = Sha256::new().chain_update("mpc offline run 1").chain_update(plan.to_le_bytes());
    for words in exchange(mesh, 0, plan, ours.to_vec().into())? {
        hash.update((words.len() as u64).to_le_bytes());
        hash.update(words.as_bytes());
    }
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// Says something to every party and hears what each says, in their order, ours included.
fn exchange(mesh: &mut Mesh, round: u64, plan: u64, words: Words) -> Result<Vec<Words>> {
    let peers: Vec<PartyId> = mesh.peers().collect();
    for &peer in &peers {
        mesh.send(peer, Frame::new(Kind::Round, round, plan, vec![words.clone()]))?;
    }
    let mut heard = Vec::new();
    for peer in peers {
        let frame = mesh.recv(peer)?;
        if (frame.kind, frame.round, frame.digest) != (Kind::Round, round, plan) {
            return Err(OfflineError::OtherProgram { peer, name: mesh.name(peer).to_owned() }.into());
        }
        let mut body = frame.into_body();
        heard.push(body.take(body.remaining()).unwrap_or_default());
    }
    heard.insert(usize::from(mesh.me().0), words);
    Ok(heard)
}
