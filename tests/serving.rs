//! Servers and a dealer as real processes over TLS, and guests who come, go, die and lie.

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use mpc::{
    comm::{
        Error, Identity, Member, PeerError, Roster,
        gateway::{Ask, Guest, Part, Refused, RequestId, Visit},
    },
    serve::{Client, NotPredicted, Service, VisitOptions},
};

/// So long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is killed with this value.
struct Process(Child, Receiver<String>);

impl Process {
    fn start(command: &mut Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (tell, told) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Process(child, told)
    }

    fn wait_for(&self, text: &str) {
        while self.1.recv_timeout(PATIENCE).expect(text) != text {}
    }

    /// Its exit code; nothing after a signal.
    fn end(mut self) -> Option<i32> {
        for _ in 0..PATIENCE.as_millis() / 5 {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A service on free ports of this machine that pins everybody, its file, and everybody's identity in a folder of its name.
fn service() -> (Service, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, high.max(1), low, 77);
    let bind = || TcpListener::bind((own, 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let held: Vec<TcpListener> = (0..5).map(|_| bind()).collect();
    let address = |at: usize| held[at].local_addr().unwrap().to_string();
    let pin = |name: &str| Some(Identity::create(name, 1, folder.path().join(name)).unwrap().certificate().fingerprint);
    let member = |name: &str, at| Member { name: name.to_owned(), address: address(at), fingerprint: pin(name) };
    let compute = vec![member("North", 0), member("South", 1)];
    let roster = Roster { compute, clients: Vec::new(), dealer: Some(member("dealer", 2)) };
    let guests = ["ann", "bob", "mal"].map(|name| Guest { name: name.to_owned(), fingerprint: pin(name) }).into();
    let service = Service { roster, gateways: vec![address(3), address(4)], guests };
    let file = folder.path().join("roster.toml");
    std::fs::write(&file, service.to_toml()).unwrap();
    (service, file, folder)
}

fn assert_right(client: &mut Client) {
    let result = client.predict(vec![1.0, 2.0, 3.0]).unwrap();
    assert!(result.iter().zip([4.0, 10.0]).all(|(found, right)| (found - right).abs() < 1e-3), "{result}");
}

#[test]
fn servers_go_on_whatever_guests_do() {
    let (service, file, folder) = service();
    let identity = |name: &str| folder.path().join(name);
    let party = |name: &str| {
        let mut command = common::example("serve_probe");
        command.args(["--party", name, "--connect-timeout", "30", "--roster"]).arg(&file);
        command.arg("--identity").arg(identity(name)).arg("--service").arg(&file).arg("--door").arg(identity(name));
        Process::start(&mut command)
    };
    let (_dealer, north, south) = (party("dealer"), party("North"), party("South"));
    let options = |name: &str| VisitOptions {
        identity: Some(Identity::load(identity(name)).unwrap()),
        connect_timeout: PATIENCE,
        timeout: PATIENCE,
        ..VisitOptions::default()
    };
    // A guest comes before the servers, stays, and asks between all that follows.
    let mut ann = Client::connect(&service, "ann", options("ann")).unwrap();
    assert_right(&mut ann);

    // Another one comes in the middle, and is killed in the middle.
    let mut command = common::example("serve_probe");
    let bob = Process::start(command.arg("guest").arg(&file).arg("bob").arg(identity("bob")));
    bob.wait_for("answered 3");
    assert_right(&mut ann);
    drop(bob);
    assert_right(&mut ann);

    // Somebody sends garbage, and somebody says nothing.
    let _silent = service.gateways.iter().map(|gateway| TcpStream::connect(gateway).unwrap()).collect::<Vec<_>>();
    TcpStream::connect(&service.gateways[0]).unwrap().write_all(&[0x16, 3, 1, 255, 255, 7, 7, 7]).unwrap();
    TcpStream::connect(&service.gateways[1]).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();

    // A guest lies: two rows to one server, one to the other; then only to one.
    let ask = |id, rows: usize| {
        let part = Part::Words(vec![7; 3 * rows].into());
        Ask { id, receiver: None, shape: vec![rows, 3], part }
    };
    let refused = |rows: [usize; 2], same: bool| {
        let ids = [(); 2].map(|()| RequestId::fresh().unwrap());
        let mut mal = Visit::connect(&service, "mal", options("mal")).unwrap();
        let second = if same { ids[0] } else { ids[1] };
        match mal.ask(vec![ask(ids[0], rows[0]), ask(second, rows[1])]) {
            Err(Error::Peer { kind: PeerError::Refused(why), .. }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused([2, 1], true), Refused::Mismatch);
    assert_eq!(refused([1, 1], false), Refused::Expired { seconds: 2 });
    assert_right(&mut ann);

    // Someone else's result is fetched by its receiver alone.
    let id = ann.predict_for("bob", vec![1.0, 2.0, 3.0]).unwrap();
    let mut mal = Client::connect(&service, "mal", options("mal")).unwrap();
    let stolen = mal.fetch(id).unwrap_err();
    assert!(
        matches!(&stolen, NotPredicted::Server(Error::Peer { kind: PeerError::Refused(Refused::NotHere), .. })),
        "{stolen}"
    );
    let mut bob = Client::connect(&service, "bob", options("bob")).unwrap();
    assert!((bob.fetch(id).unwrap()[[0, 0]] - 4.0).abs() < 1e-3);

    // A server dies: the other one ends and names it, and guests are told.
    drop(south);
    let stopped = ann.predict(vec![1.0, 2.0, 3.0]).unwrap_err();
    assert!(matches!(stopped, NotPredicted::Server(Error::Peer { .. })), "{stopped}");
    assert_eq!(north.end(), Some(1));
}
