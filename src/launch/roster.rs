//! Rosters: one of free ports on this machine, an example to fill in, and the check that a roster is for this program.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use mpc_comm::{Member, PartyId, Roster};

use super::error::{LaunchError, Mismatch};
use super::{Cast, args::Protocol};

/// The name by which the dealer is started, whatever a roster calls it.
pub(super) const DEALER: &str = "dealer";
/// The port in the example; not an assigned one, and none that systems hand out by themselves.
const EXAMPLE_PORT: u16 = 7700;

/// A roster for this machine on ports that are free right now.
pub(super) fn local(cast: Cast<'_>, with_dealer: bool) -> Result<Roster, LaunchError> {
    let listening = cast.compute.len();
    let addresses = free_addresses(listening + usize::from(with_dealer)).map_err(LaunchError::Ports)?;
    let mut members = addresses.into_iter().zip(cast.compute.iter().copied().chain([DEALER]));
    let compute = members.by_ref().take(listening).map(|(address, name)| member(name, address)).collect();
    let dealer = members.next().map(|(address, name)| member(name, address));
    let roster = Roster { compute, clients: clients(cast), dealer };
    roster.validate("the parties of this program")?;
    Ok(roster)
}

/// A roster for a job on this host: the parties listen at the ports after `port`, which others may use.
pub(super) fn of_job(cast: Cast<'_>, with_dealer: bool, port: u16) -> Result<Roster, LaunchError> {
    let ports = port.saturating_add(1)..;
    let mut members = ports.zip(cast.compute.iter().copied().chain(with_dealer.then_some(DEALER)));
    let mut next = || members.next().map(|(port, name)| member(name, format!("{}:{port}", Ipv4Addr::LOCALHOST)));
    let compute = cast.compute.iter().filter_map(|_| next()).collect();
    let roster = Roster { compute, clients: clients(cast), dealer: next() };
    roster.validate("the parties of this program")?;
    Ok(roster)
}

/// A roster for this program that shows what to fill in.
pub(super) fn example(cast: Cast<'_>) -> Roster {
    let entry = |name: &str| member(name, format!("{}.example.org:{EXAMPLE_PORT}", name.to_lowercase()));
    let compute = cast.compute.iter().copied().map(entry).collect();
    Roster { compute, clients: clients(cast), dealer: Some(entry(DEALER)) }
}

/// Clients listen nowhere.
fn clients(cast: Cast<'_>) -> Vec<Member> {
    cast.clients.iter().map(|name| member(name, String::new())).collect()
}

/// Reads the roster file and checks that it is one for this program.
///
/// The clear-text protocol has no use for a dealer, so the parties do not look for one then; a run on randomness that was
/// made ahead (not `with_dealer`) needs none.
pub(super) fn load(file: &Path, cast: Cast<'_>, protocol: Protocol, with_dealer: bool) -> Result<Roster, LaunchError> {
    let mut roster = Roster::load(file)?;
    check(&roster, file, cast)?;
    match protocol {
        Protocol::PlainInsecure => roster.dealer = None,
        Protocol::Dealer if with_dealer && roster.dealer.is_none() => {
            return Err(LaunchError::NoDealer { file: file.to_owned() });
        }
        Protocol::Dealer => {}
    }
    Ok(roster)
}

/// The party that `--party name` means.
pub(super) fn role_of(roster: &Roster, name: &str, file: &Path, protocol: Protocol) -> Result<PartyId, LaunchError> {
    match roster.id_of(name) {
        Some(id) => Ok(id),
        None if name == DEALER && protocol == Protocol::PlainInsecure => Err(LaunchError::IdleDealer),
        None if name == DEALER && roster.dealer.is_some() => Ok(PartyId::DEALER),
        None => {
            let (name, known) = (name.to_owned(), names(roster));
            Err(LaunchError::UnknownParty { name, file: file.to_owned(), known })
        }
    }
}

