//! What a file's name says of its place in a rotated set: which part of it changes from file to file, and how that counts.
//!
//! Known are the names that capturing programs give: a number after the extension (`tcpdump -C`: `x.pcap`, `x.pcap1`), a date
//! (`tcpdump -G` with strftime's letters), both a number and a date (dumpcap's ring buffers, `editcap -c` and `-i`:
//! `x_00001_20261120200554.pcapng`). A plain number before the extension (`x_1.pcap`) may as well tell hosts apart: such
//! files are taken for a set only where they also follow on one another.

/// Extensions that captures have; a number may stand behind them.
const EXTENSIONS: [&str; 6] = [".pcap", ".pcapng", ".cap", ".dmp", ".ntar", ".snoop"];
/// What packing programs add.
const PACKED: [&str; 7] = [".gz", ".zst", ".xz", ".bz2", ".lz4", ".tgz", ".bgz"];

/// Where a name stands in a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// The name with `*` for what changes, as a shell would match all of the set.
    pub pattern: String,
    /// What stood there, in the order of the name.
    pub numbers: Vec<u64>,
    /// That among it which counts files, if anything does.
    count: Option<u64>,
    /// It begins anew with each date (`tcpdump -C -G`), rather than going on through the set.
    restarts: bool,
    /// Only its number tells the file from others, and it may be a host's.
    pub is_weak: bool,
}

impl Series {
    /// What the name of a file says, if anything in it looks like a set's.
    pub fn of(name: &str) -> Option<Self> {
        let name = unpacked(name);
        let mut series = Self::default();
        series.dates(name);
        let dated = !series.numbers.is_empty();
        let counted = series.number_at_end() || dated && series.number_between();
        if !dated && !counted {
            series.number_before_extension()?;
        }
        Some(series)
    }

    /// The same file as the first of a `tcpdump -C` set, which has no number behind its name while the others do.
    pub fn first(name: &str, series: Option<&Self>) -> Self {
        let (stem, numbers) =
            series.map_or_else(|| (unpacked(name), Vec::new()), |of| (of.pattern.as_str(), of.numbers.clone()));
        let restarts = !numbers.is_empty();
        Self { pattern: format!("{stem}*"), numbers, restarts, ..Self::default() }
    }

    /// How many files of the set stood between `before` and this one, by their numbers. None are known of where dates alone
    /// tell files apart (a program that waits for packets makes none), nor where a ring or another date begins.
    pub fn missing_since(&self, before: &Self) -> u64 {
        let dates = |series: &Self| series.numbers.first().filter(|_| series.restarts).copied();
        if self.pattern != before.pattern || dates(self) != dates(before) {
            return 0;
        }
        // The first of `tcpdump -C` has no number.
        let count = |series: &Self| series.count.unwrap_or(0);
        count(self).saturating_sub(count(before)).saturating_sub(1)
    }

    /// Whether this one may come right after `before` by its number alone: the next, or the least again in a ring.
    pub fn follows(&self, before: &Self) -> bool {
        match (self.numbers.as_slice(), before.numbers.as_slice()) {
            ([this], [before]) => before.checked_add(1) == Some(*this) || *this <= 1 && *before > 1,
            _ => false,
        }
    }

