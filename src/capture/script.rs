//! Packet notation: TCP connections written as text, and the captures made of it.
//!
//! Ten lines of script say in a test, a bench, `synfin synth` or a bug report what a binary trace hides. One line is one
//! packet; all headers are written by hand with true checksums, so that the decoders they test did not write them.
//!
//! ```text
//! start 2026-01-01T00:00:00Z              // time 0, optional; this is the default
//! client 10.1.0.20:49160 iss 78000        // optional; these are the defaults. IPv6: [2001:db8::1]:49160
//! server 10.1.0.40:80 iss 599000
//! 0.000 > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
//! 0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460>
//! 0.021 > R  =0:0(0)                      // absolute numbers: a reset from a closed port has 0
//! 0.030 icmp 3 1 from 10.1.0.1 quoting >  // the last segment from the client
//! flow second                             // another connection; its client's port is one higher by default
//! 0.040 > S 0:0(0) vlan 12 cut 60
//! ```
//!
//! `TIME >|< FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [ttl N] [id N] [iface N] [vlan N] [frag N] [cut N] [<options>]`
//!
//! - `TIME` is in seconds from the start, with up to nine decimals. `>` goes from client to server, `<` back.
//! - `FLAGS` are of `S F R P U E C A .` (`E` ECE, `C` CWR, `A` AE, `.` ACK), or `none`.
//! - Numbers count from the sender's initial sequence number, those of `ack` and `sack` from its peer's. A leading `=`
//!   makes a number absolute: `=0:0(0)`, `ack =0`. As in packetdrill, SYN and FIN take no room in `SEQ:END(LEN)`. The `.`
//!   flag wants an `ack`; an `ack` without it writes the field only.
//! - Defaults: window 64240 (0 of a reset), TTL 64, an IP identification that counts up by sender, interface 0, no VLAN,
//!   nothing cut. `cut N` keeps the first N bytes of each frame, `frag N` sends the IP packet in fragments of N bytes (a
//!   multiple of 8), each a frame. A segment too long for an IP packet gets the IP length 0, as
//!   segmentation offload leaves it. `iface` above 0 makes the capture a pcapng.
//! - Options, separated by commas: `mss N`, `sackOK`, `wscale N`, `TS val N ecr N`, `sack A:B C:D`, `nop`, `eol`,
//!   `fastopen [HEX]`, `mptcp`, `md5`. Zeros fill up to four bytes.
//!
//! `TIME icmp|icmp6 TYPE CODE from ADDRESS quoting >|< [seq N] [mtu N] [ttl N] [id N] [iface N] [vlan N] [frag N] [cut N]`
//!
//! - quotes the last segment that went that way; with `seq N` the last one that began there. Where none did, the quote is
//!   what RFC 792 promises: the IP header and eight bytes of TCP, with that number (else the initial one).
//!
//! `flow NAME` switches to a connection, new or known; `flow` alone to the one without a name. `end TIME` lets the capture
//! go on until then: its last frame is no TCP. `//` begins a comment.

pub(super) mod container;
pub(super) mod frame;
mod parse;
mod print;

pub use print::seconds;

use crate::time::{SECOND, Span, Timestamp};
use std::net::{IpAddr, SocketAddr};

/// A parsed script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// When time 0 is.
    pub start: Timestamp,
    pub flows: Vec<Flow>,
    /// In the order of the text, which is the order of the capture.
    pub steps: Vec<Step>,
    /// Time of a last frame that belongs to no connection.
    pub end: Option<Span>,
}

/// One connection's two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// As `flow NAME` says it; empty for the one that needs no name.
    pub name: String,
    pub client: Host,
    pub server: Host,
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    pub address: SocketAddr,
    /// Initial sequence number, which relative numbers count from.
    pub iss: u32,
}

/// One packet of one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index into [`Script::flows`].
    pub flow: usize,
    pub line: Line,
}

/// One packet, as one line says it. Prints as that line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Since [`Script::start`]; never negative.
    pub at: Span,
    pub packet: Packet,
    pub outer: Outer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    Segment(Segment),
    Icmp(Icmp),
}

/// Who sends: `>` the client, `<` the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Client,
    Server,
}

/// A sequence number as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Counted from the initial sequence number of the end that it numbers.
    Relative(u32),
    /// `=N`
    Absolute(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub sender: Sender,
    /// Bits of the TCP header (RFC 9293 3.1), with AE (RFC 9768) as 0x100.
    pub flags: u16,
    pub seq: Number,
    /// Bytes of payload.
    pub len: u32,
    pub ack: Option<Number>,
    pub win: Option<u16>,
    pub urg: Option<u16>,
    pub options: Vec<TcpOption>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    Mss(u16),
    SackPermitted,
    WindowScale(u8),
    Timestamps {
        value: u32,
        echo: u32,
    },
    Sack(Vec<(Number, Number)>),
    Nop,
    EndOfList,
    FastOpen(Vec<u8>),
    /// MP_CAPABLE of version 1 without keys, as on a SYN (RFC 8684 3.1).
    Mptcp,
    /// An all-zero digest (RFC 2385).
    Md5,
}

