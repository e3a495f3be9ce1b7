//! What lies beside evidence and is none says so in one line, named by itself, and is passed over in a folder or an archive.

use crate::containers::testdata;
use crate::support::analyse_with;
use std::io::Write;
use std::path::{Path, PathBuf};
use synfin::analysis::{self, Options, Plan};

fn plan(path: &Path) -> Plan {
    analysis::plan(&[path.to_owned()], &Options::default())
}

/// A line that any log might have.
const MESSAGE: &str = "\nNov 20 20:01:02 web app: connect to 10.0.0.1 port 80 failed: Connection refused\n";
/// The same, as tshark shows a payload in which it stood; and what looks like a header of netstat.
const DETAILS: &str = "Frame 1: 170 bytes on wire (1360 bits), 170 bytes captured (1360 bits)\n    Protocol\n";

#[test]
fn what_holds_words_of_a_log_and_is_none_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = [&b"\x7fELF\x02\x01\x01"[..], &[0; 57], MESSAGE.as_bytes()].concat();
    let picture = [&b"\xff\xd8\xff\xe0"[..], MESSAGE.as_bytes()].concat();
    let noise: Vec<u8> = (0..9999_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise = [&noise[..], MESSAGE.as_bytes()].concat();
    let details = [DETAILS, MESSAGE].concat();
    for (name, bytes, said) in [
        ("program", &program[..], "a program (ELF), no evidence: name captures, dumps or folders of them"),
        ("picture", &picture[..], "a picture (JPEG), no evidence: name captures, dumps or folders of them"),
        ("noise", &noise[..], "not recognised: neither a capture"),
        (
            "details",
            details.as_bytes(),
            "packets in full, as `tshark -V` prints them: recognised, but not read here: give the capture itself, or what tshark prints of it one line a packet",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let plan = plan(&path);
        assert!(plan.is_empty(), "{name}");
        let causes: Vec<_> = plan.unread.iter().map(|error| error.cause.as_str()).collect();
        assert!(causes.len() == 1 && causes[0].starts_with(said), "{name}: {causes:?}");
    }
}

/// A folder of evidence with a README and a picture, and archives of it.
fn packed_folder(at: &Path) -> [PathBuf; 3] {
    let capture = std::fs::read(testdata("incidents/reset_midstream/client.pcap")).expect("a capture");
    let files =
        [("README", &b"What was collected on web01."[..]), ("a.png", b"\x89PNG\r\n\x1a\n"), ("web01.pcap", &capture)];
    let folder = at.join("evidence");
    std::fs::create_dir(&folder).expect("made");
    let mut tar = tar::Builder::new(Vec::new());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("written");
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).expect("packed");
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("packed");
        zip.write_all(bytes).expect("packed");
    }
    let archives = [at.join("evidence.tar"), at.join("evidence.zip")];
    std::fs::write(&archives[0], tar.into_inner().expect("packed")).expect("written");
    std::fs::write(&archives[1], zip.finish().expect("packed").into_inner()).expect("written");
    let [tar, zip] = archives;
    [folder, tar, zip]
}

#[test]
fn an_archive_passes_over_what_a_folder_does() {
    let at = tempfile::tempdir().expect("a folder");
    for path in packed_folder(at.path()) {
        let (rows, case) = analyse_with(std::slice::from_ref(&path), &Options::default());
        assert_eq!((case.unread.len(), case.left_out.len()), (0, 2), "{}: {:?}", path.display(), case.unread);
        assert!(!rows.is_empty() && case.left_out[0].ends_with("README"), "{:?}", case.left_out);
    }
}
