//! Spans for a collector: what it gets, also from a process that is told to stop, and that nobody waits for one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message;

/// So long anything may take before it counts as hanging. Exporters are told to be more patient.
const PATIENCE: Duration = Duration::from_secs(120);
/// Milliseconds that nothing here takes: ten minutes.
const NEVER: &str = "600000";

/// A span as the collector got it: what it is called, whose it is, and its attributes.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    service: String,
    party: String,
    attributes: BTreeMap<String, String>,
}

/// Takes spans.
struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Seen>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Collector { address: listener.local_addr().unwrap(), spans: Arc::default() };
        let spans = Arc::clone(&collector.spans);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let spans = Arc::clone(&spans);
                thread::spawn(move || take_all(stream, &spans));
            }
        });
        collector
    }

    /// What has come so far.
    fn spans(&self) -> Vec<Seen> {
        self.spans.lock().unwrap().clone()
    }
}

/// One connection: requests, until it closes.
fn take_all(stream: TcpStream, spans: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut to = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
            first.get_or_insert(line);
        }
        assert_eq!(first.unwrap(), "post /v1/traces http/1.1");
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        spans.lock().unwrap().extend(read(&body));
        to.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

fn read(body: &[u8]) -> Vec<Seen> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut seen = Vec::new();
    for group in request.resource_spans {
        let own = texts(&group.resource.unwrap_or_default().attributes);
        let of = |key: &str| own.get(key).cloned().unwrap_or_default();
        for span in group.scope_spans.into_iter().flat_map(|group| group.spans) {
            let (name, attributes) = (span.name, texts(&span.attributes));
            seen.push(Seen { name, service: of("service.name"), party: of("service.instance.id"), attributes });
        }
    }
    seen
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(yes) => yes.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |pair: &KeyValue| Some((pair.key.clone(), text(pair.value.as_ref()?.value.as_ref()?)));
    attributes.iter().filter_map(pair).collect()
}

fn mpc(args: &[&str], collector: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"));
    // Nothing leaves before the end: what comes is what was flushed.
    command.env("OTEL_BSP_SCHEDULE_DELAY", NEVER);
    // Whoever waited for an exporter would wait for ever.
    command.env("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER);
    command
}

/// A process that is killed with this value.
struct Running(Child);

impl Running {
    fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            match self.0.try_wait().unwrap() {
                Some(status) => return status,
                None => thread::sleep(Duration::from_millis(5)),
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A small measurement: two parties and a dealer, each a process.
fn measure(collector: SocketAddr) -> (ExitStatus, String) {
    let mut command = mpc(&["bench", "relu", "--tiny", "--repeat", "1"], collector);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut pipe = running.0.stderr.take().unwrap();
    let heard = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let mut pipe = running.0.stdout.take().unwrap();
    thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
    let status = running.end();
    (status, heard.join().unwrap().unwrap())
}

#[test]
fn a_collector_gets_the_spans_of_all_by_scope() {
    let collector = Collector::start();
    let (status, said) = measure(collector.address);
    assert!(status.success(), "{said}");
    let spans = collector.spans();
    let sessions: Vec<_> = spans.iter().filter(|span| span.name == "session").collect();
    let dealer = sessions.iter().find(|span| span.attributes["party"] == "dealer").expect("the dealer's session");
    let party = sessions.iter().find(|span| span.attributes["party"] != "dealer").expect("a party's session");
    assert!(sessions.len() >= 3 && party.party == party.attributes["party"], "{sessions:?}");
    assert_eq!((&*party.service, &*party.attributes["failed"]), ("mpc-bench", "false"));
    let number = |span: &Seen, key: &str| span.attributes[key].parse::<u64>().unwrap();
    assert!(number(party, "rounds") > 0 && number(dealer, "dealt") > 0, "{party:?} {dealer:?}");
    // Rounds go by the step that they are for.
    let rounds: Vec<_> = spans.iter().filter(|span| span.name.starts_with("round ")).collect();
    let names: BTreeSet<_> = rounds.iter().map(|span| &*span.name).collect();
    assert!(names.contains("round compare") && names.contains("round select"), "{names:?}");
    let of_party = rounds.iter().filter(|span| span.party == party.party);
    let sent: u64 = of_party.clone().map(|span| number(span, "sent")).sum();
    assert_eq!((of_party.count() as u64, sent), (number(party, "rounds"), number(party, "sent")));
    for name in ["compute", "plan", "dealer", "request", "answer"] {
        assert!(spans.iter().any(|span| span.name.split(' ').next() == Some(name)), "there is no span {name}");
    }
}

/// Nobody answers, nobody listens, somebody answers nonsense: all the same to who computes.
#[test]
fn nobody_waits_for_a_collector() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    // The discard port, where nobody listens.
    let none = "127.0.0.1:9".parse().unwrap();
    let (deaf_at, rude_at) = (deaf.local_addr().unwrap(), rude.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in rude.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"what?\r\n\r\n");
        }
    });
    let [deaf_said, rude_said, none_said] = thread::scope(|scope| {
        [deaf_at, rude_at, none].map(|at| scope.spawn(move || measure(at))).map(|measured| {
            let (status, said) = measured.join().unwrap();
            assert!(status.success(), "{said}");
            said
        })
    });
    for said in [rude_said, none_said] {
        assert!(said.contains("computation goes on"), "{said}");
        // Once for each process.
        assert!((1..=4).contains(&said.matches("takes no spans").count()), "{said}");
        // None of the exporter's own words.
        assert!(!said.contains("OTLP") && !said.contains("BatchSpanProcessor"), "{said}");
    }
    assert!(!deaf_said.contains("panicked"), "{deaf_said}");
}

