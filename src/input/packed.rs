//! Packed streams, known by their first bytes and never by a name: gzip, zstd, xz, bzip2 and lz4, each as many frames one
//! after another. [`Unpacked`] gives all that can be had from one; where it is cut or damaged it says so only after the last
//! byte before that place.

use super::Source;
use lzma_rust2::{Action, Status, XzReader, XzStream};
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The largest window that a frame may ask for, as a power of two: 128 MiB, as the zstd program allows and `--long` writes.
const WINDOW_LOG_MAX: u32 = 27;
/// In KiB: the 64 MiB dictionary of `xz -9`, twice over.
const XZ_MEMORY: u32 = 128 << 10;
/// How much gzip and xz unpack in one call.
const STEP: usize = 16 << 10;
/// How far a reader runs ahead of giving memory back.
const RELEASE: usize = 8 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Lz4,
}

impl Codec {
    const ALL: [Self; 5] = [Self::Gzip, Self::Zstd, Self::Xz, Self::Bzip2, Self::Lz4];

    /// The codec of a stream that begins with these bytes. zstd and lz4 share frames to be skipped (`pzstd` begins with one),
    /// which tell nothing; the first other frame does.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        for _ in 0..16 {
            match skippable(rest) {
                Some(len) => rest = rest.get(len..)?,
                None => break,
            }
        }
        Self::ALL.into_iter().find(|codec| codec.begins(rest))
    }

    /// Whether a frame of this codec starts here.
    fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Self::Gzip => bytes.starts_with(&[0x1F, 0x8B, 8]),
            Self::Zstd => bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]),
            Self::Xz => bytes.starts_with(b"\xFD7zXZ\0"),
            // A block or, in an empty stream, the end follows at once: pi and its square root in decimal coding.
            Self::Bzip2 => {
                let follows = bytes.get(4..10);
                bytes.starts_with(b"BZh")
                    && bytes.get(3).is_some_and(|level| (b'1'..=b'9').contains(level))
                    && [Some(b"\x31\x41\x59\x26\x53\x59".as_slice()), Some(b"\x17\x72\x45\x38\x50\x90".as_slice())]
                        .contains(&follows)
            }
            Self::Lz4 => bytes.starts_with(&[0x04, 0x22, 0x4D, 0x18]),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
        }
    }

    /// Reads one frame and leaves `tail` behind it.
    fn frame<'a>(self, tail: Tail<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::GzDecoder::new(tail)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(tail)?.single_frame();
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            Self::Xz if has_several_filters(tail.rest()) => Box::new(XzReader::new_mem_limit(tail, false, XZ_MEMORY)),
            Self::Xz => Box::new(Xz { stream: XzStream::new_mem_limit(false, XZ_MEMORY), tail }),
            Self::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(tail)),
            Self::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(tail)),
        })
    }
}

/// Length of the frame to be skipped that starts here, if one does (zstd: RFC 8878 3.1.2; lz4 has the same).
fn skippable(bytes: &[u8]) -> Option<usize> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let is_skippable = (0x184D_2A50..=0x184D_2A5F).contains(&u32::from_le_bytes(*magic));
    let len = u32::from_le_bytes(*rest.first_chunk::<4>().filter(|_| is_skippable)?);
    usize::try_from(len).ok()?.checked_add(8)
}

/// The bytes of a packed source, unpacked. The one error it gives says where the stream is cut or damaged.
pub(super) struct Unpacked<'a> {
    codec: Codec,
    tail: Tail<'a>,
    /// The frame being read; `None` between frames.
    frame: Option<Box<dyn Read + 'a>>,
}

impl<'a> Unpacked<'a> {
    pub(super) fn new(source: &'a Source, codec: Codec) -> Self {
        Self { codec, tail: Tail { source, place: Rc::default() }, frame: None }
    }

