//! Names in place of addresses and ports: printed without `-n`, or by Network Monitor. A name gets an address of those that
//! are set aside for examples and tests (RFC 5737, RFC 2544), and the report says which.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

#[derive(Default)]
pub(super) struct Hosts {
    addresses: HashMap<String, IpAddr>,
    /// In the order of their appearance.
    names: Vec<String>,
}

/// As many names as there are addresses for.
const MOST: usize = 254 + (1 << 17);
/// So many are listed for people.
const LISTED: usize = 8;

impl Hosts {
    /// The address that a name stands for from now on.
    pub fn address(&mut self, name: &str) -> Option<IpAddr> {
        if let Some(address) = self.addresses.get(name) {
            return Some(*address);
        }
        let index = self.names.len() as u32;
        let address = match index {
            0..254 => u32::from(Ipv4Addr::new(192, 0, 2, 1)) + index,
            _ if self.names.len() < MOST => u32::from(Ipv4Addr::new(198, 18, 0, 0)) + index - 254,
            _ => return None,
        };
        let address = IpAddr::V4(address.into());
        self.names.push(name.to_owned());
        self.addresses.insert(name.to_owned(), address);
        Some(address)
    }

    /// Which names stand for which addresses.
    pub fn note(&self) -> Option<String> {
        let listed: Vec<String> = self
            .names
            .iter()
            .take(LISTED)
            .filter_map(|name| Some(format!("{} is {name}", self.addresses.get(name)?)))
            .collect();
        let more = self.names.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!listed.is_empty()).then(|| format!("addresses made up for names: {}{more}", listed.join(", ")))
    }
}

/// A port by its number or the name that it has in `/etc/services`.
pub(super) fn port(text: &str) -> Option<u16> {
    text.parse().ok().or_else(|| SERVICES.iter().find(|(name, _)| *name == text).map(|(_, port)| *port))
}

const SERVICES: [(&str, u16); 40] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("loc-srv", 135),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("shell", 514),
    ("printer", 515),
    ("submission", 587),
    ("ldaps", 636),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("ms-sql-s", 1433),
    ("ms-sql", 1433),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("http-alt", 8080),
    ("webcache", 8080),
];
