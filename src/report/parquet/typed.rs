//! Columns of a row group, made of the values of its parts.

use crate::report::Kind;
use crate::report::columns::Field;
use crate::report::values::{Numbers, Only, Texts, There, Values};
use polars::prelude::*;
use polars_arrow::bitmap::MutableBitmap;

/// So many values, the first ones, tell how often they come; fewer than `FEW` tell nothing.
const SAMPLE: usize = 256;
const FEW: usize = 16;

/// What the values of a column are like, as far as its encoding depends on it.
pub(super) enum Shape {
    Any,
    /// Whole numbers that hardly ever come twice, such as times: each is near the one before.
    Steps,
    /// Floats that hardly ever come twice.
    Noise,
    /// Texts that hardly ever come twice.
    Words,
}

/// A column of the file.
pub(super) struct Typed {
    pub name: PlSmallStr,
    pub dtype: DataType,
    pub kind: Kind,
}

impl Typed {
    pub fn new(field: &Field) -> PolarsResult<Self> {
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
        Ok(Self { name: PlSmallStr::from_static(field.name), dtype, kind: field.kind })
    }

    /// What stands in every row of a row group whose parts have these values, if it is the same.
    pub fn only(parts: &[&Values]) -> Option<Only> {
        let (first, rest) = parts.split_first()?;
        let only = first.only()?;
        rest.iter().all(|part| part.are_all(&only)).then_some(only)
    }

    /// The column of a row group whose parts have these values, and what it is like.
    pub fn join(&self, parts: &[&Values], rows: usize) -> PolarsResult<(Series, Shape)> {
        let name = self.name.clone();
        macro_rules! parts {
            ($kind:ident) => {
                parts.iter().filter_map(|part| if let Values::$kind(values) = part { Some(values) } else { None })
            };
        }
        let shape = match parts.first() {
            _ if matches!(self.kind, Kind::Enum(_)) => Shape::Any,
            Some(Values::U8(_) | Values::U16(_) | Values::U32(_) | Values::U64(_) | Values::I64(_)) => Shape::Steps,
            Some(Values::F64(_)) if are_varied(parts!(F64).flat_map(Numbers::each), f64::to_bits) => Shape::Noise,
            Some(Values::Text(_)) if are_varied(parts!(Text).flat_map(Texts::each), |text| text) => Shape::Words,
            _ => Shape::Any,
        };
        let series = match self.kind {
            Kind::U8 => joined::<UInt8Type>(name, parts!(U8), rows).into_series(),
            Kind::U16 => joined::<UInt16Type>(name, parts!(U16), rows).into_series(),
            Kind::U32 => joined::<UInt32Type>(name, parts!(U32), rows).into_series(),
            Kind::U64 => joined::<UInt64Type>(name, parts!(U64), rows).into_series(),
            Kind::I64 => joined::<Int64Type>(name, parts!(I64), rows).into_series(),
            Kind::Seconds | Kind::Decimal => joined::<Float64Type>(name, parts!(F64), rows).into_series(),
            Kind::Time => {
                let values = joined::<Int64Type>(name, parts!(I64), rows);
                values.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
            }
            Kind::Bool => {
                let mut flags = BooleanChunkedBuilder::new(name, rows);
                parts!(Bool).flat_map(Numbers::each).for_each(|flag| flags.append_option(flag));
                flags.finish().into_series()
            }
            Kind::Text => {
                let mut texts = StringChunkedBuilder::new(name, rows);
                parts!(Text).for_each(|part| part.each().for_each(|text| texts.append_option(text)));
                texts.finish().into_series()
            }
            Kind::Enum(_) => {
                let codes = joined::<UInt8Type>(name, parts!(U8), rows).into_series();
                Series::from_cats_and_dtype(&codes, &self.dtype, true)?
            }
        };
        Ok((series, shape))
    }
}

fn joined<'p, T>(name: PlSmallStr, parts: impl Iterator<Item = &'p Numbers<T::Native>>, rows: usize) -> ChunkedArray<T>
where
    T: PolarsNumericType,
    T::Native: 'p,
{
    let (mut values, mut there) = (Vec::with_capacity(rows), MutableBitmap::with_capacity(rows));
    for part in parts {
        values.extend_from_slice(&part.values);
        append_there(&part.there, &mut there);
    }
    ChunkedArray::from_vec_validity(name, values, there.into())
}

/// Whether hardly any of the first values comes twice.
fn are_varied<V, K: Ord>(values: impl Iterator<Item = Option<V>>, key: impl Fn(V) -> K) -> bool {
    let mut keys: Vec<K> = values.take(SAMPLE).flatten().map(key).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    keys.len() >= FEW && keys.len() * 4 > all * 3
}

fn append_there(there: &There, bitmap: &mut MutableBitmap) {
    there.words().for_each(|(bits, rows)| bitmap.extend_from_slice(&bits.to_le_bytes(), 0, rows));
}
