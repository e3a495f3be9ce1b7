//! Texts as people paste them, with what is read of each: how it was printed, what was assumed, what became of whom.

use crate::containers::testdata;
use crate::support::{analyse_with, labels};
use std::path::Path;
use std::process::Command;
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
fn a_text_without_packets_is_no_capture() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in [
        "Proto Recv-Q Send-Q Local Address Foreign Address State\ntcp 0 0 10.0.0.1:22 10.0.0.2:4000 ESTABLISHED\n",
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

/// What is told of a text that was pasted, but for its note.
fn told_pasted(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pasted.txt");
    std::fs::write(&path, text).expect("written");
    without_note(&told(&path))
}

fn without_note(told: &str) -> String {
    told.lines().enumerate().filter(|(number, _)| *number != 1).map(|(_, line)| format!("{line}\n")).collect()
}

fn note(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pasted.txt");
    std::fs::write(&path, text).expect("written");
    let (_, case) = analyse_with(&[path], &Options::default());
    case.facts.points[0].files[0].note.clone().expect("a note")
}

const SAMPLES: [&str; 4] = ["tcpdump_dated.txt", "tcpdump_verbose.txt", "tcpdump_absolute_link.txt", "tshark.txt"];

#[test]
fn powershell_s_utf_16_and_the_marks_of_whoever_quoted_a_text_are_seen_through() {
    for sample in SAMPLES {
        let plain = testdata("captures/text").join(sample);
        let text = std::fs::read_to_string(&plain).expect("a sample");
        let folder = tempfile::tempdir().expect("a folder");
        let wide = folder.path().join("wide");
        let bytes: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        std::fs::write(&wide, bytes).expect("written");
        assert_eq!(told(&wide), told(&plain), "{sample}");
        let expected = without_note(&told(&plain));
        for mark in ["> ", ">> ", "> > ", "| ", "    ", "\t", ">     "] {
            let quoted: String = text.lines().map(|line| format!("{mark}{line}\r\n")).collect();
            assert_eq!(told_pasted(&quoted), expected, "{sample} behind {mark:?}");
        }
    }
}

#[test]
fn lines_that_a_terminal_or_a_mail_program_folded_are_put_together_again() {
    let at_column = |line: &str, most: usize| {
        let letters: Vec<char> = line.chars().collect();
        letters
            .chunks(most)
            .map(|part| part.iter().collect::<String>().trim_end().to_owned() + "\n")
            .collect::<String>()
    };
    let at_blanks = |line: &str, most: usize| {
        let (mut out, mut width) = (String::new(), 0);
        for word in line.split(' ') {
            let length = word.chars().count();
            match width {
                0 => {}
                _ if width + 1 + length > most => (out, width) = (out + "\n", 0),
                _ => (out, width) = (out + " ", width + 1),
            }
            (out, width) = (out + word, width + length);
        }
        out + "\n"
    };
    for sample in SAMPLES {
        let plain = testdata("captures/text").join(sample);
        let text = std::fs::read_to_string(&plain).expect("a sample").replace('\t', "        ");
        let expected = told_pasted(&text);
        for most in [72, 76, 80, 100, 132] {
            let columns: String = text.lines().map(|line| at_column(line, most)).collect();
            assert_eq!(told_pasted(&columns), expected, "{sample} in {most} columns");
            let words: String = text.lines().map(|line| at_blanks(line, most)).collect();
            assert_eq!(told_pasted(&words), expected, "{sample} in words up to {most}");
        }
    }
}

#[test]
fn what_stands_around_packets_is_passed_over_and_what_is_none_is_counted() {
    let packets = "12:00:01.0 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0\n\
                   12:00:02.0 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [R.], seq 0, ack 101, win 0, length 0\n";
    let around = format!(
        "root@web1:~# tcpdump -nn -i eth0 port 80\ntcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n\
         listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n{packets}^C\n\
         2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n"
    );
    assert_eq!(note(&around), note(packets));
    let prose = format!("Look at this:\n\n{packets}\nThat was all.\n");
    assert!(note(&prose).ends_with("; lines of no packet: 2, the first is line 1"), "{}", note(&prose));
    let cut = format!("{packets}12:00:03.0 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 10\n");
    let said = "; packets that could not be read: 1, the first in line 3 (`tcpdump -nn` prints addresses and ports as numbers)";
    assert!(note(&cut).ends_with(said), "{}", note(&cut));
    // A packet's bytes, in two ways.
    let dumped =
        packets.replace("length 0\n", "length 0\n\t0x0000:  4500 003c 5a1a 4000  E..<Z.@.\nE..<Z.@.@...\n\n.x.yGET\n");
    assert_eq!((note(&dumped), told_pasted(&dumped)), (note(packets), told_pasted(packets)));
}

#[test]
fn quick_output_is_a_capture_of_which_no_connection_can_be_told() {
    let quick =
        "12:00:01.0 IP 10.0.0.1.4000 > 10.0.0.2.80: tcp 0\n12:00:02.0 IP 10.0.0.2.80 > 10.0.0.1.4000: tcp 448\n";
    assert!(told_pasted(quick).starts_with("text of tcpdump: 2 frames\n") && judged(&[quick]).is_empty());
    let said = "; segments without flags and numbers (`-q`), of which nothing can be told: 2";
    assert!(note(quick).ends_with(said), "{}", note(quick));
}

#[test]
fn a_service_whose_port_nobody_knows_is_kept_apart_by_one_that_is_made_up() {
    let line = |second: u32, ends: &str, what: &str| format!("12:00:0{second}.0 IP {ends}: Flags {what}, length 0\n");
    let (first, second) = ("myhost.nosuchd > server.tproxy", "myhost.4001 > server.othersuch");
    let text = [
        line(1, first, "[S], seq 100, win 500"),
        line(2, second, "[S], seq 300, win 500"),
        line(3, "server.tproxy > myhost.nosuchd", "[R.], seq 0, ack 101, win 0"),
    ]
    .concat();
    let told = judged(&[&text]);
    assert_eq!(told.iter().map(|(_, outcome, _)| *outcome).collect::<Vec<_>>(), ["rst_refused", "syn_unanswered"]);
    assert!(
        note(&text).contains("ports made up for names (`-nn` prints numbers): 49151 is nosuchd, 49150 is "),
        "{}",
        note(&text)
    );
}

#[test]
fn without_times_nothing_is_told_of_time() {
    let text = "IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0\n\
                IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0\n";
    assert_eq!(judged(&[text]), [(4000, "syn_unanswered", "ambiguous")]);
    assert!(note(text).ends_with("it has no times, so that nothing can be told of how long anything took"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pasted.txt");
    std::fs::write(&path, text).expect("written");
    let (_, case) = analyse_with(&[path], &Options::default());
    assert_eq!((case.facts.points[0].first, case.facts.points[0].last), (None, None));
    let columns = "client_port,first_time,state_age_s,idle_max_s,client_packets";
    assert_eq!(around("connections", columns, text), ["4000    2"]);
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

/// What is said of the connections of lines of text: client's port, outcome, confidence.
fn judged(lines: &[&str]) -> Vec<(u16, &'static str, &'static str)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pasted.txt");
    std::fs::write(&path, lines.join("\n")).expect("written");
    let (rows, _) = analyse_with(&[path], &Options::default());
    rows.iter().map(|row| (row.client.port, row.outcome.name(), row.judgement.confidence.name())).collect()
}

#[test]
fn what_stood_in_lines_that_somebody_left_out_is_not_claimed() {
    let syn = "12:00:01.0 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0";
    let later = "12:00:09.0 IP 10.0.0.1.4001 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0";
    let confidence = |lines: &[&str]| judged(lines)[0].2;
    assert_eq!(confidence(&["Hello,", "this is what we saw:", syn, later, "Regards"]), "certain");
    assert_eq!(confidence(&[syn, "... 30 lines removed ...", later]), "probable");
    assert_eq!(confidence(&[syn, later, "2 packets captured", "0 packets dropped by kernel"]), "certain");
    assert_eq!(confidence(&[syn, later, "2 packets captured", "7 packets dropped by kernel"]), "probable");
    assert!(note(&[syn, later, "7 packets dropped by kernel"].join("\n")).ends_with("dropped: 7"));
}

#[test]
fn a_clock_goes_on_from_the_date_before_it() {
    let dated = "2026-11-20 23:59:58.0 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0";
    let clock = "00:00:01.0 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [S.], seq 900, ack 101, win 500, length 0";
    let told = told_pasted(&[dated, clock].join("\n"));
    assert!(told.contains("until 2026-11-21T00:00:01"), "{told}");
}

#[test]
fn an_error_that_does_not_say_what_it_is_about_is_pinned_on_the_only_flow_that_fits_and_that_is_not_certain() {
    let syn = |at: &str, port: u16| {
        format!("1 {at} 10.0.0.1 → 10.0.0.2 TCP 74 {port} → 80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460")
    };
    let query = "2 1.0 10.0.0.1 → 10.0.0.2 DNS 72 Standard query 0x309f A www.shop.lab";
    let error = "3 1.1 10.0.0.9 → 10.0.0.1 ICMP 102 Destination unreachable (Communication administratively filtered)";
    let late = "9 20.0 10.0.0.9 → 10.0.0.7 UDP 60 9 → 9 Len=1";
    let (first, second) = (&*syn("1.0", 4000), &*syn("1.05", 5000));
    assert_eq!(judged(&[first, error, late]), [(4000, "icmp_rejected", "probable")]);
    // Of two, or of one and something else that was sent, either may be meant.
    let open = [(4000, "syn_unanswered", "ambiguous"), (5000, "syn_unanswered", "ambiguous")];
    assert_eq!(judged(&[first, second, error, late]), open);
    assert_eq!(judged(&[first, query, error, late]), open[..1]);
    // Two errors for two: each has its own.
    let both = [(4000, "icmp_rejected", "probable"), (5000, "icmp_rejected", "probable")];
    assert_eq!(judged(&[first, second, error, error, late]), both);
    // An error to somebody else says nothing of these.
    let other = &*error.replace("→ 10.0.0.1", "→ 10.0.0.5");
    assert_eq!(judged(&[first, other, late]), [(4000, "syn_unanswered", "certain")]);
}

#[test]
fn what_tcpdump_prints_of_a_quoted_segment_is_as_certain_as_the_segment() {
    let syn = |port: u16| {
        format!(
            "12:00:01.0 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    \
             10.0.0.1.{port} > 10.0.0.2.80: Flags [S], cksum 0x1 (correct), seq {port}, win 64240, options [mss 1460], length 0"
        )
    };
    let error = "12:00:01.1 IP (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto ICMP (1), length 88)\n    \
                 10.0.0.9 > 10.0.0.1: ICMP host 10.0.0.2 unreachable - admin prohibited, length 68\n\t\
                 IP (tos 0x0, ttl 63, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    \
                 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], cksum 0x1 (correct), seq 4000, win 64240, options [mss 1460], length 0";
    let late = "12:00:20.0 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28";
    let told = judged(&[&syn(4000), &syn(5000), error, late]);
    assert_eq!(told, [(4000, "icmp_rejected", "certain"), (5000, "syn_unanswered", "certain")]);
}

#[test]
fn a_rst_without_a_ttl_may_be_a_middlebox_s_and_its_states_are_not_certain() {
    let lines = |ttl: &str| {
        let line =
            |second: u32, ends: &str, what: &str| format!("12:00:0{second}.0 IP {ttl}{ends}: Flags {what}, length 0");
        let (to, back) = ("10.0.0.1.4000 > 10.0.0.2.80", "10.0.0.2.80 > 10.0.0.1.4000");
        [
            line(1, to, "[S], seq 100, win 500"),
            line(2, back, "[S.], seq 900, ack 101, win 500"),
            line(3, to, "[.], ack 1, win 500"),
            line(4, back, "[.], ack 1, win 500"),
            line(5, back, "[R.], seq 1, ack 1, win 0"),
        ]
    };
    let story = |ttl: &str| judged(&lines(ttl).each_ref().map(String::as_str));
    assert_eq!(story(""), [(4000, "reset_by_server", "probable")]);
    let told = "(tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40) ";
    assert_eq!(story(told), [(4000, "reset_by_server", "certain")]);
    // A refusal leaves the same states, whoever sent it.
    let [syn, ..] = lines("");
    let refused = "12:00:02.0 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [R.], seq 0, ack 101, win 0, length 0";
    assert_eq!(judged(&[&syn, refused]), [(4000, "rst_refused", "certain")]);
}

/// Rows of a table of a text that was pasted: the columns named, joined by blanks.
fn around(table: &str, columns: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pasted.txt");
    std::fs::write(&path, text).expect("written");
    let arguments = ["show", table, "--format", "csv", "--columns", columns];
    let output = Command::new(env!("CARGO_BIN_EXE_synfin")).args(arguments).arg(&path).output().expect("synfin runs");
    let rows = String::from_utf8(output.stdout).expect("UTF-8");
    rows.lines().skip(1).map(|row| row.replace(',', " ")).collect()
}

#[test]
fn questions_for_addresses_and_names_are_read_where_nothing_else_stands() {
    let asked = "12:00:01.0 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28\n";
    let answer = "12:00:01.5 ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:09, length 28\n";
    let columns = "address,state,asked,answered,announced,asked_by,hardware_addresses";
    assert_eq!(around("arp", columns, asked), ["10.0.0.1 unanswered 1 0 0 10.0.0.2 "]);
    let both = format!("{asked}{answer}");
    assert_eq!(around("arp", columns, &both), ["10.0.0.1 answered 1 1 0 10.0.0.2 02:00:00:00:00:09"]);
    let shark = "1 0.1 02:00:00:00:00:09 → ff:ff:ff:ff:ff:ff ARP 42 Who has 10.0.0.1? Tell 10.0.0.2\n\
                 2 0.2 02:00:00:00:00:08 → 02:00:00:00:00:09 ARP 42 10.0.0.1 is at 02:00:00:00:00:08\n";
    assert_eq!(around("arp", columns, shark), ["10.0.0.1 answered 1 1 0 10.0.0.2 02:00:00:00:00:08"]);

    let columns = "name,type,state,code,client_address,asked,answered,addresses";
    let names = "12:00:01.0 IP 10.0.0.1.4000 > 10.0.0.53.53: 12447+ [1au] A? www.shop.lab. (41)\n\
                 12:00:01.1 IP 10.0.0.53.53 > 10.0.0.1.4000: 12447* 2/0/1 CNAME web.shop.lab., A 10.0.0.80 (75)\n\
                 12:00:02.0 IP 10.0.0.1.4001 > 10.0.0.53.53: 7+ AAAA? api.shop.lab. (30)\n\
                 12:00:02.1 IP 10.0.0.53.53 > 10.0.0.1.4001: 7 NXDomain 0/1/0 (80)\n\
                 12:00:03.0 IP 10.0.0.1.4002 > 10.0.0.53.53: 8+ A? db.shop.lab. (29)\n";
    let told = [
        "www.shop.lab A answered  10.0.0.1 1 1 10.0.0.80",
        "api.shop.lab AAAA failed NXDOMAIN 10.0.0.1 1 1 ",
        "db.shop.lab A unanswered  10.0.0.1 1 0 ",
    ];
    assert_eq!(around("dns", columns, names), told);
    let shark = "1 0.1 10.0.0.1 → 10.0.0.53 DNS 72 Standard query 0x309f A www.shop.lab OPT\n\
                 2 0.2 10.0.0.53 → 10.0.0.1 DNS 88 Standard query response 0x309f A www.shop.lab CNAME web.shop.lab A 10.0.0.80 OPT\n\
                 3 0.3 10.0.0.1 → 10.0.0.53 DNS 72 Standard query 0x30a0 AAAA api.shop.lab\n\
                 4 0.4 10.0.0.53 → 10.0.0.1 DNS 72 Standard query response 0x30a0 No such name AAAA api.shop.lab SOA ns.shop.lab\n\
                 5 0.5 10.0.0.1 → 10.0.0.53 DNS 72 Standard query 0x30a1 A db.shop.lab\n";
    assert_eq!(around("dns", columns, shark), told);
    // Errors and echoes alone are a capture too.
    let echo = "12:00:01.0 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64\n";
    assert!(told_pasted(echo).starts_with("text of tcpdump: 1 frames\nno tcp: icmp 1\n"), "{}", told_pasted(echo));
}
