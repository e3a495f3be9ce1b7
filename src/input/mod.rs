//! What was collected becomes bytes: paths, folders, standard input and packed files become [`Source`]s, read-only maps.
//!
//! [`expand`] finds the inputs without reading them, [`open`] opens one. Nothing here knows what the bytes mean. A source's
//! length is fixed when it is opened; if the file is shortened while it is read, nothing breaks: missing bytes read as
//! zeros and [`Source::check`] says from where on they are not to be trusted.

mod archive;
mod expand;
mod map;
mod packed;
mod source;
mod spool;
mod tar;
mod unpack;
mod zip;

pub use expand::expand;
pub use source::{Damage, Source};

use crate::error::Error;
use source::Lacks;
use spool::{Limit, Store, collect};
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::SystemTime;

/// The file by which synfin knows a folder for a report of its own; see [`is_report`].
pub const REPORT_FILE: &str = "summary.json";

/// What stands in the first 4 KiB of [`REPORT_FILE`].
pub const REPORT_MARK: &str = "\"synfin\"";

/// Whether a [`REPORT_FILE`] that begins with `head` was written by synfin.
pub fn is_report(head: &[u8]) -> bool {
    head.windows(REPORT_MARK.len()).take(4096).any(|window| window == REPORT_MARK.as_bytes())
}

/// One thing to read, found but not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub path: PathBuf,
    pub kind: Kind,
    /// Somebody named it, rather than a folder that it lies in.
    pub named: bool,
    /// Which of the paths that were named led to it: its place among them.
    pub under: usize,
    /// Length in bytes when it was found; 0 where only reading tells.
    pub len: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    /// A named pipe or process substitution: read once, from start to end.
    Pipe,
    StandardInput,
}

/// How inputs are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Map files where they are; otherwise they are read into a temporary file first.
    pub mmap: bool,
    /// The most bytes that one packed input may become, all its layers and members together, or that a stream may have. Besides,
    /// never more than nine tenths of the free space in `scratch` are taken.
    pub max_unpacked: u64,
    /// Folder of the unlinked temporary files.
    pub scratch: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self { mmap: true, max_unpacked: 64 << 30, scratch: scratch() }
    }
}

/// `TMPDIR` where it is set. Else `/var/tmp`, because `/tmp` is memory on many systems and what is unpacked may be larger.
fn scratch() -> PathBuf {
    let disk = PathBuf::from("/var/tmp");
    if cfg!(unix) && std::env::var_os("TMPDIR").is_none() && disk.is_dir() { disk } else { std::env::temp_dir() }
}

/// Opens one input and unpacks it as far as it is packed: by content, never by name. An archive gives many sources, every
/// other input one. What could not be had of it is in the errors, each with the path of what is missing.
pub fn open(input: &Input, options: &Options) -> (Vec<Source>, Vec<Error>) {
    match whole(input, options) {
        Ok(source) => unpack::unpack(source, options),
        Err(error) => (Vec::new(), vec![error]),
    }
}

