//! Which names were asked for, and what came back.

use crate::blocks::Blocks;
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::dns::Transport;
use crate::wire::{Dns, PackedAddress};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;

/// Questions told apart by who asks whom for what.
const MOST_ROWS: usize = 65_536;
/// Questions waited for at once; the oldest counts as unanswered beyond that.
const MOST_WAITING: usize = 65_536;
/// So long an answer is waited for: whoever asked has long given up.
const PATIENCE: i64 = 5 * 60 * SECOND;
/// Addresses listed of each.
const MOST_ADDRESSES: usize = 16;

/// What one client asked one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRow {
    pub client: IpAddr,
    pub server: IpAddr,
    pub transport: Transport,
    pub name: Arc<str>,
    /// Record type by number.
    pub kind: u16,
    /// Questions sent, repeats included.
    pub asked: u32,
    pub answered: u32,
    /// Questions that no answer came to.
    pub unanswered: u32,
    /// Answers with another code than 0, and the last such code.
    pub failed: u32,
    pub failure: Option<u8>,
    /// Answers without error and without records.
    pub empty: u32,
    /// Answers that did not fit a datagram.
    pub truncated: u32,
    /// Addresses told, the first ones.
    pub addresses: Vec<IpAddr>,
    /// Longest time from a question to its answer.
    pub answer_max: Option<Span>,
    pub first: Timestamp,
    pub last: Timestamp,
    pub first_frame: u64,
    pub last_frame: u64,
}

/// What became of a question, in one word: the worst that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsState {
    /// No answer at all.
    Unanswered,
    /// Answers with an error only.
    Failed,
    /// Answered, without what was asked for.
    Empty,
    Answered,
}

impl DnsState {
    pub const ALL: [Self; 4] = [Self::Unanswered, Self::Failed, Self::Empty, Self::Answered];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Failed => "failed",
            Self::Empty => "empty",
            Self::Answered => "answered",
        }
    }
}

impl DnsRow {
    /// Nobody has to answer what is asked of everybody: then it is not known.
    pub fn state(&self) -> Option<DnsState> {
        match self.answered {
            0 if self.transport == Transport::Multicast => None,
            0 => Some(DnsState::Unanswered),
            answered if self.failed == answered => Some(DnsState::Failed),
            answered if self.failed.saturating_add(self.empty) == answered => Some(DnsState::Empty),
            _ => Some(DnsState::Answered),
        }
    }

    fn key(&self) -> Key<'_> {
        (self.client, self.server, self.transport, &self.name, self.kind)
    }

    fn note(&mut self, dns: &Dns, frame: u64) {
        self.first = self.first.min(dns.time);
        self.last = self.last.max(dns.time);
        self.last_frame = frame;
        if !dns.is_answer {
            add(&mut self.asked, 1);
            return;
        }
        add(&mut self.answered, 1);
        add(&mut self.truncated, dns.truncated.into());
        if dns.code != 0 {
            add(&mut self.failed, 1);
            self.failure = Some(dns.code);
        } else if dns.answers == 0 && !dns.truncated {
            add(&mut self.empty, 1);
        }
        if self.addresses.is_empty() {
            // Most rows never get more.
            self.addresses.reserve_exact(dns.addresses.len().min(MOST_ADDRESSES));
        }
        for told in &dns.addresses {
            if self.addresses.len() < MOST_ADDRESSES && !self.addresses.contains(&told.address) {
                self.addresses.push(told.address);
            }
        }
    }
}

/// Adds to a count, which stays where it cannot grow: rows are many, and kept small.
fn add(counter: &mut u32, more: u32) {
    *counter = counter.saturating_add(more);
}

/// What tells rows apart: client, server, transport, name, record type.
type Key<'a> = (IpAddr, IpAddr, Transport, &'a str, u16);
/// Client, server and identification: what an answer repeats of its question.
type Asked = (PackedAddress, PackedAddress, u16);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    row: usize,
    since: Timestamp,
    questions: u32,
}

/// The questions of a point, in the order of their first frames.
#[derive(Clone, Debug, Default)]
pub struct DnsFacts {
    pub rows: Blocks<DnsRow>,
    /// Messages about questions beyond the bound.
    pub beyond: u64,
    /// By the hash of its key, which the row itself has: the row's place.
    places: HashTable<u32>,
    /// The names of the rows: many ask for the same.
    names: HashSet<Arc<str>>,
    hasher: DefaultHashBuilder,
    waiting: HashMap<Asked, Waiting>,
    /// Those in order; some may have been answered.
    order: VecDeque<(Asked, Timestamp)>,
    /// When the last question was asked.
    asked_last: Option<Timestamp>,
}

