//! How log lines are framed: what stands before the message. One file a frame, one line in [`FRAMES`].

mod access;
mod apache;
mod application;
mod dmesg;
mod glog;
mod haproxy;
mod iso;
mod json;
mod kmsg;
mod nginx;
mod postgres;
mod prefix;
mod redis;
mod rfc5424;
mod syslog;

use super::When;
use crate::time::calendar::has_clock;
pub use json::{is_message, object as json};
pub use prefix::{date as dated, seconds};
use std::borrow::Cow;
pub use syslog::datagrams;

/// The registry, in the order of trial: what looks like any application's line comes last.
pub static FRAMES: &[&Frame] = &[
    &dmesg::FRAME,
    &kmsg::FRAME,
    &rfc5424::FRAME,
    &syslog::FRAME,
    &iso::FRAME,
    &json::FRAME,
    &nginx::FRAME,
    &postgres::FRAME,
    &redis::FRAME,
    &haproxy::FRAME,
    &access::FRAME,
    &apache::FRAME,
    &glog::FRAME,
    &application::FRAME,
];

/// One kind of frame.
pub struct Frame {
    /// As `inputs.format` prints it.
    pub name: &'static str,
    /// Takes the frame off a line; `None` if it has another.
    pub read: fn(&str) -> Option<Framed<'_>>,
    /// A single line is enough to believe in a log.
    pub certain: bool,
}

/// A line without its frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Framed<'a> {
    pub when: Option<When>,
    pub host: Option<&'a str>,
    pub program: Option<&'a str>,
    pub pid: Option<u32>,
    pub message: Cow<'a, str>,
}

/// A time of day stands within so many bytes, or the first letter tells that there is a frame without one.
const HEAD: usize = 64;

/// The frame of a line, and the line without it; what `grep` puts before the lines of several files is no part of it.
pub fn of(text: &str) -> Option<(&'static Frame, Framed<'_>)> {
    plain(text).or_else(|| plain(grepped(text)?))
}

/// What follows `/var/log/syslog:` or `app.log:12:`.
fn grepped(text: &str) -> Option<&str> {
    let (path, rest) = text.split_once(':')?;
    let is_path = path.contains(['/', '.']) && path.len() < 200 && !path.contains([' ', '\t', '"', '[', '=']);
    let number = rest.split_once(':').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let is_number = |(number, _): &(&str, &str)| (1..=9).contains(&number.len());
    is_path.then(|| number.filter(is_number).map_or(rest, |(_, rest)| rest))
}

