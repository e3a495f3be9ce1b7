//! Named numbers of a socket that few formats carry: `rto`, `unacked`, `skmem_drops`. Packed, because a dump of a million
//! sockets has forty of them in each row.

use std::fmt;

/// What one number is.
#[derive(Debug, PartialEq, Eq)]
pub struct Measure {
    /// As the `details` column prints it, with the unit as a suffix: `lastsnd_ms`.
    pub name: &'static str,
    pub doc: &'static str,
}

const fn measure(name: &'static str, doc: &'static str) -> Measure {
    Measure { name, doc }
}

/// All measures: one line each, in the order of printing. At most 128.
pub static MEASURES: &[Measure] = &[
    measure("queue_limit", "Most connections that may wait to be accepted."),
    measure("incomplete_queue", "Connections half open at this listener."),
    measure("unacked", "Segments sent and not acknowledged; of a listener, connections that wait to be accepted."),
    measure("rto_us", "Retransmission timeout."),
    measure("backoff", "How often the retransmission timeout was doubled."),
    measure("retrans", "Segments retransmitted and not yet acknowledged."),
    measure("retrans_total", "Segments retransmitted in the life of the connection."),
    measure("lost", "Segments held for lost."),
    measure("sacked", "Segments acknowledged selectively."),
    measure("reordering", "Reordering that was seen, in segments."),
    measure("lastsnd_ms", "Since the last data segment was sent."),
    measure("lastrcv_ms", "Since the last data segment came."),
    measure("lastack_ms", "Since the last acknowledgement came."),
    measure("rtt_us", "Smoothed round-trip time."),
    measure("rttvar_us", "Variation of the round-trip time."),
    measure("minrtt_us", "Least round-trip time."),
    measure("rcv_rtt_us", "Round-trip time as the receiver estimates it."),
    measure("ato_us", "Timeout of delayed acknowledgements."),
    measure("mss", "Largest segment that is sent, in bytes."),
    measure("pmtu", "Largest packet that the path takes, in bytes."),
    measure("rcvmss", "Largest segment that came, in bytes."),
    measure("advmss", "Largest segment that was announced, in bytes."),
    measure("wscale_send", "Window scale of the peer."),
    measure("wscale_receive", "Our window scale."),
    measure("cwnd", "Congestion window, in segments."),
    measure("ssthresh", "Slow start threshold, in segments."),
    measure("bytes_sent", "Payload bytes sent, repeats included."),
    measure("bytes_retrans", "Payload bytes sent again."),
    measure("bytes_acked", "Payload bytes acknowledged."),
    measure("bytes_received", "Payload bytes received."),
    measure("segs_out", "Segments sent."),
    measure("segs_in", "Segments received."),
    measure("data_segs_out", "Segments with data sent."),
    measure("data_segs_in", "Segments with data received."),
    measure("notsent_bytes", "Bytes that wait to be sent for the first time."),
    measure("busy_ms", "Time with data in flight."),
    measure("rwnd_limited_ms", "Time that the peer's window held back data."),
    measure("sndbuf_limited_ms", "Time that our send buffer held back data."),
    measure("snd_wnd", "Window that the peer grants, in bytes."),
    measure("rcv_wnd", "Window that we grant, in bytes."),
    measure("rcv_space", "Receive buffer that is aimed at, in bytes."),
    measure("rcv_ssthresh", "Bound of the window that we grant, in bytes."),
    measure("delivered", "Segments that arrived at the peer."),
    measure("app_limited", "1 if the program gives less than the connection could carry."),
    measure("dsack_dups", "Segments that the peer reports to have got twice."),
    measure("rehash", "How often another path was tried."),
    measure("skmem_rmem", "Memory of the receive queue, in bytes."),
    measure("skmem_rcvbuf", "Receive buffer, in bytes."),
    measure("skmem_wmem", "Memory of the send queue, in bytes."),
    measure("skmem_sndbuf", "Send buffer, in bytes."),
    measure("skmem_backlog", "Memory of segments that wait for the program to leave the socket, in bytes."),
    measure("skmem_drops", "Packets that this socket dropped; of a listener, since it listens."),
    measure("v6only", "1 if the listener takes IPv6 only, 0 if IPv4 too."),
    measure("swind", "Send window, in bytes."),
    measure("rwind", "Receive window, in bytes."),
    measure("ooo_received", "Segments that came out of order."),
    measure("zero_windows_sent", "Times that we announced a window of 0."),
];

