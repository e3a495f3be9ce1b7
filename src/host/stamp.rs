//! When and where a block was taken: what stands between the blocks (dates, separators, prompts), the file's name and
//! date.

use super::{Hints, Line};
use crate::time::Timestamp;
use crate::time::calendar::Written;

/// The time of a block, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub time: Timestamp,
    pub basis: Basis,
    /// Whether the text says its zone; otherwise UTC is assumed.
    pub zone_known: bool,
}

/// How a time is known, from the most to the least trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A time line, separator or header before the block.
    Line,
    /// The file's name.
    FileName,
    /// A file beside it, which holds the date of the whole report.
    Report,
    /// The date of the file's last change: a hint only.
    FileDate,
}

impl Basis {
    /// Names of those that tell the time of a block, as [`super::Block::stamp`] has them.
    pub const TELLING: [&str; 3] = [Self::Line.name(), Self::FileName.name(), Self::Report.name()];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::FileName => "file-name",
            Self::Report => "report",
            Self::FileDate => "file-date",
        }
    }
}

/// Where the collecting script `sosreport` puts the date of all that it collects.
const REPORT_DATE: &str = "sos_commands/date/date";

/// The folder of the report whose date a file holds: what stands before `sos_commands`.
pub fn dated_report(path: &str) -> Option<&str> {
    path.strip_suffix(REPORT_DATE).filter(|root| root.is_empty() || root.ends_with(['/', ':']))
}

/// What has been said so far about where and when the next block was taken.
pub(super) struct Scene<'a> {
    time: Option<Stamp>,
    host: Option<&'a str>,
    command: Option<&'a str>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(hints: &'a Hints) -> Self {
        let named = of_name(&hints.path).map(|said| said.stamp(Basis::FileName));
        let modified = hints.modified.map(|time| Stamp { time, basis: Basis::FileDate, zone_known: true });
        Self { time: named.flatten().or(modified), host: hints.host.as_deref(), command: None }
    }

    pub(super) fn time(&self) -> Option<Stamp> {
        self.time
    }

    pub(super) fn host(&self) -> Option<&'a str> {
        self.host
    }

    pub(super) fn command(&self) -> Option<&'a str> {
        self.command
    }

    /// Whether a line that no format claims is understood: it is blank, or tells of time, host or command.
    pub(super) fn takes(&mut self, line: Line<'a>) -> bool {
        if line.text.trim().is_empty() {
            return true;
        }
        let Some(mark) = Mark::read(line.text) else { return false };
        if let Some(time) = mark.time {
            // A time of day alone is of the day that is known so far.
            let day = self.time.map(|stamp| stamp.time);
            self.time = time.stamp(Basis::Line).or_else(|| {
                let time = time.day_time()?.on_day_of(day?)?;
                Some(Stamp { time, basis: Basis::Line, zone_known: false })
            });
        }
        self.host = mark.host.or(self.host);
        self.command = mark.command;
        true
    }
}

/// Whether a line tells of time, host or command, and therefore belongs to no table.
pub fn is_mark(text: &str) -> bool {
    Mark::read(text).is_some()
}

/// A line between the blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark<'a> {
    time: Option<Said>,
    host: Option<&'a str>,
    command: Option<&'a str>,
}

/// A time as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Seconds since 1970, as `date +%s` prints them.
    Epoch(Timestamp),
    Date(Written),
}

impl Said {
    fn stamp(self, basis: Basis) -> Option<Stamp> {
        match self {
            Self::Epoch(time) => Some(Stamp { time, basis, zone_known: true }),
            Self::Date(date) => Some(Stamp { time: date.timestamp(None)?, basis, zone_known: date.offset.is_some() }),
        }
    }

    fn day_time(self) -> Option<Written> {
        match self {
            Self::Epoch(_) => None,
            Self::Date(date) => Some(date),
        }
    }
}

/// Longer lines are no marks.
const LONGEST: usize = 400;

