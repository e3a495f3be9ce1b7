//! The values of one column in some rows, typed and one after another: what formats take that store columns.

use super::Value;
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

/// The cells of some rows of a column of one kind, with a getter that becomes part of the loop over the rows. Each cell is
/// looked at where it is left: a value that is moved waits until all of its parts are stored.
#[doc(hidden)]
#[macro_export]
macro_rules! values {
    (U8, $rows:expr, $get:expr) => { $crate::values!(@U8 $rows, $get, |cell| number(cell, u8::MAX)) };
    (U16, $rows:expr, $get:expr) => { $crate::values!(@U16 $rows, $get, |cell| number(cell, u16::MAX)) };
    (U32, $rows:expr, $get:expr) => { $crate::values!(@U32 $rows, $get, |cell| number(cell, u32::MAX)) };
    (U64, $rows:expr, $get:expr) => { $crate::values!(@U64 $rows, $get, |cell| number(cell, u64::MAX)) };
    (I64, $rows:expr, $get:expr) => { $crate::values!(@I64 $rows, $get, signed) };
    (Seconds, $rows:expr, $get:expr) => { $crate::values!(@F64 $rows, $get, float) };
    (Decimal, $rows:expr, $get:expr) => { $crate::values!(@F64 $rows, $get, float) };
    (Time, $rows:expr, $get:expr) => { $crate::values!(@I64 $rows, $get, nanoseconds) };
    (Bool, $rows:expr, $get:expr) => { $crate::values!(@Bool $rows, $get, flag) };
    (Enum($names:expr), $rows:expr, $get:expr) => {{
        let mut codes = $crate::report::values::Codes::default();
        let code = |cell: &_| codes.of($names, cell);
        $crate::report::values::Values::U8($crate::report::values::Numbers::of($rows, $get, code))
    }};
    (Text, $rows:expr, $get:expr) => {
        $crate::report::values::Values::Text($crate::report::values::Texts::of($rows, $get))
    };
    (@$values:ident $rows:expr, $get:expr, $pick:expr) => {{
        use $crate::report::values::*;
        Values::$values(Numbers::of($rows, $get, $pick))
    }};
}

impl Values {
    /// What stands in every row, if it is the same.
    fn only(&self) -> Option<Only> {
        match self {
            Self::U8(values) => values.only(u64::from),
            Self::U16(values) => values.only(u64::from),
            Self::U32(values) => values.only(u64::from),
            Self::U64(values) => values.only(|value| value),
            Self::I64(values) => values.only(i64::cast_unsigned),
            Self::F64(values) => values.only(f64::to_bits),
            Self::Bool(values) => values.only(u64::from),
            Self::Text(values) => values.only(),
        }
    }
}

/// What a column says of some rows: once, if it says the same of each. Most columns say the same of most rows, and what is kept
/// until a file takes it is many rows.
pub enum Piece {
    Same(Only),
    Each(Values),
}

impl Piece {
    /// Of a column that has nothing to say without any values.
    pub fn of(values: Option<Values>) -> Self {
        let Some(values) = values else { return Self::Same(Only::Nothing) };
        values.only().map_or(Self::Each(values), Self::Same)
    }
}

/// What stands in every row of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    Nothing,
    /// The bits of a number.
    Number(u64),
    Text(Box<str>),
}

