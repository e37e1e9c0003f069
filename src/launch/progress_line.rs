//! How a party tells its launcher about progress: one line on its standard output.
//!
//! Version 1 of the format is the mark (the control character RS, `mpc-progress/1`, a tab) and then, separated by tabs,
//!
//! | field | content |
//! | --- | --- |
//! | state | `on` while the work goes on, `end` when it is over (done or given up) |
//! | done | decimal number of finished steps |
//! | total | decimal number of steps in all |
//! | label | what is being done; names the bar |
//! | message | a short note beside the bar, may be empty |
//!
//! In label and message a backslash, a tab, a line feed and a carriage return are written `\\`, `\t`, `\n` and `\r`.
//! Text of the program that has no line end yet may stand before the mark; it is shown as a line of its own. What does
//! not follow this format is ordinary output.

/// Starts a line of this version.
const MARK: &str = "\u{1e}mpc-progress/1\t";

/// How far a piece of work has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) label: String,
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) message: String,
    pub(super) ended: bool,
}

/// The line for this update, without line end.
pub(super) fn encode(update: &Update) -> String {
    let state = if update.ended { "end" } else { "on" };
    let (label, message) = (escape(&update.label), escape(&update.message));
    format!("{MARK}{state}\t{}\t{}\t{label}\t{message}", update.done, update.total)
}

/// Splits a line of output into ordinary text and an update.
pub(super) fn split(line: &str) -> (Option<&str>, Option<Update>) {
    let found = line.split_once(MARK).and_then(|(text, fields)| Some((text, decode(fields)?)));
    match found {
        None => (Some(line), None),
        Some(("", update)) => (None, Some(update)),
        Some((text, update)) => (Some(text), Some(update)),
    }
}

fn decode(fields: &str) -> Option<Update> {
    let mut fields = fields.split('\t');
    let mut next = || fields.next();
    let ended = match next()? {
        "on" => false,
        "end" => true,
        _ => return None,
    };
    let (done, total) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let (label, message) = (unescape(next()?)?, unescape(next()?)?);
    next().is_none().then_some(Update { label, done, total, message, ended })
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(text: &str) -> Option<String> {
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(label: &str, message: &str) -> Update {
        Update { label: label.to_owned(), done: 3, total: 10, message: message.to_owned(), ended: false }
    }

    #[test]
    fn the_format_is_fixed() {
        assert_eq!(encode(&update("train", "loss 0.3")), "\u{1e}mpc-progress/1\ton\t3\t10\ttrain\tloss 0.3");
    }

    #[test]
    fn what_is_written_is_read() {
        for (label, message) in [("train", ""), ("a\tb\\n", "line\r\nline \\ \u{1e} ü"), ("", "\\t")] {
            for ended in [false, true] {
                let update = Update { ended, ..update(label, message) };
                let line = encode(&update);
                assert!(!line.contains('\n'));
                assert_eq!(split(&line), (None, Some(update)));
            }
        }
    }

    #[test]
    fn text_before_the_mark_is_kept() {
        let line = format!("hello{}", encode(&update("train", "")));
        assert_eq!(split(&line), (Some("hello"), Some(update("train", ""))));
    }

    #[test]
    fn everything_else_is_text() {
        let good = encode(&update("train", ""));
        let bad = [
            String::new(),
            "mpc-progress/1\ton\t3\t10\ttrain\t".to_owned(),
            good.replace("/1\t", "/2\t"),
            good.replace("\t3\t", "\t-3\t"),
            good.replace("\ton\t", "\toff\t"),
            format!("{good}\tmore"),
            format!("{good}\\"),
            format!("{good}\\x"),
            good.trim_end().to_owned(),
        ];
        for line in &bad {
            assert_eq!(split(line), (Some(line.as_str()), None));
        }
    }
}
