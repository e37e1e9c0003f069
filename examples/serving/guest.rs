//! A guest: somebody with a picture of a digit.

use std::{env, path::Path, process::Command, process::ExitCode, time::Instant};

use mpc::serve::{Client, Service, VisitOptions, softmax, top};

use super::data;

/// The first argument of a guest's process.
pub(crate) const WORD: &str = "guest";

/// Starts guests, one after the other, each a process of its own.
pub(crate) fn send(service: &Path, guests: u64) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    for at in 0..guests {
        let name = if at % 2 == 0 { "ann" } else { "bob" };
        let mut guest = Command::new(&program);
        guest.arg(WORD).arg(service).args([name, &at.to_string()]);
        let status = guest.status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("guest {name} ended with {status}"));
        }
    }
    Ok(())
}

/// Asks for the digit of one test picture, and prints what comes.
pub(crate) fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(2).collect();
    let [service, name, at] = &args[..] else {
        anstream::eprintln!("expected: {WORD} SERVICE NAME PICTURE");
        return ExitCode::from(2);
    };
    match ask(Path::new(service), name, at.parse().unwrap_or(0)) {
        Ok(text) => {
            anstream::println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(service: &Path, name: &str, at: usize) -> Result<String, Box<dyn std::error::Error>> {
    let test = data::load(None)?.test;
    let picture = test.x.row(at % test.y.len()).to_owned();
    let mut client = Client::connect(&Service::load(service)?, name, VisitOptions::default())?;
    let start = Instant::now();
    let scores = client.predict(picture)?;
    let seconds = start.elapsed().as_secs_f64();
    let p = softmax(scores.as_slice().unwrap_or_default());
    let (digit, p) = top(&p, 1).first().copied().unwrap_or((0, 0.0));
    let (sent, received) = client.traffic();
    Ok(format!(
        "{name} learns: a {digit} ({:.1} %), and it is a {}; {seconds:.3} s, sent {sent} B, got {received} B",
        100.0 * p,
        test.y[at % test.y.len()]
    ))
}
