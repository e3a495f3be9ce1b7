//! `synfin explain` as it is typed: keys, exit statuses, reports that name their captures.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use synfin::capture::script;

/// What a call printed and how it ended.
struct Said {
    status: i32,
    out: String,
    err: String,
}

fn synfin(folder: &Path, args: &[&str]) -> Said {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_synfin")).current_dir(folder).args(args).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { status: status.code().expect("no signal"), out: text(stdout), err: text(stderr) }
}

const LEAK: &str = "
    0.000 > S  0:0(0)
    0.001 < S. 0:0(0) ack 1
    0.002 > .  1:1(0) ack 1
    1.000 < F. 1:1(0) ack 1
    1.001 > .  1:1(0) ack 2
    flow refused
    client 10.1.0.20:49161
    server 10.1.0.41:6379
    2.000 > S  0:0(0)
    2.001 < R. =0:0(0) ack 1
    2.500 icmp 3 3 from 10.1.0.1 quoting >
    flow unknown
    client 10.1.0.99:1
    server 10.1.0.98:2
    3.000 icmp 3 3 from 10.1.0.1 quoting >
    flow later
    client [2001:db8::20]:49162
    server [2001:db8::41]:443
    120.000 > S  0:0(0)
    121.000 > S  0:0(0)";

/// A folder with captures of these scripts.
fn captures(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, script) in scripts {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, script::to_capture(script).unwrap_or_else(|error| panic!("{error}"))).expect("written");
    }
    folder
}

fn id_of(ladder: &str) -> &str {
    ladder.split_whitespace().nth(1).expect("`connection ID`")
}

#[test]
fn a_connection_is_found_by_every_kind_of_key() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let told = synfin(folder.path(), &["explain", "10.1.0.20:49160", "leak.pcap"]);
    assert_eq!(told.status, 0, "{}", told.err);
    assert!(told.out.contains("client_close_wait") && told.out.contains("stuck (119 s > 60 s)"), "{}", told.out);
    let id = id_of(&told.out);
    let upper = id[..4].to_uppercase();
    for key in [
        id,
        &upper,
        "10.1.0.40:80",
        "10.1.0.40",
        "10.1.0.20:49160-10.1.0.40:80",
        "10.1.0.40:80 - 10.1.0.20:49160",
        "10.1.0.20:49160 -> 10.1.0.40:80",
        "leak.pcap:3",
        "./leak.pcap:5",
    ] {
        let again = synfin(folder.path(), &["explain", key, "leak.pcap"]);
        assert_eq!((again.status, &again.out), (0, &told.out), "{key}: {}", again.err);
    }
    let six = synfin(folder.path(), &["explain", "[2001:db8::41]:443", "leak.pcap"]);
    assert!(six.out.contains("syn_unanswered") && six.out.contains("ipv6.addr == 2001:db8::20"), "{}", six.out);
    // An ICMP error belongs to the connection that it quotes.
    let by_icmp = synfin(folder.path(), &["explain", "leak.pcap:8", "leak.pcap"]);
    assert!(by_icmp.out.contains("rst_refused") && by_icmp.out.contains("port unreachable"), "{}", by_icmp.out);
}

#[test]
fn several_matches_are_listed_and_a_longer_key_is_asked_for() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let said = synfin(folder.path(), &["explain", "10.1.0.20", "leak.pcap"]);
    assert_eq!(said.status, 2);
    insta::assert_snapshot!(said.out + &said.err);
    let mut many = String::new();
    for port in 0..25 {
        many += &format!("flow f{port}\nclient 10.0.0.1:{}\nserver 10.0.0.2:80\n{port}.0 > S 0:0(0)\n", 40_000 + port);
    }
    let folder = captures(&[("many.pcap", &many)]);
    let said = synfin(folder.path(), &["explain", "10.0.0.2:80", "many.pcap"]);
    assert_eq!((said.status, said.out.lines().count()), (2, 1 + 20 + 1), "{}", said.out);
    assert!(said.out.ends_with("and 5 more\n") && said.err.contains("means 25 connections"), "{}", said.err);
}

#[test]
fn no_match_is_one_clear_line() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    for (key, line) in [
        ("0000000000000000", "no connection has an id that begins with 0000000000000000"),
        ("10.9.9.9:80", "no connection has an end at 10.9.9.9:80"),
        ("10.1.0.20:1-10.1.0.40:80", "no connection between 10.1.0.20:1 and 10.1.0.40:80"),
        ("other.pcap:1", "other.pcap: no such file among the inputs"),
        ("leak.pcap:99", "leak.pcap: has 11 frames, none with the number 99"),
        ("leak.pcap:9", "leak.pcap: frame 9 is an ICMP error about no connection here"),
    ] {
        let said = synfin(folder.path(), &["explain", key, "leak.pcap"]);
        assert_eq!((said.status, said.out.as_str(), said.err.as_str()), (2, "", &*format!("synfin: {line}\n")));
    }
    let said = synfin(folder.path(), &["explain", "no such thing", "leak.pcap"]);
    assert!(said.status == 2 && said.err.contains("is no column, outcome or state"), "{}", said.err);
}

#[test]
fn a_frame_without_tcp_says_what_it_holds() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let path = folder.path().join("leak.pcap");
    let mut bytes = fs::read(&path).expect("a capture");
    bytes[24 + 16 + 12..][..2].copy_from_slice(&[0x08, 0x06]); // the first frame's EtherType
    fs::write(&path, bytes).expect("written");
    let said = synfin(folder.path(), &["explain", "leak.pcap:1", "leak.pcap"]);
    assert_eq!((said.status, said.err.as_str()), (2, "synfin: leak.pcap: frame 1 holds no TCP: arp\n"));
}

