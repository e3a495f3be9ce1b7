//! Parquet, by polars: every column typed, its meaning and unit in the file, row groups streamed.
//!
//! Rows are appended to typed columns, a task for some columns at a time; a full row group is encoded and compressed, a task
//! a column, and written at once, so that memory is bounded by one row group. polars starts no threads of its own here.

use super::columns::Field;
use super::json::SCHEMA_VERSION;
use super::{Cells, Format, Kind, RowWriter, Sink, Value};
use crate::time::Zone;
use polars::error::{PolarsError, PolarsResult};
use polars::io::parquet::write::{BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::prelude::*;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, KeyValue, ParquetType, StatisticsOptions, Version, WriteOptions, ZstdLevel,
    array_to_columns, compress, get_dtype_encoding, schema_to_metadata_key,
};
use rayon::prelude::*;
use std::io;
use std::sync::Arc;

pub(super) const FORMAT: Format = Format { name: "parquet", extension: "parquet", wide: true, open };

/// Rows of a row group.
const ROW_GROUP: usize = 65_536;
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
        let pages =
            columns.map(|(column, kind)| encode(column.take()?, kind, options)).collect::<PolarsResult<Vec<_>>>()?;
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
                        let place = task * COLUMNS + index;
                        (start..(start + TILE).min(to)).for_each(|row| column.push(&cells.cell(row, place)));
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
fn encode(series: Series, kind: &ParquetType, options: WriteOptions) -> PolarsResult<Vec<CompressedPage>> {
    let array = series.to_arrow(0, CompatLevel::newest());
    let encoding = get_dtype_encoding(array.dtype());
    let mut pages = Vec::new();
    for column in array_to_columns(&array, kind.clone(), options, &encoding)? {
        for page in column {
            pages.push(compress(page?, Vec::new(), options.compression)?);
        }
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

/// A column that is being filled.
struct Typed {
    name: PlSmallStr,
    dtype: DataType,
    kind: Kind,
    values: Values,
    /// Text of one cell, before it is appended.
    scratch: Vec<u8>,
}

enum Values {
    U8(PrimitiveChunkedBuilder<UInt8Type>),
    U16(PrimitiveChunkedBuilder<UInt16Type>),
    U32(PrimitiveChunkedBuilder<UInt32Type>),
    U64(PrimitiveChunkedBuilder<UInt64Type>),
    I64(PrimitiveChunkedBuilder<Int64Type>),
    F64(PrimitiveChunkedBuilder<Float64Type>),
    /// Nanoseconds since 1970.
    Time(PrimitiveChunkedBuilder<Int64Type>),
    Bool(BooleanChunkedBuilder),
    Text(StringChunkedBuilder),
    /// Places in the list of names.
    Names(PrimitiveChunkedBuilder<UInt8Type>),
}

impl Values {
    /// Room for so many rows; more may come.
    fn new(kind: Kind, name: PlSmallStr, rows: usize) -> Self {
        match kind {
            Kind::U8 => Self::U8(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::U16 => Self::U16(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::U32 => Self::U32(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::U64 => Self::U64(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::I64 => Self::I64(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Seconds | Kind::Decimal => Self::F64(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Time => Self::Time(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Bool => Self::Bool(BooleanChunkedBuilder::new(name, rows)),
            Kind::Text => Self::Text(StringChunkedBuilder::new(name, rows)),
            Kind::Enum(_) => Self::Names(PrimitiveChunkedBuilder::new(name, rows)),
        }
    }
}

impl Typed {
    fn new(field: &Field) -> PolarsResult<Self> {
        let name = PlSmallStr::from_static(field.name);
        let dtype = match field.kind {
            Kind::U8 => DataType::UInt8,
            Kind::U16 => DataType::UInt16,
            Kind::U32 => DataType::UInt32,
            Kind::U64 => DataType::UInt64,
            Kind::I64 => DataType::Int64,
            Kind::Seconds | Kind::Decimal => DataType::Float64,
            Kind::Time => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
            Kind::Bool => DataType::Boolean,
            Kind::Text => DataType::String,
            Kind::Enum(names) => DataType::from_frozen_categories(FrozenCategories::new(names.iter().copied())?),
        };
        let values = Values::new(field.kind, name.clone(), 0);
        Ok(Self { name, dtype, kind: field.kind, values, scratch: Vec::new() })
    }

    fn push(&mut self, value: &Value<'_>) {
        let number = if let Value::Number(number) = value { Some(*number) } else { None };
        match &mut self.values {
            Values::U8(values) => values.append_option(number.map(|number| u8::try_from(number).unwrap_or(u8::MAX))),
            Values::U16(values) => values.append_option(number.map(|number| u16::try_from(number).unwrap_or(u16::MAX))),
            Values::U32(values) => values.append_option(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))),
            Values::U64(values) => values.append_option(number),
            Values::I64(values) => {
                values.append_option(if let Value::Signed(number) = value { Some(*number) } else { None });
            }
            Values::F64(values) => {
                values.append_option(match value {
                    Value::Seconds(span) => Some(span.seconds()),
                    Value::Decimal(thousandths) => Some(*thousandths as f64 / 1000.0),
                    _ => None,
                });
            }
            Values::Time(values) => {
                values.append_option(if let Value::Time(time) = value { Some(time.0) } else { None })
            }
            Values::Bool(values) => {
                values.append_option(if let Value::Bool(flag) = value { Some(*flag) } else { None })
            }
            Values::Names(values) => values.append_option(code(self.kind, value)),
            Values::Text(values) => match value {
                Value::Null => values.append_null(),
                Value::Text(text) => values.append_value(text.as_ref()),
                value => {
                    self.scratch.clear();
                    value.write(Zone::UTC, &mut self.scratch);
                    values.append_option(std::str::from_utf8(&self.scratch).ok());
                }
            },
        }
    }

    /// Makes room for the first rows of a row group. Not for all of one: most tables are smaller.
    fn begin(&mut self, rows: usize) {
        self.values = Values::new(self.kind, self.name.clone(), rows);
    }

    /// The values so far; the column is empty afterwards.
    fn take(&mut self) -> PolarsResult<Series> {
        let empty = Values::new(self.kind, self.name.clone(), 0);
        Ok(match std::mem::replace(&mut self.values, empty) {
            Values::U8(values) => values.finish().into_series(),
            Values::U16(values) => values.finish().into_series(),
            Values::U32(values) => values.finish().into_series(),
            Values::U64(values) => values.finish().into_series(),
            Values::I64(values) => values.finish().into_series(),
            Values::F64(values) => values.finish().into_series(),
            Values::Time(values) => {
                values.finish().into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
            }
            Values::Bool(values) => values.finish().into_series(),
            Values::Text(values) => values.finish().into_series(),
            Values::Names(values) => Series::from_cats_and_dtype(&values.finish().into_series(), &self.dtype, true)?,
        })
    }
}

/// The place of a name in its column's list. Names are literals, so that equal ones nearly always lie at one address.
fn code(kind: Kind, value: &Value<'_>) -> Option<u8> {
    let (Kind::Enum(names), Value::Name(name)) = (kind, value) else { return None };
    let same = |other: &&str| std::ptr::eq(*other, *name);
    let place = names.iter().position(same).or_else(|| names.iter().position(|other| other == name));
    place.and_then(|place| u8::try_from(place).ok())
}

/// Keeps the kind: a closed pipe is told from a full disk by it.
fn io_error(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        error => io::Error::other(error.to_string()),
    }
}
