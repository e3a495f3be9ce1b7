//! What each stage of an analysis costs: `cargo bench --bench stages [FILTER]`.
//!
//! Items are frames in `framing` and `decode`, segments in `track`, and connections or rows in the others: 1000 divided by
//! the Mitem/s that is printed is nanoseconds an item.

use capgen::{Options, Profile};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::io::Write;
use synfin::capture::{self, Context, Format, Frame};
use synfin::case::{Facts, Judged};
use synfin::report::columns::{COLUMNS, select};
use synfin::report::{FORMATS, TableWriter, format};
use synfin::tcp::records::Records;
use synfin::tcp::table::Finished;
use synfin::tcp::{Place, Table};
use synfin::wire::flow::LANES;
use synfin::wire::{self, Address, Keys, Packet, Rare, Segment};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Kinds of traffic, with bytes of pcap to make of each.
const KINDS: [(&str, Profile, u64); 4] = [
    ("web", Profile::Web, 60 << 20),
    ("small", Profile::Small, 30 << 20),
    ("elephant", Profile::Elephant, 60 << 20),
    ("flood", Profile::Flood, 15 << 20),
];
const NAMES: [&str; KINDS.len()] = ["web", "small", "elephant", "flood"];
const KEYS: Keys = Keys([1, 2, 3, 4]);
/// As `analysis` cuts files.
const CHUNK: u64 = 4 << 20;

struct Capture {
    bytes: Vec<u8>,
    format: &'static Format,
    start: u64,
    context: Context,
    frames: u64,
}

impl Capture {
    fn make(kind: &str) -> Self {
        let (_, profile, size) = KINDS.into_iter().find(|(name, ..)| *name == kind).expect("a kind of traffic");
        let (bytes, _) = capgen::capture(&Options::new(profile).bytes(size));
        let format = capture::recognise(&bytes).expect("a capture");
        let (start, context) = (format.open)(&bytes).expect("its head");
        let mut made = Self { bytes, format, start, context, frames: 0 };
        let mut frames = 0;
        made.each(&mut |_| frames += 1);
        made.frames = frames;
        made
    }

    fn each<'a>(&'a self, sink: &mut dyn FnMut(Frame<'a>)) {
        (self.format.frames)(&self.bytes, &mut self.context.clone(), self.start, self.bytes.len() as u64, sink);
    }

    /// Segments as lanes are served with them: by chunk, then by lane.
    fn segments(&self) -> Vec<Served> {
        let mut served: Vec<[Vec<Served>; LANES]> = Vec::new();
        self.each(&mut |frame| {
            let chunk = (frame.offset / CHUNK) as usize;
            served.resize_with(served.len().max(chunk + 1), Default::default);
            if let Packet::Segment(segment, rare) = wire::decode(&frame, &KEYS) {
                let ends = wire::addresses(frame.bytes, segment.ip_at);
                served[chunk][usize::from(segment.lane)].push(Served { segment, rare, ends });
            }
        });
        served.into_iter().flatten().flatten().collect()
    }
}

struct Served {
    segment: Segment,
    rare: Option<Rare>,
    ends: Option<(Address, Address)>,
}

fn track(segments: &[Served]) -> [Table; LANES] {
    let mut tables: [Table; LANES] = Default::default();
    for Served { segment, rare, ends } in segments {
        let table = &mut tables[usize::from(segment.lane)];
        let took = table.observe(segment, rare.as_ref(), Place::default(), &|| *ends);
        assert!(took.is_ok(), "nothing sleeps in so short a time");
    }
    tables
}

fn finish(tables: [Table; LANES]) -> Vec<Records> {
    let sorted = |table: Table| {
        let Finished { records, held, .. } = table.finish();
        [records, held].map(|mut records| {
            records.sort();
            records
        })
    };
    tables.into_iter().flat_map(sorted).collect()
}

fn rows(kind: &str) -> Vec<Judged> {
    let all = finish(track(&Capture::make(kind).segments()));
    let facts = Facts::default();
    let summaries = all.iter().flat_map(Records::iter).filter_map(|(_, record)| record.summary());
    summaries.map(|summary| Judged::new(summary, &facts)).collect()
}

