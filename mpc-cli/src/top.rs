//! `mpc top`: who waits for whom, in which step.

use std::{
    collections::HashMap,
    io::{self, IsTerminal, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use mpc_comm::Status;

use crate::error::CliError;

/// How long a process may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A longer answer is none.
const ANSWER: u64 = 4 << 20;

/// Show what running parties are doing: who waits for whom, in which step
///
/// Asks processes that were started to be asked: programs with --status IP:PORT, `mpc dealer` and `mpc serve` with --metrics
/// IP:PORT. Each says for whom it waits and since when, the step and the round it is in, and the bytes it has sent. Who does
/// not wait computes: if all wait for one, that is the one to look at. Nothing of it depends on data.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Where to ask: HOST:PORT, or HOST:PORT-PORT for ports in a row
    #[arg(required = true, value_name = "HOST:PORT", value_parser = Place::parse)]
    at: Vec<Place>,

    /// Ask once, print, and end: with exit code 1 if somebody did not answer
    #[arg(long)]
    once: bool,

    /// Print JSON, one line each time
    #[arg(long)]
    json: bool,

    /// How often to ask
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    every: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0.1 to 3600 seconds".to_owned()) }
}

/// Addresses in a row.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    host: String,
    ports: (u16, u16),
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "expected HOST:PORT or HOST:PORT-PORT, such as 127.0.0.1:9100-9102".to_owned();
        let (host, ports) = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).ok_or_else(expected)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let ports: (u16, u16) =
            first.parse().ok().zip(last.parse().ok()).filter(|(first, last)| first <= last).ok_or_else(expected)?;
        Ok(Self { host: host.to_owned(), ports })
    }

    fn addresses(&self) -> impl Iterator<Item = String> {
        (self.ports.0..=self.ports.1).map(|port| format!("{}:{port}", self.host))
    }
}

/// What one process said.
#[derive(Debug)]
struct Answer {
    address: String,
    sessions: Result<Vec<Status>, String>,
}

impl Top {
    /// Asks until it is stopped, or once.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let addresses: Vec<String> = self.at.iter().flat_map(Place::addresses).collect();
        let (mut before, mut lines) = (Sent::new(), 0);
        let terminal = io::stdout().is_terminal() && !self.once && !self.json;
        loop {
            let start = Instant::now();
            let answers = ask_all(&addresses);
            let (text, sent) = match self.json {
                true => (json(&answers), Sent::new()),
                false => in_words(&answers, &before),
            };
            // Over the table before.
            let back = if terminal && lines > 0 { format!("\x1b[{lines}A\x1b[J") } else { String::new() };
            write!(anstream::stdout(), "{back}{text}").and_then(|()| io::stdout().flush()).map_err(CliError::Print)?;
            (before, lines) = (sent, text.lines().count());
            if self.once {
                let missing =
                    answers.into_iter().find_map(|answer| answer.sessions.err().map(|why| (answer.address, why)));
                return missing.map_or(Ok(()), |(address, problem)| Err(CliError::NoAnswer { address, problem }));
            }
            thread::sleep(Duration::from_secs_f64(self.every).saturating_sub(start.elapsed()));
        }
    }
}

/// Asks all at the same time.
fn ask_all(addresses: &[String]) -> Vec<Answer> {
    thread::scope(|scope| {
        let asking: Vec<_> = addresses.iter().map(|address| scope.spawn(move || ask(address))).collect();
        let answers = asking.into_iter().zip(addresses).map(|(asking, address)| {
            let sessions = asking.join().unwrap_or_else(|_| Err("asking it failed".to_owned()));
            Answer { address: address.clone(), sessions }
        });
        answers.collect()
    })
}

/// What one process is doing.
fn ask(address: &str) -> Result<Vec<Status>, String> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("no answer within {} s: it is stopped, or its host is away", PATIENCE.as_secs())
        }
        _ => error.to_string(),
    };
    let found: SocketAddr =
        address.to_socket_addrs().map_err(failed)?.next().ok_or_else(|| "no such host".to_owned())?;
    let mut stream = TcpStream::connect_timeout(&found, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    write!(stream, "GET /status HTTP/1.0\r\nhost: {address}\r\n\r\n").map_err(failed)?;
    let mut answer = String::new();
    stream.take(ANSWER).read_to_string(&mut answer).map_err(failed)?;
    let no_answer = || "it does not answer as a party does: is it the address of --status or --metrics?".to_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(no_answer());
    }
    serde_json::from_str(body.trim()).map_err(|_| no_answer())
}

/// Bytes sent by process and session, and when that was.
type Sent = HashMap<(String, String), (u64, Instant)>;

/// A table, and what the next one needs to know.
fn in_words(answers: &[Answer], before: &Sent) -> (String, Sent) {
    let (mut table, mut sent, now) = (Table::new(), Sent::new(), Instant::now());
    let header = ["party", "session", "running", "round", "state", "for", "step", "sent", "a second", "links"];
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    for column in [2, 3, 5, 7, 8] {
        table.column_mut(column).into_iter().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    }
    let (mut silent, mut all) = (String::new(), Vec::new());
    for Answer { address, sessions } in answers {
        match sessions {
            Err(why) => silent += &format!("{address}: {why}\n"),
            Ok(sessions) if sessions.is_empty() => silent += &format!("{address}: no session\n"),
            Ok(sessions) => all.extend(sessions.iter().map(|session| (address, session))),
        }
    }
    for (address, session) in &all {
        let key = ((*address).clone(), session.session.clone());
        let rate = before.get(&key).map(|(bytes, at)| {
            let seconds = now.duration_since(*at).as_secs_f64().max(1e-3);
            in_bytes((session.sent.saturating_sub(*bytes) as f64 / seconds) as u64)
        });
        sent.insert(key, (session.sent, now));
        table.add_row([
            session.party.clone(),
            session.session.clone(),
            in_time(session.seconds),
            session.round.to_string(),
            state(session),
            in_time(session.since),
            session.scope.clone(),
            in_bytes(session.sent),
            rate.unwrap_or_default(),
            links(session),
        ]);
    }
    let all: Vec<&Status> = all.into_iter().map(|(_, session)| session).collect();
    let mut text = if all.is_empty() { String::new() } else { format!("{table}\n") };
    text += &silent;
    awaited(&all).iter().for_each(|line| text += &format!("{line}\n"));
    (text, sent)
}

