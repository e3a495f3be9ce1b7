//! The script that gathers evidence: it runs, and what it leaves is read.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};

fn synfin(folder: &Path, arguments: &[&str]) -> Output {
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let output = synfin.current_dir(folder).args(arguments).output().expect("synfin runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn what_the_shell_script_gathers_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("collect.sh"), synfin(folder.path(), &["collect"]).stdout).expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let _client = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    let _server = listener.accept().expect("accepted");

    let script = Command::new("sh").current_dir(folder.path()).args(["collect.sh", "0", "1", "evidence"]).output();
    let script = script.expect("the shell runs");
    let said = String::from_utf8_lossy(&script.stderr);
    assert!(script.status.success() && said.contains("tcpdump -i any") && !said.contains("cannot"), "{said}");

    let columns = "host,state,local_port,remote_port,peer_host,peer_state";
    let rows = synfin(folder.path(), &["show", "sockets", "evidence", "--columns", columns]).stdout;
    let rows = String::from_utf8(rows).expect("UTF-8");
    let host = Command::new("uname").arg("-n").output().expect("uname").stdout;
    let host = String::from_utf8(host).expect("UTF-8").trim().to_owned();
    let has = |start: &str, part: &str| rows.lines().any(|row| row.starts_with(start) && row.contains(part));
    assert!(has(&format!("{host},LISTEN,{port},"), ""), "{rows}");
    assert!(
        has(&format!("{host},ESTABLISHED,{port},"), &format!(",{host},ESTABLISHED")),
        "the peer is there too: {rows}"
    );
    for table in ["counters", "settings"] {
        let rows = synfin(folder.path(), &["show", table, "evidence"]).stdout;
        assert!(String::from_utf8_lossy(&rows).lines().count() > 10, "{table}");
    }
}

#[test]
fn windows_has_a_script_of_its_own() {
    let script = synfin(Path::new("."), &["collect", "--windows"]).stdout;
    let script = String::from_utf8(script).expect("UTF-8");
    for command in ["netstat -abno", "Get-NetTCPConnection", "netstat -s", "ipconfig /all", "dynamicport tcp", "pktmon"]
    {
        assert!(script.contains(command), "{command}");
    }
    let pairs = |open: char, close: char| script.matches(open).count() == script.matches(close).count();
    assert!(pairs('{', '}') && pairs('(', ')'), "every bracket is closed");
}
