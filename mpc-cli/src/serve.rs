//! `mpc serve`: one of the servers that compute a model for guests.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mpc_comm::{Monitor, Options, PartyId, Stop, connect};
use mpc_core::{
    Error, Session, Settings,
    audit::{self, Head, Keeper},
    rand::Prg,
    run_party,
    serve::{Desk, Gateway, Limits, Service, Serving, announce, serve},
};

use prometheus_client::metrics::counter::Counter;

use crate::{
    error::CliError,
    guests::Hangups,
    identity,
    metrics::{self, Bound, Figures},
    model::{About, Owned, Served, Structure},
};

/// Serve a model to guests, together with the other servers of a roster
///
/// Every server runs this, one of them with --model; the others learn the structure of the model and none of its numbers. A
/// dealer runs beside them (`mpc dealer`). Each server needs a `gateway = "HOST:PORT"` in the roster, where guests call, and
/// each guest a [[guest]] with its `name`. Guests ask with `mpc predict`: no server sees what they ask, nor what they get.
///
/// Flags that change what is computed must be the same at all servers.
///
/// At SIGTERM or Ctrl-C a server takes no more requests, answers those under way (--drain), and ends with exit code 0, and
/// so do the other servers: one that is missing cannot be done without. If that takes too long it ends with 143 or 130, and
/// the others are told why. A second signal ends it at once.
///
/// At SIGHUP a server reads the guests of its roster's file again, and goes on. Do it at all servers: a request runs only where
/// all have heard it.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The file that says where the servers are, and who may come
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,

    /// Which of the servers we are
    #[arg(long, value_name = "NAME")]
    party: String,

    /// The model's file; at its owner only
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// What guests are told it is; without this flag, the name of the file
    #[arg(long, value_name = "TEXT", requires = "model")]
    title: Option<String>,

    /// The shape of one input, if the model's file does not say it, such as 3,224,224
    #[arg(long, value_name = "N,N,N", value_delimiter = ',', requires = "model")]
    shape: Option<Vec<usize>>,

    /// Which output of the model guests get; without this flag, the first
    #[arg(long, value_name = "NAME", requires = "model")]
    output: Option<String>,

    /// The most inputs that are computed together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    max_batch: u16,

    /// How long a request waits for others to be computed with it
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5)]
    max_wait_ms: u32,

    /// The most requests and connections that one guest may have at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    per_client_limit: u16,

    /// How long a request may take to arrive at all servers, and an answer to leave
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,

    /// How long an answer is kept for its receiver
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,

    /// Refuse inputs that are not below this in magnitude; checked on shares, at the cost of two comparisons an element
    #[arg(long, value_name = "NUMBER")]
    range: Option<f64>,

    /// End after so many requests
    #[arg(long, value_name = "N")]
    requests: Option<u64>,

    /// Name of this run; all its servers must give the same
    #[arg(long, value_name = "LABEL", default_value = "serve")]
    session: String,

    /// How long requests that are under way may take after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    drain: u32,

    /// How long an interrupted link to another server or the dealer may take to come back before that ends the session
    ///
    /// A server that has died is noticed only this much later. Of two ends the smaller one holds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    grace: u32,

    /// Listen here instead of at our address in the roster: in a container, or behind address translation
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,

    /// Listen for guests here instead of at our gateway in the roster
    #[arg(long, value_name = "IP:PORT")]
    bind_guests: Option<SocketAddr>,

    /// Write down what was opened, and to whom, when the session ends: for `mpc audit`
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,

    #[command(flatten)]
    metrics: metrics::Endpoint,

    #[command(flatten)]
    identity: identity::Flags,

    /// Bits after the binary point of the fixed-point numbers (10 to 24); the same as the dealer's
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    fraction_bits: u32,

    /// The generator of random numbers; the same as the dealer's
    #[arg(long, value_name = "NAME", default_value_t = Prg::default(),
          value_parser = PossibleValuesParser::new(Prg::ALL.map(Prg::name)).try_map(|name| name.parse::<Prg>()))]
    prg: Prg,
}

impl Serve {
    /// Which of the servers we are.
    pub(crate) fn party(&self) -> &str {
        &self.party
    }

