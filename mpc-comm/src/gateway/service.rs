//! The roster's file, with the doors of the servers and the guests who may come.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::roster::{ADDRESS, FINGERPRINT, NAME, PINNED, host_and_port, is_loopback};
use crate::{ConfigError, ConfigProblem, Fingerprint, PartyId, Roster};

const GATEWAY: &str = "\"host:port\" where guests reach this server, such as \"10.0.0.5:7800\"";
const GUESTS: &str = "up to 16384 [[guest]] tables with `name`";
const GUEST: &str = "a table with `name`";
/// More are more than a file of pins is good for.
const MOST: usize = 1 << 14;

/// A roster whose servers hear guests:
///
/// ```toml
/// [[compute]]
/// name = "North"
/// address = "10.0.0.5:7700"
/// gateway = "10.0.0.5:7800"        # where guests call
///
/// [[compute]]
/// name = "South"
/// address = "10.0.0.6:7700"
/// gateway = "10.0.0.6:7800"
///
/// [dealer]
/// address = "10.0.0.7:7700"
///
/// [[guest]]
/// name = "doctor"                  # and a `fingerprint`, if the others have one
/// ```
///
/// Neither guests nor gateways are in the roster's digest: each server decides for itself whom it hears, and a request runs
/// only where all servers heard it. A guest needs a file with the servers in it, and with itself; of other guests it needs
/// to know nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The session.
    pub roster: Roster,
    /// Where guests reach each server, in the order of the roster.
    pub gateways: Vec<String>,
    /// Who may come.
    pub guests: Vec<Guest>,
}

/// Somebody who may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// Its certificate's fingerprint. Without one, whoever reaches the gateway may use the name.
    pub fingerprint: Option<Fingerprint>,
}

