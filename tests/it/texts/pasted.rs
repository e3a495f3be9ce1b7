//! Texts as people paste them, with what is read of each: how it was printed, what was assumed, what became of whom.

use crate::containers::testdata;
use crate::support::{analyse_with, labels};
use std::path::Path;
use synfin::analysis::{self, Options};
use synfin::report::Value;
use synfin::report::columns::COLUMNS;
use synfin::tcp::Side;
use synfin::tcp::judgement::Caveats;

fn told(path: &Path) -> String {
    let (rows, case) = analyse_with(&[path.to_owned()], &Options::default());
    assert!(case.unread.is_empty(), "{:?}", case.unread);
    let file = &case.facts.points[0].files[0];
    let mut out = format!("{}: {} frames\n{}\n", file.format, file.frames, file.note.as_deref().unwrap_or_default());
    for (why, count) in &file.others {
        out += &format!("no tcp: {why} {count}\n");
    }
    for row in &rows {
        assert!(row.judgement.caveats.has(Caveats::TEXT_ONLY), "rows of a text say so");
        let [client, server] = [row.client, row.server].map(|end| format!("{} {}", end.ip(), end.port));
        let bytes = row.summary.sides.each_ref().map(|half| half.bytes);
        let last = row.summary.last.rfc3339();
        out += &format!("{client} > {server}: {} bytes {bytes:?} until {last}\n", labels(row));
    }
    out
}

#[test]
fn each_program_s_lines_are_read_as_it_meant_them() {
    insta::glob!("../../../testdata/captures/text", "*.txt", |path| insta::assert_snapshot!(told(path)));
}

#[test]
fn a_text_without_packets_of_tcp_is_no_capture() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in [
        "Proto Recv-Q Send-Q Local Address Foreign Address State\ntcp 0 0 10.0.0.1:22 10.0.0.2:4000 ESTABLISHED\n",
        "20:05:29.319551 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28\n",
        "1 0.5 is the first measurement > of TCP: none\n",
    ] {
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, text).expect("written");
        let plan = analysis::plan(std::slice::from_ref(&path), &Options::default());
        assert_eq!(plan.bytes, 0, "{text}");
    }
}

#[test]
fn no_dump_of_a_host_is_taken_for_packets() {
    let taken = |path: &Path| synfin::capture::text::recognise(&std::fs::read(path).expect("a dump")).is_some();
    let ours = crate::containers::files(&testdata("host"), "**/*.txt");
    let theirs =
        crate::shared::path("dumps").map(|dumps| crate::containers::files(&dumps, "**/*.*")).unwrap_or_default();
    let wrong: Vec<_> = ours.iter().chain(&theirs).filter(|path| path.is_file() && taken(path)).collect();
    assert!(!ours.is_empty() && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn powershell_s_utf_16_and_a_mail_s_quote_marks_are_seen_through() {
    let plain = testdata("captures/text/tshark.txt");
    let text = std::fs::read_to_string(&plain).expect("a sample");
    let folder = tempfile::tempdir().expect("a folder");
    let quoted: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("quoted", quoted.into_bytes()), ("wide", wide)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(told(&path), told(&plain), "{name}");
    }
}

#[test]
fn a_syn_sent_again_begins_nothing_whatever_its_number_counts_from() {
    let syn = |frame: u32, port: u16, number: u32| {
        format!(
            "{frame} {frame}.0 10.0.0.1 → 10.0.0.2 TCP 74 {port} → 80 [SYN] Seq={number} Win=64240 Len=0 MSS=1460\n"
        )
    };
    let packets = |lines: &[String]| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pasted.txt");
        std::fs::write(&path, lines.concat()).expect("written");
        let (rows, _) = analyse_with(&[path], &Options::default());
        rows.iter().map(|row| (row.client.port, row.summary[Side::Client].packets)).collect::<Vec<_>>()
    };
    for number in [0, 3_068_432_591] {
        assert_eq!(packets(&[syn(1, 4000, number), syn(2, 4000, number), syn(4, 4000, number)]), [(4000, 3)]);
    }
    // One odd SYN does not make absolute numbers of the others': the second life of the flow also begins at 0.
    let data = "2 2.0 10.0.0.1 → 10.0.0.2 TCP 154 4000 → 80 [PSH, ACK] Seq=1 Ack=1 Win=64240 Len=100\n".to_owned();
    let lives = [syn(1, 4000, 0), data, syn(3, 5000, 77), syn(4, 4000, 0)];
    assert_eq!(packets(&lives), [(4000, 2), (5000, 1), (4000, 1)]);
}

#[test]
fn who_sent_a_rst_is_open_where_the_text_tells_no_ttl() {
    let (rows, case) = analyse_with(&[testdata("captures/text/tshark.txt")], &Options::default());
    let cells = |name| {
        let column = COLUMNS.iter().find(|column| column.name == name).expect("a column");
        rows.iter().map(|row| (column.get)(row, &case.facts)).collect::<Vec<_>>()
    };
    let mut origins = cells("reset_origin");
    origins.retain(|origin| *origin != Value::Null);
    assert!(!origins.is_empty() && origins.iter().all(|origin| *origin == Value::Name("unknown")), "{origins:?}");
    assert!(cells("client_ttl_min").iter().all(|ttl| *ttl == Value::Null));
}
