//! Errors of sockets, by every name that programs print: symbols, words, numbers of Linux, BSD and Windows.

use super::Event;

/// An error of a socket call, named as Linux names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno {
    /// `ECONNREFUSED`
    pub name: &'static str,
    pub event: Event,
    /// What `strerror` and its like say, on any system; compared from the second letter on, because programs begin some in lower case.
    words: &'static [&'static str],
    /// On Linux, BSD (also macOS) and Windows.
    numbers: [u32; 3],
}

const fn errno(name: &'static str, event: Event, numbers: [u32; 3], words: &'static [&'static str]) -> Errno {
    Errno { name, event, words, numbers }
}

/// Number of errors that are known.
pub const COUNT: usize = 13;

/// All that are known: one line each. No words of one are part of another's.
#[rustfmt::skip]
pub const ERRNOS: [Errno; COUNT] = [
    errno("ECONNREFUSED", Event::Refused, [111, 61, 10061], &["onnection refused", "ctively refused it"]),
    errno("ECONNRESET", Event::Reset, [104, 54, 10054], &["onnection reset", "orcibly closed by the remote host"]),
    errno("ETIMEDOUT", Event::TimedOut, [110, 60, 10060], &["onnection timed out", "did not properly respond after a period of time"]),
    errno("EHOSTUNREACH", Event::Unreachable, [113, 65, 10065], &["o route to host", "to an unreachable host"]),
    errno("ENETUNREACH", Event::Unreachable, [101, 51, 10051], &["etwork is unreachable", "to an unreachable network"]),
    errno("EHOSTDOWN", Event::Unreachable, [112, 64, 10064], &["ost is down"]),
    errno("ECONNABORTED", Event::Aborted, [103, 53, 10053], &["oftware caused connection abort", "aborted by the software in your host machine"]),
    errno("EPIPE", Event::BrokenPipe, [32, 32, 109], &["roken pipe"]),
    errno("EADDRINUSE", Event::AddressInUse, [98, 48, 10048], &["ddress already in use", "nly one usage of each socket address"]),
    errno("EADDRNOTAVAIL", Event::CannotAssign, [99, 49, 10049], &["annot assign requested address", "an't assign requested address", "equested address is not valid in its context"]),
    errno("EMFILE", Event::TooManyFiles, [24, 24, 10024], &["oo many open files"]),
    errno("ENFILE", Event::TooManyFiles, [23, 23, 0], &["ile table overflow"]),
    errno("ENOBUFS", Event::NoBuffers, [105, 55, 10055], &["o buffer space available", "lacked sufficient buffer space"]),
];

/// Beginnings of the symbols, for the search over a log.
pub const NEEDLES: &[&str] = &[
    "ECONNR",
    "ECONNA",
    "ETIMEDOUT",
    "EHOSTU",
    "EHOSTD",
    "ENETUNREACH",
    "EADDRI",
    "EADDRN",
    "EMFILE",
    "ENFILE",
    " EPIPE",
    "(EPIPE",
    "[EPIPE",
    ":EPIPE",
    "'EPIPE",
    "\"EPIPE",
    "=EPIPE",
    "-EPIPE",
    "EPIPE:",
    "ENOBUFS",
    "onnection refused",
    "ctively refused it",
    "onnection reset",
    "orcibly closed by",
    "onnection timed out",
    "did not properly respond",
    "o route to host",
    "unreachable host",
    "unreachable network",
    "etwork is unreachable",
    "ost is down",
    "caused connection abort",
    "aborted by the software",
    "roken pipe",
    "ddress already in use",
    "nly one usage of each",
    "assign requested address",
    "not valid in its context",
    "oo many open files",
    "ile table overflow",
    "buffer space",
];

/// The first error that a text names, in words or as a symbol, and where the name begins and ends.
pub fn find(text: &str) -> Option<(&'static Errno, usize, usize)> {
    let by_words = ERRNOS.iter().flat_map(|errno| errno.words.iter().map(move |words| (errno, *words)));
    let by_name = ERRNOS.iter().map(|errno| (errno, errno.name));
    let found = by_words.chain(by_name).filter_map(|(errno, name)| {
        let at = text.find(name)?;
        let whole = !text.get(..at)?.ends_with(|letter: char| letter.is_ascii_alphanumeric()) || name != errno.name;
        whole.then_some((errno, at, at + name.len()))
    });
    found.min_by_key(|(_, at, _)| *at)
}

/// The error of a number: of Linux first, because the others' numbers of these errors are of no network there.
pub fn of_number(number: u32) -> Option<&'static Errno> {
    (0..3).find_map(|system| ERRNOS.iter().find(|errno| number > 0 && errno.numbers.get(system) == Some(&number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_symbols_and_numbers_are_the_same_error() {
        for text in [
            "connect() failed (111: Connection refused)",
            "dial tcp: connect: connection refused",
            "Error: connect ECONNREFUSED 10.0.0.1:1",
            "No connection could be made because the target machine actively refused it",
        ] {
            assert_eq!(find(text).map(|(errno, ..)| errno.name), Some("ECONNREFUSED"), "{text}");
        }
        for number in [111, 61, 10061] {
            assert_eq!(of_number(number).map(|errno| errno.name), Some("ECONNREFUSED"));
        }
        assert_eq!(find("the offer was refused, XECONNRESET"), None);
        assert_eq!((of_number(0), of_number(7)), (None, None));
    }

    #[test]
    fn the_search_meets_every_name() {
        for errno in ERRNOS {
            for name in errno.words.iter().chain([&errno.name]) {
                let said = format!(" {name}");
                assert!(NEEDLES.iter().any(|needle| said.contains(needle)), "{name}");
            }
        }
    }
}
