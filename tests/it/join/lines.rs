//! Logs beside captures, each a small story: which line tells of which connection, and what is left apart.

use super::{folder, table};
use std::process::Command;

/// From 2026-01-01 00:00:00 UTC on: a refused attempt, a connection that the server resets, three attempts that nobody
/// answers, and a database session that ends in order.
const CAPTURE: &str = "
    flow refused
    client 10.0.0.1:40000
    server 10.0.0.2:8080
    0.000 > S  0:0(0)
    0.001 < R. 0:0(0) ack 1
    flow reset
    client 10.0.0.1:40001
    server 10.0.0.2:22
    1.000 > S  0:0(0)
    1.001 < S. 0:0(0) ack 1
    1.002 > .  1:1(0) ack 1
    4.000 < R. 1:1(0) ack 1
    flow silent
    client 10.0.0.1:40002
    server 10.0.0.2:25
    5.000 > S  0:0(0)
    6.000 > S  0:0(0)
    8.000 > S  0:0(0)
    flow more
    client 10.0.0.1:40003
    server 10.0.0.2:25
    7.200 > S  0:0(0)
    8.200 > S  0:0(0)
    flow last
    client 10.0.0.1:40004
    server 10.0.0.2:25
    9.500 > S  0:0(0)
    10.500 > S  0:0(0)
    flow query
    client 10.0.0.1:40005
    server 10.0.0.2:3306
    20.000 > S  0:0(0)
    20.001 < S. 0:0(0) ack 1
    20.002 > .  1:1(0) ack 1
    20.010 > P. 1:101(100) ack 1
    20.020 < P. 1:51(50) ack 101
    20.030 > F. 101:101(0) ack 51
    20.040 < F. 51:51(0) ack 102
    20.050 > .  102:102(0) ack 52
    flow end
    client 10.0.0.1:40006
    server 10.0.0.2:80
    60.000 > S  0:0(0)
    60.001 < S. 0:0(0) ack 1
    60.002 > .  1:1(0) ack 1";

const COLUMNS: &str =
    "path,line,event,remote_port,connection_id,side,joined_by,connections_that_fit,placed,clock_offset_s";

/// A packet that a filter wrote down, at seconds of that minute by the clock of its host.
fn dropped(time: &str, port: u16) -> String {
    format!(
        "{time} web kernel: FW-DROP: IN=eth0 OUT= MAC=00:00:5e:00:53:01:00:00:5e:00:53:02:08:00 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT={port} DPT=25 WINDOW=64240 RES=0x00 SYN URGP=0\n"
    )
}

