//! What a capturing program, or a person, wrote beside a packet: a comment, and whose packet it was.
//!
//! Process and number stand in an option of their own, or in the comment: ptcpdump writes lines such as `PID: 1234` and
//! `Cmd: /usr/bin/curl`, etl2pcapng `PID=1234 ProcessName=curl.exe`.

/// Characters of a comment that are kept, and of a process's name.
const MOST_COMMENT: usize = 512;
const MOST_NAME: usize = 256;
/// Comments of one packet that are read.
pub const MOST_COMMENTS: usize = 4;
/// Bytes of a comment that are looked through.
const MOST_BYTES: usize = 4096;

/// Words before the name of a process.
const NAMES: [&str; 6] = ["processname", "process", "cmd", "command", "comm", "image"];

/// Options of a packet that say something to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remark<'a> {
    /// As they stand in the file: UTF-8, if it is well. Those that are not there are empty.
    pub comments: [&'a [u8]; MOST_COMMENTS],
    pub process_id: Option<u32>,
}

/// The same, read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Told {
    pub comment: Option<String>,
    pub process_id: Option<u32>,
    pub process: Option<String>,
}

impl Remark<'_> {
    pub fn told(&self) -> Told {
        let read =
            |comment: &[u8]| String::from_utf8_lossy(comment.get(..MOST_BYTES).unwrap_or(comment)).trim().to_owned();
        let mut comments: Vec<String> = self.comments.iter().map(|comment| read(comment)).collect();
        comments.retain(|comment| !comment.is_empty());
        let text = comments.join("\n");
        let number =
            || value(&text, "pid").and_then(|value| value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        let name =
            || NAMES.iter().find_map(|word| value(&text, word)).map(|name| name.chars().take(MOST_NAME).collect());
        let comment: String = comments.join("; ").chars().take(MOST_COMMENT).collect();
        Told {
            process_id: self.process_id.or_else(number),
            process: name(),
            comment: Some(comment).filter(|comment| !comment.is_empty()),
        }
    }
}

impl Told {
    /// What both tell: the comments after one another, each once and as long as there is room; the rest as it was told first.
    #[must_use]
    pub fn with(&self, later: &Self) -> Self {
        let comment = match (&self.comment, &later.comment) {
            (Some(first), Some(second)) if first.split("; ").all(|told| told != second) => {
                let room = first.chars().count() + second.chars().count() + 2 <= MOST_COMMENT;
                Some(if room { format!("{first}; {second}") } else { first.clone() })
            }
            (first, second) => first.clone().or_else(|| second.clone()),
        };
        Self {
            comment,
            process_id: self.process_id.or(later.process_id),
            process: self.process.clone().or_else(|| later.process.clone()),
        }
    }
}

/// What follows `word:` or `word=`: to the end of the line, or to the next word with its `=`.
fn value<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let lower = line.to_ascii_lowercase();
        let (at, separator) = lower.match_indices(word).find_map(|(at, _)| {
            let begins = !lower.get(..at)?.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let after = lower.get(at + word.len()..)?.trim_start();
            let separator = after.chars().next().filter(|c| begins && matches!(c, ':' | '='))?;
            Some((at, separator))
        })?;
        let rest = line.get(at + word.len()..)?.trim_start().strip_prefix(separator)?;
        let rest = if separator == '=' { before_next_word(rest) } else { rest };
        Some(rest.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
}

/// `curl.exe TID=5`: what stands before the last blank before the next `=`.
fn before_next_word(rest: &str) -> &str {
    let Some(next) = rest.find('=') else { return rest };
    let before = rest.get(..next).unwrap_or(rest);
    let value = before.trim_end().rfind([' ', ',', ';']).and_then(|blank| rest.get(..blank)).unwrap_or("");
    value.trim_end_matches([' ', ',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn remark(comment: &[u8], process_id: Option<u32>) -> Remark<'_> {
        Remark { comments: [comment, b"", b"", b""], process_id }
    }

    fn told(comment: &str) -> (Option<u32>, Option<String>) {
        let told = remark(comment.as_bytes(), None).told();
        (told.process_id, told.process)
    }

    #[test]
    fn processes_are_found_as_capture_programs_write_them() {
        let named = |id, name: &str| (Some(id), Some(name.to_owned()));
        assert_eq!(told("PID=1234 ProcessName=curl.exe TID=5"), named(1234, "curl.exe"));
        assert_eq!(told("PID=7 ProcessName=C:\\Program Files\\a b.exe, TID=5"), named(7, "C:\\Program Files\\a b.exe"));
        let many = "PID: 42\nCmd: /usr/bin/curl\nArgs: curl -I x\nParentPID: 9\nParentCmd: bash";
        assert_eq!(told(many), named(42, "/usr/bin/curl"));
        assert_eq!(told("ParentPID: 9\nPID: 42"), (Some(42), None));
        assert_eq!(told("rapid=3, and the rest is talk"), (None, None));
        assert_eq!(told("PID=none"), (None, None));
    }

    #[test]
    fn the_option_counts_more_than_the_comment() {
        let told = remark(b"PID=1", Some(2)).told();
        assert_eq!((told.process_id, told.comment.as_deref()), (Some(2), Some("PID=1")));
        assert_eq!(remark(b" ", None).told(), Told::default());
    }

    #[test]
    fn all_comments_of_a_packet_are_told() {
        let told = Remark { comments: [b"look here", b"", b"PID: 7\nCmd: curl", b" "], process_id: None }.told();
        assert_eq!(told.comment.as_deref(), Some("look here; PID: 7\nCmd: curl"));
        assert_eq!((told.process_id, told.process.as_deref()), (Some(7), Some("curl")));
    }

    proptest! {
        #[test]
        fn any_comment_is_read_and_bounded(comment: Vec<u8>, words in "(PID|Cmd|=|:| |,|\n|é|7){0,20}") {
            for bytes in [&comment[..], words.as_bytes()] {
                let told = remark(bytes, None).told();
                prop_assert!(told.comment.is_none_or(|text| text.chars().count() <= MOST_COMMENT));
            }
        }
    }
}
