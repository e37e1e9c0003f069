//! How a link gets a new connection: whoever called calls again, whoever was called waits.

use std::sync::Arc;
use std::time::Duration;

use backon::Retryable;
use tokio::time::{Instant, timeout, timeout_at};

use super::account::Account;
use super::lines::{Comeback, Place};
use super::proof::{Key, Missed, present};
use crate::connect::{pauses, reach};
use crate::handshake::{Greeter, HANDSHAKE};
use crate::stream::Duplex;
use crate::{PartyId, PeerError};

/// How a link may come back.
#[derive(Debug)]
pub(crate) struct Grace {
    /// For how long after it went down.
    pub(crate) time: Duration,
    pub(crate) key: Key,
    pub(crate) way: Way,
}

/// Which end we are.
#[derive(Debug)]
pub(crate) enum Way {
    /// We called.
    Call { greeter: Arc<Greeter>, address: String },
    /// We were called.
    Wait(Place),
}

impl Grace {
    /// Something that another connection's end, or the peer's new start, tells a link that is up. Never, if we call.
    pub(super) async fn interruption(&mut self) -> Comeback {
        match &mut self.way {
            Way::Call { .. } => std::future::pending().await,
            Way::Wait(place) => place.next().await,
        }
    }

    /// Marks the link as down or up.
    pub(super) fn is_down(&self, down: bool) {
        if let Way::Wait(place) = &self.way {
            place.is_down(down);
        }
    }

    /// What a peer hears that comes back too late.
    pub(super) fn give_up(&mut self, peer: PartyId, cause: &PeerError) {
        if let Way::Wait(place) = &mut self.way {
            place.give_up(format!("{peer} {cause}"));
        }
    }

    /// A new connection on which both know what the other has.
    ///
    /// # Errors
    /// The peer was started anew or has given up; [`PeerError::NotBack`] after `until`.
    pub(super) async fn back(
        &mut self,
        peer: PartyId,
        account: &Account,
        until: Instant,
    ) -> Result<Box<dyn Duplex>, PeerError> {
        let seconds = self.time.as_secs_f64();
        match &mut self.way {
            Way::Wait(place) => {
                let come = async {
                    loop {
                        if let Some(stream) = welcome(place.next().await, account).await? {
                            return Ok(stream);
                        }
                    }
                };
                let late = |_| PeerError::NotBack { seconds, reason: "it did not call again".to_owned() };
                timeout_at(until, come).await.map_err(late)?
            }
            Way::Call { greeter, address } => {
                let mut last = "it did not answer".to_owned();
                let calls = (|| call(greeter, address, &self.key, peer, account))
                    .retry(pauses())
                    .when(|missed| matches!(missed, Missed::Again(_)))
                    .notify(|missed, _| {
                        if let Missed::Again(why) = missed {
                            last = match why {
                                PeerError::Unreachable { reason, .. } => reason.clone(),
                                why => format!("it {why}"),
                            };
                        }
                    });
                match timeout_at(until, calls).await {
                    Ok(Ok(stream)) => Ok(stream),
                    Ok(Err(Missed::Again(why) | Missed::Never(why))) => Err(why),
                    Err(_) => Err(PeerError::NotBack { seconds, reason: last }),
                }
            }
        }
    }
}

/// Takes what has come for a link that was called; nothing if it was no use.
///
/// # Errors
/// The peer was started anew, or says that it has what it cannot have.
pub(super) async fn welcome(comeback: Comeback, account: &Account) -> Result<Option<Box<dyn Duplex>>, PeerError> {
    match comeback {
        Comeback::Restarted => Err(PeerError::Restarted),
        Comeback::Stream { mut stream, frames, reply } => {
            account.acknowledge(frames)?;
            let said = timeout(HANDSHAKE, reply.send(&mut *stream, account.received())).await;
            Ok(matches!(said, Ok(Ok(()))).then_some(stream))
        }
    }
}

async fn call(
    greeter: &Greeter,
    address: &str,
    key: &Key,
    peer: PartyId,
    account: &Account,
) -> Result<Box<dyn Duplex>, Missed> {
    let greeting = async {
        let (mut stream, proof) = reach(greeter, peer, address).await?;
        let ends = (greeter.me(), peer);
        let frames = present(&mut *stream, key, ends, account.received(), proof.as_ref()).await?;
        account.acknowledge(frames).map_err(Missed::Never)?;
        Ok(stream)
    };
    let slow = |_| Missed::Again(PeerError::TimedOut { seconds: HANDSHAKE.as_secs_f64() });
    timeout(HANDSHAKE, greeting).await.map_err(slow)?
}