/// What surrounds the words of a separator.
const FRAME: [char; 9] = ['=', '-', '#', '*', '<', '>', '~', '_', '+'];

/// Words before a time that say that it is one.
const LABELS: [&str; 9] =
    ["zzz", "TimeStamp", "Timestamp", "timestamp", "Date", "date", "DATE", "Time", "Script started on"];

impl<'a> Mark<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        let said = time(text).map(|time| Self { time: Some(time), ..Self::default() });
        said.or_else(|| watch(text)).or_else(|| prompt(text)).or_else(|| separator(text)).or_else(|| labelled(text))
    }
}

/// A text that is nothing but a time.
fn time(text: &str) -> Option<Said> {
    text.bytes().any(|byte| byte.is_ascii_digit()).then_some(())?;
    epoch(text).map(Said::Epoch).or_else(|| Written::read(text).map(Said::Date))
}

/// `1795205059`, `1795205059.229`, `1795205059229`: of the years 2001 to 2065.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        10 if (1_000_000_000..3_000_000_000).contains(&number) => {
            let places = fraction.get(..9).unwrap_or(fraction);
            let nanoseconds = format!("{places:0<9}").parse().ok()?;
            Some(Timestamp::from_parts(number, nanoseconds))
        }
        13 if (1_000_000_000_000..3_000_000_000_000).contains(&number) => {
            Some(Timestamp(number.checked_mul(1_000_000)?))
        }
        _ => None,
    }
}

/// `Every 2.0s: ss -tan        web: Fri Nov 20 20:04:19 2026`
fn watch(text: &str) -> Option<Mark<'_>> {
    let (interval, rest) = text.strip_prefix("Every ")?.split_once(": ")?;
    interval.starts_with(|letter: char| letter.is_ascii_digit()).then_some(())?;
    let (command, rest) = rest.split_once("  ").unwrap_or((rest, ""));
    let rest = rest.trim();
    let (host, date) = match rest.split_once(": ") {
        Some((host, date)) => (Some(host), date),
        None => (None, rest),
    };
    Some(Mark { time: time(date), host, command: Some(command.trim()).filter(|command| !command.is_empty()) })
}

