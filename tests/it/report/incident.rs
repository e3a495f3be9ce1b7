//! One incident with nearly every kind of connection, from packet scripts, judged by the same code as in the program.

use crate::support::analyse_with;
use std::collections::BTreeMap;
use synfin::analysis::Options;
use synfin::capture::{End, Told, script};
use synfin::case::{Beside, Case, Facts, InputFile, Judged, Origin, Tally, Unread};
use synfin::tcp::Aside;
use synfin::time::{Span, Timestamp};
use synfin::wire::{NameFrom, Passage};

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
    0.090 < P. 1:1401(1400) ack 101 win 509
    0.091 > .  101:101(0) ack 1401 win 502
    1.000 > F. 101:101(0) ack 1401 win 502
    1.020 < F. 1401:1401(0) ack 102 win 509
    1.021 > .  102:102(0) ack 1402 win 502

    // The same ports again.
    flow again
    client 10.1.0.20:49160 iss 90000
    server 10.1.0.40:5432 iss 70000
    1.500 > S  0:0(0) win 64240 <mss 1460>
    1.520 < S. 0:0(0) ack 1 win 65160 <mss 1460>
    1.521 > .  1:1(0) ack 1
    1.600 > F. 1:1(0) ack 1
    1.620 < F. 1:1(0) ack 2
    1.621 > .  2:2(0) ack 2

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

    // The server is gone without a word.
    flow vanished
    client 10.1.0.22:49171 iss 100
    server 10.1.0.42:80 iss 200
    50.000 > S  0:0(0) win 64240
    50.001 < S. 0:0(0) ack 1
    50.002 > .  1:1(0) ack 1
    50.010 > P. 1:301(300) ack 1
    50.210 > P. 1:301(300) ack 1
    50.610 > P. 1:301(300) ack 1
    51.410 > P. 1:301(300) ack 1
    53.010 > P. 1:301(300) ack 1

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
    let capture = script::to_capture(SCRIPT).unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("incident.pcap");
    std::fs::write(&path, capture).expect("the capture is written");
    let (mut rows, mut case) = analyse_with(&[path], &Options::default());
    // Where and when the test wrote its file is nobody's business.
    let modified = Some(Timestamp::from_parts(1_767_225_600, 0));
    case.facts.origins =
        vec![Origin { path: PATH.to_owned(), bytes: 8392, modified, packed: false, stream: false, point: None }];
    let [point] = &mut case.facts.points[..] else { panic!("one file is one point") };
    "=cmd".clone_into(&mut point.name);
    rows[0].summary.aside = Aside { name: 1, tunnels: 1, remark: 1 };
    point.beside = vec![beside(); 16];
    let file = &mut point.files[0];
    PATH.clone_into(&mut file.path);
    file.end = End::Cut { offset: 8392 };
    (file.cut_frames, file.cut_headers) = (3, 1);
    file.dropped = Some(12);
    file.others = BTreeMap::from([("udp".into(), 1204), ("arp".into(), 37), ("ethertype 0x88cc (lldp)".into(), 20)]);
    file.frames += 1261;
    let damaged = damaged(file);
    point.files.push(damaged);
    let cause = "a ZIP archive, not a capture".to_owned();
    case.facts.unread = vec![Unread { path: "notes.docx".to_owned(), cause }];
    case.unread.push("notes.docx: a ZIP archive, not a capture".to_owned());
    (rows, case)
}

/// What both hosts said of the leak, five minutes into it: the server's kernel knows nothing of its own FIN.
const SAID: [(&str, &str); 3] = [
    (
        "app.txt",
        "[root@app ~]# date\nThu Jan  1 00:05:00 UTC 2026\n[root@app ~]# ss -tanpe
State      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
CLOSE-WAIT 1      0      10.1.0.20:49161     10.1.0.40:5432    users:((\"python\",pid=812,fd=4)) uid:1000 ino:4711 sk:1
",
    ),
    ("app.log", "2026-01-01T00:00:03.002Z app python[812]: connect to 10.1.0.41:6379 failed: Connection refused\n"),
    (
        "db.txt",
        "[root@db ~]# date\nThu Jan  1 00:05:00 UTC 2026\n[root@db ~]# ss -tanpe
State      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
ESTAB      0      7      10.1.0.40:5432      10.1.0.20:49161   users:((\"postgres\",pid=99,fd=9)) uid:26 ino:4712 sk:2
",
    ),
];

/// The rows of [`SCRIPT`] with what the hosts said of them.
pub fn incident_with_dumps() -> (Vec<Judged>, Case) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let capture = script::to_capture(SCRIPT).unwrap_or_else(|error| panic!("{error}"));
    std::fs::write(folder.path().join("incident.pcap"), capture).expect("the capture is written");
    SAID.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).expect("a dump is written"));
    analyse_with(&[folder.path().to_owned()], &Options::default())
}

/// What was seen beside the first connection.
fn beside() -> Beside {
    let mut beside = Beside::default();
    beside.names.number((NameFrom::Sni, "=db.example".to_owned()));
    let outer = Some(([192, 0, 2, 1].into(), [192, 0, 2, 2].into()));
    beside.tunnels.number(vec![Passage { name: "vxlan", identifier: Some(42), outer }]);
    let process = Some("@curl".to_owned());
    beside.remarks.number(Told { comment: Some("-1\u{1b}[31m".to_owned()), process_id: Some(77), process });
    beside
}

/// A second file of the point that holds nothing but damage.
fn damaged(before: &InputFile) -> InputFile {
    InputFile {
        path: "capture-2.pcap".to_owned(),
        bytes: 24,
        wire_bytes: 0,
        frames: 0,
        frames_before: before.frames,
        tcp_segments: 0,
        icmp_errors: 0,
        first: None,
        last: None,
        dropped: None,
        others: BTreeMap::new(),
        end: End::Corrupt { offset: 24, why: "record length 4 294 967 295 is beyond all reason".into() },
        ..before.clone()
    }
}

/// A case in which nothing could be read.
pub fn nothing() -> Case {
    let tally = Tally::new(Timestamp(0), Timestamp(0), Span::from_seconds(60));
    Case { facts: Facts::default(), tally, unread: vec!["missing.pcap: no such file".to_owned()], left_out: Vec::new() }
}
