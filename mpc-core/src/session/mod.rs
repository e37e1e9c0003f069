//! One party's end of a computation.

mod device;
mod shares;
mod values;

pub use shares::OwnShare;

use crate::{
    backend::{Backend, Cpu, Meta},
    context::Context,
    engine::{Engine, Machine},
    error::{Error, InputError, Result},
    exec::{Net, Preprocessing, Timing, Wire},
    fixed::Fixed,
    op::{Handle, Opened, Rewrite, Runtime},
    preprocessing::Package,
    protocol::{
        dealer::{self, Dealer, Limits, Served, Watch},
        plain::Plain,
    },
    rand::{Seed, fresh_seed},
    scope::{ScopeGuard, Scopes},
    settings::{ProtocolKind, Settings},
    shape::Shape,
    tensor::{IntoInput, Tensor, checked},
    visibility::{Party, Private, Public},
};
use mpc_comm::{Mesh, PartyId, SPANS, Traffic};
use std::rc::Rc;
use tracing::field::Empty;
use zeroize::Zeroizing;

/// One party's end of a computation. Everything hangs off it: two sessions in one process do not see each other.
/// Clones are handles to the same session.
#[derive(Clone)]
pub struct Session {
    runtime: Rc<Runtime>,
    scopes: Scopes,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session of {}", self.name())
    }
}

impl Session {
    /// A session over a mesh.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings out of range, for a wrong `MPC_CPU`, or if the protocol needs a dealer and the mesh
    /// has none; [`Error::Device`] for a GPU that cannot be used;
    /// [`Error::Io`] if the system gives no random bytes.
    pub fn new(mesh: Mesh, settings: &Settings) -> Result<Self> {
        let own_seed = Self::draw_own_seed(&mesh, settings)?;
        Self::with_preprocessing(mesh, settings, own_seed, Preprocessing::Dealer)
    }

    /// A session over a mesh without a dealer, on randomness that was made ahead. It uses the package up before anything is
    /// computed. The parties have compared [`Package::id`].
    ///
    /// # Errors
    /// As [`Self::new`], and [`Error::Offline`] if the package has been used, or cannot be marked as used.
    pub fn offline(mesh: Mesh, settings: &Settings, package: Package) -> Result<Self> {
        let own_seed = Self::draw_own_seed(&mesh, settings)?;
        Self::with_preprocessing(mesh, settings, own_seed, Preprocessing::Package(Box::new(package)))
    }

    pub(crate) fn draw_own_seed(mesh: &Mesh, settings: &Settings) -> Result<Seed> {
        let secrets: Vec<_> = mesh.peers().chain(mesh.clients()).map(|peer| *mesh.link_secret(peer)).collect();
        fresh_seed(settings.prg, &Zeroizing::new(secrets))
    }

    /// A session in the clear over a mesh, with numbers of 128 bits that have no limit: what a simulator compares with.
    pub(crate) fn exact(mesh: Mesh, fraction_bits: u32) -> Result<Self> {
        let settings = Settings { protocol: ProtocolKind::Plain, fraction_bits, ..Settings::default() };
        let (fixed, session) = (settings.fixed()?, Self::new(mesh, &settings)?);
        let (cx, names) = (session.runtime.context().clone(), session.runtime.names().clone());
        let engine = Rc::new(Machine(Plain::<u128, Cpu>::new(cx.clone(), Cpu::from_env()?, fixed)));
        Ok(Self { runtime: Runtime::new(cx, engine, session.scopes.clone(), names), scopes: session.scopes })
    }

