//! Genuine RSTs are not taken for forged ones: nearly all of the corpus come from the hosts themselves.

use crate::corpus::{files, print_counts, short};
use crate::support::analyse;
use std::collections::BTreeMap;
use synfin::tcp::summary::{ResetOrigin, ResetPhase};

/// Connections whose RST was forged beyond doubt: 6 ms after the request on a path of 136 ms, from one hop away (TTL 254,
/// where the server's segments have 52).
const FORGED: [&str; 1] = ["CVE-2007-5646_Simple_Machines_Forum_index.php_SQL_Injection.pcap"];

#[test]
fn hardly_any_rst_after_an_orderly_fin_is_taken_for_a_forged_one() {
    let Some(files) = files() else { return };
    let mut table = BTreeMap::new();
    let (mut after_fin, mut suspected, mut elsewhere) = (0, 0, Vec::new());
    for file in &files {
        for row in analyse(&file.path) {
            let judgement = row.judgement;
            let (Some(phase), Some(origin)) = (judgement.reset_phase, judgement.reset_origin) else { continue };
            let kind = judgement.reset_kind.map_or("other", |kind| kind.name());
            *table.entry(format!("{:<12} {kind:<10} {}", phase.name(), origin.name())).or_insert(0) += 1;
            let forged = origin == ResetOrigin::MiddleboxSuspected;
            if phase == ResetPhase::AfterFin {
                after_fin += 1;
                suspected += usize::from(forged);
            } else if forged {
                elsewhere.push(short(file).to_owned());
            }
        }
    }
    print_counts("RSTs by phase, kind and origin", &table);
    println!("after an orderly FIN: {after_fin}, suspected {suspected}; suspected elsewhere: {elsewhere:?}");
    assert!(after_fin > 250, "the corpus has many");
    assert!(suspected * 100 <= after_fin, "{suspected} of {after_fin}");
    assert!(
        elsewhere.iter().zip(FORGED).all(|(file, forged)| file.ends_with(forged)) && elsewhere.len() == FORGED.len()
    );
}
