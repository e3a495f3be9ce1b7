//! Which connection is meant: by the beginning of its id, by its addresses, or by a frame of a file.

use super::Tracking;
use super::deliver::judged;
use super::revisit::Owner;
use crate::case::{Facts, Judged};
use crate::wire::Address;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Digits of an id that are asked for at least: fewer are likely to be a word.
const DIGITS: usize = 4;

/// How a person names a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The first hexadecimal digits of its id.
    Id { digits: String },
    /// An address at either end, of any port if it has none.
    End(IpAddr, Option<u16>),
    /// Both ends, in either order.
    Ends(SocketAddr, SocketAddr),
    /// A frame, by its number within the file as Wireshark counts.
    Frame { file: String, number: u64 },
}

/// What a key led to.
#[derive(Clone, Debug)]
pub struct Found {
    /// In row order, as many as were asked for.
    pub rows: Vec<Judged>,
    /// How many there are.
    pub total: u64,
    /// Why there is none, in words.
    pub nothing: String,
}

impl Key {
    /// Reads a key as people write it; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() >= DIGITS && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(Self::Id { digits: text.to_ascii_lowercase() });
        }
        if let Ok(end) = text.parse::<SocketAddr>() {
            return Some(Self::End(end.ip().to_canonical(), Some(end.port())));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::End(ip.to_canonical(), None));
        }
        let both = ["->", "-"].into_iter().find_map(|between| {
            let (one, other) = text.split_once(between)?;
            let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
            Some((canonical(one.trim().parse().ok()?), canonical(other.trim().parse().ok()?)))
        });
        if let Some((one, other)) = both {
            return Some(Self::Ends(one, other));
        }
        let (file, number) = text.rsplit_once(':')?;
        let number = number.parse().ok().filter(|&number| number > 0)?;
        (!file.is_empty()).then(|| Self::Frame { file: file.to_owned(), number })
    }
}

impl Tracking {
    /// The connections that a key means, the first `most` of them.
    ///
    /// # Errors
    /// When the rows that wait on disk cannot be read.
    pub fn find(&mut self, key: &Key, most: usize) -> io::Result<Found> {
        match key {
            Key::Id { digits } => {
                let nothing = format!("no connection has an id that begins with {digits}");
                self.those(most, nothing, &|row| format!("{:016x}", row.id()).starts_with(digits))
            }
            Key::End(ip, port) => {
                let end = port.map_or(ip.to_string(), |port| SocketAddr::new(*ip, port).to_string());
                let is_end = |address: Address| address.ip() == *ip && port.is_none_or(|port| port == address.port);
                self.those(most, format!("no connection has an end at {end}"), &|row| {
                    is_end(row.client) || is_end(row.server)
                })
            }
            Key::Ends(one, other) => {
                let nothing = format!("no connection between {one} and {other}");
                self.those(most, nothing, &|row| {
                    let [client, server] =
                        [row.client, row.server].map(|address| SocketAddr::new(address.ip(), address.port));
                    (client, server) == (*one, *other) || (client, server) == (*other, *one)
                })
            }
            Key::Frame { file, number } => self.by_frame(file, *number, most),
        }
    }

    fn those(&mut self, most: usize, nothing: String, wanted: &(dyn Fn(&Judged) -> bool + Sync)) -> io::Result<Found> {
        let mut found = Found { rows: Vec::new(), total: 0, nothing };
        let Self { runs, facts, pool, timings, rows: condition, .. } = self;
        let chosen = |row: &Judged| condition.as_ref().is_none_or(|condition| (condition.test)(row, facts));
        pool.install(|| {
            judged(runs, facts, timings, &mut |rows| {
                for row in rows.iter().filter(|row| wanted(row) && chosen(row)) {
                    found.total += 1;
                    if found.rows.len() < most {
                        found.rows.push(row.clone());
                    }
                }
                Ok(())
            })
        })?;
        Ok(found)
    }

