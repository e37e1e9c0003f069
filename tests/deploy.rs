//! docs/deploy.md and docs/offline.md, followed as they are written: each host is a folder, and the addresses are those of
//! this machine. As root on Linux the first also with its own addresses: each host is then a network namespace.

mod common;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const PAGE: &str = include_str!("../docs/deploy.md");
const OFFLINE: &str = include_str!("../docs/offline.md");
const PATIENCE: Duration = Duration::from_secs(120);

/// What the page tells to do.
#[derive(Debug)]
enum Step {
    Run { host: String, command: String },
    Send { from: String, file: String, to: String, name: String },
}

/// The steps of a page, in its order.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == "```sh" {
            let host = lines.next().and_then(|line| line.strip_prefix("# at ")).expect("a block says where it runs");
            let host = host.split(',').next().unwrap().to_owned();
            let commands = lines.by_ref().take_while(|line| *line != "```");
            steps.extend(commands.map(|command| Step::Run { host: host.clone(), command: command.to_owned() }));
        } else if let Some((from, rest)) = line.strip_prefix("- ").and_then(|line| line.split_once(" sends `")) {
            let words: Vec<&str> = rest.split('`').collect();
            let to = words[1].trim().strip_prefix("to ").and_then(|to| to.strip_suffix(" as")).unwrap();
            let [file, name] = [words[0], words[2]].map(str::to_owned);
            steps.push(Step::Send { from: from.to_owned(), file, to: to.to_owned(), name });
        }
    }
    steps
}

/// The addresses of the page and free ones of this machine.
fn addresses() -> Vec<(&'static str, String)> {
    let known = ["10.0.0.5:7700", "10.0.0.6:7700", "[2001:db8::7]:7700"];
    let held = ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0"].map(|address| TcpListener::bind(address).unwrap());
    known.into_iter().zip(held.iter().map(|held| held.local_addr().unwrap().to_string())).collect()
}

