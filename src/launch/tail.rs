//! What a process said about its own end.

/// More causes than this are cut off.
const CAUSES: usize = 16;

/// Finds the last error in the lines of a process's standard error.
#[derive(Debug, Default)]
pub(super) struct Tail {
    report: Vec<String>,
    last: String,
    in_panic: bool,
}

impl Tail {
    /// Looks at the next line.
    pub(super) fn see(&mut self, line: &str) {
        if let Some(report) = mpc_telemetry::heard_end(line) {
            self.report = report;
            self.report.truncate(CAUSES);
        } else if let Some(message) = line.strip_prefix("error: ") {
            self.report = vec![message.to_owned()];
        } else if let Some(cause) = line.strip_prefix("  because: ").filter(|_| !self.report.is_empty()) {
            if self.report.len() < CAUSES {
                self.report.push(cause.to_owned());
            }
        } else if line.contains(" panicked at ") {
            self.report = vec![line.trim_end_matches(':').to_owned()];
            self.in_panic = true;
            return;
        } else if self.in_panic {
            self.report.push(line.to_owned());
        } else if !line.trim().is_empty() {
            line.clone_into(&mut self.last);
        }
        self.in_panic = false;
    }

    /// The last error and its causes, or the last line if there was no error.
    pub(super) fn report(&self) -> Vec<String> {
        match (self.report.is_empty(), self.last.is_empty()) {
            (false, _) => self.report.clone(),
            (true, false) => vec![self.last.clone()],
            (true, true) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lines: &[&str]) -> Vec<String> {
        let mut tail = Tail::default();
        lines.iter().for_each(|line| tail.see(line));
        tail.report()
    }

    #[test]
    fn the_last_error_counts_with_its_causes() {
        let lines = ["error: early", "error: late", "  because: disk", "  because: dust", "bye"];
        assert_eq!(report(&lines), ["late", "disk", "dust"]);
    }

    #[test]
    fn a_panic_is_two_lines() {
        let lines = ["thread 'main' (7) panicked at src/main.rs:3:5:", "boom", "note: run with `RUST_BACKTRACE=1`"];
        assert_eq!(report(&lines), ["thread 'main' (7) panicked at src/main.rs:3:5", "boom"]);
    }

    #[test]
    fn an_error_in_a_json_line_counts_too() {
        let end =
            r#"{"party":"Lab","level":"ERROR","target":"mpc::end","fields":{"message":"late","causes":["disk"]}}"#;
        assert_eq!(
            report(&["error: early", end, r#"{"target":"mpc::span","fields":{"message":"close"}}"#]),
            ["late", "disk"]
        );
    }

    #[test]
    fn otherwise_the_last_line_has_to_do() {
        assert_eq!(report(&["one", "two", " "]), ["two"]);
        assert!(report(&[]).is_empty());
    }
}
