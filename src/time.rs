//! Points in time and spans between them; the one room that knows calendars and zones.
//!
//! A [`Timestamp`] counts nanoseconds since 1970 UTC in an `i64` (1677 to 2262): what captures carry,
//! what Parquet stores, and what subtracts exactly. Names of zones and calendar fields appear only
//! when a time is printed or read.

pub mod calendar;
mod zone;

pub use zone::Zone;

use serde::{Deserialize, Serialize};

pub const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// Nanoseconds from one time to another; negative when a clock stepped back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Span(pub i64);

impl Timestamp {
    /// From seconds and nanoseconds, clamped to what an `i64` holds.
    pub const fn from_parts(seconds: i64, nanoseconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND).saturating_add(nanoseconds))
    }

    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// A time as RFC 3339 writes it, with its offset from UTC.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(Self)
    }

    /// A date (year, month, day) and a time of day (hour, minute, second) in UTC; `None` where the calendar has none such.
    pub fn from_civil(date: (u16, u16, u16), time: (u16, u16, u16)) -> Option<Self> {
        let small = |number: u16| i8::try_from(number).ok();
        let year = i16::try_from(date.0).ok()?;
        let date = jiff::civil::Date::new(year, small(date.1)?, small(date.2)?).ok()?;
        let time = jiff::civil::Time::new(small(time.0)?, small(time.1)?, small(time.2)?, 0).ok()?;
        let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self::from_parts(zoned.timestamp().as_second(), 0))
    }

    /// Of a file's date, clamped to what an `i64` holds.
    pub fn of_system(time: std::time::SystemTime) -> Self {
        let nanoseconds = |span: std::time::Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Self(nanoseconds(after)),
            Err(before) => Self(-nanoseconds(before.duration())),
        }
    }

    /// A time as people write it: RFC 3339, or a date with or without a time of day, in `zone` unless it names an offset or a
    /// zone of its own.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, String> {
        let text = text.trim();
        let of = |time: jiff::Timestamp| i64::try_from(time.as_nanosecond()).ok().map(Self);
        let absolute =
            text.parse::<jiff::Timestamp>().or_else(|_| text.parse::<jiff::Zoned>().map(|time| time.timestamp()));
        let civil = || text.parse::<jiff::civil::DateTime>().and_then(|time| zone.to_timestamp(time));
        let time = absolute.or_else(|_| civil()).map_err(|_| {
            format!("`{text}` is no time: write 2026-11-20T20:05:54Z, or with an offset such as +01:00")
        })?;
        of(time).ok_or_else(|| format!("`{text}` lies outside of the years 1678 to 2261"))
    }

    /// RFC 3339 with nine decimals, appended to `out`: `2026-11-23T08:54:54.000000001Z`, elsewhere than in UTC with the offset.
    pub fn write_rfc3339(self, zone: Zone, out: &mut Vec<u8>) {
        let offset = zone.offset_minutes(self);
        let (seconds, fraction) = (self.0.div_euclid(SECOND), self.0.rem_euclid(SECOND));
        let local = seconds + offset * 60; // cannot overflow: all nanoseconds are some 2^33 seconds
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00.000000000";
        let [century, years] = [year / 100, year % 100];
        for (at, value) in [
            (0, century),
            (2, years),
            (5, month),
            (8, day),
            (11, second / 3600),
            (14, second / 60 % 60),
            (17, second % 60),
        ] {
            digits(&mut text[at..at + 2], value);
        }
        digits(&mut text[20..29], fraction);
        out.extend_from_slice(&text);
        if zone == Zone::UTC {
            out.push(b'Z');
        } else {
            let mut text = if offset < 0 { *b"-00:00" } else { *b"+00:00" };
            digits(&mut text[1..3], offset / 60);
            digits(&mut text[4..6], offset % 60);
            out.extend_from_slice(&text);
        }
    }

    /// RFC 3339 in UTC with nine decimals.
    pub fn rfc3339(self) -> String {
        self.written(Zone::UTC)
    }

    fn written(self, zone: Zone) -> String {
        let mut out = Vec::with_capacity(35);
        self.write_rfc3339(zone, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The year in UTC.
    pub fn year(self) -> Option<i16> {
        i16::try_from(civil(self.0.div_euclid(86_400 * SECOND)).0).ok()
    }

    /// For people, to the second and without the zone: `2026-11-23 08:54:54`.
    pub fn date_and_time(self, zone: Zone) -> String {
        self.with_decimals(zone, 0)
    }

    /// The same with the first six decimals: `2026-11-23 08:54:54.000001`.
    pub fn to_the_microsecond(self, zone: Zone) -> String {
        self.with_decimals(zone, 7)
    }

    fn with_decimals(self, zone: Zone, more: usize) -> String {
        self.written(zone).chars().take(19 + more).map(|c| if c == 'T' { ' ' } else { c }).collect()
    }

    /// For people, the time of day to the second and without the zone: `08:54:54`.
    pub fn time_of_day(self, zone: Zone) -> String {
        self.written(zone).chars().skip(11).take(8).collect()
    }
}

impl Span {
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND))
    }

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1000))
    }

    /// A duration as people write it: `30s`, `1h30m`, `250ms`, `90` (seconds).
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, f64); 8] = [
            ("ns", 1.0),
            ("us", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
            ("min", 6e10),
            ("m", 6e10),
            ("h", 3.6e12),
            ("d", 8.64e13),
        ];
        let wrong = || format!("`{text}` is no duration: write 30s, 5m, 1h30m or 250ms");
        let (mut rest, mut sum) = (text.trim(), 0.0);
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let (unit, tail) = tail.split_at(letters);
            let unit = if unit.is_empty() && tail.is_empty() { "s" } else { unit };
            let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            sum += number.parse::<f64>().map_err(|_| wrong())? * nanoseconds;
            rest = tail;
        }
        // Saturates: no capture lasts 292 years.
        Ok(Self(sum.round() as i64))
    }

    pub fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Written out
