//! `--since`, `--until`, `--filter`, `--where` and `--timezone`: what is chosen, what that leaves, and how it is said.

use crate::shared;
use crate::support::capture;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn synfin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "Asia/Tokyo")
        .output()
        .expect("synfin runs")
}

/// What the program prints, if it succeeds.
fn printed(arguments: &[&str]) -> String {
    let output = synfin(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The rows of a CSV table, without its head.
fn rows(table: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// The connections that are left, in one column.
fn column(name: &str, arguments: &[&str]) -> Vec<String> {
    let all = [&["show", "connections", "--format", "csv", "--columns", name][..], arguments].concat();
    rows(&printed(&all)).into_iter().map(|mut row| row.remove(0)).collect()
}

/// Frames of the inputs, and those of them that were left out.
fn frames(arguments: &[&str]) -> (u64, u64) {
    let all = [&["show", "inputs", "--format", "csv", "--columns", "frames,left_out_frames"][..], arguments].concat();
    let number = |cell: &String| cell.parse::<u64>().expect("a number");
    rows(&printed(&all)).iter().fold((0, 0), |(all, out), row| (all + number(&row[0]), out + number(&row[1])))
}

/// Three connections: a web request, one refused, one that nobody answers; at noon on the first of July 2026, UTC.
fn story(folder: &Path) -> PathBuf {
    let script = "start 2026-07-01T12:00:00Z\n\
        flow web\nclient 10.0.0.1:40001 iss 1\nserver 10.0.0.9:80 iss 9\n\
        0 > S 0:0(0) win 100\n0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n0.3 > P. 1:11(10) ack 1 win 100\n\
        0.4 < P. 1:101(100) ack 11 win 100\n0.5 > . 11:11(0) ack 101 win 100\n\
        flow refused\nclient 10.0.0.2:40002 iss 1\nserver 10.0.0.9:8080 iss 9\n\
        2 > S 0:0(0) win 100\n2.1 < R. 0:0(0) ack 1 win 0\n\
        flow silent\nclient 10.0.0.3:40003 iss 1\nserver 10.0.0.8:443 iss 9\n\
        4 > S 0:0(0) win 100\n5 > S 0:0(0) win 100\n7 > S 0:0(0) win 100\n\
        flow web\n\
        10 > F. 11:11(0) ack 101 win 100\n10.1 < F. 101:101(0) ack 12 win 100\n10.2 > . 12:12(0) ack 102 win 100\n";
    let path = folder.join("story.pcap");
    fs::write(&path, capture(script)).expect("written");
    path
}

#[test]
fn packets_outside_of_the_time_asked_for_are_as_if_never_captured() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let path = path.to_str().expect("UTF-8");
    assert_eq!(column("outcome", &[path]), ["completed", "rst_refused", "syn_unanswered"]);
    for since in ["+1s", "2026-07-01T12:00:01Z", "2026-07-01T14:00:01+02:00", "-9.2s"] {
        assert_eq!(
            column("outcome", &[path, "--since", since]),
            ["rst_refused", "syn_unanswered", "closed"],
            "{since}"
        );
        assert_eq!(frames(&[path, "--since", since]), (14, 6), "{since}");
    }
    assert_eq!(column("outcome", &[path, "--until", "+2.1s"]), ["open", "rst_refused"]);
    assert_eq!(column("outcome", &[path, "--since", "+1s", "--until=-5s"]), ["rst_refused", "syn_unanswered"]);
    // The capture ends where it was asked to end: nothing was waited for longer.
    assert_eq!(column("state_age_s", &[path, "--until", "+6s", "--since", "+3s"]), ["1.0"]);
    let wrong = synfin(&["show", "connections", path, "--since", "noon"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--since: `noon` is no time"), "{wrong:?}");
}

#[test]
fn moments_that_no_packet_can_lie_between_and_times_that_are_none_are_said_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let path = path.to_str().expect("UTF-8");
    // The capture lasts 10.2 seconds from noon on.
    for (since, until) in [
        ("2026-07-02T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("+5s", "+2s"),
        ("-2s", "-5s"),
        ("+8s", "-5s"),
        ("-1s", "+1s"),
        ("+1s", "2026-07-01T12:00:00Z"),
    ] {
        let wrong = synfin(&["show", "connections", path, "--since", since, &format!("--until={until}")]);
        let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(
            wrong.status.code() == Some(2) && said.contains("--since lies after --until"),
            "{since} {until}: {said}"
        );
    }
    assert_eq!(column("outcome", &[path, "--since", "+2s", "--until", "+2s"]), ["syn_unanswered"]);
    for (time, why) in [
        ("20:05:54", "`20:05:54` is no time: write 2026-11-20T20:05:54Z"),
        ("2026-02-30T00:00:00Z", "`2026-02-30T00:00:00Z` is no time: write"),
        ("1795000000", "`1795000000` is no time: write"),
        ("1600-01-01T00:00:00Z", "`1600-01-01T00:00:00Z` lies outside of the years 1678 to 2261"),
        ("+5 parsecs", "is no duration"),
    ] {
        let wrong = synfin(&["show", "connections", path, "--since", time]);
        let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(wrong.status.code() == Some(2) && said.contains("--since: ") && said.contains(why), "{said}");
    }
}

#[test]
fn connections_are_made_of_the_packets_that_the_filter_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let path = path.to_str().expect("UTF-8");
    assert_eq!(column("server_port", &[path, "--filter", "port 80 or 443"]), ["80", "443"]);
    assert_eq!(column("outcome", &[path, "--filter", "host 10.0.0.9 and not port 80"]), ["rst_refused"]);
    // One direction alone: the other side's packets are missing, and said to be.
    assert_eq!(column("caveats", &[path, "--filter", "src 10.0.0.1"]), ["one_sided"]);
    let story = printed(&["explain", "10.0.0.2:40002", path, "--filter", "host 10.0.0.2"]);
    assert!(story.contains("rst_refused"), "{story}");
    let gone = synfin(&["explain", &format!("{path}:1"), path, "--filter", "host 10.0.0.2"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("is left out by --since, --until or --filter"), "{gone:?}");
    let wrong = synfin(&[path, "--filter", "tcp[13] = 2"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`[` at character 4 is not supported"), "{wrong:?}");
}

#[test]
fn fragments_are_taken_or_left_out_with_the_packet_that_they_are_pieces_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let exchange = |name: &str, port: u16| {
        format!(
            "flow {name}\nclient 10.0.0.1:{port} iss 1\nserver 10.0.0.9:80 iss 9\n0 > S 0:0(0) win 100\n\
             0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n0.3 > P. 1:1001(1000) ack 1 win 100 frag 400\n\
             0.4 < . 1:1(0) ack 1001 win 100\n"
        )
    };
    let path = folder.path().join("pieces.pcap");
    // Two connections of seven frames, three of them pieces of one packet.
    fs::write(&path, capture(&(exchange("one", 40001) + &exchange("two", 40002)))).expect("written");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(frames(&[path]), (14, 0));
    for (filter, left_out) in [
        ("port 40001", 7),
        ("host 10.0.0.1 and not port 40002", 7),
        ("src port 40001", 9),
        ("udp", 14),
        ("tcp port 80", 0),
        // The frames of a packet are one packet's length together.
        ("greater 1060", 8),
    ] {
        assert_eq!(frames(&[path, "--filter", filter]), (14, left_out), "{filter}");
    }
    assert_eq!(column("client_bytes", &[path, "--filter", "port 40001"]), ["1000"]);
    let counts = ["others_by_name", "fragmented_packets", "fragmented_incomplete"].join(",");
    let inputs = printed(&["show", "inputs", "--format", "csv", "--columns", &counts, path, "--filter", "port 40001"]);
    assert_eq!(inputs.lines().nth(1), Some("fragment of tcp 2,2,0"));
    let story = printed(&["explain", "10.0.0.1:40001", path, "--filter", "port 40001"]);
    assert!(story.contains("1000"), "{story}");
    let gone = synfin(&["explain", &format!("{path}:13"), path, "--filter", "port 40001"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("is left out by --since, --until or --filter"), "{gone:?}");
}

#[test]
fn rows_are_chosen_by_sql_over_the_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let path = path.to_str().expect("UTF-8");
    let chosen = |condition: &str| column("server_port", &[path, "--where", condition]).join(" ");
    let cases = [
        ("outcome = 'rst_refused'", "8080"),
        ("outcome <> 'rst_refused' and client_bytes > 0", "80"),
        ("not (client_bytes > 0)", "8080 443"),
        ("OUTCOME IN ('open', 'completed')", "80"),
        ("server_port not in (80, 443)", "8080"),
        ("server_port between 80 and 500", "80 443"),
        ("server_port not between 80 and 500", "8080"),
        ("server_address like '10.0.0.%' and outcome not like 'rst%'", "80 443"),
        ("outcome ilike 'RST_%'", "8080"),
        ("server_state is null", "443"),
        ("server_state is not null", "80 8080"),
        // What nobody saw is neither more nor less than anything.
        ("server_bytes > 0 or server_bytes <= 0", "80 8080"),
        ("server_bytes = null", ""),
        ("(server_bytes > 0) is unknown", "443"),
        ("client_bytes + server_bytes = 110", "80"),
        ("server_bytes / client_bytes > 9.5 and -client_bytes < 0", "80"),
        ("last_time - first_time > 5", "80"),
        ("first_time >= '2026-07-01T12:00:02Z'", "8080 443"),
        ("first_time >= '2026-07-01 12:00:02'", "8080 443"),
        ("first_time + 2 = '2026-07-01 12:00:04'", "8080"),
        ("true", "80 8080 443"),
        ("null", ""),
    ];
    for (condition, ports) in cases {
        assert_eq!(chosen(condition), ports, "{condition}");
    }
    let wrong = synfin(&["show", "connections", path, "--where", "outcme = 'open'"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("near are outcome"), "{wrong:?}");
    let inputs = ["show", "inputs", "--format", "csv", "--columns", "frames", path, "--where"];
    assert_eq!(printed(&[&inputs[..], &["frames > 100"]].concat()), "frames\n");
    assert_eq!(printed(&[&inputs[..], &["end = 'clean' and position = 1"]].concat()), "frames\n14\n");
    // Both kinds of selection, and only what is left can be explained.
    let none = synfin(&["explain", "10.0.0.2:40002", path, "--where", "outcome = 'open'"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn the_summary_says_what_was_chosen_and_what_that_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let report = folder.path().join("report");
    let summary = printed(&[
        path.to_str().expect("UTF-8"),
        "-o",
        report.to_str().expect("UTF-8"),
        "--since=+1s",
        "--until=-0.15s",
        "--filter",
        "not port 443",
        "--where",
        "outcome = 'rst_refused'",
        "--timezone",
        "Europe/Berlin",
    ]);
    let shown: Vec<&str> = summary.lines().take_while(|line| *line != "FILES").collect();
    insta::assert_snapshot!(shown.join("\n"));
    let document = fs::read_to_string(report.join("summary.json")).expect("a summary");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&document["selection"]).expect("JSON"));
    let table = fs::read_to_string(report.join("connections.csv")).expect("a table");
    assert_eq!(rows(&table).len(), 1);
}

#[test]
fn times_are_printed_as_they_are_in_the_zone_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let path = path.to_str().expect("UTF-8");
    let first = |zone: &str| column("first_time", &[path, "--timezone", zone]).remove(0);
    assert_eq!(first("UTC"), "2026-07-01T12:00:00.000000000Z");
    assert_eq!(first("Europe/Berlin"), "2026-07-01T14:00:00.000000000+02:00");
    assert_eq!(first("-03:30"), "2026-07-01T08:30:00.000000000-03:30");
    assert_eq!(first("local"), "2026-07-01T21:00:00.000000000+09:00");
    // A time without an offset is one of that zone.
    let since = ["--timezone", "Europe/Berlin", "--since", "2026-07-01 14:00:01"];
    assert_eq!(column("server_port", &[&[path][..], &since].concat()), ["8080", "443", "80"]);
    let story = printed(&["explain", "10.0.0.2:40002", path, "--timezone", "America/New_York"]);
    assert!(story.contains("from 2026-07-01 08:00:02.000000 EDT for"), "{story}");
    let wrong = synfin(&["show", "inputs", path, "--timezone", "Mars/Olympus"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_report_with_named_points_is_explained_with_the_same_points() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = story(folder.path());
    let report = folder.path().join("report");
    let point = format!("door={}", path.display());
    let report = report.to_str().expect("UTF-8");
    printed(&["--point", &point, "-o", report, "--format", "none"]);
    printed(&["--point", &point, "-o", report]);
    assert_eq!(column("point", &["--point", &point]), ["door"; 3]);
    assert!(printed(&["explain", "10.0.0.2:40002", "--report", report]).contains("rst_refused"));
    let wrong = synfin(&["--point", "door", "-o", report]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// What both programs understand, and what the recordings have.
const FILTERS: [&str; 26] = [
    "tcp",
    "ip",
    "ip6",
    "arp",
    "udp",
    "icmp",
    "not tcp",
    "host 10.77.1.2",
    "src host 10.77.1.2",
    "dst 10.77.2.2",
    "host fd77:1::2",
    "net 10.77.0.0/16",
    "net 10.77",
    "src net 10.77.2.0 mask 255.255.255.0",
    "net fd77::/16",
    "ip host 10.77.1.2",
    "port 80",
    "port 80 or 8080 or 8443",
    "tcp dst port 80",
    "portrange 8000-9000",
    "src portrange 32768-60999 and not dst port 80",
    "src or dst port 53",
    "tcp and (port 80 or 443)",
    "not port 80 and 8443",
    "less 100",
    "greater 500",
];
/// Ours go on behind IPv6 extension headers; theirs need a word for that.
const OTHERWISE: [(&str, &str); 2] =
    [("icmp6", "ip6 protochain 58"), ("ip proto 6 or ip6 proto 58", "ip proto 6 or ip6 protochain 58")];

#[test]
fn filters_take_as_many_frames_as_tcpdump_takes() {
    let Some(lab) = shared::path("lab") else { return };
    if Command::new("tcpdump").arg("--version").output().is_err() {
        eprintln!("skipped: tcpdump is not installed");
        return;
    }
    let scenarios = ["s01_all_states", "s07_fw_reject", "s33_dns_failure", "s36_arp_unanswered"];
    let (mut compared, mut taken) = (0, 0);
    for path in scenarios.map(|scenario| lab.join(scenario).join("cli.pcap")) {
        let path = path.to_str().expect("UTF-8");
        for (filter, theirs) in FILTERS.map(|filter| (filter, filter)).into_iter().chain(OTHERWISE) {
            let theirs =
                Command::new("tcpdump").args(["-r", path, "-w", "-", "-U", theirs]).output().expect("tcpdump runs");
            assert!(theirs.status.success(), "{filter}: {}", String::from_utf8_lossy(&theirs.stderr));
            let theirs = records(&theirs.stdout);
            let (all, left_out) = frames(&[path, "--filter", filter]);
            assert_eq!(all - left_out, theirs, "{path}: {filter}");
            compared += 1;
            taken += usize::from(theirs > 0);
        }
    }
    assert!(taken * 2 > compared, "most filters take something: {taken} of {compared}");
    println!("{compared} counts equal tcpdump's, {taken} of them above 0");
}

/// Records of a little-endian pcap.
fn records(capture: &[u8]) -> u64 {
    let (mut at, mut number) = (24, 0);
    while let Some(length) = capture.get(at + 8..at + 12) {
        at += 16 + u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        number += 1;
    }
    number
}
