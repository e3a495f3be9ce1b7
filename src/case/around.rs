//! What explains a connection that never was, and names addresses: questions for addresses and names, and their answers.
//!
//! Taken in file order from one observation point's frames, in bounded memory; what is beyond a bound is counted.

mod arp;
mod dns;
mod names;

pub use arp::{ArpFacts, ArpRow, ArpState};
pub use dns::{DnsFacts, DnsRow, DnsState};
pub use names::Names;

use crate::wire::Dns;

/// What an observation point tells of addresses and names.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub arp: ArpFacts,
    pub dns: DnsFacts,
    /// Names of addresses, as DNS answers told them.
    pub names: Names,
}

impl Around {
    /// Takes a DNS message; `frames_before` are the frames of the point before its chunk.
    pub fn take_dns(&mut self, dns: &Dns, frames_before: u64) {
        let asked = self.dns.take(dns, frames_before);
        for told in &dns.addresses {
            // One text for both, where the name is what was asked for.
            let name = asked.filter(|asked| **asked == told.name).unwrap_or(&told.name);
            self.names.learn(name, told.address, dns.client.ip(), dns.time);
        }
    }

    /// The point has ended: what still waits for an answer has none.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.dns.finish();
        self
    }
}
