//! The roster: who takes part, and where they are.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::{ConfigError, ConfigProblem, Fingerprint, PartyId, hex};

/// Who takes part in a session. All parties hold the same roster; the handshake compares its [`digest`](Roster::digest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The compute parties; the place in the list is the party's number.
    pub compute: Vec<Member>,
    /// Those who give inputs and get results, and compute nothing. Their numbers go on after the compute parties'.
    pub clients: Vec<Member>,
    /// The dealer, when there is one.
    pub dealer: Option<Member>,
}

/// One participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// Where it listens: `host:port`, an IPv6 address in brackets. Empty for a client, which calls and is not called.
    pub address: String,
    /// The fingerprint of its certificate: who talks to it over TLS accepts this one and no other.
    pub fingerprint: Option<Fingerprint>,
}

const COMPUTE: &str = "2 to 64 [[compute]] tables with `name` and `address`";
const CLIENTS: &str = "up to 1024 [[client]] tables with `name`";
pub(crate) const NAME: &str = "a name of letters, digits, `_` and `-`";
pub(crate) const ADDRESS: &str = "\"host:port\", such as \"10.0.0.5:7000\" or \"[::1]:7000\"";
const MEMBER: &str = "a table with `name` and `address`";
const CLIENT: &str = "a table with `name`";
pub(crate) const FINGERPRINT: &str = "\"sha256:\" and 64 hexadecimal digits, as `mpc cert show` prints it";
pub(crate) const PINNED: &str = "the fingerprint of this party's certificate, since others have one";

impl Roster {
    /// Reads a roster from TOML. `source_name` is the file's name for messages.
    ///
    /// # Errors
    /// When it is not TOML, has unknown or missing keys, fewer than 2 or more than 64 compute parties, a name or
    /// address twice, or a malformed one. The error names the key.
    pub fn from_toml(text: &str, source_name: &str) -> Result<Roster, ConfigError> {
        let error = |key: &str, problem| ConfigError { file: source_name.to_owned(), key: key.to_owned(), problem };
        let table: Table = text
            .parse()
            .map_err(|e: toml::de::Error| error(ConfigError::WHOLE, ConfigProblem::Syntax { reason: e.to_string() }))?;
        // Guests are no members: `Service` reads them.
        if let Some(key) = table.keys().find(|key| !["compute", "client", "dealer", "guest"].contains(&key.as_str())) {
            return Err(error(key, ConfigProblem::UnknownKey { known: "compute, client, dealer, guest" }));
        }
        let compute = match table.get("compute") {
            Some(Value::Array(members)) => members
                .iter()
                .enumerate()
                .map(|(at, value)| member(value, &format!("compute[{at}]"), Role::Compute, &error))
                .collect::<Result<_, _>>()?,
            Some(other) => {
                return Err(error(
                    "compute",
                    ConfigProblem::Bad { found: other.type_str().to_owned(), expected: COMPUTE },
                ));
            }
            None => return Err(error("compute", ConfigProblem::Missing { expected: COMPUTE })),
        };
        let clients = match table.get("client") {
            Some(Value::Array(members)) => members
                .iter()
                .enumerate()
                .map(|(at, value)| member(value, &format!("client[{at}]"), Role::Client, &error))
                .collect::<Result<_, _>>()?,
            Some(other) => {
                let found = other.type_str().to_owned();
                return Err(error("client", ConfigProblem::Bad { found, expected: CLIENTS }));
            }
            None => Vec::new(),
        };
        let dealer = match table.get("dealer") {
            Some(value) => Some(member(value, "dealer", Role::Dealer, &error)?),
            None => None,
        };
        let roster = Roster { compute, clients, dealer };
        roster.validate(source_name)?;
        Ok(roster)
    }

