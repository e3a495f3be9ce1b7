//! When the packets of a text were: with a date, with a time of day alone, since the first or the one before, or not at all.

use super::packet::Packet;
use crate::time::calendar::Written;
use crate::time::{SECOND, Span, Timestamp};

/// The time that a line carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp {
    /// With its date. Without a zone, which nobody prints, it is taken for UTC.
    Dated(Timestamp),
    /// Since 1970 in seconds: UTC.
    Epoch(Timestamp),
    /// Time of day.
    Clock(Span),
    /// Since the capture began.
    Start(Span),
    /// Since the line before or since the first, which is told by whether the times ever go back.
    Since(Span),
}

/// The date that stands for one that was not printed: 2000-01-01.
const NO_DATE: Timestamp = Timestamp(946_684_800 * SECOND);
/// What is said of it.
pub(super) const NO_DATE_TOLD: &str = "its times name no date and no zone: 2000-01-01 stands for the first day, in UTC";
const DAY: i64 = 86_400 * SECOND;
/// What a pcap can say.
const LAST: Timestamp = Timestamp(u32::MAX as i64 * SECOND);

impl Stamp {
    /// The time at the start of a line, and what stands behind it.
    pub fn read(line: &str) -> Option<(Self, &str)> {
        let (first, rest) = line.split_once(' ')?;
        if let Some(back) = first.strip_prefix('-').and_then(clock) {
            return Some((Self::Since(Span(-back.0)), rest));
        }
        if let Some(clock) = clock(first) {
            return Some((Self::Clock(clock), rest));
        }
        if first.len() == 10 && first.as_bytes().get(4) == Some(&b'-') {
            let second = rest.split(' ').next()?;
            clock(second)?;
            let dated = Written::read(line.get(..11 + second.len())?)?.timestamp(None)?;
            let rest = rest.get(second.len()..)?;
            return Some((Self::Dated(dated).bounded()?, rest.trim_start()));
        }
        // A whole number may be anything that a folded line goes on with.
        let seconds = seconds(first).filter(|seconds| first.contains('.') && seconds.0 >= 100_000_000 * SECOND)?;
        Some((Self::Epoch(Timestamp(seconds.0)).bounded()?, rest))
    }

    fn bounded(self) -> Option<Self> {
        match self {
            Self::Dated(time) | Self::Epoch(time) => (Timestamp(1)..LAST).contains(&time).then_some(self),
            Self::Clock(_) | Self::Start(_) | Self::Since(_) => Some(self),
        }
    }
}

/// `20:05:29.319551`: hours, minutes, seconds and perhaps a fraction.
fn clock(word: &str) -> Option<Span> {
    let (hours, rest) = word.split_once(':')?;
    let (minutes, rest) = rest.split_once(':')?;
    let (hours, minutes, seconds) = (two(hours)?, two(minutes)?, seconds(rest)?);
    let in_range = hours < 24 && minutes < 60 && seconds.0 < 61 * SECOND;
    in_range.then(|| Span((hours * 3600 + minutes * 60) * SECOND + seconds.0))
}

fn two(digits: &str) -> Option<i64> {
    (digits.len() <= 2).then(|| digits.parse::<u8>().ok().map(i64::from)).flatten()
}

/// Seconds with up to nine decimals; more than that are cut.
pub(super) fn seconds(word: &str) -> Option<Span> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 10 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanoseconds: i64 = format!("{:0<9.9}", fraction).parse().ok()?;
    Some(Span(whole.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(nanoseconds)?))
}

/// The time of every packet, and what was assumed for it. `margin` is what stands before the first one in its line.
pub(super) fn times(packets: &mut [Packet], margin: &str) -> (Vec<Timestamp>, Option<String>) {
    if packets.iter().all(|packet| packet.at.is_none()) {
        return (vec![Timestamp(0); packets.len()], assumption(None));
    }
    if counts_from_another(packets, margin) {
        for stamp in packets.iter_mut().filter_map(|packet| packet.at.as_mut()) {
            if let Stamp::Clock(span) = *stamp {
                *stamp = Stamp::Since(span);
            }
        }
    }
    let packets = &*packets;
    let mut times = Vec::with_capacity(packets.len());
    let from_first = counts_from_first(packets);
    let (mut last, mut days) = (NO_DATE, Days::default());
    for packet in packets {
        let time = match packet.at {
            Some(Stamp::Dated(time) | Stamp::Epoch(time)) => {
                days.begin(time);
                time
            }
            Some(Stamp::Clock(clock)) => days.time(last, clock),
            Some(Stamp::Start(span)) => NO_DATE.plus(span),
            Some(Stamp::Since(span)) if from_first => NO_DATE.plus(span),
            Some(Stamp::Since(span)) => last.plus(span),
            None => last.plus(Span::from_micros(1)),
        };
        last = time.clamp(Timestamp(1), LAST);
        times.push(last);
    }
    (times, packets.first().and_then(|packet| assumption(packet.at)))
}

/// Days that a clock without a date went through.
pub(super) struct Days(Timestamp);

impl Default for Days {
    fn default() -> Self {
        Self(NO_DATE)
    }
}

impl Days {
    /// A clock that follows shows a time of that day, or of the next.
    fn begin(&mut self, time: Timestamp) {
        self.0 = Timestamp(time.0.saturating_sub(time.0.rem_euclid(DAY)));
    }

    /// When the clock showed this, after `last`.
    pub fn time(&mut self, last: Timestamp, clock: Span) -> Timestamp {
        // Midnight has passed; a little back is a packet out of order.
        if last.since(self.0.plus(clock)).0 > DAY / 2 {
            self.0 = self.0.plus(Span(DAY));
        }
        self.0.plus(clock).min(LAST)
    }
}

/// Whether what looks like the time of day is the time since another packet (`-ttt`, `-ttttt`): before that tcpdump prints a
/// blank, and the first is 0.
fn counts_from_another(packets: &[Packet], margin: &str) -> bool {
    let mut clocks = packets.iter().filter_map(|packet| match packet.at {
        Some(Stamp::Clock(span)) => Some(span),
        _ => None,
    });
    let starts = packets.first().is_some_and(|packet| packet.at == Some(Stamp::Clock(Span(0))));
    starts || margin == " " && clocks.all(|span| span.0 < 3600 * SECOND)
}

/// Times between packets go up and down; a row of five that never goes back counts from the first packet.
fn counts_from_first(packets: &[Packet]) -> bool {
    let since = |packet: &Packet| match packet.at {
        Some(Stamp::Since(span)) => Some(span),
        _ => None,
    };
    let spans: Vec<Span> = packets.iter().filter_map(since).collect();
    spans.len() >= 5 && spans.is_sorted()
}

fn assumption(stamp: Option<Stamp>) -> Option<String> {
    let text = match stamp {
        Some(Stamp::Epoch(_)) => return None,
        Some(Stamp::Dated(_)) => "its times name no zone and are taken for UTC",
        Some(Stamp::Clock(_)) => NO_DATE_TOLD,
        Some(Stamp::Start(_)) => "its times count from the start of the capture, for which 2000-01-01 stands",
        Some(Stamp::Since(_)) => "its times count from another packet: 2000-01-01 stands for the first day",
        None => "it has no times, so that nothing can be told of how long anything took",
    };
    Some(text.to_owned())
}
