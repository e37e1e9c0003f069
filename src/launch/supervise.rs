//! From the start of the parties to the end of the last one.

use std::time::{Duration, Instant};

use mpc_comm::Stop;

use super::crew::Crew;
use super::error::LaunchError;
use super::screen::Screen;

/// How often the processes are looked at while they say nothing.
const TICK: Duration = Duration::from_millis(20);
/// How long the others may report why they stop when one has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How long all may take to end when they are told to stop.
const AFTER_STOP: Duration = Duration::from_secs(8);
/// How long the dealer may go on when the parties are done.
const AFTER_SUCCESS: Duration = Duration::from_secs(5);

/// Waits until all processes have ended; the first `compute` of them are the parties that decide about success.
pub(super) fn supervise(crew: &mut Crew, screen: &mut Screen, compute: usize, stop: &Stop) -> Result<(), LaunchError> {
    let (mut deadline, mut stopped): (Option<Instant>, _) = (None, None);
    while !crew.is_over() {
        crew.attend(screen, TICK)?;
        if stopped.is_none()
            && let Some(by) = stop.drained()
        {
            stopped = Some(by);
            deadline.get_or_insert(Instant::now() + AFTER_STOP);
            crew.dismiss();
        }
        if deadline.is_none() && crew.has_failed() {
            deadline = Some(Instant::now() + AFTER_FAILURE);
        } else if deadline.is_none() && crew.have_succeeded(compute) {
            deadline = Some(Instant::now() + AFTER_SUCCESS);
        }
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            crew.kill();
        }
    }
    crew.failure().map_or(Ok(()), |failure| Err(stopped.map_or(failure, |by| LaunchError::Stopped { by })))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::Command;

    fn run(compute: usize, scripts: &[&str]) -> (Result<(), String>, Duration) {
        let start = Instant::now();
        let names: Vec<String> = (0..scripts.len()).map(|at| format!("P{at}")).collect();
        let mut screen = Screen::new(names.iter().map(String::as_str));
        let mut crew = Crew::new();
        for (name, script) in names.iter().zip(scripts) {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            crew.start(name, command).unwrap();
        }
        let text = |error: LaunchError| match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        (supervise(&mut crew, &mut screen, compute, &Stop::new()).map_err(text), start.elapsed())
    }

    #[test]
    fn all_end_well() {
        let (result, took) = run(2, &["echo hello", "exit 0", "sleep 0.2"]);
        assert_eq!(result, Ok(()));
        assert!(took < AFTER_FAILURE, "{took:?}");
    }

    #[test]
    fn a_failure_ends_the_others_after_the_grace() {
        let (result, took) = run(2, &["exec sleep 60", "echo 'error: no data' >&2; exit 1", "exec sleep 60"]);
        assert_eq!(result, Err("P1 failed (exit status: 1): no data".to_owned()));
        assert!(took >= AFTER_FAILURE && took < AFTER_FAILURE * 3, "{took:?}");
    }

    #[test]
    fn who_only_followed_is_not_the_cause() {
        let (result, _) =
            run(2, &["echo 'error: P1 stopped' >&2; exit 3", "sleep 0.3; echo 'error: mine' >&2; exit 1"]);
        assert_eq!(result, Err("P1 failed (exit status: 1): mine".to_owned()));
        let (result, _) = run(1, &["echo 'error: gone' >&2; exit 3"]);
        assert_eq!(result, Err("P0 failed (exit status: 3): gone".to_owned()));
    }

    #[test]
    fn a_signal_is_named() {
        let (result, _) = run(1, &["kill -SEGV $$"]);
        assert!(result.clone().is_err_and(|text| text.contains("SIGSEGV")), "{result:?}");
    }

    #[test]
    fn a_dealer_that_does_not_end_is_killed_without_harm() {
        let (result, took) = run(1, &["exit 0", "exec sleep 60"]);
        assert_eq!(result, Ok(()));
        assert!(took >= AFTER_SUCCESS && took < AFTER_SUCCESS * 2, "{took:?}");
    }

    #[test]
    fn an_order_to_stop_ends_all_by_their_input() {
        let stop = Stop::new();
        stop.drain(mpc_comm::StoppedBy::Terminate);
        let start = Instant::now();
        let mut screen = Screen::new(["P0"].into_iter());
        let mut crew = Crew::new();
        let mut command = Command::new("sh");
        command.args(["-c", "cat; exit 4"]);
        crew.start("P0", command).unwrap();
        let result = supervise(&mut crew, &mut screen, 1, &stop);
        assert!(matches!(result, Err(LaunchError::Stopped { by: mpc_comm::StoppedBy::Terminate })), "{result:?}");
        assert!(start.elapsed() < AFTER_STOP);
    }

    #[test]
    fn a_dropped_crew_leaves_nobody_behind() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut crew = Crew::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1; echo alive > \"$0\""]).arg(file.path());
        crew.start("P0", command).unwrap();
        drop(crew);
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "");
    }
}
