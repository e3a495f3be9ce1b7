//! Dumps as inputs of the program: tables of sockets without any capture, a report's tables beside one.

use std::path::Path;
use std::process::{Command, Output};

const SAMPLES: &str = "testdata/host/ss";

fn synfin(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_synfin")).args(arguments).current_dir(root).output().expect("synfin runs")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn sockets_are_printed_without_any_capture() {
    let paths = ["transcript-of-states.txt", "names.txt"].map(|name| format!("{SAMPLES}/{name}"));
    let columns = "time,host,local_address,local_port,remote_address,remote_port,state,recv_q,send_q,timer,timer_left_s,local_text,remote_text,line";
    let csv = synfin(&["sockets", &paths[0], &paths[1], "--columns", columns]);
    assert!(csv.status.success());
    let again = synfin(&["show", "sockets", &paths[0], &paths[1], "--columns", columns, "-j", "1"]);
    assert_eq!(csv.stdout, again.stdout);
    insta::assert_snapshot!(text(csv.stdout));
}

#[test]
fn listeners_are_those_that_listen() {
    let listeners = synfin(&["show", "listeners", &format!("{SAMPLES}/loop-lnt.txt"), "--format", "jsonl"]);
    insta::assert_snapshot!(text(listeners.stdout));
}

#[test]
fn tracked_connections_and_counts_of_states_are_tables_of_their_own() {
    let tracked = synfin(&["show", "tracked", "testdata/host/conntrack/nat.txt"]);
    insta::assert_snapshot!(text(tracked.stdout));
    let counts = synfin(&["show", "state_counts", "testdata/host/state-counts/awk.txt"]);
    insta::assert_snapshot!(text(counts.stdout));
}

#[test]
fn an_empty_table_points_to_those_that_are_not() {
    let sockets = synfin(&["sockets", "testdata/host/conntrack/nat.txt", "testdata/host/state-counts/awk.txt"]);
    let said = "synfin: no row in sockets; what was read is in `synfin show tracked`, `synfin show state_counts`\n";
    assert_eq!(text(sockets.stderr), said);
    assert_eq!(text(sockets.stdout).lines().count(), 1, "its header");
    let filled = synfin(&["sockets", &format!("{SAMPLES}/loop-lnt.txt")]);
    assert_eq!(text(filled.stderr), "", "near miss: it has rows");
}

#[test]
fn a_limit_is_told_with_the_bound_that_the_settings_of_the_host_show() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sockets = "LISTEN 0 128 0.0.0.0:80 0.0.0.0:* users:((\"nginx\",pid=7,fd=6))\nLISTEN 9 8 0.0.0.0:81 0.0.0.0:*\n";
    for (name, says) in [("ss.txt", sockets), ("sysctl.txt", "net.core.somaxconn = 128\n")] {
        std::fs::write(folder.path().join(name), says).expect("a dump");
    }
    let columns =
        "local_port,queue_length,queue_limit,queue_holds,queue_full,limit_from,backlog,somaxconn,somaxconn_line";
    let listeners = synfin(&["show", "listeners", &folder.path().display().to_string(), "--columns", columns]);
    let expected = format!("{columns}\n80,0,128,129,false,somaxconn,,128,1\n81,9,8,9,true,backlog,8,128,1\n");
    assert_eq!(text(listeners.stdout), expected);
}

#[test]
fn the_summary_says_how_the_sockets_stood_and_which_queue_was_full() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("report").display().to_string();
    let samples = ["ss/loop-lnt.txt", "ss/transcript-of-states.txt", "state-counts/awk.txt", "netstat-linux/tanpe.txt"];
    let paths = samples.map(|name| format!("testdata/host/{name}"));
    let output = synfin(&[&paths[0], &paths[1], &paths[2], &paths[3], "-o", &report]);
    let summary = text(output.stdout);
    insta::assert_snapshot!(summary.split("\nFILES").next().unwrap_or_default());
}

