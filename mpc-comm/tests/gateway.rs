//! Guests at a server's door, over TCP and TLS: those who ask, and those who lie, stall and vanish.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{free_port, identity};
use mpc_comm::gateway::{
    Ask, Desk, Gateway, Guest, Limits, Offer, Part, Refused, Reply, RequestId, Service, Visit, VisitOptions,
};
use mpc_comm::{
    ConfigProblem, Error, Frame, Identity, IdentityError, Kind, Member, Options, PartyId, PeerError, Roster,
    encode_head,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Two servers of one process, whose "model" gives back what it got.
struct House {
    service: Service,
    desks: Vec<Arc<Desk>>,
    gateways: Vec<Gateway>,
    identities: Vec<Identity>,
}

impl House {
    /// `guests` may come; with TLS, the last identities are theirs.
    fn open(guests: &[&str], tls: bool, change: impl Fn(&mut Limits)) -> House {
        let address = || format!("127.0.0.1:{}", free_port());
        let names = ["North", "South"].iter().chain(guests);
        let identities: Vec<Identity> = names.filter(|_| tls).map(|name| identity(name)).collect();
        let pin = |at: usize| identities.get(at).map(|identity| identity.certificate().fingerprint);
        let server = |at: usize, name: &str| Member { name: name.to_owned(), address: address(), fingerprint: pin(at) };
        let roster =
            Roster { compute: vec![server(0, "North"), server(1, "South")], clients: Vec::new(), dealer: None };
        let guest = |(at, name): (usize, &&str)| Guest { name: (*name).to_owned(), fingerprint: pin(2 + at) };
        let guests = guests.iter().enumerate().map(guest).collect();
        let service = Service { roster, gateways: vec![address(), address()], guests };
        let limits = || {
            let mut limits = Limits { timeout: Duration::from_millis(400), ..Limits::of([3]) };
            change(&mut limits);
            limits
        };
        let desks: Vec<Arc<Desk>> = (0..2).map(|_| Arc::new(Desk::new(limits()))).collect();
        let offer = Offer {
            model: "echo".to_owned(),
            shape: vec![3],
            rows: desks[0].limits().rows as u64,
            fraction_bits: 16,
            ring: "u64".to_owned(),
            servers: vec!["North".to_owned(), "South".to_owned()],
        };
        let open = |at: usize| {
            let options = Options { identity: identities.get(at).cloned(), ..Options::default() };
            Gateway::open(&service, PartyId(at as u16), offer.clone(), Arc::clone(&desks[at]), &options).unwrap()
        };
        House { gateways: vec![open(0), open(1)], service, desks, identities }
    }

    /// Answers whatever comes, at each server by itself.
    fn echo(&self) {
        for desk in self.desks.clone() {
            thread::spawn(move || {
                while !desk.is_closed() {
                    for id in desk.propose(usize::MAX, 100, Duration::ZERO, Duration::from_millis(50)) {
                        desk.confirm(&[id]);
                        let Some(taken) = desk.take(id) else { continue };
                        let Part::Words(words) = taken.part else { panic!() };
                        desk.answer(id, vec![taken.rows, 3], words);
                    }
                }
            });
        }
    }

    fn options(&self, guest: usize) -> VisitOptions {
        VisitOptions { identity: self.identities.get(2 + guest).cloned(), timeout: PATIENCE, ..VisitOptions::default() }
    }

    fn visit(&self, guest: usize) -> Result<Visit, Error> {
        Visit::connect(&self.service, &self.service.guests[guest].name, self.options(guest))
    }

    /// A caller at the first server that is no guest of ours, or not yet.
    fn stranger(&self) -> TcpStream {
        let stream = TcpStream::connect(self.gateways[0].address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A guest at the first server that says the right things so far.
    fn greeted(&self, name: &str) -> TcpStream {
        let mut stream = self.stranger();
        say(&mut stream, &Frame::text(Kind::Hello, &format!("version = 1\nname = \"{name}\"\n")));
        let mut head = [0; 32];
        stream.read_exact(&mut head).unwrap();
        let mut body = vec![0; u64::from_le_bytes(head[24..].try_into().unwrap()) as usize];
        stream.read_exact(&mut body).unwrap();
        assert!(String::from_utf8_lossy(&body).contains("Offer"), "{body:?}");
        stream
    }

    fn wait_for(&self, what: &str, test: impl Fn(&House) -> bool) {
        let start = Instant::now();
        while !test(self) {
            assert!(start.elapsed() < PATIENCE, "{what} does not come: {:?}", self.desks);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn say(stream: &mut TcpStream, frame: &Frame) {
    stream.write_all(&encode_head(frame)).unwrap();
    frame.body.iter().for_each(|words| stream.write_all(words.as_bytes()).unwrap());
}

/// That the other end closes, perhaps after having said something.
fn assert_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut rest);
}

fn asks(shapes: [&[usize]; 2], receiver: Option<&str>) -> Vec<Ask> {
    let (id, receiver) = (RequestId::fresh().unwrap(), receiver.map(str::to_owned));
    let ask = |at: u64| {
        let shape = shapes[at as usize].to_vec();
        let words: Vec<u64> = (0..shape.iter().product::<usize>() as u64).map(|x| 10 * x + at).collect();
        Ask { id, receiver: receiver.clone(), shape, part: Part::Words(words.into()) }
    };
    vec![ask(0), ask(1)]
}

fn assert_echoed(visit: &mut Visit) {
    let replies = visit.ask(asks([&[1, 3], &[1, 3]], None)).unwrap();
    let reply = |at: u64| Reply::Result { shape: vec![1, 3], words: vec![at, 10 + at, 20 + at].into() };
    assert_eq!(replies, [reply(0), reply(1)]);
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, Refused) {
    match result {
        Err(Error::Peer { name, kind: PeerError::Refused(why), .. }) => (name, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn guests_come_ask_and_leave() {
    for tls in [false, true] {
        let house = House::open(&["ann", "bob"], tls, |_| ());
        house.echo();
        let mut ann = house.visit(0).unwrap();
        assert_eq!((ann.servers(), &ann.offer().model[..]), (2, "echo"));
        assert_echoed(&mut ann);
        assert_echoed(&mut house.visit(1).unwrap());
        assert_echoed(&mut ann);
        assert_eq!(ann.traffic(), (2 * 2 * (32 + 8 * (2 + 3 + 1 + 3)), 2 * 2 * (32 + 8 * (1 + 3 + 3))));
        let id = {
            let request = asks([&[1, 3], &[1, 3]], Some("bob"));
            let id = request[0].id;
            assert_eq!(ann.ask(request).unwrap(), [Reply::Stored, Reply::Stored]);
            id
        };
        drop(ann);
        assert!(matches!(house.visit(1).unwrap().fetch(id).unwrap()[..], [Reply::Result { .. }, Reply::Result { .. }]));
        assert_eq!(refusal(house.visit(0).unwrap().fetch(id)).1, Refused::NotHere);
        house.wait_for("an empty house", |house| house.gateways.iter().all(|gateway| gateway.guests() == 0));
        assert!(house.desks.iter().all(|desk| (desk.requests(), desk.bytes()) == (0, 0)));
    }
}

#[test]
fn only_guests_of_the_roster_are_heard() {
    let house = House::open(&["ann", "bob"], true, |_| ());
    house.echo();
    let come = |name: &str, identity: &Identity, service: &Service| {
        Visit::connect(service, name, VisitOptions { identity: Some(identity.clone()), ..house.options(0) })
    };
    let why = |result: Result<Visit, Error>| match result {
        Err(Error::Peer { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };
    // Ann as bob; a stranger; servers with other certificates than the guest knows.
    let anns = &house.identities[2];
    assert_eq!(refusal(come("bob", anns, &house.service)).1, Refused::Guest { name: "bob".to_owned() });
    let refuses = why(come("ann", &identity("ann"), &house.service));
    assert!(matches!(refuses, PeerError::Identity(IdentityError::RefusesOurs) | PeerError::Closed), "{refuses:?}");
    let mut other = house.service.clone();
    other.roster.compute[1].fingerprint = Some(identity("South").certificate().fingerprint);
    assert!(matches!(why(come("ann", anns, &other)), PeerError::Identity(IdentityError::Unpinned { .. })));
    // Without a certificate nobody tries.
    let plain = Visit::connect(&house.service, "ann", VisitOptions::default()).unwrap_err();
    assert!(matches!(plain, Error::Config(config) if config.problem == ConfigProblem::NoIdentity));
    assert_echoed(&mut house.visit(0).unwrap());
    // On this machine, without certificates, the name alone counts.
    let house = House::open(&["ann"], false, |_| ());
    let stranger = Visit::connect(&house.service, "mal", house.options(0));
    // Both refuse it; which of them is heard first is open.
    let (server, refused) = refusal(stranger);
    assert!(["North", "South"].contains(&&*server), "{server}");
    assert_eq!(refused, Refused::Guest { name: "mal".to_owned() });
}

/// Over connections of before, too.
#[test]
fn who_is_taken_off_the_list_is_refused_and_may_come_back() {
    for tls in [false, true] {
        let house = House::open(&["ann", "bob"], tls, |_| ());
        house.echo();
        let (mut ann, mut bob) = (house.visit(0).unwrap(), house.visit(1).unwrap());
        assert_echoed(&mut ann);
        let all = house.service.guests.clone();
        let change = |guests: &[Guest]| {
            house.gateways.iter().try_for_each(|gateway| gateway.guest_list().replace(guests.to_vec()))
        };
        change(&all[1..]).unwrap();
        let refused = Refused::Guest { name: "ann".to_owned() };
        assert_eq!(refusal(ann.ask(asks([&[1, 3]; 2], None))).1, refused);
        assert_echoed(&mut bob);
        // TLS knows her certificate no more.
        assert!(house.visit(0).is_err() && (tls || refusal(house.visit(0)).1 == refused));
        // A list that cannot be changes nothing.
        let twice = change(&[all[1].clone(), all[1].clone()]);
        assert!(matches!(twice, Err(Error::Config(_))), "{twice:?}");
        change(&all).unwrap();
        assert_echoed(&mut house.visit(0).unwrap());
        assert_echoed(&mut bob);
    }
}

#[test]
fn a_network_is_not_crossed_in_the_clear_unasked() {
    let mut service = House::open(&["ann"], false, |_| ()).service;
    service.gateways[1] = "192.0.2.1:9".to_owned();
    let refused = Visit::connect(&service, "ann", VisitOptions::default()).unwrap_err();
    assert!(matches!(refused, Error::Config(config) if matches!(config.problem, ConfigProblem::Plaintext { .. })));
    let (desk, options) = (Arc::new(Desk::new(Limits::of([3]))), Options::default());
    let offer = Offer {
        model: String::new(),
        shape: vec![3],
        rows: 1,
        fraction_bits: 16,
        ring: String::new(),
        servers: Vec::new(),
    };
    let refused = Gateway::open(&service, PartyId(0), offer, desk, &options).unwrap_err();
    assert!(matches!(refused, Error::Config(config) if matches!(config.problem, ConfigProblem::Plaintext { .. })));
}

#[test]
fn what_is_refused_is_typed_and_the_visit_is_over() {
    let house = House::open(&["ann"], false, |limits| limits.rows = 2);
    house.echo();
    let refused = |shapes: [&[usize]; 2], receiver| refusal(house.visit(0).unwrap().ask(asks(shapes, receiver)));
    let shape = |found: &[u64]| Refused::Shape { found: found.to_vec(), expected: vec![3], rows: 2 };
    assert_eq!(refused([&[4], &[4]], None).1, shape(&[4]));
    assert_eq!(refused([&[3, 3], &[3, 3]], None).1, shape(&[3, 3]));
    assert_eq!(refused([&[1, 3], &[1, 4]], None), ("South".to_owned(), shape(&[1, 4])));
    assert_eq!(refused([&[1, 3]; 2], Some("eve")).1, Refused::Receiver { receiver: "eve".to_owned() });
    let mut short = asks([&[1, 3]; 2], None);
    short[0].part = Part::Words(vec![1].into());
    assert_eq!(refusal(house.visit(0).unwrap().ask(short)).1, Refused::Length { found: 1, expected: 3 });
    // Larger than any request may be: nobody reads it.
    let large = house.visit(0).unwrap().ask(asks([&[1, 4000]; 2], None)).unwrap_err();
    assert!(matches!(large, Error::Peer { kind: PeerError::Closed, .. }), "{large:?}");
    assert_echoed(&mut house.visit(0).unwrap());
}

#[test]
fn those_who_stall_vanish_or_talk_nonsense_harm_nobody() {
    let house = House::open(&["ann", "mal"], false, |limits| limits.per_guest = 3);
    house.echo();
    let mut ann = house.visit(0).unwrap();
    let mut doomed = Vec::new();
    // Nothing; something that is no greeting; half a greeting; a greeting of another version.
    doomed.push(house.stranger());
    for said in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"MPCf\x01", b"\x16\x03\x01\x00\x05hello"] {
        let mut stream = house.stranger();
        stream.write_all(said).unwrap();
        doomed.push(stream);
    }
    let mut stream = house.stranger();
    say(&mut stream, &Frame::text(Kind::Hello, "version = 2\nname = \"mal\""));
    assert_closed(stream);
    // A guest that sends half a request; one that says what is no request; one that leaves in the middle.
    let mut slow = house.greeted("mal");
    slow.write_all(&encode_head(&Frame::new(Kind::Client, 1, 1, vec![vec![0; 9].into()]))).unwrap();
    let mut nonsense = house.greeted("mal");
    say(&mut nonsense, &Frame::new(Kind::Round, 1, 1, vec![vec![1].into()]));
    assert_closed(nonsense);
    assert_closed(slow);
    let mut leaves = house.greeted("mal");
    say(&mut leaves, &Frame::new(Kind::Client, 5, 5, vec![vec![1, 0, 2, 1, 3, 2, 7, 8, 9].into()]));
    drop(leaves);
    // Garbage under a number is refused, and the guest may go on.
    let mut garbage = house.greeted("mal");
    for _ in 0..100 {
        say(&mut garbage, &Frame::new(Kind::Client, 6, 6, vec![vec![9; 5].into()]));
    }
    let mut answer = [0; 32];
    garbage.read_exact(&mut answer).unwrap();
    assert_echoed(&mut ann);
    drop(garbage);
    house.wait_for("the end of the others", |house| house.gateways[0].guests() == 1);
    assert_echoed(&mut ann);
    drop(doomed);
}

#[test]
fn who_asks_nothing_for_long_is_let_go() {
    let house = House::open(&["ann"], false, |limits| limits.keep = Duration::from_millis(100));
    let mut ann = house.visit(0).unwrap();
    let desks = house.desks.clone();
    // Waiting for an answer is not asking nothing.
    let late = thread::spawn(move || {
        for desk in desks {
            let ids = desk.propose(1, 1, Duration::ZERO, PATIENCE);
            desk.confirm(&ids);
            thread::sleep(Duration::from_millis(150));
            desk.answer(ids[0], vec![1, 3], vec![7; 3].into());
        }
    });
    assert!(ann.ask(asks([&[1, 3]; 2], None)).is_ok());
    late.join().unwrap();
    house.wait_for("its end", |house| house.gateways.iter().all(|gateway| gateway.guests() == 0));
    assert!(matches!(ann.ask(asks([&[1, 3]; 2], None)), Err(Error::Peer { kind: PeerError::Closed, .. })));
}

#[test]
fn who_reads_no_answer_is_let_go() {
    let house = House::open(&["mal"], false, |limits| (limits.rows, limits.per_guest) = (200_000, 2));
    house.echo();
    let mut deaf = house.greeted("mal");
    // 4.8 MB there and back, twice as much as may wait, and never a look at what comes.
    let rows = 200_000;
    let mut body = vec![1, 0, 2, rows, 3, 2];
    body.resize(6 + 3 * rows as usize, 5);
    let body: mpc_comm::Words = body.into();
    deaf.set_write_timeout(Some(PATIENCE)).unwrap();
    // While its places are taken it is refused, which is short: answers that fill what may wait come when they come.
    let (mut number, mut let_go, start) = (0, false, Instant::now());
    while !let_go && start.elapsed() < PATIENCE {
        let frame = Frame::new(Kind::Client, number, 0, vec![body.clone()]);
        let_go = deaf.write_all(&encode_head(&frame)).and_then(|()| deaf.write_all(body.as_bytes())).is_err();
        number += 1;
    }
    assert!(let_go, "{number} requests");
    house.wait_for("its end", |house| house.gateways[0].guests() == 0 && house.desks[0].requests() == 0);
}

#[test]
fn each_guest_has_its_places_and_no_more() {
    let house = House::open(&["ann", "bob"], false, |limits| limits.per_guest = 2);
    house.echo();
    let mut all = [0, 0].map(|guest| house.visit(guest).unwrap());
    assert_eq!(refusal(house.visit(0)).1, Refused::TooMany { limit: 2 });
    assert_echoed(&mut house.visit(1).unwrap());
    all.iter_mut().for_each(assert_echoed);
    drop(all);
    house.wait_for("room", |house| house.gateways.iter().all(|gateway| gateway.guests() == 0));
    assert_echoed(&mut house.visit(0).unwrap());
}

#[test]
fn closing_tells_those_who_wait_and_those_who_come() {
    let House { service, desks, gateways, .. } = House::open(&["ann"], false, |_| ());
    let options = || VisitOptions { timeout: PATIENCE, ..VisitOptions::default() };
    let mut ann = Visit::connect(&service, "ann", options()).unwrap();
    let waiting = thread::spawn(move || ann.ask(asks([&[1, 3]; 2], None)));
    while desks.iter().any(|desk| desk.requests() == 0) {
        thread::sleep(Duration::from_millis(2));
    }
    desks[0].close();
    assert_eq!(refusal(waiting.join().unwrap()).1, Refused::Stopped);
    assert_eq!(refusal(Visit::connect(&service, "ann", options())).1, Refused::Stopped);
    gateways.into_iter().for_each(Gateway::close);
    let gone =
        Visit::connect(&service, "ann", VisitOptions { connect_timeout: Duration::from_millis(300), ..options() });
    assert!(matches!(gone, Err(Error::Peer { kind: PeerError::Unreachable { .. }, .. })), "{gone:?}");
}
