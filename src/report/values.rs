//! The values of one column in some rows, typed and one after another: what formats take that store columns.

use super::{Kind, Value};
use crate::time::Zone;

/// The values of a column, by the type that holds them.
pub enum Values {
    U8(Numbers<u8>),
    U16(Numbers<u16>),
    U32(Numbers<u32>),
    U64(Numbers<u64>),
    I64(Numbers<i64>),
    F64(Numbers<f64>),
    Bool(Numbers<bool>),
    Text(Texts),
}

impl Values {
    /// The cells of some rows of a column of this kind. Each is looked at where `get` leaves it: a value that is moved waits
    /// until all of its parts are stored, which takes longer than everything else here.
    pub fn of<'v, R>(kind: Kind, rows: &'v [R], get: impl Fn(&'v R) -> Value<'v>) -> Self {
        match kind {
            Kind::U8 => Self::U8(Numbers::of(rows, |row| number(&get(row), u8::MAX))),
            Kind::U16 => Self::U16(Numbers::of(rows, |row| number(&get(row), u16::MAX))),
            Kind::U32 => Self::U32(Numbers::of(rows, |row| number(&get(row), u32::MAX))),
            Kind::U64 => Self::U64(Numbers::of(rows, |row| number(&get(row), u64::MAX))),
            Kind::I64 => Self::I64(Numbers::of(rows, |row| match &get(row) {
                Value::Signed(number) => Some(*number),
                _ => None,
            })),
            Kind::Seconds | Kind::Decimal => Self::F64(Numbers::of(rows, |row| match &get(row) {
                Value::Seconds(span) => Some(span.seconds()),
                Value::Decimal(thousandths) => Some(*thousandths as f64 / 1000.0),
                _ => None,
            })),
            // Nanoseconds since 1970.
            Kind::Time => Self::I64(Numbers::of(rows, |row| match &get(row) {
                Value::Time(time) => Some(time.0),
                _ => None,
            })),
            Kind::Bool => Self::Bool(Numbers::of(rows, |row| match &get(row) {
                Value::Bool(flag) => Some(*flag),
                _ => None,
            })),
            // Places in the list of names.
            Kind::Enum(names) => {
                let mut last = ("", None);
                Self::U8(Numbers::of(rows, |row| code(names, &get(row), &mut last)))
            }
            Kind::Text => Self::Text(Texts::of(rows, get)),
        }
    }

    /// So many rows of a column of this kind without any value.
    pub fn nothing(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::U8 | Kind::Enum(_) => Self::U8(Numbers::nothing(rows)),
            Kind::U16 => Self::U16(Numbers::nothing(rows)),
            Kind::U32 => Self::U32(Numbers::nothing(rows)),
            Kind::U64 => Self::U64(Numbers::nothing(rows)),
            Kind::I64 | Kind::Time => Self::I64(Numbers::nothing(rows)),
            Kind::Seconds | Kind::Decimal => Self::F64(Numbers::nothing(rows)),
            Kind::Bool => Self::Bool(Numbers::nothing(rows)),
            Kind::Text => Self::Text(Texts { bytes: Vec::new(), ends: vec![0; rows], there: There::nowhere(rows) }),
        }
    }

    /// Whether this stands in every row.
    pub fn are_all(&self, only: &Only) -> bool {
        match self {
            Self::U8(values) => values.are_all(only, u64::from),
            Self::U16(values) => values.are_all(only, u64::from),
            Self::U32(values) => values.are_all(only, u64::from),
            Self::U64(values) => values.are_all(only, |value| value),
            Self::I64(values) => values.are_all(only, i64::cast_unsigned),
            Self::F64(values) => values.are_all(only, f64::to_bits),
            Self::Bool(values) => values.are_all(only, u64::from),
            Self::Text(values) => values.are_all(only),
        }
    }

    /// What stands in every row, if it is the same.
    pub fn only(&self) -> Option<Only> {
        let first = match self {
            Self::U8(values) => values.first(u64::from),
            Self::U16(values) => values.first(u64::from),
            Self::U32(values) => values.first(u64::from),
            Self::U64(values) => values.first(|value| value),
            Self::I64(values) => values.first(i64::cast_unsigned),
            Self::F64(values) => values.first(f64::to_bits),
            Self::Bool(values) => values.first(u64::from),
            Self::Text(values) => values.first(),
        };
        first.filter(|first| self.are_all(first))
    }
}

/// What stands in every row of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    Nothing,
    Number(u64),
    Text(Box<str>),
}

/// Which of some rows have a value: a bit each.
pub struct There {
    bits: Vec<u64>,
    rows: usize,
}

