//! The calling side of connecting: again and again until somebody answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::arrival::Arrival;
use crate::handshake::{Greeter, HANDSHAKE, Passed, Refusal};
use crate::link::write_frame;
use crate::resume::{Grace, Key, Way};
use crate::stream::Duplex;
use crate::tls::Proof;
use crate::wire::{Event, Inbox};
use crate::{Error, Frame, Kind, PartyId, PeerError};

/// The longest pause between two calls; shorter than a farewell.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a call came to nothing.
enum Missed {
    Again(String),
    Fatal(Error),
}

/// Calls a peer until it answers, and reports.
pub(super) async fn dial(greeter: Arc<Greeter>, peer: PartyId, address: String, patience: Duration, inbox: Inbox) {
    let mut last = "it did not answer".to_owned();
    let calls = (|| call(&greeter, peer, &address))
        .retry(pauses())
        .when(|missed| matches!(missed, Missed::Again(_)))
        .notify(|missed, _| {
            if let Missed::Again(reason) = missed {
                last.clone_from(reason);
            }
        });
    let event = match timeout(patience, calls).await {
        Ok(Ok(arrival)) => Event::Arrived(Box::new(arrival)),
        Ok(Err(Missed::Fatal(error))) => Event::Failed(error),
        Ok(Err(Missed::Again(reason))) => unreached(&greeter, peer, address, reason),
        Err(_) => unreached(&greeter, peer, address, last),
    };
    let _ = inbox.send(event);
}

/// How long to wait before each further call.
pub(crate) fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(20))
        .with_factor(1.7)
        .with_max_delay(PAUSE)
        .without_max_times()
        .with_jitter()
}

fn unreached(greeter: &Greeter, peer: PartyId, address: String, reason: String) -> Event {
    Event::Failed(greeter.absence(peer, address, reason))
}

async fn call(greeter: &Arc<Greeter>, peer: PartyId, address: &str) -> Result<Arrival, Missed> {
    let greeting = async {
        let (mut stream, proof) = match reach(greeter, peer, address).await {
            Ok(reached) => reached,
            Err(PeerError::Unreachable { reason, .. }) => return Err(Missed::Again(reason)),
            Err(why @ PeerError::Closed) => return Err(Missed::Again(format!("it {why}"))),
            Err(why) => return Err(Missed::Fatal(greeter.names().blame(peer, why))),
        };
        let passed = greeter.call(&mut *stream, peer, proof.as_ref()).await.map_err(|refusal| match refusal {
            Refusal::Stranger(why) | Refusal::Suspect(_, why) => Missed::Again(format!("it {why}")),
            Refusal::Fatal(error) => Missed::Fatal(error),
        })?;
        let Passed { peer, session, secret, grace } = passed;
        let grace = (!grace.is_zero()).then(|| {
            let way = Way::Call { greeter: Arc::clone(greeter), address: address.to_owned() };
            Grace { time: grace, key: Key::of(&secret), way }
        });
        if grace.is_some() {
            // If it does not arrive, the link comes back.
            let _ = write_frame(&mut *stream, &Frame::bare(Kind::Ping)).await;
        }
        Ok(Arrival { peer, session, stream, secret, grace, _place: None })
    };
    let slow = |_| Missed::Again(format!("it did not answer within {} s", HANDSHAKE.as_secs()));
    timeout(HANDSHAKE, greeting).await.map_err(slow)?
}

/// Connects to a peer, and where TLS is spoken makes sure who it is.
///
/// # Errors
/// [`PeerError::Unreachable`] if nobody answers, and what TLS says.
pub(crate) async fn reach(
    greeter: &Greeter,
    peer: PartyId,
    address: &str,
) -> Result<(Box<dyn Duplex>, Option<Proof>), PeerError> {
    let unreachable = |reason| PeerError::Unreachable { address: address.to_owned(), reason };
    let io = |error: io::Error| unreachable(error.to_string());
    let stream = TcpStream::connect(address).await.map_err(io)?;
    // On one machine, calling a free port can connect a socket to itself.
    if stream.local_addr().map_err(io)? == stream.peer_addr().map_err(io)? {
        return Err(unreachable("nobody listens there".to_owned()));
    }
    stream.set_nodelay(true).map_err(io)?;
    match greeter.tls() {
        None => Ok((Box::new(stream), None)),
        Some(tls) => tls.call(stream, peer).await.map(|(stream, proof)| (stream as _, Some(proof))),
    }
}
