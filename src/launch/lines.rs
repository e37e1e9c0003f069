//! Output of another process, line by line.

use std::io::{BufRead, BufReader, Read};

/// A longer line is shown in pieces.
const LONGEST: u64 = 64 * 1024;

/// Hands every line to `take`, without its end, until the stream ends or fails.
pub(super) fn each(stream: impl Read, mut take: impl FnMut(String)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match stream.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        take(String::from_utf8_lossy(text).into_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        each(bytes, |line| lines.push(line));
        lines
    }

    #[test]
    fn ends_are_removed_and_the_last_line_needs_none() {
        assert_eq!(lines(b"one\n\ntwo\r\nthree"), ["one", "", "two", "three"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_rest() {
        assert_eq!(lines(b"\xff\nrest\n"), ["\u{fffd}", "rest"]);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let lines = lines(&vec![b'x'; 150_000]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [65_536, 65_536, 18_928]);
    }
}
