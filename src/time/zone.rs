//! Time zones: where times are printed and read for.

use super::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;

/// Where times are printed and read for. A few exist in a process and live as long as it does, so this is a plain value.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Zone {
    /// `None` is UTC.
    zone: Option<&'static TimeZone>,
}

impl Zone {
    pub const UTC: Self = Self { zone: None };

    /// An IANA name (`Europe/Berlin`), `local`, `UTC`, or an offset (`+02:00`, `-0330`).
    ///
    /// # Errors
    /// In words.
    pub fn parse(name: &str) -> Result<Self, String> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
            return Ok(Self::UTC);
        }
        let zone = if name.eq_ignore_ascii_case("local") {
            TimeZone::try_system().map_err(|_| "this machine does not say in which zone it is: name one".to_owned())?
        } else if let Some(offset) = offset(name) {
            TimeZone::fixed(offset)
        } else {
            TimeZone::get(name).map_err(|_| {
                format!("`{name}` is no time zone: write a name such as Europe/Berlin, `local`, `UTC` or an offset such as +02:00")
            })?
        };
        Ok(if zone == TimeZone::UTC { Self::UTC } else { Self { zone: Some(Box::leak(Box::new(zone))) } })
    }

    /// What stands beside a time of day there at that moment: `UTC`, `CET`, `+05:45`.
    pub fn name_at(self, time: Timestamp) -> String {
        let Some(zone) = self.zone else { return "UTC".to_owned() };
        let at = jiff::Timestamp::from_nanosecond(time.0.into()).unwrap_or_default();
        let name = zone.to_offset_info(at).abbreviation().to_owned();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return name;
        }
        let text = time.written(self);
        text.get(text.len().saturating_sub(6)..).unwrap_or_default().to_owned()
    }

    /// The moment when clocks there show this.
    pub(super) fn to_timestamp(self, time: jiff::civil::DateTime) -> Result<jiff::Timestamp, jiff::Error> {
        self.zone.unwrap_or(&TimeZone::UTC).to_timestamp(time)
    }

    /// Minutes east of Greenwich at that moment. Local mean times of the nineteenth century lose their seconds, as RFC 3339 has
    /// none; the moment stays the same.
    pub(super) fn offset_minutes(self, time: Timestamp) -> i64 {
        let Some(zone) = self.zone else { return 0 };
        let at = jiff::Timestamp::from_nanosecond(time.0.into()).unwrap_or_default();
        i64::from(zone.to_offset(at).seconds()) / 60
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.map_or(Some("UTC"), |zone| zone.iana_name()).unwrap_or("offset"))
    }
}

/// `+02:00`, `-0330`, `+2`
fn offset(text: &str) -> Option<jiff::tz::Offset> {
    let (sign, digits) =
        text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| Some((-1, text.strip_prefix('-')?)))?;
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(both), _) => both,
        (None, 4) => digits.split_at_checked(2)?,
        (None, _) => (digits, "0"),
    };
    let part = |text: &str, most| {
        let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| digits && *number <= most)
    };
    let seconds = (part(hours, 23)? * 60 + part(minutes, 59)?) * 60;
    jiff::tz::Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn zones_have_their_own_clocks_also_over_a_change_of_it() {
        let berlin = zone("Europe/Berlin");
        let printed = |text: &str| {
            let time = Timestamp::from_rfc3339(text).expect("a time");
            (time.date_and_time(berlin), berlin.name_at(time), time.written(berlin))
        };
        let wanted = |time: &str, name: &str, written: &str| (time.to_owned(), name.to_owned(), written.to_owned());
        assert_eq!(
            printed("2026-10-25T00:59:59Z"),
            wanted("2026-10-25 02:59:59", "CEST", "2026-10-25T02:59:59.000000000+02:00")
        );
        assert_eq!(
            printed("2026-10-25T01:00:00Z"),
            wanted("2026-10-25 02:00:00", "CET", "2026-10-25T02:00:00.000000000+01:00")
        );
        let time = Timestamp::from_rfc3339("2026-01-01T00:00:00Z").expect("a time");
        for (name, day, beside) in [
            ("+05:45", "2026-01-01 05:45:00", "+05:45"),
            ("-0330", "2025-12-31 20:30:00", "-03:30"),
            ("Asia/Kathmandu", "2026-01-01 05:45:00", "+05:45"),
            ("utc", "2026-01-01 00:00:00", "UTC"),
            ("+0", "2026-01-01 00:00:00", "UTC"),
        ] {
            assert_eq!(
                (time.date_and_time(zone(name)), zone(name).name_at(time)),
                (day.to_owned(), beside.to_owned()),
                "{name}"
            );
        }
        for name in ["Europe/Atlantis", "", "+25", "+1:99", "++1"] {
            assert!(Zone::parse(name).is_err_and(|error| error.contains("no time zone")), "{name}");
        }
    }
}
