//! Rules and records of packet filters beside the connections that they decide on.

use crate::shared;
use crate::support::{analyse_with, capture};
use synfin::analysis::Options;
use synfin::case::{Facts, Judged};
use synfin::tcp::Side;

/// A SYN that is tried six times, and never answered.
const SILENT: &str = "
    start 2026-11-20T20:04:19Z
    client 10.77.1.2:40376 iss 1000
    server 10.77.2.2:3306
    0 > S 0:0(0)
    1 > S 0:0(0)
    2 > S 0:0(0)
    3 > S 0:0(0)
    5 > S 0:0(0)
    9 > S 0:0(0)
    end 60";

/// What the filters say of the one connection: `drop matched 6 of 6, line 4`.
fn said(script: &str, dump: &str) -> String {
    said_of_host(script, &[("web/filter.txt", dump)])
}

fn said_of_host(script: &str, dumps: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("silent.pcap"), capture(script)).expect("the capture is written");
    for (name, text) in dumps {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a dump");
    }
    let (rows, case) = analyse_with(&[folder.path().to_owned()], &Options::default());
    shown(&rows[0], &case.facts)
}

fn shown(row: &Judged, facts: &Facts) -> String {
    let Some(decision) = row.firewall else { return "nothing".to_owned() };
    let line = facts.dumps.rule(decision.place).expect("a rule").2.line;
    let packets = decision.packets.map_or("?".to_owned(), |packets| packets.to_string());
    let syns = row.summary[Side::Client].tries;
    format!("{} {} {packets} of {syns}, line {line}", decision.action.name(), decision.basis.name())
}

fn chain(rule: &str) -> String {
    format!(
        "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n pkts bytes target     prot opt in     out     source               destination\n{rule}\n"
    )
}

const TAIL: &str = "--  *      *       0.0.0.0/0            0.0.0.0/0";

#[test]
fn a_rule_that_counted_packets_has_matched() {
    assert_eq!(said(SILENT, &chain(&format!("6 360 DROP 6 {TAIL} tcp dpt:3306"))), "drop matched 6 of 6, line 3");
}

#[test]
fn a_rule_that_counted_nothing_is_not_the_one() {
    assert_eq!(said(SILENT, &chain(&format!("0 0 DROP 6 {TAIL} tcp dpt:3306"))), "nothing");
    // Before the connection was tried it had counted nothing yet.
    let early = format!("=== 2026-11-20T20:00:00Z ===\n{}", chain(&format!("0 0 DROP 6 {TAIL} tcp dpt:3306")));
    assert_eq!(said(SILENT, &early), "drop would_match 0 of 6, line 4");
}

#[test]
fn without_counters_a_rule_only_would_match() {
    let list = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 3306 -j DROP\n";
    assert_eq!(said(SILENT, list), "drop would_match ? of 6, line 4");
    assert_eq!(
        said(
            SILENT,
            "Status: active\n\nTo Action From\n-- ------ ----\n3306/tcp                   DENY IN     Anywhere\n"
        ),
        "drop would_match ? of 6, line 5"
    );
}

#[test]
fn the_first_rule_that_decides_counts_whatever_stands_below() {
    let drop = "[6:360] -A INPUT -p tcp -m tcp --dport 3306 -j DROP\n";
    for (above, expected) in [
        ("[9:9] -A INPUT -s 10.77.1.0/24 -j ACCEPT\n", "nothing"),
        ("[9:9] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", "drop matched 6 of 6, line 3"),
        ("[9:9] -A INPUT -p tcp -m tcp --dport 3307 -j ACCEPT\n", "drop matched 6 of 6, line 3"),
        ("[9:9] -A INPUT -m set --match-set friends src -j ACCEPT\n", "drop may_match 6 of 6, line 3"),
        ("[9:9] -A INPUT -i eth0 -j ACCEPT\n", "drop may_match 6 of 6, line 3"),
        ("[9:9] -A INPUT -j web\n[9:9] -A web -p tcp -j RETURN\n", "drop matched 6 of 6, line 4"),
        ("[9:9] -A INPUT -j web\n[9:9] -A web -p tcp -j ACCEPT\n", "nothing"),
        ("[9:9] -A INPUT -j web\n[7:9] -A web -p tcp -j REJECT\n", "reject matched 7 of 6, line 3"),
    ] {
        assert_eq!(said(SILENT, &format!("*filter\n{above}{drop}")), expected, "{above}");
    }
}

#[test]
fn a_policy_decides_where_no_rule_does() {
    let list = "*filter\n:INPUT DROP [6:360]\n[0:0] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n";
    assert_eq!(said(SILENT, list), "drop matched 6 of 6, line 2");
}