    /// Reads a roster file.
    ///
    /// # Errors
    /// As [`Roster::from_toml`], and when the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Roster, ConfigError> {
        let name = path.as_ref().display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Roster::from_toml(&text, &name),
            Err(e) => {
                let problem = ConfigProblem::Unreadable { reason: e.to_string() };
                Err(ConfigError { file: name, key: ConfigError::WHOLE.to_owned(), problem })
            }
        }
    }

    /// Checks a roster that was put together by hand; [`Roster::from_toml`] has already done it.
    ///
    /// # Errors
    /// As [`Roster::from_toml`].
    pub fn validate(&self, source_name: &str) -> Result<(), ConfigError> {
        let error = |key: String, problem| ConfigError { file: source_name.to_owned(), key, problem };
        if !(2..=64).contains(&self.compute.len()) {
            let found = format!("{} parties", self.compute.len());
            return Err(error("compute".to_owned(), ConfigProblem::Bad { found, expected: COMPUTE }));
        }
        if self.clients.len() > 1024 {
            let found = format!("{} clients", self.clients.len());
            return Err(error("client".to_owned(), ConfigProblem::Bad { found, expected: CLIENTS }));
        }
        let mut seen = BTreeMap::new();
        let keyed = self.compute.iter().enumerate().map(|(at, member)| (format!("compute[{at}]"), member));
        let clients = self.clients.iter().enumerate().map(|(at, member)| (format!("client[{at}]"), member));
        let keyed = keyed.chain(self.dealer.iter().map(|member| ("dealer".to_owned(), member)));
        for ((key, member), listens) in keyed.map(|it| (it, true)).chain(clients.map(|it| (it, false))) {
            let named = member.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            if member.name.is_empty() || !named {
                let found = format!("{:?}", member.name);
                return Err(error(format!("{key}.name"), ConfigProblem::Bad { found, expected: NAME }));
            }
            if listens && host_and_port(&member.address).is_none() {
                let found = format!("{:?}", member.address);
                return Err(error(format!("{key}.address"), ConfigProblem::Bad { found, expected: ADDRESS }));
            }
            let fingerprint = member.fingerprint.map(|fingerprint| ("fingerprint", fingerprint.to_string()));
            let unique = [("name", member.name.clone()), ("address", member.address.clone())];
            for (what, value) in unique.into_iter().take(1 + usize::from(listens)).chain(fingerprint) {
                let here = format!("{key}.{what}");
                if let Some(first) = seen.insert((what, value.clone()), here.clone()) {
                    return Err(error(here, ConfigProblem::Duplicate { value, first }));
                }
            }
            if member.fingerprint.is_none() && self.pins() {
                return Err(error(format!("{key}.fingerprint"), ConfigProblem::Missing { expected: PINNED }));
            }
        }
        Ok(())
    }

    /// The roster as TOML, such as [`Roster::from_toml`] reads.
    pub fn to_toml(&self) -> String {
        let mut table = Table::new();
        let member = |member: &Member| {
            let mut table = Table::new();
            table.insert("name".to_owned(), Value::from(member.name.as_str()));
            if !member.address.is_empty() {
                table.insert("address".to_owned(), Value::from(member.address.as_str()));
            }
            if let Some(fingerprint) = member.fingerprint {
                table.insert("fingerprint".to_owned(), Value::from(fingerprint.to_string()));
            }
            Value::Table(table)
        };
        table.insert("compute".to_owned(), Value::Array(self.compute.iter().map(member).collect()));
        if !self.clients.is_empty() {
            table.insert("client".to_owned(), Value::Array(self.clients.iter().map(member).collect()));
        }
        if let Some(dealer) = &self.dealer {
            table.insert("dealer".to_owned(), member(dealer));
        }
        table.to_string()
    }

    /// A SHA-256 over what the roster says (not over how the file is laid out), in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"mpc roster 1\n");
        let compute = self.compute.iter().map(|member| ("compute", member));
        let clients = self.clients.iter().map(|member| ("client", member));
        for (role, member) in compute.chain(clients).chain(self.dealer.iter().map(|member| ("dealer", member))) {
            hash.update(format!("{role} {:?} {:?}", member.name, member.address));
            if let Some(fingerprint) = member.fingerprint {
                hash.update(format!(" {fingerprint}"));
            }
            hash.update("\n");
        }
        hex::encode(&hash.finalize())
    }

    /// The party with this name.
    pub fn id_of(&self, name: &str) -> Option<PartyId> {
        match self.compute.iter().chain(&self.clients).position(|member| member.name == name) {
            Some(at) => u16::try_from(at).ok().map(PartyId),
            None => self.dealer.as_ref().filter(|dealer| dealer.name == name).map(|_| PartyId::DEALER),
        }
    }

    /// The member with this number.
    pub fn member(&self, party: PartyId) -> Option<&Member> {
        if party.is_dealer() {
            return self.dealer.as_ref();
        }
        self.compute.iter().chain(&self.clients).nth(party.index())
    }

    /// The name of a party, `?` when there is none with this number.
    pub fn name(&self, party: PartyId) -> &str {
        self.member(party).map_or("?", |member| &member.name)
    }

    /// The number of compute parties.
    pub fn parties(&self) -> usize {
        self.compute.len()
    }

    /// All members: the compute parties, the clients, the dealer.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.compute.iter().chain(&self.clients).chain(&self.dealer)
    }

    /// Whether it pins certificates: of all members, or it is unsound.
    pub fn pins(&self) -> bool {
        self.members().any(|member| member.fingerprint.is_some())
    }

    /// Whether every address is on this machine: `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.compute.iter().chain(&self.dealer).all(|member| is_loopback(&member.address))
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(address: &str) -> bool {
    host_and_port(address).is_some_and(|(host, _)| {
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    })
}

