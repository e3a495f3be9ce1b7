//! What explains a connection that never was, on real recordings: who asked for which address or name in vain.

use crate::support::{analyse_with, shared};
use synfin::analysis::Options;
use synfin::case::Case;
use synfin::report::{TABLES, Table, format, table};

/// A table of the case as CSV, with these columns.
fn csv(case: &Case, name: &str, columns: &str) -> String {
    let table: &Table = table(name).expect("a table");
    let sink = crate::report::tables::Shared::default();
    let csv = format("csv").expect("a format");
    table
        .print(&case.facts, columns, &mut |fields| (csv.open)(Box::new(sink.clone()), fields))
        .expect("memory takes every row");
    String::from_utf8(sink.bytes()).expect("tables are UTF-8")
}

fn recording(name: &str) -> Option<Case> {
    Some(analyse_with(&[shared("lab")?.join(name)], &Options::default()).1)
}

#[test]
fn a_name_that_does_not_exist_is_told_from_one_that_does() {
    let Some(case) = recording("s33_dns_failure/cli.pcap") else { return };
    let expected = "\
name,type,state,code,asked,answered,unanswered,addresses
www.shop.lab,A,answered,,1,1,0,10.77.2.2
www.shop.lab,AAAA,empty,,1,1,0,
api.shop.lab,A,failed,NXDOMAIN,7,7,0,
api.shop.lab,AAAA,failed,NXDOMAIN,6,6,0,
";
    assert_eq!(csv(&case, "dns", "name,type,state,code,asked,answered,unanswered,addresses"), expected);
}

#[test]
fn a_gateway_that_is_not_there_is_asked_for_in_vain() {
    let Some(case) = recording("s36_arp_unanswered/cli.pcap") else { return };
    let expected = "address,state,asked,answered,asked_by\n10.77.1.254,unanswered,18,0,10.77.1.2\n";
    assert_eq!(csv(&case, "arp", "address,state,asked,answered,asked_by"), expected);
    assert_eq!(table("dns").map(|dns| dns.rows(&case.facts)), Some(0), "a table without rows is not written");
}

#[test]
fn neighbours_that_answer_are_told_with_their_hardware_address() {
    let Some(case) = recording("s26_app_logs/srv.pcap") else { return };
    let expected = "\
address,state,asked,answered,hardware_addresses
10.77.2.1,answered,1,1,6a:1a:7a:84:6d:b4
10.77.2.99,unanswered,3,0,
";
    assert_eq!(csv(&case, "arp", "address,state,asked,answered,hardware_addresses"), expected);
}

#[test]
fn every_table_is_known_by_its_name_alone() {
    let mut names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    names.push("connections");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLES.len() + 1);
    assert!(TABLES.iter().all(|table| !(table.fields)().is_empty() && table.check("all").is_ok()));
    assert!(TABLES.iter().all(|table| table.check("no_such_column").is_err()));
}
