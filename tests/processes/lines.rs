//! Messages as JSON lines: all that processes write to their standard error is such lines, and none of it depends on data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::crew::{Crew, NAMES};
use super::process::{Ended, Process, free_roster};

const JSON: [&str; 2] = ["--log-format", "json"];

/// The objects of a process's standard error, which has nothing else.
#[track_caller]
fn objects(said: &str) -> Vec<Map<String, Value>> {
    let object = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    said.lines().map(object).collect()
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn message(object: &Map<String, Value>) -> &str {
    object.get("fields").and_then(|fields| fields.get("message")).and_then(Value::as_str).unwrap_or_default()
}

/// What a line of ours says but for times and places. Libraries below us also count what the system hands them.
fn lasting(object: Map<String, Value>) -> Option<String> {
    let ours = text(&object, "target").starts_with("mpc");
    ours.then(|| {
        let mut value = Value::from(object);
        forget(&mut value);
        value.to_string()
    })
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for passing in ["timestamp", "time.busy", "time.idle", "seconds"] {
                members.remove(passing);
            }
            members.values_mut().for_each(forget);
        }
        Value::Array(values) => values.iter_mut().for_each(forget),
        Value::String(text) => {
            let words = text.split(' ').map(|word| if word.contains("127.") { "PLACE" } else { word });
            *text = words.collect::<Vec<_>>().join(" ");
        }
        _ => {}
    }
}

/// How often each process said what.
fn said(flags: &[&str]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let flags: Vec<&str> = JSON.iter().chain(&["--steps", "2", "-vvv"]).chain(flags).copied().collect();
    let ended = Crew::start(&free_roster(), &flags).end();
    let counts = |process: Ended| {
        process.assert_code(0);
        let mut counts = BTreeMap::new();
        for line in objects(&process.error).into_iter().filter_map(lasting) {
            *counts.entry(line).or_insert(0) += 1;
        }
        (process.name, counts)
    };
    ended.into_iter().map(counts).collect()
}

#[test]
fn no_message_and_no_span_depends_on_data() {
    let (one, other) = (said(&[]), said(&["--other"]));
    for name in NAMES {
        let (one, other) = (&one[name], &other[name]);
        let only = |these: &BTreeMap<String, usize>, those: &BTreeMap<String, usize>| {
            let only = these.iter().filter(|(line, count)| those.get(*line) != Some(count));
            only.map(|(line, count)| format!("{count} times {line}")).collect::<Vec<_>>().join("\n")
        };
        assert!(one == other, "{name}:\n{}\n--- with other inputs:\n{}", only(one, other), only(other, one));
        // There is something to compare: each kind of span, of a step that is named.
        let kinds = match name {
            "dealer" => &["session", "request", "answer"][..],
            _ => &["session", "plan", "compute", "dealer", "round", "step"],
        };
        for kind in kinds {
            let kind = format!("\"name\":\"{kind}\"");
            assert!(one.keys().any(|line| line.contains(&kind)), "{name} has no span with {kind}");
        }
        assert!(name == "dealer" || one.keys().any(|line| line.contains("\"scope\":\"sigmoid")), "{name}: {one:#?}");
    }
}

#[test]
fn under_the_launcher_the_party_is_a_member_of_each_line() {
    let launched = Process::launcher(&[&JSON[..], &["-vv"]].concat()).end();
    launched.assert_code(0);
    let lines = objects(&launched.error);
    for name in NAMES {
        let of = lines.iter().filter(|line| text(line, "party") == name);
        assert!(of.clone().count() > 3, "{name}: {}", launched.error);
        assert!(of.clone().all(|line| text(line, "timestamp").ends_with('Z') && !text(line, "level").is_empty()));
    }
    assert!(lines.iter().any(|line| !line.contains_key("party") && message(line).starts_with("started Hospital")));
    // What the program prints is for people, and says whose it is.
    assert!(launched.output.contains("Lab      | sum "), "{}", launched.output);
}

#[test]
fn a_failure_is_a_line_too() {
    let launched = Process::launcher(&[&JSON[..], &["--misfit"]].concat()).end();
    launched.assert_code(1);
    let lines = objects(&launched.error);
    let last = lines.last().unwrap();
    assert_eq!((text(last, "target"), text(last, "level"), last.get("party")), ("mpc::end", "ERROR", None));
    assert!(message(last).ends_with("failed (exit status: 1)"), "{last:?}");
    let causes = last["fields"]["causes"].as_array().unwrap();
    assert!(causes.iter().any(|cause| cause.as_str().unwrap().contains("matmul")), "{last:?}");
    let own = |line: &&Map<String, Value>| text(line, "target") == "mpc::end" && line.contains_key("party");
    assert!(lines.iter().filter(own).count() >= 3, "{}", launched.error);
}

#[test]
fn a_standard_error_that_nobody_reads_ends_nobody() {
    let flags = [&JSON[..], &["-vvv"]].concat();
    Process::unheard("launcher", &flags).end().assert_code(0);
    let roster = free_roster();
    let party = |name| {
        let own = ["--connect-timeout", "20", "--party", name, "--roster", roster.path().to_str().unwrap()];
        Process::unheard(name, &[&own[..], &flags].concat())
    };
    let parties: Vec<_> = NAMES.into_iter().map(party).collect();
    parties.into_iter().for_each(|party| party.end().assert_code(0));
}