/// because a table of 4 million rows prints 8 million times; a test holds it against `jiff`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // days since 0000-03-01, so that leap days end a year
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// Fills the places with the last digits of a number.
fn digits(places: &mut [u8], value: i64) {
    let mut rest = value.unsigned_abs() as u32; // at most nine digits
    for place in places.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_time_prints_as_the_calendar_crate_prints_it(nanoseconds: i64) {
            let theirs = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).expect("in range");
            prop_assert_eq!(Timestamp(nanoseconds).rfc3339(), format!("{theirs:.9}"));
            for (zone, minutes) in [("-03:30", -210), ("+14:00", 840)] {
                let there = Zone::parse(zone).expect("an offset");
                let same = Timestamp(nanoseconds).written(there);
                let shifted = nanoseconds.checked_add(minutes * 60 * SECOND).map(|local| Timestamp(local).rfc3339());
                prop_assert!(shifted.is_none_or(|shifted| same == shifted.replace('Z', zone)), "{same}");
            }
            prop_assert_eq!(Timestamp::from_rfc3339(&Timestamp(nanoseconds).rfc3339()), Some(Timestamp(nanoseconds)));
        }
    }

    #[test]
    fn people_read_seconds_without_the_zone_letter() {
        let time = Timestamp::from_parts(1_795_424_094, 5_000);
        assert_eq!(time.date_and_time(Zone::UTC), "2026-11-23 08:54:54");
        assert_eq!(time.to_the_microsecond(Zone::UTC), "2026-11-23 08:54:54.000005");
        assert_eq!(time.time_of_day(Zone::UTC), "08:54:54");
    }

    #[test]
    fn times_are_read_with_their_zone_or_in_the_one_asked_for() {
        let berlin = Zone::parse("Europe/Berlin").expect("a zone");
        let expected = Timestamp::from_rfc3339("2026-11-20T20:05:54Z");
        for text in [
            "2026-11-20T20:05:54Z",
            "2026-11-20T21:05:54+01:00",
            "2026-11-20 21:05:54",
            "2026-11-20T21:05:54[Europe/Berlin]",
        ] {
            assert_eq!(Timestamp::parse(text, berlin).ok(), expected, "{text}");
        }
        let day = Timestamp::parse("2026-11-20", Zone::UTC).ok();
        assert_eq!(day, Timestamp::from_rfc3339("2026-11-20T00:00:00Z"));
        for text in ["", "yesterday", "2026-13-01", "20:05", "9999-01-01T00:00:00Z"] {
            assert!(Timestamp::parse(text, Zone::UTC).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let span = |text| Span::parse(text).map(|span| span.0).ok();
        assert_eq!(span("30s"), Some(30 * SECOND));
        assert_eq!(span("90"), Some(90 * SECOND));
        assert_eq!(span("1h30m"), Some(5400 * SECOND));
        assert_eq!(span("1.5min"), Some(90 * SECOND));
        assert_eq!(
            [span("250ms"), span("7us"), span("9ns"), span("1d")],
            [250_000_000, 7000, 9, 86_400 * SECOND].map(Some)
        );
        for text in ["", "s", "5 parsecs", "1h30", "-5s", "1..5s", "é"] {
            assert_eq!(span(text), if text == "1h30" { Some(3630 * SECOND) } else { None }, "{text}");
        }
    }
}