    /// Finds the next frame; false where the stream ends.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.tail.rest();
            // Tapes and xz pad with zeros.
            let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
            let rest = rest.get(zeros..).unwrap_or_default();
            self.tail.forward(zeros);
            if rest.is_empty() {
                return Ok(false);
            }
            match skippable(rest) {
                Some(len) if len <= rest.len() => self.tail.forward(len),
                Some(_) => return Err(self.cut()),
                None if self.codec.begins(rest) => {
                    self.frame = Some(self.codec.frame(self.tail.clone())?);
                    return Ok(true);
                }
                None => {
                    let (at, name) = (self.tail.place.at.get(), self.codec.name());
                    return Err(io::Error::other(format!("what follows byte {at} is not {name}")));
                }
            }
        }
    }

    fn cut(&self) -> io::Error {
        let (name, len) = (self.codec.name(), self.tail.source.bytes().len());
        io::Error::new(io::ErrorKind::UnexpectedEof, format!("the {name} stream is cut at byte {len}"))
    }

    fn damaged(&self, error: &io::Error) -> io::Error {
        let (name, at) = (self.codec.name(), self.tail.place.at.get());
        io::Error::other(format!("the {name} stream cannot be unpacked beyond byte {at} ({error})"))
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else {
                if self.advance()? {
                    continue;
                }
                return Ok(0);
            };
            // What a decoder had written when it met damage is lost with the call; so these are asked for little at a time.
            let by_steps = matches!(self.codec, Codec::Gzip | Codec::Xz);
            let len = if by_steps { buffer.len().min(STEP) } else { buffer.len() };
            match frame.read(buffer.get_mut(..len).unwrap_or_default()) {
                // lz4's decoder takes the end of its input for the end of the frame.
                Ok(0) if self.codec == Codec::Lz4 && self.tail.place.starved.get() => return Err(self.cut()),
                Ok(0) => self.frame = None,
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if self.tail.place.starved.get() => return Err(self.cut()),
                Err(error) => return Err(self.damaged(&error)),
            }
        }
    }
}

/// Whether more than one filter stands before LZMA2 (`xz --x86 --delta`): only the crate's reader takes those. The first block's
/// header follows the stream's twelve bytes; the lowest two bits of its flags count its filters, less one (.xz file format
/// 3.1.2).
fn has_several_filters(stream: &[u8]) -> bool {
    let [size, flags] = [12, 13].map(|at| stream.get(at).copied().unwrap_or_default());
    size != 0 && flags & 3 >= 2
}

/// One stream of xz. The crate's reader takes a chunk, of up to two megabytes unpacked, only when all of it is there; this
/// gives each byte that can be had.
struct Xz<'a> {
    stream: XzStream,
    tail: Tail<'a>,
}

impl Read for Xz<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.tail.fill_buf()?;
            let (is_empty, result) = (rest.is_empty(), self.stream.process(rest, buffer, Action::Run)?);
            self.tail.forward(result.bytes_consumed);
            match result.bytes_produced {
                0 if result.status == Status::StreamEnd => return Ok(0),
                0 if is_empty || result.bytes_consumed == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                0 => {}
                produced => return Ok(produced),
            }
        }
    }
}

/// What is still to be unpacked. Clones share their place, so that whoever reads a frame moves everyone on.
#[derive(Clone)]
struct Tail<'a> {
    source: &'a Source,
    place: Rc<Place>,
}

#[derive(Default)]
struct Place {
    at: Cell<usize>,
    released: Cell<usize>,
    /// Bytes were asked for when none were left.
    starved: Cell<bool>,
}

impl<'a> Tail<'a> {
    fn rest(&self) -> &'a [u8] {
        self.source.bytes().get(self.place.at.get()..).unwrap_or_default()
    }

    fn forward(&self, bytes: usize) {
        let (at, released) = (self.place.at.get().saturating_add(bytes), self.place.released.get());
        self.place.at.set(at);
        if at.saturating_sub(released) >= RELEASE {
            self.source.release(released as u64..at as u64);
            self.place.released.set(at);
        }
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.forward(read);
        Ok(read)
    }
}

impl BufRead for Tail<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let rest = self.rest();
        if rest.is_empty() {
            self.place.starved.set(true);
        }
        Ok(rest)
    }

    fn consume(&mut self, bytes: usize) {
        self.forward(bytes);
    }
}