/// Where each name stands in [`MEASURES`]: a dump of `ss -i` asks dozens of times a row. Open addressing, made when
/// compiled; each slot holds a place and one more, 0 where nothing is.
static PLACES: [u8; 512] = {
    let mut slots = [0; 512];
    let mut place = 0;
    while place < MEASURES.len() {
        let mut slot = slot(MEASURES[place].name.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % slots.len();
        }
        place += 1;
        slots[slot] = place as u8;
    }
    slots
};

/// Where the search for a name begins.
const fn slot(name: &[u8]) -> usize {
    match name {
        [] => 0,
        [first, ..] => {
            let (middle, last) = (name[name.len() / 2] as usize, name[name.len() - 1] as usize);
            (name.len() * 67 + *first as usize * 3 + middle * 13 + last * 29) % 512
        }
    }
}

/// The place of the measure with this name.
fn place(name: &str) -> Option<u8> {
    let from = slot(name.as_bytes());
    let slots = PLACES.iter().cycle().skip(from).take(PLACES.len());
    let mut places = slots.map_while(|slot| slot.checked_sub(1));
    places.find(|place| MEASURES.get(usize::from(*place)).is_some_and(|measure| measure.name == name))
}

/// The numbers of one socket: pairs of a place in [`MEASURES`] and a variable-length number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Measures(Box<[u8]>);

impl Measures {
    /// The number of this name; `None` too where no measure has the name.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.iter().find(|(measure, _)| measure.name == name).map(|(_, value)| value)
    }

    /// All, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Measure, u64)> {
        let mut rest = self.0.iter();
        std::iter::from_fn(move || {
            let measure = MEASURES.get(usize::from(*rest.next()?))?;
            let mut value = 0;
            for (shift, &byte) in (0..64).step_by(7).zip(&mut rest) {
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            Some((measure, value))
        })
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(&'static str, u32)> for Measures {
    fn from_iter<I: IntoIterator<Item = (&'static str, u32)>>(numbers: I) -> Self {
        let (mut gathered, mut measures) = (Gathered::default(), Self::default());
        numbers.into_iter().for_each(|(name, value)| gathered.add(name, value.into()));
        gathered.give(&mut measures);
        measures
    }
}

impl fmt::Debug for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(measure, value)| (measure.name, value))).finish()
    }
}

/// Measures being gathered.
#[derive(Default)]
pub struct Gathered(Vec<u8>);

impl Gathered {
    /// Adds a number; one without a place in the table is left out.
    pub fn add(&mut self, name: &str, mut value: u64) {
        let Some(place) = place(name) else { return };
        self.0.push(place);
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Adds what was gathered to the measures of a socket, and is empty again.
    pub fn give(&mut self, measures: &mut Measures) {
        if !self.0.is_empty() {
            measures.0 = [&measures.0, self.0.as_slice()].concat().into();
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(values in proptest::collection::vec(any::<u64>(), 0..MEASURES.len())) {
            let mut gathered = Gathered::default();
            for (measure, value) in MEASURES.iter().zip(&values) {
                gathered.add(measure.name, *value);
            }
            let mut measures = Measures::default();
            gathered.give(&mut measures);
            prop_assert_eq!(measures.iter().map(|(_, value)| value).collect::<Vec<_>>(), values.clone());
            for (measure, value) in MEASURES.iter().zip(&values) {
                prop_assert_eq!(measures.get(measure.name), Some(*value));
            }
            gathered.add("rto_us", 7);
            let before = measures.clone();
            gathered.give(&mut measures);
            prop_assert_eq!(measures.iter().count(), before.iter().count() + 1);
        }
    }

    #[test]
    fn names_are_unique_and_every_meaning_is_a_sentence() {
        let names: HashSet<_> = MEASURES.iter().map(|measure| measure.name).collect();
        assert!(names.len() == MEASURES.len() && MEASURES.len() <= 128);
        assert!((0..).zip(MEASURES).all(|(at, measure)| place(measure.name) == Some(at)));
        assert_eq!(["", "rto", "no_such_measure"].map(place), [None; 3]);
        assert!(MEASURES.iter().all(|measure| measure.doc.ends_with('.')));
    }
}
