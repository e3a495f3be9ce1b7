//! How long Linux lets the two queues of a listener become, by version.

use std::fmt;

/// Version of a Linux kernel: what the first three numbers of its release say. Distributions take changes of later versions
/// into theirs without a word there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel(u16, u16, u16);

/// Releases that got the comparison of 6.13 (commit 3479c7549fb1, "tcp/dccp: allow a connection when sk_max_ack_backlog is
/// zero") as a fix: those whose lists of changes show it.
const FIXED: [Kernel; 2] = [Kernel(5, 4, 290), Kernel(6, 12, 10)];

impl Kernel {
    /// Of `6.1.0-40-amd64`, `3.10.0-1160.el7.x86_64`, `6.18-rc3`.
    pub fn read(release: &str) -> Option<Self> {
        let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse::<u16>().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let has_third =
            release.splitn(3, '.').nth(2).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        Some(Self(major, minor, if has_third { numbers.next()?? } else { 0 }))
    }

    /// `net.core.somaxconn` unless somebody changes it: 4096 since 5.4 (include/linux/socket.h SOMAXCONN),
    /// 128 before.
    pub fn somaxconn(self) -> u32 {
        if self >= Self(5, 4, 0) { 4096 } else { 128 }
    }

    /// How many incomplete connections a listener with this limit keeps; `None` where the operands are not known. Kernels from
    /// 4.3 to 6.12 that have a later fix keep one more.
    pub(super) fn incomplete_holds(self, limit: u32, max_syn_backlog: Option<u32>) -> Option<u32> {
        let is_fixed = FIXED.iter().any(|fixed| (self.0, self.1) == (fixed.0, fixed.1) && self.2 >= fixed.2);
        if self >= Self(6, 13, 0) || is_fixed {
            // include/net/inet_connection_sock.h inet_csk_reqsk_queue_is_full(): full is `length > sk_max_ack_backlog`.
            return Some(limit.saturating_add(1));
        }
        if self >= Self(4, 3, 0) {
            // The same: full is `length >= sk_max_ack_backlog`.
            return Some(limit);
        }
        if self >= Self(2, 6, 20) {
            // net/core/request_sock.c reqsk_queue_alloc(): full is `length >> max_qlen_log`.
            let entries = limit.min(max_syn_backlog?).max(8);
            return entries.checked_add(1)?.checked_next_power_of_two();
        }
        None
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_to_their_third_number() {
        let read = |release: &str| Kernel::read(release).map(|Kernel(a, b, c)| (a, b, c));
        assert_eq!(read("6.1.0-40-amd64"), Some((6, 1, 0)));
        assert_eq!(read("3.10.0-1160.el7.x86_64"), Some((3, 10, 0)));
        assert_eq!(read("6.12.10"), Some((6, 12, 10)));
        assert_eq!(read("6.18-rc3"), Some((6, 18, 0)));
        assert_eq!(read("5.15.167.4-microsoft-standard-WSL2"), Some((5, 15, 167)));
        assert_eq!(read("6"), None);
        assert_eq!(read("99999999.1.2"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn the_formula_is_that_of_the_version() {
        let holds = |release: &str, limit, syn| Kernel::read(release).and_then(|of| of.incomplete_holds(limit, syn));
        // The laboratory's kernel, 6.18, held 129 at 128 and 33 at 32.
        assert_eq!((holds("6.18.0", 128, None), holds("6.18.0", 32, None)), (Some(129), Some(33)));
        assert_eq!((holds("6.12.9", 128, None), holds("6.12.10", 128, None)), (Some(128), Some(129)));
        assert_eq!(holds("4.3.0", 5, Some(1)), Some(5));
        // Of the lower one of 5 and 256, at least 8, the power of two above it.
        assert_eq!(holds("3.10.0", 5, Some(256)), Some(16));
        assert_eq!(holds("3.10.0", 511, Some(256)), Some(512));
        assert_eq!(holds("3.10.0", 128, None), None);
        assert_eq!(holds("2.4.20", 128, Some(256)), None);
    }
}
