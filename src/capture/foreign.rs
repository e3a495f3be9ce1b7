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
