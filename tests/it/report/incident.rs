//! One incident with nearly every kind of connection, from packet scripts, judged by the same code as in the program.

use std::collections::BTreeMap;
use synfin::capture::{End, recognise, script};
use synfin::case::{Case, Facts, InputFile, Judged, Point, Tally};
use synfin::tcp::{Place, Summary, Table};
use synfin::time::{Span, Timestamp};
use synfin::wire::{self, Address, Keys, Packet};

/// Ten minutes at an application and its database.
pub const SCRIPT: &str = "
    // A login that works and ends in good order.
    client 10.1.0.20:49160 iss 1000
    server 10.1.0.40:5432 iss 5000
    0.000 > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
    0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 9 ecr 100,nop,wscale 7>
    0.021 > .  1:1(0) ack 1 win 502
    0.022 > P. 1:101(100) ack 1 win 502
    0.040 < .  1:1(0) ack 101 win 509
    0.090 < P. 1:2001(2000) ack 101 win 509
    0.091 > .  101:101(0) ack 2001 win 502
    1.000 > F. 101:101(0) ack 2001 win 502
    1.020 < F. 2001:2001(0) ack 102 win 509
    1.021 > .  102:102(0) ack 2002 win 502

    // The server closes, the client never does.
    flow leak
    client 10.1.0.20:49161 iss 2000
    server 10.1.0.40:5432 iss 6000
    2.000 > S  0:0(0) win 64240 <mss 1460>
    2.001 < S. 0:0(0) ack 1 win 65160 <mss 1460>
    2.002 > .  1:1(0) ack 1
    2.003 > P. 1:51(50) ack 1
    2.010 < P. 1:101(100) ack 51
    2.011 < F. 101:101(0) ack 51
    2.012 > .  51:51(0) ack 102

    // Nothing listens there.
    flow refused
    client 10.1.0.20:49162 iss 3000
    server 10.1.0.41:6379
    3.000 > S  0:0(0) win 64240
    3.001 < R. =0:0(0) ack 1

    // No answer at all, tried four times.
    flow silent
    client [2001:db8::20]:49163 iss 4000
    server [2001:db8::41]:443
    10.000 > S 0:0(0) win 64240
    11.000 > S 0:0(0) win 64240
    13.000 > S 0:0(0) win 64240
    17.000 > S 0:0(0) win 64240

    // A router rejects.
    flow rejected
    client 10.1.0.20:49164 iss 5000
    server 10.9.0.1:22
    20.000 > S 0:0(0) win 64240
    20.001 icmp 3 13 from 10.1.0.1 quoting >

    // The accept queue is full.
    flow stalled
    client 10.1.0.21:49165 iss 7000
    server 10.1.0.42:80 iss 9000
    30.000 > S  0:0(0) win 64240
    30.001 < S. 0:0(0) ack 1
    30.002 > .  1:1(0) ack 1
    30.003 > P. 1:101(100) ack 1
    31.001 < S. 0:0(0) ack 1
    33.001 < S. 0:0(0) ack 1

    // Reset in the middle, with data lost.
    flow reset
    client 10.1.0.22:49166 iss 100
    server 10.1.0.42:80 iss 200
    40.000 > S  0:0(0) win 64240 vlan 12
    40.001 < S. 0:0(0) ack 1 vlan 12
    40.002 > .  1:1(0) ack 1 vlan 12
    40.010 > P. 1:301(300) ack 1 vlan 12
    40.011 < .  1:1(0) ack 301 vlan 12
    40.020 < P. 1:1001(1000) ack 301 vlan 12
    40.300 < P. 1:1001(1000) ack 301 vlan 12
    40.500 < R. 1001:1001(0) ack 301 vlan 12

    // Two more of the leak, later: the last is younger than a minute at the end.
    flow leak2
    client 10.1.0.20:49167 iss 2000
    server 10.1.0.40:5432 iss 6000
    300.000 > S  0:0(0) win 64240
    300.001 < S. 0:0(0) ack 1
    300.002 > .  1:1(0) ack 1
    300.010 < F. 1:1(0) ack 1
    300.011 > .  1:1(0) ack 2
    flow leak3
    client 10.1.0.20:49168 iss 2000
    server 10.1.0.40:5432 iss 6000
    580.000 > S  0:0(0) win 64240
    580.001 < S. 0:0(0) ack 1
    580.002 > .  1:1(0) ack 1
    580.010 < F. 1:1(0) ack 1
    580.011 > .  1:1(0) ack 2

    // A lone bare ACK, and a connection that began before the capture and is cut by its end.
    flow stray
    client 10.1.0.99:50000
    server 10.1.0.40:9999
    590.000 > . 1:1(0) ack 1
    flow running
    client 10.1.0.20:49170 iss 2000
    server 10.1.0.40:5432 iss 6000
    591.000 > P. 5001:5101(100) ack 9001
    591.001 < P. 9001:9101(100) ack 5101
    600.000 > P. 5101:5201(100) ack 9101