    /// A session over a mesh, with a given seed of this party's own contributions to random values, and randomness from
    /// somewhere.
    pub(crate) fn with_preprocessing(
        mesh: Mesh,
        settings: &Settings,
        own_seed: Seed,
        preprocessing: Preprocessing,
    ) -> Result<Self> {
        let (fixed, cpu) = (settings.fixed()?, Cpu::from_env()?);
        let client = mesh.is_client();
        let ahead = matches!(preprocessing, Preprocessing::Package(_));
        if settings.protocol == ProtocolKind::Dealer && !mesh.has_dealer() && !client && !ahead {
            let problem = "this protocol needs a dealer, and the roster names none".to_owned();
            return Err(Error::Setting { key: "protocol", problem });
        }
        let (me, parties) = (usize::from(mesh.me().0), mesh.parties());
        let gpu = device::gpu(settings, me)?;
        let clients: Vec<_> = mesh.clients().collect();
        let everybody = (0..parties as u16).map(PartyId).chain(clients.iter().copied());
        let names = everybody.map(|party| mesh.name(party).to_owned()).collect();
        let shared = |with| Seed::new(settings.prg, mesh.link_secret(with));
        let dealer_seed = match &preprocessing {
            Preprocessing::Package(package) => {
                package.spend().inspect_err(|error| mesh.abort(&Error::from(error.clone()).for_others()))?;
                Some(Seed::new(settings.prg, package.seed()))
            }
            _ => mesh.has_dealer().then(|| shared(PartyId::DEALER)),
        };
        let mut pair_seeds = vec![None; parties];
        let mut client_seeds = Vec::new();
        for peer in mesh.peers() {
            match client {
                true => client_seeds.push(shared(peer)),
                false => pair_seeds[usize::from(peer.0)] = Some(shared(peer)),
            }
        }
        if !client {
            client_seeds.extend(clients.iter().map(|&client| shared(client)));
        }
        let scopes = Scopes::default();
        tracing::debug!(
            me,
            parties,
            clients = clients.len(),
            protocol = settings.protocol.name(),
            fraction_bits = fixed.bits(),
            prg = settings.prg.name(),
            cpu = %cpu.level(),
            gpu = gpu.as_ref().map(tracing::field::debug),
            "a session begins"
        );
        let span = tracing::info_span!(
            target: SPANS,
            "session",
            party = mesh.name(mesh.me()),
            session = mesh.session(),
            rounds = Empty,
            sent = Empty,
            received = Empty,
            dealt = Empty,
            failed = Empty
        );
        let mut net = Net::new(Wire::Mesh(Box::new(mesh)), me, parties, scopes.clone());
        net.preprocessing = preprocessing;
        net.span = span;
        let cx = Context::new(dealer_seed, pair_seeds, Some(own_seed), net).with_clients(clients.len(), client_seeds);
        let cx = Rc::new(cx);
        Ok(match gpu {
            Some(gpu) => Self::build(cx, gpu, fixed, settings, scopes, names),
            None => Self::build(cx, cpu, fixed, settings, scopes, names),
        })
    }

    /// A session that computes nothing and sends nothing: it counts what the first party would. Revealed values are zeros.
    /// `names` are the parties', and then those of `clients` clients.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings out of range.
    pub(crate) fn counting(names: &[String], clients: usize, settings: &Settings, meta: &Meta) -> Result<Self> {
        Self::on_lengths(0, names, clients, settings, (Preprocessing::Dealer, meta.clone()))
    }

    /// The same for any party, noting what it would ask the dealer for if `preprocessing` is a plan. Then no input is
    /// loaded: all are zeros.
    pub(crate) fn rehearsal(
        me: usize,
        names: &[String],
        clients: usize,
        settings: &Settings,
        preprocessing: Preprocessing,
    ) -> Result<Self> {
        Self::on_lengths(me, names, clients, settings, (preprocessing, Meta::default()))
    }

    fn on_lengths(
        me: usize,
        names: &[String],
        clients: usize,
        settings: &Settings,
        (preprocessing, meta): (Preprocessing, Meta),
    ) -> Result<Self> {
        let (fixed, scopes) = (settings.fixed()?, Scopes::default());
        let parties = names.len() - clients;
        let mut net = Net::new(Wire::Count, me, parties, scopes.clone());
        net.preprocessing = preprocessing;
        let cx = Rc::new(Context::new(None, vec![None; parties], None, net).with_clients(clients, Vec::new()));
        Ok(Self::build(cx, meta, fixed, settings, scopes, names.into()))
    }

