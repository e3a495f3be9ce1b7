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
    text.parse().ok().or_else(|| service::port(text))
}