";

/// A name that tries to be a formula and to act on a terminal.
pub const PATH: &str = "=cmd|' /C calc'!A0/\u{1b}[31mevidence, \"day 1\"/application-server-20-eth0-2026-01-01T00.pcap";

/// The rows of [`SCRIPT`] in order, and the case that they make.
pub fn incident() -> (Vec<Judged>, Case) {
    let (summaries, mut file) = tracked(SCRIPT);
    file.path = PATH.to_owned();
    file.end = End::Cut { offset: 8392 };
    file.dropped = Some(12);
    file.others = BTreeMap::from([("udp".into(), 1204), ("arp".into(), 37), ("ethertype 0x88cc (lldp)".into(), 20)]);
    file.frames += 1261;
    let mut damaged = empty("capture-2.pcap");
    damaged.end = End::Corrupt { offset: 24, why: "record length 4 294 967 295 is beyond all reason".into() };
    damaged.frames_before = file.frames;
    let point = Point { name: "=cmd".into(), first: file.first, last: file.last, files: vec![file, damaged] };
    let mut facts = Facts { points: vec![point], ..Facts::default() };
    summaries.iter().for_each(|(summary, sender, receiver)| facts.services.note(summary, *sender, *receiver));
    let rows = judged(summaries, &facts);
    let unread = vec!["notes.docx: a ZIP archive, not a capture".to_owned()];
    let case = case(facts, unread, &rows);
    (rows, case)
}

/// A case in which nothing could be read.
pub fn nothing() -> Case {
    case(Facts::default(), vec!["missing.pcap: no such file".to_owned()], &[])
}

fn case(facts: Facts, unread: Vec<String>, rows: &[Judged]) -> Case {
    let (first, last) = facts.span().unwrap_or_default();
    let mut tally = Tally::new(first, last, Span::from_seconds(60));
    rows.iter().for_each(|row| tally.add(row));
    Case { facts, tally, unread }
}

fn judged(summaries: Vec<(Summary, Address, Address)>, facts: &Facts) -> Vec<Judged> {
    summaries.into_iter().map(|(summary, sender, receiver)| Judged::new(summary, sender, receiver, facts)).collect()
}

fn empty(path: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        format: "pcap",
        bytes: 24,
        frames: 0,
        frames_before: 0,
        tcp_segments: 0,
        icmp_errors: 0,
        first: None,
        last: None,
        time_went_back: 0,
        links: vec!["Ethernet".to_owned()],
        dropped: None,
        others: BTreeMap::new(),
        end: End::Clean,
        note: None,
    }
}

/// Connections of a script with sender and receiver of their first frames, in the order of these.
fn tracked(script: &str) -> (Vec<(Summary, Address, Address)>, InputFile) {
    let capture = script::to_capture(script).unwrap_or_else(|error| panic!("{error}"));
    let format = recognise(&capture).expect("a capture");
    let (at, mut context) = (format.open)(&capture).expect("a sound head");
    let (mut table, mut file) = (Table::default(), empty(""));
    (format.frames)(&capture, &mut context, at, u64::MAX, &mut |frame| {
        file.frames += 1;
        let time: Timestamp = frame.time;
        file.first.get_or_insert(time);
        file.last = Some(time);
        match wire::decode(&frame, &Keys([1, 2, 3, 4])) {
            Packet::Segment(segment, rare) => {
                file.tcp_segments += 1;
                // Frames are numbered within the call; a chunk's records hold the same number.
                table.observe(&segment, rare.as_ref(), Place::default());
            }
            Packet::IcmpError(error) => {
                file.icmp_errors += 1;
                assert!(table.observe_icmp(&error, Place::default()), "the quoted connection is known");
            }
            Packet::Other(why) => panic!("a script makes no {}", why.name()),
        }
    });
    file.bytes = capture.len() as u64;
    let mut summaries: Vec<_> = table.finish().into_iter().map(|summary| with_ends(&capture, summary)).collect();
    summaries.sort_by_key(|(summary, ..)| summary.first_frame);
    (summaries, file)
}

fn with_ends(capture: &[u8], summary: Summary) -> (Summary, Address, Address) {
    let frame = &capture[summary.first_offset as usize..];
    let (sender, receiver) = wire::addresses(frame, summary.ip_at).expect("the first frame has addresses");
    (summary, sender, receiver)
}
