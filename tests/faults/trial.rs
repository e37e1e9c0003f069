//! One session with at most one harm: who ends how.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mpc::comm::{Identity, Member as Entry, Roster};
use tempfile::{NamedTempFile, TempDir};

use super::{
    cast::Cast,
    common,
    harm::{DEALER, Member, Order, Way},
    relay::{Watch, relay},
};

/// The time-outs that the parties are started with, in seconds.
pub(crate) const CONNECT: &str = "5";
pub(crate) const ROUND: &str = "8";
pub(crate) const SILENCE: &str = "3";
pub(crate) const GRACE: &str = "4";
/// Nobody may take longer than this, with all that a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(3);

/// How a process has ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// With this output.
    Well(String),
    /// With a typed error, of this sort.
    Error(String),
    /// By the harm itself.
    Killed,
}

/// A session that is over.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) ends: BTreeMap<Member, End>,
    /// Units on each way.
    pub(crate) counts: BTreeMap<Way, usize>,
    /// From the harm to the last end.
    pub(crate) took: Option<Duration>,
}

struct Process {
    child: Child,
    pipes: [JoinHandle<String>; 2],
}

/// Runs everybody. Panics where somebody hangs, panics, or says something that is no typed error.
pub(crate) fn run(cast: &Cast, order: Option<Order>, tls: bool) -> Trial {
    let what = format!("{} with {order:?}", cast.example);
    let (roster, folder, real, listeners) = places(cast, tls);
    let at: Vec<SocketAddr> = listeners.iter().map(|(_, listener)| listener.local_addr().unwrap()).collect();
    let all: Arc<Mutex<BTreeMap<Member, Process>>> = Arc::default();
    let victims = Arc::downgrade(&all);
    let watch = Watch::new(order, tls, move |member| {
        if let Some(all) = victims.upgrade() {
            all.lock().unwrap().get_mut(&member).into_iter().for_each(|victim| drop(victim.child.kill()));
        }
    });
    for (owner, listener) in listeners {
        relay(listener, owner, real[&owner], Arc::clone(&watch));
    }
    for (member, name) in members(cast) {
        let identity = tls.then(|| folder.path().join(name));
        let grace = order.is_some_and(|order| order.harm.grace());
        let process = start(cast, (name, grace), roster.path(), identity.as_deref(), real.get(&member));
        all.lock().unwrap().insert(member, process);
    }
    let (statuses, last) = wait(&all, &what);
    watch.end(&at);
    let processes = std::mem::take(&mut *all.lock().unwrap());
    let ends = processes.into_iter().map(|(member, process)| {
        let [output, error] = process.pipes.map(|pipe| pipe.join().unwrap());
        (member, judge(&statuses[&member], &output, &error, &format!("{what}: member {member}")))
    });
    let took = watch.done().map(|done| last.saturating_duration_since(done));
    Trial { ends: ends.collect(), counts: watch.counts(), took }
}

/// Everybody with its number.
fn members(cast: &Cast) -> impl Iterator<Item = (Member, &'static str)> {
    cast.parties().enumerate().map(|(at, name)| (at as Member, name)).chain([(DEALER, "dealer")])
}

type Places = (NamedTempFile, TempDir, BTreeMap<Member, SocketAddr>, Vec<(Member, TcpListener)>);

/// The roster's file with the relays' addresses, identities, where the members really listen, and the relays' listeners.
fn places(cast: &Cast, tls: bool) -> Places {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    // A loopback address of this session's own, so that a port that was free stays free.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The last byte is neither 0 nor 255.
    let own = Ipv4Addr::new(127, 64 + (std::process::id() % 128) as u8, (number / 254) as u8, (1 + number % 254) as u8);
    // Below the ports that the system gives to callers: one that calls a port of its own would be connected to itself.
    let mut port = 20_000;
    let mut next = || {
        port += 1;
        SocketAddr::from((own, port))
    };
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let folder = tempfile::tempdir().unwrap();
    let (mut listeners, mut real) = (Vec::new(), BTreeMap::new());
    let mut entry = |member: Member, name: &str, listens: bool| {
        let fingerprint =
            tls.then(|| Identity::create(name, 1, folder.path().join(name)).unwrap().certificate().fingerprint);
        let mut address = String::new();
        if listens {
            let relay = TcpListener::bind(next()).or_else(|_| free()).unwrap();
            let at = relay.local_addr().unwrap();
            address = at.to_string();
            // Not tried out: a process that another thread is just starting would keep it for a moment.
            let place = if at.ip() == own { next() } else { free().unwrap().local_addr().unwrap() };
            real.insert(member, place);
            listeners.push((member, relay));
        }
        Entry { name: name.to_owned(), address, fingerprint }
    };
    let compute = cast.compute.iter().enumerate().map(|(at, name)| entry(at as Member, name, true)).collect();
    let first = cast.compute.len();
    let clients =
        cast.clients.iter().enumerate().map(|(at, name)| entry((first + at) as Member, name, false)).collect();
    let dealer = Some(entry(DEALER, "dealer", true));
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(Roster { compute, clients, dealer }.to_toml().as_bytes()).unwrap();
    (file, folder, real, listeners)
}