impl DnsFacts {
    /// Takes a message; `frames_before` are the frames of the point before its chunk. Gives the name that its row is about.
    pub fn take(&mut self, dns: &Dns, frames_before: u64) -> Option<&Arc<str>> {
        let frame = frames_before + u64::from(dns.frame);
        let asked = (dns.client.into(), dns.server.into(), dns.id);
        let multicast = dns.transport == Transport::Multicast;
        let named = self.place(dns, frame);
        // What names another question answers none, whoever sent it (RFC 5452 9.1).
        let answers = |waiting: &Waiting| dns.question.is_none() || named == Some(waiting.row);
        let is_awaited = dns.is_answer && self.waiting.get(&asked).is_some_and(answers);
        let answered = if is_awaited { self.waiting.remove(&asked) } else { None };
        let place = named.or(answered.map(|waiting| waiting.row))?;
        let waited = answered.map(|waiting| dns.time.since(waiting.since));
        if let Some(row) = self.rows.get_mut(place) {
            row.note(dns, frame);
            row.answer_max = row.answer_max.max(waited.filter(|waited| (0..=PATIENCE).contains(&waited.0)));
        }
        if let Some(Waiting { row, questions, .. }) = answered
            && waited.is_some_and(|waited| waited.0 > PATIENCE)
            && let Some(row) = self.rows.get_mut(row)
        {
            add(&mut row.unanswered, questions);
        }
        if !dns.is_answer && !multicast {
            self.wait(asked, place, dns.time);
        }
        self.rows.get(place).map(|row| &row.name)
    }

    /// Nothing more comes: what still waits has no answer.
    pub fn finish(&mut self) {
        while let Some((asked, since)) = self.order.pop_front() {
            self.give_up(&asked, since);
        }
        (self.places, self.names, self.waiting) = Default::default();
    }

    /// The row of a message's question, new if need be; answers without a question, and what is beyond the bound, have none.
    fn place(&mut self, dns: &Dns, frame: u64) -> Option<usize> {
        let question = dns.question.as_ref()?;
        let key = (dns.client.ip(), dns.server.ip(), dns.transport, &*question.name, question.kind);
        let Self { rows, hasher, places, names, .. } = self;
        let hash = hasher.hash_one(key);
        if let Some(&place) = places.find(hash, |&place| rows.get(place as usize).is_some_and(|row| row.key() == key)) {
            return Some(place as usize);
        }
        if rows.len() >= MOST_ROWS {
            self.beyond += 1;
            return None;
        }
        let (client, server, transport, _, kind) = key;
        places.insert_unique(hash, rows.len() as u32, |&place| {
            rows.get(place as usize).map_or(0, |row| hasher.hash_one(row.key()))
        });
        rows.push(DnsRow {
            client,
            server,
            transport,
            name: Arc::clone(names.get_or_insert_with(&question.name, Arc::clone)),
            kind,
            asked: 0,
            answered: 0,
            unanswered: 0,
            failed: 0,
            failure: None,
            empty: 0,
            truncated: 0,
            addresses: Vec::new(),
            answer_max: None,
            first: dns.time,
            last: dns.time,
            first_frame: frame,
            last_frame: frame,
        });
        Some(rows.len() - 1)
    }

    fn wait(&mut self, asked: Asked, row: usize, since: Timestamp) {
        match self.waiting.get_mut(&asked) {
            Some(waiting) if waiting.row == row && since.since(waiting.since).0 <= PATIENCE => {
                add(&mut waiting.questions, 1);
                return;
            }
            // A port and number used again, for another question or long after: the first one waits no more.
            Some(&mut Waiting { since, .. }) => self.give_up(&asked, since),
            None => {}
        }
        self.waiting.insert(asked, Waiting { row, since, questions: 1 });
        self.order.push_back((asked, since));
        // A single clock that went wrong must not end all waiting.
        let now = since.min(self.asked_last.unwrap_or(since));
        self.asked_last = Some(since);
        while let Some(&(oldest, asked_at)) = self.order.front()
            && (self.order.len() > MOST_WAITING || now.since(asked_at).0 > PATIENCE)
        {
            self.order.pop_front();
            self.give_up(&oldest, asked_at);
        }
    }

