//! What a command at a prompt connects to: `curl http://web/`, `nc -vz 10.0.0.1 80`, `ssh -p 2222 me@web`.

use super::ends;
use crate::host::{Port, SocketAddress};

/// The program of a command line, without what stands before it (`sudo`, `time`, settings of the environment).
pub fn program(command: &str) -> Option<&str> {
    const SHELL: [&str; 12] = ["for", "while", "until", "if", "do", "then", "(", "{", "echo", "cat", "printf", "exit"];
    let word = from_program(command).split_whitespace().next()?.trim_start_matches(['(', '{']);
    let name = word.rsplit(['/', '\\']).next()?;
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '+');
    (!SHELL.contains(&name) && !name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// A command line from its program on.
fn from_program(command: &str) -> &str {
    const BEFORE: [&str; 8] = ["sudo", "time", "timeout", "nohup", "env", "strace", "watch", "exec"];
    let is_setting = |word: &str| word.contains('=') && !word.starts_with(['-', '/', '\'', '"']);
    let is_option = |word: &str| word.starts_with('-') || word.starts_with(|letter: char| letter.is_ascii_digit());
    let mut words = command.split_whitespace().skip_while(|word| is_setting(word)).peekable();
    while words.next_if(|word| BEFORE.contains(word)).is_some() {
        while words.next_if(|word| is_option(word) || is_setting(word)).is_some() {}
    }
    words.next().and_then(|word| command.get(word.as_ptr() as usize - command.as_ptr() as usize..)).unwrap_or_default()
}

/// The host and port that a command names.
pub fn of(command: &str) -> Option<SocketAddress> {
    let trimmed = |word: &str| word.trim_matches(['"', '\'', ';', ')', '(', ',']).to_owned();
    let words: Vec<String> = from_program(command).split_whitespace().map(trimmed).collect();
    url(command).or_else(|| device(command)).or_else(|| ssh(&words)).or_else(|| call(command)).or_else(|| pair(&words))
}

fn url(command: &str) -> Option<SocketAddress> {
    let at = command.find("://")?;
    let start = command.get(..at)?.rfind(|letter: char| !letter.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let rest = command.get(start..)?;
    let end = rest.find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ')' | ',' | '`'));
    ends::url(rest.get(..end.unwrap_or(rest.len()))?)
}

/// `/dev/tcp/10.0.0.1/80`
fn device(command: &str) -> Option<SocketAddress> {
    let mut parts = command.split_once("/dev/tcp/")?.1.split(|letter: char| letter == '/' || parts(letter));
    let (host, port) = (parts.next()?, parts.next()?);
    Some(SocketAddress::of(host, Port::Number(port.parse().ok()?)))
}

fn parts(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '"' | '\'' | ';' | '&' | '|' | '>' | ')')
}

/// `ssh -p 2222 user@host`, wherever it stands in the line.
fn ssh(words: &[String]) -> Option<SocketAddress> {
    let start = words.iter().position(|word| matches!(program(word), Some("ssh" | "scp" | "sftp")))?;
    let words = words.get(start + 1..)?;
    let option = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(&word.as_str()))?;
        words.get(at + 1)?.parse::<u16>().ok()
    };
    let takes_value =
        |word: &str| word.starts_with('-') && word.len() == 2 && "opPliFJLRDWbceEImQSw".contains(&word[1..]);
    let mut values = false;
    let host = words.iter().find(|word| {
        let is_value = std::mem::replace(&mut values, takes_value(word));
        !is_value && !word.starts_with('-')
    })?;
    let host = host.rsplit_once('@').map_or(host.as_str(), |(_, host)| host);
    let host = host.split(':').next()?;
    Some(SocketAddress::of(host, Port::Number(option(&["-p", "-P"]).unwrap_or(22))))
}

