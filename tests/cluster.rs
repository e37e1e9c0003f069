//! Programs under a scheduler: each process of a job finds out which party it is. `scripts/cluster-check.sh` does the same
//! with the real `mpirun` and `srun`; here their variables are set.

mod common;

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Output, Stdio},
    sync::atomic::{AtomicU16, Ordering::Relaxed},
};

use mpc::{
    comm::{Identity, Member, Roster},
    core::audit::{Ending, Ledger},
};

/// The parties of `process_probe` by rank.
const PARTIES: [&str; 4] = ["Hospital", "Lab", "Registry", "dealer"];

type Variables = Vec<(&'static str, String)>;

fn openmpi(rank: usize, size: usize) -> Variables {
    let all = [("OMPI_COMM_WORLD_RANK", rank), ("OMPI_COMM_WORLD_SIZE", size), ("OMPI_COMM_WORLD_LOCAL_SIZE", size)];
    all.map(|(name, value)| (name, value.to_string())).to_vec()
}

fn torchrun(rank: usize, size: usize) -> Variables {
    let all = [("RANK", rank), ("WORLD_SIZE", size), ("LOCAL_WORLD_SIZE", size), ("MASTER_PORT", usize::from(port()))];
    all.map(|(name, value)| (name, value.to_string())).to_vec()
}

fn slurm(rank: usize, size: usize) -> Variables {
    let all = [
        ("SLURM_PROCID", rank),
        ("SLURM_STEP_NUM_TASKS", size),
        ("SLURM_STEP_NUM_NODES", 2),
        ("SLURM_JOB_ID", 17),
        ("SLURM_STEP_ID", 0),
    ];
    all.map(|(name, value)| (name, value.to_string())).to_vec()
}

/// A port with room after it, the same for all processes of a test that holds it in its thread. Below those that systems
/// hand out by themselves.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    thread_local!(static PORT: u16 = {
        let first = (std::process::id() % 1000) as u16;
        let ports = std::iter::repeat_with(|| 20_000 + (first + NEXT.fetch_add(1, Relaxed)) % 1000 * 10);
        let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        ports.take(1000).find(|port| (0..10).all(|more| free(port + more))).unwrap()
    });
    PORT.with(|port| *port)
}