/// `[root@web ~]# ss -tan`, `root@web:~# ss`, `$ ss`, `C:\>netstat -ano`, `PS C:\> Get-NetTCPConnection`, `web% ss`, `+ ss`.
fn prompt(text: &str) -> Option<Mark<'_>> {
    let (before, command) = windows_prompt(text).or_else(|| unix_prompt(text))?;
    let host = before.split_once('@').map(|(_, rest)| {
        let end = rest.find([' ', ':', ']', '~', '#', '$', '%', '>']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    let command = command.trim();
    Some(Mark {
        time: None,
        host: host.filter(|host| !host.is_empty() && *host != "localhost"),
        command: Some(command).filter(|command| !command.is_empty()),
    })
}

fn windows_prompt(text: &str) -> Option<(&str, &str)> {
    let path = text.strip_prefix("PS ").unwrap_or(text);
    let is_drive = matches!(path.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    let (before, command) = path.split_once('>').filter(|_| is_drive)?;
    Some((before, command))
}

fn unix_prompt(text: &str) -> Option<(&str, &str)> {
    if let Some(command) = text.strip_prefix(['$', '%']).or_else(|| text.strip_prefix("+ ")) {
        return Some(("", command))
            .filter(|(_, command)| command.trim().starts_with(|c: char| c.is_ascii_alphabetic() || "/.~".contains(c)));
    }
    let end = text.find(['#', '$', '%', '❯'])?;
    let (before, rest) = text.split_at_checked(end)?;
    let command = rest.get(rest.chars().next()?.len_utf8()..)?;
    let name = before.trim_end();
    // A prompt names a user at a host, or a shell: `bash-4.2$`, `[web]#`, `web:/ #`.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@-_.:/~[]() ".contains(c);
    let says_so = name.contains('@') || name.starts_with("bash-") || name.starts_with("sh-") || name.ends_with(']');
    let words =
        name.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map_or(name, |(_, name)| name).split(' ').count();
    let spaced = command.is_empty() || command.starts_with(' ');
    (says_so && spaced && name.chars().all(is_plain) && words <= 2).then_some((before, command))
}

/// `=== 2026-11-20T20:04:19Z ===`, `----- 1795205059 -----`, `### ss -tan`, `# host=web`, `<<<win_netstat>>>`, a fence.
fn separator(text: &str) -> Option<Mark<'_>> {
    let first = text.chars().next().filter(|first| FRAME.contains(first) || *first == '`')?;
    let run = text.chars().take_while(|letter| *letter == first).count();
    if first == '`' {
        return (run >= 3).then(Mark::default);
    }
    if run < 3 && !(first == '#' || run == 2) {
        return None;
    }
    let inner = text.trim_matches(|letter| FRAME.contains(&letter) || letter == ' ');
    let host = word_after(inner, "host=");
    let inner = host.map_or(inner, |host| inner.get(host.len() + 5..).unwrap_or_default().trim());
    let time = time(inner).or_else(|| labelled(inner)?.time).or_else(|| within(inner));
    let is_command = time.is_none() && inner.starts_with(|letter: char| letter.is_ascii_lowercase());
    Some(Mark { time, host, command: is_command.then_some(inner) })
}

/// `host=web` at the beginning.
fn word_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.strip_prefix(label)?.split_whitespace().next()
}

/// `zzz ***Fri Nov 20 20:04:19 UTC 2026`, `TimeStamp: ...`, `Script started on ... [TERM=...]`
fn labelled(text: &str) -> Option<Mark<'_>> {
    if text.starts_with("Script done on ") {
        return Some(Mark::default());
    }
    let rest = LABELS.iter().find_map(|label| text.strip_prefix(label))?;
    let rest = rest.split(" [").next()?.trim_matches([' ', '*', ':', '=', '\t']);
    Some(Mark { time: Some(time(rest)?), ..Mark::default() })
}

/// A time among other words of a separator: `ss -tan at 2026-11-20 20:04:19 on web`. The longest run of words counts.
fn within(text: &str) -> Option<Said> {
    let starts: Vec<usize> =
        text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize).collect();
    let ends = text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize + word.len());
    let ends: Vec<usize> = ends.collect();
    if starts.len() > 16 {
        return None;
    }
    let runs =
        starts.iter().enumerate().flat_map(|(at, start)| ends.iter().skip(at).rev().map(move |end| (*start, *end)));
    let mut runs: Vec<(usize, usize)> = runs.collect();
    runs.sort_by_key(|(start, end)| std::cmp::Reverse(end - start));
    runs.into_iter().find_map(|(start, end)| time(text.get(start..end)?))
}

