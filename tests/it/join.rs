//! Dumps beside captures, each a small story: which socket is which connection, and what is left apart.

mod lines;

use std::fs;
use std::path::Path;
use std::process::Command;
use synfin::capture::script;

/// Four connections from 2026-01-01 00:00:00 UTC on: an open one, one that the server closed and the client did not, one that
/// was reset, and another that goes on to the end.
const CAPTURE: &str = "
    flow open
    client 10.0.0.1:40000
    server 10.0.0.2:80
    0.000 > S  0:0(0)
    0.001 < S. 0:0(0) ack 1
    0.002 > .  1:1(0) ack 1
    0.010 > P. 1:101(100) ack 1
    0.011 < .  1:1(0) ack 101
    flow left
    client 10.0.0.1:40001
    server 10.0.0.2:80
    1.000 > S  0:0(0)
    1.001 < S. 0:0(0) ack 1
    1.002 > .  1:1(0) ack 1
    2.000 < F. 1:1(0) ack 1
    2.001 > .  1:1(0) ack 2
    flow cut
    client 10.0.0.1:40002
    server 10.0.0.2:80
    3.000 > S  0:0(0)
    3.001 < S. 0:0(0) ack 1
    3.002 > .  1:1(0) ack 1
    4.000 < R. 1:1(0) ack 1
    flow last
    client 10.0.0.1:40003
    server 10.0.0.2:80
    5.000 > S  0:0(0)
    5.001 < S. 0:0(0) ack 1
    5.002 > .  1:1(0) ack 1
    60.000 > P. 1:101(100) ack 1
    60.001 < .  1:1(0) ack 101";

const CLIENT: &str = "\
ESTAB      0 0 10.0.0.1:40000 10.0.0.2:80
CLOSE-WAIT 1 0 10.0.0.1:40001 10.0.0.2:80
ESTAB      0 0 10.0.0.1:40003 10.0.0.2:80
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        let bytes = match name.strip_suffix(".pcap") {
            Some(_) => script::to_capture(text).unwrap_or_else(|error| panic!("{error}")),
            None => text.as_bytes().to_vec(),
        };
        fs::write(path, bytes).expect("written");
    }
    folder
}

