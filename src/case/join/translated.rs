//! Flows that address translation makes one connection: what a firewall tracks says which addresses the packets have before it
//! and which behind it.

use super::During;
use super::clock::HORIZON;
use super::index::full;
use crate::case::{Dumps, Judged};
use crate::host::Tracked;
use crate::tcp::Side;
use crate::time::Timestamp;
use crate::wire::Address;

/// Source and destination of a first packet; or local and remote end of a socket.
type Ends = (Address, Address);

/// Entries of one flow that are looked at. One that has more is no use: its ports are in use again and again.
const MOST: usize = 64;
/// Firewalls one behind the other, of which each translates what the one before it made.
const LONGEST_CHAIN: usize = 4;

/// Two flows that are one connection.
#[derive(Debug)]
struct Translation {
    /// Of the first packet, as it comes to the firewall.
    before: Ends,
    /// Of the same packet, as it leaves: the answer's turned round.
    behind: Ends,
    /// From the first snapshot that shows it to the last; `None` if one of them has no time.
    seen: Option<During>,
}

/// All translations that the dumps show.
#[derive(Debug, Default)]
pub(super) struct Translations {
    /// In the order of `before`.
    all: Vec<Translation>,
    /// Places in `all`, in the order of `behind`.
    by_behind: Vec<u32>,
}

impl Translations {
    pub fn new(dumps: &Dumps) -> Self {
        let blocks = dumps.0.iter().flat_map(|dump| &dump.document.blocks);
        let entries = blocks.flat_map(|block| {
            let seen = block.stamp().map(|stamp| During::new(stamp.time, stamp.time));
            block.found.tracked.iter().filter_map(move |tracked| translation(tracked, seen))
        });
        let mut all: Vec<Translation> = entries.collect();
        all.sort_by_key(|entry| (entry.before, entry.behind));
        all.dedup_by(|later, first| {
            let same = (later.before, later.behind) == (first.before, first.behind);
            if same {
                let both = first.seen.zip(later.seen);
                first.seen = both.map(|(a, b)| During::new(a.from.min(b.from), a.to.max(b.to)));
            }
            same
        });
        let mut by_behind: Vec<u32> = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
        by_behind.sort_by_key(|&place| all.get(place as usize).map(|entry| entry.behind));
        Self { all, by_behind }
    }

    /// The other addresses of a socket's connection, from the socket's view, nearest first: those before and those behind each
    /// firewall that is known to translate them. `at` is the time of the socket's snapshot. What several translations of that
    /// time say differently is left out.
    pub fn of(&self, local: Address, remote: Address, at: Option<Timestamp>) -> Vec<Ends> {
        let mut found = Vec::new();
        if self.all.is_empty() {
            return found;
        }
        for step in [Self::behind, Self::before] {
            for (start, is_server) in [((local, remote), false), ((remote, local), true)] {
                let chain = std::iter::successors(step(self, start, at), |&ends| step(self, ends, at));
                for (a, b) in chain.take(LONGEST_CHAIN) {
                    let ends = if is_server { (b, a) } else { (a, b) };
                    // Translations may run in a circle.
                    if ends != (local, remote) && !found.contains(&ends) {
                        found.push(ends);
                    }
                }
            }
        }
        found
    }

    /// Whether a connection's side stands at another address, which a firewall translates into this one.
    pub fn is_elsewhere(&self, row: &Judged, side: Side) -> bool {
        let (ends, at) = ((row.client, row.server), Some(row.summary.last));
        match side {
            Side::Client => self.before(ends, at).is_some_and(|before| before.0 != row.client),
            Side::Server => self.behind(ends, at).is_some_and(|behind| behind.1 != row.server),
        }
    }

    /// What a firewall makes of a first packet's addresses, if it makes them of no others too.
    fn behind(&self, ends: Ends, at: Option<Timestamp>) -> Option<Ends> {
        let entry = only(self.from(ends), at)?;
        only(self.into(entry.behind), at).map(|entry| entry.behind)
    }

    /// What a firewall made these addresses of, if it makes no others of that too.
    fn before(&self, ends: Ends, at: Option<Timestamp>) -> Option<Ends> {
        let entry = only(self.into(ends), at)?;
        only(self.from(entry.before), at).map(|entry| entry.before)
    }

    /// Entries that translate these addresses.
    fn from(&self, ends: Ends) -> impl Iterator<Item = &Translation> {
        let from = self.all.partition_point(|entry| entry.before < ends);
        self.all.iter().skip(from).take_while(move |entry| entry.before == ends)
    }

    /// Entries that translate into these addresses.
    fn into(&self, ends: Ends) -> impl Iterator<Item = &Translation> {
        let entry = |place: &u32| self.all.get(*place as usize);
        let from = self.by_behind.partition_point(|place| entry(place).is_some_and(|entry| entry.behind < ends));
        self.by_behind.iter().skip(from).filter_map(entry).take_while(move |entry| entry.behind == ends)
    }
}

