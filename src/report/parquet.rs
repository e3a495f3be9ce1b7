//! Parquet, by polars: every column typed, its meaning and unit in the file, row groups streamed.
//!
//! Rows are appended to typed columns, a task for some columns at a time; a full row group is encoded and compressed, a task
//! a column, and written at once, so that memory is bounded by one row group. polars starts no threads of its own here.

mod typed;

use super::columns::Field;
use super::json::SCHEMA_VERSION;
use super::{Cells, Format, RowWriter, Sink};
use polars::error::{PolarsError, PolarsResult};
use polars::io::parquet::write::{BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::prelude::*;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, KeyValue, ParquetType, StatisticsOptions, Version, WriteOptions,
    ZstdLevel, array_to_columns, compress, get_dtype_encoding, schema_to_metadata_key,
};
use rayon::prelude::*;
use std::io;
use std::sync::Arc;
use typed::{Shape, Typed};

pub(super) const FORMAT: Format = Format { name: "parquet", extension: "parquet", wide: true, open };

/// Rows of a row group: few enough that their memory is used again and stays near, which is faster than larger ones.
const ROW_GROUP: usize = 16_384;
/// Rows that a task appends to all of its columns before it goes on: they stay in the processor's cache meanwhile.
const TILE: usize = 256;
/// Columns of such a task.
const COLUMNS: usize = 16;
/// The fastest of zstd: the next ones gain a few per cent.
const ZSTD_LEVEL: i32 = 1;

struct Parquet {
    writer: BatchedWriter<Sink>,
    columns: Vec<Typed>,
    /// As the file's schema has them, in the same order.
    types: Vec<ParquetType>,
    options: WriteOptions,
    /// Rows in `columns`.
    rows: usize,
}

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
        Ok(Self { writer, columns, types, options, rows: 0 })
    }

    fn flush(&mut self) -> PolarsResult<()> {
        let options = self.options;
        let columns = self.columns.par_iter_mut().zip(&self.types);
        let pages = columns.map(|(column, kind)| encode(column, kind, options)).collect::<PolarsResult<Vec<_>>>()?;
        self.writer.write_row_group(self.rows as u64, &pages)?;
        self.rows = 0;
        Ok(())
    }
}

impl RowWriter for Parquet {
    fn batch(&mut self, cells: &dyn Cells) -> io::Result<()> {
        let mut from = 0;
        while from < cells.rows() {
            let to = (from + ROW_GROUP - self.rows).min(cells.rows());
            let begins = self.rows == 0;
            self.columns.par_chunks_mut(COLUMNS).enumerate().for_each(|(task, columns)| {
                if begins {
                    columns.iter_mut().for_each(|column| column.begin(to - from));
                }
                for start in (from..to).step_by(TILE) {
                    for (index, column) in columns.iter_mut().enumerate() {
                        column.extend(cells, task * COLUMNS + index, start..(start + TILE).min(to));
                    }
                }
            });
            self.rows += to - from;
            from = to;
            if self.rows == ROW_GROUP {
                self.flush().map_err(io_error)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.rows > 0 {
            self.flush().map_err(io_error)?;
        }
        self.writer.finish().map(|_| ()).map_err(io_error) // ends with a flush of the sink
    }
}

/// One column of a row group, encoded and compressed.
fn encode(column: &mut Typed, kind: &ParquetType, options: WriteOptions) -> PolarsResult<Vec<CompressedPage>> {
    let (series, shape) = column.take()?;
    let array = series.to_arrow(0, CompatLevel::newest());
    // Looking for values that come again takes long, and so does compressing what does not shrink.
    let (encoding, compression) = match shape {
        Shape::Steps => (vec![Encoding::DeltaBinaryPacked], CompressionOptions::Uncompressed),
        Shape::Noise => (vec![Encoding::Plain], CompressionOptions::Uncompressed),
        Shape::Empty => (vec![Encoding::Plain], options.compression),
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