#[divan::bench(args = NAMES)]
fn framing(bencher: Bencher, kind: &str) {
    let capture = Capture::make(kind);
    bencher.counter(ItemsCount::new(capture.frames)).counter(BytesCount::of_slice(&capture.bytes)).bench(|| {
        let mut lengths = 0;
        capture.each(&mut |frame| lengths += u64::from(frame.wire_len));
        lengths
    });
}

/// Framing included.
#[divan::bench(args = NAMES)]
fn decode(bencher: Bencher, kind: &str) {
    let capture = Capture::make(kind);
    bencher.counter(ItemsCount::new(capture.frames)).bench(|| {
        capture.each(&mut |frame| {
            black_box(wire::decode(&frame, &KEYS));
        });
    });
}

#[divan::bench(args = NAMES)]
fn tracking(bencher: Bencher, kind: &str) {
    let segments = Capture::make(kind).segments();
    bencher.counter(ItemsCount::new(segments.len())).bench(|| track(&segments));
}

/// Many more flows that speak in turn than are held in full: an item is a segment of a flow that has to be unpacked.
#[divan::bench(args = [1_000, 50_000, 200_000])]
fn turns(bencher: Bencher, flows: usize) {
    let mut web = Capture::make("web").segments();
    let data = web.iter().position(|served| served.segment.len > 0).expect("payload");
    let Served { segment, ends, .. } = web.swap_remove(data);
    let turns = 400_000 / flows;
    let segments: Vec<Segment> = (0..flows * (turns + 1))
        .map(|number| {
            let (flow, turn) = ((number % flows) as u64, (number / flows) as u32);
            let hash = |word: u64| (flow + word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            Segment {
                flow: wire::FlowHash([hash(1), hash(2)]),
                lane: flow as u8 % LANES as u8,
                seq: segment.seq.plus(turn * segment.len),
                time: segment.time.plus(synfin::time::Span::from_micros(number as i64)),
                ..segment
            }
        })
        .collect();
    let begin = || {
        let mut tables: [Table; LANES] = Default::default();
        segments[..flows].iter().for_each(|segment| give(&mut tables, segment, ends));
        tables
    };
    bencher.counter(ItemsCount::new(flows * turns)).with_inputs(begin).bench_local_values(|mut tables| {
        segments[flows..].iter().for_each(|segment| give(&mut tables, segment, ends));
        tables
    });
}

fn give(tables: &mut [Table; LANES], segment: &Segment, ends: Option<(Address, Address)>) {
    let took = tables[usize::from(segment.lane)].observe(segment, None, Place::default(), &|| ends);
    assert!(took.is_ok(), "nothing sleeps in so short a time");
}

/// From the end of the input to sorted records.
#[divan::bench(args = NAMES)]
fn ending(bencher: Bencher, kind: &str) {
    let segments = Capture::make(kind).segments();
    let flows: usize = track(&segments).iter().map(Table::len).sum();
    bencher.counter(ItemsCount::new(flows)).with_inputs(|| track(&segments)).bench_values(finish);
}

/// From records to labels.
#[divan::bench(args = NAMES)]
fn outcome(bencher: Bencher, kind: &str) {
    let all = finish(track(&Capture::make(kind).segments()));
    let facts = Facts::default();
    let count: usize = all.iter().map(Records::len).sum();
    bencher.counter(ItemsCount::new(count)).bench(|| {
        for (_, record) in all.iter().flat_map(Records::iter) {
            black_box(record.summary().map(|summary| Judged::new(summary, &facts)));
        }
    });
}

#[divan::bench(args = FORMATS.iter().map(|format| format.name), consts = [false, true])]
fn writing<const FLOOD: bool>(bencher: Bencher, name: &str) {
    let rows = rows(if FLOOD { "flood" } else { "small" });
    let facts = Facts::default();
    bencher.counter(ItemsCount::new(rows.len())).bench(|| {
        let format = format(name).expect("a format");
        let columns = select(COLUMNS, format.wide);
        let writer = TableWriter::open(format, columns, Box::new(Nowhere)).expect("nowhere takes everything");
        rows.chunks(8192).try_for_each(|batch| writer.batch(batch, &facts)).expect("nowhere takes everything");
        writer.finish().expect("nowhere takes everything");
    });
}

/// Takes everything, and keeps nothing.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
