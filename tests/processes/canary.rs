//! Inputs are never said by any process, in whatever form, however much it is asked to say.

use super::crew::Crew;
use super::process::{Process, free_roster};

/// The first input of each party of `process_probe`: a number that nothing else in the program is like.
const CANARIES: [f64; 3] = [1234.56789, -2468.01357, 3456.78912];

/// What of the canaries a text contains: as numbers, or as words of the fixed-point ring.
pub(crate) fn canaries(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    CANARIES.iter().flat_map(|canary| forms(*canary)).filter(|form| text.contains(form)).collect()
}

fn forms(canary: f64) -> Vec<String> {
    let mut forms = vec![format!("{:.6}", canary.abs())[..7].to_owned()];
    for word in [canary, -canary].map(|x| (x * 65536.0).round() as i64 as u64) {
        let bytes = word.to_le_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.extend([word.to_string(), (word as i64).to_string(), format!("{word:x}"), hex]);
        forms.push(format!("{:?}", &bytes[..4]).trim_matches(['[', ']']).to_owned());
    }
    forms
}

#[test]
fn the_search_knows_every_form() {
    // 1234.56789 * 2^16 = 80908641.2
    for text in ["x = 1234.568", "80908641", "-80908641", "0x4D29161", "[97, 145, 210, 4, 0]", "6191d20400000000"] {
        assert!(!canaries(text).is_empty(), "{text}");
    }
    assert_eq!(canaries("1234 0.56789 80908640 4d2916"), Vec::<String>::new());
}

#[test]
fn the_search_finds_what_is_revealed() {
    let roster = free_roster();
    let ended = Crew::start(&roster, &["--tell"]).end_without_search();
    for process in &ended[..3] {
        assert_eq!(canaries(&process.said()).len(), 3, "each canary once: {}", process.said());
    }
    assert!(canaries(&ended[3].said()).is_empty(), "the dealer hears of nothing: {}", ended[3].said());
}

#[test]
fn nothing_is_said_in_any_log() {
    let roster = free_roster();
    for flags in [["--steps", "3", "-vv"], ["--steps", "3", "-vvv"]] {
        // Where a process ends, all it has said is searched.
        let ended = Crew::start(&roster, &flags).end();
        ended.iter().for_each(|process| process.assert_code(0));
        assert!(ended.iter().any(|process| process.error.contains("INFO")), "{flags:?}: there is no log to search");
    }
    let launched = Process::launcher(&["-vv"]).end();
    launched.assert_code(0);
    assert!(launched.error.contains("INFO") && launched.error.contains("dealer   |"), "{}", launched.error);
}
