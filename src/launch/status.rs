//! What this process is doing, for `mpc top`: as JSON over HTTP, to whoever reaches the address.
//!
//! It is one small answer to one small question, so the server is a thread and a loop. Whoever asks slowly is waited for a
//! second at most, and keeps nobody waiting but others who ask.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use clap::Args;
use mpc_comm::{Monitor, PartyId, Roster};

use super::{error::LaunchError, watch};

/// How long one who asks may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// A longer question is not read to its end.
const QUESTION: usize = 4 << 10;
/// How long to wait if the system accepts no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Where `mpc top` can ask.
#[derive(Debug, Args)]
pub(super) struct Answering {
    /// Answer `mpc top` here: for whom this party waits, in which step, and how much it has sent
    ///
    /// Over plain HTTP to whoever can reach the address: 127.0.0.1:9100. Nothing of it depends on data. Without --party the
    /// parties take this port and those after it, in the order of the roster, the dealer last.
    #[arg(long, value_name = "IP:PORT", conflicts_with_all = ["explain", "shadow"])]
    status: Option<SocketAddr>,
}

impl Answering {
    /// Begins to answer, for as long as the process lives; nothing without the flag.
    pub(super) fn serve(&self, roster: &Roster, role: PartyId) -> Result<Option<Monitor>, LaunchError> {
        let Some(mut address) = self.status else { return Ok(None) };
        if watch::launched() && address.port() != 0 {
            address.set_port(port(address.port(), roster, role));
        }
        let failed = |source| LaunchError::Status { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!("`mpc top` is answered at http://{address}/status");
        if !address.ip().is_loopback() {
            tracing::warn!("--status {address}: whoever reaches it sees when and how much is computed");
        }
        let monitor = Monitor::new();
        let watched = monitor.clone();
        let work = move || answer_all(&listener, &watched);
        thread::Builder::new().name("status".to_owned()).spawn(work).map_err(failed)?;
        Ok(Some(monitor))
    }
}

/// The port of a party under the launcher.
fn port(first: u16, roster: &Roster, role: PartyId) -> u16 {
    let others = roster.parties() + roster.clients.len();
    let place = if role.is_dealer() { others } else { role.index() };
    first.saturating_add(u16::try_from(place).unwrap_or(u16::MAX))
}

fn answer_all(listener: &TcpListener, monitor: &Monitor) {
    loop {
        match listener.accept() {
            // Who goes away before the answer is not told.
            Ok((stream, _)) => drop(answer(stream, monitor)),
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                thread::sleep(PAUSE);
            }
        }
    }
}

fn answer(mut stream: TcpStream, monitor: &Monitor) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (mut question, mut some) = (Vec::new(), [0; 512]);
    while !question.windows(4).any(|end| end == b"\r\n\r\n") && question.len() < QUESTION {
        match stream.read(&mut some)? {
            0 => break,
            bytes => question.extend(&some[..bytes]),
        }
    }
    let (status, text) = match question.starts_with(b"GET /status ") {
        true => ("200 OK", serde_json::to_string(&monitor.sessions())? + "\n"),
        false => ("404 Not Found", "[]\n".to_owned()),
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.0 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(address: SocketAddr, question: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(question.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn who_asks_well_is_told_and_others_are_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || answer_all(&listener, &Monitor::new()));
        let answer = ask(address, "GET /status HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\n[]\n"), "{answer}");
        assert!(ask(address, "GET /else HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 404"));
        // One that says too much, and one that says nothing and goes.
        drop(TcpStream::connect(address).unwrap());
        let mut stream = TcpStream::connect(address).unwrap();
        // It may be turned away before it has said all of it.
        let _ = stream.write_all(&[b'x'; 2 * QUESTION]);
        assert!(ask(address, "GET /status HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 OK"));
    }

    #[test]
    fn parties_of_a_launcher_have_ports_in_a_row() {
        let cast = super::super::Cast { compute: &["A", "B"], clients: &["C"] };
        let roster = super::super::roster::local(cast, true).unwrap();
        let ports = [PartyId(0), PartyId(1), PartyId(2), PartyId::DEALER].map(|role| port(9100, &roster, role));
        assert_eq!(ports, [9100, 9101, 9102, 9103]);
    }
}