/// An ICMP error that quotes a segment; ICMPv6 where `from` is IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    pub kind: u8,
    pub code: u8,
    pub from: IpAddr,
    /// Who sent the quoted segment.
    pub quoting: Sender,
    /// Sequence number of the quoted segment.
    pub seq: Option<Number>,
    /// Next-hop MTU (RFC 1191, RFC 8201).
    pub mtu: Option<u16>,
}

/// What lies around the IP payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outer {
    pub ttl: Option<u8>,
    /// IPv4 identification.
    pub id: Option<u16>,
    /// Capturing interface.
    pub iface: Option<u8>,
    /// 802.1Q VLAN identifier.
    pub vlan: Option<u16>,
    /// The packet goes in fragments with so many bytes each, a multiple of 8; the last one has the rest.
    pub frag: Option<u16>,
    /// Captured length in bytes of the frame.
    pub cut: Option<u32>,
}

/// What is wrong in a script, and on which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    pub line: usize,
    pub what: String,
}

/// The letters of TCP flags in the order they are printed.
const FLAGS: [(char, u16); 9] = [
    ('S', 0x02),
    ('F', 0x01),
    ('R', RST),
    ('P', 0x08),
    ('U', 0x20),
    ('E', 0x40),
    ('C', 0x80),
    ('A', 0x100),
    ('.', ACK),
];
const ACK: u16 = 0x10;
const RST: u16 = 0x04;

/// 2026-01-01T00:00:00Z
const START: Timestamp = Timestamp(1_767_225_600 * SECOND);

/// Reads a script.
pub fn parse(text: &str) -> Result<Script, ScriptError> {
    parse::script(text)
}

/// The capture that a script describes: a pcap with microseconds, with nanoseconds where a time needs them, or a pcapng
/// where several interfaces are named.
pub fn to_capture(text: &str) -> Result<Vec<u8>, ScriptError> {
    Ok(parse(text)?.capture())
}

impl Script {
    /// The capture that this script describes.
    pub fn capture(&self) -> Vec<u8> {
        container::write(&frame::frames(self))
    }
}

impl Flow {
    /// The ends that the `index`th flow of a script has unless it says otherwise.
    fn by_default(name: &str, index: usize) -> Self {
        let port = 49160 + (index % 16_000) as u16;
        Self {
            name: name.to_owned(),
            client: Host { address: SocketAddr::from(([10, 1, 0, 20], port)), iss: 78_000 },
            server: Host { address: SocketAddr::from(([10, 1, 0, 40], 80)), iss: 599_000 },
        }
    }

    pub fn host(&self, sender: Sender) -> Host {
        match sender {
            Sender::Client => self.client,
            Sender::Server => self.server,
        }
    }
}

