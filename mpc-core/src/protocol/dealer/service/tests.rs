use super::*;
use crate::{
    preprocessing::{encode_needs, parse_corrections},
    settings::Settings,
};
use mpc_comm::{DealerListener, Member, Options, Roster, connect};
use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{atomic::AtomicU8, mpsc::sync_channel},
    time::Duration,
};

const PARTIES: usize = 2;

/// On ports that are free, and stay so where a machine has many addresses of its own: each roster has another one, and
/// connections that are called from here leave from the first.
fn roster() -> Roster {
    static ROSTERS: AtomicU8 = AtomicU8::new(2);
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, high, low, ROSTERS.fetch_add(1, Ordering::Relaxed));
    let host = if cfg!(target_os = "linux") { own } else { Ipv4Addr::LOCALHOST };
    let held: Vec<_> = (0..=PARTIES).map(|_| TcpListener::bind((host, 0)).unwrap()).collect();
    let member = |(at, held): (usize, &TcpListener)| Member {
        name: format!("P{at}"),
        address: held.local_addr().unwrap().to_string(),
        fingerprint: None,
    };
    let mut members: Vec<_> = held.iter().enumerate().map(member).collect();
    Roster { dealer: members.pop(), compute: members, clients: Vec::new() }
}

/// A session over TCP with a dealer within these limits; what the dealer did, and what each party got.
fn session<T: Send>(limits: &Limits, party: impl Fn(Mesh, usize) -> T + Sync) -> (Result<Served>, Vec<T>) {
    session_of_frames(Options::default().frame_limit, limits, party)
}

/// The same, with a limit of the dealer's frames.
fn session_of_frames<T: Send>(
    frame_limit: u64,
    limits: &Limits,
    party: impl Fn(Mesh, usize) -> T + Sync,
) -> (Result<Served>, Vec<T>) {
    let (roster, settings) = (roster(), Settings::default());
    let options = Options { inbox_bytes: 1 << 20, round_timeout: Duration::from_secs(20), ..Options::default() };
    let of_dealer = Options { frame_limit, ..options.clone() };
    let mut listener = DealerListener::bind(&roster, &settings.agreement(), of_dealer).unwrap();
    thread::scope(|scope| {
        let (roster, options, party) = (&roster, &options, &party);
        let running: Vec<_> = (0..PARTIES)
            .map(|me| {
                let agreement = Settings::default().agreement();
                scope
                    .spawn(move || party(connect(roster, PartyId(me as u16), &agreement, options.clone()).unwrap(), me))
            })
            .collect();
        let mesh = listener.accept_session().unwrap();
        let mut watch = |served: &Served| {
            let seen_enough = Err(Error::program("the watcher has seen enough"));
            if served.requests > 1000 { seen_enough } else { Ok(()) }
        };
        let served = serve::<u64>(mesh, settings.fixed().unwrap(), settings.prg, limits, &mut watch);
        (served, running.into_iter().map(|party| party.join().unwrap()).collect())
    })
}

/// `count` requests for each party, each answered by two corrections of `len` elements.
fn requests(count: usize, len: usize) -> Vec<Need> {
    let mut needs = Vec::new();
    for party in 0..PARTIES {
        let ops = (0..).filter(|op| corrected(*op, PARTIES) == party).take(count);
        needs.extend(ops.map(|op| Need { op, part: 0, kind: NeedKind::TruncateOpened { len, bits: 16 } }));
    }
    // The first party's before the second's: nothing but the workers lets the second go ahead.
    needs
}

fn ask(mesh: &Mesh, needs: &[Need]) {
    let body = vec![encode_needs(needs).unwrap()];
    mesh.send(PartyId::DEALER, Frame::new(Kind::Request, 0, 0, body)).unwrap();
}

#[test]
fn a_party_that_does_not_read_bounds_its_queue_and_keeps_nobody_waiting() {
    // 48 MiB for each party, of which the sockets and the inbox hold a few.
    const COUNT: usize = 48;
    const LEN: usize = 1 << 16;
    let limits = Limits { queued_bytes: 2 << 20, ..Limits::default() };
    let (read, other_has_read) = sync_channel(0);
    let other_has_read = std::sync::Mutex::new(other_has_read);
    let (served, bytes) = session(&limits, |mut mesh, me| {
        if me == 0 {
            ask(&mesh, &requests(COUNT, LEN));
            // Reads nothing before the other party has everything.
            other_has_read.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
        }
        let (mut corrections, mut bytes) = (0, 0);
        while corrections < 2 * COUNT {
            let mut body = mesh.recv(PartyId::DEALER).unwrap().into_body();
            let list = parse_corrections(&mut body).unwrap();
            corrections += list.len();
            bytes += list.iter().map(|(_, words)| 8 * words.len() as u64).sum::<u64>();
        }
        if me == 1 {
            read.send(()).unwrap();
        }
        mesh.finish();
        bytes
    });
    let (served, all) = (served.unwrap(), (COUNT * 2 * LEN * 8) as u64);
    assert_eq!(bytes, [all, all]);
    assert_eq!((served.requests, served.bytes), (2 * COUNT as u64, 2 * all));
    // What may wait, what gathers, one answer, and the lists in front of them.
    let bound = limits.queued_bytes + 8 * answer::CHUNK as u64 + 2 * 8 * LEN as u64 + 4096;
    assert!(served.queued <= bound, "{} of {bound}", served.queued);
    assert!(served.queued > limits.queued_bytes / 2, "{}: nothing had to wait", served.queued);
}

