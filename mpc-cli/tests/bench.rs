//! `mpc bench` as a user runs it: real processes, tiny sizes.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const NAMES: [&str; 25] = [
    "mul",
    "matmul512",
    "matmul1024",
    "relu",
    "gt",
    "max",
    "maxpool",
    "sigmoid",
    "exp",
    "reciprocal",
    "softmax",
    "conv2d",
    "lr",
    "mlp",
    "lenet1",
    "lenet",
    "lenet_train",
    "resnet18",
    "encoder",
    "vgg16_cifar",
    "resnet50",
    "matmul4096",
    "relu10m",
    "vgg16_train",
    "vgg16",
];
/// What `all` leaves out.
const LARGE: [&str; 4] = ["matmul4096", "relu10m", "vgg16_train", "vgg16"];

fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mpc")).arg("bench").args(args).output().unwrap()
}

/// The objects of the JSON file after success.
fn rows(args: &[&str]) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rows.json");
    let done = bench(&[args, &["--tiny", "--json", file.to_str().unwrap()]].concat());
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    read(&file)
}

fn read(file: &Path) -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} in {row}"))
}

/// All workloads: every key is there, the results are right (or the command would fail), and what is counted on the way
/// is what the program says by its own account.
fn all_cost_what_they_say(flags: &[&str]) {
    let measured = cost_what_they_say(&["all", "large"], flags);
    assert_eq!(measured.iter().map(|row| row["workload"].as_str().unwrap()).collect::<Vec<_>>(), NAMES);
}

/// What was measured.
fn cost_what_they_say(names: &[&str], flags: &[&str]) -> Vec<Value> {
    let measured = rows(&[names, &["--repeat", "1"], flags].concat());
    let counted = rows(&[names, &["--count"], flags].concat());
    for (measured, counted) in measured.iter().zip(&counted) {
        assert!(number(measured, "rounds") >= 1.0);
        for key in ["workload", "parties", "protocol", "device", "net", "rounds", "bytes_per_party", "dealer_bytes"] {
            assert_eq!(measured[key], counted[key], "{key} of {}", measured["workload"]);
        }
        let [all, min, offline] = ["seconds", "seconds_min", "offline_seconds"].map(|key| number(measured, key));
        assert!(0.0 < min && min <= all && (0.0..=all).contains(&offline), "{measured}");
        assert!((0.0..0.1).contains(&number(measured, "max_abs_err")));
        for key in ["seconds", "seconds_min", "offline_seconds", "peak_rss_bytes", "max_abs_err"] {
            assert!(counted[key].is_null(), "{counted}");
        }
        if cfg!(target_os = "linux") {
            assert!(number(measured, "peak_rss_bytes") > 1e6);
        }
    }
    measured
}

/// Later requests to a model that is served open no weights, and the results are those of the same weights.
#[test]
fn weights_that_are_served_are_not_opened_again() {
    const MODELS: [&str; 5] = ["lr", "mlp", "lenet1", "resnet18", "encoder"];
    let (first, later) = (cost_what_they_say(&MODELS, &[]), cost_what_they_say(&MODELS, &["--served"]));
    for (first, later) in first.iter().zip(&later) {
        assert_eq!((&first["served"], &later["served"]), (&Value::Bool(false), &Value::Bool(true)));
        assert!(number(later, "bytes_per_party") < number(first, "bytes_per_party"), "{later}");
        assert_eq!(number(later, "dealer_bytes"), number(first, "dealer_bytes"), "{later}");
    }
}

#[test]
fn with_two_parties_and_a_dealer() {
    all_cost_what_they_say(&[]);
}

#[test]
fn with_three_parties() {
    all_cost_what_they_say(&["--parties", "3"]);
}

#[test]
fn links_that_may_come_back_carry_the_same() {
    let [plain, grace] = [&[][..], &["--grace", "5"]].map(|flags| cost_what_they_say(&["mul", "lenet1"], flags));
    for (plain, grace) in plain.iter().zip(&grace) {
        assert_eq!(number(plain, "bytes_per_party"), number(grace, "bytes_per_party"), "{grace}");
    }
}