/// The input's bytes as they stand, packed or not.
fn whole(input: &Input, options: &Options) -> Result<Source, Error> {
    let failed = |error: io::Error| Error::new(&input.path, words(&error));
    if input.kind == Kind::StandardInput {
        let stream = io::stdin();
        if stream.is_terminal() {
            return Err(Error::new(
                &input.path,
                "standard input is a terminal: send a capture into it (`tcpdump -w - | synfin -`)",
            ));
        }
        return of_stream(input, None, &Limit::unpacked(options, 0), &mut stream.lock());
    }
    let mut file = File::open(&input.path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let modified = metadata.modified().ok().filter(|_| input.kind == Kind::File);
    // Files of /proc have length 0, and only reading says what is in them.
    if input.kind != Kind::File || metadata.len() == 0 {
        return of_stream(input, modified, &Limit::unpacked(options, 0), &mut file);
    }
    if options.mmap
        && let Ok(store) = Store::mapped(&file, metadata.len())
    {
        return Ok(Source::of_file(&input.path, store, metadata));
    }
    copy(input, options, &mut file, &metadata)
}

/// The bytes of a file, as many as there were when it was opened.
fn copy(input: &Input, options: &Options, file: &mut File, opened: &Metadata) -> Result<Source, Error> {
    let failed = |error: io::Error| Error::new(&input.path, words(&error));
    let collected = collect(&mut file.take(opened.len()), &Limit::room(options)).map_err(failed)?;
    let len = collected.store.bytes().len() as u64;
    let shortened = (len < opened.len() && collected.note.is_none()).then(|| source::shortened_to(len));
    let lacks = Lacks { note: collected.note, shortened, length: Some(opened.len()) };
    Ok(Source::of_copy(&input.path, collected.store, opened.modified().ok(), lacks))
}

/// The bytes of a stream up to its end.
fn of_stream(
    input: &Input,
    modified: Option<SystemTime>,
    limit: &Limit,
    stream: &mut dyn Read,
) -> Result<Source, Error> {
    let collected = collect(stream, limit).map_err(|error| Error::new(&input.path, words(&error)))?;
    let lacks = Lacks { note: collected.note, ..Lacks::default() };
    Ok(Source::of_copy(&input.path, collected.store, modified, lacks))
}

/// What went wrong and what to do about it.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder: check the spelling".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied: run synfin as a user who may read it (captures by tcpdump often belong to root)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Seek;
    use std::path::Path;
    use tempfile::TempDir;

    fn input(path: &Path) -> Input {
        Input { path: path.to_owned(), kind: Kind::File, named: true, under: 0, len: 0 }
    }

    fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> Input {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        input(&path)
    }

    fn only(input: &Input, options: &Options) -> Source {
        let (mut sources, errors) = open(input, options);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(sources.len(), 1);
        sources.remove(0)
    }

    #[test]
    fn mapped_or_copied_a_file_has_the_same_bytes() {
        let folder = TempDir::new().expect("a folder");
        let large: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        for (name, bytes) in [("empty", &large[..0]), ("small", &large[..5]), ("large", &large[..])] {
            let input = file(&folder, name, bytes);
            let mapped = only(&input, &Options::default());
            let copied = only(&input, &Options { mmap: false, ..Options::default() });
            assert!(mapped.bytes() == bytes && copied.bytes() == bytes, "{name}");
            assert_eq!(mapped.modified(), copied.modified());
            for source in [mapped, copied] {
                assert_eq!(source.check(u64::MAX), Ok(()));
                source.release(0..u64::MAX);
                assert!(source.bytes() == bytes && source.note().is_none());
            }
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named_with_the_cause() {
        let folder = TempDir::new().expect("a folder");
        let (sources, errors) = open(&input(&folder.path().join("gone.pcap")), &Options::default());
        assert!(sources.is_empty());
        assert!(errors[0].to_string().ends_with("gone.pcap: no such file or folder: check the spelling"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_may_not_be_read_is_named_with_the_way_out() {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempDir::new().expect("a folder");
        let input = file(&folder, "secret.pcap", b"x");
        fs::set_permissions(&input.path, fs::Permissions::from_mode(0o000)).expect("changed");
        if File::open(&input.path).is_ok() {
            println!("skipped: root may read everything");
            return;
        }
        let (_, errors) = open(&input, &Options::default());
        assert!(errors[0].cause.starts_with("permission denied: run synfin as a user"), "{errors:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_to_its_end() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let (inputs, errors) = expand(&[folder.path().to_owned()]);
        assert!(inputs.is_empty() && errors[0].cause.starts_with("a pipe in a folder is not read"), "{errors:?}");
        let (inputs, _) = expand(std::slice::from_ref(&path));
        assert_eq!(inputs[0].kind, Kind::Pipe);
        std::thread::scope(|scope| {
            scope.spawn(|| fs::write(&path, [3; 100_000]).expect("written"));
            assert_eq!(only(&inputs[0], &Options::default()).bytes(), [3; 100_000]);
        });
    }

    #[cfg(unix)]
    #[test]
    fn members_of_a_mapped_archive_know_when_it_is_shortened() {
        let folder = TempDir::new().expect("a folder");
        let mut builder = ::tar::Builder::new(Vec::new());
        for name in ["a.pcap", "b.pcap"] {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(100_000);
            builder.append_data(&mut header, name, &[5; 100_000][..]).expect("packed");
        }
        let input = file(&folder, "evidence.tar", &builder.into_inner().expect("packed"));
        let (sources, errors) = open(&input, &Options::default());
        assert!(errors.is_empty() && sources.len() == 2);
        fs::OpenOptions::new().write(true).open(&input.path).and_then(|file| file.set_len(150_000)).expect("truncated");
        assert_eq!(sources[0].check(u64::MAX), Ok(()));
        // Two headers and the first member, filled up to whole blocks, lie before the second.
        assert_eq!(sources[1].check(u64::MAX).map_err(|damage| damage.at), Err(150_000 - 512 - 100_352 - 512));
        assert_eq!(sources[1].bytes().last(), Some(&0));
        assert_eq!(sources[0].bytes(), [5; 100_000]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_shortened_after_it_was_opened_says_so_and_nothing_breaks() {
        let folder = TempDir::new().expect("a folder");
        let input = file(&folder, "shrinks.pcap", &[7; 1_000_000]);
        let source = only(&input, &Options::default());
        assert_eq!(source.check(1_000_000), Ok(()));
        let again = fs::OpenOptions::new().write(true).open(&input.path).expect("open");
        again.set_len(300_001).expect("truncated");
        assert_eq!(source.bytes().len(), 1_000_000);
        assert_eq!(source.bytes()[900_000], 0);
        assert_eq!(source.check(300_001), Ok(()));
        let damage = source.check(300_002).expect_err("shortened");
        assert_eq!(damage.at, 300_001);
        // Once short, never trusted again: what grows back is not what was there.
        again.set_len(1_000_000).expect("grown");
        assert_eq!(source.check(1_000_000).map_err(|damage| damage.at), Err(300_001));
        // Without its name only the fault itself tells.
        fs::remove_file(&input.path).expect("removed");
        assert!(source.check(1_000_000).is_err());
    }

    #[test]
    fn a_file_that_is_shortened_before_it_is_copied_says_so() {
        let folder = TempDir::new().expect("a folder");
        let input = file(&folder, "shrinks.pcap", &[7; 1_000_000]);
        let mut opened = fs::OpenOptions::new().read(true).write(true).open(&input.path).expect("open");
        let before = opened.metadata().expect("its length");
        let whole = copy(&input, &Options::default(), &mut opened, &before).expect("a source");
        assert_eq!((whole.bytes().len(), whole.shortened()), (1_000_000, None));
        opened.rewind().and_then(|()| opened.set_len(300_001)).expect("truncated");
        let source = copy(&input, &Options::default(), &mut opened, &before).expect("a source");
        assert_eq!(source.bytes(), [7; 300_001]);
        assert_eq!(
            source.shortened(),
            Some("the file was shortened to 300001 bytes while it was read: analyse a copy of it")
        );
    }

    #[test]
    fn a_stream_longer_than_allowed_gives_its_beginning_and_a_note() {
        let folder = TempDir::new().expect("a folder");
        let options = Options { max_unpacked: 10_000, ..Options::default() };
        let endless = file(&folder, "unused", b"");
        let source = of_stream(&endless, None, &Limit::unpacked(&options, 0), &mut io::repeat(9)).expect("a source");
        assert_eq!(source.bytes(), [9; 10_000]);
        assert_eq!(
            source.note(),
            Some(
                "only the first 10000 bytes were read: there are more than 10000 bytes, and --max-unpacked allows no more"
            )
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_of_proc_are_read_though_they_claim_to_be_empty() {
        let source = only(&input(Path::new("/proc/self/stat")), &Options::default());
        assert!(!source.bytes().is_empty());
    }
}
