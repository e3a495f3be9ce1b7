//! From an input's bytes to those that synfin reads: packed streams are unpacked and archives opened, layer by layer, within
//! bounds on the bytes written, on the layers and on the members.

use super::archive::{Content, Member};
use super::expand::is_passed_over;
use super::packed::{Codec, Unpacked};
use super::source::Lacks;
use super::spool::{Limit, collect};
use super::{Options, REPORT_FILE, Source, is_report, tar, zip};
use crate::error::Error;
use std::collections::HashSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// `evidence.zip` with a `host.tar.xz` with a `log.gz` has four layers.
const LAYERS: u32 = 6;
/// Members of one input. A `Source` is a few hundred bytes.
const MEMBERS: usize = 100_000;

/// How a file's bytes are wrapped.
enum Wrapping {
    Packed(Codec),
    Tar,
    Zip,
    /// Known by name only: the name, and who unpacks it.
    Foreign(&'static str, &'static str),
}

/// Unpacks an input as far as it is packed. An archive gives its members in the order of their paths.
pub(super) fn unpack(whole: Source, options: &Options) -> (Vec<Source>, Vec<Error>) {
    let mut layers =
        Layers { options, written: 0, is_full: false, members: 0, sources: Vec::new(), errors: Vec::new() };
    layers.open(whole, LAYERS);
    let sources = if layers.members > 0 { without_reports(in_order(layers.sources)) } else { layers.sources };
    (sources, layers.errors)
}

fn wrapping(bytes: &[u8]) -> Option<Wrapping> {
    let is = |magic: &[u8]| bytes.starts_with(magic);
    match Codec::of(bytes) {
        Some(codec) => Some(Wrapping::Packed(codec)),
        None if zip::recognises(bytes) => Some(Wrapping::Zip),
        None if tar::recognises(bytes) => Some(Wrapping::Tar),
        None if is(b"7z\xBC\xAF\x27\x1C") => Some(Wrapping::Foreign("7-Zip archive", "7z x")),
        None if is(b"Rar!\x1A\x07") => Some(Wrapping::Foreign("RAR archive", "unrar x")),
        None if is(b"MSCF\0\0\0\0") => Some(Wrapping::Foreign("cabinet archive", "cabextract or expand")),
        None if is(b"LZIP\x01") => Some(Wrapping::Foreign("lzip stream", "lzip -d")),
        None if is(b"\x89LZO\0\r\n\x1A\n") => Some(Wrapping::Foreign("lzop stream", "lzop -d")),
        None if is(&[0x02, 0x21, 0x4C, 0x18]) => Some(Wrapping::Foreign("lz4 stream of the first kind (-l)", "lz4 -d")),
        None if is(&[0x1F, 0x9D]) && bytes.get(2).is_some_and(|flags| (9..=16).contains(&(flags & 0x1F))) => {
            Some(Wrapping::Foreign("compress (.Z) stream", "uncompress"))
        }
        None => None,
    }
}

struct Layers<'a> {
    options: &'a Options,
    /// Bytes unpacked so far, over all layers and members.
    written: u64,
    /// No more may be unpacked.
    is_full: bool,
    members: usize,
    sources: Vec<Source>,
    errors: Vec<Error>,
}

