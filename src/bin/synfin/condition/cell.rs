//! One value in a condition, and what SQL does with it.

use super::Operator;
use std::borrow::Cow;
use std::cmp::Ordering;
use synfin::report::Value;
use synfin::time::{SECOND, Span, Timestamp};

#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    /// Counts and the like, and durations in seconds.
    Number(f64),
    Bool(bool),
    Time(Timestamp),
    Text(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// What a table's cell holds.
    pub fn of(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Number(number) => Self::Number(number as f64),
            Value::Signed(number) => Self::Number(number as f64),
            Value::Bool(flag) => Self::Bool(flag),
            Value::Seconds(span) => Self::Number(span.seconds()),
            Value::Decimal(thousandths) => Self::Number(thousandths as f64 / 1000.0),
            Value::Time(time) => Self::Time(time),
            Value::Name(name) => Self::Text(name.into()),
            Value::Text(text) => Self::Text(text),
            value @ (Value::Id(_) | Value::Ip(_)) => Self::Text(value.print().into()),
        }
    }

    /// Which is the greater; `None` where that is not known, or has no meaning.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }

    /// Numbers are added and so on; times differ by seconds.
    pub fn combined(self, operator: Operator, other: &Self) -> Self {
        let seconds = |number: f64| Span((number * SECOND as f64) as i64);
        match (self, operator, other) {
            (Self::Number(one), _, Self::Number(other)) => {
                let result = match operator {
                    Operator::Plus => one + other,
                    Operator::Minus => one - other,
                    Operator::Times => one * other,
                    Operator::Divided => one / other,
                    Operator::Modulo => one % other,
                };
                if result.is_finite() { Self::Number(result) } else { Self::Null }
            }
            (Self::Time(one), Operator::Minus, Self::Time(other)) => Self::Number(one.since(*other).seconds()),
            (Self::Time(time), Operator::Plus, Self::Number(number)) => Self::Time(time.plus(seconds(*number))),
            (Self::Time(time), Operator::Minus, Self::Number(number)) => Self::Time(time.plus(seconds(-number))),
            _ => Self::Null,
        }
    }
}

/// Whether a text is like a pattern: `%` stands for any characters, `_` for one, a backslash takes its meaning from the next.
pub fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last `%` stood, and how much of the text it has taken.
    let mut open: Option<(usize, usize)> = None;
    while at < text.len() || place < pattern.len() {
        let (length, fits) = match (pattern.get(place), text.get(at)) {
            (Some('%'), _) => {
                open = Some((place, at));
                place += 1;
                continue;
            }
            (Some('_'), Some(_)) => (1, true),
            (Some('\\'), Some(character)) => (2, pattern.get(place + 1) == Some(character)),
            (Some(wanted), Some(character)) => (1, wanted == character),
            _ => (0, false),
        };
        if fits {
            at += 1;
            place += length;
            continue;
        }
        // One character more for the last `%`: earlier ones need no other choice.
        match open {
            Some((percent, taken)) if taken < text.len() => {
                open = Some((percent, taken + 1));
                (at, place) = (taken + 1, percent + 1);
            }
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_sql() {
        let yes = [
            ("", ""),
            ("", "%"),
            ("abc", "abc"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "a_c"),
            ("aXbXc", "a%b%c"),
            ("a%c", "a\\%c"),
            ("aab", "%ab"),
            ("é", "_"),
        ];
        let no =
            [("", "_"), ("abc", "ab"), ("abc", "b%"), ("abc", "a_"), ("abc", "a\\%c"), ("abc", "abcd"), ("abc", "%d")];
        yes.iter().for_each(|(text, pattern)| assert!(like(text, pattern), "{text} {pattern}"));
        no.iter().for_each(|(text, pattern)| assert!(!like(text, pattern), "{text} {pattern}"));
        assert!(!like(&"a".repeat(5000), &"%a".repeat(2000).replace("%a%a", "%a%b")));
    }

    #[test]
    fn values_that_have_nothing_in_common_are_unknown() {
        assert_eq!(Cell::Number(1.0).compare(&Cell::Null), None);
        assert_eq!(Cell::Number(1.0).combined(Operator::Divided, &Cell::Number(0.0)), Cell::Null);
        let times = (Cell::Time(Timestamp(5_000_000_000)), Cell::Time(Timestamp(2_000_000_000)));
        assert_eq!(times.0.clone().combined(Operator::Minus, &times.1), Cell::Number(3.0));
        assert_eq!(times.0.combined(Operator::Minus, &Cell::Number(3.0)), times.1);
    }
}
