//! A server that tests start as a process: it multiplies with secret weights for guests. With `guest` as the first argument,
//! a guest that asks again and again.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use mpc::{
    comm::{Identity, Options, PartyId},
    launch::clap,
    prelude::*,
    serve::{Client, Desk, Gateway, Limits, Service, Serving, VisitOptions, serve},
};

parties! { compute North, South; }

#[derive(Debug, clap::Args)]
struct Flags {
    /// The roster's file again
    #[arg(long)]
    service: PathBuf,
    /// The folder of our identity again
    #[arg(long)]
    door: PathBuf,
}

async fn program(s: Session, flags: Flags) -> mpc::Result<()> {
    let service = Service::load(&flags.service)?;
    let desk = Arc::new(Desk::new(Limits { rows: 2, timeout: Duration::from_secs(2), ..Limits::of([3]) }));
    let options = Options { identity: Some(Identity::load(&flags.door)?), ..Options::default() };
    let how = Serving { model: "probe".to_owned(), beat: Duration::from_secs(1), ..Serving::default() };
    let me = PartyId(s.runtime().me() as u16);
    let gateway = Gateway::open(&service, me, how.offer(&s, &desk), desk.clone(), &options)?;
    let weights = s.input::<North>([3, 2], || vec![-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]).share();
    let served = serve(&s, &desk, &how, async |x| Ok(x.matmul(&weights))).await?;
    gateway.close();
    anstream::println!("served {} requests, refused {}", served.requests, served.refused);
    Ok(())
}

fn guest(file: &str, name: &str, identity: &str) -> Result<(), Box<dyn std::error::Error>> {
    let options = VisitOptions { identity: Some(Identity::load(identity)?), ..VisitOptions::default() };
    let mut client = Client::connect(&Service::load(file)?, name, options)?;
    for at in 1.. {
        client.predict(vec![1.0, 2.0, 3.0])?;
        anstream::println!("answered {at}");
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, file, name, identity] = &args[..]
        && word == "guest"
    {
        let ended = guest(file, name, identity);
        anstream::eprintln!("error: {ended:?}");
        return ExitCode::FAILURE;
    }
    launch::main::<Parties, Flags, _, _>(Some("Multiplies for guests"), program)
}