    /// Waits no more for the answer to what was asked then, if that still waits.
    fn give_up(&mut self, asked: &Asked, since: Timestamp) {
        let Some(&Waiting { row, questions, .. }) = self.waiting.get(asked).filter(|waiting| waiting.since == since)
        else {
            return;
        };
        self.waiting.remove(asked);
        if let Some(row) = self.rows.get_mut(row) {
            add(&mut row.unanswered, questions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Address;
    use crate::wire::dns::{Question, Told};

    fn message(number: u32, name: &str, answer: Option<(u8, &[[u8; 4]])>) -> Dns {
        let told = |address: &[u8; 4]| Told { name: name.into(), address: (*address).into() };
        Dns {
            time: Timestamp::from_parts(i64::from(number), 0),
            frame: number,
            client: Address::v4([10, 0, 0, 1], 5000),
            server: Address::v4([10, 0, 0, 53], 53),
            transport: Transport::Udp,
            id: 7,
            is_answer: answer.is_some(),
            code: answer.map_or(0, |(code, _)| code),
            truncated: false,
            question: Some(Question { name: name.into(), kind: 1 }),
            answers: answer.map_or(0, |(_, addresses)| addresses.len() as u16),
            addresses: answer.map_or_else(Vec::new, |(_, addresses)| addresses.iter().map(told).collect()),
        }
    }

    fn row(messages: &[Dns]) -> DnsRow {
        let mut facts = DnsFacts::default();
        for dns in messages {
            facts.take(dns, 0);
        }
        facts.finish();
        facts.rows.iter().next().expect("a row").clone()
    }

    #[test]
    fn silence_failure_emptiness_and_an_answer_are_told_apart() {
        let asked = |number| message(number, "a.example", None);
        let silent = row(&[asked(1), asked(6)]);
        assert_eq!((silent.state(), silent.asked, silent.unanswered), (Some(DnsState::Unanswered), 2, 2));
        let failed = row(&[asked(1), message(2, "a.example", Some((3, &[])))]);
        assert_eq!((failed.state(), failed.failure, failed.unanswered), (Some(DnsState::Failed), Some(3), 0));
        assert_eq!(row(&[asked(1), message(2, "a.example", Some((0, &[])))]).state(), Some(DnsState::Empty));
        let answered = row(&[asked(1), asked(6), message(8, "a.example", Some((0, &[[192, 0, 2, 1]])))]);
        assert_eq!((answered.state(), answered.unanswered), (Some(DnsState::Answered), 0));
        assert_eq!(answered.answer_max, Some(Span::from_seconds(7)));
        assert_eq!(answered.addresses, [IpAddr::from([192, 0, 2, 1])]);
    }

    #[test]
    fn after_five_minutes_an_answer_is_none_to_the_question_whatever_others_ask_meanwhile() {
        let asked = message(0, "a.example", None);
        let answer = |second| message(second, "a.example", Some((0, &[[192, 0, 2, 1]])));
        let others = [301, 350, 351].map(|second| Dns { id: 8, ..message(second, "b.example", None) });
        let alone = row(&[asked.clone(), answer(400)]);
        let mut beside = vec![asked.clone()];
        beside.extend(others);
        beside.push(answer(400));
        assert_eq!(row(&beside), alone);
        assert_eq!((alone.unanswered, alone.answered, alone.answer_max), (1, 1, None));
        let in_time = row(&[asked, answer(299)]);
        assert_eq!((in_time.unanswered, in_time.answer_max), (0, Some(Span::from_seconds(299))));
    }

    #[test]
    fn what_names_another_question_answers_none_and_the_one_asked_waits_on() {
        let told = |messages: &[Dns]| {
            let mut facts = DnsFacts::default();
            for dns in messages {
                facts.take(dns, 0);
            }
            facts.finish();
            let row = |row: &DnsRow| (row.name.to_string(), row.answered, row.unanswered, row.answer_max);
            facts.rows.iter().map(row).collect::<Vec<_>>()
        };
        let asked = message(1, "a.example", None);
        let other = message(3, "b.example", Some((0, &[])));
        let own = message(4, "a.example", Some((0, &[])));
        let stray = ("b.example".to_owned(), 1, 0, None);
        assert_eq!(told(&[asked.clone(), other.clone()]), [("a.example".to_owned(), 0, 1, None), stray.clone()]);
        let after_three = Some(Span::from_seconds(3));
        assert_eq!(told(&[asked, other, own]), [("a.example".to_owned(), 1, 0, after_three), stray]);
    }

    #[test]
    fn a_question_asked_again_an_hour_later_waits_anew() {
        let again = row(&[
            message(0, "a.example", None),
            message(3600, "a.example", None),
            message(3601, "a.example", Some((0, &[]))),
        ]);
        assert_eq!((again.asked, again.unanswered, again.answer_max), (2, 1, Some(Span::from_seconds(1))));
    }

    #[test]
    fn one_wrong_clock_does_not_end_all_waiting() {
        let wrong = Dns { id: 9, ..message(4_000_000_000, "b.example", None) };
        let other = Dns { id: 8, ..message(2, "c.example", None) };
        let messages = [message(1, "a.example", None), wrong, other, message(3, "a.example", Some((0, &[])))];
        let row = row(&messages);
        assert_eq!((row.unanswered, row.answer_max), (0, Some(Span::from_seconds(2))));
    }

    #[test]
    fn a_number_used_again_leaves_the_first_question_unanswered() {
        let again = [message(1, "a.example", None), message(2, "b.example", None)];
        assert_eq!(row(&again).unanswered, 1);
    }

    #[test]
    fn questions_beyond_the_bound_are_counted() {
        let mut facts = DnsFacts::default();
        for number in 0..MOST_ROWS as u32 + 3 {
            facts.take(&message(number, &format!("{number}.example"), None), 0);
        }
        assert_eq!((facts.rows.len(), facts.beyond), (MOST_ROWS, 3));
    }
}