#[test]
fn an_answer_is_no_work_of_a_rule_that_drops() {
    let refused = "
        client 10.77.1.2:40376 iss 1000
        server 10.77.2.2:3306
        0 > S 0:0(0)
        0.001 < R. =0:0(0) ack 1";
    let rule = |target: &str| chain(&format!("1 60 {target} 6 {TAIL} tcp dpt:3306"));
    assert_eq!(said(refused, &rule("DROP")), "nothing");
    assert_eq!(said(refused, &rule("REJECT")), "reject matched 1 of 1, line 3");
    let served =
        format!("{refused}\n").replace("R. =0:0(0)", "S. 0:0(0)") + "0.002 > . 1:1(0) ack 1\n0.003 < P. 1:5(4) ack 1\n";
    assert_eq!(said(&served, &rule("DROP")), "nothing");
}

#[test]
fn of_an_unacknowledged_syn_ack_it_is_the_way_back_that_counts() {
    let unacknowledged = "
        client 10.77.1.2:40376 iss 1000
        server 10.77.2.2:3306
        0 > S 0:0(0)
        0.001 < S. 0:0(0) ack 1
        1 > S 0:0(0)
        1.001 < S. 0:0(0) ack 1
        end 60";
    let rule = |ends: &str| format!("*filter\n[2:120] -A INPUT -p tcp -m tcp {ends} -j DROP\n");
    assert_eq!(said(unacknowledged, &rule("--sport 3306")), "drop matched 2 of 2, line 2");
    assert_eq!(said(unacknowledged, &rule("--dport 3306")), "nothing");
}

#[test]
fn a_host_that_tells_its_addresses_has_no_other_ways() {
    let host = |address: &str| {
        format!(
            "[root@fw ~]# ip addr\n2: eth0: <UP> mtu 1500 state UP\n    inet {address}/24 scope global eth0\n\
             [root@fw ~]# iptables -S\n-A INPUT -p tcp -m tcp --dport 3306 -j DROP\n"
        )
    };
    assert_eq!(said(SILENT, &host("10.77.2.2")), "drop would_match ? of 6, line 5");
    assert_eq!(said(SILENT, &host("10.77.2.1")), "nothing");
}

#[test]
fn a_log_of_the_filter_names_the_flow() {
    let aws = |start: &str| format!("2 1 eni-1 10.77.1.2 10.77.2.2 40376 3306 6 6 360 {start} 1795205178 REJECT OK\n");
    assert_eq!(said(SILENT, &aws("1795205058")), "drop record 6 of 6, line 1");
    assert_eq!(said(SILENT, &aws("1795212000")), "nothing", "another hour");
    assert_eq!(said(SILENT, &aws("1795205058").replace("40376", "40377")), "nothing", "another port");
    let local = |time: &str| {
        format!("2026-11-20 {time} DROP TCP 10.77.1.2 10.77.2.2 40376 3306 60 S 1 0 64240 - - - RECEIVE\n")
    };
    assert_eq!(said(SILENT, &local("20:04:19")), "drop record 1 of 6, line 1");
    assert_eq!(said(SILENT, &local("21:04:20")), "drop record 1 of 6, line 1", "an hour east");
    assert_eq!(said(SILENT, &local("20:41:00")), "nothing", "no zone is so");
}

/// Our recording of a rule that drops: it matched as many packets as the four connections sent SYNs.
#[test]
fn the_rule_of_our_recording_matched_the_syns_of_its_connections() {
    let Some(root) = shared::path("lab/s06_fw_drop") else { return };
    let paths = ["srv.pcap", "t2-after-timeout/srv/iptables-Lnv.txt"].map(|name| root.join(name));
    let (rows, case) = analyse_with(&paths, &Options::default());
    let of_rule: Vec<_> = rows.iter().filter(|row| shown(row, &case.facts) == "drop matched 24 of 6, line 3").collect();
    let syns: u32 = of_rule.iter().map(|row| row.summary[Side::Client].tries).sum();
    assert_eq!((of_rule.len(), syns), (4, 24));
}

/// And one of rules that reject, on the way: each names its own connection, with the packets that this sent.
#[test]
fn the_rules_of_our_recording_rejected_each_its_connection() {
    let Some(root) = shared::path("lab/s07_fw_reject") else { return };
    let paths = ["cli.pcap", "t1-after/fw/iptables-Lnv.txt"].map(|name| root.join(name));
    let (rows, case) = analyse_with(&paths, &Options::default());
    let of_port = |port: u16| {
        let row = rows.iter().find(|row| row.server.port == port).expect("a connection");
        shown(row, &case.facts)
    };
    assert_eq!(
        [2001, 2002, 2003, 2004].map(of_port),
        [
            "reject matched 2 of 2, line 6",
            "reject matched 2 of 2, line 7",
            "reject matched 1 of 1, line 8",
            "reject matched 2 of 2, line 9"
        ]
    );
}