/// A table of a folder as CSV, with these columns.
fn table(folder: &Path, name: &str, columns: &str) -> String {
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let output = synfin.current_dir(folder).args(["show", name, ".", "--columns", columns]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut again = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let again = again.current_dir(folder).args(["show", name, ".", "--columns", columns, "-j", "1"]).output();
    assert_eq!(text.as_bytes(), again.expect("it runs").stdout, "the same on one thread");
    text
}

const SOCKETS: &str = "local_port,remote_port,state,connection_id,side,wire_state,disagreement,joined_by,placed";

#[test]
fn each_socket_is_the_side_of_a_connection_that_was_there_then() {
    let dump = format!("=== 2026-01-01T00:00:10Z ===\n{CLIENT}");
    let server = "=== 2026-01-01T00:00:10Z ===\nState Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 128 [::]:22 [::]:*\nFIN-WAIT-2 0 0 [::ffff:10.0.0.2]:80 [::ffff:10.0.0.1]:40001\n";
    let folder = folder(&[("a.pcap", CAPTURE), ("client.txt", &dump), ("server.txt", server)]);
    insta::assert_snapshot!(table(folder.path(), "sockets", &format!("{SOCKETS},peer_state,peer_path,peer_line")));
    let columns =
        "client_port,outcome,client_state,client_socket_state,client_recv_q,server_socket_state,kernel_disagrees";
    insta::assert_snapshot!(table(folder.path(), "connections", columns));
}

#[test]
fn what_looks_alike_is_left_apart() {
    let dump = "\
=== 2026-01-01T00:00:10Z ===
ESTAB 0 0 10.0.0.1:40009 10.0.0.2:80
ESTAB 0 0 10.0.0.1:40000 10.0.0.2:443
ESTAB 0 0 10.0.0.3:40000 10.0.0.2:80
ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80
=== 2026-01-01T03:00:10Z ===
ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80
";
    let folder = folder(&[("a.pcap", CAPTURE), ("dump.txt", dump)]);
    insta::assert_snapshot!(table(folder.path(), "sockets", SOCKETS));
}

#[test]
fn what_is_masked_or_named_is_joined_if_it_fits_one_connection_only() {
    let dump = "\
=== 2026-01-01T00:00:10Z ===
tcp        0      0 xxx.xxx.xxx.1:40000     10.0.0.2:80             ESTABLISHED
tcp        1      0 workstation:40001       web:http                CLOSE_WAIT
tcp        0      0 xxx.xxx.xxx.9:40003     10.0.0.2:80             ESTABLISHED
tcp        0      0 <client>:xxxxx          10.0.0.2:80             ESTABLISHED
";
    let folder = folder(&[("a.pcap", CAPTURE), ("dump.txt", dump)]);
    insta::assert_snapshot!(table(folder.path(), "sockets", &format!("local_text,{SOCKETS}")));
}

#[test]
fn where_kernel_and_packets_differ_that_is_said() {
    let dump = "\
=== 2026-01-01T00:00:30Z ===
ESTAB      0 0 10.0.0.1:40000 10.0.0.2:80
ESTAB      0 0 10.0.0.1:40001 10.0.0.2:80
ESTAB      0 0 10.0.0.1:40002 10.0.0.2:80
ESTAB      0 0 10.0.0.1:40004 10.0.0.2:80
";
    let folder = folder(&[("a.pcap", CAPTURE), ("dump.txt", dump)]);
    insta::assert_snapshot!(table(folder.path(), "sockets", SOCKETS));
    let columns = "client_port,outcome,client_state,client_socket_state,kernel_disagrees";
    insta::assert_snapshot!(table(folder.path(), "connections", columns));
}

#[test]
fn a_dump_of_another_zone_or_a_clock_that_is_wrong_is_aligned() {
    // Somebody looked 10 s into the capture, at one time by a clock that is three hours and some minutes ahead.
    let zone = format!("2026-01-01 01:00:10\n{CLIENT}");
    let closing = "SYN-RECV 0 0 10.0.0.2:80 10.0.0.1:40004\n";
    let wrong = format!("=== 2026-01-01T03:17:09Z ===\n{CLIENT}{closing}");
    let late = format!("=== 2026-01-01T03:17:09Z ===\n{CLIENT}");
    let capture = format!(
        "{CAPTURE}
    flow half
    client 10.0.0.1:40004
    server 10.0.0.2:80
    9.000 > S  0:0(0)
    9.001 < S. 0:0(0) ack 1
    11.500 > .  1:1(0) ack 1"
    );
    let files = [
        ("a.pcap", capture.as_str()),
        ("late.txt", &late),
        ("none.txt", CLIENT),
        ("wrong.txt", &wrong),
        ("zone.txt", &zone),
    ];
    let columns = "path,line,local_port,connection_id,placed,capture_time,capture_time_uncertainty_s,clock_offset_s,clock_offset_uncertainty_s";
    let folder = folder(&files);
    insta::assert_snapshot!(table(folder.path(), "sockets", columns));
}

#[test]
fn a_clock_that_is_wrong_is_aligned_by_what_the_counters_counted() {
    // One connection lasts; others are opened in bursts, which the client's counters are read between.
    let mut capture = String::from(
        "
    flow long
    client 10.0.0.1:40000
    server 10.0.0.2:80
    0.000 > S  0:0(0)
    0.001 < S. 0:0(0) ack 1
    0.002 > .  1:1(0) ack 1
    60.000 > P. 1:101(100) ack 1
    60.001 < .  1:1(0) ack 101",
    );
    let bursts = [(7, 5), (17, 9), (27, 6), (37, 12_u32)];
    let mut port = 41_000;
    for (second, count) in bursts {
        for _ in 0..count {
            port += 1;
            capture += &format!(
                "
    flow n{port}
    client 10.0.0.1:{port}
    server 10.0.0.2:80
    {second}.000 > S  0:0(0)
    {second}.001 < S. 0:0(0) ack 1
    {second}.002 > .  1:1(0) ack 1
    {second}.003 > R. 1:1(0) ack 1"
            );
        }
    }
    // Its clock is an hour and 17 minutes ahead.
    let dump = |times: u32| {
        let (mut dump, mut opened) = (String::new(), 700);
        for (place, second) in [2, 12, 22, 32, 42].into_iter().enumerate() {
            opened += place.checked_sub(1).map_or(0, |before| times * bursts[before].1);
            dump += &format!(
                "=== 2026-01-01T01:17:{second:02}Z ===\n#kernel\nTcpActiveOpens                  {opened}                0.0\n"
            );
        }
        dump + "=== 2026-01-01T01:17:42Z ===\nESTAB 0 0 10.0.0.1:40000 10.0.0.2:80\n"
    };
    let columns =
        "placed,connection_id,capture_time,capture_time_uncertainty_s,clock_offset_s,clock_offset_uncertainty_s";
    let counted = folder(&[("a.pcap", capture.as_str()), ("dump.txt", &dump(1))]);
    insta::assert_snapshot!(table(counted.path(), "sockets", columns));
    // Where most of what was counted was not captured, nothing can be said: an hour away from the capture the ports are others'.
    let other = folder(&[("a.pcap", capture.as_str()), ("dump.txt", &dump(5))]);
    let rows = table(other.path(), "sockets", "placed,connection_id");
    assert_eq!(rows, "placed,connection_id\nunplaced,\n");
}

#[test]
fn a_dump_that_shares_one_port_by_chance_is_placed_nowhere() {
    let mut dump = CLIENT.lines().take(1).map(|line| format!("{line}\n")).collect::<String>();
    for port in 50_000..58_000 {
        dump += &format!("ESTAB 0 0 10.0.0.1:{port} 10.0.0.2:80\n");
    }
    let folder = folder(&[("a.pcap", CAPTURE), ("dump.txt", &dump)]);
    let rows = table(folder.path(), "sockets", "connection_id,placed");
    assert!(
        rows.lines().skip(1).all(|row| row == ",unplaced"),
        "{}",
        rows.lines().take(3).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn two_hosts_are_joined_without_any_capture() {
    let server = "\
[root@web ~]# date
Thu Jan  1 00:00:12 UTC 2026
[root@web ~]# ss -tan
State      Recv-Q Send-Q Local Address:Port Peer Address:Port
LISTEN     0      128    *:80               *:*
CLOSE-WAIT 1      0      10.0.0.2:80        10.0.0.1:40000
ESTAB      0      0      10.0.0.2:80        10.0.0.1:40009
";
    let client = "\
[root@desk ~]# date
Thu Jan  1 00:00:10 UTC 2026
[root@desk ~]# ss -tan
State      Recv-Q Send-Q Local Address:Port Peer Address:Port
FIN-WAIT-2 0      0      10.0.0.1:40000     10.0.0.2:80
ESTAB      0      0      127.0.0.1:5000     127.0.0.1:6000
[root@desk ~]# date
Thu Jan  1 05:00:10 UTC 2026
[root@desk ~]# ss -tan
State      Recv-Q Send-Q Local Address:Port Peer Address:Port
ESTAB      0      0      10.0.0.1:40009     10.0.0.2:80
";
    let other = "ESTAB 0 0 127.0.0.1:6000 127.0.0.1:5000\n";
    let folder = folder(&[("client.txt", client), ("other.txt", other), ("server.txt", server)]);
    let columns = "host,local_address,local_port,state,peer_host,peer_state,peer_path,peer_line,peer_apart_s";
    insta::assert_snapshot!(table(folder.path(), "sockets", columns));
}

#[test]
fn what_a_host_does_with_itself_is_seen_in_its_own_capture_only() {
    let capture = "
    client 127.0.0.1:40000
    server 127.0.0.1:5432
    0.000 > S  0:0(0)
    0.001 < S. 0:0(0) ack 1
    0.002 > .  1:1(0) ack 1
    90.000 > P. 1:101(100) ack 1
    90.001 < .  1:1(0) ack 101";
    let head = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n";
    let dump = |rows: &str| format!("=== 2026-01-01T00:00:10Z ===\n{head}LISTEN 0 128 [::]:22 [::]:*\n{rows}");
    let both_ends = "ESTAB 0 0 127.0.0.1:40000 127.0.0.1:5432\nESTAB 0 0 127.0.0.1:5432 127.0.0.1:40000\n";
    let own = dump(&format!("{both_ends}ESTAB 0 0 127.0.0.1:40001 127.0.0.1:5432\n"));
    let web = [("host=web/a.pcap", capture), ("host=web/ss.txt", own.as_str())];
    let columns = "host,local_port,connection_id,disagreement";
    let alone =
        "host,local_port,connection_id,disagreement\nweb,22,,\nweb,40000,ID,\nweb,5432,ID,\nweb,40001,,no_packets\n";
    let table_of = |files: &[(&str, &str)]| {
        let folder = folder(files);
        let rows = table(folder.path(), "sockets", columns);
        let ids = table(folder.path(), "connections", "id,kernel_disagrees");
        let id = ids.lines().nth(1).and_then(|row| row.strip_suffix(',')).expect("nothing is missing");
        rows.replace(id, "ID")
    };
    assert_eq!(table_of(&web), alone);
    // Another host has sockets between the same addresses, which no capture can have seen.
    let other = dump("ESTAB 0 0 127.0.0.1:40000 127.0.0.1:5432\nESTAB 0 0 127.0.0.1:40009 127.0.0.1:5432\n");
    let both = table_of(&[&[("host=db/ss.txt", other.as_str())][..], &web].concat());
    let expected = alone.replace("\nweb,22", "\ndb,22,,\ndb,40000,,\ndb,40009,,\nweb,22");
    assert_eq!(both, expected);
}

/// A connection between two high ports that began before the capture.
const MIDSTREAM: &str = "
    client 10.0.0.1:40000
    server 10.0.0.2:50000
    0.000 > P. 1:101(100) ack 1
    0.001 < .  1:1(0) ack 101";

#[test]
fn a_listening_socket_tells_client_from_server_where_the_start_was_not_captured() {
    let columns = "client_address,server_address,role_basis";
    let role = |dumps: &[(&str, &str)]| {
        let folder = folder(&[&[("a.pcap", MIDSTREAM)], dumps].concat());
        table(folder.path(), "connections", columns).lines().nth(1).expect("a row").to_owned()
    };
    let sender = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:50000\n";
    assert_eq!(role(&[]), "10.0.0.1,10.0.0.2,first");
    let on = |address: &str| format!("LISTEN 0 128 {address} 0.0.0.0:*\n{sender}");
    assert_eq!(role(&[("dump.txt", &on("10.0.0.1:40000"))]), "10.0.0.2,10.0.0.1,listener");
    assert_eq!(role(&[("dump.txt", &on("0.0.0.0:40000"))]), "10.0.0.2,10.0.0.1,listener", "on all of its addresses");
    assert_eq!(role(&[("dump.txt", &on("10.0.0.3:40000"))]), "10.0.0.1,10.0.0.2,first", "on another address");
    assert_eq!(role(&[("dump.txt", &on("10.0.0.1:40001"))]), "10.0.0.1,10.0.0.2,first", "on another port");
    assert_eq!(role(&[("dump.txt", "LISTEN 0 128 0.0.0.0:40000 0.0.0.0:*\n")]), "10.0.0.1,10.0.0.2,first", "of whom?");
    let both = [("dump.txt", on("10.0.0.1:40000")), ("peer.txt", on("10.0.0.2:50000"))];
    let both: Vec<(&str, &str)> = both.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(role(&both), "10.0.0.1,10.0.0.2,first", "at both ends");
}

/// The open connection of the capture as it comes out of a firewall that gives it another source, and one that stays as it is.
const BEHIND: &str = "
    flow open
    client 192.0.2.7:1024
    server 10.0.0.2:80
    0.000 > S  0:0(0)
    0.001 < S. 0:0(0) ack 1
    0.002 > .  1:1(0) ack 1
    0.010 > P. 1:101(100) ack 1
    0.011 < .  1:1(0) ack 101
    flow direct
    client 192.0.2.7:1025
    server 10.0.0.2:80
    1.000 > S  0:0(0)
    1.001 < S. 0:0(0) ack 1
    1.002 > .  1:1(0) ack 1";

fn tracked(time: &str, entries: &[(u16, u16)]) -> String {
    let line = |(before, behind): &(u16, u16)| {
        format!(
            "tcp      6 431990 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport={before} dport=80 src=10.0.0.2 dst=192.0.2.7 sport=80 dport={behind} [ASSURED] mark=0 use=1\n"
        )
    };
    format!("=== {time} ===\n{}", entries.iter().map(line).collect::<String>())
}

#[test]
fn a_translated_connection_is_found_from_either_side_of_the_firewall() {
    let client = "=== 2026-01-01T00:00:10Z ===\nESTAB 0 0 10.0.0.1:40000 10.0.0.2:80\n";
    let server =
        "=== 2026-01-01T00:00:11Z ===\nESTAB 0 0 10.0.0.2:80 192.0.2.7:1024\nESTAB 0 0 10.0.0.2:80 192.0.2.7:1025\n";
    let firewall = tracked("2026-01-01T00:00:12Z", &[(40000, 1024)]);
    let columns = format!("path,local_address,remote_address,{SOCKETS},peer_path,peer_line");
    let dumps = [("client.txt", client), ("firewall.txt", firewall.as_str()), ("server.txt", server)];
    let behind = folder(&[&dumps[..], &[("srv.pcap", BEHIND)]].concat());
    insta::assert_snapshot!(table(behind.path(), "sockets", &columns));
    let before = folder(&[&dumps[..], &[("cli.pcap", CAPTURE)]].concat());
    insta::assert_snapshot!(table(before.path(), "sockets", &columns));
}

#[test]
fn a_translation_of_another_port_or_hour_or_of_two_at_once_joins_nothing() {
    let client = "=== 2026-01-01T00:00:10Z ===\nESTAB 0 0 10.0.0.1:40000 10.0.0.2:80\n";
    for (what, firewall) in [
        ("another port", tracked("2026-01-01T00:00:12Z", &[(40001, 1024)])),
        ("another port behind", tracked("2026-01-01T00:00:12Z", &[(40000, 1026)])),
        ("another hour", tracked("2026-01-01T03:00:12Z", &[(40000, 1024)])),
        ("two at once", tracked("2026-01-01T00:00:12Z", &[(40000, 1024), (40000, 1025)])),
        ("two that became one", tracked("2026-01-01T00:00:12Z", &[(40000, 1024), (40002, 1024)])),
    ] {
        let folder = folder(&[("client.txt", client), ("firewall.txt", &firewall), ("srv.pcap", BEHIND)]);
        let rows = table(folder.path(), "sockets", "local_port,connection_id");
        assert_eq!(rows, "local_port,connection_id\n40000,\n", "{what}");
    }
}

#[test]
fn explain_shows_the_kernels_word_beside_the_packets() {
    let head = "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n";
    let row = |recv_q| format!("CLOSE-WAIT {recv_q} 0 10.0.0.1:40001 10.0.0.2:80 users:((\"python\",pid=812,fd=4))\n");
    let client = format!(
        "=== 2026-01-01T00:00:10Z ===\n{head}{}=== 2026-01-01T00:00:20Z ===\n{head}{}=== 2026-01-01T00:00:30Z ===\n{head}{}",
        row(1),
        row(1),
        row(18)
    );
    let server = format!("=== 2026-01-01T00:00:10Z ===\n{head}ESTAB 0 0 10.0.0.2:80 10.0.0.1:40001\n");
    let folder = folder(&[("a.pcap", CAPTURE), ("client.txt", &client), ("server.txt", &server)]);
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let output = synfin.current_dir(folder.path()).args(["explain", "10.0.0.1:40001", "."]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let kernel =
        text.lines().skip_while(|line| !line.starts_with("kernel")).take_while(|line| !line.starts_with("closed"));
    insta::assert_snapshot!(kernel.collect::<Vec<_>>().join("\n"));
}
