//! Columns of a row group while they are filled.

use super::ROW_GROUP;
use crate::report::columns::Field;
use crate::report::{Cells, Kind, Value};
use crate::time::Zone;
use polars::prelude::*;
use polars_arrow::bitmap::MutableBitmap;
use std::ops::Range;

/// So many values, the first ones, tell how often they come; fewer than `FEW` tell nothing.
const SAMPLE: usize = 256;
const FEW: usize = 16;

/// What the values of a column are like, as far as its encoding depends on it.
pub(super) enum Shape {
    Any,
    /// There are none.
    Empty,
    /// Whole numbers that hardly ever come twice, such as times: each is near the one before.
    Steps,
    /// Floats that hardly ever come twice.
    Noise,
}

/// A column that is being filled.
pub(super) struct Typed {
    pub name: PlSmallStr,
    pub dtype: DataType,
    kind: Kind,
    values: Values,
    /// Text of one cell, before it is appended.
    scratch: Vec<u8>,
}

enum Values {
    U8(Numbers<u8>),
    U16(Numbers<u16>),
    U32(Numbers<u32>),
    U64(Numbers<u64>),
    I64(Numbers<i64>),
    F64(Numbers<f64>),
    /// Nanoseconds since 1970.
    Time(Numbers<i64>),
    Bool(BooleanChunkedBuilder),
    Text(StringChunkedBuilder),
    /// Places in the list of names.
    Names(Numbers<u8>),
}

impl Values {
    /// Room for so many rows; more may come.
    fn new(kind: Kind, name: PlSmallStr, rows: usize) -> Self {
        match kind {
            Kind::U8 => Self::U8(Numbers::new(rows)),
            Kind::U16 => Self::U16(Numbers::new(rows)),
            Kind::U32 => Self::U32(Numbers::new(rows)),
            Kind::U64 => Self::U64(Numbers::new(rows)),
            Kind::I64 => Self::I64(Numbers::new(rows)),
            Kind::Seconds | Kind::Decimal => Self::F64(Numbers::new(rows)),
            Kind::Time => Self::Time(Numbers::new(rows)),
            Kind::Bool => Self::Bool(BooleanChunkedBuilder::new(name, rows)),
            Kind::Text => Self::Text(StringChunkedBuilder::new(name, rows)),
            Kind::Enum(_) => Self::Names(Numbers::new(rows)),
        }
    }
}

