//! `mpc top` asks real processes.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::channel,
    thread,
};

use mpc_comm::{Member, Options, PartyId, Roster, connect};
use mpc_core::{Session, Settings, run_party};

fn top(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mpc")).arg("top").args(args).output().unwrap()
}

struct Dealer {
    process: Child,
    at: String,
}

impl Drop for Dealer {
    fn drop(&mut self) {
        // It may have ended already, which is all we want.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn dealer() -> (Dealer, Roster, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let held = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let member = |name: &str, at: usize| {
        let address = held[at].local_addr().unwrap().to_string();
        Member { name: name.to_owned(), address, fingerprint: None }
    };
    let compute = vec![member("A", 0), member("B", 1)];
    let roster = Roster { compute, clients: Vec::new(), dealer: Some(member("dealer", 2)) };
    std::fs::write(folder.path().join("roster.toml"), roster.to_toml()).unwrap();
    drop(held);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
    command.args(["dealer", "--roster", "roster.toml", "--metrics", "127.0.0.1:0"]);
    command.current_dir(folder.path()).env_remove("RUST_LOG").stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let at = lines.by_ref().find_map(|line| {
        let (_, rest) = line.split_once("figures at http://")?;
        Some(rest.split_once("/metrics")?.0.to_owned())
    });
    // It must not stop because nobody reads what it says.
    thread::spawn(move || lines.for_each(drop));
    (Dealer { process, at: at.expect("it says where its figures are") }, roster, folder)
}

#[test]
fn a_dealer_waits_for_its_parties() {
    let (dealer, roster, _folder) = dealer();
    let none = top(&["--once", &dealer.at]);
    assert!(none.status.success());
    assert!(String::from_utf8_lossy(&none.stdout).contains("no session"), "{none:?}");
    let (ready, is_ready) = channel();
    let (end, is_end) = (channel::<()>(), channel::<()>());
    thread::scope(|scope| {
        for (party, hold) in [end.1, is_end.1].into_iter().enumerate() {
            let (roster, ready) = (&roster, ready.clone());
            scope.spawn(move || {
                let settings = Settings::default();
                let options = Options { session: "held".to_owned(), ..Options::default() };
                let mesh = connect(roster, PartyId(party as u16), &settings.agreement(), options).unwrap();
                run_party(mesh, &settings, async |s: Session| {
                    let x = s.public([4], &[1.5; 4]).share();
                    (&x * &x).reveal().await?;
                    ready.send(()).unwrap();
                    let _ = hold.recv();
                    Ok(())
                })
                .unwrap();
            });
        }
        is_ready.recv().unwrap();
        is_ready.recv().unwrap();
        let words = top(&["--once", &dealer.at]);
        let json = top(&["--once", "--json", &dealer.at]);
        // Before anything can fail, so that nobody waits.
        drop((end.0, is_end.0));
        let words = String::from_utf8(words.stdout).unwrap();
        for expected in ["dealer", "held", "waits for A", "A, of which nothing is known here"] {
            assert!(words.contains(expected), "{expected}: {words}");
        }
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        let session = &json[0]["sessions"][0];
        assert_eq!((session["party"].as_str(), session["session"].as_str()), (Some("dealer"), Some("held")));
        assert!(session["sent"].as_u64().unwrap() > 0, "{json}");
    });
}

#[test]
fn who_does_not_answer_is_named() {
    // Nobody listens at a port that was just given back, but somebody may take it: then it answers no question of ours.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = top(&["--once", &port.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("no answer from") && error.contains(&port.to_string()), "{error}");
    assert_eq!(top(&["--once", "nowhere"]).status.code(), Some(2));
}
