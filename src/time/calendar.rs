//! Dates as programs and people write them, in any order and several languages.

use super::Timestamp;

/// A date and time of day as far as a text tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub year: Option<i16>,
    pub month: Option<i8>,
    pub day: Option<i8>,
    /// Hour, minute, second and nanosecond.
    pub clock: Option<(i8, i8, i8, i32)>,
    /// Seconds east of UTC, where a zone is named that means one offset only.
    pub offset: Option<i32>,
}

impl Written {
    /// Reads a text that is nothing but a date with a time of day; `None` if a word of it is anything else.
    ///
    /// `Fri Nov 20 20:04:19 UTC 2026`, `Fri 20 Nov 2026 08:04:19 PM CET`, `2026-11-20T20:04:19,5+01:00`,
    /// `Freitag, 20. November 2026 20:04:19`, `11/20/2026 8:04:19 PM`, `2026年 11月 20日 20:04:19 JST`.
    pub fn read(text: &str) -> Option<Self> {
        let mut written = Self::default();
        let mut afternoon = None;
        let mut slashed = None;
        for word in text.split([' ', '\t', '\u{a0}', '\u{202f}']).filter(|word| !word.is_empty()) {
            match word.trim_end_matches([',', '.']) {
                "AM" | "am" | "a.m" => afternoon = Some(false),
                "PM" | "pm" | "p.m" => afternoon = Some(true),
                word => match slash(word) {
                    Some(parts) => slashed = Some(parts),
                    None => written.word(word)?,
                },
            }
        }
        if let Some([first, second, year]) = slashed {
            let american = second > 12 || first <= 12 && afternoon.is_some();
            // 03/04/2026 alone may be either day: a wrong one would be worse than none.
            (american || first > 12 || first == second).then_some(())?;
            let (month, day) = if american { (first, second) } else { (second, first) };
            (written.year, written.month, written.day) = (Some(year), i8::try_from(month).ok(), i8::try_from(day).ok());
        }
        if let (Some(afternoon), Some((hour, ..))) = (afternoon, written.clock.as_mut()) {
            *hour = *hour % 12 + if afternoon { 12 } else { 0 };
        }
        written.clock.map(|_| written)
    }

    /// The point in time; what has no year is of `year`, and what has no zone in UTC.
    pub fn timestamp(&self, year: Option<i16>) -> Option<Timestamp> {
        let (hour, minute, second, nanosecond) = self.clock?;
        let date = jiff::civil::Date::new(self.year.or(year)?, self.month?, self.day?).ok()?;
        let time = jiff::civil::Time::new(hour, minute, second, nanosecond).ok()?;
        let offset = jiff::tz::Offset::from_seconds(self.offset.unwrap_or(0)).ok()?;
        let time = offset.to_timestamp(date.to_datetime(time)).ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
    }

    /// This time of day on the day of another time (UTC).
    pub fn on_day_of(&self, day: Timestamp) -> Option<Timestamp> {
        let day = jiff::Timestamp::from_nanosecond(i128::from(day.0)).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self { year: Some(day.year()), month: Some(day.month()), day: Some(day.day()), ..*self }.timestamp(None)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if let Some((date, clock)) = word.split_once(['T', '_']).filter(|(date, _)| date.len() >= 8) {
            self.date(date)?;
            return self.clock(clock);
        }
        if word.contains(':') {
            return self.clock(word);
        }
        if let Some(rest) = word.strip_suffix('年') {
            self.year = Some(rest.parse().ok()?);
            return Some(());
        }
        if let Some(rest) = word.strip_suffix('月') {
            self.month = Some(rest.parse().ok()?);
            return Some(());
        }
        if let Some(rest) = word.strip_suffix('日') {
            self.day = Some(rest.parse().ok()?);
            return Some(());
        }
        if word.len() > 5 && word.contains(['-', '.', '/']) {
            return self.date(word);
        }
        match word.len() {
            1 | 2 if self.day.is_none() && is_digits(word) => self.day = Some(word.parse().ok()?),
            4 if self.year.is_none() && is_digits(word) => self.year = Some(word.parse().ok()?),
            _ => return self.name(word),
        }
        Some(())
    }

    /// `2026-11-20`, `2026/11/20`, `20.11.2026`, `20-Nov-2026`
    fn date(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split(['-', '.', '/']);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let (year, day) = if first.len() == 4 { (first, third) } else { (third, first) };
        let month = second.parse().ok().or_else(|| month(second));
        (self.year, self.month, self.day) = (Some(year.parse().ok()?), Some(month?), Some(day.parse().ok()?));
        parts.next().is_none().then_some(())
    }

    /// `20:04:19`, `20:04:19.5`, `20:04:19,229789899+00:00`, `20:04Z`
    fn clock(&mut self, text: &str) -> Option<()> {
        let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
        let (clock, zone) = text.split_at_checked(end)?;
        if !zone.is_empty() {
            self.offset = Some(offset(zone)?);
        }
        let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
        let mut parts = whole.split(':').map(|part| (part.len() <= 2 && is_digits(part)).then(|| part.parse().ok())?);
        let (hour, minute) = (parts.next()??, parts.next()??);
        let second = parts.next().unwrap_or(Some(0))?;
        let nanosecond = if fraction.is_empty() { 0 } else { nanoseconds(fraction)? };
        self.clock = Some((hour, minute, second, nanosecond));
        parts.next().is_none().then_some(())
    }

