//! Community IDs on the captures of the specification and of Suricata's own tests; the values are those of the
//! specification's baseline and of Wireshark's dissector.

use crate::support::{analyse, shared};
use std::collections::BTreeSet;
use synfin::case::Facts;
use synfin::report::columns::COLUMNS;

const EXPECTED: [(&str, &[&str]); 4] = [
    ("community-id-spec/pcaps__tcp.pcap", &["1:LQU9qZlK+B5F3KDmev6m5PMibrg="]),
    ("community-id-spec/pcaps__ipv6.pcap", &["1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="]),
    (
        "suricata-verify/tests__community-id-ipv6__input.pcap",
        &["1:njFHyHv2ATzLP9rSy0H6wbG73QU=", "1:x48XA3YiAaOKTB0FEpvi+0cbuGg="],
    ),
    ("suricata-verify/tests__community-id-sameip__input.pcap", &["1:0HUQbshhYbATQXDHv/ysOs0DlZA="]),
];

#[test]
fn community_ids_are_those_of_the_specification() {
    let Some(folder) = shared("corpus/captures") else { return };
    let column = COLUMNS.iter().find(|column| column.name == "community_id").expect("the column");
    let facts = Facts::default();
    for (path, expected) in EXPECTED {
        let rows = analyse(&folder.join(path));
        let found: BTreeSet<String> = rows.iter().map(|row| (column.get)(row, &facts).print()).collect();
        for id in expected {
            assert!(found.contains(*id), "{path}: {id} is not among {found:?}");
        }
    }
}
