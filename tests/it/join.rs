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
