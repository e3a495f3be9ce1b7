//! Captures that are recognised and not read: nobody shall have to guess what a file is and how to go on.

/// One such format.
#[derive(Debug)]
pub struct Foreign {
    /// As its people name it.
    pub name: &'static str,
    /// Whether a file that begins with these bytes is of this format.
    pub recognises: fn(&[u8]) -> bool,
    /// What to do.
    pub way_out: &'static str,
}

const ITSELF: &str = "give the capture itself, or what tshark prints of it one line a packet";
const EDITCAP: &str = "convert it with `editcap -F pcapng IN OUT` (Wireshark)";

/// The registry: one format, one line.
pub static FOREIGN: &[Foreign] = &[
    Foreign {
        name: "Windows event trace (ETL)",
        recognises: is_etl,
        way_out: "convert it with `pktmon etl2pcap FILE` on Windows, or with etl2pcapng (of `netsh trace`)",
    },
    editcap("NetXray of the first version", |head| head.starts_with(b"VL\0\0")),
    editcap("Bluetooth capture (btsnoop)", |head| head.starts_with(b"btsnoop\0")),
    editcap("Tektronix K12 rf5 capture", |head| head.starts_with(b"\0\0\x02\0\x12\x05\0\x10")),
    editcap("NetScaler trace", |head| head.windows(9).take(64).any(|word| word == b"NetScaler")),
    editcap("OmniPeek capture", |head| head.starts_with(b"\x7fver") || head.starts_with(b"\xabver")),
    editcap("AIX iptrace", |head| head.starts_with(b"iptrace 1.0") || head.starts_with(b"iptrace 2.0")),
    editcap("RADCOM capture", |head| head.starts_with(b"\x42\xd2\0\x34\x12\x66\x22\x88")),
    editcap("Ixia lcap capture", |head| {
        let magic = head.first_chunk().map(|magic| u32::from_be_bytes(*magic));
        let known = [0x1c00_01ac_u32, 0x1c00_01ab];
        known.into_iter().any(|known| magic == Some(known) || magic == Some(known.swap_bytes()))
    }),
    editcap("EyeSDN trace", |head| head.starts_with(b"EyeSDN")),
    editcap("Catapult DCT2000 trace", |head| head.starts_with(b"Session Transcript")),
    Foreign {
        name: "packets in full, as `tshark -V` prints them",
        recognises: |head| first_line(head).is_some_and(is_frame_of_details),
        way_out: ITSELF,
    },
    Foreign { name: "columns, as `tshark -T fields` prints them", recognises: is_fields, way_out: ITSELF },
    Foreign { name: "packets as `tshark -T` json, ek, pdml or psml", recognises: is_markup, way_out: ITSELF },
    Foreign {
        name: "frames in hex, as `tshark -x` prints them",
        recognises: |head| first_line(head).is_some_and(is_hex_dump),
        way_out: "give the capture itself, or make one of it with `text2pcap IN OUT` (Wireshark)",
    },
    Foreign {
        name: "Windows event log (evtx)",
        recognises: |head| head.starts_with(b"ElfFile\0"),
        way_out: "a log and no capture: print it with `wevtutil qe /lf FILE`",
    },
];

/// The format of a file that begins with `head`, if it is one of these.
pub fn of(head: &[u8]) -> Option<&'static Foreign> {
    FOREIGN.iter().find(|foreign| (foreign.recognises)(head))
}

const fn editcap(name: &'static str, recognises: fn(&[u8]) -> bool) -> Foreign {
    Foreign { name, recognises, way_out: EDITCAP }
}

/// Why a file of a format that is read elsewhere is refused.
pub(super) fn not_read(what: &str) -> String {
    format!("{what} is not read: convert it with `editcap -F pcapng`")
}

/// A buffer's header, whose size comes first, then the header that every trace begins with: version 2, of a 32 or 64-bit
/// system, with the flags of an event that has such a header.
fn is_etl(head: &[u8]) -> bool {
    let size = head.first_chunk().map_or(0, |size| u32::from_le_bytes(*size));
    let system = head.get(72..76);
    size >= 1024 && size.is_multiple_of(1024) && matches!(system, Some([2, 0, 1 | 2, 0xc0]))
}

/// Bytes of a text's head that are looked at.
const LOOK: usize = 8 << 10;
/// Rows that tell what columns these are.
const ROWS: usize = 4;

/// The lines that are not blank, as far as they are text.
fn lines(head: &[u8]) -> impl Iterator<Item = &str> {
    let head = head.get(..LOOK).unwrap_or(head);
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines.map(str::trim_end).filter(|line| !line.is_empty())
}

fn first_line(head: &[u8]) -> Option<&str> {
    lines(head).next()
}

/// `Frame 1: 170 bytes on wire (1360 bits), 170 bytes captured (1360 bits) on interface eth0, id 0`
fn is_frame_of_details(line: &str) -> bool {
    let rest = line.strip_prefix("Frame ").and_then(|line| line.split_once(": "));
    rest.is_some_and(|(number, rest)| number.parse::<u64>().is_ok() && rest.contains(" on wire ("))
}

