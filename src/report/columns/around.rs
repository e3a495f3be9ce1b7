//! What the tables of an observation point's surroundings have in common.

use super::Value;
use crate::case::{Facts, Point};

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
    Value::text(addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"))
}