impl Only {
    pub fn bits(&self) -> Option<u64> {
        if let Self::Number(bits) = self { Some(*bits) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Which of some rows have a value: a bit each.
pub struct There {
    bits: Vec<u64>,
    rows: usize,
}

impl There {
    /// `word` gives the bits of 64 rows each, of fewer at the end, in order.
    fn of<'v, R>(rows: &'v [R], word: impl FnMut(&'v [R]) -> u64) -> Self {
        Self { bits: rows.chunks(64).map(word).collect(), rows: rows.len() }
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

impl<N: Copy + Default> Numbers<N> {
    /// What `pick` finds in the cells of some rows.
    pub fn of<'v, R>(
        rows: &'v [R],
        get: impl Fn(&'v R) -> Value<'v>,
        mut pick: impl FnMut(&Value<'v>) -> Option<N>,
    ) -> Self {
        let mut values = Vec::with_capacity(rows.len());
        let there = There::of(rows, |rows| {
            let mut bits = 0;
            values.extend(rows.iter().enumerate().map(|(bit, row)| {
                let number = pick(&get(row));
                bits |= u64::from(number.is_some()) << bit;
                number.unwrap_or_default()
            }));
            bits
        });
        Self { values, there }
    }

    /// What stands in every row, if it is the same.
    fn only(&self, bits: impl Fn(N) -> u64) -> Option<Only> {
        let &first = self.values.first()?;
        if !self.there.has(0) {
            return self.there.none().then_some(Only::Nothing);
        }
        // Many at once: leaving the loop at each that differs would take longer than going on.
        let first = bits(first);
        let differ = |values: &[N]| values.iter().fold(0, |differ, value| differ | (bits(*value) ^ first)) != 0;
        let same = self.there.all() && !self.values.chunks(64).any(differ);
        same.then_some(Only::Number(first))
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
    pub fn of<'v, R>(rows: &'v [R], get: impl Fn(&'v R) -> Value<'v>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        let mut is_there = |row: &'v R| {
            let cell = &get(row);
            match cell {
                Value::Null => {}
                Value::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                cell => cell.write(Zone::UTC, &mut bytes),
            }
            ends.push(bytes.len() as u32);
            !matches!(cell, Value::Null)
        };
        let there = There::of(rows, |rows| {
            rows.iter().enumerate().fold(0, |bits, (bit, row)| bits | u64::from(is_there(row)) << bit)
        });
        Self { bytes, ends, there }
    }

    /// What stands in every row, if it is the same.
    fn only(&self) -> Option<Only> {
        let first = self.each().next()?;
        self.each().all(|text| text == first).then(|| first.map_or(Only::Nothing, |text| Only::Text(text.into())))
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
pub fn number<N: TryFrom<u64>>(cell: &Value<'_>, most: N) -> Option<N> {
    if let Value::Number(number) = cell { Some(N::try_from(*number).unwrap_or(most)) } else { None }
}

#[inline(always)]
pub fn signed(cell: &Value<'_>) -> Option<i64> {
    if let Value::Signed(number) = cell { Some(*number) } else { None }
}

/// Seconds, or a decimal.
#[inline(always)]
pub fn float(cell: &Value<'_>) -> Option<f64> {
    match cell {
        Value::Seconds(span) => Some(span.seconds()),
        Value::Decimal(thousandths) => Some(*thousandths as f64 / 1000.0),
        _ => None,
    }
}

/// A time, since 1970.
#[inline(always)]
pub fn nanoseconds(cell: &Value<'_>) -> Option<i64> {
    if let Value::Time(time) = cell { Some(time.0) } else { None }
}

#[inline(always)]
pub fn flag(cell: &Value<'_>) -> Option<bool> {
    if let Value::Bool(flag) = cell { Some(*flag) } else { None }
}

/// The places of names in their column's list. Names are literals, so that equal ones nearly always lie at one address: by it,
/// those found last are found again.
#[derive(Default)]
pub struct Codes([(&'static str, Option<u8>); 16]);

impl Codes {
    #[inline(always)]
    pub fn of(&mut self, names: &[&'static str], cell: &Value<'_>) -> Option<u8> {
        let Value::Name(name) = cell else { return None };
        let address = name.as_ptr().addr();
        let last = &mut self.0[(address ^ address >> 4) % 16];
        if !std::ptr::eq(*name, last.0) {
            *last = (name, Self::find(names, name));
        }
        last.1
    }

    #[inline(never)]
    fn find(names: &[&'static str], name: &'static str) -> Option<u8> {
        let same = |other: &&str| std::ptr::eq(*other, name);
        let place = names.iter().position(same).or_else(|| names.iter().position(|other| *other == name));
        place.and_then(|place| u8::try_from(place).ok())
    }
}