#[test]
fn a_line_is_joined_by_its_flow_by_one_end_or_by_where_its_program_listens() {
    let proxy = "\
2026/01/01 00:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.9.9.9, server: _, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.2:8080/\", host: \"shop\"
";
    let kernel =
        [dropped("2026-01-01T00:00:05.000100+00:00", 40002), dropped("2026-01-01T00:00:06.000100+00:00", 40002)];
    let auth = "\
2026-01-01T00:00:04.000200+00:00 web sshd[12]: Connection reset by 10.0.0.1 port 40001 [preauth]
";
    let mysql = "\
2026-01-01T00:00:20.015000Z 8 [Note] [MY-010926] [Server] Access denied for user 'app'@'10.0.0.1' (using password: YES)
";
    let listeners = "\
=== 2026-01-01T00:00:30Z ===
State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN 0      151    *:3306             *:*               users:((\"mysqld\",pid=812,fd=21))
ESTAB  0      0      10.0.0.2:80        10.0.0.9:5000
";
    let files = [
        ("a.pcap", CAPTURE),
        ("host=desk/nginx-error.log", proxy),
        ("host=web/auth.log", auth),
        ("host=web/kern.log", &kernel.concat()),
        ("host=web/mysql.log", mysql),
        ("host=web/ss.txt", listeners),
    ];
    let folder = folder(&files);
    insta::assert_snapshot!(table(folder.path(), "log_lines", COLUMNS));
    insta::assert_snapshot!(table(folder.path(), "connections", "client_port,outcome,log_lines,log_event,log_line"));
}

#[test]
fn what_looks_alike_is_left_apart() {
    let other = [
        // Another port of the client, another hour, another server.
        dropped("2026-01-01T00:00:05.000100+00:00", 40009),
        dropped("2026-01-01T03:07:05.000100+00:00", 40002),
        "2026-01-01T00:00:00.100000+00:00 web curl[7]: curl: (7) Failed to connect to 10.0.0.3 port 8080: Connection refused\n".to_owned(),
        // The right end at the right time, but nobody refused it.
        "2026-01-01T00:00:05.100000+00:00 web curl[7]: curl: (7) Failed to connect to 10.0.0.2 port 25: Connection refused\n".to_owned(),
        // Two attempts of that time fit, and neither is told apart.
        "2026-01-01T00:00:08.500000+00:00 web postfix/smtp[7]: connect to mx[10.0.0.2]:25: Connection timed out\n".to_owned(),
        // This one fits alone: the clock of the log is the capture's.
        dropped("2026-01-01T00:00:09.500100+00:00", 40004),
    ];
    let folder = folder(&[("a.pcap", CAPTURE), ("other.log", &other.concat())]);
    insta::assert_snapshot!(table(folder.path(), "log_lines", COLUMNS));
}

#[test]
fn a_log_of_another_zone_or_a_wrong_clock_is_aligned_by_its_flows_or_by_the_dumps_of_its_host() {
    let hour_off = [dropped("Jan  1 01:00:05", 40002), dropped("Jan  1 01:00:07", 40003)].concat();
    let wrong = [
        dropped("2026-01-01T03:17:06.000100+00:00", 40002),
        dropped("2026-01-01T03:17:08.200100+00:00", 40003),
        dropped("2026-01-01T03:17:10.500100+00:00", 40004),
    ];
    let refused = "2026-01-01T03:17:01.002000+00:00 desk app[7]: connect to 10.0.0.2:8080 failed: Connection refused\n";
    // The same host's sockets show how far its clock is ahead.
    let sockets = "\
=== 2026-01-01T03:17:03Z ===
State Recv-Q Send-Q Local Address:Port Peer Address:Port
ESTAB 0 0 10.0.0.1:40001 10.0.0.2:22
=== 2026-01-01T03:17:07Z ===
State Recv-Q Send-Q Local Address:Port Peer Address:Port
SYN-SENT 0 1 10.0.0.1:40002 10.0.0.2:25
=== 2026-01-01T03:17:09Z ===
State Recv-Q Send-Q Local Address:Port Peer Address:Port
SYN-SENT 0 1 10.0.0.1:40003 10.0.0.2:25
=== 2026-01-01T03:17:11Z ===
State Recv-Q Send-Q Local Address:Port Peer Address:Port
SYN-SENT 0 1 10.0.0.1:40004 10.0.0.2:25
";
    let alone = "2026-01-01T03:17:01.002000+00:00 tablet app[7]: connect to 10.0.0.2:8080 failed: Connection refused\n";
    let files = [
        ("a.pcap", CAPTURE),
        ("host=desk/app.log", refused),
        ("host=desk/ss.txt", sockets),
        ("host=fw1/kern.log", &hour_off),
        ("host=fw2/kern.log", &wrong.concat()),
        ("host=tablet/app.log", alone),
    ];
    let folder = folder(&files);
    insta::assert_snapshot!(table(folder.path(), "log_lines", COLUMNS));
}

#[test]
fn kernel_lines_that_count_from_the_boot_are_placed_by_several_flows() {
    let line = |time: &str, port| dropped("", port).replace(" web kernel: ", &format!("[{time}] "));
    let lines = [line("  105.000100", 40002), line("  107.200100", 40003), line("  109.500100", 40004)];
    let folder = folder(&[("a.pcap", CAPTURE), ("dmesg.txt", &lines.concat()), ("few.txt", &lines[0])]);
    insta::assert_snapshot!(table(folder.path(), "log_lines", COLUMNS));
}

#[test]
fn explain_shows_the_lines_beside_the_packets() {
    let kernel =
        [dropped("2026-01-01T00:00:05.000100+00:00", 40002), dropped("2026-01-01T00:00:06.000100+00:00", 40002)];
    let folder = folder(&[("a.pcap", CAPTURE), ("kern.log", &kernel.concat())]);
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let output = synfin.current_dir(folder.path()).args(["explain", "10.0.0.1:40002", "."]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let log = text.lines().skip_while(|line| !line.starts_with("log")).take_while(|line| !line.is_empty());
    insta::assert_snapshot!(log.collect::<Vec<_>>().join("\n"));
}
