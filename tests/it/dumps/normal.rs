//! Sockets as text by field, so that ours and those of a truth file compare.

use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use synfin::host::{Host, Port, Socket, SocketAddress};

pub type Fields = BTreeMap<&'static str, String>;

/// Every field that the format of the socket carries.
pub fn ours(socket: &Socket) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name, value);
        }
    };
    put("line", Some(socket.line.to_string()));
    put("proto", Some(socket.family.protocol().to_owned()));
    for (names, end) in [
        (["local_addr", "local_port", "local_zone"], &socket.local),
        (["remote_addr", "remote_port", "remote_zone"], &socket.remote),
    ] {
        let [addr, port, zone] = names;
        put(addr, Some(host(end)));
        put(port, port_text(end));
        put(zone, end.zone.as_deref().map(str::to_owned));
    }
    put("state", socket.state.map(|state| state.name().to_owned()));
    put("recv_q", socket.recv_q.map(|queue| queue.to_string()));
    put("send_q", socket.send_q.map(|queue| queue.to_string()));
    put("pid", socket.pid().map(|pid| pid.to_string()));
    put("program", socket.program().map(str::to_owned));
    put("inode", socket.inode.map(|inode| inode.to_string()));
    put("user", socket.user.as_deref().map(str::to_owned));
    put("fd", socket.owners.iter().find_map(|owner| owner.fd).map(|fd| fd.to_string()));
    put("owners", Some(socket.owners.len().to_string()));
    put("retransmits", socket.timer.map(|timer| timer.retransmits.unwrap_or_default().to_string()));
    put("timer", socket.timer.map(|timer| timer.kind.name().to_owned()));
    for (field, measure) in [("swind", "swind"), ("rwind", "rwind"), ("incomplete_queue", "incomplete_queue")] {
        put(field, socket.measures.get(measure).map(|value| value.to_string()));
    }
    fields
}

fn host(end: &SocketAddress) -> String {
    match &end.host {
        Host::Clipped(text) => format!("{text} (clipped)"),
        host => host.to_string(),
    }
}

fn port_text(end: &SocketAddress) -> Option<String> {
    match &end.port {
        Port::Any => None,
        Port::Clipped(text) => Some(format!("{text} (clipped)")),
        port => Some(port.to_string()),
    }
}

/// Every field of a row of a truth file; the second list names those that it says are absent.
pub fn truth(row: &Value) -> (Fields, Vec<&'static str>) {
    let mut fields = Fields::new();
    let mut absent = Vec::new();
    let flags: Vec<&str> = row["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for side in [
        ["local_addr", "local_port", "local_port_name", "local_port_prefix", "local_addr_maybe_clipped"],
        ["remote_addr", "remote_port", "remote_port_name", "remote_port_prefix", "remote_addr_maybe_clipped"],
    ] {
        let [addr, port, name, prefix, clipped] = side;
        let text = row[addr].as_str().unwrap_or("*");
        fields.insert(addr, if flags.contains(&clipped) { format!("{text} (clipped)") } else { plain_address(text) });
        match [text_of(&row[port]), text_of(&row[name]), text_of(&row[prefix]).map(|text| format!("{text} (clipped)"))]
            .into_iter()
            .flatten()
            .next()
        {
            Some(text) => drop(fields.insert(port, text)),
            None => absent.push(port),
        }
    }
    let proto = row["proto"].as_str().unwrap_or_default();
    fields.insert("proto", if proto == "tcp4" { "tcp" } else { proto }.to_owned());
    for name in ["state", "recv_q", "send_q", "pid", "program"] {
        match text_of(&row[name]) {
            Some(text) => drop(fields.insert(name, text)),
            None => absent.push(name),
        }
    }
    for name in [
        "line",
        "inode",
        "user",
        "fd",
        "owners",
        "retransmits",
        "swind",
        "rwind",
        "incomplete_queue",
        "local_zone",
        "remote_zone",
    ] {
        if let Some(text) = text_of(&row[name]) {
            fields.insert(name, text);
        }
    }
    if let Some(uid) = text_of(&row["uid"]) {
        fields.insert("user", uid);
    }
    if let Some(timer) = row["timer"].as_str() {
        fields.insert("timer", timer_kind(timer).to_owned());
    }
    if fields.get("inode").is_some_and(|inode| inode == "0") {
        fields.remove("inode");
    }
    (fields, absent)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// IPv4-mapped as IPv4, and IPv6 as it is written today.
pub fn plain_address(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().to_string(),
        Err(_) => text.to_owned(),
    }
}

/// `off (0.00/0/0)` of netstat; `2:00000A6F` of /proc.
fn timer_kind(text: &str) -> &str {
    match text.split([' ', ':']).next().unwrap_or_default() {
        "0" => "off",
        "1" => "on",
        "2" => "keepalive",
        "3" => "timewait",
        "4" => "probe",
        word => word,
    }
}
