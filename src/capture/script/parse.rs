//! Text to [`Script`]. Every complaint names the line and what was expected there.

use super::{
    ACK, FLAGS, Flow, Host, Icmp, Line, Number, Outer, Packet, START, Script, ScriptError, Segment, Sender, Step,
    TcpOption,
};
use crate::time::{SECOND, Span, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
use std::str::{FromStr, SplitWhitespace};

/// What is wrong with the line at hand; its number is added above.
type Result<T> = std::result::Result<T, String>;

/// The longest payload a line may ask for, so that a frame stays below the 256 KiB that readers of captures accept.
const LONGEST: u32 = 261_000;

pub(super) fn script(text: &str) -> std::result::Result<Script, ScriptError> {
    let script = Script { start: START, flows: Vec::new(), steps: Vec::new(), end: None };
    let mut reader = Reader { script, names: HashMap::new(), started: Vec::new(), current: None };
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once("//").map_or(line, |(before, _)| before);
        reader.line(line).map_err(|what| ScriptError { line: index + 1, what })?;
    }
    Ok(reader.script)
}

struct Reader {
    script: Script,
    /// Index of each flow by its name.
    names: HashMap<String, usize>,
    /// Whether a flow has packets already.
    started: Vec<bool>,
    /// The flow that lines belong to; none before the first line that needs one.
    current: Option<usize>,
}

impl Reader {
    fn line(&mut self, text: &str) -> Result<()> {
        let words = Words(text.split_whitespace());
        match words.peek() {
            None => Ok(()),
            Some("start") => self.start(words.rest()),
            Some("end") => self.end(words.rest()),
            Some("flow") => self.flow(words.rest()),
            Some("client") => self.host(Sender::Client, words.rest()),
            Some("server") => self.host(Sender::Server, words.rest()),
            Some(_) => self.packet(text),
        }
    }

    fn start(&mut self, mut words: Words<'_>) -> Result<()> {
        let text = words.next("a time such as 2026-01-01T00:00:00Z")?;
        words.end()?;
        let start = Timestamp::from_rfc3339(text).ok_or_else(|| format!("`{text}` is no RFC 3339 time"))?;
        if !(0..i64::from(u32::MAX) * SECOND).contains(&start.0) {
            return Err(format!("`{text}` lies outside what a capture can say, 1970 to 2106"));
        }
        if !self.script.steps.is_empty() {
            return Err("`start` must stand before the first packet".into());
        }
        self.script.start = start;
        Ok(())
    }

    fn end(&mut self, mut words: Words<'_>) -> Result<()> {
        let end = time(words.next("a time in seconds")?)?;
        words.end()?;
        once(&mut self.script.end, "end", end)
    }

    fn flow(&mut self, mut words: Words<'_>) -> Result<()> {
        let name = words.0.next().unwrap_or_default();
        words.end()?;
        self.current = Some(self.named(name));
        Ok(())
    }

    /// The flow of this name; opened with default ends where it is new.
    fn named(&mut self, name: &str) -> usize {
        if let Some(index) = self.names.get(name) {
            return *index;
        }
        let index = self.script.flows.len();
        self.script.flows.push(Flow::by_default(name, index));
        self.started.push(false);
        self.names.insert(name.to_owned(), index);
        index
    }

    /// The flow at hand; the unnamed one where none was named.
    fn at_hand(&mut self) -> usize {
        let index = self.current.unwrap_or_else(|| self.named(""));
        self.current = Some(index);
        index
    }

    fn host(&mut self, sender: Sender, mut words: Words<'_>) -> Result<()> {
        let address = words.parse("an address with a port, such as 10.0.0.1:80 or [2001:db8::1]:80")?;
        let iss = match words.peek() {
            Some("iss") => Some(words.rest().parse_last("an initial sequence number")?),
            Some(word) => return Err(format!("expected `iss N`, found `{word}`")),
            None => None,
        };
        let current = self.at_hand();
        if self.started.get(current) == Some(&true) {
            return Err("the ends of a flow must stand before its first packet".into());
        }
        let Some(flow) = self.script.flows.get_mut(current) else { return Ok(()) };
        let host = match sender {
            Sender::Client => &mut flow.client,
            Sender::Server => &mut flow.server,
        };
        *host = Host { address, iss: iss.unwrap_or(host.iss) };
        Ok(())
    }