    /// Takes the name with every date in it replaced.
    fn dates(&mut self, name: &str) {
        let mut at = 0;
        let mut previous = None;
        while let Some(character) = name.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = name.get(at..).unwrap_or_default();
            let in_number = previous.is_some_and(|before: char| before.is_ascii_digit());
            match (!in_number).then(|| date(rest, previous)).flatten() {
                Some(length) => {
                    let digits = rest.chars().take(length).filter(char::is_ascii_digit);
                    self.push(digits.fold(0, |number, digit| number * 10 + u64::from(digit) - u64::from('0')));
                    previous = None;
                    at += length;
                }
                None => {
                    self.pattern.push(character);
                    previous = Some(character);
                    at += character.len_utf8();
                }
            }
        }
    }

    fn push(&mut self, number: u64) {
        self.numbers.push(number);
        self.pattern.push('*');
    }

    /// `x.pcap1`, `x.pcap.1`, `x.pcap-01`; after a date also `x-20261120.pcap1`.
    fn number_at_end(&mut self) -> bool {
        let stem = self.pattern.trim_end_matches(|c: char| c.is_ascii_digit());
        let before = stem.strip_suffix(['.', '-', '_']).unwrap_or(stem);
        let Ok(number) = self.pattern.get(stem.len()..).unwrap_or_default().parse() else { return false };
        let lower = before.to_ascii_lowercase();
        if !EXTENSIONS.iter().any(|extension| lower.ends_with(extension)) {
            return false;
        }
        self.pattern.truncate(before.len());
        self.restarts = !self.numbers.is_empty();
        self.push(number);
        self.count = Some(number);
        true
    }

    /// `x_00001_*.pcapng`, `x_*_00001.pcapng`: a number of three digits or more that stands alone beside a date.
    fn number_between(&mut self) -> bool {
        let is_mark = |c: char| matches!(c, '_' | '-' | '.');
        let Some(star) = self.pattern.find('*') else { return false };
        let (before, after) =
            (self.pattern.get(..star).unwrap_or_default(), self.pattern.get(star + 1..).unwrap_or_default());
        let stem = before.trim_end_matches(is_mark).trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = before.get(stem.len()..).unwrap_or_default();
        if let Some(number) =
            alone(digits.trim_end_matches(is_mark)).filter(|_| digits.ends_with(is_mark) && stem.ends_with(is_mark))
        {
            self.pattern.replace_range(stem.len()..star, "*");
            self.pattern = self.pattern.replacen("**", "*", 1);
            self.numbers.insert(0, number);
            self.count = Some(number);
            return true;
        }
        let rest = after.trim_start_matches(is_mark);
        let digits =
            rest.get(..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()).unwrap_or_default();
        let ends = rest.get(digits.len()..).is_some_and(|tail| tail.is_empty() || tail.starts_with(is_mark));
        match alone(digits).filter(|_| rest.len() < after.len() && ends) {
            Some(number) => {
                let end = self.pattern.len() - rest.len() + digits.len();
                self.pattern.replace_range(star + 1..end, "");
                self.numbers.push(number);
                self.count = Some(number);
                true
            }
            None => false,
        }
    }

    /// `x_1.pcap`, `x-01.pcap`, `x (1).pcap`, `x1` where nothing says that it is no set.
    fn number_before_extension(&mut self) -> Option<()> {
        let lower = self.pattern.to_ascii_lowercase();
        let extension =
            EXTENSIONS.iter().find(|extension| lower.ends_with(*extension)).map_or("", |extension| extension);
        let end = self.pattern.len() - extension.len();
        let (head, tail) = self.pattern.split_at_checked(end)?;
        let (head, close) = head.strip_suffix(')').map_or((head, ""), |head| (head, ")"));
        let stem = head.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = head.get(stem.len()..)?.parse().ok()?;
        // A number after a letter is a host's name, one after a number and a dot the end of an address.
        let is_marked = stem.ends_with(['_', '-', ' ', '(', '#'])
            || stem.ends_with('.') && !stem.trim_end_matches('.').ends_with(|c: char| c.is_ascii_digit());
        if !is_marked && !extension.is_empty() {
            return None;
        }
        self.pattern = format!("{stem}*{close}{tail}");
        self.numbers.push(number);
        self.count = Some(number);
        self.is_weak = true;
        Some(())
    }
}

/// The name without what a packing program added.
fn unpacked(name: &str) -> &str {
    PACKED.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// A number of three digits or more: what rings and splitters count with.
fn alone(digits: &str) -> Option<u64> {
    if digits.len() < 3 { None } else { digits.parse().ok() }
}

/// Length of the date at the start of `text`, which stands after `previous`: day, with or without a time of day; seconds since
/// 1970; or six digits that are a time of day.
fn date(text: &str, previous: Option<char>) -> Option<usize> {
    let ends = |at: usize| text.get(at..).filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())).map(|_| at);
    let day = || {
        let at = field(text, 0, 4, 1990..=2099)?;
        let at = field(text, gap(text, at), 2, 1..=12)?;
        field(text, gap(text, at), 2, 1..=31)
    };
    if let Some(at) = day() {
        let time = || {
            let at = field(text, gap(text, at), 2, 0..=23)?;
            let minute = field(text, gap(text, at), 2, 0..=59)?;
            let second = field(text, gap(text, minute), 2, 0..=60).and_then(ends);
            second.or_else(|| ends(minute))
        };
        return time().or_else(|| ends(at));
    }
    if let Some(at) = field(text, 0, 10, 600_000_000..=4_200_000_000).and_then(ends) {
        return Some(at);
    }
    let at = field(text, 0, 2, 0..=23)?;
    let at = field(text, at, 2, 0..=59)?;
    let at = field(text, at, 2, 0..=59)?;
    ends(at).filter(|_| previous.is_some_and(|before| matches!(before, '_' | '-' | '.' | ' ')))
}

/// Past one mark between the parts of a date, if there is one.
fn gap(text: &str, at: usize) -> usize {
    let is_mark = text.get(at..).is_some_and(|rest| rest.starts_with(['-', '_', '.', ':', 'T', ' ', '@']));
    at + usize::from(is_mark)
}

