//! A company's network reads handwritten digits for people who show them to nobody.
//!
//! North owns the network and serves it together with South, who sees neither the network nor the digits. Guests come one
//! after the other, each as a process of its own: a guest splits its picture into a share for each server, gets a share of
//! the scores from each, and leaves. The first request opens the weights under their mask; later ones cost less.
//!
//! `cargo run --release --example serving` runs the servers and the dealer on this machine; North then starts the guests
//! too, so that one command shows it all. With several hosts, a roster has a `gateway` for each server and names the guests:
//! see docs/serving.md.

#[path = "../mnist/data.rs"]
#[allow(dead_code, reason = "the reader of another example")]
mod data;
mod guest;
mod plaintext;
#[path = "../common/report.rs"]
mod report;

use std::{cell::RefCell, io::Write, net::Ipv4Addr, process::ExitCode, sync::Arc, thread, time::Duration};

use mpc::{
    comm::{Member, Options, PartyId, Roster, gateway::Guest},
    launch::clap,
    prelude::*,
    serve::{Desk, Gateway, Limits, Service, Serving, serve},
};
use plaintext::{LAYERS, Mlp};

parties! { compute North, South; }

/// The company's network.
#[secure_model]
pub(crate) struct Digits {
    first: Linear,
    second: Linear,
    last: Linear,
}

#[secure_model]
impl Digits {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let x = self.first(x).relu();
        let x = self.second(&x).relu();
        self.last(&x)
    }
}

/// North's weights as shares. South knows their shapes.
fn shared(s: &Session, own: Option<&Mlp>) -> Digits {
    let layer = |at: usize| {
        let (inputs, outputs) = LAYERS[at];
        let part = |weight: bool| {
            let (weights, biases) = own.map(|mlp| mlp.0[at].clone()).unwrap_or_default();
            if weight { weights.into_iter().collect::<Vec<f64>>() } else { biases.to_vec() }
        };
        let weight = s.input::<North>([outputs, inputs], || part(true)).share();
        Linear::new(weight, Some(s.input::<North>([outputs], || part(false)).share()))
    };
    Digits { first: layer(0), second: layer(1), last: layer(2) }
}

/// Rounds and bytes sent at some moment.
type Mark = (u64, u64);

/// Serves until a desk is closed; where the traffic stood when each batch began, and at the end.
async fn work(s: &Session, desk: &Desk, own: Option<&Mlp>) -> mpc::Result<Vec<Mark>> {
    let (model, marks) = (shared(s, own), RefCell::new(Vec::new()));
    let mark = || {
        let total = s.traffic().total;
        marks.borrow_mut().push((total.rounds, total.sent));
    };
    let how = Serving { model: "digits".to_owned(), beat: Duration::from_secs(1), ..Serving::default() };
    serve(s, desk, &how, async |x| {
        mark();
        Ok(model.forward(&x))
    })
    .await?;
    mark();
    Ok(marks.take())
}

/// One picture a request.
fn desk() -> Desk {
    Desk::new(Limits::of([784]))
}

#[derive(Debug, clap::Args)]
struct Flags {
    /// How many guests come, one after the other
    #[arg(long, default_value_t = 4)]
    guests: u64,
}

async fn program(s: Session, flags: Flags) -> mpc::Result<()> {
    let digits = s.only::<North, _>(|| data::load(None)).transpose().map_err(mpc::Error::program)?;
    let network = digits.map(|digits| {
        let mut network = Mlp::new(1);
        network.train(&digits.train.first(Some(600)), 12, 20, 0.1);
        network
    });
    let desk = Arc::new(desk());
    // On this machine ports are whatever is free, so the servers tell each other where guests reach them.
    let me = s.runtime().me();
    let options = Options { bind: Some((Ipv4Addr::LOCALHOST, 0).into()), ..Options::default() };
    let offer = Serving { model: "digits".to_owned(), ..Serving::default() }.offer(&s, &desk);
    let gateway = Gateway::open(&service(&s, &[1.0, 2.0]), PartyId(me as u16), offer, desk.clone(), &options)?;
    let ports: Vec<f64> =
        nn::data::announce(&s, &[f64::from(gateway.address().port())]).await?.into_iter().flatten().collect();
    let file = tempfile(&service(&s, &ports))?;
    let guests = s.only::<North, _>(|| {
        let (desk, path) = (desk.clone(), file.path().to_owned());
        thread::spawn(move || {
            let came = guest::send(&path, flags.guests);
            desk.close();
            came
        })
    });
    let marks = work(&s, &desk, network.as_ref()).await?;
    gateway.close();
    if let Some(guests) = guests {
        guests.join().unwrap_or_else(|_| Err("the guests' thread failed".to_owned())).map_err(mpc::Error::program)?;
    }
    let cost =
        |pair: &[Mark]| format!("{} rounds, {:.1} kB", pair[1].0 - pair[0].0, (pair[1].1 - pair[0].1) as f64 / 1e3);
    let costs: Vec<String> = marks.windows(2).map(cost).collect();
    let of = |at: usize| costs.get(at).cloned().unwrap_or_default();
    report::print(&s, &[("first request", of(0)), ("second request", of(1)), ("third request", of(2))]);
    Ok(())
}

/// The servers at these ports of this machine, and the guests.
fn service(s: &Session, ports: &[f64]) -> Service {
    let member = |name: &String, port: &f64| Member {
        name: name.clone(),
        address: format!("127.0.0.1:{}", 10 + *port as u16 % 1000),
        fingerprint: None,
    };
    let compute = s.names().iter().zip([1.0, 2.0]).map(|(name, at)| member(name, &at)).collect();
    let gateways = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let guests = ["ann", "bob"].map(|name| Guest { name: name.to_owned(), fingerprint: None }).into();
    Service { roster: Roster { compute, clients: Vec::new(), dealer: None }, gateways, guests }
}

/// The service as a file for the guests.
fn tempfile(service: &Service) -> mpc::Result<tempfile::NamedTempFile> {
    let write = || {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(service.to_toml().as_bytes())?;
        Ok(file)
    };
    write().map_err(|error: std::io::Error| mpc::Error::program(error))
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(guest::WORD) {
        return guest::main();
    }
    launch::main::<Parties, Flags, _, _>(Some("A network reads digits that it does not see"), program)
}

#[cfg(test)]
mod tests;
