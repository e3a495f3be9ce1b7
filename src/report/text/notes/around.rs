//! Notes of what explains a connection that never was: nobody at an address, two at one, a name that is not found.

use crate::case::around::{ArpRow, ArpState, DnsRow, DnsState};
use crate::case::{Around, Beside, Case};
use crate::report::human::{count, counted};
use crate::report::terminal::safe;
use crate::wire::dns::code_name;
use std::collections::HashSet;

/// Addresses or names listed in one note.
const LISTED: usize = 3;

pub(super) fn notes(case: &Case) -> Vec<String> {
    let around = || case.facts.points.iter().map(|point| &point.around);
    let arp: Vec<&ArpRow> = around().flat_map(|around| around.arp.rows.iter()).collect();
    let dns: Vec<&DnsRow> = around().flat_map(|around| around.dns.rows.iter()).collect();
    let mut notes = Vec::new();
    notes.extend(nobody(&arp));
    notes.extend(two(&arp));
    notes.extend(in_vain(&dns));
    let unlisted: u64 = case.facts.points.iter().flat_map(|point| &point.beside).map(Beside::beyond).sum();
    if unlisted > 0 {
        notes.push(format!(
            "{}, tunnels or remarks more than are kept: some connections lack theirs",
            counted(unlisted, "server name")
        ));
    }
    let beyond: u64 = around().map(|around: &Around| around.arp.beyond + around.dns.beyond + around.names.beyond).sum();
    if beyond > 0 {
        notes.push(format!(
            "{} about more addresses and names than are told apart",
            counted(beyond, "ARP or DNS message")
        ));
    }
    notes
}

fn nobody(arp: &[&ArpRow]) -> Option<String> {
    let rows: Vec<_> = arp.iter().filter(|row| row.state() == ArpState::Unanswered).collect();
    let list = list(&rows, |row| format!("{} ({})", row.address, counted(row.asked, "question")));
    list.map(|list| format!("nobody was heard to answer for {list} (arp)"))
}

fn two(arp: &[&ArpRow]) -> Option<String> {
    let rows: Vec<_> = arp.iter().filter(|row| row.state() == ArpState::AnsweredByTwo).collect();
    let list = list(&rows, |row| row.address.to_string());
    list.map(|list| format!("several hardware addresses claim one IP address: {list} (arp)"))
}

fn in_vain(dns: &[&DnsRow]) -> Option<String> {
    let (mut listed, mut known) = (Vec::new(), HashSet::new());
    for row in dns {
        let error = match row.state() {
            Some(DnsState::Failed) => row.failure,
            Some(DnsState::Unanswered) => None,
            Some(DnsState::Empty | DnsState::Answered) | None => continue,
        };
        if known.insert((&row.name, error)) {
            listed.push((&row.name, error));
        }
    }
    let why = |error: Option<u8>| error.map_or("no answer".into(), code_name);
    let list = list(&listed, |&(name, error)| format!("{} ({})", safe(name), why(error)));
    list.map(|list| format!("{} asked for in vain: {list} (dns)", counted(listed.len() as u64, "name")))
}

/// The first few, and how many more there are.
fn list<T>(all: &[T], told: impl Fn(&T) -> String) -> Option<String> {
    let rest = all.len().saturating_sub(LISTED) as u64;
    let more = if rest > 0 { format!(" and {} more", count(rest)) } else { String::new() };
    let first: Vec<String> = all.iter().take(LISTED).map(told).collect();
    (!all.is_empty()).then(|| first.join(", ") + &more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::wire::dns::Transport;

    /// A question that was answered by this error, or not at all.
    fn row(name: &str, failure: Option<u8>) -> DnsRow {
        let answers = u32::from(failure.is_some());
        DnsRow {
            client: [10, 0, 0, 1].into(),
            server: [10, 0, 0, 53].into(),
            transport: Transport::Udp,
            name: name.into(),
            kind: 1,
            asked: 1,
            answered: answers,
            unanswered: 1 - answers,
            failed: answers,
            failure,
            empty: 0,
            truncated: 0,
            addresses: Vec::new(),
            answer_max: None,
            first: Timestamp(0),
            last: Timestamp(0),
            first_frame: 1,
            last_frame: 1,
        }
    }

    #[test]
    fn a_name_asked_for_in_vain_is_listed_once_for_each_reason_however_many_asked() {
        let mut rows = vec![row("a.example", Some(3)), row("b.example", None), row("a.example", Some(3))];
        rows.push(row("a.example", Some(2)));
        let told = |rows: &[DnsRow]| in_vain(&rows.iter().collect::<Vec<_>>()).unwrap_or_default();
        let three = "a.example (NXDOMAIN), b.example (no answer), a.example (SERVFAIL)";
        assert_eq!(told(&rows), format!("3 names asked for in vain: {three} (dns)"));
        rows.extend((0..50_000).map(|number| row(&format!("{number}.example"), Some(3))));
        assert_eq!(told(&rows), format!("50 003 names asked for in vain: {three} and 50 000 more (dns)"));
        assert_eq!(in_vain(&[]), None);
    }
}
