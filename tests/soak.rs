//! Days of operation in minutes: a dealer and two servers stay up, jobs and guests come and go, processes are killed at random,
//! jobs go on from their checkpoints. Results stay right and memory flat.
#![cfg(target_os = "linux")]

mod common;

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use mpc::{
    comm::{Identity, Member, Roster, gateway::Guest},
    nn::StateDict,
    serve::{Client, Service, VisitOptions},
};
use ndarray::{ArrayD, IxDyn};

/// So long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a process may have more at the end than when it was warm.
const SLACK: u64 = 6 << 20;

/// A short one with every run of the tests.
#[test]
fn seconds_of_kills() {
    soak(Duration::from_secs(10), 2);
}

/// `SOAK_MINUTES=120 cargo test --release --test soak -- --ignored --nocapture`
#[test]
#[ignore = "two hours"]
fn two_hours_of_kills() {
    let minutes = env::var("SOAK_MINUTES").map_or(120, |minutes| minutes.parse().unwrap());
    soak(Duration::from_secs(60 * minutes), 50);
}

struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Process {
        Process(command.stdin(Stdio::null()).spawn().unwrap())
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// What it has ended with.
    fn end(mut self) -> Output {
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "{self:?} hangs");
            thread::sleep(Duration::from_millis(5));
        }
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let pipes = (self.0.stdout.take(), self.0.stderr.take());
        pipes.0.map(|mut pipe| std::io::copy(&mut pipe, &mut stdout));
        pipes.1.map(|mut pipe| std::io::copy(&mut pipe, &mut stderr));
        Output { status: self.0.wait().unwrap(), stdout, stderr }
    }

    /// Bytes of memory that it has now.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it lives");
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}", self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command `mpc`, built.
fn mpc(folder: &Path) -> Command {
    let example = common::example("soak_probe");
    let target = Path::new(example.get_program()).ancestors().nth(2).unwrap();
    let program = target.join("mpc").with_extension(env::consts::EXE_EXTENSION);
    if !program.exists() {
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "-p", "mpc-cli"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if target.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    }
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("RUST_LOG");
    command
}

/// Numbers that look random; the seed is printed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Addresses of this test's own.
fn addresses(count: usize, place: u8) -> Vec<String> {
    let own = Ipv4Addr::new(127, 200, (std::process::id() % 250) as u8 + 1, place);
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind((own, 0)).unwrap()).collect();
    held.iter().map(|held| held.local_addr().unwrap().to_string()).collect()
}

fn member(folder: &Path, name: &str, address: &str) -> Member {
    let identity = Identity::create(name, 30, folder.join(format!("{name}.identity"))).unwrap();
    Member { name: name.to_owned(), address: address.to_owned(), fingerprint: Some(identity.certificate().fingerprint) }
}

/// A service of a small model, and its roster's file.
fn service(folder: &Path) -> Service {
    let at = addresses(5, 2);
    let compute = vec![member(folder, "North", &at[0]), member(folder, "South", &at[1])];
    let roster = Roster { compute, clients: Vec::new(), dealer: Some(member(folder, "dealer2", &at[2])) };
    let guest = member(folder, "ann", "");
    let guests = vec![Guest { name: guest.name, fingerprint: guest.fingerprint }];
    let service = Service { roster, gateways: at[3..].to_vec(), guests };
    fs::write(folder.join("service.toml"), service.to_toml()).unwrap();
    let array = |shape: &[usize], values: &[f64]| ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap();
    let model: StateDict = [
        ("0.weight", array(&[2, 3], &[1.0, 0.0, 2.0, 0.0, -1.0, 0.5])),
        ("0.bias", array(&[2], &[0.5, 0.0])),
        ("2.weight", array(&[1, 2], &[1.0, 1.0])),
    ]
    .into_iter()
    .collect();
    model.write(folder.join("model.safetensors")).unwrap();
    service
}

