//! Names that a connection itself says: in the ClientHello of TLS, which names the server before anything is encrypted, and
//! in the Host field of plain HTTP. Taken from the first payload alone, as far as that segment has it.
//!
//! Read by hand: libraries want the whole handshake message or header, which often is in two segments.

use super::strip::{array, be16, byte};

/// Characters of a name that are kept: no host's name is longer (RFC 1035 2.3.4).
const LONGEST: usize = 255;
/// Bytes of a request that are looked through for its Host.
const MOST_REQUEST: usize = 4096;
/// Extensions of a ClientHello that are looked through.
const MOST_EXTENSIONS: usize = 64;

/// Who says a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameFrom {
    /// Server name indication of TLS (RFC 6066 3).
    Sni,
    /// Host of an HTTP request (RFC 9110 7.2).
    Http,
    /// An answer of DNS about the address.
    Dns,
}

impl NameFrom {
    pub const ALL: [Self; 3] = [Self::Sni, Self::Http, Self::Dns];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sni => "sni",
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }
}

/// Whether a payload that begins so may name its receiver.
#[inline]
pub(super) fn may_name(payload: &[u8]) -> bool {
    match payload.first_chunk() {
        Some([0x16, 3, _, _, _, 1]) => true,
        Some([b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z', rest @ ..]) => is_method(*rest),
        _ => false,
    }
}

/// Methods are words of upper-case letters (RFC 9110 9): GET, PUT, HEAD, POST and longer ones.
#[inline]
fn is_method([fourth, fifth, sixth]: [u8; 3]) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase();
    match (fourth, fifth) {
        (b' ', _) => true,
        (fourth, b' ') => letter(fourth),
        (fourth, fifth) => letter(fourth) && letter(fifth) && (letter(sixth) || sixth == b' '),
    }
}

/// The name that the first payload of a connection says, and how.
pub fn name(payload: &[u8]) -> Option<(NameFrom, String)> {
    let (from, name) = match payload.first()? {
        0x16 => (NameFrom::Sni, server_name(payload)?),
        _ => (NameFrom::Http, host(payload)?),
    };
    let plain = |byte: &u8| byte.is_ascii_graphic();
    let sound = !name.is_empty() && name.len() <= LONGEST && name.iter().all(plain);
    sound.then(|| (from, String::from_utf8_lossy(name).to_ascii_lowercase()))
}

/// The server name extension of a ClientHello (RFC 8446 4.1.2).
fn server_name(record: &[u8]) -> Option<&[u8]> {
    // Record header, handshake header, version and random; then three lists with their lengths.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(byte(record, at).ok()?);
    at += 2 + usize::from(be16(record, at).ok()?);
    at += 1 + usize::from(byte(record, at).ok()?);
    let mut extensions = record.get(at + 2..)?;
    for _ in 0..MOST_EXTENSIONS {
        let (kind, length) = (be16(extensions, 0).ok()?, usize::from(be16(extensions, 2).ok()?));
        if kind == 0 {
            // A list of which there is one entry: its length, type 0 for a host name, and the name with its length.
            let [_, _, 0, high, low] = array(extensions, 4).ok()? else { return None };
            return extensions.get(9..)?.get(..usize::from(u16::from_be_bytes([high, low])));
        }
        extensions = extensions.get(4 + length..)?;
    }
    None
}

/// The Host field of a request, without its port.
fn host(request: &[u8]) -> Option<&[u8]> {
    let request = request.get(..MOST_REQUEST).unwrap_or(request);
    let mut lines = request.split(|&byte| byte == b'\n');
    let first = lines.next()?.trim_ascii_end();
    if !first.ends_with(b"HTTP/1.1") && !first.ends_with(b"HTTP/1.0") {
        return None;
    }
    // The last line may be cut.
    let whole = request.ends_with(b"\n").then_some(usize::MAX);
    let count = lines.clone().count();
    let fields = lines.take(whole.unwrap_or(count.saturating_sub(1))).take_while(|line| !line.trim_ascii().is_empty());
    let field = |line: &'_ [u8]| line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"host:"));
    let value = fields.filter(|line| field(line)).find_map(|line| line.get(5..))?.trim_ascii();
    let port = value.iter().rposition(|&byte| byte == b':').filter(|_| !value.ends_with(b"]"));
    value.get(..port.unwrap_or(value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fixture::hex;
    use proptest::prelude::*;

    /// A ClientHello with these extensions.
    fn hello(extensions: &str) -> Vec<u8> {
        let extensions = hex(extensions);
        let length = format!("{:04x}", extensions.len());
        let head = format!("16 0301 0200 01 0001fc 0303 {} 00 0002 1301 01 00 {length}", "aa".repeat(32));
        [hex(&head), extensions].concat()
    }

    const EXAMPLE: &str = "0000 0010 000e 00 000b 4578616d706c652e636f6d";

    #[test]
    fn a_client_hello_names_its_server_also_behind_other_extensions_and_cut_after_it() {
        let expected = Some((NameFrom::Sni, "example.com".to_owned()));
        assert_eq!(name(&hello(EXAMPLE)), expected);
        let cut = hello(&format!("0a0a 0001 00 {EXAMPLE} 0010 ff"));
        assert!(may_name(&cut));
        assert_eq!(name(&cut), expected);
        assert_eq!(name(&cut[..cut.len() - 6]), None, "the name itself is cut");
        assert_eq!(name(&hello("0010 0000")), None);
        assert_eq!(name(&hello("0000 0007 0005 00 0002 611b")), None, "no control characters");
    }

    #[test]
    fn a_request_names_its_host_without_the_port() {
        let named = |request: &str| name(request.as_bytes()).map(|(_, name)| name);
        let expected = Some("shop.example".to_owned());
        assert_eq!(named("GET / HTTP/1.1\r\nAccept: */*\r\nhOsT: Shop.example:8080\r\n\r\n"), expected);
        assert_eq!(named("POST /a HTTP/1.0\nHost:shop.example\nX: "), expected);
        assert_eq!(named("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n"), Some("[2001:db8::1]".to_owned()));
        assert_eq!(named("GET / HTTP/1.1\r\nHost: shop.exam"), None, "the name itself may be cut");
        assert_eq!(named("GET / HTTP/1.1\r\n\r\nHost: body.example\r\n"), None);
        assert_eq!(named("GETTING THERE\r\nHost: a.example\r\n"), None);
        for method in ["GET ", "HEAD ", "POST ", "DELETE ", "PATCH ", "OPTIONS "] {
            assert!(may_name(format!("{method}/ HTTP/1.1").as_bytes()), "{method}");
        }
        assert!(!may_name(b"220 mail ESMTP") && !may_name(b"SSH-2.0-x") && !may_name(b"") && !may_name(b"EHLo a"));
    }

    proptest! {
        #[test]
        fn any_payload_is_read_and_bounded(
            payload: Vec<u8>, text in "(GET / HTTP/1.1|\r\n|Host:| |:|é|]|a){0,30}", cut in 0usize..80, at in 43usize..80, value: u8,
        ) {
            let mut hello = hello(EXAMPLE);
            if let Some(byte) = hello.get_mut(at) {
                *byte = value;
            }
            for bytes in [&payload[..], text.as_bytes(), &hello, hello.get(..cut).unwrap_or_default()] {
                may_name(bytes);
                prop_assert!(name(bytes).is_none_or(|(_, name)| name.len() <= LONGEST && name.is_ascii()));
            }
        }
    }
}
