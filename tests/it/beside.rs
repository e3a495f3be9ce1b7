//! What stands beside connections: names from DNS, TLS and HTTP, tunnels, comments and processes; the same at any number of
//! threads and in chunks of any size.

use crate::support::analyse_bytes_with;
use etherparse::PacketBuilder;
use synfin::analysis::Options;
use synfin::case::{Case, Judged};
use synfin::report::columns::{COLUMNS, INPUTS, inputs};

/// A pcapng file under construction, little-endian, of Ethernet frames.
struct Capture {
    bytes: Vec<u8>,
    time: u64,
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut out = [code.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat();
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

impl Capture {
    fn new() -> Self {
        let mut capture = Self { bytes: Vec::new(), time: 1_767_225_600_000_000 };
        let section =
            [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8], &option(1, b"=Taken at the gate")];
        capture.block(0x0a0d_0d0a, &section.concat());
        let interface = [&[1, 0, 0, 0, 0, 0, 0, 0][..], &option(2, b"eth0"), &option(1, b"mirror port")];
        capture.block(1, &interface.concat());
        capture
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = (body.len().next_multiple_of(4) + 12) as u32;
        self.bytes.extend([kind.to_le_bytes(), length.to_le_bytes()].concat());
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(length.to_le_bytes());
    }

    /// A frame a millisecond later, with these options.
    fn frame(&mut self, frame: &[u8], options: &[u8]) {
        self.time += 1000;
        let length = frame.len() as u32;
        let head = [0, (self.time >> 32) as u32, self.time as u32, length, length].map(u32::to_le_bytes).concat();
        let padding = vec![0; frame.len().next_multiple_of(4) - frame.len()];
        self.block(6, &[&head[..], frame, &padding, options].concat());
    }
}

const CLIENT: [u8; 4] = [10, 0, 0, 1];

fn ipv4(from: [u8; 4], to: [u8; 4]) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ipv4(from, to, 64)
}

fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ipv4(from.0, to.0).udp(from.1, to.1).write(&mut out, payload).expect("memory takes it");
    out
}

/// A SYN, or a segment with payload.
fn tcp(port: u16, server: [u8; 4], seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let builder = ipv4(CLIENT, server).tcp(port, 443, seq, 1000);
    let builder = if payload.is_empty() { builder.syn() } else { builder.ack(1).psh() };
    builder.write(&mut out, payload).expect("memory takes it");
    out
}

/// An answer of DNS that tells one address, or its question.
fn dns(name: &str, address: Option<[u8; 4]>) -> Vec<u8> {
    let mut out =
        vec![0, 7, if address.is_some() { 0x81 } else { 1 }, 0, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0];
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.extend([0, 0, 1, 0, 1]);
    if let Some(address) = address {
        out.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        out.extend(address);
    }
    out
}

/// A ClientHello that names its server.
fn hello(name: &str) -> Vec<u8> {
    let (list, name) = ((name.len() + 3) as u16, name.as_bytes());
    let mut out = vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    out.extend([0xaa; 32]);
    out.extend([0, 0, 2, 0x13, 1, 1, 0]);
    out.extend((list + 6).to_be_bytes());
    out.extend([[0, 0], (list + 2).to_be_bytes(), list.to_be_bytes()].concat());
    out.push(0);
    out.extend((list - 3).to_be_bytes());
    out.extend(name);
    out
}

/// A frame in VXLAN network 42 between two gateways.
fn vxlan(frame: &[u8]) -> Vec<u8> {
    let payload = [&[8, 0, 0, 0, 0, 0, 42, 0][..], frame].concat();
    udp(([192, 0, 2, 1], 50_000), ([192, 0, 2, 2], 4789), &payload)
}