impl There {
    /// `has_value` is asked once about each row, in order.
    fn of<'v, R>(rows: &'v [R], mut has_value: impl FnMut(&'v R) -> bool) -> Self {
        let mut word =
            |rows: &'v [R]| rows.iter().enumerate().fold(0, |bits, (bit, row)| bits | u64::from(has_value(row)) << bit);
        Self { bits: rows.chunks(64).map(&mut word).collect(), rows: rows.len() }
    }

    fn nowhere(rows: usize) -> Self {
        Self { bits: vec![0; rows.div_ceil(64)], rows }
    }

    fn none(&self) -> bool {
        self.bits.iter().all(|&bits| bits == 0)
    }

    fn all(&self) -> bool {
        self.words().all(|(bits, rows)| bits.count_ones() as usize == rows)
    }

    fn has(&self, place: usize) -> bool {
        self.bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 != 0)
    }

    /// The bits of 64 rows each, of fewer at the end, and how many.
    pub fn words(&self) -> impl Iterator<Item = (u64, usize)> {
        self.bits.iter().enumerate().map(|(index, &bits)| (bits, (self.rows - index * 64).min(64)))
    }
}

/// Numbers, a zero where there is none, and which of them are there.
pub struct Numbers<N> {
    pub values: Vec<N>,
    pub there: There,
}

impl<N: Copy + Default + PartialEq> Numbers<N> {
    fn of<'v, R>(rows: &'v [R], mut pick: impl FnMut(&'v R) -> Option<N>) -> Self {
        let mut values = Vec::with_capacity(rows.len());
        let there = There::of(rows, |row| {
            let number = pick(row);
            values.push(number.unwrap_or_default());
            number.is_some()
        });
        Self { values, there }
    }

    fn nothing(rows: usize) -> Self {
        Self { values: vec![N::default(); rows], there: There::nowhere(rows) }
    }

    /// What stands in the first row.
    fn first(&self, bits: impl Fn(N) -> u64) -> Option<Only> {
        let first = self.values.first()?;
        Some(if self.there.has(0) { Only::Number(bits(*first)) } else { Only::Nothing })
    }

    fn are_all(&self, only: &Only, bits: impl Fn(N) -> u64) -> bool {
        match only {
            Only::Nothing => self.there.none(),
            Only::Number(number) => self.there.all() && self.values.iter().all(|value| bits(*value) == *number),
            Only::Text(_) => false,
        }
    }

    pub fn each(&self) -> impl Iterator<Item = Option<N>> {
        self.values.iter().enumerate().map(|(place, value)| self.there.has(place).then_some(*value))
    }
}

/// Texts one after another, where each ends, and which of them are there.
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    there: There,
}

impl Texts {
    fn of<'v, R>(rows: &'v [R], get: impl Fn(&'v R) -> Value<'v>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        let there = There::of(rows, |row| {
            let cell = &get(row);
            match cell {
                Value::Null => {}
                Value::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                cell => cell.write(Zone::UTC, &mut bytes),
            }
            ends.push(bytes.len() as u32);
            !matches!(cell, Value::Null)
        });
        Self { bytes, ends, there }
    }

    /// What stands in the first row.
    fn first(&self) -> Option<Only> {
        Some(self.each().next()?.map_or(Only::Nothing, |text| Only::Text(text.into())))
    }

    fn are_all(&self, only: &Only) -> bool {
        match only {
            Only::Nothing => self.there.none(),
            Only::Text(only) => self.each().all(|text| text == Some(only)),
            Only::Number(_) => false,
        }
    }

    pub fn each(&self) -> impl Iterator<Item = Option<&str>> {
        let all = std::str::from_utf8(&self.bytes).unwrap_or_default(); // every cell wrote whole characters
        let mut start = 0;
        self.ends.iter().enumerate().map(move |(place, &end)| {
            let text = all.get(std::mem::replace(&mut start, end as usize)..end as usize);
            text.filter(|_| self.there.has(place))
        })
    }
}

/// A number, at most what its column holds.
#[inline(always)]
fn number<N: TryFrom<u64>>(cell: &Value<'_>, most: N) -> Option<N> {
    if let Value::Number(number) = cell { Some(N::try_from(*number).unwrap_or(most)) } else { None }
}

/// The place of a name in its column's list, most often that of the `last`. Names are literals, so that equal ones nearly
/// always lie at one address.
#[inline(always)]
fn code(names: &[&'static str], cell: &Value<'_>, last: &mut (&'static str, Option<u8>)) -> Option<u8> {
    let Value::Name(name) = cell else { return None };
    if !std::ptr::eq(*name, last.0) {
        let same = |other: &&str| std::ptr::eq(*other, *name);
        let place = names.iter().position(same).or_else(|| names.iter().position(|other| other == name));
        *last = (name, place.and_then(|place| u8::try_from(place).ok()));
    }
    last.1
}