impl Typed {
    pub fn new(field: &Field) -> PolarsResult<Self> {
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

    /// Appends the cells of the next rows. Each is looked at where its getter leaves it: moving it would wait for its parts.
    pub fn extend(&mut self, cells: &dyn Cells, column: usize, rows: Range<usize>) {
        let each = |each: &mut dyn FnMut(Value<'_>)| cells.column(column, rows.clone(), each);
        match &mut self.values {
            Values::U8(values) => each(&mut |cell| values.push(number(&cell, u8::MAX))),
            Values::U16(values) => each(&mut |cell| values.push(number(&cell, u16::MAX))),
            Values::U32(values) => each(&mut |cell| values.push(number(&cell, u32::MAX))),
            Values::U64(values) => each(&mut |cell| values.push(number(&cell, u64::MAX))),
            Values::I64(values) => {
                each(&mut |cell| values.push(if let Value::Signed(number) = cell { Some(number) } else { None }));
            }
            Values::F64(values) => each(&mut |cell| {
                values.push(match cell {
                    Value::Seconds(span) => Some(span.seconds()),
                    Value::Decimal(thousandths) => Some(thousandths as f64 / 1000.0),
                    _ => None,
                });
            }),
            Values::Time(values) => {
                each(&mut |cell| values.push(if let Value::Time(time) = cell { Some(time.0) } else { None }));
            }
            Values::Bool(values) => {
                each(&mut |cell| values.append_option(if let Value::Bool(flag) = cell { Some(flag) } else { None }));
            }
            Values::Names(values) => {
                let Kind::Enum(names) = self.kind else { return };
                let mut last = ("", None);
                each(&mut |cell| values.push(code(names, &cell, &mut last)));
            }
            Values::Text(values) => each(&mut |cell| match cell {
                Value::Null => values.append_null(),
                Value::Text(text) => values.append_value(text.as_ref()),
                cell => {
                    self.scratch.clear();
                    cell.write(Zone::UTC, &mut self.scratch);
                    values.append_option(std::str::from_utf8(&self.scratch).ok());
                }
            }),
        }
    }

    /// Makes room for the first rows of a row group. Not for all of one: most tables are smaller.
    pub fn begin(&mut self, rows: usize) {
        self.values = Values::new(self.kind, self.name.clone(), rows);
    }

    /// The values so far, and what they are like; the column is empty afterwards.
    pub fn take(&mut self) -> PolarsResult<(Series, Shape)> {
        let shape = match &self.values {
            Values::U64(values) if values.are_varied(|value| value) => Shape::Steps,
            Values::I64(values) | Values::Time(values) if values.are_varied(i64::cast_unsigned) => Shape::Steps,
            Values::F64(values) if values.are_varied(f64::to_bits) => Shape::Noise,
            _ => Shape::Any,
        };
        let series = self.series()?;
        let is_empty = series.null_count() == series.len() && !matches!(self.kind, Kind::Enum(_));
        Ok((series, if is_empty { Shape::Empty } else { shape }))
    }

    fn series(&mut self) -> PolarsResult<Series> {
        let empty = Values::new(self.kind, self.name.clone(), 0);
        let name = self.name.clone();
        Ok(match std::mem::replace(&mut self.values, empty) {
            Values::U8(values) => values.finish::<UInt8Type>(name).into_series(),
            Values::U16(values) => values.finish::<UInt16Type>(name).into_series(),
            Values::U32(values) => values.finish::<UInt32Type>(name).into_series(),
            Values::U64(values) => values.finish::<UInt64Type>(name).into_series(),
            Values::I64(values) => values.finish::<Int64Type>(name).into_series(),
            Values::F64(values) => values.finish::<Float64Type>(name).into_series(),
            Values::Time(values) => {
                let values = values.finish::<Int64Type>(name);
                values.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
            }
            Values::Bool(values) => values.finish().into_series(),
            Values::Text(values) => values.finish().into_series(),
            Values::Names(values) => {
                Series::from_cats_and_dtype(&values.finish::<UInt8Type>(name).into_series(), &self.dtype, true)?
            }
        })
    }
}

/// Numbers, a zero where there is none, and which of them are there.
struct Numbers<N> {
    values: Vec<N>,
    there: MutableBitmap,
    /// The bits of the last ones, until 64 have come.
    last: u64,
}

impl<N: Copy + Default> Numbers<N> {
    fn new(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), there: MutableBitmap::with_capacity(rows), last: 0 }
    }

    #[inline(always)]
    fn push(&mut self, number: Option<N>) {
        let place = self.values.len();
        if place == self.values.capacity() {
            self.values.reserve_exact(ROW_GROUP.saturating_sub(place).max(1));
        }
        self.values.push(number.unwrap_or_default());
        self.last |= u64::from(number.is_some()) << (place % 64);
        if place % 64 == 63 {
            self.there.extend_from_slice(&self.last.to_le_bytes(), 0, 64);
            self.last = 0;
        }
    }

    fn is_there(&self, place: usize) -> bool {
        if place < self.there.len() { self.there.get(place) } else { self.last >> (place % 64) & 1 != 0 }
    }

    /// Whether hardly any of the first ones comes twice.
    fn are_varied(&self, bits: impl Fn(N) -> u64) -> bool {
        let first = self.values.iter().enumerate().take(SAMPLE).filter(|(place, _)| self.is_there(*place));
        let mut values: Vec<u64> = first.map(|(_, value)| bits(*value)).collect();
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        values.len() >= FEW && values.len() * 4 > all * 3
    }

    fn finish<T: PolarsNumericType<Native = N>>(mut self, name: PlSmallStr) -> ChunkedArray<T> {
        self.there.extend_from_slice(&self.last.to_le_bytes(), 0, self.values.len() - self.there.len());
        ChunkedArray::from_vec_validity(name, self.values, self.there.into())
    }
}

/// A number, at most what its column holds.
fn number<N: TryFrom<u64>>(cell: &Value<'_>, most: N) -> Option<N> {
    if let Value::Number(number) = cell { Some(N::try_from(*number).unwrap_or(most)) } else { None }
}

/// The place of a name in its column's list, most often that of the `last`. Names are literals, so that equal ones nearly
/// always lie at one address.
fn code(names: &[&'static str], cell: &Value<'_>, last: &mut (&'static str, Option<u8>)) -> Option<u8> {
    let Value::Name(name) = cell else { return None };
    if !std::ptr::eq(*name, last.0) {
        let same = |other: &&str| std::ptr::eq(*other, *name);
        let place = names.iter().position(same).or_else(|| names.iter().position(|other| other == name));
        *last = (name, place.and_then(|place| u8::try_from(place).ok()));
    }
    last.1
}