/// Past a number of so many digits within bounds.
fn field(text: &str, at: usize, digits: usize, bounds: std::ops::RangeInclusive<u64>) -> Option<usize> {
    let field = text.get(at..at.checked_add(digits)?)?;
    let number: u64 = field.bytes().all(|byte| byte.is_ascii_digit()).then(|| field.parse().ok())??;
    bounds.contains(&number).then_some(at + digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(name: &str) -> Option<(String, Vec<u64>, bool)> {
        Series::of(name).map(|series| (series.pattern, series.numbers, series.is_weak))
    }

    fn strong(pattern: &str, numbers: &[u64]) -> Option<(String, Vec<u64>, bool)> {
        Some((pattern.to_owned(), numbers.to_vec(), false))
    }

    #[test]
    fn names_that_capturing_programs_give_are_known() {
        // tcpdump -C, with -W, with -z gzip
        assert_eq!(series("x.pcap12"), strong("x.pcap*", &[12]));
        assert_eq!(series("x.pcap07.gz"), strong("x.pcap*", &[7]));
        assert_eq!(series("web1.pcap.3"), strong("web1.pcap*", &[3]));
        // tcpdump -G
        assert_eq!(series("x-20261120-200554.pcap"), strong("x-*.pcap", &[20_261_120_200_554]));
        assert_eq!(series("x_2026-11-20_20:05:54.pcap"), strong("x_*.pcap", &[20_261_120_200_554]));
        assert_eq!(series("2026-11-20T20:05.pcap"), strong("*.pcap", &[202_611_202_005]));
        assert_eq!(series("x.20261120.pcap"), strong("x.*.pcap", &[20_261_120]));
        assert_eq!(series("x-1795424094.pcap"), strong("x-*.pcap", &[1_795_424_094]));
        assert_eq!(series("x-200554.pcap"), strong("x-*.pcap", &[200_554]));
        // both: tcpdump numbers within the second
        assert_eq!(series("x-20261120200554.pcap1"), strong("x-*.pcap*", &[20_261_120_200_554, 1]));
        // dumpcap and editcap, either order
        assert_eq!(series("x_00012_20261120200554.pcapng"), strong("x_*.pcapng", &[12, 20_261_120_200_554]));
        assert_eq!(series("x_20261120200554_00012.pcapng"), strong("x_*.pcapng", &[20_261_120_200_554, 12]));
        // the first of tcpdump -C is found beside the others
        assert_eq!(Series::first("x.pcap.gz", None).pattern, "x.pcap*");
        let dated = Series::of("x-20261120.pcap");
        assert_eq!(Series::first("x-20261120.pcap", dated.as_ref()).pattern, "x-*.pcap*");
    }

    #[test]
    fn a_number_that_may_be_a_hosts_is_weak_or_nothing() {
        let weak = |pattern: &str, number| Some((pattern.to_owned(), vec![number], true));
        assert_eq!(series("x_1.pcap"), weak("x_*.pcap", 1));
        assert_eq!(series("x (2).pcap"), weak("x (*).pcap", 2));
        assert_eq!(series("trace3"), weak("trace*", 3));
        assert_eq!(series("web_8080.pcap"), weak("web_*.pcap", 8080));
        for name in ["web1.pcap", "x.pcap", "10.1.0.5.pcap", "host-10.0.0.1.pcap", "", "é1.pcap", "x.pcap.gz"] {
            assert_eq!(series(name), None, "{name}");
        }
    }

    #[test]
    fn numbers_follow_by_one_or_begin_again() {
        let at = |number| Series { numbers: vec![number], is_weak: true, ..Series::default() };
        assert!(at(3).follows(&at(2)) && at(0).follows(&at(9)) && at(1).follows(&at(9)));
        assert!(
            !at(4).follows(&at(2)) && !at(2).follows(&at(2)) && !at(0).follows(&at(u64::MAX))
                || at(0).follows(&at(u64::MAX))
        );
    }

    #[test]
    fn numbers_that_are_skipped_are_files_that_are_missing() {
        let missing = |before: &str, this: &str| {
            let this = Series::of(this).expect("a number or a date");
            // As `chains` takes what has no number behind it and others have one.
            let first = Series::first(before, Series::of(before).as_ref());
            let before = if first.pattern == this.pattern { Some(first) } else { Series::of(before) };
            this.missing_since(&before.expect("a number or a date"))
        };
        assert_eq!(missing("x.pcap1", "x.pcap2"), 0);
        assert_eq!(missing("x.pcap1", "x.pcap5"), 3);
        assert_eq!(missing("x.pcap", "x.pcap2"), 1);
        assert_eq!(missing("x_00001_20261120200554.pcapng", "x_00003_20261120200704.pcapng"), 1);
        assert_eq!(missing("x_20261120200554_00001.pcapng", "x_20261120200704_00002.pcapng"), 0);
        // A ring begins again, and so does the number within another date.
        assert_eq!(missing("x.pcap9", "x.pcap0"), 0);
        assert_eq!(missing("x-20261120.pcap1", "x-20261121.pcap5"), 0);
        assert_eq!(missing("x-20261120.pcap1", "x-20261120.pcap5"), 3);
        assert_eq!(missing("x-20261120.pcap", "x-20261120.pcap3"), 2);
        // `tcpdump -G` makes no file while no packet comes.
        assert_eq!(missing("x-20261120200554.pcap", "x-20261120210554.pcap"), 0);
        assert_eq!(missing("x.pcap0", "x.pcap18446744073709551615"), u64::MAX - 1);
    }

    proptest! {
        #[test]
        fn any_name_is_read(name in "(?s)[-_.: T()0-9a-z*é]{0,40}", any in "(?s).{0,20}") {
            Series::of(&name);
            Series::of(&any);
            Series::of(&format!("x_{name}.pcap"));
        }
    }
}