    fn build<B: Backend>(
        cx: Rc<Context>,
        backend: B,
        fixed: Fixed,
        settings: &Settings,
        scopes: Scopes,
        names: Rc<[String]>,
    ) -> Self {
        let engine: Rc<dyn Engine> = match settings.protocol {
            ProtocolKind::Dealer => Rc::new(Machine(Dealer::<u64, B>::new(cx.clone(), backend, fixed))),
            ProtocolKind::Plain if settings.check_range => {
                Rc::new(Machine(Plain::<u128, B>::new(cx.clone(), backend, fixed).checked::<u64>()))
            }
            ProtocolKind::Plain => Rc::new(Machine(Plain::<u64, B>::new(cx.clone(), backend, fixed))),
        };
        Self { runtime: Runtime::new(cx, engine, scopes.clone(), names), scopes }
    }

    /// The name of this party.
    pub fn name(&self) -> &str {
        self.runtime.names().get(self.runtime.me()).map_or("", String::as_str)
    }

    /// The names of the parties that compute, in the order of the roster.
    pub fn names(&self) -> &[String] {
        &self.runtime.names()[..self.runtime.parties()]
    }

    /// The names of the clients, in the order of the roster.
    pub fn clients(&self) -> &[String] {
        &self.runtime.names()[self.runtime.parties()..]
    }

    /// Whether this process is a client: it knows the program, and of its values those that are public or its own.
    pub fn is_client(&self) -> bool {
        self.runtime.is_client()
    }

    /// Whether this process is the party `P`.
    pub fn is<P: Party>(&self) -> bool {
        self.runtime.me() == P::INDEX
    }

    /// Runs a closure in the process of `P` only: to print or write what that party may see. It must not record steps:
    /// the parties would diverge, and be told so.
    pub fn only<P: Party, T>(&self, f: impl FnOnce() -> T) -> Option<T> {
        self.is::<P>().then(f)
    }

    /// A value that only `P` has, a compute party or a client: the closure runs in that party's process alone. It may give numbers (`Vec`, ndarray
    /// arrays) or a `Result` of them. A failure, a wrong shape, or a number that is not finite or too large stops the
    /// session with [`Error::Input`] there, and the other parties hear of it.
    #[track_caller]
    pub fn input<P: Party>(&self, shape: impl Into<Shape>, values: impl InputOf) -> Tensor<Private<P>> {
        let shape = shape.into();
        if let Some(mistake) = Handle::not_in_role(&self.runtime, "input", (P::INDEX, P::NAME, P::CLIENT)) {
            return mistake.into();
        }
        let rehearsing = self.runtime.context().net().rehearses();
        let load = || if rehearsing { Ok(vec![0.0; shape.len()]) } else { values.load(&shape) };
        let here = self.is::<P>().then(load);
        Handle::private(&self.runtime, (P::INDEX, P::NAME), shape, here).into()
    }

    /// A value that every party has. It is part of the program: parties that give different numbers diverge.
    #[track_caller]
    pub fn public(&self, shape: impl Into<Shape>, values: &[f64]) -> Tensor<Public> {
        Handle::public(&self.runtime, shape.into(), values).into()
    }

    /// Enters a scope: steps recorded until the guard is dropped are named below it.
    pub fn scope(&self, name: &str) -> ScopeGuard {
        self.scopes.enter_always(name)
    }

    /// Runs everything recorded that can still be read. An optimiser step runs what the new parameters need, so that a
    /// training loop that never reads runs on in bounded memory.
    pub fn flush(&self) {
        self.runtime.flush();
    }

    /// Records without a tape.
    pub fn no_grad<T>(&self, f: impl FnOnce() -> T) -> T {
        self.runtime.no_grad(f)
    }

    /// Makes the parties compare a public number that steers the program (a flag, a count): if they differ, the next
    /// round says so.
    pub fn agree(&self, x: u64) {
        self.runtime.agree(x);
    }

    /// Rounds and bytes so far.
    pub fn traffic(&self) -> Traffic {
        self.runtime.traffic()
    }

    /// Bytes that the dealer has sent to all parties together so far: known from the program, without asking it.
    pub fn dealer_sent(&self) -> u64 {
        self.runtime.dealer_sent()
    }

