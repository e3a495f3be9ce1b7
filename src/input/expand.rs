//! From what was named on the command line to the files there are: folders are walked, patterns that the shell left
//! standing are matched, and nothing is read twice.

use super::{Input, Kind, REPORT_FILE, is_report, words};
use crate::error::Error;
use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Finds every input that `paths` name, in the order in which they were named; a folder's files in the order of their
/// paths. What cannot be an input gives one error and the others go on.
///
/// - A folder means every file below it, symbolic links followed (each folder is entered once, so loops end). Names that
///   begin with a dot are passed over, as the shell's `*` does, and so are `__MACOSX` and folders that hold a report of synfin.
/// - `-` is standard input. A pipe (`<(zcat x)`) is read like it if it is named, but not if it is met in a folder, where
///   nobody may ever write to it.
/// - A path with `*` or `?` that does not exist is a pattern.
/// - A file that is reached twice, by two names or links, counts once, under the first.
pub fn expand(paths: &[PathBuf]) -> (Vec<Input>, Vec<Error>) {
    let mut walk = Walk::default();
    for (under, path) in paths.iter().enumerate() {
        walk.under = under;
        walk.named(path);
    }
    (walk.inputs, walk.errors)
}

#[derive(Default)]
struct Walk {
    inputs: Vec<Input>,
    errors: Vec<Error>,
    /// Place of the path being expanded among those named.
    under: usize,
    seen: HashSet<Identity>,
    /// Number of things met that are no folder.
    met: usize,
    standard_input: bool,
}

impl Walk {
    fn named(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            if !std::mem::replace(&mut self.standard_input, true) {
                let (kind, under) = (Kind::StandardInput, self.under);
                self.inputs.push(Input { path: path.to_owned(), kind, named: true, under, len: 0 });
            }
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(metadata) => self.other(path, &metadata, true),
            Err(_) if is_pattern(path) => self.pattern(path),
            Err(error) => self.errors.push(Error::new(path, words(&error))),
        }
    }

    fn pattern(&mut self, path: &Path) {
        let matches = path.to_str().map(glob::glob);
        let mut found = false;
        match matches {
            Some(Ok(matches)) => {
                for path in matches.flatten() {
                    found = true;
                    self.named(&path);
                }
            }
            Some(Err(error)) => return self.errors.push(Error::new(path, format!("not a pattern: {error}"))),
            None => {}
        }
        if !found {
            self.errors.push(Error::new(path, "no file matches this pattern"));
        }
    }

    /// A folder that was named: it is an error if nothing is in it.
    fn folder(&mut self, root: &Path) {
        if holds_report(root) {
            return self
                .errors
                .push(Error::new(root, "a report that synfin wrote, not evidence: name the captures themselves"));
        }
        let before = (self.met, self.errors.len(), self.seen.len());
        let mut ahead = vec![root.to_owned()];
        while let Some(path) = ahead.pop() {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.enter(&path, &metadata, &mut ahead),
                Ok(metadata) => self.other(&path, &metadata, false),
                Err(error) => self.errors.push(Error::new(&path, words(&error))),
            }
        }
        let walked_before = self.seen.len() == before.2;
        if !walked_before && (self.met, self.errors.len()) == (before.0, before.1) {
            let cause =
                "the folder holds no file to read (names that begin with a dot and reports of synfin are passed over)";
            self.errors.push(Error::new(root, cause));
        }
    }

    /// Puts a folder's entries on the stack `ahead`, the first on top.
    fn enter(&mut self, folder: &Path, metadata: &Metadata, ahead: &mut Vec<PathBuf>) {
        if !self.first_time(folder, metadata) || holds_report(folder) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.errors.push(Error::new(folder, words(&error))),
        };
        let start = ahead.len();
        for entry in entries {
            match entry {
                Ok(entry) if is_passed_over(&entry.file_name().to_string_lossy()) => {}
                Ok(entry) => ahead.push(entry.path()),
                Err(error) => self.errors.push(Error::new(folder, words(&error))),
            }
        }
        if let Some(new) = ahead.get_mut(start..) {
            new.sort_unstable_by(|a, b| b.file_name().cmp(&a.file_name()));
        }
    }

    /// A file, or what is neither file nor folder.
    fn other(&mut self, path: &Path, metadata: &Metadata, named: bool) {
        self.met += 1;
        let kind = match special(metadata) {
            None => Kind::File,
            Some(PIPE) if named => Kind::Pipe,
            Some(PIPE) => {
                let cause =
                    "a pipe in a folder is not read, because nobody may be writing to it: name it to have it read";
                return self.errors.push(Error::new(path, cause));
            }
            Some(what) => {
                let cause = format!("{what}, not a file: name a capture, a dump or a folder of them");
                return self.errors.push(Error::new(path, cause));
            }
        };
        if self.first_time(path, metadata) {
            let len = if kind == Kind::File { metadata.len() } else { 0 };
            self.inputs.push(Input { path: path.to_owned(), kind, named, under: self.under, len });
        }
    }

    fn first_time(&mut self, path: &Path, metadata: &Metadata) -> bool {
        identity(path, metadata).is_none_or(|identity| self.seen.insert(identity))
    }
}

/// Names that a walk passes over: hidden ones, and the folder of resource forks that macOS puts into zip archives.
pub(super) fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Whether the folder is one that synfin wrote its report into.
fn holds_report(folder: &Path) -> bool {
    let read = |mut file: File| -> io::Result<bool> {
        let mut head = Vec::new();
        file.by_ref().take(4096).read_to_end(&mut head)?;
        Ok(is_report(&head))
    };
    let summary = folder.join(REPORT_FILE);
    // Asked first, because opening a pipe of that name would wait for its writer.
    let is_file = fs::metadata(&summary).is_ok_and(|metadata| metadata.is_file());
    is_file && File::open(summary).and_then(read).unwrap_or(false)
}

