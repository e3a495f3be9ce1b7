//! `sysctl -a`, its single lines, `sysctl.conf`, `grep . /proc/sys/...`, and the form of macOS and FreeBSD with a colon.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "sysctl", sniff, parse };

/// First parts of the names, on Linux and on BSD.
const ROOTS: [&str; 16] = [
    "net", "fs", "kernel", "vm", "kern", "dev", "abi", "debug", "user", "crypto", "sunrpc", "hw", "machdep",
    "security", "vfs", "compat",
];

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some() || headed(lines).is_some()
}

/// `net.core.somaxconn = 4096`, `net.core.somaxconn=4096`, `kern.ipc.somaxconn: 128`, `/proc/sys/fs/nr_open:1048576`
fn row(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix("/proc/sys/") {
        let (path, value) = rest.split_once(':')?;
        return is_name(path, '/').then(|| (path.replace('/', "."), value));
    }
    let end = text.find(['=', ':', ' '])?;
    let (name, rest) = text.split_at_checked(end)?;
    let root = name.split('.').next()?;
    if !ROOTS.contains(&root) || !is_name(name, '.') {
        return None;
    }
    if let Some(value) = rest.trim_start().strip_prefix('=') {
        return Some((name.to_owned(), value));
    }
    // A host or a Java package may begin so as well: with a colon the value must look like one of the kernel's.
    let value = rest.strip_prefix(": ")?;
    let kernel = ["kern.", "net.inet", "net.local", "hw.", "machdep.", "vfs.", "vm.", "security."];
    (kernel.iter().any(|root| name.starts_with(root))).then(|| (name.to_owned(), value))
}

fn is_name(name: &str, separator: char) -> bool {
    let parts = name.split(separator);
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/%*.".contains(&byte))
    };
    name.contains(separator) && name.len() < 200 && parts.into_iter().all(part)
}

/// `==> /proc/sys/net/core/somaxconn <==`, as `head` and `tail` print it, with the value below.
fn headed<'a>(lines: &Lines<'a>) -> Option<(&'a str, Line<'a>)> {
    let mut ahead = lines.clone();
    let name = ahead.next()?.text.strip_prefix("==> /proc/sys/")?.strip_suffix(" <==")?;
    Some((name, ahead.next()?))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let first = row(lines.text()).map(|(name, _)| name);
    let mut taken = false;
    loop {
        if let Some((path, value)) = headed(lines) {
            found.settings.push(Setting::new(path.replace('/', "."), value.text, value.number));
            lines.next();
            lines.next();
            lines.take_if(|line| line.text.is_empty().then_some(()));
            continue;
        }
        let next = lines.take_if(|line| {
            let (name, value) = row(line.text)?;
            // The first name again is the next snapshot.
            (!taken || first.as_ref() != Some(&name)).then(|| Setting::new(name, value, line.number))
        });
        let Some(setting) = next else { return };
        taken = true;
        found.settings.push(setting);
    }
}