#[test]
fn what_nobody_recognises_is_said_by_name() {
    let output = synfin(&["sockets", &format!("{SAMPLES}/names.txt"), "LICENSE-MIT"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(output.stderr);
    assert!(said.starts_with("synfin: LICENSE-MIT: not recognised: neither a capture"), "{said}");
}

#[test]
fn a_report_of_a_folder_holds_what_its_dumps_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (evidence, report) = (folder.path().join("evidence"), folder.path().join("report"));
    std::fs::create_dir(&evidence).expect("a folder");
    for name in ["loop-lnt.txt", "transcript-of-states.txt"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLES).join(name);
        std::fs::copy(from, evidence.join(name)).expect("a copy");
    }
    std::fs::write(evidence.join("notes.txt"), "Call the network team.\n").expect("notes");
    let output = synfin(&[&evidence.display().to_string(), "-o", &report.display().to_string()]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let summary = text(output.stdout);
    assert!(summary.contains("2 dumps of hosts (9 sockets)"), "{summary}");
    assert!(summary.contains("not recognised, and left out:") && summary.contains("notes.txt"), "{summary}");
    let rows = |name: &str| std::fs::read_to_string(report.join(name)).expect(name).lines().count() - 1;
    assert_eq!(
        [rows("sockets.csv"), rows("listeners.csv"), rows("inputs.csv")],
        [9, 4, 3],
        "the file left out has its row"
    );
}

/// The two hosts' view of one incident: the server says when it stopped accepting, the client's attempts fail from then on.
#[test]
fn log_lines_of_both_hosts_tell_one_story() {
    let files =
        ["feed-gateway.log", "client-tools.log"].map(|name| format!("testdata/logs/s31_listener_withdrawn/{name}"));
    let columns = "time,program,pid,event,direction,errno,remote_address,remote_port,message,line,time_basis";
    let csv = synfin(&["show", "log_lines", &files[0], &files[1], "--columns", columns]);
    assert!(csv.status.success(), "{}", text(csv.stderr));
    insta::assert_snapshot!(text(csv.stdout));
    let jsonl = synfin(&["show", "log_lines", &files[0], "--format", "jsonl", "-j", "1"]);
    let first = text(jsonl.stdout).lines().next().unwrap_or_default().to_owned();
    assert!(first.contains(r#""event":"listening""#) && first.contains(r#""program":"feed-gateway""#), "{first}");
}

/// A line of a log is somebody else's text: it becomes no formula, no second row and no colour of the terminal.
#[test]
fn hostile_log_lines_stay_text() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("evil.log");
    let line =
        "Nov 20 20:04:54 =cmd app[1]: \u{1b}[31m=HYPERLINK(\"x\") connect to 10.0.0.1:80 failed: Connection refused\n";
    std::fs::write(&path, line).expect("a log");
    let out = text(
        synfin(&["show", "log_lines", &path.display().to_string(), "--columns", "host,remote_address,message"]).stdout,
    );
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(!out.contains('\u{1b}') && !out.contains("\n=") && !out.contains(",="), "{out}");
}

#[test]
fn counters_have_differences_and_rates_between_two_snapshots() {
    let columns = "time,name,value,difference,span_s,rate_per_s,kind,restarted,line,before_line,text";
    let path = "testdata/host/netstat-s-linux/grepped.txt";
    insta::assert_snapshot!(text(synfin(&["show", "counters", path, "--columns", columns]).stdout));
}

#[test]
fn settings_tell_what_they_were_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a dump");
    };
    write("sysctl-before.txt", "net.core.somaxconn = 128\nnet.ipv4.ip_local_port_range = 32768\t60999\n");
    write("sysctl-after.txt", "net.core.somaxconn = 4096\nnet.ipv4.ip_local_port_range = 32768\t60999\n");
    let path = folder.path().display().to_string();
    let columns = "name,value,changed_from,line";
    insta::assert_snapshot!(text(synfin(&["show", "settings", &path, "--columns", columns]).stdout));
}
