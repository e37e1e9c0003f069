//! The processes that the launcher has started. None of them outlives this value.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use super::error::{FOLLOWED, LaunchError};
use super::screen::{Screen, Stream};
use super::{lines, tail::Tail};

/// How long output is awaited after the end of a process, in case somebody else keeps its streams open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// So many events wait until they are shown; a process that says more than we can show has to wait too.
const WAITING: usize = 1000;

/// Started processes and what they say.
pub(super) struct Crew {
    members: Vec<Process>,
    /// Places of the processes that failed, in the order in which that was noticed.
    failed: Vec<usize>,
    events: Receiver<Event>,
    sender: SyncSender<Event>,
}

struct Process {
    name: String,
    process: Child,
    ended: Option<(ExitStatus, Instant)>,
    open_streams: usize,
    killed: bool,
    tail: Tail,
}

enum Event {
    Line { member: usize, stream: Stream, text: String },
    Closed { member: usize },
}

impl Crew {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        let (sender, events) = sync_channel(WAITING);
        Self { members: Vec::new(), failed: Vec::new(), events, sender }
    }

    /// Starts one more process. Its standard input stays open as long as this value lives.
    pub(super) fn start(&mut self, name: &str, mut command: Command) -> Result<(), LaunchError> {
        let failed = |source| LaunchError::Start { party: name.to_owned(), source };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(failed)?;
        let (output, error) = (process.stdout.take(), process.stderr.take());
        let member = self.members.len();
        let (name, tail) = (name.to_owned(), Tail::default());
        self.members.push(Process { name: name.clone(), process, ended: None, open_streams: 2, killed: false, tail });
        // From here on an early return kills the process, because it is a member.
        let failed = |source| LaunchError::Start { party: name, source };
        self.read(member, Stream::Output, output).and_then(|()| self.read(member, Stream::Error, error)).map_err(failed)
    }

    fn read(&self, member: usize, stream: Stream, pipe: Option<impl Read + Send + 'static>) -> io::Result<()> {
        let sender = self.sender.clone();
        // Sending fails only when the crew is gone.
        let read = move || {
            if let Some(pipe) = pipe {
                lines::each(pipe, |text| drop(sender.send(Event::Line { member, stream, text })));
            }
            drop(sender.send(Event::Closed { member }));
        };
        thread::Builder::new().name("party-output".to_owned()).spawn(read).map(drop)
    }

    /// Shows what has been said, waiting at most `patience` for it, and looks who has ended.
    pub(super) fn attend(&mut self, screen: &mut Screen, patience: Duration) -> Result<(), LaunchError> {
        let first = self.events.recv_timeout(patience).ok();
        // Bounded by what is there now, so that a chatty process cannot keep us from looking at the others.
        let waiting: Vec<Event> = first.into_iter().chain(self.events.try_iter().take(WAITING)).collect();
        for event in waiting {
            match event {
                Event::Line { member, stream, text } => {
                    screen.line(member, stream, &text);
                    if let (Stream::Error, Some(member)) = (stream, self.members.get_mut(member)) {
                        member.tail.see(&text);
                    }
                }
                Event::Closed { member } => {
                    self.members.get_mut(member).into_iter().for_each(|member| member.open_streams -= 1);
                }
            }
        }
        for (place, member) in self.members.iter_mut().enumerate().filter(|(_, member)| member.ended.is_none()) {
            let failed = |source| LaunchError::Watch { party: member.name.clone(), source };
            let Some(status) = member.process.try_wait().map_err(failed)? else { continue };
            member.ended = Some((status, Instant::now()));
            if !status.success() && !member.killed {
                self.failed.push(place);
            }
        }
        Ok(())
    }

    /// Whether all have ended and all they said has been shown.
    pub(super) fn is_over(&self) -> bool {
        let quiet = |member: &Process, at: Instant| member.open_streams == 0 || at.elapsed() > LAST_WORDS;
        self.members.iter().all(|member| member.ended.is_some_and(|(_, at)| quiet(member, at)))
    }

    /// Whether somebody has failed.
    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Whether the first `count` have ended with success.
    pub(super) fn have_succeeded(&self, count: usize) -> bool {
        self.members.iter().take(count).all(|member| member.ended.is_some_and(|(status, _)| status.success()))
    }

    /// Closes the standard input of all: parties end then, in good order.
    pub(super) fn dismiss(&mut self) {
        self.members.iter_mut().for_each(|member| drop(member.process.stdin.take()));
    }

    /// Ends those that still run.
    pub(super) fn kill(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.ended.is_none() && !member.killed) {
            tracing::warn!("{} does not end by itself and is killed", member.name);
            member.killed = true;
            // The only error is that it has just ended.
            let _ = member.process.kill();
        }
    }

    /// The failure that came first: of those who failed by themselves, or else of all.
    pub(super) fn failure(&self) -> Option<LaunchError> {
        let failed = || self.failed.iter().filter_map(|place| self.members.get(*place));
        let status = |member: &Process| member.ended.map(|(status, _)| status);
        let followed = |member: &&Process| status(member).and_then(|status| status.code()) == Some(i32::from(FOLLOWED));
        let member = failed().find(|member| !followed(member)).or_else(|| failed().next())?;
        let source = super::error::Reported::chain(&member.tail.report());
        Some(LaunchError::PartyFailed { party: member.name.clone(), status: status(member)?.to_string(), source })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.ended.is_none()) {
            // Errors mean that there is no such process any more, which is the aim.
            let _ = member.process.kill();
            let _ = member.process.wait();
        }
    }
}
