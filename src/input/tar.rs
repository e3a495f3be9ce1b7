//! Tar archives (POSIX.1-2017 pax interchange format; GNU's long names), read in place: a member is a range of the archive's
//! bytes, so nothing is copied and no size that a header claims is believed.

use super::archive::{Content, Member};
use std::ops::{ControlFlow, Range};

const BLOCK: usize = 512;
/// Longest name that is taken from an extended header.
const NAME: usize = 4096;

/// Whether the bytes begin with a tar header. The checksum decides; old archives have no other mark.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    Header::at(bytes, 0).is_some_and(|header| header.block.first() != Some(&0))
}

/// Hands each file to `take` until it breaks. An error says what is wrong with the archive as a whole: where headers are
/// damaged, reading goes on at the next good one.
pub(super) fn each(bytes: &[u8], take: &mut dyn FnMut(Member<'_>) -> ControlFlow<()>) -> Result<(), String> {
    let mut damage = None;
    let mut ahead = Ahead::default();
    let mut at = 0;
    while at < bytes.len() {
        let Some(header) = Header::at(bytes, at) else {
            let block = bytes.get(at..).unwrap_or_default();
            if block.iter().take(BLOCK).any(|&byte| byte != 0) {
                damage.get_or_insert(at);
                ahead = Ahead::default();
            }
            at = at.saturating_add(BLOCK);
            continue;
        };
        let (range, missing) = header.data(&ahead, at, bytes.len());
        let data = bytes.get(range.clone()).unwrap_or_default();
        at = range.end.saturating_add(usize::try_from(missing).unwrap_or(usize::MAX));
        at = at.checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX);
        match header.kind() {
            b'L' => ahead.name = Some(text(data)),
            b'x' => ahead.pax(data),
            _ => {
                let member = header.member(&std::mem::take(&mut ahead), range, missing);
                if member.is_some_and(|member| take(member).is_break()) {
                    break;
                }
            }
        }
    }
    damage.map_or(Ok(()), |at| {
        Err(format!("the tar archive is cut or damaged at byte {at}; the members that were found were read"))
    })
}

/// What extended headers say of the member that follows them.
#[derive(Default)]
struct Ahead {
    name: Option<String>,
    size: Option<u64>,
    is_sparse: bool,
}

impl Ahead {
    /// Records of a pax extended header: `LENGTH KEY=VALUE\n`, the length counting the whole record.
    fn pax(&mut self, mut records: &[u8]) {
        while let Some(space) = records.iter().take(20).position(|&byte| byte == b' ') {
            let (digits, _) = records.split_at(space);
            let Some(len) = number(digits, 10).and_then(|len| usize::try_from(len).ok()) else { return };
            let Some(record) = records.get(space + 1..len.saturating_sub(1)) else { return };
            let mut parts = record.splitn(2, |&byte| byte == b'=');
            match (parts.next(), parts.next()) {
                (Some(b"path"), Some(value)) => self.name = Some(text(value)),
                (Some(b"size"), Some(value)) => self.size = number(value, 10),
                (Some(key), _) if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
                _ => {}
            }
            records = records.get(len..).unwrap_or_default();
        }
    }
}

/// One header block with a right checksum.
struct Header<'a> {
    block: &'a [u8],
}

impl<'a> Header<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let block = bytes.get(at..at.checked_add(BLOCK)?)?;
        let (before, field, after) = (block.get(..148)?, block.get(148..156)?, block.get(156..)?);
        let sum: u64 = before.iter().chain(after).map(|&byte| u64::from(byte)).sum();
        // The field itself counts as eight spaces. A block of zeros has no checksum and is no header.
        (number(field, 8)? == sum + 8 * u64::from(b' ')).then_some(Self { block })
    }

    fn field(&self, start: usize, end: usize) -> &'a [u8] {
        self.block.get(start..end).unwrap_or_default()
    }

    fn kind(&self) -> u8 {
        self.block.get(156).copied().unwrap_or(0)
    }

    /// Length of the data that follows in the archive.
    fn size(&self, ahead: &Ahead) -> u64 {
        // Links, devices and folders have no data, whatever the field says.
        if (b'1'..=b'6').contains(&self.kind()) {
            return 0;
        }
        let field = self.field(124, 136);
        let own = match field.split_first() {
            // GNU: too large for octal digits, so base 256 behind a set bit.
            Some((first, rest)) if first & 0x80 != 0 => rest
                .iter()
                .fold(u64::from(first & 0x7F), |sum, &byte| sum.saturating_mul(256).saturating_add(u64::from(byte))),
            _ => number(field, 8).unwrap_or(0),
        };
        ahead.size.filter(|_| self.kind() != b'x' && self.kind() != b'L').unwrap_or(own)
    }

    /// Where the data of a header at `at` lie, and how many bytes of them an archive of `len` bytes lacks.
    fn data(&self, ahead: &Ahead, at: usize, len: usize) -> (Range<usize>, u64) {
        let size = self.size(ahead);
        let start = at.saturating_add(BLOCK).min(len);
        let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(len);
        (start..end, size.saturating_sub((end - start) as u64))
    }

    /// The file that this header announces; folders, links and devices are none.
    fn member(&self, ahead: &Ahead, range: Range<usize>, missing: u64) -> Option<Member<'static>> {
        let name = self.name(ahead);
        let content = match self.kind() {
            kind if ahead.is_sparse || kind == b'S' => {
                Content::Unreadable("stored as a sparse file: unpack the archive first".to_owned())
            }
            b'0' | 0 | b'7' if !name.ends_with('/') => Content::Slice { range, missing },
            _ => return None,
        };
        Some(Member { name, content })
    }

    fn name(&self, ahead: &Ahead) -> String {
        if let Some(name) = &ahead.name {
            return name.clone();
        }
        let name = text(self.field(0, 100));
        let prefix = if self.field(257, 263) == b"ustar\0" { text(self.field(345, 500)) } else { String::new() };
        if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
    }
}

