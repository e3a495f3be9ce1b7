//! `/proc/PID/limits`: soft and hard limits of a process.

use super::lines::{Line, Lines};
use super::seen::Seen;
use super::setting::{Setting, wide_cells};
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "proc-limits", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    is_head(lines.text()) || row(lines.text()).is_some()
}

fn is_head(text: &str) -> bool {
    text.starts_with("Limit ") && text.contains("Soft Limit") && text.contains("Hard Limit")
}

/// `Max open files            1024                 1048576              files     `
fn row(text: &str) -> Option<[&str; 3]> {
    let mut cells = wide_cells(text);
    let (name, soft, hard) = (cells.next()?, cells.next()?, cells.next()?);
    let value = |text: &str| text == "unlimited" || text.bytes().all(|byte| byte.is_ascii_digit());
    (name.starts_with("Max ") && value(soft) && value(hard)).then_some([name, soft, hard])
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    lines.take_if(|line| is_head(line.text).then_some(()));
    let of_command = lines.command.and_then(|command| command.split_once("/proc/"));
    let pid = of_command.and_then(|(_, rest)| rest.strip_suffix("/limits")).unwrap_or_default();
    let mut seen = Seen::default();
    let mut take = |line: Line<'_>| {
        let [name, soft, hard] = row(line.text)?;
        if !seen.is_new(name) {
            return None; // another process
        }
        found.settings.push(Setting::new(name.to_owned(), soft, line.number).of(pid));
        found.settings.push(Setting::new(format!("{name} (hard)"), hard, line.number).of(pid));
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}
