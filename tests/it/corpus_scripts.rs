//! What odd captures of the corpus taught, each as a script with the rows that it must give.

use crate::support::{analyse_script, labels};
use synfin::case::Judged;

/// Every cell that an expectation may name.
fn cells(row: &Judged) -> String {
    let [client, server] = &row.summary.sides;
    let resent = |half: &synfin::tcp::Half| half.retransmissions_timeout + half.retransmissions_fast;
    format!(
        "{} reset_origin={} caveats={} client_packets={} server_packets={} client_retransmissions={} server_retransmissions={}",
        labels(row),
        row.judgement.reset_origin.map_or("", |origin| origin.name()),
        row.judgement.caveats.print(),
        client.packets,
        server.packets,
        resent(client),
        resent(server),
    )
}

#[test]
fn every_script_of_the_corpus_gives_the_rows_that_it_states() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/scripts/corpus");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of scripts") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a script");
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("// => ")).collect();
        let rows: Vec<String> = analyse_script(&text).iter().map(cells).collect();
        let holds = |(row, expected): (&String, &&str)| {
            let row: Vec<&str> = row.split(' ').collect();
            expected.split(' ').all(|cell| row.contains(&cell))
        };
        if expected.is_empty() || rows.len() != expected.len() || !rows.iter().zip(&expected).all(holds) {
            wrong.push(format!("{}\n  expected {expected:#?}\n  got {rows:#?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