/// Up to the first zero, as text.
fn text(field: &[u8]) -> String {
    let end = field.iter().take(NAME).position(|&byte| byte == 0).unwrap_or(field.len().min(NAME));
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// Digits, with spaces before and spaces or zeros after.
fn number(field: &[u8], radix: u64) -> Option<u64> {
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, after) = digits.split_at(end);
    let is_clean = !digits.is_empty() && after.iter().all(|byte| matches!(byte, 0 | b' '));
    let add = |sum: u64, digit: &u8| {
        let digit = u64::from(digit - b'0');
        sum.checked_mul(radix)?.checked_add(digit).filter(|_| digit < radix)
    };
    digits.iter().try_fold(0, add).filter(|_| is_clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, data and missing bytes of each member, or why it cannot be read.
    fn members(bytes: &[u8]) -> (Vec<(String, String)>, Result<(), String>) {
        let mut found = Vec::new();
        let result = each(bytes, &mut |member| {
            let what = match member.content {
                Content::Slice { range, missing } => format!("{}+{missing}", String::from_utf8_lossy(&bytes[range])),
                Content::Unreadable(why) => why,
                Content::Stream(_) => unreachable!("tar packs nothing"),
            };
            found.push((member.name, what));
            ControlFlow::Continue(())
        });
        (found, result)
    }

    fn append(builder: &mut tar::Builder<Vec<u8>>, mut header: tar::Header, name: &str, data: &str) {
        header.set_size(data.len() as u64);
        builder.append_data(&mut header, name, data.as_bytes()).expect("appended");
    }

    #[test]
    fn names_of_every_length_and_kind_come_whole() {
        let long = format!("{}/{}", "deep/".repeat(60), "capture.pcap");
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, tar::Header::new_gnu(), "a.pcap", "first");
        append(&mut builder, tar::Header::new_gnu(), &long, "second");
        append(&mut builder, tar::Header::new_ustar(), &format!("{}x.log", "prefix/".repeat(18)), "third");
        builder.append_pax_extensions([("path", "ümläut.txt".as_bytes())]).expect("appended");
        append(&mut builder, tar::Header::new_ustar(), "short", "fourth");
        let bytes = builder.into_inner().expect("finished");
        assert!(recognises(&bytes));
        let (found, result) = members(&bytes);
        let names: Vec<_> = found.iter().map(|(name, data)| (name.replace("//", "/"), data.as_str())).collect();
        assert_eq!(names[0], ("a.pcap".into(), "first+0"));
        assert_eq!(names[1], (long.replace("//", "/"), "second+0"));
        assert_eq!(names[2], (format!("{}x.log", "prefix/".repeat(18)), "third+0"));
        assert_eq!(names[3], ("ümläut.txt".into(), "fourth+0"));
        assert_eq!((names.len(), result), (4, Ok(())));
    }

    #[test]
    fn folders_and_links_are_no_members_and_sparse_files_are_named() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        append(&mut builder, header, "folder/", "");
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        append(&mut builder, header, "link", "");
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNUSparse);
        append(&mut builder, header, "holes", "");
        append(&mut builder, tar::Header::new_gnu(), "file", "data");
        let (found, _) = members(&builder.into_inner().expect("finished"));
        assert_eq!(found[0].0, "holes");
        assert!(found[0].1.contains("sparse"));
        assert_eq!((&found[1], found.len()), (&("file".to_owned(), "data+0".to_owned()), 2));
    }

    #[test]
    fn behind_a_damaged_header_reading_goes_on_at_the_next_good_one() {
        let mut builder = tar::Builder::new(Vec::new());
        for name in ["a", "b", "c"] {
            append(&mut builder, tar::Header::new_gnu(), name, name);
        }
        let mut bytes = builder.into_inner().expect("finished");
        bytes[1024 + 150] ^= 1;
        let (found, result) = members(&bytes);
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(
            result,
            Err("the tar archive is cut or damaged at byte 1024; the members that were found were read".into())
        );
    }

    #[test]
    fn a_size_beyond_the_end_is_not_believed() {
        let mut header = tar::Header::new_gnu();
        header.set_path("huge").expect("a name");
        header.set_size(u64::MAX / 2);
        header.set_cksum();
        let bytes = [header.as_bytes().as_slice(), b"there"].concat();
        let (found, _) = members(&bytes);
        assert_eq!(found, [("huge".to_owned(), format!("there+{}", u64::MAX / 2 - 5))]);
    }
}