fn start(
    cast: &Cast,
    (name, grace): (&str, bool),
    roster: &Path,
    identity: Option<&Path>,
    bind: Option<&SocketAddr>,
) -> Process {
    let mut command = common::example(cast.example);
    command.args(["--party", name, "--connect-timeout", CONNECT, "--round-timeout", ROUND, "--silence", SILENCE]);
    command.arg("--roster").arg(roster).args(cast.flags);
    if grace {
        command.args(["--grace", GRACE]);
    }
    if let Some(folder) = identity {
        command.arg("--identity").arg(folder);
    }
    if let Some(bind) = bind {
        command.arg("--bind").arg(bind.to_string());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (output, error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    Process { child, pipes: [read(output), read(error)] }
}

fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        let _ = pipe.read_to_string(&mut text);
        text
    })
}

/// Waits for the end of all, and when the last one came.
fn wait(all: &Mutex<BTreeMap<Member, Process>>, what: &str) -> (BTreeMap<Member, ExitStatus>, Instant) {
    let (start, mut statuses) = (Instant::now(), BTreeMap::new());
    loop {
        let mut all = all.lock().unwrap();
        for (member, process) in all.iter_mut() {
            if let Some(status) = process.child.try_wait().unwrap() {
                statuses.insert(*member, status);
            }
        }
        if statuses.len() == all.len() {
            return (statuses, Instant::now());
        }
        if start.elapsed() > PATIENCE {
            let late: Vec<Member> = all.keys().filter(|member| !statuses.contains_key(member)).copied().collect();
            all.values_mut().for_each(|process| drop(process.child.kill()));
            panic!("{what}: these hang: {late:?}");
        }
        drop(all);
        thread::sleep(TICK);
    }
}

/// What an end is.
fn judge(status: &ExitStatus, output: &str, error: &str, what: &str) -> End {
    assert!(!error.contains("panicked"), "{what}: {error}");
    match status.code() {
        Some(0) => End::Well(output.to_owned()),
        Some(1) => {
            let report = error.lines().find(|line| line.starts_with("error: "));
            End::Error(sort(report.unwrap_or_else(|| panic!("{what} says nothing: {error}"))))
        }
        None => End::Killed,
        Some(code) => panic!("{what} ended with {code}: {error}"),
    }
}

/// Which of the typed errors a report is.
fn sort(report: &str) -> String {
    const SORTS: [(&str, &str); 17] = [
        ("stopped the session", "told by another"),
        // Before what its last attempt may have met.
        ("did not come back within", "not back"),
        ("has given up the link", "not back"),
        ("closed its connection", "closed"),
        ("sent nothing for", "timed out"),
        ("has finished", "finished"),
        ("altered, repeated or reordered", "altered"),
        ("ended the encrypted connection", "TLS ended"),
        ("cannot be reached", "unreachable"),
        ("sent a bad frame", "bad frame"),
        ("runs another program", "diverged"),
        ("correlated randomness", "randomness"),
        ("where it has no place", "unexpected frame"),
        ("sent the dealer", "unexpected frame"),
        ("disagrees on", "handshake"),
        ("certificate", "identity"),
        ("TLS", "identity"),
    ];
    let found = SORTS.iter().find(|(words, _)| report.contains(words));
    found.map_or_else(|| panic!("no typed error of a fault: {report}"), |(_, sort)| (*sort).to_owned())
}
