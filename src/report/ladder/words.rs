//! Words of the ladder: flags and numbers of a segment, what it was and did, and how a connection ended.

use super::super::human::{address, bytes, count, duration};
use crate::case::Judged;
use crate::seq::Seq;
use crate::tcp::judgement::Caveats;
use crate::tcp::step::{IgnoredReset, Note, Notice, Step, StepPacket};
use crate::tcp::summary::Fit;
use crate::tcp::{Cause, Origin, Outcome, Side, Verdict};
use crate::time::Span;
use crate::wire::{Flags, IcmpKind};

const FLAGS: [(Flags, &str); 9] = [
    (Flags::SYN, "SYN"),
    (Flags::FIN, "FIN"),
    (Flags::RST, "RST"),
    (Flags::PSH, "PSH"),
    (Flags::ACK, "ACK"),
    (Flags::URG, "URG"),
    (Flags::ECE, "ECE"),
    (Flags::CWR, "CWR"),
    (Flags::AE, "AE"),
];

/// `SYN,ACK`
pub(super) fn flags(flags: Flags, push: bool) -> String {
    let names = FLAGS.iter().filter(|(flag, _)| flags.has(*flag) && (push || *flag != Flags::PSH));
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    if names.is_empty() { "no flags".to_owned() } else { names.join(",") }
}

/// A number relative to its base; absolute with `=`, as in packet scripts, where it lies before that.
pub(super) fn number(number: Seq, base: Option<Seq>) -> String {
    match base.filter(|&base| number.reaches(base)) {
        Some(base) => number.since(base).to_string(),
        None => format!("={}", number.0),
    }
}

/// Flags and numbers of a segment, as many as fit.
pub(super) fn segment(step: &Step, columns: usize) -> String {
    let StepPacket::Segment { segment, rare, window, .. } = &step.packet else { return String::new() };
    let [mine, peers] = [step.side, step.side.peer()].map(|side| step.bases[side as usize]);
    let seq = format!(" seq {}", number(segment.seq, mine));
    let acks = segment.flags.any(Flags::ACK);
    let ack = if acks { format!(" ack {}", number(segment.ack, peers)) } else { String::new() };
    let len = if segment.len > 0 { format!(" len {}", segment.len) } else { String::new() };
    let win = window.map_or(String::new(), |window| format!(" win {window}"));
    let sack = rare
        .iter()
        .flat_map(|rare| rare.sack_blocks())
        .map(|&(from, to)| format!(" sack {}:{}", number(from, peers), number(to, peers)));
    let sack: String = sack.collect();
    let has = |test: fn(&Note) -> bool| step.notes.iter().any(test);
    let about_window = has(|note| matches!(note, Note::WindowCloses | Note::WindowOpens(_) | Note::WindowUpdate));
    let probes = has(|note| matches!(note, Note::WindowProbe | Note::KeepAlive));
    let empty = segment.len == 0 && !probes && !segment.flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST));
    let [full, short] = [true, false].map(|push| flags(segment.flags, push));
    let short = if segment.flags == Flags::PSH { full.clone() } else { short };
    let lesser = if empty { format!("{short}{ack}") } else { format!("{short}{seq}{len}") };
    let shorter = if about_window { format!("{lesser}{win}") } else { lesser.clone() };
    let tries = [
        format!("{full}{seq}{ack}{len}{win}{sack}"),
        format!("{full}{seq}{ack}{len}{win}"),
        format!("{short}{seq}{ack}{len}{}", if about_window { &win } else { "" }),
        shorter,
    ];
    tries.into_iter().find(|text| text.len() <= columns).unwrap_or(lesser)
}

/// `ICMP 3/13 from 10.1.0.1`
pub(super) fn notice(notice: &Notice) -> String {
    let IcmpKind { v6, kind, code } = notice.error.kind;
    let name = if v6 { "ICMPv6" } else { "ICMP" };
    let from = notice.from.map_or(String::new(), |from| format!(" from {from}"));
    format!("{name} {kind}/{code}{from}")
}

/// What a packet was and did.
pub fn why(step: &Step) -> String {
    let notes: Vec<String> = step.notes.iter().map(|note| word(*note, step)).collect();
    notes.join("; ")
}