    /// Serves until it is stopped.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let service = Service::load(&self.roster).map_err(CliError::Roster)?;
        let me = service.roster.id_of(&self.party).filter(|party| party.index() < service.roster.parties());
        let Some(me) = me else {
            let known = service.roster.compute.iter().map(|member| member.name.clone()).collect();
            return Err(CliError::UnknownParty { name: self.party, file: self.roster, known });
        };
        // Before anybody is called: what is wrong with the file, its owner should learn at once.
        let about =
            About { title: self.title.as_deref(), shape: self.shape.as_deref(), output: self.output.as_deref() };
        let owned = match &self.model {
            Some(file) => Some(Owned::read(file, &about).map_err(CliError::Model)?),
            None => None,
        };
        let settings = Settings { fraction_bits: self.fraction_bits, prg: self.prg, ..Settings::default() };
        let (stop, door) = (Stop::new(), Arc::new(OnceLock::<Arc<Desk>>::new()));
        let (order, desk) = (stop.clone(), Arc::clone(&door));
        stop.obey_signals(Duration::from_secs(self.drain.into()), move |by| match desk.get() {
            Some(desk) => desk.drain(),
            // There is nothing under way yet.
            None => order.now(by),
        })?;
        let options = Options {
            identity: self.identity.load()?,
            stop: Some(stop),
            allow_plaintext: self.identity.insecure_no_tls,
            session: self.session.clone(),
            bind: self.bind,
            grace: Duration::from_secs(self.grace.into()),
            monitor: Some(Monitor::new()),
            ..Options::default()
        };
        let hangups = Hangups::take()?;
        let keeper = self.audit.as_deref().map(|file| self.keep(file, &service)).transpose()?;
        let bound = self.metrics.bind()?;
        let mesh = connect(&service.roster, me, &settings.agreement(), options.clone())?;
        let served = run_party(mesh, &settings, |s| {
            keeper.iter().for_each(|keeper| keeper.watch(&s));
            self.work(s, me, service, owned, (options, &door, bound, hangups))
        })?;
        if let Some(keeper) = keeper {
            let file = keeper.file().to_owned();
            keeper.finish().map_err(|source| CliError::Ledger { file, source })?;
        }
        tracing::info!("{} requests in {} batches, {} refused", served.requests, served.batches, served.refused);
        Ok(())
    }

    /// Begins the file of what is opened.
    fn keep(&self, file: &Path, service: &Service) -> Result<Keeper, CliError> {
        let head = Head {
            version: audit::VERSION,
            party: self.party.clone(),
            client: false,
            parties: service.roster.compute.iter().map(|member| member.name.clone()).collect(),
            session: self.session.clone(),
        };
        Keeper::create(file, &head).map_err(|source| CliError::Ledger { file: file.to_owned(), source })
    }

    async fn work(
        self,
        s: Session,
        me: PartyId,
        service: Service,
        owned: Option<Owned>,
        (options, door, bound, hangups): (Options, &OnceLock<Arc<Desk>>, Option<Bound>, Hangups),
    ) -> mpc_core::Result<mpc_core::serve::Served> {
        let own = owned.as_ref().map(|owned| owned.structure.encode()).transpose();
        let own = own.map_err(|problem| Error::Setting { key: "model", problem })?;
        let told = announce(&s, own.as_deref()).await?;
        let owners: Vec<usize> = told.iter().enumerate().filter(|(_, told)| told.is_some()).map(|(at, _)| at).collect();
        let &[owner] = &owners[..] else {
            let names: Vec<&str> = owners.iter().map(|&at| &s.names()[at][..]).collect();
            let problem = match names.is_empty() {
                true => "no server has a model; expected --model at one of them".to_owned(),
                false => format!("{} each have a model; expected --model at one server only", names.join(" and ")),
            };
            return Err(Error::Setting { key: "model", problem });
        };
        let structure = Structure::decode(told[owner].as_deref().unwrap_or_default());
        let structure = structure.map_err(|problem| Error::Setting {
            key: "model",
            problem: format!("{} announced {problem}", s.names()[owner]),
        })?;
        let model = Served::share(&s, owner, &structure, owned.as_ref());
        let max_batch = structure.rows.map_or(self.max_batch.into(), |most| most.clamp(1, self.max_batch.into()));
        let limits = Limits {
            rows: max_batch,
            per_guest: self.per_client_limit.into(),
            timeout: Duration::from_secs(self.timeout.into()),
            keep: Duration::from_secs(self.keep.into()),
            ..Limits::of(structure.input.clone())
        };
        let how = Serving {
            model: structure.title.clone(),
            max_batch,
            max_wait: Duration::from_millis(self.max_wait_ms.into()),
            requests: self.requests,
            range: self.range,
            ..Serving::default()
        };
        let desk = Arc::new(Desk::new(limits));
        let (batches, rows) = figures(bound, &desk, &options);
        let at_gateway = Options { bind: self.bind_guests, ..options };
        let gateway = Gateway::open(&service, me, how.offer(&s, &desk), Arc::clone(&desk), &at_gateway)?;
        hangups.read_again(self.roster, service, gateway.guest_list());
        // Before this, a signal ends the session at once.
        let _ = door.set(Arc::clone(&desk));
        tracing::info!("{} of {} serves guests at {}", structure.title, s.names()[owner], gateway.address());
        let served = serve(&s, &desk, &how, async |x| {
            batches.inc();
            rows.inc_by(x.shape().dims().first().map_or(1, |&rows| rows as u64));
            Ok(model.forward(&x))
        });
        let served = served.await?;
        gateway.close();
        Ok(served)
    }
}

/// Serves figures, where that is asked for; those that the model counts.
fn figures(bound: Option<Bound>, desk: &Arc<Desk>, options: &Options) -> (Counter, Counter) {
    let monitor = options.monitor.clone().unwrap_or_default();
    let (batches, rows, mut figures) = (Counter::default(), Counter::default(), Figures::new("serve", &monitor));
    figures.add("batches", "Batches that the model has begun to compute", &batches);
    figures.add("rows", "Inputs in these batches", &rows);
    let (waiting, memory) = (Arc::clone(desk), Arc::clone(desk));
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    figures.ask("requests", "Requests that wait, run, or whose answers are kept", move || count(waiting.requests()));
    figures.ask("desk_bytes", "Bytes of shares that wait and of answers that are kept", move || count(memory.bytes()));
    figures.add_certificate(options.identity.as_ref());
    if let Some(bound) = bound {
        bound.serve(figures);
    }
    (batches, rows)
}
