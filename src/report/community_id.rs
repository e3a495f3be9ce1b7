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
    // The seed, both addresses, protocol and padding, both ports: taken at once, it is one block.
    let (mut bytes, mut end) = ([0; 40], 2);
    let mut add = |part: &[u8]| {
        bytes[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    };
    for end in [low, high] {
        match end.ip() {
            IpAddr::V4(ip) => add(&ip.octets()),
            IpAddr::V6(ip) => add(&ip.octets()),
        }
    }
    add(&[TCP, 0]);
    add(&low.port.to_be_bytes());
    add(&high.port.to_be_bytes());
    // The version, and the hash in 28 letters.
    let mut text = *b"1:............................";
    let _ = STANDARD.encode_slice(Sha1::digest(&bytes[..end]), &mut text[2..]); // it is as long
    str::from_utf8(&text).unwrap_or_default().to_owned()
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
        // By the specification's pseudo code, in Python: it has no example of TCP over IPv6.
        let [one, other] = ["2001:db8::7", "2001:db8:0:1::53"].map(|ip| ip.parse().expect("an address"));
        let id = community_id(Address::new(one, 50123), Address::new(other, 443));
        assert_eq!(id, "1:bKTnxZ/q+bCJyi3vrsIB1vCk59w=");
    }
}
