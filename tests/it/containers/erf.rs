//! ERF, which editcap writes of no other capture: the samples are written here, and tshark agrees with them.

use super::{testdata, tool};
use std::process::Command;
use synfin::capture::{Frame, recognise};

/// The frames of a pcap as ERF records of Ethernet, every second one with two extension headers, with padding records
/// between and each record padded to eight bytes, as the cards write them.
fn erf(pcap: &[u8]) -> Vec<u8> {
    let format = recognise(pcap).expect("a pcap");
    let (at, mut context) = (format.open)(pcap).expect("a pcap");
    let mut out = Vec::new();
    (format.frames)(pcap, &mut context, at, u64::MAX, &mut |frame| record(&mut out, &frame));
    out
}

fn record(out: &mut Vec<u8>, frame: &Frame<'_>) {
    let (seconds, within) = (frame.time.0 / 1_000_000_000, frame.time.0 % 1_000_000_000);
    // Rounded up, so that reading it back rounds down to the same nanosecond.
    let fraction = ((within << 32) as u64).div_ceil(1_000_000_000);
    let extended = frame.number.is_multiple_of(2);
    let extensions: &[u8] = if extended { b"\x83\0\0\0\0\0\0\x01\x03\0\0\0\0\0\0\x02" } else { b"" };
    let length = (16 + extensions.len() + 2 + frame.bytes.len()).next_multiple_of(8);
    out.extend(((seconds as u64) << 32 | fraction).to_le_bytes());
    out.extend([if extended { 0x82 } else { 2 }, 4]);
    out.extend([length as u16, 0, frame.wire_len as u16].map(u16::to_be_bytes).concat());
    out.extend(extensions);
    out.extend([0, 0]);
    out.extend(frame.bytes);
    out.resize(out.len().next_multiple_of(8), 0);
    if frame.number.is_multiple_of(5) {
        out.extend([0; 8]);
        out.extend(b"\x30\x04\0\x18\0\0\0\0padding.");
    }
}

#[test]
fn the_samples_are_what_this_writer_writes() {
    for original in ["firewall_reject", "reset_midstream"] {
        let pcap = std::fs::read(testdata("incidents").join(original).join("client.pcap")).expect("a recording");
        let sample = testdata("captures/erf").join(format!("{original}.erf"));
        if std::env::var_os("SYNFIN_WRITE_SAMPLES").is_some() {
            std::fs::write(&sample, erf(&pcap)).expect("written");
        }
        assert!(std::fs::read(&sample).expect("a sample") == erf(&pcap), "{}", sample.display());
    }
}

#[test]
fn tshark_reads_in_them_what_it_reads_in_their_originals() {
    let Some(tshark) = tool("tshark") else { return };
    let fields = |path| {
        let fields = ["frame.time_epoch", "ip.src", "tcp.srcport", "tcp.seq_raw", "tcp.len", "icmp.code"];
        let mut command = Command::new(tshark);
        command.args(["-n", "-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field])).arg("-r").arg(path);
        String::from_utf8(command.output().expect("tshark runs").stdout).expect("text")
    };
    for original in ["firewall_reject", "reset_midstream"] {
        let pcap = fields(testdata("incidents").join(original).join("client.pcap"));
        assert!(pcap.lines().count() > 10);
        assert_eq!(fields(testdata("captures/erf").join(format!("{original}.erf"))), pcap);
    }
}