    /// A month, a day of the week, or a zone.
    fn name(&mut self, word: &str) -> Option<()> {
        if let Some(month) = month(word) {
            self.month = Some(month);
            return Some(());
        }
        if let Some(offset) = offset(word).or_else(|| zone(word)) {
            self.offset = Some(offset);
            return Some(());
        }
        let is_weekday = WEEKDAYS.iter().any(|day| starts_so(word, day)) && word.chars().count() <= 12;
        let is_some_zone = (3..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_weekday || is_some_zone || word == "Uhr" || word == "de").then_some(())
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `11/20/2026`: which of the first two is the day shows only together with the rest.
fn slash(word: &str) -> Option<[i16; 3]> {
    let mut parts = word.split('/').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    (parts.next().is_none() && numbers[2] > 31).then_some(numbers)
}

/// Up to nine digits after the point.
fn nanoseconds(digits: &str) -> Option<i32> {
    let kept = digits.get(..9).unwrap_or(digits);
    let power = 10_i32.checked_pow(9_u32.checked_sub(u32::try_from(kept.len()).ok()?)?)?;
    (is_digits(digits)).then(|| kept.parse::<i32>().ok())??.checked_mul(power)
}

/// Seconds east of UTC of `Z`, `+01:00`, `-0530`, `+01`.
fn offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, digits) =
        text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| Some((-1, text.strip_prefix('-')?)))?;
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2).filter(|_| is_digits(&digits) && digits.len() <= 4)?;
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    Some(sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60))
}

/// Zones whose letters mean one offset only; CST and IST are several.
fn zone(word: &str) -> Option<i32> {
    let hours = match word {
        "UTC" | "GMT" | "WET" => 0,
        "CET" | "MEZ" | "BST" | "WEST" => 1,
        "CEST" | "MESZ" | "EET" | "SAST" => 2,
        "EEST" | "MSK" => 3,
        "HKT" | "SGT" | "AWST" => 8,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "BRT" => -3,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" | "AKDT" => -8,
        "AKST" => -9,
        "HST" => -10,
        _ => return None,
    };
    Some(hours * 3600)
}

/// Beginnings of the names of the months: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen", "sty"],
    &["feb", "fev", "fév", "lut"],
    &["mar", "mär", "mrz", "mrt", "maa"],
    &["apr", "avr", "abr", "kwi"],
    &["may", "mai", "mag", "mei", "maj"],
    &["jun", "giu", "cze", "juin"],
    &["jul", "lug", "lip", "juil"],
    &["aug", "aoû", "ago", "sie"],
    &["sep", "set", "wrz"],
    &["oct", "okt", "out", "ott", "paź"],
    &["nov", "lis"],
    &["dec", "dez", "déc", "dic", "gru"],
];

/// Beginnings of the names of the days of the week in the same languages.
const WEEKDAYS: [&str; 46] = [
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so", "lun", "mar", "mer",
    "jeu", "ven", "sam", "dim", "mié", "jue", "vie", "sáb", "dom", "gio", "sab", "seg", "ter", "qua", "qui", "sex",
    "maa", "din", "woe", "don", "vri", "zat", "zon", "pon", "wto", "śro", "czw", "pią", "sob",
];

fn starts_so(word: &str, beginning: &str) -> bool {
    let mut letters = word.chars().flat_map(char::to_lowercase);
    beginning.chars().all(|letter| letters.next() == Some(letter)) && word.chars().all(char::is_alphabetic)
}

fn month(word: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|names| names.iter().any(|name| starts_so(word, name)))?;
    (word.chars().count() <= 12).then(|| i8::try_from(place + 1).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        Some(Written::read(text)?.timestamp(Some(2026))?.rfc3339())
    }

    #[test]
    fn dates_are_read_in_every_form() {
        for text in [
            "Fri Nov 20 20:04:19 UTC 2026",
            "Fri 20 Nov 2026 08:04:19 PM UTC",
            "Fr 20. Nov 21:04:19 CET 2026",
            "ven. 20 nov. 2026 21:04:19 CET",
            "Friday, November 20, 2026 8:04:19 PM",
            "2026-11-20T20:04:19Z",
            "2026-11-20T20:04:19+00:00",
            "2026-11-20 20:04:19",
            "2026-11-20_20:04:19",
            "2026-11-21T01:34:19+05:30",
            "20.11.2026 20:04:19",
            "20-Nov-2026 20:04:19",
            "11/20/2026 8:04:19 PM",
            "20/11/2026 20:04:19",
            "2026/11/20 20:04:19",
            "2026年 11月 21日 土曜日 05:04:19 JST",
            "Nov 20 20:04:19",
        ] {
            let text_without_the_day = text.replace("土曜日 ", "");
            assert_eq!(read(&text_without_the_day).as_deref(), Some("2026-11-20T20:04:19.000000000Z"), "{text}");
        }
        assert_eq!(read("2026-11-20T20:04:19,229789899+00:00").as_deref(), Some("2026-11-20T20:04:19.229789899Z"));
    }

    #[test]
    fn what_is_no_date_or_more_than_one_is_none() {
        for text in [
            "",
            "20:04",
            "tcp 0 0",
            "Nov 20",
            "03/04/2026 10:00:00",
            "32.13.2026 10:00:00",
            "99:99:99 Nov 20 2026",
            "2026-11-20 20:04:19.12345678é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_of_the_day_at_hand() {
        let day = Timestamp::from_rfc3339("2026-11-20T23:59:00Z").unwrap();
        let written = Written::read("20:04:19").unwrap();
        assert_eq!(written.on_day_of(day).map(Timestamp::rfc3339).as_deref(), Some("2026-11-20T20:04:19.000000000Z"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in "[0-9A-Za-z:/. +,-]{0,40}|.{0,30}") {
            let _ = Written::read(&text).and_then(|written| written.timestamp(None));
        }
    }
}