fn state(session: &Status) -> String {
    match (&session.waits_for, session.connected) {
        (Some(name), true) => format!("waits for {name}"),
        (Some(name), false) => format!("waits for {name} to connect"),
        (None, true) => "computes".to_owned(),
        (None, false) => "connects".to_owned(),
    }
}

fn links(session: &Status) -> String {
    match (session.links_down, session.links_resumed) {
        (0, 0) => String::new(),
        (0, back) => format!("{back} came back"),
        (down, _) => format!("{down} down"),
    }
}

/// By session, those for whom others wait and who wait for nobody, as far as we were told.
fn awaited(all: &[&Status]) -> Vec<String> {
    let mut lines = Vec::new();
    for session in all {
        let others = || all.iter().filter(|other| other.session == session.session);
        let waiting: Vec<&str> = others()
            .filter(|other| other.waits_for.as_ref() == Some(&session.party))
            .map(|other| other.party.as_str())
            .collect();
        if session.waits_for.is_none() && !waiting.is_empty() {
            let (who, since) = (&session.party, in_time(session.since));
            let wait = if waiting.len() == 1 { "waits" } else { "wait" };
            lines.push(format!("{} {wait} for {who}, which has computed for {since}", waiting.join(", ")));
        }
        let away = session.waits_for.as_ref().filter(|name| others().all(|other| other.party != **name));
        if let Some(name) = away {
            lines.push(format!("{} waits for {name}, of which nothing is known here", session.party));
        }
    }
    lines
}

fn json(answers: &[Answer]) -> String {
    let answer = |answer: &Answer| match &answer.sessions {
        Ok(sessions) => serde_json::json!({ "address": answer.address, "sessions": sessions }),
        Err(problem) => serde_json::json!({ "address": answer.address, "problem": problem }),
    };
    format!("{}\n", serde_json::Value::from(answers.iter().map(answer).collect::<Vec<_>>()))
}

fn in_time(seconds: f64) -> String {
    match seconds {
        short if short < 60.0 => format!("{short:.1} s"),
        medium if medium < 3600.0 => format!("{} min {:02} s", medium as u64 / 60, medium as u64 % 60),
        long => format!("{} h {:02} min", long as u64 / 3600, long as u64 / 60 % 60),
    }
}

fn in_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1000.0, unit + 1);
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(party: &str, waits_for: Option<&str>) -> Status {
        Status {
            party: party.to_owned(),
            session: "s".to_owned(),
            connected: true,
            seconds: 75.0,
            scope: "LeNet/conv1".to_owned(),
            round: 12,
            waits_for: waits_for.map(str::to_owned),
            since: 3.25,
            sent: 5_000_000,
            received: 1,
            links_down: 0,
            links_resumed: 2,
        }
    }

    #[test]
    fn who_is_waited_for_is_named() {
        let answers = [
            Answer { address: "a:1".to_owned(), sessions: Ok(vec![status("Hospital", Some("Lab"))]) },
            Answer { address: "a:2".to_owned(), sessions: Ok(vec![status("Lab", None)]) },
            Answer { address: "a:3".to_owned(), sessions: Ok(vec![status("Registry", Some("dealer"))]) },
            Answer { address: "a:4".to_owned(), sessions: Err("refused".to_owned()) },
        ];
        let (text, sent) = in_words(&answers, &Sent::new());
        for words in [
            "Hospital waits for Lab, which has computed for 3.2 s",
            "Registry waits for dealer, of which nothing is known here",
            "a:4: refused",
            "LeNet/conv1",
            "1 min 15 s",
            "5.0 MB",
            "2 came back",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(sent.len(), 3);
        let later = sent.into_iter().map(|(key, (bytes, at))| (key, (bytes - 1_000_000, at - Duration::from_secs(1))));
        let (text, _) = in_words(&answers, &later.collect());
        assert!(text.contains("1.0 MB") || text.contains("99"), "{text}");
    }

    #[test]
    fn ports_in_a_row_are_asked_one_by_one() {
        let place = Place::parse("[::1]:9100-9102").unwrap();
        assert_eq!(place.addresses().collect::<Vec<_>>(), ["[::1]:9100", "[::1]:9101", "[::1]:9102"]);
        for wrong in ["9100", ":9100", "a:b", "a:2-1", "a:1-", "a:70000"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_and_sizes_are_short() {
        assert_eq!([0.04, 59.9, 61.0, 7260.0].map(in_time), ["0.0 s", "59.9 s", "1 min 01 s", "2 h 01 min"]);
        assert_eq!([999, 1000, 2_500_000].map(in_bytes), ["999 B", "1.0 kB", "2.5 MB"]);
    }
}
