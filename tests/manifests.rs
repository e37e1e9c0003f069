//! What the manifests in deploy/ let containers run is understood by the programs of this tree. That the manifests are
//! manifests is checked by `scripts/manifests-check.sh`.

mod common;

use std::{
    env,
    process::{Command, Output, Stdio},
    sync::Once,
};

const COMPOSE: &str = include_str!("../deploy/compose.yaml");
const PLAIN: [&str; 3] = [
    include_str!("../deploy/kubernetes/dealer.yaml"),
    include_str!("../deploy/kubernetes/indexed-job.yaml"),
    include_str!("../deploy/kubernetes/party.yaml"),
];
const CHART: &str = include_str!("../deploy/helm/mpc-party/templates/_helpers.tpl");

/// The words of every `command: [..]`.
fn inline(manifest: &str) -> Vec<Vec<String>> {
    let lists = manifest.lines().filter_map(|line| line.trim().strip_prefix("command: [")?.strip_suffix(']'));
    lists.map(|list| list.split(", ").map(str::to_owned).collect()).collect()
}

/// The items under every `args:`, for the dealer or for a party where a template chooses.
fn blocks(manifest: &str, dealer: bool) -> Vec<Vec<String>> {
    let (mut blocks, mut lines) = (Vec::new(), manifest.lines().map(str::trim));
    while lines.by_ref().any(|line| line == "args:") {
        let (mut words, mut of_dealer) = (Vec::new(), None);
        for line in lines.by_ref() {
            match line.strip_prefix("- ") {
                Some(word) if of_dealer.is_none_or(|of| of == dealer) => words.push(word.to_owned()),
                Some(_) => {}
                None if line.contains("if not (include \"mpc-party.isDealer\"") => of_dealer = Some(false),
                None if line == "{{- else }}" => of_dealer = Some(true),
                None if line == "{{- end }}" => of_dealer = None,
                // The end of the list, or arguments that the operator adds.
                None => break,
            }
        }
        blocks.push(words);
    }
    blocks
}

/// The command `mpc`. It is there with the tests of the workspace; built alone it needs other versions of half of what is there.
fn mpc() -> Command {
    static BUILT: Once = Once::new();
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join("mpc").with_extension(env::consts::EXE_EXTENSION);
    BUILT.call_once(|| {
        if !program.exists() {
            let built = common::cargo().args(["build", "--quiet", "--package", "mpc-cli"]).status().unwrap();
            assert!(built.success(), "mpc is not built");
        }
    });
    Command::new(program)
}

/// `mpc`, or a program with all flags that parties have.
fn program(words: &[String]) -> Command {
    match words.first().is_some_and(|word| word == "dealer") {
        true => mpc(),
        false => common::example("process_probe"),
    }
}

/// What a program says of words: it reads all of them before it shows its help.
fn read(words: &[String], more: &[&str]) -> Output {
    program(words).args(words).args(more).arg("--help").stdin(Stdio::null()).output().unwrap()
}

#[test]
fn programs_know_what_containers_tell_them() {
    let chart = |dealer| blocks(CHART, dealer).remove(0);
    let subcommand = [vec!["dealer".to_owned()], chart(true)].concat();
    let plain = PLAIN.into_iter().flat_map(|manifest| blocks(manifest, false));
    let all: Vec<_> = inline(COMPOSE).into_iter().chain(plain).chain([chart(false), subcommand]).collect();
    let filled = |word: &String| {
        let word = word.replace("{{ .Values.party }}", "Northside").replace("{{ .Values.metricsPort }}", "9100");
        assert!(!word.contains("{{"), "{word}");
        word
    };
    let dealers = all.iter().filter(|words| words[0] == "dealer").count();
    assert_eq!((all.len(), dealers), (8, 3), "three services, three plain manifests, two sorts of a pod");
    for words in all.iter().map(|words| words.iter().map(filled).collect::<Vec<_>>()) {
        assert!(words.iter().any(|word| word.starts_with("--roster")), "{words:?}");
        let done = read(&words, &[]);
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        // Which says something: what they do not know they refuse.
        for wrong in ["--nonsense", "--bind=nonsense"] {
            assert_eq!(read(&words, &[wrong]).status.code(), Some(2), "{words:?} {wrong}");
        }
    }
}
