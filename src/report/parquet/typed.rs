//! Columns of a row group, made of the values of its parts.

use crate::report::Kind;
use crate::report::columns::Field;
use crate::report::values::{Only, Piece, There, Values};
use polars::prelude::*;
use polars_arrow::bitmap::MutableBitmap;
use std::iter::repeat_n;

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

    /// What stands in every row of a row group with these pieces of a column, if it is the same.
    pub fn only<'p>(pieces: &[(&'p Piece, usize)]) -> Option<&'p Only> {
        let mut each = pieces.iter().map(|(piece, _)| if let Piece::Same(only) = piece { Some(only) } else { None });
        let first = each.next()??;
        each.all(|only| only == Some(first)).then_some(first)
    }

    /// The column of a row group with these pieces, each of so many rows, and what it is like.
    pub fn join(&self, pieces: &[(&Piece, usize)], rows: usize) -> PolarsResult<(Series, Shape)> {
        let name = self.name.clone();
        macro_rules! joined {
            ($type:ty, $kind:ident, $number:expr) => {{
                let mut column = Numbered::with_capacity(rows);
                for (piece, count) in pieces {
                    match piece {
                        Piece::Each(Values::$kind(each)) => column.push_each(&each.values, &each.there),
                        Piece::Same(Only::Number(bits)) => column.push_same(Some($number(*bits)), *count),
                        _ => column.push_same(None, *count),
                    }
                }
                ChunkedArray::<$type>::from_vec_validity(name, column.values, column.there.into())
            }};
        }
        let series = match self.kind {
            Kind::U8 => joined!(UInt8Type, U8, |bits| bits as u8).into_series(),
            Kind::U16 => joined!(UInt16Type, U16, |bits| bits as u16).into_series(),
            Kind::U32 => joined!(UInt32Type, U32, |bits| bits as u32).into_series(),
            Kind::U64 => joined!(UInt64Type, U64, |bits| bits).into_series(),
            Kind::I64 => joined!(Int64Type, I64, u64::cast_signed).into_series(),
            Kind::Seconds | Kind::Decimal => joined!(Float64Type, F64, f64::from_bits).into_series(),
            Kind::Time => {
                let times = joined!(Int64Type, I64, u64::cast_signed);
                times.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
            }
            Kind::Bool => {
                let mut flags = BooleanChunkedBuilder::new(name, rows);
                cells(pieces, bools, |only| only.bits().map(|bits| bits != 0))
                    .for_each(|flag| flags.append_option(flag));
                flags.finish().into_series()
            }
            Kind::Text => {
                let mut column = StringChunkedBuilder::new(name, rows);
                cells(pieces, texts, Only::text).for_each(|text| column.append_option(text));
                column.finish().into_series()
            }
            Kind::Enum(_) => {
                let codes = joined!(UInt8Type, U8, |bits| bits as u8).into_series();
                Series::from_cats_and_dtype(&codes, &self.dtype, true)?
            }
        };
        Ok((series, self.shape(pieces)))
    }

    /// What the column is like, as its first values say.
    fn shape(&self, pieces: &[(&Piece, usize)]) -> Shape {
        match self.kind {
            Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::Time => Shape::Steps,
            Kind::Bool | Kind::Enum(_) => Shape::Any,
            Kind::Seconds | Kind::Decimal if are_varied(cells(pieces, float_bits, Only::bits)) => Shape::Noise,
            Kind::Text if are_varied(cells(pieces, texts, Only::text)) => Shape::Words,
            Kind::Seconds | Kind::Decimal | Kind::Text => Shape::Any,
        }
    }
}

/// Numbers of a row group on their way, a zero where there is none.
struct Numbered<N> {
    values: Vec<N>,
    there: MutableBitmap,
}

impl<N: Copy + Default> Numbered<N> {
    fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), there: MutableBitmap::with_capacity(rows) }
    }

    fn push_each(&mut self, values: &[N], there: &There) {
        self.values.extend_from_slice(values);
        there.words().for_each(|(bits, rows)| self.there.extend_from_slice(&bits.to_le_bytes(), 0, rows));
    }

    fn push_same(&mut self, number: Option<N>, rows: usize) {
        self.values.resize(self.values.len() + rows, number.unwrap_or_default());
        self.there.extend_constant(rows, number.is_some());
    }
}

fn bools(values: &Values) -> Option<impl Iterator<Item = Option<bool>>> {
    if let Values::Bool(each) = values { Some(each.each()) } else { None }
}

fn float_bits(values: &Values) -> Option<impl Iterator<Item = Option<u64>>> {
    if let Values::F64(each) = values { Some(each.each().map(|value| value.map(f64::to_bits))) } else { None }
}

fn texts(values: &Values) -> Option<impl Iterator<Item = Option<&str>>> {
    if let Values::Text(each) = values { Some(each.each()) } else { None }
}

/// What all pieces say, row by row: `each` reads what varies, `same` what does not.
fn cells<'p, V: Clone, I: Iterator<Item = Option<V>>>(
    pieces: &[(&'p Piece, usize)],
    each: impl Fn(&'p Values) -> Option<I>,
    same: impl Fn(&'p Only) -> Option<V>,
) -> impl Iterator<Item = Option<V>> {
    pieces.iter().flat_map(move |&(piece, rows)| {
        let (varied, only) = match piece {
            Piece::Each(values) => (each(values), None),
            Piece::Same(only) => (None, Some(repeat_n(same(only), rows))),
        };
        varied.into_iter().flatten().chain(only.into_iter().flatten())
    })
}

/// Whether hardly any of the first values comes twice.
fn are_varied<K: Ord>(values: impl Iterator<Item = Option<K>>) -> bool {
    let mut keys: Vec<K> = values.take(SAMPLE).flatten().collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    keys.len() >= FEW && keys.len() * 4 > all * 3
}
