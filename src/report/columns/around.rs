//! What the tables of an observation point's surroundings have in common.

use super::Value;
use crate::case::{Facts, Point};
use crate::time::Zone;

/// A row that is one of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointRow {
    pub(super) point: usize,
    pub(super) row: usize,
}

impl PointRow {
    pub(super) fn point<'a>(&self, facts: &'a Facts) -> Value<'a> {
        facts.points.get(self.point).map_or(Value::Null, |point| Value::text(point.name.as_str()))
    }
}

/// The rows of every point, of which each has so many.
pub(super) fn rows(facts: &Facts, count: impl Fn(&Point) -> usize) -> Vec<PointRow> {
    let of = |(point, known)| (0..count(known)).map(move |row| PointRow { point, row });
    facts.points.iter().enumerate().flat_map(of).collect()
}

/// Addresses, joined by semicolons.
pub(super) fn joined(addresses: &[std::net::IpAddr]) -> Value<'static> {
    let mut text = Vec::new();
    for (place, address) in addresses.iter().enumerate() {
        if place > 0 {
            text.push(b';');
        }
        Value::Ip(*address).write(Zone::UTC, &mut text);
    }
    Value::text(String::from_utf8(text).unwrap_or_default())
}