/// The time in a file's name: `netstat-20261120-2004.txt`, `ss_1795205059`, `ss-2026-11-20T20:04.txt`.
fn of_name(path: &str) -> Option<Said> {
    let name = path.rsplit(['/', '\\']).next()?;
    let groups: Vec<&str> =
        name.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    if let Some(time) = groups.iter().find_map(|group| epoch(group)) {
        return Some(Said::Epoch(time));
    }
    // The digits of a date and time, however they are parted: 2026 11 20 20 04 [19].
    let start = groups.iter().position(|group| group.starts_with("20") && [4, 8, 12, 14].contains(&group.len()))?;
    let digits: String = groups.get(start..)?.iter().take(6).copied().collect();
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|digits| digits.parse::<i8>().ok());
    let clock = (part(8, 10)?, part(10, 12)?, part(12, 14).unwrap_or(0), 0);
    let year = digits.get(..4)?.parse().ok()?;
    let offset = name.contains('Z').then_some(0);
    Some(Said::Date(Written { year: Some(year), month: part(4, 6), day: part(6, 8), clock: Some(clock), offset }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time, host and command of a mark.
    fn shown(text: &str) -> String {
        let Some(mark) = Mark::read(text) else { return "none".to_owned() };
        let stamp = mark.time.and_then(|said| said.stamp(Basis::Line));
        let time = stamp.map_or("-".to_owned(), |stamp| stamp.time.rfc3339().replace(".000000000", ""));
        format!("{time} {} {}", mark.host.unwrap_or("-"), mark.command.unwrap_or("-"))
    }

    #[test]
    fn times_stand_alone_and_in_separators() {
        for text in [
            "Fri Nov 20 20:04:19 UTC 2026",
            "1795205059",
            "=== 2026-11-20T20:04:19Z ===",
            "----- 1795205059 -----",
            "# 2026-11-20 20:04:19",
            "## Fri Nov 20 20:04:19 UTC 2026",
            "zzz ***Fri Nov 20 20:04:19 UTC 2026",
            "TimeStamp: 2026-11-20 20:04:19",
            "Script started on 2026-11-20 20:04:19+00:00 [TERM=\"xterm\"]",
            "*** ss at 2026-11-20 20:04:19 ***",
        ] {
            assert_eq!(shown(text), "2026-11-20T20:04:19Z - -", "{text}");
        }
    }

    #[test]
    fn prompts_tell_host_and_command() {
        for (text, expected) in [
            ("[root@web0042 ~]# ss -tan", "- web0042 ss -tan"),
            ("root@web:~# ss -tan | grep :80", "- web ss -tan | grep :80"),
            ("me@web:/var/log$ date", "- web date"),
            ("me@Mac ~ % netstat -anv", "- Mac netstat -anv"),
            ("$ ss -tan", "- - ss -tan"),
            ("$netstat -L -a", "- - netstat -L -a"),
            ("$ /usr/sbin/ss -tan", "- - /usr/sbin/ss -tan"),
            ("bash-4.2$ ss", "- - ss"),
            (r"C:\>netstat -ano", "- - netstat -ano"),
            (r"PS C:\Users\me> Get-NetTCPConnection -State Established", "- - Get-NetTCPConnection -State Established"),
            ("[root@localhost ~]# ", "- - -"),
            ("+ ss -s", "- - ss -s"),
            ("Every 2.0s: ss -tan   web: Fri Nov 20 20:04:19 2026", "2026-11-20T20:04:19Z web ss -tan"),
            ("=== ss -tan ===", "- - ss -tan"),
            ("# host=db1 2026-11-20T20:04:19Z", "2026-11-20T20:04:19Z db1 -"),
            ("<<<win_netstat>>>", "- - win_netstat"),
            ("```", "- - -"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn other_lines_are_no_marks() {
        for text in [
            "tcp 0 0 10.0.0.1:80 10.0.0.2:1 ESTABLISHED",
            "Tcp:",
            "net.ipv4.tcp_fin_timeout = 60",
            "user@example.com paid 20$ for it",
            "50% of all",
            "The time is now",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    #[test]
    fn a_file_name_tells_a_time() {
        let time = |name| of_name(name).and_then(|said| said.stamp(Basis::FileName)).map(|stamp| stamp.time.rfc3339());
        for name in [
            "a/netstat-20261120-200419.txt",
            "ss_1795205059",
            "ss-2026-11-20T20:04:19.log",
            "20261120200419.txt",
            "web1.2026-11-20_20-04-19.txt",
        ] {
            assert_eq!(time(name).as_deref(), Some("2026-11-20T20:04:19.000000000Z"), "{name}");
        }
        assert_eq!(time("netstat-20261120-2004.txt").as_deref(), Some("2026-11-20T20:04:00.000000000Z"));
        assert_eq!(time("ss-2026-11-20.txt"), None);
        assert_eq!(time("ss-v4.15.0-tan.txt"), None);
    }
}
