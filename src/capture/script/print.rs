//! A script as text that reads back as it was.

use super::{FLAGS, Host, Icmp, Line, Number, Outer, Packet, Script, Segment, Sender, TcpOption};
use crate::time::{SECOND, Span};
use std::fmt;

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start {}", self.start.rfc3339())?;
        for (index, flow) in self.flows.iter().enumerate() {
            if index > 0 || !flow.name.is_empty() {
                writeln!(f, "flow {}", flow.name)?;
            }
            writeln!(f, "client {}\nserver {}", flow.client, flow.server)?;
        }
        let mut current = self.flows.len().saturating_sub(1);
        for step in &self.steps {
            if step.flow != current {
                current = step.flow;
                let name = self.flows.get(current).map_or("", |flow| &flow.name);
                writeln!(f, "{}", format!("flow {name}").trim_end())?;
            }
            writeln!(f, "{}", step.line)?;
        }
        self.end.map_or(Ok(()), |end| writeln!(f, "end {}", seconds(end)))
    }
}

/// A time as scripts have it: six decimals unless nanoseconds are there, what people are used to from tcpdump.
pub fn seconds(at: Span) -> String {
    let (seconds, nanoseconds) = (at.0.div_euclid(SECOND), at.0.rem_euclid(SECOND));
    match nanoseconds % 1000 {
        0 => format!("{seconds}.{:06}", nanoseconds / 1000),
        _ => format!("{seconds}.{nanoseconds:09}"),
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} iss {}", self.address, self.iss)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", seconds(self.at))?;
        match &self.packet {
            Packet::Segment(segment) => write!(f, "{segment}{}", self.outer)?,
            Packet::Icmp(icmp) => return write!(f, "{icmp}{}", self.outer),
        }
        self.packet
            .options()
            .iter()
            .enumerate()
            .try_for_each(|(index, option)| write!(f, "{}{option}", if index == 0 { " <" } else { "," }))?;
        f.write_str(if self.packet.options().is_empty() { "" } else { ">" })
    }
}

impl Packet {
    fn options(&self) -> &[TcpOption] {
        match self {
            Self::Segment(segment) => &segment.options,
            Self::Icmp(_) => &[],
        }
    }
}

impl fmt::Display for Segment {
    /// Without the options, which stand at the end of the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags: String = FLAGS.iter().filter(|(_, bit)| self.flags & bit != 0).map(|(letter, _)| letter).collect();
        let flags = if flags.is_empty() { "none" } else { &flags };
        write!(f, "{} {flags:<2} {}:{}({})", self.sender, self.seq, self.seq.plus(self.len).value(), self.len)?;
        optional(f, "ack", self.ack)?;
        optional(f, "win", self.win)?;
        optional(f, "urg", self.urg)
    }
}

impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.from.is_ipv6() { "icmp6" } else { "icmp" };
        write!(f, "{name} {} {} from {} quoting {}", self.kind, self.code, self.from, self.quoting)?;
        optional(f, "seq", self.seq)?;
        optional(f, "mtu", self.mtu)
    }
}

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        optional(f, "ttl", self.ttl)?;
        optional(f, "id", self.id)?;
        optional(f, "iface", self.iface)?;
        optional(f, "vlan", self.vlan)?;
        optional(f, "frag", self.frag)?;
        optional(f, "cut", self.cut)
    }
}

impl fmt::Display for TcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mss(bytes) => write!(f, "mss {bytes}"),
            Self::SackPermitted => f.write_str("sackOK"),
            Self::WindowScale(shift) => write!(f, "wscale {shift}"),
            Self::Timestamps { value, echo } => write!(f, "TS val {value} ecr {echo}"),
            Self::Sack(blocks) => {
                f.write_str("sack")?;
                blocks.iter().try_for_each(|(left, right)| write!(f, " {left}:{right}"))
            }
            Self::Nop => f.write_str("nop"),
            Self::EndOfList => f.write_str("eol"),
            Self::FastOpen(cookie) => {
                f.write_str(if cookie.is_empty() { "fastopen" } else { "fastopen " })?;
                cookie.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Mptcp => f.write_str("mptcp"),
            Self::Md5 => f.write_str("md5"),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => ">",
            Self::Server => "<",
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(number) => write!(f, "{number}"),
            Self::Absolute(number) => write!(f, "={number}"),
        }
    }
}

fn optional(f: &mut fmt::Formatter<'_>, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {name} {value}"))
}