#[test]
fn words_are_explained_as_before_and_take_no_captures() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let said = synfin(folder.path(), &["explain", "client_close_wait"]);
    assert_eq!((said.status, said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("client_close_wait (unfinished): "), "{}", said.out);
    let said = synfin(folder.path(), &["explain", "open", "leak.pcap"]);
    assert!(said.status == 2 && said.err.contains("means the same in every capture"), "{}", said.err);
    assert_eq!(synfin(folder.path(), &["explain", "10.1.0.20", "leak.pcap", "--all", "--script"]).status, 2);
}

#[test]
fn a_report_names_the_captures_and_says_what_has_changed() {
    let folder = captures(&[("evidence/leak.pcap", LEAK), ("evidence/more.pcap", "0.5 > S 0:0(0)")]);
    let none = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    assert!(none.status == 2 && none.err.contains("no report to take the captures from"), "{}", none.err);
    assert_eq!(synfin(folder.path(), &["evidence"]).status, 0);
    let told = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    assert_eq!((told.status, told.err.as_str()), (0, ""), "nothing has changed");
    assert!(told.out.contains("rst_refused") && told.out.contains("evidence/leak.pcap"), "{}", told.out);
    assert_eq!(synfin(folder.path(), &["explain", "leak.pcap:6"]).out, told.out, "the last part of a path is enough");
    // Another folder of reports, seen from elsewhere: relative paths are looked up from there.
    let elsewhere = folder.path().join("evidence");
    let lost = synfin(&elsewhere, &["explain", "10.1.0.20:49161", "--report", "../synfin-report"]);
    assert!(lost.status == 2 && lost.err.contains("evidence/leak.pcap: no such file"), "{}", lost.err);
    // One grows: the connection is still found, and a line says so.
    let path = folder.path().join("evidence/more.pcap");
    let grown = [fs::read(&path).expect("a capture"), vec![0; 7]].concat();
    fs::write(&path, grown).expect("written");
    let told = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    // The other line: it grew by half a record.
    assert_eq!((told.status, told.err.lines().count()), (1, 2), "{}", told.err);
    assert!(told.err.starts_with("synfin: evidence/more.pcap: changed since the report was made: "), "{}", told.err);
    // One is gone: what could be read is told, and the status says that something could not.
    fs::remove_file(&path).expect("removed");
    let told = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    assert!(told.status == 1 && told.out.contains("rst_refused"), "{}", told.err);
    assert!(told.err.contains("evidence/more.pcap: no such file"), "{}", told.err);
}

#[test]
fn the_time_of_last_writing_is_remembered_to_the_nanosecond() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    assert_eq!(synfin(folder.path(), &["leak.pcap"]).status, 0);
    let file = fs::File::options().append(true).open(folder.path().join("leak.pcap")).expect("a capture");
    let before = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    file.set_modified(before + std::time::Duration::from_secs(3600)).expect("set");
    let told = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    assert!(
        told.status == 0 && told.err.starts_with("synfin: leak.pcap: changed since the report was made: last written ")
    );
    file.set_modified(before).expect("set");
    assert_eq!(synfin(folder.path(), &["explain", "10.1.0.20:49161"]).err, "");
}

#[test]
fn what_was_standard_input_cannot_be_read_again() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let capture = fs::File::open(folder.path().join("leak.pcap")).expect("a capture");
    let analysed =
        Command::new(env!("CARGO_BIN_EXE_synfin")).current_dir(folder.path()).arg("-").stdin(capture).output();
    assert!(analysed.expect("the program runs").status.success());
    let said = synfin(folder.path(), &["explain", "10.1.0.20:49161"]);
    assert_eq!((said.status, said.out.as_str()), (2, ""));
    assert!(said.err.starts_with("synfin: standard input: was read once and is gone"), "{}", said.err);
}

#[test]
fn a_script_becomes_a_capture_in_which_the_connection_ends_alike() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let script = synfin(folder.path(), &["explain", "10.1.0.20:49160", "leak.pcap", "--script"]);
    assert_eq!(script.status, 0);
    insta::assert_snapshot!("script", script.out);
    fs::write(folder.path().join("ticket.pkt"), &script.out).expect("written");
    assert_eq!(synfin(folder.path(), &["synth", "ticket.pkt", "-w", "again.pcap"]).status, 0);
    let again = synfin(folder.path(), &["explain", "10.1.0.20:49160", "again.pcap", "--script"]);
    let line = |text: &str| text.lines().find(|line| line.starts_with("// =>")).map(str::to_owned);
    assert_eq!(line(&again.out), line(&script.out));
}

#[test]
fn all_prints_the_same_ladder_where_nothing_is_folded() {
    let folder = captures(&[("leak.pcap", LEAK)]);
    let plain = synfin(folder.path(), &["explain", "10.1.0.20:49160", "leak.pcap"]);
    let all = synfin(folder.path(), &["explain", "10.1.0.20:49160", "leak.pcap", "--all"]);
    assert_eq!(all.out, plain.out);
}

#[test]
fn files_of_one_name_in_several_folders_are_told_apart_by_their_paths() {
    let folder = captures(&[("a/cli.pcap", "0.0 > S 0:0(0)"), ("b/cli.pcap", "1.0 > S 0:0(0)")]);
    let both = synfin(folder.path(), &["explain", "cli.pcap:1", "a", "b"]);
    assert!(both.status == 2 && both.err.contains("means 2 connections"), "{}", both.err);
    let one = synfin(folder.path(), &["explain", "b/cli.pcap:1", "a", "b"]);
    assert!(one.status == 0 && one.out.contains("Wireshark, b/cli.pcap:"), "{}", one.out);
}
