//! What lies beside evidence and is none: programs, pictures, documents. Words that look like a message stand in many of them.

use super::encoding::is_text;

/// Beginnings of files, with what such a file is.
const KINDS: [(&[u8], &str); 16] = [
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ\x90\0", "a program of Windows"),
    (b"\xcf\xfa\xed\xfe", "a program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a program (Java or Mach-O)"),
    (b"\0asm", "a program (WebAssembly)"),
    (b"!<arch>\n", "a library or package (ar)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"\x89PNG\r\n", "a picture (PNG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"RIFF", "a picture or recording (RIFF)"),
    (b"%PDF-", "a document (PDF)"),
    (b"{\\rtf", "a document (RTF)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Office"),
    (b"SQLite format 3\0", "a database (SQLite)"),
    (b"\xed\xab\xee\xdb", "a package (RPM)"),
];

/// What a file that begins so is, if it is such a one.
pub fn kind(bytes: &[u8]) -> Option<&'static str> {
    KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}

/// Whether nothing in a file that begins so is worth a look: it is such a one, or no text at all.
pub fn is_none(bytes: &[u8]) -> bool {
    // A file that a crash left behind may begin with zeros.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    kind(bytes).is_some() || !is_text(bytes.get(zeros..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_pictures_are_known_whatever_they_hold() {
        let line = b"\nNov 20 20:01:02 web app: connect to 10.0.0.1 port 80 failed: Connection refused\n";
        for (magic, name) in KINDS {
            let bytes = [magic, line].concat();
            assert!(is_none(&bytes) && kind(&bytes) == Some(name), "{name}");
        }
        assert!(!is_none(line) && kind(line).is_none());
    }

    #[test]
    fn a_log_that_a_crash_left_with_zeros_is_a_log() {
        let log = b"Nov 20 20:01:02 web app: Connection refused\n".repeat(9);
        assert!(!is_none(&[&[0; 4096][..], &log].concat()));
        let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(is_none(&[&[0; 64][..], &noise].concat()));
    }
}
