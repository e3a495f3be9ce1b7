//! Names of addresses, as DNS answers told them.

use crate::time::Timestamp;
use crate::wire::dns::Told;
use hashbrown::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses with names.
const MOST_ADDRESSES: usize = 65_536;
/// Names of one address, the latest ones: many sites share the address of a large host.
const MOST_NAMES: usize = 16;

/// A name that somebody was told to find at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: Arc<str>,
    asker: IpAddr,
    time: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Names {
    by_address: HashMap<IpAddr, Vec<Known>>,
    /// The name learned last: the addresses of an answer share it.
    last: Option<Arc<str>>,
    /// Answers about addresses beyond the bound.
    pub beyond: u64,
}

impl Names {
    /// Takes one address of an answer to `asker`.
    pub fn learn(&mut self, told: &Told, asker: IpAddr, time: Timestamp) {
        if self.by_address.len() >= MOST_ADDRESSES && !self.by_address.contains_key(&told.address) {
            self.beyond += 1;
            return;
        }
        // Most addresses have one name.
        let known = self.by_address.entry(told.address).or_insert_with(|| Vec::with_capacity(1));
        if let Some(again) = known.iter_mut().find(|known| *known.name == *told.name && known.asker == asker) {
            again.time = time;
            return;
        }
        if known.len() >= MOST_NAMES {
            known.remove(0);
        }
        let last = self.last.take().filter(|last| **last == *told.name);
        let name = last.unwrap_or_else(|| told.name.as_str().into());
        self.last = Some(Arc::clone(&name));
        known.push(Known { name, asker, time });
    }

    /// By which name `client` most likely called `address` at `time`: the last that it was told before, else the last that
    /// anybody was told, else the first told later.
    pub fn of(&self, address: IpAddr, client: IpAddr, time: Timestamp) -> Option<&Arc<str>> {
        let known = self.by_address.get(&address)?;
        let rank = |known: &&Known| {
            let before = known.time <= time;
            let distance = if before { known.time.0 } else { known.time.0.saturating_neg() };
            (before && known.asker == client, before, distance)
        };
        known.iter().max_by_key(rank).map(|known| &known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_s_own_last_answer_counts_most() {
        let [address, client, other] = [[192, 0, 2, 1], [10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut names = Names::default();
        let told = |name: &str| Told { name: name.to_owned(), address };
        let at = |second| Timestamp::from_parts(second, 0);
        names.learn(&told("old.example"), client, at(1));
        names.learn(&told("mine.example"), client, at(5));
        names.learn(&told("theirs.example"), other, at(7));
        names.learn(&told("later.example"), client, at(20));
        let name = |who, second| names.of(address, who, at(second)).map(|name| &**name);
        assert_eq!(name(client, 10), Some("mine.example"));
        assert_eq!(name(client, 3), Some("old.example"));
        assert_eq!(name([10, 0, 0, 3].into(), 10), Some("theirs.example"));
        assert_eq!(name(client, 0), Some("old.example"), "what was told a moment later");
        assert_eq!(names.of(client, client, at(10)), None);
    }
}
