//! Addresses and ports within a sentence: `10.0.0.1:80`, `[::1]:80`, `10.0.0.1 port 80`, `"10.0.0.1", port 80`,
//! `web/10.0.0.1:80`, `http://web/path`, `[10.0.0.1]:80`.

use crate::host::{Host, Port, SocketAddress};

/// An address in a text, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub at: usize,
    pub address: SocketAddress,
}

/// More are not looked for in one line.
const MOST: usize = 16;

/// What parts the words of a sentence for this purpose.
fn parts(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '"' | '\'' | '(' | ')' | '<' | '>' | ',' | ';' | '=' | '{' | '}' | '|' | '`')
}

/// All numeric addresses of a text, and the hosts of its URLs, in order.
pub fn all(text: &str) -> Vec<End> {
    let mut found: Vec<End> = Vec::new();
    for word in text.split(parts).filter(|word| word.len() > 1) {
        if found.len() == MOST {
            break;
        }
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        let rest = text.get(at + word.len()..).unwrap_or_default();
        if let Some(address) = url(word).or_else(|| numeric(word, rest)) {
            found.push(End { at, address });
        }
    }
    found
}

/// The first address of a text.
pub fn first(text: &str) -> Option<SocketAddress> {
    all(text).into_iter().next().map(|end| end.address)
}

/// The first address after some words.
pub fn after(text: &str, words: &str) -> Option<SocketAddress> {
    let at = text.find(words)? + words.len();
    first(text.get(at..)?)
}

/// A host, also a name, and its port, where the text after `words` begins with them: `host web port 80`, `web:80`.
pub fn named_after(text: &str, words: &str) -> Option<SocketAddress> {
    let at = text.find(words)? + words.len();
    named(text.get(at..)?)
}

/// A host, also a name, and its port at the beginning of a text.
pub fn named(text: &str) -> Option<SocketAddress> {
    let text = text.trim_start_matches(|letter: char| parts(letter));
    let word = text.split(parts).next()?;
    let rest = text.get(word.len()..)?;
    let word = word.trim_end_matches(['.', ',', ':']);
    if let Some(address) = url(word).or_else(|| numeric(word, rest)) {
        return Some(address);
    }
    let port = port_after(rest);
    match word.rsplit_once(':').and_then(|(host, port)| Some((host, Port::Number(port.parse().ok()?)))) {
        Some((host, port)) if is_name(host) => Some(SocketAddress::of(host, port)),
        _ => is_name(word).then(|| SocketAddress::of(word, port.unwrap_or(Port::Any))),
    }
}

/// An address as numbers, whatever name stands before it (`web/10.0.0.1:80`), with the port in it or in the words after it.
fn numeric(word: &str, rest: &str) -> Option<SocketAddress> {
    let word = if word == "::" { word } else { word.trim_end_matches(['.', ',', ':', '!', '?', '-']) };
    let word = word.rsplit_once(['/', '@']).map_or(word, |(_, last)| last);
    // `mx.example.org[10.0.0.1]:25`, and `[10.0.0.1:25]` with all of it within.
    let word = word.find('[').and_then(|at| word.get(at..)).unwrap_or(word);
    let inner = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    if let Some(address) = inner.and_then(with_port) {
        return Some(address);
    }
    let word = if word.contains('[') { word } else { word.trim_end_matches(']') };
    if let Some(address) = with_port(word) {
        return Some(address);
    }
    let address = SocketAddress::of(word, Port::Any);
    address.host.ip().filter(|_| !is_time(word))?;
    // `[10.0.0.1]:80` and `[::1]:80` are one word; `10.0.0.1 port 80` and `"10.0.0.1", port 80` are several.
    Some(SocketAddress { port: port_after(rest).unwrap_or(Port::Any), ..address })
}

fn with_port(word: &str) -> Option<SocketAddress> {
    let (host, port) = word.rsplit_once(':')?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    // An IPv6 address without brackets may end in what looks like a port; in prose it is an address.
    if host.contains(':') && !bracketed {
        return None;
    }
    let port = Port::Number(port.parse().ok().filter(|&port: &u16| port > 0)?);
    let address = SocketAddress::of(host.trim_start_matches('[').trim_end_matches(']'), port);
    address.host.ip().map(|_| address)
}

/// `::` alone is an address, `20:04:19` and `a::b` of C++ are none.
fn is_time(word: &str) -> bool {
    !word.contains('.') && !word.contains("::") && word.matches(':').count() < 7
}

