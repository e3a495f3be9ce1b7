//! The script that gathers evidence: it runs, and what it leaves is read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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

/// Commands of the Windows script, each with what it printed somewhere once, and the format that this is known as.
const PRINTED: [(&str, &str, &str); 9] = [
    ("netstat -s", "netstat-s-windows/english.txt", "netstat-s-windows"),
    ("netsh int tcp show global", "netsh/tcp.txt", "netsh"),
    ("netsh int ipv4 show dynamicport tcp", "netsh/german.txt", "netsh"),
    (r"reg query HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "reg-query/tcpip.txt", "reg-query"),
    ("ipconfig /all", "ipconfig/english.txt", "ipconfig"),
    ("route print", "route-print/english.txt", "route-print"),
    ("arp -a", "arp/windows.txt", "arp"),
    ("netsh advfirewall firewall show rule name=all verbose", "netsh-advfirewall/rules.txt", "netsh-advfirewall"),
    ("netstat -abno", "netstat-windows/anob.txt", "netstat-windows"),
];

/// What no PowerShell here can show is at least held by the script's text and by samples: it is whole, and what each of its
/// commands prints is read in the frame that it puts around it. That Windows runs it so is not shown.
#[test]
fn the_windows_script_is_whole_and_what_its_commands_print_is_read() {
    let script = synfin(Path::new("."), &["collect", "--windows"]).stdout;
    let script = String::from_utf8(script).expect("UTF-8");
    assert_eq!(open_ends(&script), "", "every quote and bracket is closed");
    let quoted: Vec<&str> =
        script.lines().filter(|line| line.contains("Run '")).filter_map(|line| line.split('\'').nth(3)).collect();
    let csv =
        ("Get-NetTCPConnection | ConvertTo-Csv -NoTypeInformation", "powershell/export.csv", "powershell-nettcp-csv");
    let known = PRINTED.into_iter().chain([csv]).collect::<Vec<_>>();
    assert_eq!(quoted.len(), known.len(), "{quoted:?}");
    for command in quoted {
        let (_, sample, format) = known.iter().find(|(known, ..)| *known == command).expect(command);
        let path = format!("{}/testdata/host/{sample}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("a sample").replace('\n', "\r\n");
        let framed = format!("\u{feff}=== host=WEB01 2026-11-20T20:04:19Z ===\r\n+ {command}\r\n{text}\r\n");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("dump.txt"), framed.repeat(2)).expect("written");
        let columns = ["show", "inputs", "dump.txt", "--columns", "format,rows"];
        let inputs = String::from_utf8(synfin(folder.path(), &columns).stdout).expect("UTF-8");
        let row = inputs.lines().nth(1).expect("a row");
        let rows = row.strip_prefix(&format!("{format},")).and_then(|rows| rows.parse::<u32>().ok());
        assert!(rows.is_some_and(|rows| rows >= 4 && rows % 2 == 0), "{command}: {row}");
    }
}

/// Quotes and brackets of a script that are still open at its end; or the first that closes nothing.
fn open_ends(script: &str) -> String {
    let mut open = String::new();
    for line in script.lines() {
        let mut letters = line.chars();
        let mut quote = None;
        while let Some(letter) = letters.next() {
            match (quote, letter) {
                (Some('"'), '`') => drop(letters.next()),
                (Some(mark), letter) if letter == mark => quote = None,
                (Some(_), _) => {}
                (None, '#') => break,
                (None, '\'' | '"') => quote = Some(letter),
                (None, '(' | '[' | '{') => open.push(letter),
                (None, ')' | ']' | '}') => {
                    let wanted = match letter {
                        ')' => '(',
                        ']' => '[',
                        _ => '{',
                    };
                    if open.pop() != Some(wanted) {
                        return format!("{letter} in {line}");
                    }
                }
                (None, _) => {}
            }
        }
        if quote.is_some() {
            return format!("a quote in {line}");
        }
    }
    open
}

/// Two hosts, as far as one machine can have them: network namespaces with a cable between them. They go with the value.
struct Hosts {
    names: [String; 2],
}

const ADDRESSES: [&str; 2] = ["10.79.3.1", "10.79.3.2"];
const PORT: u16 = 8443;

impl Hosts {
    /// `None`, said aloud, where this machine lets nobody make them.
    fn new() -> Option<Self> {
        let has = |program: &str| {
            Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output()
                .is_ok_and(|found| found.status.success())
        };
        let missing: Vec<&str> =
            ["ip", "ss", "tcpdump", "unshare", "nstat"].into_iter().filter(|program| !has(program)).collect();
        if !missing.is_empty() {
            eprintln!("skipped: {} not installed", missing.join(", "));
            return None;
        }
        let hosts = Self { names: ["desk", "web"].map(|name| format!("synfin_{name}_{}", std::process::id())) };
        let [desk, web] = &hosts.names;
        let steps = [
            format!("ip netns add {desk}"),
            format!("ip netns add {web}"),
            format!("ip -n {desk} link add eth0 type veth peer name eth0 netns {web}"),
            format!("ip -n {desk} addr add {}/24 dev eth0", ADDRESSES[0]),
            format!("ip -n {web} addr add {}/24 dev eth0", ADDRESSES[1]),
            format!("ip -n {desk} link set eth0 up"),
            format!("ip -n {web} link set eth0 up"),
        ];
        for step in steps {
            let done = Command::new("sh").args(["-c", &step]).output().expect("a shell");
            if !done.status.success() {
                eprintln!("skipped: {step}: {}", String::from_utf8_lossy(&done.stderr).trim());
                return None;
            }
        }
        Some(hosts)
    }

    /// A program on one of them, which calls itself by the host's name.
    fn command(&self, host: usize, script: &str) -> Command {
        let mut command = Command::new("ip");
        let name = ["desk", "web"][host];
        let script = format!("echo {name} > /proc/sys/kernel/hostname; {script}");
        command.args(["netns", "exec", &self.names[host], "unshare", "--uts", "sh", "-c", &script]);
        command
    }

    /// This test program again, on one of them, as one end of some connections; once its line is read they are as meant.
    fn actor(&self, host: usize) -> Actor {
        let program = std::env::current_exe().expect("this program");
        let script = format!("exec '{}' --exact collect::actor --ignored --nocapture", program.display());
        let mut command = self.command(host, &script);
        command.env(ROLE, ["client", "server"][host]).stdin(Stdio::piped()).stdout(Stdio::piped());
        Actor::new(command.spawn().expect("it runs"), " ready")
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

/// A program that goes on until the value goes.
struct Actor(Child);

impl Actor {
    /// Waits until it has said the word.
    fn new(mut child: Child, word: &str) -> Self {
        let said: Box<dyn Read> = match (child.stdout.take(), child.stderr.take()) {
            (Some(said), _) => Box::new(said),
            (None, said) => Box::new(said.expect("some output")),
        };
        let found = BufReader::new(said).lines().map_while(Result::ok).any(|line| line.contains(word));
        let actor = Self(child);
        assert!(found, "it has said {word:?}");
        actor
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const ROLE: &str = "SYNFIN_COLLECT_ROLE";

/// One end of four connections: one that both leave open, one with data that the server does not read, one that the client has
/// closed and the server has not, and one that the server has closed and the client has not.
#[test]
#[ignore = "the test of the two hosts runs it on each"]
fn actor() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let connections: Vec<TcpStream> = if role == "client" {
        let open = |_| TcpStream::connect((ADDRESSES[1], PORT)).expect("connected");
        let mut connections: Vec<TcpStream> = (0..4).map(open).collect();
        connections[1].write_all(b"unread").expect("sent");
        connections[2].shutdown(Shutdown::Write).expect("closed");
        // The FIN of the server is there.
        assert_eq!(connections[3].read(&mut [0]).expect("an end"), 0);
        connections
    } else {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).expect("a port");
        println!("server ready");
        let mut connections: Vec<TcpStream> = (0..4).map(|_| listener.accept().expect("accepted").0).collect();
        assert_eq!(connections[2].read(&mut [0]).expect("an end"), 0);
        connections[3].shutdown(Shutdown::Write).expect("closed");
        let _ = std::io::stdin().read(&mut [0]);
        return drop((listener, connections));
    };
    println!("client ready");
    let _ = std::io::stdin().read(&mut [0]);
    drop(connections);
}

/// As an administrator does it: packets are captured on one host, the script runs on both, and one folder comes of it.
#[test]
fn what_the_script_gathers_on_two_hosts_is_joined_with_their_capture() {
    let Some(hosts) = Hosts::new() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("collect.sh"), synfin(folder.path(), &["collect"]).stdout).expect("written");
    let desk = folder.path().join("evidence/host=desk");
    std::fs::create_dir_all(&desk).expect("made");
    let capture =
        format!("exec tcpdump -i any -s 128 -U --immediate-mode -Z root -w '{}/capture.pcap' tcp", desk.display());
    let tcpdump = hosts.command(0, &capture).stderr(Stdio::piped()).spawn().expect("tcpdump runs");
    let tcpdump = Actor::new(tcpdump, "listening on");
    let (_server, _client) = (hosts.actor(1), hosts.actor(0));
    for host in [0, 1] {
        let script = hosts.command(host, "exec sh collect.sh 0 1 evidence").current_dir(folder.path()).output();
        let script = script.expect("the shell runs");
        assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    }
    drop(tcpdump);

    let table = |name: &str, columns: &str| {
        let rows = synfin(folder.path(), &["show", name, "evidence", "--columns", columns]).stdout;
        String::from_utf8(rows).expect("UTF-8")
    };
    let columns =
        "host,local_port,remote_port,state,side,wire_state,disagreement,joined_by,peer_host,peer_state,connection_id";
    let sockets = table("sockets", columns);
    let rows = sockets.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let port = PORT.to_string();
    let mut seen: Vec<String> = Vec::new();
    for row in rows.filter(|row| row[3] != "LISTEN" && (row[1] == port || row[2] == port)) {
        let [host, _, _, state, side, wire, disagreement, by, peer, peer_state, id] = row[..] else {
            panic!("{row:?}")
        };
        assert_eq!((wire, disagreement, by), (state, "", "flow"), "{row:?}");
        assert!(
            !id.is_empty() && (host == "desk") == (side == "client") && (peer == "web") == (host == "desk"),
            "{row:?}"
        );
        seen.push(format!("{host} {state} {peer_state}"));
    }
    seen.sort();
    let expected = [
        "desk CLOSE_WAIT FIN_WAIT2",
        "desk ESTABLISHED ESTABLISHED",
        "desk ESTABLISHED ESTABLISHED",
        "desk FIN_WAIT2 CLOSE_WAIT",
        "web CLOSE_WAIT FIN_WAIT2",
        "web ESTABLISHED ESTABLISHED",
        "web ESTABLISHED ESTABLISHED",
        "web FIN_WAIT2 CLOSE_WAIT",
    ];
    assert_eq!(seen, expected, "{sockets}");
    let connections = table("connections", "outcome,client_host,server_host,server_recv_q,kernel_disagrees");
    let mut connections: Vec<&str> = connections.lines().skip(1).collect();
    connections.sort_unstable();
    let expected =
        ["client_close_wait,desk,web,0,", "open,desk,web,0,", "open,desk,web,6,", "server_close_wait,desk,web,0,"];
    assert_eq!(connections, expected);
    let listeners = table("listeners", "host,local_port,queue_length,limit_from,kernel");
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    let version =
        release.trim().split(|letter: char| !letter.is_ascii_digit() && letter != '.').next().unwrap_or_default();
    let listener = listeners.lines().find(|row| row.starts_with(&format!("web,{port},0,"))).expect("a listener");
    assert!(!listener.split(',').nth(3).unwrap_or_default().is_empty(), "{listener}");
    assert!(listener.contains(version), "{listener} on {release}");
}