/// A party of the training, with a label for this attempt.
fn party(folder: &Path, name: &str, label: &str) -> Process {
    let mut command = common::example("soak_probe");
    command.args(["--party", name, "--session", label, "--connect-timeout", "20", "--roster"]);
    command.arg(folder.join("jobs.toml")).arg("--identity").arg(folder.join(format!("{name}.identity")));
    command
        .arg("--folder")
        .arg(folder.join("checkpoints"))
        .arg("--checkpoint-key")
        .arg(folder.join(format!("{name}.key")));
    Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Whether both parties of a job have kept something.
fn begun(folder: &Path) -> bool {
    let kept = |name| fs::read_dir(folder.join("checkpoints").join(name)).is_ok_and(|mut files| files.next().is_some());
    kept("Hospital") && kept("Lab")
}

/// Runs a job until it is done, however often somebody is killed; how often that was, and where it last went on.
fn job(folder: &Path, number: usize, dice: &mut Dice) -> (usize, u64) {
    let _ = fs::remove_dir_all(folder.join("checkpoints"));
    for attempt in 0.. {
        let label = format!("job-{number}-{attempt}");
        let parties = ["Hospital", "Lab"].map(|name| party(folder, name, &label));
        // Three attempts are killed, the first once there is something to go on from; the next one is left alone.
        if attempt < 3 {
            let patience = Instant::now();
            while attempt == 0 && !begun(folder) && patience.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(Duration::from_millis(dice.below(if attempt == 0 { 100 } else { 1500 })));
            let signal = ["KILL", "KILL", "TERM"][dice.below(3) as usize];
            parties[dice.below(2) as usize].signal(signal);
        }
        let ends = parties.map(Process::end);
        let text = |end: &Output| String::from_utf8_lossy(&end.stdout).into_owned();
        if ends.iter().all(|end| end.status.success()) {
            let said = text(&ends[0]);
            assert!(said.contains("weights ") && ends.iter().all(|end| text(end) == said), "{ends:?}");
            let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
            for (found, right) in line("weights ").split(' ').zip([1.0, -2.0, 0.5, 3.0]) {
                let found: f64 = found.parse().unwrap();
                assert!((found - right).abs() < 0.05, "{said}");
            }
            return (attempt, line("resumed ").parse().unwrap());
        }
        assert!(attempt < 3, "it fails although nobody was killed: {ends:?}");
        for end in &ends {
            let error = String::from_utf8_lossy(&end.stderr);
            assert!(!error.contains("panicked"), "{error}");
            let typed = end.status.code().is_none_or(|code| [0, 1, 143].contains(&code));
            assert!(typed, "{end:?}");
        }
    }
    unreachable!()
}

/// Guests come, ask some times and leave.
fn guests(service: &Service, identity: &Path, until: Instant) -> usize {
    let mut answered = 0;
    while Instant::now() < until {
        let options = VisitOptions {
            identity: Some(Identity::load(identity).unwrap()),
            connect_timeout: PATIENCE,
            timeout: PATIENCE,
            ..VisitOptions::default()
        };
        let mut client = Client::connect(service, "ann", options).unwrap();
        for at in 0..5 {
            let x = f64::from(at);
            // x + 2 + 0.5, and half of one: the second layer adds them.
            let found = client.predict(vec![x, 0.0, 1.0]).unwrap()[[0, 0]];
            assert!((found - (x + 3.0)).abs() < 0.01, "{found} at {x}");
            answered += 1;
        }
        thread::sleep(Duration::from_millis(50));
    }
    answered
}

fn soak(length: Duration, pause: u64) {
    let seed = u64::from(std::process::id());
    let (temporary, mut dice) = (tempfile::tempdir().unwrap(), Dice(seed));
    let folder: PathBuf = temporary.path().to_owned();
    let at = addresses(3, 1);
    let compute = vec![member(&folder, "Hospital", &at[0]), member(&folder, "Lab", &at[1])];
    let jobs = Roster { compute, clients: Vec::new(), dealer: Some(member(&folder, "dealer", &at[2])) };
    fs::write(folder.join("jobs.toml"), jobs.to_toml()).unwrap();
    for name in ["Hospital", "Lab"] {
        fs::write(folder.join(format!("{name}.key")), format!("a key of {name} that is long enough")).unwrap();
    }
    let service = service(&folder);
    let start = |args: &[&str]| Process::start(mpc(&folder).args(args));
    let serve = |name: &str, model: &[&str]| {
        let identity = format!("{name}.identity");
        let args = ["serve", "--roster", "service.toml", "--party", name, "--identity", &identity];
        start(&[&args, model].concat())
    };
    let servers = [
        ("dealer of the jobs", start(&["dealer", "--roster", "jobs.toml", "--identity", "dealer.identity"])),
        ("dealer of the service", start(&["dealer", "--roster", "service.toml", "--identity", "dealer2.identity"])),
        ("server North", serve("North", &["--model", "model.safetensors"])),
        ("server South", serve("South", &[])),
    ];
    let until = Instant::now() + length;
    let identity = folder.join("ann.identity");
    let asking = thread::spawn(move || guests(&service, &identity, until));
    let (mut killed, mut resumed, mut done, mut samples) = (0, 0, 0, Vec::new());
    while Instant::now() < until {
        let (kills, from) = job(&folder, done, &mut dice);
        (killed, resumed, done) = (killed + kills, resumed + usize::from(from > 0), done + 1);
        samples.push(servers.each_ref().map(|(_, server)| server.memory()));
        thread::sleep(Duration::from_millis(pause));
    }
    let answered = asking.join().unwrap();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    eprintln!(
        "seed {seed}: {done} jobs, {killed} killed attempts, {resumed} went on from a checkpoint, {answered} answers"
    );
    assert!(done > 0 && answered > 0 && (killed == 0 || resumed > 0), "nothing was tried");
    // Warm after a quarter of the time.
    let warm = samples.len() / 4;
    for (at, (name, _)) in servers.iter().enumerate() {
        let (first, last) = (samples[warm][at], samples[samples.len() - 1][at]);
        let most = samples.iter().map(|sample| sample[at]).max().unwrap_or(0);
        eprintln!("{name}: {:.1} MiB warm, {:.1} at the end, {:.1} at most", mib(first), mib(last), mib(most));
        assert!(last <= first + first / 10 + SLACK, "{name} grows");
    }
    // Told to stop, they end well: nothing is under way.
    let [jobs_dealer, dealer, north, south] = servers.map(|(_, server)| server);
    for server in [north, jobs_dealer] {
        server.signal("TERM");
        assert_eq!(server.end().status.code(), Some(0));
    }
    assert_eq!(south.end().status.code(), Some(0));
    dealer.signal("TERM");
    assert_eq!(dealer.end().status.code(), Some(0));
}
