//! One process of `process_probe`: starts it, follows what it says, and ends it when a test fails.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

use super::canary::canaries;

/// So long any process may take for anything that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(5);

/// A process that runs.
pub(crate) struct Process {
    name: String,
    child: Child,
    output: Stream,
    error: Stream,
}

/// What a process has said up to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) name: String,
    /// Nothing after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) error: String,
}

struct Stream {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Process {
    /// The launcher, with all parties below it.
    pub(crate) fn launcher(flags: &[&str]) -> Self {
        let mut command = super::common::example("process_probe");
        command.args(flags);
        Self::spawn("launcher", command)
    }

    /// One party, or the dealer.
    pub(crate) fn party(name: &str, roster: &Path, flags: &[&str]) -> Self {
        let mut command = super::common::example("process_probe");
        command.args(["--party", name, "--roster"]).arg(roster).args(flags);
        Self::spawn(name, command)
    }

    /// One of them, whose standard error nobody reads.
    pub(crate) fn unheard(name: &str, flags: &[&str]) -> Self {
        let mut command = super::common::example("process_probe");
        command.args(flags);
        Self::spawn_to(name, command, |_closed| None)
    }

    fn spawn(name: &str, command: Command) -> Self {
        Self::spawn_to(name, command, Stream::of)
    }

    fn spawn_to<T: Into<Option<Stream>>>(
        name: &str,
        mut command: Command,
        hear: impl FnOnce(ChildStderr) -> T,
    ) -> Self {
        command.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (output, error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let error = hear(error).into().unwrap_or_else(|| Stream::of(std::io::empty()));
        Self { name: name.to_owned(), child, output: Stream::of(output), error }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has printed this.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        while !self.output.said().contains(text) {
            let late = start.elapsed() > PATIENCE || self.child.try_wait().unwrap().is_some();
            assert!(!late, "{} does not say {text:?}: {}{}", self.name, self.output.said(), self.error.said());
            thread::sleep(TICK);
        }
    }

    /// What follows these words in its messages; waits for it.
    pub(crate) fn told(&self, words: &str) -> String {
        let start = Instant::now();
        loop {
            let said = self.error.said();
            if let Some((_, rest)) = said.split_once(words)
                && let Some((rest, _)) = rest.split_once('\n')
            {
                return rest.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "{} does not say {words:?}: {said}", self.name);
            thread::sleep(TICK);
        }
    }

    /// Ends it with SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None, "{} had ended before: {}", self.name, self.error.said());
    }

    /// Waits until it ends by itself, and searches all that it has said for secrets.
    pub(crate) fn end(self) -> Ended {
        let ended = self.end_without_search();
        assert_eq!(canaries(&ended.said()), Vec::<String>::new(), "{ended:?}");
        ended
    }

    /// The same for a program that reveals its inputs.
    pub(crate) fn end_without_search(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let said = || format!("{}{}", self.output.said(), self.error.said());
            assert!(start.elapsed() < PATIENCE, "{} does not end: {}", self.name, said());
            thread::sleep(TICK);
        };
        let (output, error) = (self.output.end(), self.error.end());
        let ended = Ended { name: self.name.clone(), code: status.code(), output, error };
        // Shown where a test fails.
        eprintln!("{} ({status}): {}", ended.name, ended.report());
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is all we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&text);
        let read = move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                shared.lock().unwrap().extend([line.as_str(), "\n"]);
            }
        };
        Self { text, reader: thread::spawn(read) }
    }

    fn said(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn end(&mut self) -> String {
        let reader = std::mem::replace(&mut self.reader, thread::spawn(|| ()));
        reader.join().unwrap();
        self.said()
    }
}

impl Ended {
    /// All it has said.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.output, self.error)
    }

    /// The error that it has ended with, and its causes.
    pub(crate) fn report(&self) -> String {
        let is_report = |line: &&str| line.starts_with("error: ") || line.starts_with("  because: ");
        self.error.lines().filter(is_report).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}: {}{}", self.name, self.output, self.report());
    }

    /// It has failed, and its report has all these words.
    #[track_caller]
    pub(crate) fn assert_failed(&self, words: &[&str]) {
        self.assert_code(1);
        let report = self.report();
        for word in words {
            assert!(report.contains(word), "{} does not name {word:?}: {report}", self.name);
        }
    }
}

/// A roster file of addresses that nobody else uses.
pub(crate) fn free_roster() -> NamedTempFile {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    // Each roster has a loopback address of its own where the system has more than one: a port that is free stays free.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, high.max(1), low, NEXT.fetch_add(1, Ordering::Relaxed));
    let bind = || TcpListener::bind((own, 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let held: Vec<TcpListener> = (0..4).map(|_| bind()).collect();
    let member =
        |name: &str, at: usize| format!("name = \"{name}\"\naddress = \"{}\"\n", held[at].local_addr().unwrap());
    let compute = ["Hospital", "Lab", "Registry"].iter().enumerate();
    let compute: String = compute.map(|(at, name)| format!("[[compute]]\n{}", member(name, at))).collect();
    roster(&format!("{compute}[dealer]\n{}", member("dealer", 3)))
}

/// A roster file.
pub(crate) fn roster(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}