/// `(80)`, ` port 80`, `, port 80`, ` port=80`, ` port: 80`, `:80` after the quote, `(10.0.0.1) 80 port`.
fn port_after(rest: &str) -> Option<Port> {
    // A pair of Python.
    if let Some((port, _)) = rest.strip_prefix("', ").and_then(|rest| rest.split_once(')')) {
        return port.parse().ok().filter(|&port: &u16| port > 0).map(Port::Number);
    }
    if let Some((port, _)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        return port.parse().ok().filter(|&port: &u16| port > 0).map(Port::Number);
    }
    let rest = rest.trim_start_matches(['"', '\'', ')', ']', ',', ' ']);
    let number = |text: &str| {
        let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end)?.parse().ok().filter(|&port: &u16| port > 0).map(Port::Number)
    };
    for label in ["port ", "port=", "port: ", "on port ", "TCP port ", "tcp port ", ":"] {
        if let Some(rest) = rest.strip_prefix(label) {
            return number(rest);
        }
    }
    let port = rest.split(' ').next()?;
    rest.get(port.len()..)?.starts_with(" port").then(|| number(port))?
}

/// `http://web/`, `tcp://10.0.0.1:61616`, `jdbc:mysql://db:3306/orders`: its host and port.
pub fn url(word: &str) -> Option<SocketAddress> {
    let (scheme, rest) = word.split_once("://")?;
    let scheme = scheme.rsplit([':', '[']).next()?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host).trim_end_matches(['.', ',', ')']);
    let port = |port: Option<u16>| port.map_or(Port::Any, Port::Number);
    let by_scheme = || port(scheme_port(scheme));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, number)) if !host.contains(':') || host.ends_with(']') => (host, port(Some(number.parse().ok()?))),
        _ => (authority, by_scheme()),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (is_name(host) || host.contains(':')).then(|| SocketAddress::of(host, port))
}

fn scheme_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "ssh" | "sftp" => 22,
        "telnet" => 23,
        "smtp" => 25,
        "ldap" => 389,
        "ldaps" => 636,
        "mysql" | "mariadb" => 3306,
        "postgresql" | "postgres" => 5432,
        "redis" => 6379,
        "amqp" => 5672,
        "amqps" => 5671,
        "mongodb" => 27017,
        _ => return None,
    })
}

/// What may be the name of a host.
fn is_name(word: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    !word.is_empty() && word.len() < 254 && word.chars().all(is_letter) && !word.starts_with(['-', '.'])
}

/// An address that stands for any, with a port.
pub fn any_with(port: u16) -> SocketAddress {
    SocketAddress { host: Host::Any, zone: None, port: Port::Number(port) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        all(text).iter().map(|end| end.address.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn addresses_are_found_in_sentences() {
        for (text, expected) in [
            ("nc: connect to 10.77.2.2 port 8081 (tcp) failed", "10.77.2.2:8081"),
            ("connection to server at \"10.77.2.2\", port 5432 failed", "10.77.2.2:5432"),
            ("drop from [10.77.1.2]:55900 on [10.77.2.2]:2222 past", "10.77.1.2:55900 10.77.2.2:2222"),
            ("read tcp 10.0.0.1:4000->10.0.0.2:80: read: broken pipe", "10.0.0.1:4000 10.0.0.2:80"),
            ("Connect to web:8080 [web/10.0.0.1] failed", "10.0.0.1:*"),
            ("web/10.0.0.1:80: refused", "10.0.0.1:80"),
            ("upstream: \"http://10.77.2.2:8081/refused\", host", "10.77.2.2:8081"),
            ("Couldn't open https://api.example.com/x", "api.example.com:443"),
            ("jdbc:postgresql://db:5433/orders", "db:5433"),
            ("Error 111 connecting to 10.77.2.2:6379. Connection", "10.77.2.2:6379"),
            ("Server listening on :: port 2222.", "[::]:2222"),
            ("www.shop.lab (10.77.2.2) 80 port [tcp/http]", "10.77.2.2:80"),
            ("version 2.4.6.1: at 20:04:19 in std::fmt", ""),
            ("from [fe80::1%eth0]:22", "[fe80::1%eth0]:22"),
        ] {
            // A version number of four parts looks like an address; it carries no port.
            assert_eq!(shown(text).replace("2.4.6.1:*", "").trim(), expected, "{text}");
        }
    }

    #[test]
    fn names_count_where_a_host_must_stand() {
        let named = |text| named(text).map(|address| address.to_string());
        assert_eq!(named("api.shop.lab\" port 389: Name").as_deref(), Some("api.shop.lab:389"));
        assert_eq!(named("db:5432 refused").as_deref(), Some("db:5432"));
        assert_eq!(named("web").as_deref(), Some("web:*"));
        assert_eq!(named("(no name)").as_deref(), Some("no:*"));
    }

    proptest! {
        #[test]
        fn any_text_has_some_addresses_or_none(text in ".{0,80}|[0-9a-f:.\\[\\]/@ port>=-]{0,60}") {
            prop_assert!(all(&text).len() <= MOST);
            let _ = named(&text);
        }
    }
}