/// Runs the four processes of a job, and waits for all.
fn job(variables: fn(usize, usize) -> Variables, args: &[&str]) -> Vec<Output> {
    let start = |rank| {
        let mut command = common::example("process_probe");
        command.args(args).envs(variables(rank, 4)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let all: Vec<_> = (0..4).map(start).collect();
    all.into_iter().map(|process| process.wait_with_output().unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Checks that each process was the party of its rank.
fn check(outputs: &[Output]) {
    for (rank, output) in outputs.iter().enumerate() {
        let (said, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "rank {rank}: {said}{error}");
        let seen = format!("seen Session of {}", PARTIES[rank]);
        assert!(rank == 3 || said.contains(&seen), "rank {rank} is not {}: {said}", PARTIES[rank]);
    }
}

fn ledger(folder: &Path, party: &str) -> Ledger {
    Ledger::read(folder.join(format!("{party}.jsonl"))).unwrap()
}

#[test]
fn a_job_on_one_host_needs_no_roster() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("{party}.jsonl");
    check(&job(torchrun, &["--rank-from", "torchrun", "--audit", audit.to_str().unwrap()]));
    let [first, second, third] = [0, 1, 2].map(|rank| ledger(folder.path(), PARTIES[rank]));
    assert_eq!(first.end.map(|end| (end.ending, end.openings)), Some((Ending::Finished, 4)));
    assert_eq!((first.difference(&second), first.difference(&third)), (None, None));
    assert!(!folder.path().join("dealer.jsonl").exists());
    // The folder has text for people and machines, and no value in it.
    let written = std::fs::read_to_string(folder.path().join("Lab.jsonl")).unwrap();
    assert!(written.contains("process_probe.rs") && !written.contains("2468"), "{written}");
}

#[test]
fn parties_of_a_job_find_their_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let member = |(at, name): (usize, &&str)| {
        let identity = Identity::create(name, 1, folder.path().join(name)).unwrap();
        let address = format!("127.0.0.1:{}", usize::from(port()) + at);
        Member { name: (*name).to_owned(), address, fingerprint: Some(identity.certificate().fingerprint) }
    };
    let mut compute: Vec<Member> = PARTIES.iter().enumerate().map(member).collect();
    let roster = Roster { dealer: compute.pop(), compute, clients: Vec::new() };
    let file = folder.path().join("roster.toml");
    std::fs::write(&file, roster.to_toml()).unwrap();
    let identity = folder.path().join("{party}");
    let identity = ["--identity", identity.to_str().unwrap()];
    let roster = ["--roster", file.to_str().unwrap()];
    check(&job(slurm, &[&["--rank-from", "slurm"][..], &roster, &identity].concat()));
    // A roster that is made up for the job pins the certificates of the folders.
    check(&job(torchrun, &[&["--rank-from", "torchrun"][..], &identity].concat()));
    // Whoever has no identity is not let in, so it is TLS that they speak.
    let refused = &job(slurm, &[&["--rank-from", "slurm"][..], &roster].concat())[0];
    assert!(!refused.status.success() && text(&refused.stderr).contains("identity"), "{}", text(&refused.stderr));
}

/// One process, which is expected to fail; what it says.
fn refused(variables: Variables, args: &[&str]) -> String {
    let output = common::example("process_probe").args(args).envs(variables).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn a_job_that_does_not_fit_is_told_what_would() {
    let size = refused(openmpi(0, 2), &["--rank-from", "openmpi"]);
    assert!(size.contains("the job has 2 processes") && size.contains("rank 0 is Hospital"), "{size}");
    assert!(size.contains("rank 3 is dealer"), "{size}");
    let other = refused(openmpi(0, 4), &["--rank-from", "slurm"]);
    assert!(other.contains("SLURM_PROCID is not set") && other.contains("--rank-from openmpi"), "{other}");
    let hosts = refused(slurm(0, 4), &["--rank-from", "slurm"]);
    assert!(hosts.contains("several hosts") && hosts.contains("--roster FILE"), "{hosts}");
    let folder = tempfile::tempdir().unwrap();
    let identity = folder.path().to_str().unwrap();
    let one = refused(torchrun(0, 4), &["--rank-from", "torchrun", "--identity", identity]);
    assert!(one.contains("write {party} where the names differ"), "{one}");
}

#[test]
fn variables_alone_start_nothing() {
    let output = common::example("launcher_probe").args(["--steps", "1"]).envs(openmpi(0, 3)).output().unwrap();
    let (said, error) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && said.contains("hello from Hospital") && said.contains("hello from Lab"),
        "{error}"
    );
    assert_eq!(error.matches("one of 3 processes").count(), 1, "the launcher says it, and not each party: {error}");
    assert!(error.contains("--rank-from openmpi"), "{error}");
}

#[test]
fn a_failed_run_leaves_its_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("{party}.jsonl");
    let run = |args: &[&str]| {
        let output = common::example("process_probe").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    run(&["--misfit", "--audit", audit.to_str().unwrap()]);
    for party in &PARTIES[..3] {
        let end = ledger(folder.path(), party).end.unwrap();
        assert_eq!((end.ending, end.openings), (Ending::Failed, 1), "{party}");
    }
    let again = run(&["--audit", audit.to_str().unwrap()]);
    assert!(again.contains("cannot write the ledger"), "an old ledger is not written over: {again}");
    let one = run(&["--audit", folder.path().join("one.jsonl").to_str().unwrap()]);
    assert!(one.contains("write {party} where the names differ"), "{one}");
    let names: BTreeSet<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}