/// The one entry that may hold at this time.
fn only<'a>(entries: impl Iterator<Item = &'a Translation>, at: Option<Timestamp>) -> Option<&'a Translation> {
    let may_hold = |entry: &Translation| entry.seen.zip(at).is_none_or(|(seen, at)| seen.widened(HORIZON).contains(at));
    let mut count = 0;
    let mut found = None;
    for entry in entries {
        count += 1;
        if count > MOST || may_hold(entry) && found.replace(entry).is_some() {
            return None;
        }
    }
    found
}

fn translation(tracked: &Tracked, seen: Option<During>) -> Option<Translation> {
    let reply = tracked.reply.as_ref().filter(|_| tracked.is_translated())?;
    let before = (full(&tracked.original.source)?, full(&tracked.original.destination)?);
    let behind = (full(&reply.destination)?, full(&reply.source)?);
    let ends = [before.0, before.1, behind.0, behind.1];
    (!ends.iter().any(|end| end.ip().is_loopback())).then_some(Translation { before, behind, seen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Dump;
    use crate::host::{Hints, read};

    fn translations(text: &str) -> Translations {
        let document = read(text.as_bytes(), &Hints::default());
        let dump = Dump { path: "conntrack".to_owned(), bytes: 0, document, note: None, damage: None };
        Translations::new(&Dumps(vec![dump]))
    }

    fn entry(before: (&str, u16, &str, u16), behind: (&str, u16, &str, u16)) -> String {
        let ((src, sport, dst, dport), (a, a_port, b, b_port)) = (before, behind);
        format!(
            "tcp      6 100 ESTABLISHED src={src} dst={dst} sport={sport} dport={dport} src={b} dst={a} sport={b_port} dport={a_port} [ASSURED] mark=0 use=1\n"
        )
    }

    fn of(table: &Translations, local: (&str, u16), remote: (&str, u16), at: Option<&str>) -> Vec<String> {
        let end = |(ip, port): (&str, u16)| Address::new(ip.parse().expect("an address"), port);
        let at = at.map(|at| Timestamp::from_rfc3339(at).expect("a time"));
        let shown = |(a, b): Ends| format!("{}:{} {}:{}", a.ip(), a.port, b.ip(), b.port);
        table.of(end(local), end(remote), at).into_iter().map(shown).collect()
    }

    const CLIENT: (&str, u16) = ("10.0.0.1", 40000);
    const SERVICE: (&str, u16) = ("192.0.2.9", 80);

    #[test]
    fn both_ends_find_the_other_side_of_each_firewall() {
        let (inner, outer) = (("203.0.113.5", 1024), ("10.9.0.2", 8080));
        let first = entry(("10.0.0.1", 40000, "192.0.2.9", 80), ("203.0.113.5", 1024, "192.0.2.9", 80));
        let second = entry(("203.0.113.5", 1024, "192.0.2.9", 80), ("203.0.113.5", 1024, "10.9.0.2", 8080));
        let plain = entry(("10.0.0.1", 40001, "192.0.2.9", 80), ("10.0.0.1", 40001, "192.0.2.9", 80));
        let table = translations(&format!("{first}{second}{plain}"));
        let chain = ["203.0.113.5:1024 192.0.2.9:80", "203.0.113.5:1024 10.9.0.2:8080"];
        assert_eq!(of(&table, CLIENT, SERVICE, None), chain);
        assert_eq!(of(&table, outer, inner, None), ["192.0.2.9:80 203.0.113.5:1024", "192.0.2.9:80 10.0.0.1:40000"]);
        assert!(of(&table, ("10.0.0.1", 40001), SERVICE, None).is_empty(), "its addresses stay");
        assert!(of(&table, ("10.0.0.1", 40002), SERVICE, None).is_empty(), "another port");
    }

    #[test]
    fn only_what_one_translation_of_that_time_says_is_taken() {
        let line = |port| entry(("10.0.0.1", 40000, "192.0.2.9", 80), ("203.0.113.5", port, "192.0.2.9", 80));
        let text = format!("=== 2026-01-01T00:00:00Z ===\n{}=== 2026-01-01T02:00:00Z ===\n{}", line(1024), line(1025));
        let table = translations(&text);
        let at = |time| of(&table, CLIENT, SERVICE, Some(time));
        assert_eq!(at("2026-01-01T00:09:00Z"), ["203.0.113.5:1024 192.0.2.9:80"]);
        assert_eq!(at("2026-01-01T01:59:00Z"), ["203.0.113.5:1025 192.0.2.9:80"]);
        assert!(at("2026-01-01T01:00:00Z").is_empty(), "an hour from either: the port may be another's");
        assert!(of(&table, CLIENT, SERVICE, None).is_empty(), "without a time there are two");
    }

    #[test]
    fn translations_that_run_in_a_circle_are_told_once() {
        let there = entry(("10.0.0.1", 1, "10.0.0.2", 2), ("10.0.0.3", 3, "10.0.0.4", 4));
        let back = entry(("10.0.0.3", 3, "10.0.0.4", 4), ("10.0.0.1", 1, "10.0.0.2", 2));
        let found = of(&translations(&(there + &back)), ("10.0.0.1", 1), ("10.0.0.2", 2), None);
        assert_eq!(found, ["10.0.0.3:3 10.0.0.4:4"]);
    }
}
