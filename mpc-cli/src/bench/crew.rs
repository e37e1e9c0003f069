//! The processes of a measurement. None of them outlives this value, and if this process dies they see it.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use super::error::{BenchError, Chain};
use super::part::Message;

/// How often the processes are looked at while they say nothing.
const TICK: Duration = Duration::from_millis(10);
/// How long the others may report why they stop when one has failed.
const GRACE: Duration = Duration::from_secs(2);

/// Started processes and what they have said.
pub(super) struct Crew {
    members: Vec<Member>,
    /// Places of those that failed, in the order in which that was noticed.
    failed: Vec<usize>,
    said: Receiver<(usize, Option<Message>)>,
    sender: Sender<(usize, Option<Message>)>,
}

struct Member {
    name: String,
    process: Child,
    ended: Option<ExitStatus>,
    /// Whether its output has ended.
    silent: bool,
    killed: bool,
    report: Option<Message>,
}

impl Crew {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        let (sender, said) = channel();
        Self { members: Vec::new(), failed: Vec::new(), said, sender }
    }

    /// Starts one more process. Its standard input stays open as long as this value lives.
    pub(super) fn start(&mut self, name: &str, mut command: Command) -> Result<(), BenchError> {
        let failed = |source: io::Error| BenchError::Start { name: name.to_owned(), source };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (place, output, sender) = (self.members.len(), process.stdout.take(), self.sender.clone());
        let name = name.to_owned();
        self.members.push(Member { name, process, ended: None, silent: false, killed: false, report: None });
        // From here on an early return kills the process, because it is a member.
        let read = move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(Result::ok);
            for message in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                // Sending fails only when the crew is gone.
                let _ = sender.send((place, Some(message)));
            }
            let _ = sender.send((place, None));
        };
        thread::Builder::new().name("bench-output".to_owned()).spawn(read).map(drop).map_err(failed)
    }

    /// Waits for all; `done` hears of every repetition. The last message of each, with its name.
    ///
    /// # Errors
    /// The first cause, when one of them failed; the others have then been ended.
    pub(super) fn wait(mut self, mut done: impl FnMut()) -> Result<Vec<(String, Message)>, BenchError> {
        let mut deadline: Option<Instant> = None;
        while !self.members.iter().all(|member| member.ended.is_some() && member.silent) {
            match self.said.recv_timeout(TICK) {
                Ok((_, Some(Message::Done))) => done(),
                Ok((place, message)) => {
                    if let Some(member) = self.members.get_mut(place) {
                        member.silent |= message.is_none();
                        member.report = message.or(member.report.take());
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            self.look()?;
            if !self.failed.is_empty() && Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + GRACE) {
                self.kill();
            }
        }
        if let Some(cause) = self.cause() {
            return Err(cause);
        }
        self.members
            .iter_mut()
            .map(|member| match member.report.take() {
                Some(report) => Ok((member.name.clone(), report)),
                None => Err(BenchError::Silent { name: member.name.clone() }),
            })
            .collect()
    }

    /// Notes who has ended.
    fn look(&mut self) -> Result<(), BenchError> {
        for (place, member) in self.members.iter_mut().enumerate().filter(|(_, member)| member.ended.is_none()) {
            let failed = |source| BenchError::Watch { name: member.name.clone(), source };
            member.ended = member.process.try_wait().map_err(failed)?;
            if member.ended.is_some_and(|status| !status.success()) && !member.killed {
                self.failed.push(place);
            }
        }
        Ok(())
    }

    fn kill(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.ended.is_none()) {
            member.killed = true;
            // The only error is that it has just ended.
            let _ = member.process.kill();
        }
    }

    /// The failure that came first: of those who failed by themselves, or else of all.
    fn cause(&self) -> Option<BenchError> {
        let failed = || self.failed.iter().filter_map(|place| self.members.get(*place));
        let followed = |member: &&Member| matches!(member.report, Some(Message::Failed { followed: true, .. }));
        let member = failed().find(|member| !followed(member)).or_else(|| failed().next())?;
        let causes = match &member.report {
            Some(Message::Failed { causes, .. }) => causes.clone(),
            _ => Vec::new(),
        };
        let status = member.ended?.to_string();
        Some(BenchError::Failed { name: member.name.clone(), status, source: Chain::of(&causes) })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.kill();
        for member in self.members.iter_mut().filter(|member| member.ended.is_none()) {
            let _ = member.process.wait();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(scripts: &[&str]) -> (Result<Vec<(String, Message)>, String>, Duration) {
        let start = Instant::now();
        let mut crew = Crew::new();
        for (place, script) in scripts.iter().enumerate() {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            crew.start(&format!("P{place}"), command).unwrap();
        }
        let text = |error: BenchError| match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        (crew.wait(|| {}).map_err(text), start.elapsed())
    }

    const WELL: &str = r#"echo '"Done"'; echo '{"Dealer":{"peak_rss":5,"cpu":null}}'"#;

    #[test]
    fn all_report() {
        let (reports, _) = run(&[WELL, WELL]);
        let reports = reports.unwrap();
        assert!(matches!(reports[1].1, Message::Dealer { peak_rss: Some(5), cpu: None }), "{reports:?}");
    }

    #[test]
    fn the_first_cause_counts_and_the_others_end() {
        let failed = |followed: bool, cause: &str| {
            format!(r#"echo '{{"Failed":{{"causes":["{cause}"],"followed":{followed}}}}}'; exit 1"#)
        };
        let (result, took) =
            run(&[&failed(true, "gone"), &format!("sleep 0.2; {}", failed(false, "mine")), "exec sleep 60"]);
        assert_eq!(result.unwrap_err(), "P1 failed (exit status: 1): mine");
        assert!(took < Duration::from_secs(20), "{took:?}");
        let (result, _) = run(&["kill -KILL $$", &failed(true, "gone")]);
        assert!(result.unwrap_err().starts_with("P0 failed (signal: 9"));
    }

    #[test]
    fn who_says_nothing_is_named() {
        assert!(run(&[WELL, "exit 0"]).0.unwrap_err().starts_with("P1 "));
    }
}
