//! What a dump of a million sockets costs: `cargo bench --bench dumps [OPTIONS OF SS]`.
//!
//! For each set of options of `ss`, the time of reading one million rows on one core stands beside that of `wc -l` of the
//! same cached file, and the memory is the most that reading them takes beside their text. Issue 13 wants at most 30 times
//! and less than 400 bytes a row.

use std::fmt::Write;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use synfin::host::{Document, Hints, read};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: u32 = 1_000_000;
/// Runs of each kind; the quickest counts.
const RUNS: u32 = 12;
/// Only measures memory, in a process of its own.
const ALONE: &str = "--alone";
const OPTIONS: [&str; 4] = ["tan", "tanp", "tanpo", "tanpoemi"];

fn main() {
    if let [flag, options] = &std::env::args().skip(1).collect::<Vec<_>>()[..]
        && flag == ALONE
    {
        return alone(options);
    }
    // Cargo passes options of its own.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("{:<10}{:>8}{:>10}{:>10}{:>8}{:>14}", "ss", "MB", "wc -l ms", "read ms", "ratio", "bytes a row");
    for options in OPTIONS.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|word| word == name)) {
        let text = dump(options);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), &text).expect("a written dump");
        let grown = memory(options);
        let [lines, time] = quickest(|| wc(file.path()), || black_box(read_all(&text)));
        let ratio = time.as_secs_f64() / lines.as_secs_f64();
        let [lines, time] = [lines, time].map(|time| time.as_secs_f64() * 1000.0);
        let (size, row) = (text.len() / 1_000_000, grown / u64::from(ROWS));
        println!("-{options:<9}{size:>8}{lines:>10.1}{time:>10.1}{ratio:>8.1}{row:>14}");
    }
}

fn read_all(text: &str) -> Document {
    read(text.as_bytes(), &Hints::default())
}

/// The quickest run of each, in turn: what else the machine does disturbs both alike.
fn quickest<A, B>(first: impl Fn() -> A, second: impl Fn() -> B) -> [Duration; 2] {
    let runs: Vec<[Duration; 2]> = (0..RUNS).map(|_| [time(&first), time(&second)]).collect();
    [0, 1].map(|work| runs.iter().map(|run| run[work]).min().unwrap_or_default())
}

fn time<T>(work: impl Fn() -> T) -> Duration {
    let start = Instant::now();
    let made = work();
    let spent = start.elapsed();
    drop(made);
    spent
}

fn wc(path: &std::path::Path) {
    let status = Command::new("wc").arg("-l").arg(path).stdout(Stdio::null()).status();
    assert!(status.expect("wc runs").success());
}

/// Bytes that the rows take at most, by a process of their own: a later run would find what an earlier one left.
fn memory(options: &str) -> u64 {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new(program).args([ALONE, options]).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

fn alone(options: &str) {
    let text = dump(options);
    let before = resident("VmRSS:");
    let document = read_all(&text);
    println!("{}", resident("VmHWM:").saturating_sub(before));
    assert_eq!(document.blocks.iter().map(|block| block.found.sockets.len()).sum::<usize>(), ROWS as usize);
}

/// Bytes of the process in memory, now or at most, as Linux counts them.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let kilobytes = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.map_or(0, |kilobytes: u64| kilobytes * 1024)
}

/// A busy server: mostly connections, every fourth of IPv6, all held by a few processes.
fn dump(options: &str) -> String {
    let mut out = String::with_capacity(ROWS as usize * 768);
    out.push_str("State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n");
    for row in 0..ROWS {
        let state =
            ["ESTAB     ", "ESTAB     ", "TIME-WAIT ", "CLOSE-WAIT", "FIN-WAIT-2", "SYN-RECV  "][row as usize % 6];
        let [b, c, d] = [row >> 16 & 0xff, row >> 8 & 0xff, row & 0xff];
        let port = 1024 + row % 60_000;
        let ends = match row % 4 {
            0 => format!("[fd77:2::{b:x}]:443 [fd77:1::{c:x}:{d:x}]:{port}"),
            _ => format!("10.77.{b}.2:443 10.{b}.{c}.{d}:{port}"),
        };
        let _ = write!(out, "{state} {:<6} {:<6} {ends:<50}", row % 5, row % 7 * 100);
        if options.contains('p') && !state.starts_with("TIME") && !state.starts_with("SYN") {
            let _ = write!(out, " users:((\"nginx\",pid={},fd={}))", 800 + row % 8, row % 65_000);
        }
        if options.contains('o') && row % 3 == 0 {
            let _ = write!(out, " timer:(keepalive,{}min{}sec,0)", row % 100, row % 60);
        }
        if options.contains('e') {
            let _ = write!(out, " uid:33 ino:{} sk:{row:x} cgroup:/system.slice/nginx.service <->", 100_000 + row);
        }
        out.push('\n');
        if options.contains('i') {
            let _ = writeln!(
                out,
                "\t skmem:(r0,rb131072,t0,tb87040,f0,w0,o0,bl0,d0) ts sack cubic wscale:7,7 rto:{}.4 rtt:{}.25/0.5 ato:40 \
                 mss:1448 pmtu:1500 rcvmss:536 advmss:1448 cwnd:10 bytes_sent:{row} bytes_acked:{row} bytes_received:{row} \
                 segs_out:{d} segs_in:{d} data_segs_out:{c} data_segs_in:{c} send 463.4Mbps lastsnd:{row} lastrcv:{row} \
                 lastack:{row} pacing_rate 926.7Mbps delivered:{c} app_limited busy:{c}ms rcv_space:14600 \
                 rcv_ssthresh:64076 minrtt:0.2 snd_wnd:64256",
                200 + d,
                d
            );
        }
    }
    out
}