/// Where `mpc` and the program are.
fn path() -> OsString {
    let test = env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    if !target.join("mpc").with_extension(env::consts::EXE_EXTENSION).exists() {
        let built = common::cargo().args(["build", "-p", "mpc-cli"]).status().unwrap();
        assert!(built.success());
    }
    common::example("breast_cancer"); // It is there.
    let paths = env::var_os("PATH").unwrap();
    let paths = [target.to_owned(), target.join("examples")].into_iter().chain(env::split_paths(&paths));
    env::join_paths(paths).unwrap()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command in a folder, under another one if `under` has words.
fn start(command: &str, under: &[String], folder: &Path, path: &OsString) -> Running {
    let words: Vec<&str> = under.iter().map(String::as_str).chain(["sh"]).collect();
    let mut shell = Command::new(words[0]);
    // `exec`, so that killing it kills the command.
    shell
        .args(&words[1..])
        .args(["-c", &format!("exec {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("RUST_LOG");
    let log = fs::File::create(folder.join("log")).unwrap();
    shell.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Running(shell.spawn().unwrap())
}

/// Waits for its end, which must be good; what it said.
fn end(mut running: Running, folder: &Path) -> String {
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", fs::read_to_string(folder.join("log")).unwrap());
        thread::sleep(Duration::from_millis(20));
    };
    let said = fs::read_to_string(folder.join("log")).unwrap();
    assert!(status.success(), "{said}");
    said
}

/// Does what the page says, with other addresses if there are any, and under these words at each host.
fn follow(addresses: &[(&str, String)], under: impl Fn(&str) -> Vec<String>) {
    let (root, path) = (tempfile::tempdir().unwrap(), path());
    let mut hosts = BTreeMap::<String, PathBuf>::new();
    let mut folder = |host: &str| {
        let folder = hosts.entry(host.to_owned()).or_insert_with(|| root.path().join(host));
        fs::create_dir_all(&folder).unwrap();
        folder.clone()
    };
    let (mut commands, mut running) = (0, Vec::new());
    for step in steps(PAGE) {
        match step {
            Step::Send { from, file, to, name } => {
                fs::copy(folder(&from).join(file), folder(&to).join(name)).unwrap();
            }
            Step::Run { host, command } => {
                commands += 1;
                let here = addresses.iter().fold(command.clone(), |text, (page, real)| text.replace(page, real));
                let to_file = here.split_once(" > ").map(|(_, file)| folder(&host).join(file));
                let started = start(&here, &under(&host), &folder(&host), &path);
                // What serves or waits for the others goes on; the rest is done before the next line is typed.
                if command.contains("--identity") {
                    running.push((command, started, folder(&host)));
                } else {
                    end(started, &folder(&host));
                    assert!(to_file.is_none_or(|file| fs::metadata(file).unwrap().len() > 0));
                }
            }
        }
    }
    assert!(commands <= 10 && running.len() == 3, "{commands}");
    let roster = fs::read_to_string(root.path().join("Riverside/roster.toml")).unwrap();
    let dealer = if addresses.is_empty() { "[2001:db8::7]:7700" } else { "[::1]:" };
    assert!(roster.matches("sha256:").count() == 3 && roster.contains(dealer), "{roster}");
    for (command, started, folder) in running.drain(1..) {
        let said = end(started, &folder);
        assert!(said.contains("accuracy"), "{command}: {said}");
        assert!(!said.contains("NOT ENCRYPTED"), "{said}");
    }
    // The dealer serves on.
    assert!(running[0].0.starts_with("mpc dealer") && running[0].1.0.try_wait().unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn the_page_on_packages_works_as_it_is_written() {
    let (root, path, addresses) = (tempfile::tempdir().unwrap(), path(), addresses());
    let folder = |host: &str| {
        let folder = root.path().join(host);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    let start = |host: &str, command: &str| {
        let here = addresses.iter().fold(command.to_owned(), |text, (page, real)| text.replace(page, real));
        start(&here, &[], &folder(host), &path)
    };
    // Identities and roster, as the other page says.
    for step in steps(PAGE) {
        match step {
            Step::Send { from, file, to, name } => {
                fs::copy(folder(&from).join(file), folder(&to).join(name)).unwrap();
            }
            Step::Run { host, command } if !command.contains("--identity") => {
                end(start(&host, &command), &folder(&host));
            }
            Step::Run { .. } => {}
        }
    }
    let mut dealer = None;
    let mut parties = Vec::new();
    for step in steps(OFFLINE) {
        let Step::Run { host, command } = step else { panic!("{step:?}") };
        if host == "dealer" {
            dealer = Some(start(&host, &command));
            continue;
        }
        parties.push((host.clone(), start(&host, &command)));
        if parties.len() == 2 {
            let said: Vec<String> = parties.drain(..).map(|(host, running)| end(running, &folder(&host))).collect();
            if command.contains("--prepare") {
                let number = |said: &str| said.rsplit("package ").next().map(|number| number.trim().to_owned());
                assert!(
                    said[0].contains("made/Northside.offline: ") && number(&said[0]) == number(&said[1]),
                    "{said:?}"
                );
                // Nobody hands out randomness from here on.
                drop(dealer.take().unwrap());
            } else {
                assert!(
                    said.iter().all(|said| said.contains("trained on shares") && !said.contains(" 0.00 %")),
                    "{said:?}"
                );
            }
        }
    }
    assert!(dealer.is_none() && parties.is_empty());
    // The packages are used up.
    for host in ["Northside", "Riverside"] {
        let left: Vec<_> =
            fs::read_dir(folder(host).join("made")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [OsString::from(format!("{host}.spent"))]);
    }
}

#[cfg(unix)]
#[test]
fn the_page_works_as_it_is_written() {
    follow(&addresses(), |_| Vec::new());
}

/// Network namespaces: one for each host of the page, and one for the switch between them. They are gone with this value.
#[cfg(target_os = "linux")]
struct Network(String);

#[cfg(target_os = "linux")]
impl Network {
    const HOSTS: [(&str, &str, &str); 3] = [
        ("Northside", "10.0.0.5/24", "2001:db8::5/64"),
        ("Riverside", "10.0.0.6/24", "2001:db8::6/64"),
        ("dealer", "10.0.0.7/24", "2001:db8::7/64"),
    ];

    /// Nothing if this user or this system cannot make namespaces.
    fn new() -> Option<Self> {
        let network = Self(format!("mpc-{}", std::process::id()));
        let switch = network.namespace("switch");
        ip(&["netns", "add", &switch])?;
        ip(&["-n", &switch, "link", "add", "switch", "type", "bridge"])?;
        ip(&["-n", &switch, "link", "set", "switch", "up"])?;
        for (host, v4, v6) in Self::HOSTS {
            let there = network.namespace(host);
            ip(&["netns", "add", &there])?;
            ip(&["-n", &there, "link", "set", "lo", "up"])?;
            let port = ["-n", &switch, "link", "add", host, "type", "veth", "peer", "name", "net", "netns", &there];
            ip(&port)?;
            ip(&["-n", &switch, "link", "set", host, "master", "switch", "up"])?;
            ip(&["-n", &there, "address", "add", v4, "dev", "net"])?;
            ip(&["-n", &there, "address", "add", v6, "dev", "net", "nodad"])?;
            ip(&["-n", &there, "link", "set", "net", "up"])?;
            // Such as `delay 20ms`.
            if let Ok(shape) = env::var("MPC_NETEM") {
                let add = ["-n", &there, "qdisc", "add", "dev", "net", "root", "netem"].map(str::to_owned);
                let words = add.into_iter().chain(shape.split_whitespace().map(str::to_owned));
                assert!(Command::new("tc").args(words).status().unwrap().success(), "no netem: {shape}");
            }
        }
        Some(network)
    }

    fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.0)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Network {
    fn drop(&mut self) {
        for host in Self::HOSTS.map(|(host, ..)| host).into_iter().chain(["switch"]) {
            let _ = ip(&["netns", "del", &self.namespace(host)]);
        }
    }
}

/// Runs `ip`; nothing if it fails.
#[cfg(target_os = "linux")]
fn ip(words: &[&str]) -> Option<()> {
    let done = Command::new("ip").args(words).stderr(Stdio::null()).stdout(Stdio::null()).status();
    done.is_ok_and(|status| status.success()).then_some(())
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_works_on_three_hosts_of_a_network() {
    let Some(network) = Network::new() else {
        assert!(env::var_os("MPC_NETNS").is_none(), "network namespaces cannot be made: that needs root");
        eprintln!("NOT RUN: network namespaces cannot be made here");
        return;
    };
    // The addresses of the page are those of no host on this one.
    follow(&[], |host| ["ip", "netns", "exec", &network.namespace(host)].map(str::to_owned).to_vec());
}