fn plain(text: &str) -> Option<(&'static Frame, Framed<'_>)> {
    let head = (0..=HEAD.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    let marked = text.starts_with(['[', '<', '{', '\u{1e}', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    (marked
        || has_clock(head)
        || head.starts_with("kern ")
        || head.starts_with("nginx: ")
        || head.starts_with("data: {"))
    .then_some(())?;
    FRAMES.iter().find_map(|frame| Some((*frame, (frame.read)(text)?)))
}

/// A message without the level and thread that may stand before it.
pub fn level(message: &str) -> &str {
    let mut rest = message.trim_start();
    while let Some((word, after)) = rest.split_once(' ') {
        let is_thread = word.starts_with('[') && word.ends_with(']');
        if !prefix::is_level(word) && !is_thread {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// Frame, host, program, process and message.
    fn shown(text: &str) -> String {
        let Some((frame, framed)) = of(text) else { return "none".to_owned() };
        let pid = framed.pid.map_or("-".to_owned(), |pid| pid.to_string());
        let name = |name: Option<&str>| name.unwrap_or("-").to_owned();
        format!("{} {} {} {pid} {}", frame.name, name(framed.host), name(framed.program), framed.message)
    }

    #[test]
    fn every_frame_is_taken_off() {
        for (text, expected) in [
            ("[ 1199.614437] eth0: up", "dmesg - kernel - eth0: up"),
            ("[1199.614437] eth0: up", "dmesg - kernel - eth0: up"),
            ("[ 1199.614437][  T123] eth0: up", "dmesg - kernel - eth0: up"),
            ("<6>[ 1199.614437] eth0: up", "dmesg - kernel - eth0: up"),
            ("kern  :info  : [ 1199.614437] eth0: up", "dmesg - kernel - eth0: up"),
            ("[Fri Nov 20 20:04:54 2026] [UFW BLOCK] IN=", "dmesg - kernel - [UFW BLOCK] IN="),
            ("2026-11-20T20:04:54,614437+00:00 eth0: up", "dmesg - kernel - eth0: up"),
            ("[Nov20 20:04] eth0: up", "dmesg - kernel - eth0: up"),
            ("[  +0.231317] eth0: up", "dmesg - kernel - eth0: up"),
            ("[ 1199.614437] vm kernel: eth0: up", "dmesg vm kernel - eth0: up"),
            ("6,388,1199614437,-;eth0: up", "kmsg - kernel - eth0: up"),
            ("Nov 20 20:04:54 vm kernel: eth0: up", "syslog vm kernel - eth0: up"),
            ("Nov  2 20:04:54 vm kernel: [ 1199.614437] eth0: up", "syslog vm kernel - eth0: up"),
            ("<6>Nov 20 20:04:54 vm sshd[123]: gone", "syslog vm sshd 123 gone"),
            ("Nov 20 20:04:54.070250 vm sshd[123]: gone", "syslog vm sshd 123 gone"),
            ("Nov 21 03:03:28 dnsmasq[9746]: started", "syslog - dnsmasq 9746 started"),
            ("Nov 21 03:03:28 vm last message repeated 2 times", "syslog vm - - last message repeated 2 times"),
            ("<6>1 2026-11-20T20:04:54.070250+00:00 vm sshd 12 - - gone", "rfc5424 vm sshd 12 gone"),
            ("<6>1 2026-11-20T20:04:54Z vm app - ID [a b=\"]\"][c] gone", "rfc5424 vm app - gone"),
            ("2026-11-20T20:04:54.070250+00:00 vm kernel: eth0: up", "syslog-iso vm kernel - eth0: up"),
            ("2026-11-20T20:04:54+0000 vm sshd[12]: gone", "syslog-iso vm sshd 12 gone"),
            ("Fri 2026-11-20 20:04:54 UTC vm sshd[12]: gone", "syslog-iso vm sshd 12 gone"),
            ("1795205094.070250 vm sshd[12]: gone", "syslog-iso vm sshd 12 gone"),
            ("2026-11-21T03:05:42.204Z feed-gateway[12108]: listening", "syslog-iso - feed-gateway 12108 listening"),
            (
                r#"{"__REALTIME_TIMESTAMP":"1795205094070250","_HOSTNAME":"vm","SYSLOG_IDENTIFIER":"sshd","_PID":"12","MESSAGE":"gone"}"#,
                "json vm sshd 12 gone",
            ),
            (r#"{"log":"gone\n","stream":"stderr","time":"2026-11-20T20:04:54.070250Z"}"#, "json - - - gone"),
            (r#"{"level":"error","ts":1795205094.07,"logger":"web","msg":"gone"}"#, "json - web - gone"),
            ("2026/11/20 20:11:12 [error] 13655#13655: *1 connect() failed", "nginx - nginx 13655 connect() failed"),
            ("nginx: [emerg] bind() failed", "nginx - nginx - bind() failed"),
            (
                "2026-11-21 03:04:34.125 UTC [11044] orders@orders FATAL:  no",
                "postgres - postgres 11044 [11044] orders@orders FATAL:  no",
            ),
            ("4029:M 21 Nov 2026 02:59:11.696 * Ready", "redis - redis 4029 Ready"),
            ("4029:signal-handler (1795229957) Received SIGTERM", "redis - redis 4029 Received SIGTERM"),
            ("[WARNING]  (13654) : Server a/b is DOWN", "haproxy - haproxy 13654 Server a/b is DOWN"),
            ("[ALERT] 324/200454 (13654) : proxy 'a' has no server", "haproxy - haproxy 13654 proxy 'a' has no server"),
            (
                "10.77.1.2:42284 [20/Nov/2026:20:11:17.039] a b/s 1/0/0 0 SD 1/1/0/0/0 0/0",
                "haproxy - haproxy - 10.77.1.2:42284 [20/Nov/2026:20:11:17.039] a b/s 1/0/0 0 SD 1/1/0/0/0 0/0",
            ),
            (
                "[Fri Nov 20 20:04:19.123456 2026] [proxy:error] [pid 123:tid 4] [client 10.0.0.1:5] (111)Connection refused",
                "apache - httpd 123 [client 10.0.0.1:5] (111)Connection refused",
            ),
            ("E1120 20:04:54.070250   12 server.go:123] gone", "glog - - - gone"),
            ("10.77.1.2 - - [20/Nov/2026:20:11:12 +0000] \"GET / HTTP/1.1\" 502 1", "access - - - "),
            ("/var/log/syslog:Nov 20 20:04:54 vm sshd[123]: gone", "syslog vm sshd 123 gone"),
            ("app.log:12:2026-11-21 02:59:17,628 ERROR gone", "application - - - ERROR gone"),
            ("2026-11-21 02:59:17,628 ERROR gone", "application - - - ERROR gone"),
            ("[2026-11-21 02:59:17,628] ERROR gone", "application - - - ERROR gone"),
            ("20-Nov-2026 20:04:19.123 SEVERE [main] gone", "application - - - SEVERE [main] gone"),
            ("Nov 20, 2026 8:04:19 PM org.apache.Foo bar", "application - - - org.apache.Foo bar"),
            ("2026-11-20T20:04:54.070250Z stderr F gone", "application - - - gone"),
            ("ERROR [main] 2026-11-21 02:59:17,628 Foo.java:1 - gone", "application - - - Foo.java:1 - gone"),
            ("time=\"2026-11-20T20:04:54Z\" level=error msg=\"gone\"", "application - - - level=error msg=\"gone\""),
            ("20:04:19.123 [main] ERROR c.e.Foo - gone", "application - - - [main] ERROR c.e.Foo - gone"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn other_lines_have_no_frame() {
        for text in [
            "",
            "[root@web ~]# ss -tan",
            "tcp        0      0 10.0.0.1:80      10.0.0.2:1      ESTABLISHED",
            "State      Recv-Q Send-Q",
            "2026-11-20 20:04:19",
            "Fri Nov 20 20:04:19 UTC 2026",
            "curl: (7) Failed to connect",
            "20:04:19 up 3 days",
            "{\"LocalPort\": 80}",
            "net.ipv4.tcp_rmem = 4096 131072 6291456",
            "may 3 things happen: none",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = FRAMES.iter().map(|frame| frame.name).collect();
        assert_eq!(names.len(), FRAMES.len());
    }

    proptest! {
        #[test]
        fn any_text_has_a_frame_or_none(text in "[\\[<{0-9A-Z]?[0-9A-Za-z:/. +,\\[\\]<>{}\"#*-]{0,60}|.{0,40}") {
            let _ = of(&text);
        }
    }
}
