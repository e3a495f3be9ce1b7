//! `ulimit -a`: limits of a shell and of what it starts.

use super::lines::{Line, Lines};
use super::seen::Seen;
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ulimit", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// `open files                      (-n) 1024`, `core file size          (blocks, -c) 0`, `-n: file descriptors     1024`
fn row(text: &str) -> Option<(&str, &str)> {
    let value = |text: &str| text == "unlimited" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((name, rest)) = text.split_once('(') {
        let (option, end) = rest.split_once(") ")?;
        let letter = option.rsplit(' ').next()?.strip_prefix('-')?;
        let good = letter.len() == 1
            && name.ends_with(' ')
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == 'P' || c == 'R');
        return (good && value(end.trim())).then(|| (name.trim(), end.trim()));
    }
    let (option, rest) = text.split_once(": ")?;
    let (name, end) = rest.rsplit_once(' ')?;
    let good = option.len() == 2 && option.starts_with('-') && name.contains(' ');
    (good && value(end)).then(|| (name.trim(), end))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    let mut take = |line: Line<'_>| {
        let (name, value) = row(line.text)?;
        if !seen.is_new(name) {
            return None; // the same command, run again
        }
        found.settings.push(Setting::new(format!("ulimit {name}"), value, line.number));
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}
