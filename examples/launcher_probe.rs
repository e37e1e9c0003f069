//! A program that computes nothing and fails when asked to: `tests/launch.rs` starts it to see what the launcher does.

use std::{io::Write, process::ExitCode, time::Duration};

use mpc::launch::{self, clap};

mpc::parties! { compute Hospital, Lab; }

#[derive(clap::Args)]
struct Flags {
    /// The party that fails after a few steps
    #[arg(long)]
    fail: Option<String>,
    /// The party that panics after a few steps
    #[arg(long)]
    panic: Option<String>,
    /// Steps of 10 ms
    #[arg(long, default_value_t = 20)]
    steps: u64,
}

fn main() -> ExitCode {
    launch::main::<Parties, Flags, _, _>(Some("Probes the launcher"), |session, flags| async move {
        let me = Some(session.name().to_owned());
        let greeting = format!("hello from {}\n", session.name());
        std::io::stdout().write_all(greeting.as_bytes()).map_err(mpc::Error::program)?;
        let bar = launch::Progress::new("steps", flags.steps);
        for step in 0..flags.steps {
            std::thread::sleep(Duration::from_millis(10));
            bar.advance(1);
            bar.message(format_args!("step {step}"));
            if step == 5 && flags.fail == me {
                return Err(mpc::Error::program("the file data.csv is empty"));
            }
            assert!(step != 5 || flags.panic != me, "this is a test of panics");
        }
        Ok(())
    })
}