impl Service {
    /// Reads it from TOML. `source_name` is the file's name for messages.
    ///
    /// # Errors
    /// As [`Roster::from_toml`]; when a server has no gateway, or two have the same; for a guest without a name, with that of
    /// somebody else, or without a fingerprint where others have one.
    pub fn from_toml(text: &str, source_name: &str) -> Result<Service, ConfigError> {
        let roster = Roster::from_toml(text, source_name)?;
        let error = |key: &str, problem| ConfigError { file: source_name.to_owned(), key: key.to_owned(), problem };
        let table: Table = text.parse().unwrap_or_default();
        let empty = Vec::new();
        let list = |key: &str| table.get(key).and_then(Value::as_array).unwrap_or(&empty);
        let gateways = list("compute").iter().enumerate().map(|(at, value)| match value.get("gateway") {
            Some(Value::String(address)) => Ok(address.clone()),
            Some(other) => {
                let found = other.type_str().to_owned();
                Err(error(&format!("compute[{at}].gateway"), ConfigProblem::Bad { found, expected: GATEWAY }))
            }
            None => Err(error(&format!("compute[{at}].gateway"), ConfigProblem::Missing { expected: GATEWAY })),
        });
        let gateways = gateways.collect::<Result<_, _>>()?;
        if let Some(other) = table.get("guest").filter(|value| !value.is_array()) {
            let found = other.type_str().to_owned();
            return Err(error("guest", ConfigProblem::Bad { found, expected: GUESTS }));
        }
        let guests = list("guest").iter().enumerate().map(|(at, value)| guest(value, &format!("guest[{at}]"), &error));
        let service = Service { guests: guests.collect::<Result<_, _>>()?, roster, gateways };
        service.validate(source_name)?;
        Ok(service)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// As [`Service::from_toml`], and when the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Service, ConfigError> {
        let name = path.as_ref().display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Service::from_toml(&text, &name),
            Err(e) => {
                let problem = ConfigProblem::Unreadable { reason: e.to_string() };
                Err(ConfigError { file: name, key: ConfigError::WHOLE.to_owned(), problem })
            }
        }
    }

    /// Checks one that was put together by hand; [`Service::from_toml`] has already done it.
    ///
    /// # Errors
    /// As [`Service::from_toml`].
    pub fn validate(&self, source_name: &str) -> Result<(), ConfigError> {
        let error = |key: String, problem| ConfigError { file: source_name.to_owned(), key, problem };
        self.roster.validate(source_name)?;
        if self.gateways.len() != self.roster.parties() {
            return Err(error("compute".to_owned(), ConfigProblem::Missing { expected: GATEWAY }));
        }
        if self.guests.len() > MOST {
            let found = format!("{} guests", self.guests.len());
            return Err(error("guest".to_owned(), ConfigProblem::Bad { found, expected: GUESTS }));
        }
        let mut seen = BTreeMap::new();
        for member in self.roster.members() {
            let said = [Some(member.name.clone()), Some(member.address.clone())];
            let pinned = member.fingerprint.map(|pinned| pinned.to_string());
            for value in said.into_iter().chain([pinned]).flatten().filter(|value| !value.is_empty()) {
                seen.insert(value, format!("the entry of {}", member.name));
            }
        }
        let mut unique = |value: String, here: String| match seen.insert(value.clone(), here.clone()) {
            Some(first) => Err(error(here, ConfigProblem::Duplicate { value, first })),
            None => Ok(()),
        };
        for (at, gateway) in self.gateways.iter().enumerate() {
            let here = format!("compute[{at}].gateway");
            if host_and_port(gateway).is_none() {
                return Err(error(here, ConfigProblem::Bad { found: format!("{gateway:?}"), expected: ADDRESS }));
            }
            unique(gateway.clone(), here)?;
        }
        for (at, guest) in self.guests.iter().enumerate() {
            let named = guest.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            if guest.name.is_empty() || !named {
                let found = format!("{:?}", guest.name);
                return Err(error(format!("guest[{at}].name"), ConfigProblem::Bad { found, expected: NAME }));
            }
            unique(guest.name.clone(), format!("guest[{at}].name"))?;
            match guest.fingerprint {
                Some(fingerprint) => unique(fingerprint.to_string(), format!("guest[{at}].fingerprint"))?,
                None if self.roster.pins() => {
                    let key = format!("guest[{at}].fingerprint");
                    return Err(error(key, ConfigProblem::Missing { expected: PINNED }));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// As TOML, such as [`Service::from_toml`] reads.
    pub fn to_toml(&self) -> String {
        let mut table: Table = self.roster.to_toml().parse().unwrap_or_default();
        if let Some(Value::Array(compute)) = table.get_mut("compute") {
            for (server, gateway) in compute.iter_mut().zip(&self.gateways) {
                if let Value::Table(server) = server {
                    server.insert("gateway".to_owned(), Value::from(gateway.as_str()));
                }
            }
        }
        let guest = |guest: &Guest| {
            let mut table = Table::new();
            table.insert("name".to_owned(), Value::from(guest.name.as_str()));
            if let Some(fingerprint) = guest.fingerprint {
                table.insert("fingerprint".to_owned(), Value::from(fingerprint.to_string()));
            }
            Value::Table(table)
        };
        table.insert("guest".to_owned(), Value::Array(self.guests.iter().map(guest).collect()));
        table.to_string()
    }

    /// The guest of this name.
    pub fn guest(&self, name: &str) -> Option<&Guest> {
        self.guests.iter().find(|guest| guest.name == name)
    }

    /// Whether every gateway is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.gateways.iter().all(|gateway| is_loopback(gateway))
    }

    /// The guests as others at a gateway: number, certificate, name.
    pub(super) fn guest_pins(&self) -> Vec<(PartyId, Fingerprint, String)> {
        let pin = |(at, guest): (usize, &Guest)| Some((PartyId(at as u16), guest.fingerprint?, guest.name.clone()));
        self.guests.iter().enumerate().filter_map(pin).collect()
    }

    /// The servers, likewise.
    pub(super) fn server_pins(&self) -> Vec<(PartyId, Fingerprint, String)> {
        let servers = self.roster.compute.iter().enumerate();
        servers
            .filter_map(|(at, server)| Some((PartyId(at as u16), server.fingerprint?, server.name.clone())))
            .collect()
    }
}

fn guest(value: &Value, key: &str, error: &impl Fn(&str, ConfigProblem) -> ConfigError) -> Result<Guest, ConfigError> {
    let Value::Table(table) = value else {
        return Err(error(key, ConfigProblem::Bad { found: value.type_str().to_owned(), expected: GUEST }));
    };
    if let Some(unknown) = table.keys().find(|key| !["name", "fingerprint"].contains(&key.as_str())) {
        return Err(error(&format!("{key}.{unknown}"), ConfigProblem::UnknownKey { known: "name, fingerprint" }));
    }
    let text = |field: &str, expected| match table.get(field) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            let found = other.type_str().to_owned();
            Err(error(&format!("{key}.{field}"), ConfigProblem::Bad { found, expected }))
        }
        None => Ok(None),
    };
    let name = text("name", NAME)?.ok_or_else(|| error(key, ConfigProblem::Missing { expected: NAME }))?;
    let fingerprint = match text("fingerprint", FINGERPRINT)? {
        None => None,
        Some(found) => {
            let problem = ConfigProblem::Bad { found: format!("{found:?}"), expected: FINGERPRINT };
            Some(found.parse().map_err(|_| error(&format!("{key}.fingerprint"), problem))?)
        }
    };
    Ok(Guest { name, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[compute]]
        name = "North"
        address = "127.0.0.1:1"
        gateway = "127.0.0.1:2"
        [[compute]]
        name = "South"
        address = "127.0.0.1:3"
        gateway = "127.0.0.1:4"
        [dealer]
        address = "127.0.0.1:5"
        [[guest]]
        name = "doctor"
        [[guest]]
        name = "nurse"
    "#;

    #[test]
    fn it_is_a_roster_and_guests_are_no_members() {
        let service = Service::from_toml(GOOD, "s").unwrap();
        assert_eq!(service.gateways, ["127.0.0.1:2", "127.0.0.1:4"]);
        assert_eq!(service.guests.iter().map(|guest| &guest.name[..]).collect::<Vec<_>>(), ["doctor", "nurse"]);
        assert!(service.is_loopback() && service.roster.clients.is_empty());
        assert_eq!(Service::from_toml(&service.to_toml(), "s").unwrap(), service);
        let fewer = Service::from_toml(&GOOD.replace("[[guest]]\n        name = \"nurse\"", ""), "s").unwrap();
        assert_eq!((fewer.guests.len(), fewer.roster.digest()), (1, service.roster.digest()));
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |from: &str, to: &str| {
            assert!(GOOD.contains(from));
            Service::from_toml(&GOOD.replacen(from, to, 1), "s").unwrap_err().to_string()
        };
        for (from, to, named) in [
            ("gateway = \"127.0.0.1:2\"", "", "`compute[0].gateway`: is missing"),
            ("gateway = \"127.0.0.1:2\"", "gateway = 2", "`compute[0].gateway`: is integer"),
            ("127.0.0.1:4", "127.0.0.1:2", "`127.0.0.1:2` is also at `compute[0].gateway`"),
            ("127.0.0.1:4", "127.0.0.1:3", "is also at `the entry of South`"),
            ("127.0.0.1:4", "nowhere", "`compute[1].gateway`: is \"nowhere\""),
            ("\"nurse\"", "\"doctor\"", "`guest[1].name`: `doctor` is also at `guest[0].name`"),
            ("\"nurse\"", "\"North\"", "`North` is also at `the entry of North`"),
            ("\"nurse\"", "\"a b\"", "`guest[1].name`: is \"a b\""),
            ("name = \"nurse\"", "name = \"nurse\"\nage = 3", "`guest[1].age`: is not a known key"),
            ("name = \"nurse\"", "", "`guest[1]`: is missing"),
            ("name = \"nurse\"", "name = \"nurse\"\nfingerprint = \"x\"", "`guest[1].fingerprint`: is \"x\""),
            ("[dealer]", "[dealer]\ngateway = \"127.0.0.1:9\"", "`dealer.gateway`: is not a known key"),
        ] {
            let text = refused(from, to);
            assert!(text.contains(named), "{text} does not have {named}");
        }
    }
}