/// Checks that the roster has the program's parties and clients, in the program's order.
fn check(roster: &Roster, file: &Path, cast: Cast<'_>) -> Result<(), LaunchError> {
    let names = |members: &[Member]| members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
    let (compute, clients) = (names(&roster.compute), names(&roster.clients));
    if compute == cast.compute && clients == cast.clients {
        return Ok(());
    }
    let named: Vec<&str> = compute.iter().chain(&clients).map(String::as_str).collect();
    let expected = [cast.compute, cast.clients].concat();
    let compute = &expected[..];
    let only_in = |these: &[&str], those: &[&str]| {
        these.iter().filter(|name| !those.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    let mismatch = Mismatch {
        missing: only_in(compute, &named),
        unknown: only_in(&named, compute),
        expected: compute.iter().map(|name| (*name).to_owned()).collect(),
    };
    Err(LaunchError::OtherParties { file: file.to_owned(), mismatch })
}

/// Every name that `--party` takes with this roster.
fn names(roster: &Roster) -> Vec<String> {
    let dealer = roster.dealer.as_ref().map(|_| DEALER.to_owned());
    roster.compute.iter().chain(&roster.clients).map(|member| member.name.clone()).chain(dealer).collect()
}

fn member(name: &str, address: String) -> Member {
    Member { name: name.to_owned(), address, fingerprint: None }
}

/// Different free ports: each is held until all are known.
fn free_addresses(count: usize) -> io::Result<Vec<String>> {
    let held = (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<Vec<_>>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const CAST: Cast<'static> = Cast { compute: &["Hospital", "Lab"], clients: &[] };

    fn of<'a>(compute: &'a [&'a str]) -> Cast<'a> {
        Cast { compute, clients: &[] }
    }

    #[test]
    fn local_parties_have_ports_of_their_own() {
        let roster = local(of(&["A", "B", "C"]), true).unwrap();
        assert_eq!(names(&roster), ["A", "B", "C", "dealer"]);
        let addresses: HashSet<String> =
            roster.compute.iter().chain(&roster.dealer).map(|member| member.address.to_string()).collect();
        assert_eq!(addresses.len(), 4);
        assert!(addresses.iter().all(|address| address.starts_with("127.0.0.1:") && !address.ends_with(":0")));
    }

    #[test]
    fn a_job_on_one_host_listens_after_its_port() {
        let roster = of_job(Cast { clients: &["Patient"], ..CAST }, true, 29500).unwrap();
        let all: Vec<_> = roster.members().map(|member| (&member.name[..], &member.address[..])).collect();
        let listening = [("Hospital", "127.0.0.1:29501"), ("Lab", "127.0.0.1:29502"), ("Patient", "")];
        assert_eq!(all[..3], listening);
        assert_eq!(all[3..], [("dealer", "127.0.0.1:29503")]);
        assert!(of_job(CAST, false, 29500).unwrap().dealer.is_none());
    }

    #[test]
    fn without_a_dealer_there_is_none() {
        assert!(local(of(&["A", "B"]), false).unwrap().dealer.is_none());
    }

    #[test]
    fn a_program_needs_parties_that_can_be_told_apart() {
        assert!(matches!(local(of(&["A", "dealer"]), true), Err(LaunchError::Roster(_))));
        assert!(matches!(local(of(&["A"]), true), Err(LaunchError::Roster(_))));
    }

    #[test]
    fn a_name_means_a_party() {
        let file = Path::new("r.toml");
        let mut roster = example(CAST);
        let role = |roster: &Roster, name, protocol| role_of(roster, name, file, protocol);
        assert_eq!(role(&roster, "Lab", Protocol::Dealer).unwrap(), PartyId(1));
        assert_eq!(role(&roster, "dealer", Protocol::Dealer).unwrap(), PartyId::DEALER);
        let nobody = role(&roster, "Nobody", Protocol::Dealer).unwrap_err().to_string();
        assert!(nobody.contains("`Nobody`") && nobody.ends_with("it names Hospital, Lab, dealer"), "{nobody}");
        roster.dealer = None;
        assert!(matches!(role(&roster, "dealer", Protocol::PlainInsecure), Err(LaunchError::IdleDealer)));
    }

    #[test]
    fn the_example_can_be_read_back() {
        let text = example(CAST).to_toml();
        let roster = Roster::from_toml(&text, "r.toml").unwrap();
        check(&roster, Path::new("r.toml"), CAST).unwrap();
        assert!(roster.dealer.is_some());
    }

    #[test]
    fn clients_are_named_and_listen_nowhere() {
        let cast = Cast { clients: &["Patient"], ..CAST };
        let roster = local(cast, true).unwrap();
        assert_eq!(names(&roster), ["Hospital", "Lab", "Patient", "dealer"]);
        assert_eq!(roster.clients[0].address, "");
        let text = example(cast).to_toml();
        let roster = Roster::from_toml(&text, "r.toml").unwrap();
        check(&roster, Path::new("r.toml"), cast).unwrap();
        let refused = check(&roster, Path::new("r.toml"), CAST).unwrap_err().to_string();
        assert!(refused.contains("it names Patient"), "{refused}");
        assert_eq!(role_of(&roster, "Patient", Path::new("r"), Protocol::Dealer).unwrap(), PartyId(2));
    }

    #[test]
    fn another_programs_roster_is_refused() {
        let file = Path::new("r.toml");
        let roster = example(CAST);
        let text = |compute: &[&str]| check(&roster, file, of(compute)).unwrap_err().to_string();
        assert!(text(&["Hospital", "Bank"]).contains("lacks Bank and it names Lab"));
        assert!(text(&["Lab", "Hospital"]).contains("another order"));
        assert!(text(&["Hospital"]).contains("r.toml"));
    }
}
