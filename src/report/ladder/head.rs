//! The head of the ladder: what became of the connection, how sure that is, and what it rests on.

use super::super::human::{bytes, counted, duration};
use super::super::terminal::{Line, Paint, Style, wrap};
use super::{kernel, logged, words};
use crate::case::{Facts as Known, Judged};
use crate::tcp::judgement::Caveats;
use crate::tcp::step::ResetEvidence;
use crate::tcp::{Confidence, RoleBasis, Side, State};

/// Columns of the labels.
const LABEL: usize = 11;

/// What each caveat means for the reader of this connection, in the order of [`Caveats::NAMES`].
const CAVEATS: [&str; Caveats::NAMES.len()] = [
    "no SYN was captured: it may have begun before the capture",
    "the capture ends less than 1 s after something that was still unanswered",
    "only one direction was captured: what the other side did is inferred",
    "bytes were acknowledged that were never captured: lost by the capture, not by the network",
    "a newer connection took its addresses and ports before it was closed",
    "finished early: more connections were open than fit into memory",
    "packets were seen twice",
    "packets overtook each other",
    "client and server were told apart by a guess",
    "segments longer than the MSS, or without a length: captured on a host with offloading, which is normal",
    "TCP headers were cut by the snap length: options may be missing",
    "read from text: there are no bytes to check",
];

pub(super) fn lines(row: &Judged, known: &Known, evidence: Option<ResetEvidence>, style: Style) -> Vec<Line> {
    let verdict = row.outcome.verdict();
    let title = Line::of(Paint::Bold, &format!("connection {:016x}  ", row.id())).with(Paint::Plain, &words::ends(row));
    let outcome = format!("{} ({}): {}", row.outcome.name(), verdict.name(), row.outcome.meaning());
    let mut lines = vec![title];
    lines.extend(labelled("outcome", &outcome, Paint::of(verdict), style));
    let mut add = |label: &str, text: String| lines.extend(labelled(label, &text, Paint::Plain, style));
    for (side, state) in Side::BOTH.into_iter().zip(row.judgement.states) {
        if let Some(state) = state {
            add(side.name(), format!("{}: {}", state.name(), State::meaning(state)));
        }
    }
    add("confidence", confidence(row));
    add("seen", seen(row, known));
    add("payload", payload(row));
    kernel::lines(row, known).into_iter().for_each(|line| add("kernel", line));
    logged::lines(row, known).into_iter().for_each(|line| add("log", line));
    if let Some(by) = row.judgement.closed_by {
        add("closed by", by.name().to_owned());
    }
    reset(row, known, evidence, &mut add);
    if let Some(icmp) = row.judgement.icmp {
        let version = if icmp.kind.v6 { "ICMPv6" } else { "ICMP" };
        let meaning = words::icmp_meaning(icmp.kind);
        let frame = place(row, known, icmp.frame);
        add("ICMP", format!("{version} type {} code {}: {meaning}, {frame}", icmp.kind.kind, icmp.kind.code));
    }
    if let Some(side) = row.judgement.vanished {
        let repeats = row.summary[side.peer()].silent_repeats;
        add("vanished", format!("{}, after {} into silence", side.name(), counted(repeats.into(), "repeat")));
    }
    for (bit, meaning) in CAVEATS.iter().enumerate().filter(|(bit, _)| row.judgement.caveats.has(Caveats(1 << bit))) {
        add("caveat", format!("{}: {meaning}{}", Caveats::NAMES[bit], basis(row, Caveats(1 << bit))));
    }
    for (label, id) in [("before", row.previous_id()), ("after", row.next_id())] {
        if let Some(id) = id {
            add(label, format!("{id:016x} on the same addresses and ports"));
        }
    }
    lines
}

/// A label and words beside it, on as many lines as they need.
fn labelled(label: &str, text: &str, paint: Paint, style: Style) -> Vec<Line> {
    let room = Style { width: style.columns().saturating_sub(LABEL).max(40), ..style };
    let blank = " ".repeat(LABEL);
    let wrapped = wrap(text, 2, room).into_iter().enumerate();
    let line = |(index, words): (usize, Line)| {
        let lead = if index == 0 { format!("{label:<LABEL$}") } else { blank.clone() };
        Line::of(Paint::Dim, &lead).then(words.painted(if index == 0 { paint } else { Paint::Plain }))
    };
    wrapped.map(line).collect()
}

fn confidence(row: &Judged) -> String {
    let meaning = match row.judgement.confidence {
        Confidence::Certain => "the segments that decide were captured, in both directions",
        Confidence::Probable => "a fact that decides is inferred",
        Confidence::Ambiguous => "another outcome fits the same packets",
    };
    format!("{}: {meaning}", row.judgement.confidence.name())
}