#[test]
fn what_is_too_large_is_refused_by_type_and_all_hear_it() {
    let limits = Limits { request_elements: 3000, ..Limits::default() };
    let (served, heard) = session(&limits, |mut mesh, me| {
        if me == 0 {
            let of = |len| Need { op: 7, part: 0, kind: NeedKind::TruncateOpened { len, bits: 16 } };
            ask(&mesh, &[of(1000)]);
            ask(&mesh, &[of(1001)]);
        }
        loop {
            if let Err(error) = mesh.recv(PartyId::DEALER) {
                return error.to_string();
            }
        }
    });
    assert!(matches!(served, Err(Error::RequestTooLarge { op: 7, elements: 3003, limit: 3000 })), "{served:?}");
    assert!(
        heard.iter().all(|heard| heard.contains("3003 elements") && heard.contains("--largest-request")),
        "{heard:?}"
    );
}

#[test]
fn requests_that_nobody_can_answer_do_not_pile_up() {
    let limits = Limits { waiting: 10, ..Limits::default() };
    let (served, _) = session(&limits, |mut mesh, me| {
        if me == 0 {
            ask(&mesh, &requests(6, 4));
        }
        while mesh.recv(PartyId::DEALER).is_ok() {}
    });
    let error = served.unwrap_err().to_string();
    assert!(error.contains("12 requests wait, and this dealer keeps up to 10"), "{error}");
}

#[test]
fn an_empty_request_is_answered_when_all_before_it_are() {
    let (served, _) = session(&Limits::default(), |mut mesh, me| {
        if me == 0 {
            ask(&mesh, &requests(5, 100));
            ask(&mesh, &[]);
        }
        let mut corrections = 0;
        loop {
            let mut body = mesh.recv(PartyId::DEALER).unwrap().into_body();
            match parse_corrections(&mut body).unwrap().len() {
                0 => break,
                some => corrections += some,
            }
        }
        assert_eq!(corrections, 10);
        mesh.finish();
    });
    assert_eq!(served.unwrap().requests, 10);
}

#[test]
fn what_makes_no_sense_and_what_the_watcher_stops_ends_the_session_for_all() {
    let kind = |bits| NeedKind::TruncateOpened { len: 1, bits };
    let cases = [
        (vec![Need { op: 9, part: 0, kind: kind(64) }], "more bits dropped than there are"),
        ((0..1001).map(|op| Need { op, part: 0, kind: kind(16) }).collect(), "its program failed"),
    ];
    for (needs, cause) in cases {
        let (served, heard) = session(&Limits::default(), |mut mesh, me| {
            if me == 0 {
                ask(&mesh, &needs);
            }
            loop {
                if let Err(error) = mesh.recv(PartyId::DEALER) {
                    return error.to_string();
                }
            }
        });
        assert!(served.is_err() && heard.iter().all(|heard| heard.contains(cause)), "{served:?} {heard:?}");
    }
}

/// As when its device fails: what it cannot make or send. The party that it was for and the other one hear it.
#[test]
fn an_answer_that_cannot_be_sent_ends_the_session_for_all_with_its_cause() {
    let (served, heard) = session_of_frames(1 << 16, &Limits::default(), |mut mesh, me| {
        if me == 0 {
            ask(&mesh, &requests(1, 1 << 16));
        }
        loop {
            if let Err(error) = mesh.recv(PartyId::DEALER) {
                return error;
            }
        }
    });
    let error = served.unwrap_err().to_string();
    assert!(error.contains("the limit is 65536"), "{error}");
    for error in heard {
        let mpc_comm::Error::Aborted { by, cause, .. } = &error else { panic!("{error}") };
        assert!(*by == PartyId::DEALER && cause.contains("its own log says why"), "{error}");
    }
}
