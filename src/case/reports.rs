//! When the dumps of a collected report were taken, where their text does not say so: one of its files holds the date of all.

use super::dump::Dump;
use crate::host::stamp::{self, Basis, Stamp};

/// Gives the report's date to the blocks that have no time.
pub fn date(dumps: &mut [Dump]) {
    let dated = |dump: &Dump| {
        let root = stamp::dated_report(&dump.path)?.to_owned();
        let stamp = dump.document.blocks.first()?.time?;
        Some((root, Stamp { basis: Basis::Report, ..stamp }))
    };
    let mut reports: Vec<(String, Stamp)> = dumps.iter().filter_map(dated).collect();
    if reports.is_empty() {
        return;
    }
    // Of a report within another the inner one's date holds.
    reports.sort_by_key(|(root, _)| std::cmp::Reverse(root.len()));
    for dump in dumps {
        let Some((_, stamp)) = reports.iter().find(|(root, _)| dump.path.starts_with(root)) else { continue };
        for block in dump.document.blocks.iter_mut().filter(|block| block.stamp().is_none()) {
            block.time = Some(*stamp);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    #[test]
    fn the_date_of_a_report_is_that_of_its_files_without_a_time() {
        let dump = |path: &str, text: &str| {
            let document = read(text.as_bytes(), &Hints { path: path.to_owned(), ..Hints::default() });
            Dump { path: path.to_owned(), bytes: 0, document, note: None, damage: None }
        };
        let socket = "LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\n";
        let mut dumps = [
            dump("in/sosreport-web/sos_commands/date/date", "Fri Nov 20 20:04:19 UTC 2026\n"),
            dump("in/sosreport-web/sos_commands/networking/ss_-peaonmi", socket),
            dump("in/sosreport-web/proc/net/tcp", &format!("=== 2026-01-01T00:00:00Z ===\n{socket}")),
            dump("in/other/ss.txt", socket),
        ];
        date(&mut dumps);
        let told = |dump: &Dump| {
            let stamp = dump.document.blocks.first().and_then(|block| block.stamp());
            stamp.map_or("-".to_owned(), |stamp| format!("{} {}", stamp.time.rfc3339(), stamp.basis.name()))
        };
        let expected = ["2026-11-20T20:04:19.000000000Z report", "2026-01-01T00:00:00.000000000Z line", "-"];
        assert_eq!(dumps[1..].iter().map(told).collect::<Vec<_>>(), expected);
    }
}