/// Splits `host:port`; brackets around an IPv6 address are removed.
pub(crate) fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    if let Some(inner) = host.strip_prefix('[') {
        let ip = inner.strip_suffix(']')?;
        return ip.parse::<Ipv6Addr>().is_ok().then_some((ip, port));
    }
    let sound = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    sound.then_some((host, port))
}

/// What a table of the roster is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Compute,
    Client,
    Dealer,
}

/// One member's table.
fn member(
    value: &Value,
    key: &str,
    role: Role,
    error: &impl Fn(&str, ConfigProblem) -> ConfigError,
) -> Result<Member, ConfigError> {
    let listens = role != Role::Client;
    let Value::Table(table) = value else {
        let expected = if listens { MEMBER } else { CLIENT };
        return Err(error(key, ConfigProblem::Bad { found: value.type_str().to_owned(), expected }));
    };
    let known = match role {
        Role::Compute => "name, address, fingerprint, gateway",
        Role::Dealer => "name, address, fingerprint",
        Role::Client => "name, fingerprint",
    };
    if let Some(unknown) = table.keys().find(|key| !known.split(", ").any(|known| known == *key)) {
        return Err(error(&format!("{key}.{unknown}"), ConfigProblem::UnknownKey { known }));
    }
    let default_name = (role == Role::Dealer).then_some("dealer");
    let text = |field: &str, expected, default: Option<&str>| {
        let key = format!("{key}.{field}");
        match (table.get(field), default) {
            (Some(Value::String(text)), _) => Ok(text.clone()),
            (Some(other), _) => Err(error(&key, ConfigProblem::Bad { found: other.type_str().to_owned(), expected })),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(error(&key, ConfigProblem::Missing { expected })),
        }
    };
    let address = if listens { text("address", ADDRESS, None)? } else { String::new() };
    let fingerprint = match table.contains_key("fingerprint") {
        false => None,
        true => {
            let found = text("fingerprint", FINGERPRINT, None)?;
            let problem = ConfigProblem::Bad { found: format!("{found:?}"), expected: FINGERPRINT };
            Some(found.parse().map_err(|_| error(&format!("{key}.fingerprint"), problem))?)
        }
    };
    Ok(Member { name: text("name", NAME, default_name)?, address, fingerprint })
}

#[cfg(test)]
mod tests;
