//! The simulator: every party and the dealer as threads of one process. For tests and for trying things out; whoever owns
//! the process sees everything.

mod offline;
mod shadow;

pub use shadow::{Shadow, ShadowRow};

use crate::{
    backend::Meta,
    error::{Error, Result},
    exec::Preprocessing,
    op::Rewrite,
    rand::fixed_seed,
    session::{Session, run_dealer, run_session},
    settings::{Device, ProtocolKind, Settings},
};
use mpc_comm::{Fault, InMemory, Mesh, Options, Seeds, Traffic, Transcript};
use std::{
    collections::BTreeMap,
    fmt::Display,
    ops::Deref,
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    thread,
};

/// A simulated set of parties.
#[derive(Clone, Debug)]
pub struct Sim {
    parties: usize,
    clients: usize,
    settings: Settings,
    seeds: Seeds,
    /// By party, where it is not derived from `seeds`.
    own_seeds: BTreeMap<usize, u64>,
    faults: Vec<Fault>,
    options: Options,
    transcript: Option<Transcript>,
    /// Where the packages are, for runs without a dealer.
    offline: Option<PathBuf>,
}

impl Sim {
    /// `parties` parties with the default settings, and a dealer.
    pub fn new(parties: usize) -> Self {
        let (settings, options) = (Settings::default(), Options::default());
        Self {
            parties,
            clients: 0,
            settings,
            seeds: Seeds::Fresh,
            own_seeds: BTreeMap::new(),
            faults: Vec::new(),
            options,
            transcript: None,
            offline: None,
        }
    }

    /// Clients besides the parties: see [`Party::CLIENT`](crate::Party::CLIENT).
    #[must_use]
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// Fixes all randomness: the same program then sends the same bytes. The simulator is the only place that allows it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seeds = Seeds::Fixed(seed);
        self
    }

    /// Fixes what one party contributes to random values, whatever the others and the dealer do.
    #[must_use]
    pub fn own_seed(mut self, party: usize, seed: u64) -> Self {
        self.own_seeds.insert(party, seed);
        self
    }

    /// Another protocol than the dealer's.
    #[must_use]
    pub fn protocol(mut self, protocol: ProtocolKind) -> Self {
        self.settings.protocol = protocol;
        self
    }

    /// Other settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where the parties compute.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.settings.device = Some(device);
        self
    }

    /// A link that fails.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Other time-outs and limits.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Records every frame.
    #[must_use]
    pub fn transcript(mut self, transcript: &Transcript) -> Self {
        self.transcript = Some(transcript.clone());
        self
    }

    /// Runs a program at every party and client and returns what each of them got: parties first, then clients.
    ///
    /// # Panics
    /// If the program does: with the panic of the first party that did.
    pub fn run<T, F, Fut>(&self, program: F) -> Vec<Result<T>>
    where
        T: Send,
        F: Fn(Session) -> Fut + Sync,
        Fut: Future<Output = Result<T>>,
    {
        self.run_as(false, program)
    }

    /// Runs a program; with `exact`, in the clear with numbers as fine as there are and without limit.
    fn run_as<T, F, Fut>(&self, exact: bool, program: F) -> Vec<Result<T>>
    where
        T: Send,
        F: Fn(Session) -> Fut + Sync,
        Fut: Future<Output = Result<T>>,
    {
        let with_dealer = self.settings.protocol == ProtocolKind::Dealer && !exact && self.offline.is_none();
        let (meshes, dealer) = InMemory {
            compute: self.parties,
            clients: self.clients,
            dealer: with_dealer,
            seeds: self.seeds,
            faults: self.faults.clone(),
            options: self.options.clone(),
            transcript: self.transcript.clone(),
        }
        .build();
        let packages = match self.opened(&meshes) {
            Ok(packages) => packages,
            Err(refused) => return refused.into_iter().map(Err).collect(),
        };
        let (program, settings) = (&program, &self.settings);
        thread::scope(|scope| {
            if let Some(mesh) = dealer {
                scope.spawn(move || insecure_dealer_thread(mesh, settings));
            }
            let running: Vec<_> = meshes
                .into_iter()
                .zip(packages)
                .enumerate()
                .map(|(party, (mesh, package))| {
                    let number = self.own_seeds.get(&party).copied().or(match self.seeds {
                        Seeds::Fixed(number) => Some(number),
                        Seeds::Fresh => None,
                    });
                    scope.spawn(move || {
                        if exact {
                            return run_session(Session::exact(mesh, shadow::fraction_bits())?, program);
                        }
                        let source = match package {
                            Some(package) => Preprocessing::Package(Box::new(package)),
                            None => Preprocessing::Dealer,
                        };
                        let seed = match number {
                            Some(number) => fixed_seed(settings.prg, number, party),
                            None => Session::draw_own_seed(&mesh, settings)?,
                        };
                        run_session(Session::with_preprocessing(mesh, settings, seed, source)?, program)
                    })
                })
                .collect();
            running.into_iter().map(|party| party.join().unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
        })
    }

    /// Counts what a program would cost the first party, without computing or sending anything, and says what was rewritten.
    /// Revealed values are zeros.
    ///
    /// # Errors
    /// The program's own error, or that of the first step that does not fit.
    pub fn explain<T, F, Fut>(&self, program: F) -> Result<Explained>
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let meta = Meta::default();
        let session = Session::counting(&self.names(), self.clients, &self.settings, &meta)?;
        session.block_on(program(session.clone()))?;
        Ok(Explained { traffic: session.traffic(), rewrites: session.rewrites(), memory: meta.most_bytes() })
    }

    /// The names of the parties, then those of the clients.
    fn names(&self) -> Vec<String> {
        let parties = (0..self.parties).map(|party| format!("party{party}"));
        parties.chain((0..self.clients).map(|client| format!("client{client}"))).collect()
    }
}