/// `0000  33 33 00 00 00 16 2e c0 62 c9 20 d4 86 dd 60 00   33......b. ...`.`
fn is_hex_dump(line: &str) -> bool {
    let Some(bytes) = line.strip_prefix("0000  ").and_then(|line| line.get(..24)) else { return false };
    let pairs = bytes.as_bytes().chunks(3);
    pairs.into_iter().all(|pair| matches!(pair, [a, b, b' '] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Rows with a time as only Wireshark writes it, or with names of its fields above them.
fn is_fields(head: &[u8]) -> bool {
    let is_mark = |byte: char| matches!(byte, '\t' | ',' | ';' | '|');
    let is_name = |cell: &str| {
        let cell = cell.trim_matches('"');
        let layer = cell.split_once('.').map(|(layer, _)| layer);
        let known = ["frame", "eth", "ip", "ipv6", "tcp", "udp", "_ws"];
        layer.is_some_and(|layer| known.contains(&layer))
            && cell.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
            && !cell.ends_with('.')
    };
    if first_line(head).is_some_and(|line| line.contains(is_mark) && line.split(is_mark).all(is_name)) {
        return true;
    }
    let mut rows = lines(head).take(ROWS).peekable();
    rows.peek().is_some() && rows.all(|row| row.contains(is_mark) && row.split(['\t', ';', '|', '"']).any(is_time))
}

/// `Nov 20, 2026 20:03:56.519462000 UTC`: the fraction has nine digits.
fn is_time(cell: &str) -> bool {
    let mut words = cell.split_whitespace();
    let (Some(month), Some(day), Some(year), Some(time), Some(_), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let is_number = |word: &str, digits: usize| word.len() == digits && word.bytes().all(|byte| byte.is_ascii_digit());
    let day = day.strip_suffix(',').is_some_and(|day| day.parse().is_ok_and(|day: u8| (1..=31).contains(&day)));
    let fraction = time.split_once('.').is_some_and(|(clock, fraction)| clock.contains(':') && is_number(fraction, 9));
    month.len() == 3 && day && is_number(year, 4) && fraction
}

/// What tshark writes for other programs.
fn is_markup(head: &[u8]) -> bool {
    let mut first = lines(head).take(ROWS);
    first.any(|line| {
        let line = line.trim_start();
        ["<pdml", "<psml", "\"_index\": \"packets-", "{\"index\":{\"_index\":\"packets-"]
            .iter()
            .any(|mark| line.starts_with(mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8]) -> Option<&'static str> {
        of(head).map(|foreign| foreign.name)
    }

    #[test]
    fn event_traces_are_known_by_their_first_buffer() {
        let mut trace = vec![0; 128];
        trace[..4].copy_from_slice(&0x1_0000_u32.to_le_bytes());
        trace[72..76].copy_from_slice(&[2, 0, 2, 0xc0]);
        assert_eq!(name(&trace), Some("Windows event trace (ETL)"));
        trace[1] = 1;
        assert_eq!(name(&trace), None);
    }

    #[test]
    fn what_tshark_prints_otherwise_than_line_by_line_is_known() {
        let details = "Frame 1: 170 bytes on wire (1360 bits), 170 bytes captured (1360 bits)\n    Section number: 1\n";
        let hex = "0000  33 33 00 00 00 16 2e c0 62 c9 20 d4 86 dd 60 00   33......b. ...`.\n";
        let rows =
            "Nov 20, 2026 20:03:56.519462000 UTC\t\t\tReport\nNov  2, 2026 20:03:57.301598000 CET\t10.77.1.2\t\n";
        for (text, word) in [
            (details, "`tshark -V`"),
            (hex, "`tshark -x`"),
            (rows, "`tshark -T fields`"),
            ("frame.time_epoch\tip.src\ttcp.flags.reset\n1.5\t10.0.0.1\t1\n", "`tshark -T fields`"),
            ("\"frame.time\",\"_ws.col.Info\"\n", "`tshark -T fields`"),
            ("<?xml version=\"1.0\"?>\n<pdml version=\"0\">\n", "`tshark -T`"),
            ("[\n  {\n    \"_index\": \"packets-2026-11-20\",\n", "`tshark -T`"),
        ] {
            assert!(
                name(text.as_bytes()).is_some_and(|name| name.contains(word)),
                "{text}: {:?}",
                name(text.as_bytes())
            );
        }
        for other in [
            "    1   0.000000    10.77.1.2 \u{2192} 10.77.2.2    TCP 74 39410 \u{2192} 5000 [SYN] Seq=0\n",
            "Nov 20, 2026 20:03:56 PM com.example.Pool connect\nWARNING: Connection refused, again\n",
            "Frame 1: lost\n",
            "0000  start of the log\n",
            "tcp.port,udp.port are two filters\n",
            "ip.src\n",
        ] {
            assert_eq!(name(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn captures_that_are_read_texts_and_nothing_are_not_foreign() {
        for head in [
            &b""[..],
            b"\xd4\xc3\xb2\xa1\x02\0\x04\0",
            b"snoop\0\0\0",
            b"GMBU",
            b"Proto Recv-Q",
            &[0; 4096],
            &[255; 99],
        ] {
            assert_eq!(name(head), None);
        }
    }
}