/// `connect(80,'10.0.0.1')`, `create_connection(('10.0.0.1',80))`
fn call(command: &str) -> Option<SocketAddress> {
    let (_, arguments) = ["connect(", "connection(("].iter().find_map(|name| command.split_once(name))?;
    let mut parts = arguments.split([',', ')']).map(|part| part.trim().trim_matches(['(', '"', '\'', ' ']));
    let (first, second) = (parts.next()?, parts.next()?);
    let (host, port) = if first.parse::<u16>().is_ok() { (second, first) } else { (first, second) };
    Some(SocketAddress::of(host, Port::Number(port.parse().ok()?)))
}

/// Two words that are host and port, one that is both, or the last host of the line.
fn pair(words: &[String]) -> Option<SocketAddress> {
    let host =
        |word: &str| !word.starts_with('-') && (word.contains(['.', ':']) || word == "localhost" || word.len() > 1);
    let two = words.windows(2).skip(1).find_map(|pair| {
        let [first, second] = pair else { return None };
        let port = second.parse::<u16>().ok().filter(|&port| port > 0)?;
        let is_host = host(first) && first.parse::<f64>().is_err() && !first.contains('/');
        is_host.then(|| SocketAddress::of(first, Port::Number(port)))
    });
    let one = || words.iter().skip(1).find_map(|word| ends::first(word).filter(|end| end.port.number().is_some()));
    let address = || words.iter().skip(1).rev().find_map(|word| ends::first(word));
    let last = || {
        let word = words.iter().skip(1).rev().find(|word| word.contains('.') && !word.starts_with(['-', '+', '/']))?;
        ends::named(word)
    };
    two.or_else(one).or_else(address).or_else(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_what_they_connect_to() {
        for (command, expected, by) in [
            ("curl -sS -m 6 http://10.77.2.2:8081/", "10.77.2.2:8081", "curl"),
            ("curl -sS http://nosuchhost.example.internal/", "nosuchhost.example.internal:80", "curl"),
            ("curl -sS -m 3 telnet://10.77.2.2:4000 </dev/null", "10.77.2.2:4000", "curl"),
            ("nc -v -w 4 10.77.2.2 8081 </dev/null", "10.77.2.2:8081", "nc"),
            ("nc -vz web 443", "web:443", "nc"),
            ("bash -c 'echo > /dev/tcp/10.77.2.2/8081'", "10.77.2.2:8081", "bash"),
            ("ssh -v -o ConnectTimeout=5 -o BatchMode=yes -p 8081 u@10.77.2.2 true 2>&1", "10.77.2.2:8081", "ssh"),
            ("node -e \"require('net').connect(443,'api.shop.lab').on('error')\"", "api.shop.lab:443", "node"),
            ("java /opt/app/C.java 10.77.2.2 3306", "10.77.2.2:3306", "java"),
            ("ping -c 3 -i 0.3 10.77.2.2", "10.77.2.2:*", "ping"),
            ("dig +tries=1 +time=2 api.shop.lab", "api.shop.lab:*", "dig"),
            ("telnet web01 25", "web01:25", "telnet"),
            (
                "/usr/bin/python3 -c \"u.urlopen('http://10.77.2.2:80/', timeout=0.25)\" 2>&1 | tail -1",
                "10.77.2.2:80",
                "python3",
            ),
            ("PGPASSWORD=x psql 'host=10.77.2.2 dbname=orders'", "10.77.2.2:*", "psql"),
            ("sudo timeout 5 nc 10.0.0.1 80", "10.0.0.1:80", "nc"),
        ] {
            let target = of(command).map(|target| target.to_string());
            assert_eq!(target.as_deref(), Some(expected), "{command}");
            assert_eq!(program(command), Some(by), "{command}");
        }
        let many = "for i in 1 2 3; do (sleep 6 | nc -w 6 10.77.2.2 2222 >/dev/null) & done; sleep 1; ssh -o ConnectTimeout=3 -p 2222 u@10.77.2.2 true; wait";
        assert_eq!(of(many).map(|target| target.to_string()).as_deref(), Some("10.77.2.2:2222"));
        assert_eq!((program(many), program("")), (None, None));
        assert_eq!(of("ls -l"), None);
    }
}
