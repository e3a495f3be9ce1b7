//! The captures that a report was made from, found again by its `summary.json`.

use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use synfin::case::Origin;
use synfin::input;
use synfin::report::{json, terminal};
use synfin::time::{Timestamp, Zone};

/// What a report was made from; relative paths lie below the working directory.
pub struct Captures {
    pub paths: Vec<PathBuf>,
    /// Those that were given to an observation point by name.
    pub points: Vec<(String, PathBuf)>,
}

/// The captures of a report. Says on standard error what is not as it was.
pub fn of_report(folder: &Path, zone: Zone) -> anyhow::Result<Captures> {
    let document = folder.join(input::REPORT_FILE);
    let shown = terminal::safe(&document.display().to_string()).into_owned();
    let bytes = fs::read(&document).with_context(|| {
        format!("{shown}: no report to take the captures from: name them, or a report with --report")
    })?;
    let origins = json::origins(&bytes).map_err(|cause| {
        anyhow::anyhow!("{shown}: does not say which captures it was made from ({cause}): name them")
    })?;
    let (streams, files): (Vec<Origin>, Vec<Origin>) = origins.into_iter().partition(|origin| origin.stream);
    for stream in &streams {
        let name = if stream.path == "-" { "standard input".into() } else { terminal::safe(&stream.path) };
        eprintln!("synfin: {name}: was read once and is gone: save it to a file and name that");
    }
    files
        .iter()
        .filter_map(|origin| changed(origin, zone))
        .for_each(|line| eprintln!("synfin: {}", terminal::safe(&line)));
    anyhow::ensure!(!files.is_empty(), "{shown}: names no capture that can be read again");
    let (of_points, others): (Vec<Origin>, Vec<Origin>) = files.into_iter().partition(|origin| origin.point.is_some());
    let points = of_points.into_iter().filter_map(|origin| Some((origin.point?, PathBuf::from(origin.path))));
    let paths = others.into_iter().map(|origin| PathBuf::from(origin.path)).collect();
    Ok(Captures { paths, points: points.collect() })
}

/// One line if a file is not as the report remembers it, or takes long to read. A missing one is said when it is opened.
fn changed(origin: &Origin, zone: Zone) -> Option<String> {
    let metadata = fs::metadata(&origin.path).ok()?;
    let modified = metadata.modified().ok().map(Timestamp::of_system);
    let path = &origin.path;
    if metadata.len() != origin.bytes {
        let (then, now) = (origin.bytes, metadata.len());
        return Some(format!("{path}: changed since the report was made: {then} bytes then, {now} now"));
    }
    if let (Some(then), Some(now)) = (origin.modified, modified)
        && then != now
    {
        let [then, now] = [then, now].map(|time| format!("{} {}", time.date_and_time(zone), zone.name_at(time)));
        return Some(format!("{path}: changed since the report was made: last written {then} then, {now} now"));
    }
    origin.packed.then(|| format!("{path}: packed, and unpacked again for this"))
}