    /// The rewrites so far: what was computed in another way than it was written, for less. What a rewrite replaces runs
    /// too if it is read.
    pub fn rewrites(&self) -> Vec<Rewrite> {
        self.runtime.rewrites()
    }

    /// Time spent waiting so far.
    pub fn timing(&self) -> Timing {
        self.runtime.timing()
    }

    /// What was opened so far, to whom, and where the program says so.
    pub fn ledger(&self) -> Vec<Opened> {
        self.runtime.ledger()
    }

    /// How many recorded values are in memory.
    pub fn live_nodes(&self) -> usize {
        self.runtime.live_nodes()
    }

    /// What records and runs.
    pub fn runtime(&self) -> &Rc<Runtime> {
        &self.runtime
    }

    /// Runs a program, and with it everything that it records, until it has its answer.
    ///
    /// # Errors
    /// The program's own error, or whatever stopped the session. The other parties have then been told.
    pub fn block_on<T>(&self, program: impl IntoFuture<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(program.into_future())
    }

    /// Says goodbye to the other parties.
    pub fn finish(&self) {
        self.runtime.finish();
    }
}

/// A closure that gives a party's input.
pub trait InputOf {
    /// Runs it, and checks the result against the announced shape.
    ///
    /// # Errors
    /// [`InputError`], if it failed or gave another shape.
    fn load(self, shape: &Shape) -> Result<Vec<f64>, InputError>;
}

impl<T: IntoInput, F: FnOnce() -> T> InputOf for F {
    fn load(self, shape: &Shape) -> Result<Vec<f64>, InputError> {
        checked(self(), shape)
    }
}

/// Runs one party's program over a mesh: on success it says goodbye to the others, on an error they have been told.
///
/// # Errors
/// As [`Session::new`] and [`Session::block_on`].
pub fn run_party<T, F, Fut>(mesh: Mesh, settings: &Settings, program: F) -> Result<T>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    run_session(Session::new(mesh, settings)?, program)
}

/// Runs the program of a session, and ends it.
pub(crate) fn run_session<T, F, Fut>(session: Session, program: F) -> Result<T>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let answer = session.block_on(program(session.clone()))?;
    session.finish();
    Ok(answer)
}

/// Looks whether the device of these settings can be used, before anybody connects.
///
/// # Errors
/// [`Error::Device`] for a GPU that cannot be used, or a program without the feature `cuda`; [`Error::Setting`] for a wrong
/// `MPC_DEVICE`.
pub fn check_device(settings: &Settings) -> Result<()> {
    device::gpu(settings, 0).map(|_| ())
}

/// Runs the dealer of one session over a mesh in which this end is the dealer, until every party has said goodbye. It computes
/// where [`Settings::device`] says, and sends the same from everywhere; of a GPU it takes at most [`Settings::device_memory`] for
/// each party.
///
/// # Errors
/// As [`dealer::serve`], [`Error::Setting`] for settings out of range, and [`Error::Device`] for a GPU that cannot be used or
/// fails.
pub fn run_dealer(mesh: Mesh, settings: &Settings) -> Result<Served> {
    run_dealer_watched(mesh, settings, &Limits::default(), &mut |_| Ok(()))
}

/// The same, with other limits of memory. `watch` hears at every request what was done so far, and at the end; it ends the
/// session with its error, which the parties are told.
///
/// # Errors
/// As [`run_dealer`], and what `watch` gives.
pub fn run_dealer_watched(mesh: Mesh, settings: &Settings, limits: &Limits, watch: Watch<'_>) -> Result<Served> {
    let (fixed, prg) = (settings.fixed()?, settings.prg);
    // Each party is answered by a thread of its own, with a GPU of its own if there are several: as the parties.
    if device::gpu(settings, 0).inspect_err(|error| mesh.abort(&error.for_others()))?.is_none() {
        return dealer::serve::<u64>(mesh, fixed, prg, limits, watch);
    }
    let (index, memory) = (settings.device()?.index(), settings.device_memory);
    dealer::serve_on::<u64, _>(mesh, fixed, prg, limits, &|party| device::open(index, party, memory), watch)
}
