//! Parquet, by polars: every column typed, its meaning and unit in the file, row groups streamed.
//!
//! The values of each part of the rows are taken on any thread; the parts of a full row group are encoded and compressed on
//! whichever thread has completed it, and written in order, so that memory is bounded by the row groups at work. polars starts
//! no threads of its own here.

mod typed;

use super::columns::Field;
use super::json::SCHEMA_VERSION;
use super::values::{Only, Piece};
use super::{Cells, Format, RowWriter, Sink, Turn};
use polars::error::{PolarsError, PolarsResult};
use polars::io::parquet::write::{BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::prelude::*;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, KeyValue, ParquetType, StatisticsOptions, Version, WriteOptions,
    ZstdLevel, array_to_columns, compress, get_dtype_encoding, schema_to_metadata_key,
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use typed::{Shape, Typed};

pub(super) const FORMAT: Format = Format { name: "parquet", extension: "parquet", wide: true, open };

/// Rows of a row group at least: few enough that their memory is used again and stays near, which is faster than larger ones.
const ROW_GROUP: usize = 16_384;
/// Uniform contents of a column whose pages are kept; what a column says of all rows of a row group hardly changes.
const UNIFORM: usize = 4;
/// The fastest of zstd: the next ones gain a few per cent.
const ZSTD_LEVEL: i32 = 1;

struct Parquet {
    columns: Vec<Typed>,
    /// As the file's schema has them, in the same order.
    types: Vec<ParquetType>,
    options: WriteOptions,
    groups: Mutex<Groups>,
    file: Mutex<Ordered>,
}

/// The values of some rows, by column.
struct Part {
    rows: usize,
    columns: Vec<Piece>,
}

/// Row groups on their way.
#[derive(Default)]
struct Groups {
    /// What the next one has so far.
    parts: Vec<Part>,
    rows: usize,
    /// Those that are complete and not taken yet, with their numbers.
    full: Vec<(u64, Vec<Part>)>,
    /// Row groups completed.
    count: u64,
}

/// The file, which takes row groups in order.
struct Ordered {
    writer: BatchedWriter<Sink>,
    /// Number of the next.
    next: u64,
    /// Encoded before their turn: rows, and columns.
    early: BTreeMap<u64, (usize, Vec<Column>)>,
    /// Of each column, pages that say the same of every row: they are written again and again.
    uniform: Vec<Vec<(Uniform, Vec<CompressedPage>)>>,
}

/// A column of a row group.
enum Column {
    Varied(Vec<CompressedPage>),
    /// It says the same of every row. Without pages if these are known.
    Uniform(Uniform, Option<Vec<CompressedPage>>),
}

/// What, and of how many rows.
type Uniform = (Only, usize);

fn open(sink: Sink, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    Ok(Box::new(Parquet::open(sink, &fields).map_err(io_error)?))
}

impl Parquet {
    fn open(sink: Sink, fields: &[Field]) -> PolarsResult<Self> {
        let columns = fields.iter().map(Typed::new).collect::<PolarsResult<Vec<_>>>()?;
        let schema: Schema = columns.iter().map(|column| (column.name.clone(), column.dtype.clone())).collect();
        let compression = ParquetCompression::Zstd(Some(ZstdLevel::try_new(ZSTD_LEVEL)?));
        let mut writer = ParquetWriter::new(sink)
            .with_compression(compression)
            .with_key_value_metadata(Some(metadata(&schema, fields)))
            .batched(&schema)?;
        let types = writer.parquet_schema().fields().to_vec();
        let options = WriteOptions {
            statistics: StatisticsOptions::default(),
            version: Version::V1,
            compression: CompressionOptions::from(compression),
            data_page_size: None,
        };
        let uniform = columns.iter().map(|_| Vec::new()).collect();
        let file = Mutex::new(Ordered { writer, next: 0, early: BTreeMap::new(), uniform });
        Ok(Self { columns, types, options, groups: Mutex::default(), file })
    }

    /// Encodes a row group; writes it, and those that waited for it, if all before it are written.
    fn write(&self, number: u64, parts: &[Part]) -> PolarsResult<()> {
        let rows = parts.iter().map(|part| part.rows).sum();
        let known: Vec<Vec<Uniform>> =
            lock(&self.file).uniform.iter().map(|pages| pages.iter().map(|(what, _)| what.clone()).collect()).collect();
        let columns = self.columns.par_iter().zip(&self.types).zip(&known).enumerate();
        let columns = columns.map(|(index, ((column, kind), known))| {
            let pieces: Vec<(&Piece, usize)> =
                parts.iter().filter_map(|part| Some((part.columns.get(index)?, part.rows))).collect();
            let encode = || encode(column.join(&pieces, rows)?, kind, self.options);
            Ok(match Typed::only(&pieces).map(|only| (only.clone(), rows)) {
                Some(uniform) if known.contains(&uniform) => Column::Uniform(uniform, None),
                Some(uniform) => Column::Uniform(uniform, Some(encode()?)),
                None => Column::Varied(encode()?),
            })
        });
        let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
        lock(&self.file).take(number, rows, columns)
    }
}

impl Ordered {
    fn take(&mut self, number: u64, rows: usize, columns: Vec<Column>) -> PolarsResult<()> {
        self.early.insert(number, (rows, columns));
        while let Some((rows, columns)) = self.early.remove(&self.next) {
            let (pages, uniform): (Vec<_>, Vec<_>) =
                columns.into_iter().zip(&mut self.uniform).map(|(column, known)| column.pages(known)).unzip();
            self.writer.write_row_group(rows as u64, &pages)?;
            self.next += 1;
            for ((pages, uniform), known) in pages.into_iter().zip(uniform).zip(&mut self.uniform) {
                known.extend(uniform.filter(|_| known.len() < UNIFORM).map(|uniform| (uniform, pages)));
            }
        }
        Ok(())
    }
}

impl Column {
    /// Its pages, taken out of the known ones if they are among these; and what they say, if they belong there.
    fn pages(self, known: &mut Vec<(Uniform, Vec<CompressedPage>)>) -> (Vec<CompressedPage>, Option<Uniform>) {
        match self {
            Self::Varied(pages) => (pages, None),
            Self::Uniform(uniform, pages) => {
                let place = known.iter().position(|(what, _)| *what == uniform);
                let kept = place.map(|place| known.swap_remove(place).1);
                (kept.or(pages).unwrap_or_default(), Some(uniform))
            }
        }
    }
}

impl RowWriter for Parquet {
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w> {
        let columns = (0..self.columns.len()).map(|column| Piece::of(cells.column(column)));
        let part = Part { rows: cells.rows(), columns: columns.collect() };
        Box::new(move || {
            lock(&self.groups).add(part);
            Ok(())
        })
    }

    fn settle(&self) -> io::Result<()> {
        loop {
            let Some((number, parts)) = lock(&self.groups).full.pop() else { return Ok(()) };
            self.write(number, &parts).map_err(io_error)?;
        }
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        lock(&self.groups).complete();
        self.settle()?;
        let Ordered { writer, .. } = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        writer.finish().map(|_| ()).map_err(io_error) // ends with a flush of the sink
    }
}

impl Groups {
    fn add(&mut self, part: Part) {
        self.rows += part.rows;
        self.parts.push(part);
        if self.rows >= ROW_GROUP {
            self.complete();
        }
    }

    /// Ends a row group, if anything is in it.
    fn complete(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        if std::mem::take(&mut self.rows) > 0 {
            self.full.push((self.count, parts));
            self.count += 1;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One column of a row group, encoded and compressed.
fn encode(
    (series, shape): (Series, Shape),
    kind: &ParquetType,
    options: WriteOptions,
) -> PolarsResult<Vec<CompressedPage>> {
    let array = series.to_arrow(0, CompatLevel::newest());
    // Of texts that hardly ever come twice, the least and the greatest of some rows leave no rows out.
    let tell_bounds = !matches!(shape, Shape::Words);
    let statistics =
        StatisticsOptions { min_value: tell_bounds, max_value: tell_bounds, ..StatisticsOptions::default() };
    let options = WriteOptions { statistics, ..options };
    // Looking for values that come again takes long, and so does compressing what does not shrink.
    let (encoding, compression) = match shape {
        Shape::Steps => (vec![Encoding::DeltaBinaryPacked], CompressionOptions::Uncompressed),
        Shape::Noise => (vec![Encoding::Plain], CompressionOptions::Uncompressed),
        Shape::Words => (vec![Encoding::Plain], options.compression),
        Shape::Any => (get_dtype_encoding(array.dtype()), options.compression),
    };
    let mut pages = Vec::new();
    for page in array_to_columns(&array, kind.clone(), options, &encoding)?.into_iter().flatten() {
        pages.push(compress(page?, Vec::new(), compression)?);
    }
    Ok(pages)
}

/// The Arrow schema with what each column means and counts in, and the version of all that.
fn metadata(schema: &Schema, fields: &[Field]) -> KeyValueMetadata {
    let mut arrow = schema.to_arrow(CompatLevel::newest());
    for (column, field) in arrow.iter_values_mut().zip(fields) {
        let mut about = column.metadata.as_deref().cloned().unwrap_or_default();
        about.insert("description".into(), field.doc.into());
        if !field.unit.is_empty() {
            about.insert("unit".into(), field.unit.into());
        }
        column.metadata = Some(Arc::new(about));
    }
    let about = |key: &str, value: String| KeyValue { key: key.to_owned(), value: Some(value) };
    KeyValueMetadata::Static(vec![
        schema_to_metadata_key(&arrow),
        about("synfin.schema_version", SCHEMA_VERSION.to_string()),
        about("synfin.version", env!("CARGO_PKG_VERSION").to_owned()),
    ])
}

/// Keeps the kind: a closed pipe is told from a full disk by it.
fn io_error(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        error => io::Error::other(error.to_string()),
    }
}