#[test]
fn groups_and_other_names_are_known_and_nothing_is_measured_twice() {
    let counted = |args: &[&str]| -> Vec<String> {
        let rows = rows(&[args, &["--count"]].concat());
        rows.iter().map(|row| row["workload"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(counted(&["large"]), LARGE);
    assert_eq!(counted(&["all"]), NAMES[..NAMES.len() - LARGE.len()]);
    assert_eq!(counted(&["relu", "large", "vgg16", "relu"]), [&["relu"], &LARGE[..]].concat());
    assert_eq!(counted(&["bert_base", "encoder"]), ["encoder"]);
}

/// The counts of the sizes that nobody can afford in a test; from the program alone.
#[test]
fn large_sizes_are_counted_without_running() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rows.json");
    let done = bench(&["vgg16", "matmul4096", "relu10m", "--count", "--json", file.to_str().unwrap()]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let rows = read(&file);
    // Every weight of VGG-16 is opened once, 8 bytes each, and every factor of a product of matrices.
    assert!(number(&rows[0], "bytes_per_party") > 8.0 * 138_357_544.0, "{}", rows[0]);
    let opened = 2.0 * 8.0 * 4096.0 * 4096.0;
    let bytes = number(&rows[1], "bytes_per_party");
    assert!((opened..1.02 * opened).contains(&bytes), "{bytes}");
    assert_eq!(number(&rows[2], "rounds"), 4.0);
}

#[test]
fn in_the_clear_nobody_deals() {
    let rows = rows(&["mul", "relu", "--protocol", "plain-insecure", "--repeat", "2"]);
    for row in &rows {
        assert_eq!((number(row, "dealer_bytes"), number(row, "offline_seconds")), (0.0, 0.0));
        let names: Vec<_> = row["processes"].as_array().unwrap().iter().map(|process| &process["name"]).collect();
        assert_eq!(names, ["party0", "party1"]);
        assert_eq!(number(row, "repetitions"), 2.0);
    }
}

#[test]
fn a_slow_network_costs_its_latency_every_round() {
    let row = &rows(&["mul", "--net", "wan", "--repeat", "1"])[0];
    assert_eq!((row["net"].as_str(), number(row, "rounds")), (Some("wan"), 2.0));
    // Half a round trip a round at least, and the dealer's way.
    assert!(number(row, "seconds_min") >= 0.08, "{row}");
}

#[test]
fn what_there_is_can_be_listed() {
    let done = bench(&["--list"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && NAMES.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn an_unknown_workload_is_code_2_and_the_names_are_said() {
    let done = bench(&["nonsense"]);
    let error = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{error}");
    assert!(NAMES.iter().all(|name| error.contains(name)), "{error}");
    for wrong in [&["mul", "--parties", "1"][..], &["mul", "--net", "moon"], &["mul", "--repeat", "0"]] {
        assert_eq!(bench(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_runs() {
    let done = bench(&["all", "--json", "/nonexistent/rows.json"]);
    let error = String::from_utf8(done.stderr).unwrap();
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{error}");
    assert!(error.contains("/nonexistent/rows.json"), "{error}");
}

#[cfg(target_os = "linux")]
mod processes {
    use std::{
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    /// The processes that this one has started, with their command lines.
    fn children(of: u32) -> Vec<(u32, String)> {
        let of = of.to_string();
        let ids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        ids.filter_map(|id: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned();
            let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
            (parent == of).then(|| (id, String::from_utf8_lossy(&line).replace('\0', " ")))
        })
        .collect()
    }

    fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            match found() {
                Some(found) => return found,
                None if start.elapsed() > Duration::from_secs(20) => panic!("no {what}"),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn signal(name: &str, process: u32) {
        assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
    }

    /// A measurement that goes on for long, with its processes.
    fn long() -> (Child, Vec<(u32, String)>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
        command.args(["bench", "softmax", "--tiny", "--repeat", "1000", "--net", "wan"]);
        let starter = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = until("processes", || {
            let children = children(starter.id());
            (children.len() == 3 && children.iter().all(|(_, line)| line.contains("bench-part"))).then_some(children)
        });
        (starter, started)
    }

    fn all_gone(processes: &[(u32, String)]) {
        let alive = |id: u32| {
            std::fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.contains("bench-part"))
        };
        until("end of the processes", || (!processes.iter().any(|(id, _)| alive(*id))).then_some(()));
    }

    #[test]
    fn a_party_that_dies_ends_the_others_and_is_named() {
        let (starter, processes) = long();
        let (victim, _) = processes.iter().find(|(_, line)| line.contains("--party party1")).unwrap();
        signal("-KILL", *victim);
        let done = starter.wait_with_output().unwrap();
        let error = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1));
        assert!(error.contains("party1 failed (signal: 9"), "{error}");
        all_gone(&processes);
    }

    #[test]
    fn nobody_outlives_the_command() {
        let (mut starter, processes) = long();
        starter.kill().unwrap();
        starter.wait().unwrap();
        all_gone(&processes);
    }
}
