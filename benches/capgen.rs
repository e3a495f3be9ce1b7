//! Makes captures for `benches/compare`, with the truth about their connections.
//!
//! `cargo run --release --example capgen -- --profile web --bytes 100M --out web.pcap --truth web.csv`

use capgen::{Ends, File, Format, Frame, HEADER, Options, Profile, Sink, Truth};
use clap::Parser;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use synfin::wire::{Address, FlowKey};

/// Bytes that are collected before they are written.
const BUFFER: usize = 4 << 20;

/// Makes a capture that is the same on every machine, and the truth about its connections.
#[derive(Debug, Parser)]
struct Arguments {
    /// web, small, steady, flood, elephant, nested (a download of a capture) or download (of noise)
    #[arg(long, default_value = "web", value_parser = profile)]
    profile: Profile,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Connections, at the profile's own rate [default: the profile's]
    #[arg(long)]
    flows: Option<u64>,
    /// About how large a pcap shall be, such as 100M
    #[arg(long, value_parser = size, conflicts_with = "flows")]
    bytes: Option<u64>,
    /// pcap, pcapns or pcapng
    #[arg(long, default_value = "pcap", value_parser = format)]
    format: Format,
    /// Cut frames to this many bytes
    #[arg(long)]
    snaplen: Option<usize>,
    /// pcapng: one of the three interfaces without Ethernet
    #[arg(long)]
    mixed: bool,
    /// pcapng: describe an interface again after this many bytes
    #[arg(long, default_value = "0", value_parser = size)]
    interface_every: u64,
    /// Flood: only addresses whose flows all fall into one of synfin's lanes
    #[arg(long)]
    one_lane: bool,
    /// Begin a new file after this many bytes: NAME_00001.pcap and so on
    #[arg(long, default_value = "0", value_parser = size)]
    split: u64,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Comma-separated values, a line a connection
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let options = options(&arguments);
    let mut files = Files::new(&arguments, &options)?;
    capgen::generate(&options, &mut files)?;
    files.finish()?;
    Ok(())
}

fn options(arguments: &Arguments) -> Options {
    let mut options = Options::new(arguments.profile);
    if let Some(bytes) = arguments.bytes {
        options = options.bytes(bytes);
    }
    if let Some(flows) = arguments.flows {
        options = options.flows(flows);
    }
    Options {
        seed: arguments.seed,
        format: arguments.format,
        snaplen: arguments.snaplen.unwrap_or(options.snaplen),
        mixed: arguments.mixed,
        interface_every: arguments.interface_every,
        accept: arguments.one_lane.then_some(in_first_lane),
        ..options
    }
}

/// The lane's hash has a fixed key: whoever reads the source can choose addresses like this.
fn in_first_lane(ends: &Ends) -> bool {
    let address = |(ip, port): (u128, u16)| Address::v4((ip as u32).to_be_bytes(), port);
    FlowKey::new(address(ends.client), address(ends.server)).0.lane() == 0
}

/// The file being written, and those that follow it.
struct Files<'a> {
    options: &'a Options,
    base: &'a Path,
    split: u64,
    /// 1-based, where the capture is split.
    number: u32,
    file: File,
    out: std::fs::File,
    written: u64,
    truth: Option<BufWriter<std::fs::File>>,
}

impl<'a> Files<'a> {
    fn new(arguments: &'a Arguments, options: &'a Options) -> io::Result<Self> {
        let (base, split) = (arguments.out.as_path(), arguments.split);
        let mut truth = arguments.truth.as_ref().map(std::fs::File::create).transpose()?.map(BufWriter::new);
        if let Some(truth) = &mut truth {
            writeln!(truth, "{HEADER}")?;
        }
        let out = std::fs::File::create(path(base, split, 1))?;
        Ok(Self { options, base, split, number: 1, file: File::new(options), out, written: 0, truth })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.file.bytes)?;
        self.written += self.file.bytes.len() as u64;
        self.file.bytes.clear();
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        self.number += 1;
        let finished = std::mem::replace(&mut self.file, File::new(self.options));
        self.out.write_all(&finished.finish())?;
        self.out = std::fs::File::create(path(self.base, self.split, self.number))?;
        self.written = 0;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.file.finish())?;
        self.truth.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Sink for Files<'_> {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        if self.split > 0 && self.written + self.file.bytes.len() as u64 >= self.split {
            self.next_file()?;
        }
        self.file.add(frame);
        if self.file.bytes.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flow(&mut self, truth: &Truth) -> io::Result<()> {
        self.truth.as_mut().map_or(Ok(()), |out| writeln!(out, "{truth}"))
    }
}

/// The capture's own name, or with a number where it is split.
fn path(base: &Path, split: u64, number: u32) -> PathBuf {
    if split == 0 {
        return base.to_owned();
    }
    let stem = base.file_stem().unwrap_or_default().to_string_lossy();
    let extension = base.extension().unwrap_or_default().to_string_lossy();
    base.with_file_name(format!("{stem}_{number:05}.{extension}"))
}

fn profile(text: &str) -> Result<Profile, String> {
    let names = Profile::ALL.map(Profile::name);
    let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
    found.ok_or_else(|| format!("one of {}", names.join(", ")))
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "pcap" => Ok(Format::Pcap),
        "pcapns" => Ok(Format::PcapNano),
        "pcapng" => Ok(Format::Pcapng),
        _ => Err("one of pcap, pcapns, pcapng".to_owned()),
    }
}

/// Bytes: `4096`, `100M` (powers of two, as synfin takes them).
fn size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) => (
            number,
            if text.ends_with('K') {
                10
            } else if text.ends_with('M') {
                20
            } else {
                30
            },
        ),
        None => (text, 0),
    };
    let value: f64 = number.parse().map_err(|_| "a number, with K, M or G".to_owned())?;
    Ok((value * f64::from(1_u32 << shift)) as u64)
}
