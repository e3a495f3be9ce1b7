//! Holds a table of connections, on standard input, against the truth that `capgen` wrote: `truth TRUTH.csv < connections.csv`.
//! Prints one line of what agrees, and fails at the first connection that does not.

use anyhow::{Context, bail, ensure};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;

/// What is read of the table, in this order.
const COLUMNS: &str = "client_address,client_port,server_address,server_port,first_time,outcome,client_packets,server_packets,\
client_payload_carried_bytes,server_payload_carried_bytes";

/// Outcomes that a fate of capgen may have.
const OUTCOMES: [(&str, &[&str]); 17] = [
    ("closed_by_client", &["completed"]),
    ("closed_by_server", &["completed"]),
    ("closed_simultaneous", &["completed"]),
    ("fin_then_rst", &["reset_by_client", "reset_by_server"]),
    ("refused", &["rst_refused"]),
    ("syn_unanswered", &["syn_unanswered"]),
    ("half_open", &["synack_unanswered"]),
    ("half_closed_client", &["server_close_wait", "half_closed"]),
    ("half_closed_server", &["client_close_wait", "half_closed"]),
    ("rst_by_client", &["reset_by_client"]),
    ("rst_by_server", &["reset_by_server"]),
    // Of roles that nothing in the capture shows, either may be guessed.
    ("midstream_open", &["open"]),
    ("midstream_closed", &["closed"]),
    ("established", &["open"]),
    ("scan_open", &["handshake_aborted", "synack_unanswered"]),
    ("scan_closed", &["rst_refused"]),
    ("scan_filtered", &["syn_unanswered"]),
];

/// One connection, with its ends and their counts in the order of addresses.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    packets: [u64; 2],
    payload: [u64; 2],
}

type Ends = [(IpAddr, u16); 2];

struct Known {
    counts: Counts,
    fate: &'static [&'static str],
}

fn main() -> anyhow::Result<()> {
    let argument = std::env::args().nth(1).context("truth TRUTH.csv < connections.csv")?;
    if argument == "--columns" {
        println!("{COLUMNS}");
        return Ok(());
    }
    let mut truth = read_truth(&argument)?;
    let total = truth.values().map(Vec::len).sum::<usize>();
    let mut found = 0;
    each_line(io::stdin().lock(), |cells| {
        let [client, client_port, server, server_port, _, outcome, packets @ ..] = cells else {
            bail!("{} columns", cells.len());
        };
        let (ends, turned) = ends([client, client_port, server, server_port])?;
        let [client_packets, server_packets, client_payload, server_payload] = packets else { bail!("columns lack") };
        let counts = counts([client_packets, server_packets], [client_payload, server_payload], turned)?;
        let Entry::Occupied(mut left) = truth.entry(ends) else { bail!("{ends:?} is none of the truth") };
        let lives = left.get_mut();
        ensure!(!lives.is_empty(), "{ends:?} has more connections than the truth");
        // Connections of one flow come in the order of time in both.
        let known = lives.remove(0);
        ensure!(known.counts == counts, "{ends:?}: {counts:?}, in truth {:?}", known.counts);
        ensure!(known.fate.contains(&outcome.as_str()), "{ends:?}: {outcome}, expected {}", known.fate.join(" or "));
        found += 1;
        Ok(())
    })?;
    ensure!(found == total, "{found} connections of {total}");
    println!("{found} of {total}: packets, payload and outcome of each");
    Ok(())
}

/// Connections by flow, in the order of their first packets.
fn read_truth(path: &str) -> anyhow::Result<HashMap<Ends, Vec<Known>>> {
    let file = std::fs::File::open(path).with_context(|| path.to_owned())?;
    let mut found: HashMap<Ends, Vec<(String, Known)>> = HashMap::new();
    each_line(file, |cells| {
        let cell = |index: usize| cells.get(index).with_context(|| format!("column {index}"));
        let (ends, turned) = ends([cell(2)?, cell(3)?, cell(4)?, cell(5)?])?;
        let counts = counts([cell(10)?, cell(11)?], [cell(12)?, cell(13)?], turned)?;
        let (_, fate) =
            *OUTCOMES.iter().find(|(fate, _)| cells.get(6).is_some_and(|cell| cell == fate)).context("a fate")?;
        found.entry(ends).or_default().push((cell(22)?.clone(), Known { counts, fate }));
        Ok(())
    })?;
    let in_order = |mut lives: Vec<(String, Known)>| {
        lives.sort_by(|(a, _), (b, _)| a.cmp(b));
        lives.into_iter().map(|(_, known)| known).collect()
    };
    Ok(found.into_iter().map(|(ends, lives)| (ends, in_order(lives))).collect())
}

/// The cells of each line after the first; none of these tables has quotes.
fn each_line(input: impl Read, mut take: impl FnMut(&[String]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut cells = Vec::new();
    for (number, line) in BufReader::with_capacity(1 << 20, input).lines().enumerate().skip(1) {
        let line = line?;
        cells.clear();
        cells.extend(line.split(',').map(str::to_owned));
        take(&cells).with_context(|| format!("line {}: {line}", number + 1))?;
    }
    Ok(())
}

/// Both ends in the order of addresses, and whether that turned them round.
fn ends([client, client_port, server, server_port]: [&String; 4]) -> anyhow::Result<(Ends, bool)> {
    let (client, server) = ((client.parse()?, client_port.parse()?), (server.parse()?, server_port.parse()?));
    Ok(if client <= server { ([client, server], false) } else { ([server, client], true) })
}

fn counts(packets: [&String; 2], payload: [&String; 2], turned: bool) -> anyhow::Result<Counts> {
    // Of a side of which nothing was seen the table says nothing.
    let number = |cell: &String| if cell.is_empty() { Ok(0) } else { cell.parse() };
    let pair = |[client, server]: [&String; 2]| -> anyhow::Result<[u64; 2]> {
        let (client, server) = (number(client)?, number(server)?);
        Ok(if turned { [server, client] } else { [client, server] })
    };
    Ok(Counts { packets: pair(packets)?, payload: pair(payload)? })
}