impl Sender {
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl Number {
    /// The number on the wire, for a sender with this initial sequence number.
    fn on_wire(self, iss: u32) -> u32 {
        match self {
            Self::Relative(number) => iss.wrapping_add(number),
            Self::Absolute(number) => number,
        }
    }

    fn plus(self, bytes: u32) -> Self {
        match self {
            Self::Relative(number) => Self::Relative(number.wrapping_add(bytes)),
            Self::Absolute(number) => Self::Absolute(number.wrapping_add(bytes)),
        }
    }

    fn value(self) -> u32 {
        match self {
            Self::Relative(number) | Self::Absolute(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Number> {
        prop_oneof![any::<u32>().prop_map(Number::Relative), any::<u32>().prop_map(Number::Absolute)]
    }

    fn sender() -> impl Strategy<Value = Sender> {
        prop_oneof![Just(Sender::Client), Just(Sender::Server)]
    }

    fn option() -> impl Strategy<Value = TcpOption> {
        prop_oneof![
            any::<u16>().prop_map(TcpOption::Mss),
            Just(TcpOption::SackPermitted),
            any::<u8>().prop_map(TcpOption::WindowScale),
            any::<(u32, u32)>().prop_map(|(value, echo)| TcpOption::Timestamps { value, echo }),
            vec((number(), number()), 0..2).prop_map(TcpOption::Sack),
            Just(TcpOption::Nop),
            Just(TcpOption::EndOfList),
            vec(any::<u8>(), 0..9).prop_map(TcpOption::FastOpen),
            Just(TcpOption::Mptcp),
        ]
    }

    fn packet() -> impl Strategy<Value = Packet> {
        let segment = (
            sender(),
            0_u16..0x200,
            number(),
            0_u32..261_000,
            of(number()),
            of(any::<u16>()),
            of(any::<u16>()),
            vec(option(), 0..3),
        )
            .prop_map(|(sender, flags, seq, len, ack, win, urg, options)| {
                let ack = ack.or((flags & ACK != 0).then_some(Number::Relative(0)));
                Packet::Segment(Segment { sender, flags, seq, len, ack, win, urg, options })
            });
        let icmp = (any::<(u8, u8)>(), any::<IpAddr>(), sender(), of(number()), of(any::<u16>())).prop_map(
            |((kind, code), from, quoting, seq, mtu)| Packet::Icmp(Icmp { kind, code, from, quoting, seq, mtu }),
        );
        prop_oneof![4 => segment, 1 => icmp]
    }

    fn line() -> impl Strategy<Value = Line> {
        let frag = of((1_u16..100).prop_map(|eights| eights * 8));
        let outer = (of(any::<u8>()), of(any::<u16>()), of(any::<u8>()), of(0_u16..4096), frag, of(any::<u32>()))
            .prop_map(|(ttl, id, iface, vlan, frag, cut)| Outer { ttl, id, iface, vlan, frag, cut });
        (0_i64..1_000_000 * SECOND, packet(), outer).prop_map(|(at, packet, outer)| Line {
            at: Span(at),
            packet,
            outer,
        })
    }

    proptest! {
        #[test]
        fn a_printed_line_reads_back_as_it_was(line in line()) {
            prop_assert_eq!(line.to_string().parse::<Line>(), Ok(line));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "([0-9]\\.[0-9] |> |< |S |P\\. |[0-9]:[0-9]\\([0-9]\\) |ack |iss |sack |client |flow |icmp |from |[<>=,/:\n]|\\PC)*") {
            let _ = to_capture(&text);
        }
    }

    #[test]
    fn a_printed_script_reads_back_as_it_was() {
        let script = parse(
            "start 2023-11-14T22:13:20.5Z\n0.1 > S 0:0(0)\nflow b\nclient [2001:db8::1]:5 iss 9\nserver [::2]:80\n1 > S 0:0(0)\nflow\n2.000000001 < S. 0:0(0) ack 1\nend 3.5",
        );
        let script = script.expect("a script");
        assert_eq!(parse(&script.to_string()), Ok(script));
    }

    fn complaint(text: &str) -> String {
        parse(text).expect_err("a wrong script").to_string()
    }

    #[test]
    fn complaints_name_the_line_and_what_was_expected() {
        assert_eq!(complaint("\n// a comment\n0.1 > S 0:0"), "line 3: expected SEQ:END(LEN), found `0:0`");
        assert_eq!(
            complaint("0 > P. 1:100(100) ack 1"),
            "line 1: `1:100(100)` contradicts itself: 1 and 100 bytes end at 101"
        );
        assert_eq!(complaint("0 > X 0:0(0)"), "line 1: `X` in `X` is no flag: use S F R P U E C A . or none");
        assert_eq!(complaint("0 > . 0:0(0)"), "line 1: the flag `.` wants `ack N`");
        assert_eq!(complaint("0 > S 0:0(0) win 70000"), "line 1: expected a window of 0 to 65535, found `70000`");
        assert_eq!(complaint("0 > S 0:0(0) win 1 win 2"), "line 1: `win` twice");
        assert_eq!(complaint("0 > S 0:0(0) <mss 1460"), "line 1: options must end the line with `>`");
        assert_eq!(
            complaint("0 > S 0:0(0) <md5,md5,md5>"),
            "line 1: options take 54 bytes: a TCP header has room for 40"
        );
        assert_eq!(complaint("0 icmp 3 1 from ::1 quoting >"), "line 1: `icmp` does not come from ::1");
        assert_eq!(
            complaint("client [::1]:5\n0 > S 0:0(0)"),
            "line 2: client [::1]:5 and server 10.1.0.40:80 are of two IP versions"
        );
        assert_eq!(
            complaint("0 > S 0:0(0)\nclient 10.0.0.1:5"),
            "line 2: the ends of a flow must stand before its first packet"
        );
        assert_eq!(
            complaint("1.0000000001 > S 0:0(0)"),
            "line 1: `1.0000000001` is no time in seconds with at most nine decimals"
        );
    }

    /// The frames of a script as hexadecimal digits.
    fn frames_of(text: &str) -> Vec<String> {
        let frames = frame::frames(&parse(text).expect("a script"));
        frames.iter().map(|frame| frame.bytes.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
    }

    #[test]
    fn headers_are_byte_for_byte_those_that_tshark_found_sound() {
        let script = "
        0 > S 0:3(3) win 1000 ttl 9 id 5 vlan 12 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
        0 < R. =0:0(0) ack 4
        0 icmp 3 4 from 10.1.0.1 quoting > mtu 1400
        flow six
        client [2001:db8::1]:1000 iss 4294967295
        server [2001:db8::2]:443
        0 > PUEC. 1:2(1) ack 1 urg 1 <nop,nop,sack 5:6,md5>
        0 icmp6 1 4 from 2001:db8::2 quoting > seq 7";
        let frames = [
            "0200000000020200000000018100000c08004500003f0005400009065d770a0100140a010028c0080050000130b000000000\
             a00203e87a6a0000020405b40402080a000000010000000001030307616263",
            "02000000000102000000000208004500002800014000400626920a0100280a0100140050c00800000000000130b450140000\
             aa850000",
            "02000000000102000000000308004500005b000140004001268b0a0100010a01001403040bf3000005784500003f00054000\
             09065d770a0100140a010028c0080050000130b000000000a00203e87a6a0000020405b40402080a00000001000000000103\
             0307616263",
            "02000000000202000000000186dd600000000035064020010db800000000000000000000000120010db80000000000000000\
             0000000203e801bb00000000000923d9d0f8faf0ecf400010101050a000923dd000923de1312000000000000000000000000\
             00000000000061",
            "02000000000102000000000386dd6000000000383a4020010db800000000000000000000000220010db80000000000000000\
             000000010104dba100000000600000000014064020010db800000000000000000000000120010db800000000000000000000\
             000203e801bb00000006",
        ];
        assert_eq!(frames_of(script), frames);
    }

    #[test]
    fn an_error_quotes_the_segment_it_names_else_the_last_else_the_header_of_an_unseen_one() {
        let quoted_seq = |script: &str| {
            let frames = frames_of(script);
            // Ethernet 14, IP 20, ICMP 8, quoted IP 20, ports 4.
            let digits = frames.last().and_then(|frame| frame.get(132..140)).expect("a quoted header");
            u32::from_str_radix(digits, 16).expect("a number")
        };
        let sent = "client 10.0.0.1:5 iss 100\n0 > S 0:0(0)\n1 > . 1:9(8) ack 1\n";
        assert_eq!(quoted_seq(&format!("{sent}2 icmp 3 1 from 10.0.0.9 quoting >")), 101);
        assert_eq!(quoted_seq(&format!("{sent}2 icmp 3 1 from 10.0.0.9 quoting > seq 0")), 100);
        assert_eq!(quoted_seq(&format!("{sent}2 icmp 3 1 from 10.0.0.9 quoting > seq =7")), 7);
        assert_eq!(quoted_seq(&format!("{sent}2 icmp 3 1 from 10.0.0.9 quoting <")), 599_000);
    }

    #[test]
    fn a_segment_longer_than_an_ip_packet_says_length_0() {
        let length = |payload: u32| frames_of(&format!("0 > . 0:{payload}({payload}) ack 0"))[0][32..36].to_owned();
        assert_eq!((length(65_495), length(65_496)), ("ffff".into(), "0000".into()));
    }

    #[test]
    fn the_capture_is_as_coarse_and_as_simple_as_the_script_allows() {
        let magic = |text: &str| to_capture(text).expect("a script").get(..4).map(Vec::from);
        assert_eq!(magic("0.000001 > S 0:0(0)"), Some(vec![0xd4, 0xc3, 0xb2, 0xa1]));
        assert_eq!(magic("0.0000001 > S 0:0(0)"), Some(vec![0x4d, 0x3c, 0xb2, 0xa1]));
        assert_eq!(magic("0 > S 0:0(0) iface 0"), Some(vec![0xd4, 0xc3, 0xb2, 0xa1]));
        assert_eq!(magic("0 > S 0:0(0) iface 1"), Some(vec![0x0a, 0x0d, 0x0d, 0x0a]));
    }

    #[test]
    fn every_container_keeps_time_interface_and_what_was_cut() {
        for (text, interface) in [("", 0), (" iface 2", 2)] {
            let capture = to_capture(&format!("start 2026-01-01T00:00:01Z\n1.000000001 > S 0:100(100){text} cut 60"))
                .expect("a script");
            let format = crate::capture::recognise(&capture).expect("a capture");
            let (frames, _) = crate::capture::tests::all(format, &capture);
            let found: Vec<_> =
                frames.iter().map(|frame| (frame.time, frame.interface, frame.wire_len, frame.len)).collect();
            assert_eq!(found, [(Timestamp(START.0 + 2 * SECOND + 1), interface, 154, 60)]);
        }
    }
}
