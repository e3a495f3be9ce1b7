//! One cell of a table: its type, its value, and the value as text.

use crate::tcp::Moment;
use crate::time::{SECOND, Span, Timestamp, Zone};
use std::borrow::Cow;
use std::io::Write;
use std::net::IpAddr;

/// Type of a column's cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    U8,
    U16,
    U32,
    U64,
    /// An integer that may be negative.
    I64,
    Bool,
    /// A duration in seconds, to the nanosecond: a 64-bit float where the format has types.
    Seconds,
    /// A number that may be negative, with up to three places: a 64-bit float where the format has types.
    Decimal,
    /// Nanoseconds since 1970 UTC; RFC 3339 in text.
    Time,
    Text,
    /// One of these names.
    Enum(&'static [&'static str]),
}

impl Kind {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 | Self::I64 => "integer",
            Self::Bool => "true or false",
            Self::Seconds | Self::Decimal => "number",
            Self::Time => "time",
            Self::Text => "text",
            Self::Enum(_) => "name",
        }
    }
}

/// A cell. What is absent or not known is [`Value::Null`], never 0, -1 or an empty text.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    Null,
    Number(u64),
    Signed(i64),
    Bool(bool),
    Seconds(Span),
    /// Thousandths.
    Decimal(i64),
    Time(Timestamp),
    /// Of a column of kind [`Kind::Enum`].
    Name(&'static str),
    /// Text: 16 hexadecimal digits.
    Id(u64),
    /// Text: as people write it.
    Ip(IpAddr),
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// Null if there is nothing in it.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.is_empty() { Value::Null } else { Value::Text(text) }
    }

    /// A duration; null if it would be negative.
    pub fn seconds(span: Option<Span>) -> Self {
        span.filter(|span| span.0 >= 0).map_or(Value::Null, Value::Seconds)
    }

    /// A difference of two times, which may go either way.
    pub fn difference(span: Option<Span>) -> Self {
        span.map_or(Value::Null, Value::Seconds)
    }

    pub fn number<N: Into<u64>>(number: Option<N>) -> Self {
        number.map_or(Value::Null, |number| Value::Number(number.into()))
    }

    pub fn signed(number: Option<i64>) -> Self {
        number.map_or(Value::Null, Value::Signed)
    }

    pub fn name(name: Option<&'static str>) -> Self {
        name.map_or(Value::Null, Value::Name)
    }

    pub fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Value::Null, Value::Time)
    }

    pub fn moment(moment: Moment) -> Self {
        Self::time(moment.get())
    }

    /// Appends the value as text, without any quoting and times as they are in `zone`; nothing for null. In line, where hardly
    /// anything of it is left if the getter is known.
    #[inline(always)]
    pub fn write(&self, zone: Zone, out: &mut Vec<u8>) {
        match self {
            Value::Null => {}
            Value::Number(number) => write_number(out, *number),
            Value::Signed(number) => write_signed(out, *number),
            Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
            Value::Seconds(span) => write_seconds(out, *span),
            Value::Decimal(thousandths) => write_decimal(out, *thousandths),
            Value::Time(time) => time.write_rfc3339(zone, out),
            Value::Name(name) => out.extend_from_slice(name.as_bytes()),
            Value::Id(id) => write_id(out, *id),
            Value::Ip(ip) => write_ip(out, *ip),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// The value as text, times in UTC, for a place where speed does not matter.
    pub fn print(&self) -> String {
        let mut out = Vec::new();
        self.write(Zone::UTC, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

fn write_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Seconds as a decimal with one to nine places: exact, unlike a float.
fn write_seconds(out: &mut Vec<u8>, span: Span) {
    if span.0 < 0 {
        out.push(b'-');
    }
    let nanoseconds = span.0.unsigned_abs();
    write_number(out, nanoseconds / SECOND.unsigned_abs());
    out.push(b'.');
    let mut digits = [b'0'; 9];
    let mut rest = nanoseconds % SECOND.unsigned_abs();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let end = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(0);
    out.extend_from_slice(&digits[..=end]);
}

fn write_signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    write_number(out, number.unsigned_abs());
}

/// A decimal without needless places.
fn write_decimal(out: &mut Vec<u8>, thousandths: i64) {
    if thousandths < 0 {
        out.push(b'-');
    }
    let (whole, places) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    write_number(out, whole);
    if places > 0 {
        let text = format!(".{places:03}");
        out.extend_from_slice(text.trim_end_matches('0').as_bytes());
    }
}

fn write_id(out: &mut Vec<u8>, id: u64) {
    let mut digits = [0; 16];
    for (place, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(id >> (60 - 4 * place) & 0xf) as usize];
    }
    out.extend_from_slice(&digits);
}

/// Each octet with the dot behind it, and how many bytes these are.
static OCTETS: [([u8; 4], u8); 256] = {
    let mut all = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = 1 + (octet > 9) as usize + (octet > 99) as usize;
        let (mut place, mut rest) = (digits, octet);
        while place > 0 {
            place -= 1;
            all[octet].0[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        all[octet].1 = digits as u8 + 1;
        octet += 1;
    }
    all
};

fn write_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let (mut text, mut end) = ([0; 16], 0);
            for octet in ip.octets() {
                let (digits, count) = OCTETS[usize::from(octet)];
                text[end..end + 4].copy_from_slice(&digits);
                end += usize::from(count);
            }
            out.extend_from_slice(&text[..end - 1]);
        }
        IpAddr::V6(ip) => {
            let _ = write!(out, "{ip}"); // a vector takes everything
        }
    }
}

/// For `summary.json` and JSON lines.
impl serde::Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Signed(number) => serializer.serialize_i64(*number),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Seconds(span) => serializer.serialize_f64(span.seconds()),
            Value::Decimal(thousandths) => serializer.serialize_f64(*thousandths as f64 / 1000.0),
            Value::Name(name) => serializer.serialize_str(name),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(_) | Value::Id(_) | Value::Ip(_) => serializer.serialize_str(&self.print()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_values_read_back(number: u64, nanoseconds in 0i64..1 << 53, four: [u8; 4], six: [u8; 16]) {
            prop_assert_eq!(Value::Number(number).print(), number.to_string());
            prop_assert_eq!(Value::Id(number).print(), format!("{number:016x}"));
            for ip in [IpAddr::from(four), IpAddr::from(six)] {
                prop_assert_eq!(Value::Ip(ip).print(), ip.to_string());
            }
            let span = Span(nanoseconds);
            prop_assert_eq!(Value::Seconds(span).print().parse::<f64>().unwrap(), span.seconds());
        }
    }

    #[test]
    fn seconds_keep_their_places() {
        let text = |nanoseconds| Value::Seconds(Span(nanoseconds)).print();
        assert_eq!(text(0), "0.0");
        assert_eq!(text(3 * SECOND), "3.0");
        assert_eq!(text(1), "0.000000001");
        assert_eq!(text(-1_250_000_000), "-1.25");
    }

    #[test]
    fn decimals_have_the_places_that_they_need() {
        let text = |thousandths| Value::Decimal(thousandths).print();
        assert_eq!(
            ["0", "-3", "12.5", "0.001"],
            [text(0), text(-3000), text(12_500), text(1)].map(|text| text).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn a_negative_duration_is_no_duration() {
        assert_eq!(Value::seconds(Some(Span(-1))), Value::Null);
    }
}