fn word(note: Note, step: &Step) -> String {
    let beyond = |side: Side, more: u32| match more {
        0 => format!("ack = {} ISS + 1", side.name()),
        more => format!("ack = {} ISS + 1 + {} B", side.name(), count(more.into())),
    };
    let text = match note {
        Note::SynAgain(times) => return format!("SYN again (try {times})"),
        Note::AnswersSyn(side, more) | Note::AcksSyn(side, more) => return beyond(side, more),
        Note::WindowOpens(to) => return format!("window opens ({})", count(to.into())),
        Note::Gap(missed) => return format!("{} acknowledged that were not captured", bytes(missed)),
        Note::Silence(span) => return format!("after {} of silence", duration(span)),
        Note::Closes(side) => return format!("{}'s close()", side.name()),
        Note::TakenBack(side) => return format!("RST taken back: {} goes on", side.name()),
        Note::Icmp { rejects_syn } => return icmp(step, rejects_syn),
        Note::OlderConnection => return older(step).to_owned(),
        Note::SimultaneousOpen => "simultaneous open",
        Note::FastOpen => "Fast Open: payload with the SYN",
        Note::SynFin => "SYN with FIN: opens nothing by itself",
        Note::SynAckAgain => "SYN-ACK again",
        Note::SynAckAgainAfterAck => "SYN-ACK again although acknowledged",
        Note::OtherSynAck => "another SYN-ACK, too late: ignored",
        Note::AckNotTaken => "ACK again, not taken: accept queue full",
        Note::Joined => "began before the capture",
        Note::Challenge => "challenge ACK: acknowledges nothing of this SYN",
        Note::ChallengesNext => "challenge ACK to the next connection's SYN",
        Note::FirstData => "first data",
        Note::Retransmission(Cause::Timeout) => "retransmission (timeout)",
        Note::Retransmission(Cause::Fast) => "retransmission (fast)",
        Note::Needless => "the retransmission was needless",
        Note::Reordered => "overtaken on the way",
        Note::Duplicate(Origin::Capture) => "duplicate by the capture",
        Note::Duplicate(Origin::Network) => "duplicate by the network",
        Note::DuplicateAck => "duplicate ACK",
        Note::KeepAlive => "keep-alive",
        Note::WindowProbe => "window probe",
        Note::WindowCloses => "window closes",
        Note::WindowUpdate => "window update",
        Note::FarOff => "far out of window: ignored",
        Note::FinAgain => "FIN again",
        Note::FinAgainAfterAck => "FIN again: its ACK was lost",
        Note::FinReceived => "FIN was received",
        Note::BothFinsAcknowledged => "both FINs are acknowledged",
        Note::Refused => "RST answers the SYN: refused",
        Note::Reset(Fit::Exact) => "RST exact: accepted",
        Note::Reset(Fit::InWindow) => "RST in window, not exact: may be challenged",
        Note::UnlikeSender => return format!("unlike the {}'s other segments", step.side.name()),
        Note::ResetAgain => "RST again: it was over before",
        Note::ResetIgnored(IgnoredReset::NoAnswer) => "RST acknowledges nothing of the SYN: ignored",
        Note::ResetIgnored(IgnoredReset::OutOfWindow) => "RST out of window: ignored",
        Note::ResetIgnored(IgnoredReset::AlreadyClosed) => "RST after the close: ignored",
        Note::ResetIgnored(IgnoredReset::NoConnection) => "RST of nothing that was seen",
    };
    text.to_owned()
}

fn older(step: &Step) -> &'static str {
    match &step.packet {
        StepPacket::Segment { segment, .. } if segment.flags.any(Flags::RST) => "RST for the connection before",
        _ if step.side == Side::Server => "challenge ACK of the connection before",
        _ => "belongs to the connection before",
    }
}

fn icmp(step: &Step, rejects_syn: bool) -> String {
    let StepPacket::Icmp(notice) = &step.packet else { return String::new() };
    let meaning = icmp_meaning(notice.error.kind);
    let mtu = notice.mtu.filter(|_| is_too_big(notice.error.kind)).map_or(String::new(), |mtu| format!(" (MTU {mtu})"));
    format!("{meaning}{mtu}{}", if rejects_syn { ": rejects the SYN" } else { "" })
}

const fn is_too_big(kind: IcmpKind) -> bool {
    matches!((kind.v6, kind.kind, kind.code), (false, 3, 4) | (true, 2, _))
}

/// RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1, RFC 4443.
pub(super) const fn icmp_meaning(kind: IcmpKind) -> &'static str {
    match (kind.v6, kind.kind, kind.code) {
        (false, 3, 0 | 6 | 11) | (true, 1, 0) => "no route to the network",
        (false, 3, 1 | 7 | 12) | (true, 1, 3) => "host unreachable",
        (false, 3, 2) => "protocol unreachable",
        (false, 3, 3) | (true, 1, 4) => "port unreachable",
        (false, 3, 4) => "fragmentation needed",
        (true, 2, _) => "packet too big",
        (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5) => "administratively prohibited",
        (false, 4, _) => "source quench",
        (false, 5, _) => "redirect",
        (false, 11, _) | (true, 3, _) => "time exceeded on the way",
        (false, 12, _) | (true, 4, _) => "parameter problem",
        _ => "destination unreachable",
    }
}

/// How it stood when nothing more came.
pub(super) fn ending(row: &Judged, silence: Span) -> String {
    let summary = &row.summary;
    if row.outcome == Outcome::RstRefused {
        return "refused".to_owned();
    }
    if let Some(reset) = summary.reset {
        return format!("reset by the {}", reset.by.name());
    }
    if let (Some(id), true) = (row.next_id(), row.judgement.caveats.has(Caveats::SUPERSEDED)) {
        return format!("{id:016x} takes the ports over");
    }
    let waited = duration(silence);
    match row.outcome {
        Outcome::Completed | Outcome::Closed => "closed in good order".to_owned(),
        _ if row.judgement.caveats.has(Caveats::CUT_BY_END) => "the capture ends too soon to tell".to_owned(),
        Outcome::Open | Outcome::HalfClosed if silence.0 > 0 => format!("open, idle for {waited}"),
        Outcome::Open | Outcome::HalfClosed => "open".to_owned(),
        _ if row.outcome.verdict() == Verdict::Noise => String::new(),
        _ if silence.0 > 0 => format!("nothing more for {waited}"),
        _ => "nothing more".to_owned(),
    }
}

/// `10.1.0.20:49161 -> 10.1.0.40:5432`
pub(super) fn ends(row: &Judged) -> String {
    format!("{} -> {}", address(row.client), address(row.server))
}