/// What a program would cost: rounds and bytes, in total and by step, and memory.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The count.
    pub traffic: Traffic,
    /// What is computed in another way than it is written, for less.
    pub rewrites: Vec<Rewrite>,
    /// The most bytes of shares, masks and opened values that a party has at the same time. Not in it: data in the clear,
    /// messages on their way, what kernels need for themselves, and the program.
    pub memory: u64,
}

impl Deref for Explained {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

/// A dealer inside of the parties' own process, where it protects nothing: whoever owns the process sees the masks.
fn insecure_dealer_thread(mesh: Mesh, settings: &Settings) {
    // What goes wrong here, the parties report.
    let _ = run_dealer(mesh, settings);
}

/// What a test body may return: nothing, or a result whose error can be printed.
pub trait Outcome: sealed::Sealed {
    /// The error.
    fn outcome(self) -> Result<()>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
}

impl Outcome for () {
    fn outcome(self) -> Result<()> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    fn outcome(self) -> Result<()> {
        self.map_err(Error::program)
    }
}

/// A seed that nobody has chosen; 0 if the system has no randomness to give.
fn fresh_seed() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes))
}

/// Runs a test body at every party: what `#[mpc::test]` expands to. Its randomness is drawn anew each time, unless the
/// simulator has a seed.
///
/// # Panics
/// If a party panics or fails: with the error that was the cause, and the seed that repeats it.
pub fn test_with<F, Fut>(sim: Sim, body: F)
where
    F: Fn(Session) -> Fut + Sync,
    Fut: Future<Output: Outcome>,
{
    let seed = match sim.seeds {
        Seeds::Fixed(seed) => seed,
        Seeds::Fresh => fresh_seed(),
    };
    let body = &body;
    let run = || sim.clone().seed(seed).run(|session| async move { body(session).await.outcome() });
    let results = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        eprintln!("a party panicked: repeat with `seed = {seed}`");
        panic::resume_unwind(panic)
    });
    let errors = || results.iter().enumerate().filter_map(|(party, result)| Some((party, result.as_ref().err()?)));
    // Who only heard of somebody else's error does not know the cause.
    let cause = |error: &&Error| !matches!(error, Error::Aborted { .. } | Error::Peer { .. });
    if let Some((party, error)) = errors().find(|(_, error)| cause(error)).or_else(|| errors().next()) {
        panic!("party {party} of {}: {error} (repeat with `seed = {seed}`)", sim.parties);
    }
}
