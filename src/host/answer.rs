//! Commands that answer with bare numbers: only the prompt above, or the file's path, tells what they are.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found, uname};

pub const FORMAT: Format = Format { name: "answer", sniff, parse };

/// What was asked for.
enum Question<'a> {
    /// The table of connection tracking: its length.
    Conntrack,
    /// A file below `/proc/sys`.
    Sysctl(&'a str),
    /// Lines of a list of open files: of one process, or of all.
    OpenFiles(&'a str),
    /// The kernel's release.
    Release,
}

fn sniff(lines: &Lines<'_>) -> bool {
    lines.command.and_then(question).is_some_and(|question| answers(&question, lines.text()))
}

/// The part of a path that stands for the command whose output the file holds.
pub(super) fn command_of_path(path: &str) -> Option<&str> {
    let file = path.get(path.rfind('/').map_or(0, |at| at + 1)..)?;
    let known = path
        .find("proc/sys/")
        .and_then(|at| path.get(at..))
        .or_else(|| file.starts_with("conntrack-C").then_some(file));
    known.filter(|text| question(text).is_some())
}

fn question(command: &str) -> Option<Question<'_>> {
    let counted = command.contains("wc -l") || command.contains("wc  -l");
    if let Some((_, rest)) = command.split_once("proc/sys/") {
        let path = rest.split([' ', ';', '|', '.']).next().filter(|path| !path.is_empty() && !path.contains('*'))?;
        return (!counted).then_some(Question::Sysctl(path));
    }
    if command.starts_with("conntrack -C") || command.starts_with("conntrack-C") || command.contains(" conntrack -C") {
        return Some(Question::Conntrack);
    }
    let name = command.split(' ').skip_while(|word| *word == "sudo").collect::<Vec<_>>();
    if name.first() == Some(&"sysctl") && name.get(1).is_some_and(|option| *option == "-n") {
        return command.rsplit(' ').next().map(Question::Sysctl);
    }
    if name == ["uname", "-r"] {
        return Some(Question::Release);
    }
    if counted && (command.contains("/fd") || command.contains("lsof")) {
        let of_proc = command.split_once("/proc/").and_then(|(_, rest)| rest.split('/').next());
        let of_lsof =
            command.split_once("-p").map(|(_, rest)| rest.trim_start()).and_then(|rest| rest.split([' ', '|']).next());
        let pid = of_proc.or(of_lsof).filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()));
        return Some(Question::OpenFiles(pid.unwrap_or_default()));
    }
    None
}

fn answers(question: &Question<'_>, text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &&str| word.strip_prefix('-').unwrap_or(word).bytes().all(|byte| byte.is_ascii_digit());
    let numbers = !words.is_empty() && words.iter().all(number);
    match question {
        Question::Release => words.len() == 1 && uname::is_release(text.trim()),
        Question::Conntrack | Question::OpenFiles(_) => numbers && words.len() == 1,
        // Names of congestion controls and the like are words.
        Question::Sysctl(_) => numbers || (1..=8).contains(&words.len()) && !text.contains([':', '$', '#', '=']),
    }
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(question) = lines.command.and_then(question) else { return };
    let Some(Line { number, text }) = lines.next() else { return };
    match question {
        Question::Conntrack => match text.trim().parse() {
            Ok(value) => found.counters.push(Counter::new("nf_conntrack_count", value, number)),
            Err(_) => found.odd.add(number, "a count beyond 64 bits"),
        },
        Question::Sysctl(path) => found.settings.push(Setting::new(path.replace('/', "."), text, number)),
        Question::OpenFiles(pid) => found.settings.push(Setting::new("fd_count", text, number).of(pid)),
        Question::Release => found.settings.push(Setting::new("kernel.osrelease", text, number)),
    }
}