    fn packet(&mut self, text: &str) -> Result<()> {
        let line: Line = text.parse()?;
        let current = self.at_hand();
        let Some(flow) = self.script.flows.get(current) else { return Ok(()) };
        if flow.client.address.is_ipv6() != flow.server.address.is_ipv6() {
            return Err(format!(
                "client {} and server {} are of two IP versions",
                flow.client.address, flow.server.address
            ));
        }
        match &line.packet {
            Packet::Icmp(icmp) if icmp.from.is_ipv6() != flow.client.address.is_ipv6() => {
                Err(format!("{} cannot send about a flow of the other IP version", icmp.from))
            }
            _ => {
                self.started.iter_mut().skip(current).take(1).for_each(|started| *started = true);
                self.script.steps.push(Step { flow: current, line });
                Ok(())
            }
        }
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self> {
        let mut words = Words(text.split_whitespace());
        let at = time(words.next("a time in seconds")?)?;
        match words.next("`>`, `<`, `icmp` or `icmp6`")? {
            ">" => segment(at, Sender::Client, text),
            "<" => segment(at, Sender::Server, text),
            name @ ("icmp" | "icmp6") => icmp(at, name, words),
            other => Err(format!("expected `>`, `<`, `icmp` or `icmp6`, found `{other}`")),
        }
    }
}

fn segment(at: Span, sender: Sender, text: &str) -> Result<Line> {
    // The first `<` or `>` is the direction; options begin at the next `<`.
    let (_, body) = text.split_once(['<', '>']).unwrap_or_default();
    let (body, options) = match body.split_once('<') {
        None => (body, Vec::new()),
        Some((body, rest)) => match rest.trim_end().strip_suffix('>') {
            Some(inside) => (body, options(inside)?),
            None => return Err("options must end the line with `>`".into()),
        },
    };
    let mut words = Words(body.split_whitespace());
    let flags = flags(words.next("flags such as `S`, `P.` or `none`")?)?;
    let (seq, len) = range(words.next("SEQ:END(LEN)")?)?;
    let mut segment = Segment { sender, flags, seq, len, ack: None, win: None, urg: None, options };
    let mut outer = Outer::default();
    while let Some(word) = words.0.next() {
        match word {
            "ack" => once(&mut segment.ack, "ack", number(words.next("a number")?)?)?,
            "win" => once(&mut segment.win, "win", words.parse("a window of 0 to 65535")?)?,
            "urg" => once(&mut segment.urg, "urg", words.parse("a pointer of 0 to 65535")?)?,
            _ => outer.word(word, &mut words)?,
        }
    }
    if segment.flags & ACK != 0 && segment.ack.is_none() {
        return Err("the flag `.` wants `ack N`".into());
    }
    Ok(Line { at, packet: Packet::Segment(segment), outer })
}

fn icmp(at: Span, name: &str, mut words: Words<'_>) -> Result<Line> {
    let kind = words.parse("an ICMP type")?;
    let code = words.parse("an ICMP code")?;
    words.keyword("from")?;
    let from: IpAddr = words.parse("an address")?;
    if from.is_ipv6() != (name == "icmp6") {
        return Err(format!("`{name}` does not come from {from}"));
    }
    words.keyword("quoting")?;
    let quoting = match words.next("`>` or `<`")? {
        ">" => Sender::Client,
        "<" => Sender::Server,
        other => return Err(format!("expected `>` or `<`, found `{other}`")),
    };
    let mut icmp = Icmp { kind, code, from, quoting, seq: None, mtu: None };
    let mut outer = Outer::default();
    while let Some(word) = words.0.next() {
        match word {
            "seq" => once(&mut icmp.seq, "seq", number(words.next("a number")?)?)?,
            "mtu" => once(&mut icmp.mtu, "mtu", words.parse("an MTU of 0 to 65535")?)?,
            _ => outer.word(word, &mut words)?,
        }
    }
    Ok(Line { at, packet: Packet::Icmp(icmp), outer })
}

impl Outer {
    fn word(&mut self, word: &str, words: &mut Words<'_>) -> Result<()> {
        match word {
            "ttl" => once(&mut self.ttl, word, words.parse("a TTL of 0 to 255")?),
            "id" => once(&mut self.id, word, words.parse("an IP identification of 0 to 65535")?),
            "iface" => once(&mut self.iface, word, words.parse("an interface number of 0 to 255")?),
            "vlan" => once(&mut self.vlan, word, vlan(words)?),
            "frag" => {
                let bytes: u16 = words.parse("a number of bytes")?;
                if bytes == 0 || !bytes.is_multiple_of(8) {
                    return Err(format!("`frag {bytes}`: fragments part at multiples of 8"));
                }
                once(&mut self.frag, word, bytes)
            }
            "cut" => once(&mut self.cut, word, words.parse("a number of bytes")?),
            _ => Err(format!("`{word}` is not known here")),
        }
    }
}

fn vlan(words: &mut Words<'_>) -> Result<u16> {
    match words.parse("a VLAN of 0 to 4095")? {
        id @ 0..=4095 => Ok(id),
        id => Err(format!("expected a VLAN of 0 to 4095, found `{id}`")),
    }
}

/// Seconds with up to nine decimals.
fn time(word: &str) -> Result<Span> {
    let fail = || format!("`{word}` is no time in seconds with at most nine decimals");
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || seconds.len() > 9 || fraction.len() > 9 {
        return Err(fail());
    }
    let seconds: i64 = seconds.parse().map_err(|_| fail())?;
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().map_err(|_| fail())?;
    Ok(Span(seconds * SECOND + nanoseconds))
}

fn flags(word: &str) -> Result<u16> {
    if word == "none" {
        return Ok(0);
    }
    word.chars().try_fold(0, |flags, letter| match FLAGS.iter().find(|(known, _)| *known == letter) {
        Some((_, bit)) if flags & bit == 0 => Ok(flags | bit),
        Some(_) => Err(format!("flag `{letter}` twice in `{word}`")),
        None => Err(format!("`{letter}` in `{word}` is no flag: use S F R P U E C A . or none")),
    })
}

fn number(word: &str) -> Result<Number> {
    let (digits, kind): (&str, fn(u32) -> Number) = match word.strip_prefix('=') {
        Some(digits) => (digits, Number::Absolute),
        None => (word, Number::Relative),
    };
    digits.parse().map(kind).map_err(|_| format!("`{word}` is no sequence number"))
}

/// `SEQ:END(LEN)`, which must agree.
fn range(word: &str) -> Result<(Number, u32)> {
    let parts = word.strip_suffix(')').and_then(|word| word.split_once('(')).and_then(|(range, len)| {
        let (seq, end) = range.split_once(':')?;
        Some((seq, end.parse::<u32>().ok()?, len.parse::<u32>().ok()?))
    });
    let (seq, end, len) = parts.ok_or_else(|| format!("expected SEQ:END(LEN), found `{word}`"))?;
    let seq = number(seq)?;
    if seq.plus(len).value() != end {
        return Err(format!(
            "`{word}` contradicts itself: {} and {len} bytes end at {}",
            seq.value(),
            seq.plus(len).value()
        ));
    }
    match len {
        0..=LONGEST => Ok((seq, len)),
        _ => Err(format!("`{word}` is longer than {LONGEST} bytes")),
    }
}

fn options(text: &str) -> Result<Vec<TcpOption>> {
    let options: Vec<TcpOption> = text.split(',').map(option).collect::<Result<_>>()?;
    match options.iter().map(TcpOption::length).sum::<usize>() {
        0..=40 => Ok(options),
        length => Err(format!("options take {length} bytes: a TCP header has room for 40")),
    }
}

fn option(text: &str) -> Result<TcpOption> {
    let mut words = Words(text.split_whitespace());
    let option = match words.next("an option")? {
        "mss" => TcpOption::Mss(words.parse("a segment size of 0 to 65535")?),
        "sackOK" => TcpOption::SackPermitted,
        "wscale" => TcpOption::WindowScale(words.parse("a shift of 0 to 255")?),
        "TS" => timestamps(&mut words)?,
        "sack" => TcpOption::Sack(words.0.by_ref().map(block).collect::<Result<_>>()?),
        "nop" => TcpOption::Nop,
        "eol" => TcpOption::EndOfList,
        "fastopen" => TcpOption::FastOpen(words.0.next().map_or(Ok(Vec::new()), hex)?),
        "mptcp" => TcpOption::Mptcp,
        "md5" => TcpOption::Md5,
        other => return Err(format!("`{other}` is no option")),
    };
    words.end()?;
    Ok(option)
}

fn timestamps(words: &mut Words<'_>) -> Result<TcpOption> {
    words.keyword("val")?;
    let value = words.parse("a time stamp")?;
    words.keyword("ecr")?;
    Ok(TcpOption::Timestamps { value, echo: words.parse("an echoed time stamp")? })
}

fn block(word: &str) -> Result<(Number, Number)> {
    let (left, right) = word.split_once(':').ok_or_else(|| format!("expected LEFT:RIGHT, found `{word}`"))?;
    Ok((number(left)?, number(right)?))
}

fn hex(word: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u8>> = word.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => Err(format!("`{word}` is not in pairs of hexadecimal digits")),
    }
}

/// Fills a value that may be said once.
fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` twice")),
    }
}

/// The words of a line, with complaints.
struct Words<'a>(SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.0.clone().next()
    }

    /// What follows the next word.
    fn rest(&self) -> Self {
        let mut rest = self.0.clone();
        rest.next();
        Self(rest)
    }

    fn next(&mut self, expected: &str) -> Result<&'a str> {
        self.0.next().ok_or_else(|| format!("expected {expected}, found the end of the line"))
    }

    fn parse<T: FromStr>(&mut self, expected: &str) -> Result<T> {
        let word = self.next(expected)?;
        word.parse().map_err(|_| format!("expected {expected}, found `{word}`"))
    }

    fn parse_last<T: FromStr>(mut self, expected: &str) -> Result<T> {
        let value = self.parse(expected)?;
        self.end()?;
        Ok(value)
    }

    fn keyword(&mut self, keyword: &str) -> Result<()> {
        match self.next(&format!("`{keyword}`"))? {
            word if word == keyword => Ok(()),
            other => Err(format!("expected `{keyword}`, found `{other}`")),
        }
    }

    fn end(&mut self) -> Result<()> {
        self.0.next().map_or(Ok(()), |word| Err(format!("`{word}` is one word too many")))
    }
}
