//! Zip archives: stored members are read in place, packed ones unpacked. An archive that lost its directory (cut short) is
//! read from the headers before its members.

use super::archive::{Content, Member};
use std::io::{self, Cursor, Read};
use std::ops::{ControlFlow, Range};
use zip::CompressionMethod;
use zip::read::{ZipArchive, ZipFile, read_zipfile_from_stream};
use zip::result::ZipError;

/// First members of documents and programs that are zip archives only inside.
const DOCUMENTS: [&[u8]; 7] =
    [b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"word/", b"mimetypeapplication/", b"META-INF/"];

/// Whether the bytes are a zip archive of files, and not an office document or a program.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"PK\x07\x08").unwrap_or(bytes);
    let name = bytes.get(30..).unwrap_or_default();
    let is_document = DOCUMENTS.iter().any(|document| name.starts_with(document));
    bytes.starts_with(b"PK\x05\x06") || (bytes.starts_with(b"PK\x03\x04") && !is_document)
}

/// Hands each file to `take` until it breaks. An error says what is wrong with the archive as a whole.
pub(super) fn each(bytes: &[u8], take: &mut dyn FnMut(Member<'_>) -> ControlFlow<()>) -> Result<(), String> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return each_in_order(bytes, take);
    };
    for index in 0..archive.len() {
        let Some((name, stored)) =
            archive.by_index_raw(index).ok().map(|file| (name(&file), stored(&file, bytes.len())))
        else {
            continue;
        };
        let Some(name) = name else { continue };
        let flow = match (stored, archive.by_index(index)) {
            (Some(range), _) => take(Member { name, content: Content::Slice { range, missing: 0 } }),
            (None, Ok(mut file)) => take(Member { name, content: Content::Stream(&mut file) }),
            (None, Err(error)) => take(Member { name, content: Content::Unreadable(words(&error)) }),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// By the headers before the members, for want of a directory behind them.
fn each_in_order(bytes: &[u8], take: &mut dyn FnMut(Member<'_>) -> ControlFlow<()>) -> Result<(), String> {
    let mut stream = bytes;
    let mut why = "its directory is missing or damaged".to_owned();
    loop {
        match read_zipfile_from_stream(&mut stream) {
            Ok(Some(mut file)) => {
                let Some(name) = name(&file) else { continue };
                if take(Member { name, content: Content::Stream(&mut file) }).is_break() {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => {
                why = format!("its directory is missing and {}", words(&error));
                break;
            }
        }
    }
    Err(format!("the zip archive is cut or damaged ({why}); the members before that were read"))
}

/// The name of a member that is a file.
fn name<R: Read>(file: &ZipFile<'_, R>) -> Option<String> {
    // Some Windows programs write backslashes.
    let name =
        file.name().map_or_else(|_| String::from_utf8_lossy(file.name_raw()).into_owned(), |name| name.into_owned());
    let is_link = file.is_symlink();
    Some(name.replace('\\', "/")).filter(|name| !is_link && !name.ends_with('/'))
}

/// Where a member lies that is neither packed nor encrypted.
fn stored<R: Read>(file: &ZipFile<'_, R>, len: usize) -> Option<Range<usize>> {
    let is_plain = file.compression() == CompressionMethod::Stored && !file.encrypted();
    let start = usize::try_from(file.data_start().filter(|_| is_plain)?).ok()?;
    let end = start.checked_add(usize::try_from(file.compressed_size()).ok()?)?;
    (end <= len).then_some(start..end)
}

fn words(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "encrypted: unpack it with its password first".to_owned()
        }
        ZipError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => format!("{error}: unpack it first"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn write(files: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, method) in files {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(*method)).expect("started");
            writer.write_all(bytes).expect("written");
        }
        writer.finish().expect("finished").into_inner()
    }

    /// An archive of deflated files.
    pub(in crate::input) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, *bytes, CompressionMethod::Deflated)).collect();
        write(&files)
    }

    type Found = Vec<(String, Vec<u8>)>;

    fn members(bytes: &[u8]) -> (Found, Result<(), String>) {
        let mut found = Vec::new();
        let result = each(bytes, &mut |member| {
            let mut data = Vec::new();
            match member.content {
                Content::Slice { range, .. } => data.extend_from_slice(&bytes[range]),
                Content::Stream(stream) => {
                    // A member that is cut gives what there is of it.
                    let _ = stream.read_to_end(&mut data);
                }
                Content::Unreadable(why) => data.extend_from_slice(why.as_bytes()),
            }
            found.push((member.name, data));
            ControlFlow::Continue(())
        });
        (found, result)
    }

    #[test]
    fn members_come_whole_however_they_are_packed() {
        let methods =
            [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Bzip2, CompressionMethod::Zstd];
        for method in methods {
            let data = [7; 70_000];
            let bytes = write(&[("dir\\a.pcap", &data, method), ("b", b"", method)]);
            assert!(recognises(&bytes));
            let (found, result) = members(&bytes);
            assert_eq!((&found[0].0[..], &found[0].1[..], &found[1].0[..]), ("dir/a.pcap", &data[..], "b"));
            assert_eq!(result, Ok(()));
        }
    }

    #[test]
    fn a_member_that_is_only_stored_is_read_in_place() {
        let bytes = write(&[("a.pcap", b"stored", CompressionMethod::Stored)]);
        let mut place = None;
        each(&bytes, &mut |member| {
            place = if let Content::Slice { range, missing: 0 } = member.content { Some(range) } else { None };
            ControlFlow::Continue(())
        })
        .expect("a whole archive");
        assert_eq!(&bytes[place.expect("a place")], b"stored");
    }

    #[test]
    fn an_archive_without_its_directory_gives_the_members_before_the_cut() {
        let noise: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let bytes = zip(&[("a", &noise), ("b", &noise)]);
        let (found, result) = members(&bytes[..bytes.len() - 1000]);
        assert_eq!(found[0], ("a".into(), noise.clone()));
        assert!(found[1].0 == "b" && noise.starts_with(&found[1].1));
        assert!(result.is_err_and(|why| why.contains("cut or damaged")));
    }

    #[test]
    fn an_encrypted_member_is_named_and_the_others_are_read() {
        let mut bytes =
            write(&[("secret", b"x", CompressionMethod::Stored), ("open", b"y", CompressionMethod::Stored)]);
        // The flag's first bit, in the first member's directory entry and in its own header.
        let entry = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
        bytes[entry + 8] |= 1;
        bytes[6] |= 1;
        let (found, _) = members(&bytes);
        assert_eq!(found[0], ("secret".into(), b"encrypted: unpack it with its password first".to_vec()));
        assert_eq!(found[1], ("open".into(), b"y".to_vec()));
    }

    #[test]
    fn an_office_document_is_one_file() {
        assert!(!recognises(&zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>")])));
    }
}
