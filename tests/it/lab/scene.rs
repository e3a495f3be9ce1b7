//! One scenario of the lab: what was done, what the kernel said, what tcpdump kept.

use serde_json::Value;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use synfin::wire::Address;

/// A scenario's folder, read.
pub struct Scene {
    pub name: String,
    pub folder: PathBuf,
    pub script: Value,
}

/// One row of `/proc/net/tcp{,6}` that is no listener.
pub struct Socket {
    pub local: Address,
    pub remote: Address,
    /// As the kernel spells it in this repository's terms: `FIN_WAIT_1`.
    pub state: String,
}

/// One reading of a host's sockets.
pub struct Dump {
    pub label: String,
    /// `cli`, `srv` or `fw`.
    pub host: String,
    /// Nanoseconds since 1970 at which the reading began.
    pub begun: i64,
    pub stable: bool,
    pub sockets: Vec<Socket>,
}

/// All scenarios, by name.
pub fn all() -> Option<Vec<Scene>> {
    let lab = crate::shared::path("lab")?;
    let mut scenes: Vec<Scene> = folders(&lab).filter_map(read).collect();
    scenes.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(scenes.len() > 25, "the lab has its scenarios");
    Some(scenes)
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).expect("a folder of the lab");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir())
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

fn read(folder: PathBuf) -> Option<Scene> {
    let script = folder.join("scenario.json");
    script.exists().then(|| Scene { name: name_of(&folder), script: json(&script), folder })
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Seconds with microseconds to nanoseconds, without the error that a product would bring.
pub fn nanoseconds(seconds: &Value) -> i64 {
    (seconds.as_f64().expect("a time") * 1e6).round() as i64 * 1000
}

/// An address as the kernel or a program spells it; IPv4-mapped ones are IPv4 on the wire.
pub fn address(ip: &Value, port: &Value) -> Address {
    let ip = ip.as_str().expect("an address").split('%').next().expect("one part").parse::<IpAddr>();
    let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
    match ip.expect("an address").to_canonical() {
        IpAddr::V4(ip) => Address::v4(ip.octets(), port),
        IpAddr::V6(ip) => Address::v6(ip.octets(), port),
    }
}

impl Scene {
    /// Captures, each with the host that made it.
    pub fn captures(&self) -> Vec<(String, PathBuf)> {
        let hosts = ["cli", "srv", "fw0", "fw1"].into_iter();
        let paths = hosts.map(|host| (host.to_owned(), self.folder.join(format!("{host}.pcap"))));
        paths.filter(|(_, path)| path.exists()).collect()
    }

    /// Socket dumps in order of time.
    pub fn dumps(&self) -> Vec<Dump> {
        let labels = folders(&self.folder).flat_map(|label| folders(&label).map(move |host| (label.clone(), host)));
        let with_truth = labels.filter(|(_, host)| host.join("truth.json").exists());
        let mut dumps: Vec<Dump> = with_truth.map(|(label, host)| dump(&label, &host)).collect();
        dumps.sort_by_key(|dump| dump.begun);
        dumps
    }

    /// Commands of the set-up, with time and host.
    pub fn commands(&self) -> impl Iterator<Item = (i64, String, &str)> {
        let setup = self.script["setup"].as_array().map_or(&[][..], Vec::as_slice).iter();
        setup.filter_map(|step| Some((nanoseconds(&step["t"]), host_of(step), step["cmd"].as_str()?)))
    }

    /// Addresses that a host was given.
    pub fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let commands = self.commands().filter(|(_, at, _)| at == host);
        let given = commands.flat_map(|(_, _, command)| command.split("addr add ").skip(1));
        given.filter_map(|rest| rest.split('/').next()?.parse().ok()).collect()
    }

    pub fn events(&self) -> &[Value] {
        self.script["events"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// `cli` for the namespace `pdl_cli`.
pub fn host_of(step: &Value) -> String {
    step["ns"].as_str().unwrap_or_default().trim_start_matches("pdl_").to_owned()
}

fn dump(label: &Path, host: &Path) -> Dump {
    let truth = json(&host.join("truth.json"));
    let rows = truth["sockets"].as_array().expect("sockets").iter().filter(|row| row["state"] != "LISTEN");
    let sockets = rows.map(|row| Socket {
        local: address(&row["local_addr"], &row["local_port"]),
        remote: address(&row["remote_addr"], &row["remote_port"]),
        state: spelled(row["state"].as_str().expect("a state")),
    });
    Dump {
        label: name_of(label),
        host: name_of(host),
        begun: nanoseconds(&truth["t_before"]),
        stable: truth["stable_during_snapshot"] == true,
        sockets: sockets.collect(),
    }
}

/// The kernel's name in the RFC's spelling.
fn spelled(kernel: &str) -> String {
    match kernel {
        "SYN_RECV" => "SYN_RECEIVED",
        "FIN_WAIT1" => "FIN_WAIT_1",
        "FIN_WAIT2" => "FIN_WAIT_2",
        other => other,
    }
    .to_owned()
}

/// The frames of a plain little-endian microsecond pcap up to a time, as a capture of its own.
pub fn prefix(capture: &[u8], until: i64) -> Vec<u8> {
    assert_eq!(capture.get(..4), Some(&[0xd4, 0xc3, 0xb2, 0xa1][..]), "tcpdump's usual format");
    let mut kept = capture[..24].to_vec();
    let mut rest = &capture[24..];
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    while rest.len() >= 16 {
        let end = 16 + word(rest, 8) as usize;
        let time = i64::from(word(rest, 0)) * 1_000_000_000 + i64::from(word(rest, 4)) * 1000;
        if time <= until {
            kept.extend_from_slice(&rest[..end]);
        }
        rest = &rest[end..];
    }
    kept
}
