//! Community ID, the flow hash that other network tools print: version 1, seed 0
//! (<https://github.com/corelight/community-id-spec>).

use crate::wire::Address;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

const TCP: u8 = 6;

/// Equal for both directions.
pub(super) fn community_id(a: Address, b: Address) -> String {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut hash = Sha1::new_with_prefix([0, 0]); // the seed
    for end in [low, high] {
        match end.ip() {
            IpAddr::V4(ip) => hash.update(ip.octets()),
            IpAddr::V6(ip) => hash.update(ip.octets()),
        }
    }
    hash.update([TCP, 0]);
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    let mut out = String::with_capacity(30);
    out.push_str("1:");
    STANDARD.encode_string(hash.finalize(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The baseline of the specification's own example captures.
    #[test]
    fn hashes_are_those_of_the_specification() {
        let client = Address::v4([128, 232, 110, 120], 34855);
        let server = Address::v4([66, 35, 250, 204], 80);
        assert_eq!(community_id(client, server), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(community_id(server, client), community_id(client, server));
    }
}
