//! Which kernel it is: `uname -a`, `/proc/version`, and the first line of a Linux kernel's log. The names are those that
//! `sysctl` has for the same.

use super::lines::Lines;
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "uname", sniff, parse };

/// Systems whose `uname -a` begins with the name, the host's and the release; Linux calls its settings otherwise.
const OTHERS: [&str; 6] = ["Darwin", "FreeBSD", "NetBSD", "OpenBSD", "DragonFly", "SunOS"];

struct Uname<'a> {
    system: &'a str,
    host: Option<&'a str>,
    release: &'a str,
}

fn sniff(lines: &Lines<'_>) -> bool {
    uname(lines.text()).is_some()
}

fn uname(text: &str) -> Option<Uname<'_>> {
    if let Some(release) = version(text) {
        return Some(Uname { system: "Linux", host: None, release });
    }
    let mut words = text.split(' ');
    let (system, host, release) = (words.next()?, words.next()?, words.next()?);
    let is_linux = system == "Linux" && (text.contains(" #") || text.trim_end().ends_with("Linux"));
    let is_known = is_linux || OTHERS.contains(&system) && words.next().is_some();
    (is_known && is_release(release)).then_some(Uname { system, host: Some(host), release })
}

/// `Linux version 6.1.0-40-amd64 (debian-kernel@...`, alone or behind the time of a log line.
fn version(text: &str) -> Option<&str> {
    let at = if text.starts_with("Linux version ") {
        0
    } else {
        memchr::memmem::find(text.as_bytes(), b" Linux version ")? + 1
    };
    let (before, line) = text.split_at_checked(at)?;
    let is_log = before.is_empty() || before.ends_with("] ") || before.ends_with("kernel: ");
    let release = line.strip_prefix("Linux version ")?.split(' ').next()?;
    (is_log && is_release(release)).then_some(release)
}

/// `6.1.0-40-amd64`, `13.2-RELEASE`, `5.11`
pub(super) fn is_release(word: &str) -> bool {
    let part = |part: &str| part.starts_with(|letter: char| letter.is_ascii_digit());
    word.len() < 100
        && word.split_once('.').is_some_and(|(major, rest)| {
            major.len() < 4 && major.bytes().all(|byte| byte.is_ascii_digit()) && part(major) && part(rest)
        })
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(line) = lines.next() else { return };
    let Some(Uname { system, host, release }) = uname(line.text) else { return };
    let names = if system == "Linux" {
        ["kernel.ostype", "kernel.hostname", "kernel.osrelease"]
    } else {
        ["kern.ostype", "kern.hostname", "kern.osrelease"]
    };
    for (name, value) in names.into_iter().zip([Some(system), host, Some(release)]) {
        found.settings.extend(value.map(|value| Setting::new(name, value, line.number)));
    }
}