impl Layers<'_> {
    fn open(&mut self, source: Source, layers: u32) {
        let Some(wrapping) = wrapping(source.bytes()) else { return self.sources.push(source) };
        let Some(layers) = layers.checked_sub(1) else {
            return self.error(source.path(), format!("packed in more than {LAYERS} layers: unpack it first"));
        };
        match wrapping {
            Wrapping::Packed(codec) => {
                let mut stream = Unpacked::new(&source, codec);
                if let Some(inner) = self.written_out(&source, source.path(), &mut stream) {
                    self.open(inner, layers);
                }
            }
            Wrapping::Tar => self.archive(&source, layers, tar::each),
            Wrapping::Zip => self.archive(&source, layers, zip::each),
            Wrapping::Foreign(what, tool) => {
                self.error(source.path(), format!("a {what}, which synfin does not unpack: unpack it first ({tool})"));
            }
        }
    }

    fn archive(&mut self, archive: &Source, layers: u32, each: Each) {
        let (sources, errors) = (self.sources.len(), self.errors.len());
        let mut is_cut = false;
        let result = each(archive.bytes(), &mut |member| {
            is_cut |= matches!(member.content, Content::Slice { missing: 1.., .. });
            self.member(archive, member, layers)
        });
        // What is wrong with the archive is said once: at the member that it cut, else at the archive.
        match (result, archive.note()) {
            (_, Some(note)) if !is_cut => self.error(archive.path(), note.to_owned()),
            (Err(cause), _) if !is_cut => self.error(archive.path(), cause),
            _ if (sources, errors) == (self.sources.len(), self.errors.len()) => {
                self.error(archive.path(), "the archive holds no file to read".to_owned());
            }
            _ => {}
        }
    }

    fn member(&mut self, archive: &Source, member: Member<'_>, layers: u32) -> ControlFlow<()> {
        let name = clean(&member.name);
        if name.split('/').any(is_passed_over) {
            return ControlFlow::Continue(());
        }
        self.members += 1;
        if self.members > MEMBERS {
            self.error(archive.path(), format!("more than {MEMBERS} members: unpack it and name those that matter"));
            return ControlFlow::Break(());
        }
        let path = PathBuf::from(format!("{}:{name}", archive.path().display()));
        match member.content {
            Content::Slice { range, missing: 0 } => self.open(archive.part(path, range, None), layers),
            Content::Slice { range, missing } => {
                let why = archive.note().unwrap_or("the archive is cut");
                let note = format!("the last {missing} bytes are missing: {why}");
                self.open(archive.part(path, range, Some(note)), layers);
            }
            Content::Stream(stream) => {
                if let Some(inner) = self.written_out(archive, &path, stream) {
                    self.open(inner, layers);
                }
            }
            Content::Unreadable(cause) => self.error(&path, cause),
        }
        if self.is_full {
            self.error(
                archive.path(),
                format!("the members that follow {name} were not read, because no more may be unpacked"),
            );
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// A source of what a stream unpacks to; `from` is what holds it packed.
    fn written_out(&mut self, from: &Source, path: &Path, stream: &mut dyn Read) -> Option<Source> {
        let collected = match collect(stream, &Limit::unpacked(self.options, self.written)) {
            Ok(collected) => collected,
            Err(error) => {
                self.error(path, super::words(&error));
                return None;
            }
        };
        self.is_full |= collected.is_full;
        self.written = self.written.saturating_add(collected.store.bytes().len() as u64);
        // What is wrong further out is the cause of what is wrong further in.
        let shortened = from.check(u64::MAX).err().map(|damage| damage.cause);
        let shortened = shortened.or(from.shortened().map(str::to_owned));
        let note = from.note().map(str::to_owned).or(collected.note).filter(|_| shortened.is_none());
        Some(Source::of_copy(path, collected.store, from.modified(), Lacks { note, shortened, length: None }))
    }

    fn error(&mut self, path: &Path, cause: String) {
        self.errors.push(Error::new(path, cause));
    }
}

type Each = fn(&[u8], &mut dyn FnMut(Member<'_>) -> ControlFlow<()>) -> Result<(), String>;

/// A member's name as part of a path to be printed: relative, and without control characters, which could steer a terminal.
fn clean(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    parts.join("/").replace(|c: char| c.is_control(), "\u{FFFD}")
}

/// By path; of members of the same name the last, which is how archives are updated.
fn in_order(mut sources: Vec<Source>) -> Vec<Source> {
    sources.reverse();
    sources.sort_by(|a, b| a.path().cmp(b.path()));
    sources.dedup_by(|later, earlier| later.path() == earlier.path());
    sources
}

/// Without the files of folders that hold a report of synfin.
fn without_reports(mut sources: Vec<Source>) -> Vec<Source> {
    let text = |source: &Source| source.path().to_string_lossy().into_owned();
    let reports: HashSet<String> = sources
        .iter()
        .filter(|source| source.path().to_string_lossy().ends_with(REPORT_FILE) && is_report(source.bytes()))
        .filter_map(|source| text(source).strip_suffix(REPORT_FILE).map(str::to_owned))
        .filter(|folder| folder.ends_with([':', '/']))
        .collect();
    if !reports.is_empty() {
        sources.retain(|source| {
            let path = text(source);
            !path
                .match_indices([':', '/'])
                .any(|(at, _)| path.get(..=at).is_some_and(|folder| reports.contains(folder)))
        });
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::spool::Store;
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("packed")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        // With a checksum, as the zstd program writes.
        let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.include_checksum(true).expect("a checksum");
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("packed")
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder =
            lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).expect("an encoder");
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("packed")
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("packed")
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    }

    type Pack = fn(&[u8]) -> Vec<u8>;

    const CODECS: [(&str, Pack); 5] = [("gzip", gzip), ("zstd", zstd), ("xz", xz), ("bzip2", bzip2), ("lz4", lz4)];

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, *bytes).expect("packed");
        }
        builder.into_inner().expect("packed")
    }

    /// Bytes that no codec makes very small.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 26) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    fn open_within(bytes: &[u8], max_unpacked: u64) -> (Vec<Source>, Vec<Error>) {
        let source = Source::of_copy(Path::new("in"), Store::Memory(bytes.to_vec()), None, Lacks::default());
        unpack(source, &Options { max_unpacked, ..Options::default() })
    }

    fn open(bytes: &[u8]) -> (Vec<Source>, Vec<Error>) {
        open_within(bytes, u64::MAX)
    }

    fn only(bytes: &[u8]) -> Source {
        let (mut sources, errors) = open(bytes);
        assert!(errors.is_empty() && sources.len() == 1, "{sources:?} {errors:?}");
        sources.remove(0)
    }

    fn paths(sources: &[Source]) -> Vec<String> {
        sources.iter().map(|source| source.path().display().to_string()).collect()
    }

    #[test]
    fn every_codec_is_known_by_its_bytes_and_gives_back_what_was_packed() {
        for (name, pack) in CODECS {
            for bytes in [noise(0), noise(1), noise(300_000), vec![0; 2_000_000]] {
                let source = only(&pack(&bytes));
                assert!(source.bytes() == bytes, "{name}, {} bytes", bytes.len());
                assert_eq!((source.note(), source.path()), (None, Path::new("in")));
            }
        }
    }

    #[test]
    fn streams_one_after_another_are_one_stream_padding_or_not() {
        let skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        for (name, pack) in CODECS {
            let between: &[u8] = if matches!(name, "zstd" | "lz4") { &skippable } else { &[0; 512] };
            let packed = [&pack(b"one ")[..], &pack(b"two "), between, &pack(b"three"), &[0; 8]].concat();
            let source = only(&packed);
            assert_eq!((source.bytes(), source.note()), (&b"one two three"[..], None), "{name}");
        }
        let parallel_zstd = [&skippable[..], &zstd(b"by pzstd")].concat();
        assert_eq!(only(&parallel_zstd).bytes(), b"by pzstd");
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_gives_what_came_before_and_says_so() {
        let bytes = noise(100_000);
        for (name, pack) in CODECS {
            let packed = pack(&bytes);
            let mut longest = 0;
            for cut in (16..packed.len()).step_by(1 + packed.len() / 47).chain(packed.len() - 12..packed.len()) {
                let (sources, errors) = open(&packed[..cut]);
                let said = match (&sources[..], &errors[..]) {
                    ([source], []) => {
                        assert!(bytes.starts_with(source.bytes()), "{name} cut at {cut}");
                        longest = longest.max(source.bytes().len());
                        source.note().expect("a note").to_owned()
                    }
                    ([], [error]) => error.cause.clone(),
                    _ => panic!("{name} cut at {cut}: {sources:?} {errors:?}"),
                };
                assert!(
                    said.ends_with(&format!("the {name} stream is cut at byte {cut}")),
                    "{name} cut at {cut}: {said}"
                );
            }
            assert_eq!(
                longest,
                bytes.len(),
                "{name}: without the last bytes of the frame nothing of the data is missing"
            );
        }
    }

    /// Text that packs well: a decoder has far more to give than it was given.
    fn lines(len: usize) -> Vec<u8> {
        let numbers = noise(len / 16);
        let lines = numbers.iter().enumerate().flat_map(|(at, n)| format!("packet {at}, {n} bytes\n").into_bytes());
        lines.take(len).collect()
    }

    #[test]
    fn a_stream_cut_in_the_middle_gives_all_that_its_own_program_gives() {
        // Bytes of blocks that are unpacked whole or not at all, in the program's hands too.
        let blocks = [("gzip", 0), ("zstd", 128 << 10), ("xz", 0), ("bzip2", 100_000), ("lz4", 64 << 10)];
        for ((name, pack), (_, block)) in CODECS.into_iter().zip(blocks) {
            for bytes in [noise(2_000_000), lines(2_000_000)] {
                let packed = pack(&bytes);
                let cut = packed.len() / 2;
                let source = only(&packed[..cut]);
                let given = source.bytes().len();
                assert!(bytes.starts_with(source.bytes()), "{name}");
                // These streams are even: half of the packed bytes are half of the others.
                let least = 1_000_000 - 1_000_000 / 8 - block;
                assert!(given >= least, "{name} gives {given} of {least} bytes");
                let cut = format!("only the first {given} bytes were read: the {name} stream is cut at byte {cut}");
                assert_eq!(source.note(), Some(&*cut));
            }
        }
    }

    #[test]
    fn damage_and_foreign_bytes_in_a_stream_are_said_after_what_came_before() {
        let bytes = noise(500_000);
        for (name, pack) in CODECS {
            let mut packed = pack(&bytes);
            let middle = packed.len() / 2;
            packed[middle..middle + 64].fill(0xFF);
            let (sources, errors) = open(&packed);
            // lz4 as written here has no checksum, so that only some damage shows.
            let said = sources
                .iter()
                .filter_map(|source| source.note())
                .chain(errors.iter().map(|error| &error.cause[..]))
                .next();
            assert!(
                said.is_some_and(|said| said.contains("cannot be unpacked beyond byte")) || name == "lz4",
                "{name}: {said:?}"
            );
            if matches!(name, "gzip" | "xz") {
                // Up to one step before the damage nothing is missing.
                assert!(sources[0].bytes().get(..220_000) == Some(&bytes[..220_000]));
            }
            let source = only(&[&pack(b"first")[..], b"no stream"].concat());
            assert_eq!(source.bytes(), b"first");
            assert!(source.note().is_some_and(|note| note.ends_with(&format!("is not {name}"))), "{:?}", source.note());
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit_with_its_beginning_and_a_note() {
        let bomb = gzip(&gzip(&vec![0; 5_000_000]));
        let (sources, errors) = open_within(&bomb, 1_000_000);
        assert!(errors.is_empty() && sources[0].bytes().len() < 1_000_000);
        let note = "there are more than 1000000 bytes, and --max-unpacked allows no more";
        assert!(sources[0].note().is_some_and(|said| said.ends_with(note)), "{sources:?}");

        let small = gzip(&noise(600_000));
        let (sources, errors) = open_within(&tar(&[("a", &small), ("b", &small), ("c", &small)]), 1_000_000);
        assert_eq!(paths(&sources), ["in:a", "in:b"]);
        assert_eq!((sources[0].note(), sources[1].bytes().len()), (None, 400_000));
        assert_eq!(
            errors[0].to_string(),
            "in: the members that follow b were not read, because no more may be unpacked"
        );
    }

    #[test]
    fn archives_within_streams_within_archives_open_to_the_last_layer() {
        let inner = xz(&tar(&[("./var/log/kern.log.1.gz", &gzip(b"oops")), ("var/log/kern.log", b"fine")]));
        let (sources, errors) = open(&gzip(&tar(&[("web-1.tar.xz", &inner), ("a.pcap", b"\xD4\xC3\xB2\xA1")])));
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(
            paths(&sources),
            ["in:a.pcap", "in:web-1.tar.xz:var/log/kern.log", "in:web-1.tar.xz:var/log/kern.log.1.gz"]
        );
        assert_eq!(sources[2].bytes(), b"oops");
    }

    #[test]
    fn endless_nesting_ends() {
        let nested = (0..20).fold(b"core".to_vec(), |inner, _| gzip(&inner));
        let (sources, errors) = open(&nested);
        assert!(sources.is_empty());
        assert_eq!(errors[0].to_string(), "in: packed in more than 6 layers: unpack it first");
    }

    #[test]
    fn of_an_archive_only_evidence_is_taken_each_name_once_in_order() {
        let archive = tar(&[
            ("z/late.pcap", b"z"),
            ("z/._late.pcap", b"resource fork"),
            ("__MACOSX/x", b"resource fork"),
            (".git/HEAD", b"ref"),
            ("a.pcap", b"old"),
            ("out/summary.json", b"{\"program\":\"synfin\"}"),
            ("out/connections.csv", b"id"),
            ("a.pcap", b"new"),
        ]);
        let (sources, errors) = open(&archive);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(paths(&sources), ["in:a.pcap", "in:z/late.pcap"]);
        assert_eq!(sources[0].bytes(), b"new");
    }

    #[test]
    fn a_cut_archive_says_so_at_the_member_that_is_cut_and_once() {
        let archive = tar(&[("a", &noise(5000)), ("b", &noise(10_000)[5000..])]);
        let (sources, errors) = open(&gzip(&archive[..9000]));
        assert_eq!((paths(&sources), errors.len()), (vec!["in:a".into(), "in:b".into()], 0));
        assert_eq!(sources[1].note(), Some("the last 2144 bytes are missing: the archive is cut"));

        let packed = gzip(&archive);
        let (sources, errors) = open(&packed[..packed.len() - 300]);
        assert_eq!((sources.len(), errors.len()), (2, 0));
        assert!(
            sources[1].note().is_some_and(|note| note.contains("the gzip stream is cut at byte")),
            "{:?}",
            sources[1].note()
        );
    }

    #[test]
    fn a_stream_that_asks_for_too_much_memory_is_refused() {
        let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(28).and_then(|()| encoder.include_contentsize(false)).expect("a window");
        encoder.write_all(&noise(1000)).expect("written");
        let (sources, errors) = open(&encoder.finish().expect("packed"));
        assert!(sources.is_empty() && errors[0].cause.contains("too much memory"), "{errors:?}");

        let large = lzma_rust2::XzOptions {
            lzma_options: lzma_rust2::LzmaOptions { dict_size: 1 << 28, ..Default::default() },
            ..Default::default()
        };
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), large).expect("an encoder");
        encoder.write_all(&noise(1000)).expect("written");
        let (sources, errors) = open(&encoder.finish().expect("packed"));
        assert!(sources.is_empty() && errors[0].cause.contains("cannot be unpacked"), "{errors:?}");
    }

    #[test]
    fn xz_is_unpacked_however_many_filters_it_went_through() {
        let bytes = lines(100_000);
        let filters = [(lzma_rust2::FilterType::BcjX86, 0), (lzma_rust2::FilterType::Delta, 4)];
        for used in 0..=filters.len() {
            let mut options = lzma_rust2::XzOptions::with_preset(1);
            filters.iter().take(used).for_each(|(kind, property)| options.prepend_pre_filter(*kind, *property));
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("an encoder");
            encoder.write_all(&bytes).expect("written");
            assert!(only(&encoder.finish().expect("packed")).bytes() == bytes, "{used} filters");
        }
    }

    #[test]
    fn what_synfin_does_not_unpack_is_named_with_the_way_out() {
        for (bytes, what) in [
            (&b"7z\xBC\xAF\x27\x1C\0\x04"[..], "7-Zip"),
            (b"Rar!\x1A\x07\x01\0", "RAR"),
            (&[0x1F, 0x9D, 0x90], ".Z"),
            (b"\x89LZO\0\r\n\x1A\n\x10", "lzop"),
            (b"\x02\x21\x4C\x18\x10\0\0\0", "lz4 -d"),
        ] {
            let (sources, errors) = open(bytes);
            assert!(
                sources.is_empty() && errors[0].cause.contains(what) && errors[0].cause.contains("unpack it first")
            );
        }
    }

    #[test]
    fn captures_and_texts_stay_as_they_are() {
        for bytes in [&b""[..], b"\x1F\x8B", b"BZh9 is how it begins", b"\xD4\xC3\xB2\xA1\x02\0\x04\0", &[0; 2048]] {
            assert_eq!(only(bytes).bytes(), bytes);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_damage_to_packed_bytes_breaks_anything(kind in 0usize..7, edits: Vec<(prop::sample::Index, u8)>, cut: prop::sample::Index) {
            let data = noise(3000);
            let mut bytes = match kind {
                5 => tar(&[("a", &data), ("b.gz", &gzip(&data))]),
                6 => crate::input::zip::tests::zip(&[("a", &data), ("b", b"bb")]),
                codec => CODECS[codec].1(&data),
            };
            let len = bytes.len();
            for (at, value) in edits.iter().take(8) {
                bytes[at.index(len)] = *value;
            }
            if edits.len() % 3 == 0 {
                bytes.truncate(cut.index(len));
            }
            let (sources, errors) = open_within(&bytes, 10_000_000);
            prop_assert!(!sources.is_empty() || !errors.is_empty());
        }
    }
}
