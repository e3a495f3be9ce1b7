//! Exploration only.
use crate::shared;
use crate::support::analyse_with;
use std::io::Write;
use synfin::analysis::Options;

#[test]
fn dump() {
    let Some(corpus) = shared::path("corpus") else { return };
    let mut out = std::io::BufWriter::new(std::fs::File::create("/tmp/corpus_dump.tsv").unwrap());
    let mut inp = std::io::BufWriter::new(std::fs::File::create("/tmp/corpus_inputs.tsv").unwrap());
    let mut index = csv::Reader::from_path(corpus.join("INDEX.csv")).unwrap();
    writeln!(out, "file\tclient\tserver\tfirst_frame\tlast_frame\tc_packets\ts_packets\tc_carried\ts_carried\tc_syn\ts_syn\tc_synack\ts_synack\tc_fin\ts_fin\tc_rst\ts_rst\tc_iss\ts_iss\toutcome\tbasis\tcaveats\treset_by\torigin\tphase\tkind\tttl_c\tttl_s\tpattern\tfirst_way_client\tfacts\tvlan\tc_bytes\ts_bytes\tid\tprev\tnext").unwrap();
    for row in index.deserialize::<std::collections::BTreeMap<String, String>>() {
        let file = row.unwrap()["file"].clone();
        let (rows, case) = analyse_with(&[corpus.join(&file)], &Options { threads: 1, ..Options::default() });
        for point in &case.facts.points {
            for f in &point.files {
                writeln!(
                    inp,
                    "{file}\t{}\t{}\t{}\t{}\t{:?}\t{:?}",
                    f.format, f.frames, f.tcp_segments, f.icmp_errors, f.others, f.links
                )
                .unwrap();
            }
        }
        for unread in &case.unread {
            writeln!(inp, "{file}\tUNREAD\t0\t0\t0\t{unread}").unwrap();
        }
        for r in &rows {
            let s = &r.summary;
            let [c, v] = &s.sides;
            let j = &r.judgement;
            write!(
                out,
                "{file}\t{} {}\t{} {}\t{}\t{}",
                r.client.ip(),
                r.client.port,
                r.server.ip(),
                r.server.port,
                s.first_frame,
                s.last_frame
            )
            .unwrap();
            write!(
                out,
                "\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                c.packets,
                v.packets,
                c.carried,
                v.carried,
                c.syns,
                v.syns,
                c.synacks,
                v.synacks,
                c.fins,
                v.fins,
                c.rsts,
                v.rsts
            )
            .unwrap();
            write!(
                out,
                "\t{}\t{}\t{}\t{}\t{}",
                c.iss.map_or(String::new(), |s| s.0.to_string()),
                v.iss.map_or(String::new(), |s| s.0.to_string()),
                r.outcome.name(),
                s.role_basis.name(),
                j.caveats.print()
            )
            .unwrap();
            write!(
                out,
                "\t{}\t{}\t{}\t{}",
                j.reset_by.map_or("", |s| s.name()),
                j.reset_origin.map_or("", |s| s.name()),
                j.reset_phase.map_or("", |s| s.name()),
                j.reset_kind.map_or("", |s| s.name())
            )
            .unwrap();
            writeln!(
                out,
                "\t{}-{}\t{}-{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:016x}\t{}\t{}",
                c.ttl_min,
                c.ttl_max,
                v.ttl_min,
                v.ttl_max,
                s.pattern.print(s.client_way),
                s.first_way == s.client_way,
                s.facts.0,
                s.vlan,
                c.bytes,
                v.bytes,
                r.id,
                r.previous_id.map_or(String::new(), |i| format!("{i:016x}")),
                r.next_id.map_or(String::new(), |i| format!("{i:016x}"))
            )
            .unwrap();
        }
    }
}