#[cfg(unix)]
#[test]
fn spans_leave_before_a_signal_ends_the_process() {
    use mpc_comm::{Options, PartyId, Roster, connect};
    use mpc_core::{Session, Settings};

    let collector = Collector::start();
    let text = roster();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &text).unwrap();
    let roster = Roster::from_toml(&text, "test").unwrap();
    let path = file.path().to_str().unwrap();
    let mut command = mpc(&["dealer", "--drain", "0", "--roster", path], collector.address);
    command.env("OTEL_SERVICE_NAME", "randomness").env("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=seven");
    let mut dealer = Running(command.spawn().unwrap());
    let options = Options { connect_timeout: PATIENCE, session: "last".to_owned(), ..Options::default() };
    thread::scope(|scope| {
        let (tell, told) = channel();
        let mut ends = Vec::new();
        for me in 0..2 {
            let (end, ended) = channel::<()>();
            ends.push(end);
            let (roster, options, tell) = (&roster, options.clone(), tell.clone());
            scope.spawn(move || {
                let settings = Settings::default();
                let s = Session::new(connect(roster, PartyId(me), &settings.agreement(), options).unwrap(), &settings)
                    .unwrap();
                let x = s.public([1], &[1.0]).share();
                tell.send(s.block_on(async { (&x * &x).reveal().item().await }).unwrap()).unwrap();
                // The session goes on until the other end of this is gone.
                let _ = ended.recv();
            });
        }
        for _ in 0..2 {
            assert!((told.recv_timeout(PATIENCE).unwrap() - 1.0).abs() < 0.01);
        }
        assert!(Command::new("kill").args(["-TERM", &dealer.0.id().to_string()]).status().unwrap().success());
        assert_eq!(dealer.end().code(), Some(143));
    });
    let spans = collector.spans();
    let session = spans.iter().find(|span| span.name == "session").expect("the session's span");
    assert_eq!((&*session.service, &*session.party), ("randomness", "seven"));
    assert_eq!((&*session.attributes["session"], &*session.attributes["party"]), ("last", "dealer"));
    assert_eq!(session.attributes["failed"], "true");
    assert!(spans.iter().any(|span| span.name == "answer"), "{spans:?}");
}

/// Two parties and a dealer, at an address that no other test has where the system has more than one.
#[cfg(unix)]
fn roster() -> String {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, high.max(1), low, 200);
    let bind = || TcpListener::bind((own, 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let held = [bind(), bind(), bind()];
    let [a, b, dealer] = held.each_ref().map(|listener| listener.local_addr().unwrap());
    format!(
        "[[compute]]\nname = \"A\"\naddress = \"{a}\"\n[[compute]]\nname = \"B\"\naddress = \"{b}\"\n[dealer]\naddress = \"{dealer}\"\n"
    )
}
