//! Files that change underneath: a capture still being written, and one that is shortened while it is read.

use crate::support::{analyse_with, capture};
use capgen::Profile;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use synfin::analysis::{self, Options, Tracking};
use synfin::capture::End;
use synfin::input;

fn traffic(format: capgen::Format) -> Vec<u8> {
    capgen::capture(&capgen::Options { format, ..capgen::Options::new(Profile::Web).bytes(600_000) }).0
}

/// Eleven segments of a small download.
fn download() -> Vec<u8> {
    let mut script = "client 10.0.0.1:40000 iss 1\nserver 10.0.0.2:80 iss 1\n0 > S 0:0(0) win 100\n\
        0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n"
        .to_owned();
    for number in 0..8 {
        let (start, end) = (1 + 100 * number, 101 + 100 * number);
        script.push_str(&format!("{}.5 < P. {start}:{end}(100) ack 1 win 100\n", number + 1));
    }
    capture(&script)
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("written");
    path
}

fn shorten(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(length)).expect("shortened");
}

/// Opens the paths, lets `change` happen to them, and tracks them then.
fn tracked(paths: &[PathBuf], options: &Options, change: impl FnOnce()) -> Tracking {
    let plan = analysis::plan(paths, options);
    assert!(plan.unread.is_empty(), "{:?}", plan.unread);
    change();
    analysis::track(plan, options, &Arc::default()).expect("room")
}

/// Frames and end of the first file of the first point.
fn first(tracking: &Tracking) -> (u64, End) {
    let file = &tracking.facts().points[0].files[0];
    (file.frames, file.end.clone())
}

#[test]
fn a_capture_still_being_written_is_read_up_to_its_present_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = download();
    // The last record is half written.
    let path = written(folder.path(), "growing.pcap", &whole[..whole.len() - 60]);
    for mmap in [true, false] {
        let options = Options { input: input::Options { mmap, ..Default::default() }, ..Options::default() };
        let before = analyse_with(std::slice::from_ref(&path), &options).0;
        let grown = || fs::write(&path, &whole).expect("written");
        let tracking = tracked(std::slice::from_ref(&path), &options, grown);
        assert!(matches!(first(&tracking), (10, End::Cut { .. })), "{:?}", first(&tracking));
        assert!(tracking.all_read(), "it is no mistake of anybody's that it goes on");
        assert_eq!(before[0].summary.sides.each_ref().map(|side| side.packets), [2, 8]);
        shorten(&path, whole.len() as u64 - 60);
    }
}

#[test]
fn a_file_shortened_under_its_map_is_read_as_far_as_it_still_goes() {
    for format in [capgen::Format::Pcap, capgen::Format::Pcapng] {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = traffic(format);
        let other = written(folder.path(), "other.pcap", &download());
        for (threads, chunk, length) in [
            (1, 4 << 20, 300_000),
            (2, 64 << 10, 300_000),
            (2, 64 << 10, 131_072),
            (2, 16 << 10, 5_000),
            (1, 4 << 20, 100),
        ] {
            let path = written(folder.path(), "shrinks.pcap", &whole);
            let cut = written(folder.path(), "cut.pcap", &whole[..length as usize]);
            let options = Options { threads, chunk, ..Options::default() };
            let expected = first(&tracked(&[cut], &options, || {}));
            let tracking = tracked(&[path.clone(), other.clone()], &options, || shorten(&path, length));
            let found = first(&tracking);
            assert_eq!(found.0, expected.0, "{format:?} {threads} {chunk} {length}");
            assert!(matches!(found.1, End::Cut { .. }), "{found:?}");
            assert!(!tracking.all_read());
            let damaged: Vec<_> = tracking.facts().damaged().collect();
            let [(name, cause)] = damaged[..] else { panic!("{damaged:?}") };
            assert!(name.ends_with("shrinks.pcap"));
            let wanted = format!("the file was shortened to {length} bytes while it was read: analyse a copy of it");
            assert_eq!(cause, wanted);
            assert_eq!(tracking.facts().points[1].files[0].tcp_segments, 11, "the other one is complete");
        }
    }
}

/// Runs the program on a file, a pipe and another file; the file is shortened to `length` once it is open, which it is when
/// somebody reads the pipe.
#[cfg(unix)]
fn shortened(folder: &Path, length: u64, more: &[&str]) -> Output {
    let bytes = traffic(capgen::Format::Pcap);
    let (path, pipe) = (written(folder, "shrinks.pcap", &bytes), folder.join("pipe"));
    written(folder, "other.pcap", &download());
    if !pipe.exists() {
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    }
    let child = Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(more)
        .args(["shrinks.pcap", "pipe", "other.pcap"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("synfin runs");
    let mut writer = OpenOptions::new().write(true).open(&pipe).expect("synfin opens the pipe");
    shorten(&path, length);
    std::io::Write::write_all(&mut writer, &download()).expect("read");
    drop(writer);
    child.wait_with_output().expect("synfin ends")
}

#[cfg(unix)]
#[test]
fn a_file_shortened_meanwhile_is_said_with_its_path_and_exit_status_1_and_the_others_are_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for length in [300_000, 100, 0] {
        let output = shortened(folder.path(), length, &["-o", "report"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let wanted = format!(
            "synfin: shrinks.pcap: the file was shortened to {length} bytes while it was read: analyse a copy of it\n"
        );
        assert_eq!(said(&output), wanted);
        assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("shortened to {length} bytes")));
        let table = fs::read_to_string(folder.path().join("report/connections.csv")).expect("a report");
        let ports = table.lines().filter(|line| line.contains("10.0.0.1,40000,10.0.0.2,80")).count();
        assert_eq!(ports, 2, "the one of the pipe and the one of the other file");
    }
    let shown =
        shortened(folder.path(), 300_000, &["show", "inputs", "--columns", "path,frames,note", "--format", "csv"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("the file was shortened to 300000 bytes"), "{shown:?}");
    // A copy is not changed by what becomes of the file.
    let copied = shortened(folder.path(), 300_000, &["--no-mmap", "-o", "report"]);
    assert_eq!((copied.status.code(), said(&copied)), (Some(0), String::new()));
}