const PIPE: &str = "a pipe";

#[cfg(unix)]
fn special(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_fifo() => Some(PIPE),
        () if kind.is_socket() => Some("a socket"),
        () if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        () => Some("a special file"),
    }
}

#[cfg(not(unix))]
fn special(metadata: &Metadata) -> Option<&'static str> {
    (!metadata.is_file()).then_some("a special file")
}

/// What two names of one file have in common.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(_path: &Path, metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(not(unix))]
fn identity(path: &Path, _metadata: &Metadata) -> Option<Identity> {
    path.canonicalize().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    fn folder(files: &[&str]) -> TempDir {
        let folder = TempDir::new().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, file).expect("written");
        }
        folder
    }

    /// Paths below `folder`, and what the errors say.
    fn found(folder: &TempDir, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let (inputs, errors) = expand(&paths);
        let short = |path: &Path| path.strip_prefix(folder.path()).unwrap_or(path).display().to_string();
        let errors = errors.iter().map(|error| format!("{}: {}", short(&error.path), error.cause)).collect();
        (inputs.iter().map(|input| short(&input.path)).collect(), errors)
    }

    #[test]
    fn a_folder_gives_its_files_in_the_order_of_their_paths() {
        let folder = folder(&[
            "b.pcap",
            "a/2.pcap",
            "a/10.pcap",
            "a.pcap",
            "c/d/e/ss.txt",
            ".git/HEAD",
            "a/._2.pcap",
            "__MACOSX/x",
        ]);
        let (inputs, errors) = found(&folder, &[""]);
        assert_eq!(inputs, ["a/10.pcap", "a/2.pcap", "a.pcap", "b.pcap", "c/d/e/ss.txt"]);
        assert_eq!(errors, [""; 0]);
    }

    #[test]
    fn what_is_named_stays_in_the_order_of_naming_and_counts_once() {
        let folder = folder(&["a.pcap", "b/c.pcap", ".hidden"]);
        fs::hard_link(folder.path().join("a.pcap"), folder.path().join("b/again.pcap")).expect("linked");
        symlink("c.pcap", folder.path().join("b/d.pcap")).expect("linked");
        let (inputs, errors) = found(&folder, &["b/c.pcap", ".hidden", "b/../a.pcap", "b", "a.pcap", ""]);
        assert_eq!((inputs, errors), (vec!["b/c.pcap".into(), ".hidden".into(), "b/../a.pcap".into()], vec![]));
    }

    #[test]
    fn loops_of_links_end_and_links_that_lead_nowhere_are_errors() {
        let folder = folder(&["a/b/x.pcap"]);
        symlink("..", folder.path().join("a/b/up")).expect("linked");
        symlink("self", folder.path().join("a/self")).expect("linked");
        symlink("gone", folder.path().join("a/dangling")).expect("linked");
        let (inputs, errors) = found(&folder, &[""]);
        assert_eq!(inputs, ["a/b/x.pcap"]);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert_eq!(errors[0], "a/dangling: no such file or folder: check the spelling");
    }

    #[test]
    fn a_report_of_synfin_is_not_evidence() {
        let folder = folder(&["x.pcap", "synfin-report/connections.csv", "other/summary.json"]);
        fs::write(folder.path().join("synfin-report/summary.json"), "{\"program\": \"synfin\"}").expect("written");
        assert_eq!(found(&folder, &[""]).0, ["other/summary.json", "x.pcap"]);
        let (inputs, errors) = found(&folder, &["synfin-report"]);
        assert!(inputs.is_empty() && errors[0].contains("a report that synfin wrote"), "{errors:?}");
    }

    #[test]
    fn patterns_that_no_shell_expanded_are_matched() {
        let folder = folder(&["a1.pcap", "a2.pcap", "b/a3.pcap", "star*.pcap"]);
        assert_eq!(found(&folder, &["a?.pcap"]).0, ["a1.pcap", "a2.pcap"]);
        assert_eq!(found(&folder, &["**/a*.pcap"]).0, ["a1.pcap", "a2.pcap", "b/a3.pcap"]);
        assert_eq!(found(&folder, &["star*.pcap"]).0, ["star*.pcap"]);
        assert_eq!(found(&folder, &["*.cap"]).1, ["*.cap: no file matches this pattern"]);
    }

    #[test]
    fn what_is_no_file_is_said_once_and_the_others_go_on() {
        let folder = folder(&["x.pcap"]);
        fs::create_dir(folder.path().join("nothing")).expect("made");
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("bound");
        let (inputs, errors) = found(&folder, &["gone", "/dev/null", "socket", "x.pcap", "nothing"]);
        assert_eq!(inputs, ["x.pcap"]);
        assert_eq!(errors[0], "gone: no such file or folder: check the spelling");
        assert_eq!(errors[1], "/dev/null: a device, not a file: name a capture, a dump or a folder of them");
        assert!(
            errors[2].starts_with("socket: a socket, not a file")
                && errors[3].starts_with("nothing: the folder holds no file")
        );
        assert_eq!(errors.len(), 4);
    }

    #[test]
    fn standard_input_is_a_dash_and_is_read_once() {
        let (inputs, errors) = expand(&["-".into(), "-".into()]);
        assert_eq!((inputs.len(), inputs[0].kind, errors.len()), (1, Kind::StandardInput, 0));
    }
}