    /// The connection that took a frame; several where several files have that name.
    fn by_frame(&mut self, file: &str, number: u64, most: usize) -> io::Result<Found> {
        let places = places(&self.facts, file);
        let mut owners = Vec::new();
        let mut nothing = format!("{file}: no such file among the inputs");
        for &(point, frames_before, frames) in &places {
            match if number > frames { Owner::NoFrame } else { self.owner(point, frames_before + number) } {
                Owner::Connection { first_frame } => owners.push((point, first_frame)),
                Owner::NoFrame => nothing = format!("{file}: has {frames} frames, none with the number {number}"),
                Owner::Unmatched => {
                    nothing = format!("{file}: frame {number} is an ICMP error about no connection here")
                }
                Owner::LeftOut => {
                    nothing = format!("{file}: frame {number} is left out by --since, --until or --filter")
                }
                Owner::Other(why) => nothing = format!("{file}: frame {number} holds no TCP: {}", why.name()),
            }
        }
        if owners.is_empty() {
            return Ok(Found { rows: Vec::new(), total: 0, nothing });
        }
        self.those(most, nothing, &|row| owners.contains(&(row.summary.point, row.summary.first_frame)))
    }
}

/// Point, frames before and frames of every file with this path, or whose path ends in it.
fn places(facts: &Facts, file: &str) -> Vec<(u32, u64, u64)> {
    let plain = file.strip_prefix("./").unwrap_or(file);
    let is_named = |path: &str| {
        let before = path.strip_suffix(plain);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\', ':']))
    };
    let files = facts.points.iter().enumerate().flat_map(|(point, known)| {
        known.files.iter().map(move |file| (file.path.as_str(), (point as u32, file.frames_before, file.frames)))
    });
    let all: Vec<_> = files.collect();
    let exact: Vec<_> = all.iter().filter(|(path, _)| *path == file).map(|&(_, place)| place).collect();
    if !exact.is_empty() {
        return exact;
    }
    all.into_iter().filter(|(path, _)| is_named(path)).map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        let id = |digits: &str| Some(Key::Id { digits: digits.to_owned() });
        assert_eq!(Key::parse("A09b"), id("a09b"));
        assert_eq!(Key::parse("0123456789abcdef"), id("0123456789abcdef"));
        assert_eq!(Key::parse("a09"), None, "too short to be told from a word");
        let ip: IpAddr = "10.1.0.20".parse().expect("an address");
        assert_eq!(Key::parse("10.1.0.20:80"), Some(Key::End(ip, Some(80))));
        assert_eq!(Key::parse("10.1.0.20"), Some(Key::End(ip, None)));
        assert_eq!(Key::parse("::ffff:10.1.0.20"), Some(Key::End(ip, None)), "mapped addresses are IPv4");
        let six: SocketAddr = "[2001:db8::1]:443".parse().expect("an address");
        assert_eq!(Key::parse("[2001:db8::1]:443"), Some(Key::End(six.ip(), Some(443))));
        let ends = Some(Key::Ends(six, "10.0.0.1:9".parse().expect("an address")));
        for text in
            ["[2001:db8::1]:443-10.0.0.1:9", "[2001:db8::1]:443 - 10.0.0.1:9", "[2001:db8::1]:443 -> 10.0.0.1:9"]
        {
            assert_eq!(Key::parse(text), ends, "{text}");
        }
        let frame = |file: &str| Some(Key::Frame { file: file.to_owned(), number: 12 });
        assert_eq!(Key::parse("a-b/cli.pcap:12"), frame("a-b/cli.pcap"));
        assert_eq!(Key::parse("evidence.zip:cli.pcap:12"), frame("evidence.zip:cli.pcap"));
        assert_eq!([":12", "cli.pcap:0", "cli.pcap:x", "cli.pcap"].map(Key::parse), [None, None, None, None]);
    }
}
