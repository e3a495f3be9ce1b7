//! Names in place of addresses and ports: printed without `-n`, or by Network Monitor. A name gets an address of those that
//! are set aside for examples and tests (RFC 5737, RFC 2544), and the report says which.

use crate::service;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

#[derive(Default)]
pub(super) struct Hosts {
    addresses: HashMap<String, IpAddr>,
    /// In the order of their appearance.
    names: Vec<String>,
    /// Services that no list here knows, in the order of their appearance.
    services: Vec<String>,
}

/// As many names as there are addresses for.
const MOST: usize = 254 + (1 << 17);
/// The last of the ports that are registered for services (RFC 6335 6).
const LAST_SERVICE: u16 = 49_151;
const MOST_SERVICES: usize = 1000;
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

    /// A port by its number or the name that it has in `/etc/services`. A name that is not known stands for a port that says
    /// nothing of which side is the server.
    pub fn port(&mut self, text: &str) -> Option<u16> {
        if let Some(port) = text.parse().ok().or_else(|| service::port(text)) {
            return Some(port);
        }
        let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let known = self.services.iter().position(|name| name == text);
        if known.is_none() {
            if !is_name || self.services.len() == MOST_SERVICES {
                return None;
            }
            self.services.push(text.to_owned());
        }
        let place = known.unwrap_or(self.services.len() - 1);
        Some(LAST_SERVICE - place as u16)
    }

    /// Which ports stand for which names.
    pub fn note_of_ports(&self) -> Option<String> {
        let ports = (0..=LAST_SERVICE).rev();
        let listed: Vec<String> =
            self.services.iter().zip(ports).take(LISTED).map(|(name, port)| format!("{port} is {name}")).collect();
        let more = self.services.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!listed.is_empty())
            .then(|| format!("ports made up for names (`-nn` prints numbers): {}{more}", listed.join(", ")))
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