/// When and where.
fn seen(row: &Judged, known: &Known) -> String {
    let summary = &row.summary;
    let (path, first) = row.first_place(known).unwrap_or_default();
    let last = row.last_place(known);
    let frames = match last {
        Some((same, last)) if same == path => format!("frames {first} to {last} of {path}"),
        Some((other, last)) => format!("frame {first} of {path} to frame {last} of {other}"),
        None => format!("frame {first} of {path}"),
    };
    let of_point = if first == summary.first_frame {
        String::new()
    } else {
        format!(" ({} to {} of the observation point)", summary.first_frame, summary.last_frame)
    };
    let shown = summary.first.to_the_microsecond(known.zone);
    let zone = known.zone.name_at(summary.first);
    format!("from {shown} {zone} for {}; {frames}{of_point}", duration(summary.last.since(summary.first)))
}

fn payload(row: &Judged) -> String {
    let carried = Side::BOTH.map(|side| {
        let half = &row.summary[side];
        let repeats = half.retransmissions_timeout + half.retransmissions_fast + half.retransmissions_spurious;
        let repeats = match repeats {
            0 => String::new(),
            repeats => format!(" with {}", counted(repeats.into(), "retransmission")),
        };
        let waits = match half.unacknowledged() {
            0 => String::new(),
            waits => format!(", {} unacknowledged", bytes(waits)),
        };
        format!("{} {} in {}{repeats}{waits}", side.name(), bytes(half.bytes), counted(half.packets.into(), "packet"))
    });
    carried.join("; ")
}

fn reset(row: &Judged, known: &Known, evidence: Option<ResetEvidence>, add: &mut impl FnMut(&str, String)) {
    let (Some(reset), Some(by)) = (row.summary.reset, row.judgement.reset_by) else { return };
    let kind = row.judgement.reset_kind.map_or(String::new(), |kind| format!(", {}", kind.name()));
    let lost = match row.judgement.bytes_lost {
        Some(lost @ 1..) => format!("; {} of payload unacknowledged", bytes(lost)),
        _ => String::new(),
    };
    let phase = row.judgement.reset_phase.map_or("", |phase| phase.name());
    let frame = place(row, known, reset.frame);
    add("reset by", format!("{}, {frame}: phase {phase}{kind}{lost}", by.name()));
    let Some(origin) = row.judgement.reset_origin else { return };
    let reasons = evidence.map_or_else(Vec::new, |evidence| reasons(&evidence, by));
    add("origin", format!("{}: {}", origin.name(), reasons.join("; ")));
}

/// Where a frame of the point stands in its file.
fn place(row: &Judged, known: &Known, frame: u64) -> String {
    let number = known.place(row.summary.point, frame).map_or(frame, |(_, number)| number);
    format!("frame {number}")
}

/// What speaks for and against the endpoint as the sender.
fn reasons(evidence: &ResetEvidence, by: Side) -> Vec<String> {
    let (name, target) = (by.name(), by.peer().name());
    let ttl = evidence.ttl;
    let mut reasons = vec![match evidence.ttl_others {
        None => format!("TTL {ttl}, and the {name} sent nothing else to compare it with"),
        Some((least, most)) if (least..=most).contains(&ttl) => format!("TTL {ttl} as in the {name}'s other segments"),
        Some((least, most)) if least == most => format!("TTL {ttl}, but {least} in the {name}'s other segments"),
        Some((least, most)) => format!("TTL {ttl}, but {least} to {most} in the {name}'s other segments"),
    }];
    reasons.extend(evidence.beyond.map(|beyond| match beyond {
        0 => format!("number exactly what the {target} expects"),
        1.. => format!("number {} beyond what the {target} has acknowledged", bytes(beyond.unsigned_abs().into())),
        _ => format!("number {} before what the {target} expects", bytes(beyond.unsigned_abs().into())),
    }));
    let acks = if evidence.acks { "with ACK" } else { "without ACK, as a host without such a socket answers" };
    reasons.push(format!("{acks}, window {}", evidence.window));
    reasons.extend(evidence.after_target.map(|span| format!("{} after the {target}'s last segment", duration(span))));
    reasons.extend(evidence.after_own.map(|span| format!("{} after the {name}'s own", duration(span))));
    reasons
}

/// On what the guess rests.
const fn basis(row: &Judged, caveat: Caveats) -> &'static str {
    match row.summary.role_basis {
        RoleBasis::Port if caveat.has(Caveats::ROLE_GUESSED) => " (by port numbers)",
        RoleBasis::First if caveat.has(Caveats::ROLE_GUESSED) => " (the first to speak is taken for the client)",
        _ => "",
    }
}
