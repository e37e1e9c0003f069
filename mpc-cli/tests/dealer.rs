//! `mpc dealer` as an operator watches and limits it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mpc_comm::{Member, Options, PartyId, Roster, connect};
use mpc_core::{Session, Settings, run_party};

/// A dealer of two parties, and where its figures are.
struct Dealer {
    process: Child,
    roster: Roster,
    figures: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Dealer {
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let held = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let member = |name: &str, at: usize| {
            let address = held[at].local_addr().unwrap().to_string();
            Member { name: name.to_owned(), address, fingerprint: None }
        };
        let compute = vec![member("A", 0), member("B", 1)];
        let roster = Roster { compute, clients: Vec::new(), dealer: Some(member("dealer", 2)) };
        fs::write(folder.path().join("roster.toml"), roster.to_toml()).unwrap();
        drop(held);
        let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
        command.args(["dealer", "--roster", "roster.toml", "--metrics", "127.0.0.1:0"]).args(flags);
        command.current_dir(folder.path()).env_remove("RUST_LOG").stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let at = |line: String| {
            let rest = line.split_once("figures at http://")?.1;
            rest.split_once("/metrics")?.0.parse().ok()
        };
        let figures = lines.by_ref().find_map(at).expect("it says where its figures are");
        // It must not stop because nobody reads what it says.
        thread::spawn(move || lines.for_each(drop));
        Self { process, roster, figures, _folder: folder }
    }

    /// Head and body of an answer.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.figures).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: dealer\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn figure(&self, name: &str) -> u64 {
        let (_, text) = self.get("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
    }

    /// Waits until a figure has a value: the dealer hears of an end after the parties.
    fn await_figure(&self, name: &str, value: u64) {
        let start = Instant::now();
        while self.figure(name) != value {
            assert!(start.elapsed() < Duration::from_secs(20), "{name} is not {value}\n{}", self.get("/metrics").1);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A session of three products; how it ended at each party.
    fn session(&self) -> [Result<(), String>; 2] {
        let party = |party| {
            let settings = Settings::default();
            let mesh = connect(&self.roster, PartyId(party), &settings.agreement(), Options::default())?;
            run_party(mesh, &settings, async |s: Session| {
                for _ in 0..3 {
                    let x = s.public([4], &[1.5; 4]).share();
                    (&x * &x).reveal().await?;
                }
                Ok(())
            })
        };
        let text = |ended: mpc_core::Result<()>| ended.map_err(|error| error.to_string());
        thread::scope(|scope| {
            let second = scope.spawn(|| party(1));
            let first = party(0);
            [text(first), text(second.join().unwrap())]
        })
    }
}

impl Drop for Dealer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_dealer_says_what_it_does() {
    let dealer = Dealer::start(&[]);
    let (head, body) = dealer.get("/health");
    assert!(head.starts_with("HTTP/1.1 200") && body == "ok\n", "{head}\n{body}");
    assert_eq!(dealer.figure("mpc_dealer_sessions"), 0);
    assert_eq!(dealer.session(), [Ok(()), Ok(())]);
    dealer.await_figure("mpc_dealer_sessions_finished_total", 1);
    assert!(
        dealer.figure("mpc_dealer_requests_total") >= 3 && dealer.figure("mpc_dealer_sent_bytes_total") >= 3 * 4 * 8
    );
    assert_eq!((dealer.figure("mpc_dealer_sessions"), dealer.figure("mpc_dealer_sessions_failed_total")), (0, 0));
    let (head, body) = dealer.get("/metrics");
    assert!(head.contains("application/openmetrics-text") && body.ends_with("# EOF\n"), "{head}\n{body}");
    assert!(dealer.get("/").0.starts_with("HTTP/1.1 404"));
}

#[test]
fn a_session_beyond_its_limit_ends_and_the_dealer_goes_on() {
    let dealer = Dealer::start(&["--session-requests", "2"]);
    for sessions in 1..=2 {
        for ended in dealer.session() {
            let error = ended.unwrap_err();
            assert!(error.contains("at most 2 requests of a session (--session-requests)"), "{error}");
        }
        dealer.await_figure("mpc_dealer_sessions_failed_total", sessions);
    }
    assert_eq!(dealer.figure("mpc_dealer_sessions_finished_total"), 0);
}
