//! Record types of DNS by number and name (IANA `dns-parameters`): what messages carry, and what programs print of them.

use std::borrow::Cow;

/// An IPv4 address.
pub const A: u16 = 1;
/// An IPv6 address.
pub const AAAA: u16 = 28;

/// Record types that have a name here.
static TYPES: &[(u16, &str)] = &[
    (A, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (15, "MX"),
    (16, "TXT"),
    (AAAA, "AAAA"),
    (33, "SRV"),
    (35, "NAPTR"),
    (39, "DNAME"),
    (43, "DS"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (252, "AXFR"),
    (255, "ANY"),
    (257, "CAA"),
];

/// The name of a record type, or its number as RFC 3597 5 writes it.
pub fn name(kind: u16) -> Cow<'static, str> {
    let known = TYPES.iter().find(|(number, _)| *number == kind);
    known.map_or_else(|| format!("TYPE{kind}").into(), |(_, name)| Cow::Borrowed(*name))
}

/// The record type of a name, as [`name`] and as tcpdump writes it.
pub fn number(name: &str) -> Option<u16> {
    let known = TYPES.iter().find(|(_, known)| *known == name).map(|(number, _)| *number);
    known.or_else(|| name.strip_prefix("TYPE").or_else(|| name.strip_prefix("Type"))?.parse().ok())
}