fn story() -> Vec<u8> {
    let mut capture = Capture::new();
    let (resolver, shop, api) = ([10, 0, 0, 53], [198, 51, 100, 1], [198, 51, 100, 2]);
    for (name, address) in [("Shop.example", shop), ("api.example", api)] {
        capture.frame(&udp((CLIENT, 5000), (resolver, 53), &dns(name, None)), &[]);
        capture.frame(&udp((resolver, 53), (CLIENT, 5000), &dns(name, Some(address))), &[]);
    }
    // Says its server's name itself, in its second segment; a program was noted beside the first.
    capture.frame(&tcp(40_000, shop, 0, &[]), &option(1, b"PID=77 ProcessName=curl.exe"));
    capture.frame(&tcp(40_000, shop, 1, &hello("www.shop.example")), &option(1, b"a later remark"));
    // Says nothing: DNS told its name.
    capture.frame(&tcp(40_001, api, 0, &[]), &option(8, &[9, 0, 0, 0, 1, 0, 0, 0]));
    // Plain HTTP through a tunnel, to an address without a name.
    capture.frame(&vxlan(&tcp(40_002, [203, 0, 113, 9], 0, &[])), &[]);
    capture.frame(&vxlan(&tcp(40_002, [203, 0, 113, 9], 1, b"GET / HTTP/1.1\r\nHost: plain.example\r\n\r\n")), &[]);
    capture.frame(&tcp(40_003, [203, 0, 113, 10], 0, &[]), &[]);
    capture.bytes
}

const SHOWN: [&str; 10] = [
    "client_port",
    "server_name",
    "server_name_from",
    "tunnel",
    "tunnel_id",
    "client_outer_address",
    "server_outer_address",
    "pid",
    "process",
    "comment",
];

fn table(rows: &[Judged], case: &Case) -> String {
    let columns = SHOWN.map(|name| COLUMNS.iter().find(|column| column.name == name).expect("a column"));
    let line = |row: &Judged| columns.map(|column| (column.get)(row, &case.facts).print()).join(" | ");
    rows.iter().map(|row| line(row) + "\n").collect()
}

#[test]
fn names_tunnels_and_remarks_stand_beside_their_connections() {
    let (rows, case) = analyse_bytes_with(&story(), &Options::default());
    let expected = "\
40000 | www.shop.example | sni |  |  |  |  | 77 | curl.exe | PID=77 ProcessName=curl.exe; a later remark
40001 | api.example | dns |  |  |  |  | 9 |  | 
40002 | plain.example | http | vxlan | 42 | 192.0.2.1 | 192.0.2.2 |  |  | 
40003 |  |  |  |  |  |  |  |  | 
";
    assert_eq!(table(&rows, &case), expected);
    let comments = INPUTS.iter().find(|column| column.name == "comments").expect("a column");
    let row = inputs(&case.facts)[0];
    assert_eq!((comments.get)(&row, &case.facts).print(), "=Taken at the gate;eth0: mirror port");
}

#[test]
fn a_comment_beside_a_frame_without_a_connection_stands_with_its_file() {
    let mut capture = Capture::new();
    let query = udp((CLIENT, 5000), ([10, 0, 0, 53], 53), &dns("shop.example", None));
    capture.frame(&tcp(40_000, [198, 51, 100, 1], 0, &[]), &[option(1, b"first"), option(1, b"second")].concat());
    capture.frame(&query, &[]);
    (0..40).for_each(|_| capture.frame(&query, &option(1, b"asked in vain")));
    let (rows, case) = analyse_bytes_with(&capture.bytes, &Options::default());
    let comment = COLUMNS.iter().find(|column| column.name == "comment").expect("a column");
    assert_eq!((comment.get)(&rows[0], &case.facts).print(), "first; second");
    let row = inputs(&case.facts)[0];
    let print =
        |name| (INPUTS.iter().find(|column| column.name == name).expect("a column").get)(&row, &case.facts).print();
    assert_eq!(print("frame_comments"), "40");
    let first = print("first_frame_comments");
    assert!(first.starts_with("frame 3: asked in vain; frame 4: asked in vain"), "{first}");
    assert_eq!(first.matches("asked").count(), 16, "the first few");
}

#[test]
fn neither_threads_nor_chunks_change_what_stands_beside() {
    let mut capture = story();
    let once = capture.len();
    // The same again and again, so that small chunks are many.
    (0..200).for_each(|_| capture.extend_from_within(..once));
    let outcome = |threads, chunk| {
        let options = Options { threads, chunk, ..Options::default() };
        let (rows, case) = analyse_bytes_with(&capture, &options);
        let points = &case.facts.points;
        (table(&rows, &case), points[0].around.dns.rows.clone(), points[0].files[0].others.clone())
    };
    let expected = outcome(1, 4 << 20);
    assert_eq!(expected.1.get(0).expect("a row").asked, 201);
    for (threads, chunk) in [(2, 4096), (7, 1000), (1, 333)] {
        assert!(outcome(threads, chunk) == expected, "-j {threads}, chunks of {chunk}");
    }
}
