//! What the fuzz targets call (`fuzz/`): the readers of all that comes from others. No part of the library.

use std::future::Future;
use std::time::Duration;

use tokio::io::{join, sink};
use tokio::runtime::Builder;

use crate::handshake::Greeter;
use crate::link::{read_body, read_head};
use crate::wire::Event;
use crate::{Agreement, Body, Frame, Kind, Member, PartyId, Roster, encode_head};

pub use crate::gateway::fuzz as gateway;

/// The largest body that is read here.
const LIMIT: u64 = 1 << 20;

fn block_on<T>(future: impl Future<Output = T>) -> Option<T> {
    Builder::new_current_thread().enable_time().build().ok().map(|runtime| runtime.block_on(future))
}

/// A link reads these bytes, frame after frame.
pub fn frames(mut bytes: &[u8]) {
    block_on(async {
        while let Ok(head) = read_head(&mut bytes, LIMIT, Duration::MAX).await {
            let Ok(frame) = read_body(&mut bytes, head, Duration::MAX, None).await else { return };
            assert_eq!(frame.bytes(), head.bytes);
            if let Event::Frame { frame, .. } = Event::of(PartyId(1), frame, None) {
                let mut body: Body = frame.into_body();
                while body.take(7).is_some() {}
            }
        }
    });
}

fn roster() -> Roster {
    let member =
        |name: &str, address: &str| Member { name: name.to_owned(), address: address.to_owned(), fingerprint: None };
    Roster {
        compute: vec![member("A", "127.0.0.1:1"), member("B", "[::1]:2")],
        clients: vec![member("C", "")],
        dealer: Some(member("dealer", "example.org:3")),
    }
}

fn greeter(me: PartyId) -> Option<Greeter> {
    Greeter::new(me, &roster(), &Agreement::default().with("precision", 16), "default", None, Duration::ZERO).ok()
}

/// These bytes greet a party, answer its call, and greet the dealer.
pub fn greeting(bytes: &[u8]) {
    for me in [PartyId(0), PartyId(1), PartyId::DEALER] {
        let Some(greeter) = greeter(me) else { return };
        block_on(async {
            let _ = greeter.answer(&mut join(bytes, sink()), None).await;
            let _ = greeter.call(&mut join(bytes, sink()), PartyId(0), None).await;
        });
    }
}

/// Something sound for each target to begin with: the target's name and the bytes.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let bytes = |frame: &Frame| {
        let body = frame.body.iter().flat_map(|words| words.as_bytes().to_vec());
        encode_head(frame).into_iter().chain(body).collect::<Vec<u8>>()
    };
    let mut seeds = vec![("roster", roster().to_toml().into_bytes())];
    for kind in Kind::ALL {
        let frames = [Frame::new(kind, 1, 2, vec![vec![3; 9].into()]), Frame::text(kind, "cause"), Frame::bare(kind)];
        seeds.push(("frames", frames.iter().flat_map(bytes).collect()));
    }
    for (from, to) in [(1, 0), (0, 1), (2, 0), (PartyId::DEALER.0, 0)] {
        let hello = greeter(PartyId(from)).and_then(|greeter| greeter.sample(PartyId(to)));
        seeds.extend(hello.map(|hello| ("greeting", bytes(&hello))));
    }
    seeds.extend(crate::gateway::fuzz_seeds().into_iter().map(|seed| ("gateway", seed)));
    seeds
}
