//! The ladder, as people see it.

use super::seen::{capture_of, captures_of_scripts, rows, steps, tracking};
use std::path::Path;
use synfin::analysis::Options;
use synfin::case::Facts;
use synfin::report::ladder::{Folded, Ladder, story};
use synfin::report::terminal::{Style, width};
use synfin::time::Span;

const MINUTE: Span = Span::from_seconds(60);

fn style(width: usize) -> Style {
    Style { width, colour: false, unicode: true }
}

fn options() -> Options {
    Options { keys: Some([1, 2, 3, 4]), ..Options::default() }
}

/// The ladder of the `number`th connection of a capture.
fn told(path: &Path, number: usize, style: Style) -> String {
    let rows = rows(path, &options());
    let mut tracking = tracking(path, &options());
    let (steps, seen) = steps(&mut tracking, &rows[number]);
    let mut folded = Folded::default();
    steps.into_iter().for_each(|step| folded.add(step));
    // The folder of a test is another one each time.
    let mut facts: Facts = tracking.facts().clone();
    for file in facts.points.iter_mut().flat_map(|point| &mut point.files) {
        file.path = "evidence/capture.pcap".to_owned();
    }
    story(&rows[number], &facts, &folded, &seen, MINUTE, style)
}

fn told_script(text: &str, number: usize, style: Style) -> String {
    let (_folder, path) = capture_of(text);
    told(&path, number, style)
}

fn testdata(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_textbook_trace_is_told_at_every_width_and_in_colour() {
    let script = testdata("textbook/half_closed_by_server.pkt");
    for columns in [80, 100, 160] {
        let plain = told_script(&script, 0, style(columns));
        insta::assert_snapshot!(format!("textbook_{columns}"), plain);
        let colour = told_script(&script, 0, Style { colour: true, ..style(columns) });
        assert_eq!(without_colour(&colour), plain, "colour changes nothing but colour");
    }
    let colour = told_script(&script, 0, Style { colour: true, ..style(100) });
    insta::assert_snapshot!("textbook_100_colour", colour.replace('\u{1b}', "␛"));
    insta::assert_snapshot!("textbook_then_closed", told_script(&testdata("textbook/then_closed.pkt"), 0, style(100)));
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn a_refused_attempt_is_told_with_its_windows_retries() {
    let script = testdata("semantics/006_syn_rst_same_iss_retry_refused_x3_windows.pkt");
    insta::assert_snapshot!(told_script(&script, 0, style(100)));
}

#[test]
fn a_rejection_names_the_router_and_what_it_says() {
    insta::assert_snapshot!(told_script(&testdata("semantics/014_syn_icmp_syn_again_silent.pkt"), 0, style(100)));
}

#[test]
fn a_lost_segment_is_seen_to_be_recovered() {
    let script = "
        client 10.1.0.20:49160 iss 1000
        server 10.1.0.40:80 iss 5000
        0.000 > S  0:0(0) win 64240 <mss 1460,sackOK,nop,wscale 7>
        0.020 < S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,nop,wscale 7>
        0.021 > .  1:1(0) ack 1 win 502
        0.022 > .  1:1461(1460) ack 1 win 502
        0.023 > .  2921:4381(1460) ack 1 win 502
        0.043 < .  1:1(0) ack 1461 win 509
        0.044 < .  1:1(0) ack 1461 win 509 <nop,nop,sack 2921:4381>
        0.045 > .  4381:5841(1460) ack 1 win 502
        0.065 < .  1:1(0) ack 1461 win 509 <nop,nop,sack 2921:5841>
        0.066 > .  1461:2921(1460) ack 1 win 502
        0.086 < .  1:1(0) ack 5841 win 509
        0.500 > P. 5841:5941(100) ack 1 win 502
        0.900 > P. 5841:5941(100) ack 1 win 502
        0.921 < .  1:1(0) ack 5941 win 509
        1.000 > F. 5941:5941(0) ack 1 win 502
        1.020 < F. 1:1(0) ack 5942 win 509
        1.021 > .  5942:5942(0) ack 2 win 502";
    insta::assert_snapshot!(told_script(script, 0, style(100)));
}

#[test]
fn a_forged_reset_says_what_speaks_against_its_sender() {
    insta::assert_snapshot!(told_script(&testdata("lab/forged_reset.pkt"), 0, style(100)));
}

#[test]
fn a_reset_whose_sender_goes_on_is_taken_back() {
    let script = "
        0.000 > S  0:0(0) ttl 64
        0.020 < S. 0:0(0) ack 1 ttl 57
        0.021 > .  1:1(0) ack 1 ttl 64
        0.100 < R  9999999:9999999(0) ttl 61
        0.200 < R  1:1(0) ttl 61
        0.300 < P. 1:101(100) ack 1 ttl 57
        0.301 > .  1:1(0) ack 101 ttl 64";
    insta::assert_snapshot!(told_script(script, 0, style(100)));
}

#[test]
fn a_half_open_connection_lacks_the_clients_ack() {
    let script = "
        client [2001:db8::20]:49160 iss 7
        server [2001:db8::40]:443 iss 9
        0.000 > S  0:0(0)
        0.001 < S. 0:0(0) ack 1
        1.001 < S. 0:0(0) ack 1
        3.001 < S. 0:0(0) ack 1
        flow later
        90.000 > S 0:0(0)";
    insta::assert_snapshot!(told_script(script, 0, style(100)));
}

#[test]
fn a_full_accept_queue_shows_acks_that_are_not_taken() {
    insta::assert_snapshot!(told_script(
        &testdata("semantics/028_3_syn_ack_resends_re_acks_no_data.pkt"),
        0,
        style(100)
    ));
}

#[test]
fn a_closed_window_lacks_a_read() {
    let script = "
        0.000 > S  0:0(0)
        0.001 < S. 0:0(0) ack 1
        0.002 > .  1:1(0) ack 1
        0.003 > .  1:1001(1000) ack 1
        0.004 < .  1:1(0) ack 1001 win 0
        0.500 > .  1000:1000(0) ack 1
        0.501 < .  1:1(0) ack 1001 win 0
        2.000 < .  1:1(0) ack 1001 win 4000
        2.001 > .  1001:5001(4000) ack 1
        2.002 < .  1:1(0) ack 5001 win 0
        3.000 > .  5000:5000(0) ack 1
        3.001 < .  1:1(0) ack 5001 win 0
        flow later
        99.000 > S 0:0(0)";
    insta::assert_snapshot!(told_script(script, 0, style(100)));
}

#[test]
fn a_reused_port_tells_both_connections_and_the_challenge_between_them() {
    let script = testdata("semantics/096_reuse_challenged_resolved.pkt");
    insta::assert_snapshot!("challenged_old", told_script(&script, 0, style(100)));
    insta::assert_snapshot!("challenged_new", told_script(&script, 1, style(100)));
}

#[test]
fn a_segment_that_began_before_the_capture_counts_from_what_was_seen() {
    insta::assert_snapshot!(told_script(&testdata("semantics/066_midstream_data_then_server_rst.pkt"), 0, style(100)));
}

/// Ten thousand segments: three of them sent again, far apart, and the receiver's window shut once.
fn transfer() -> String {
    let mut script = "
        0.000 > S  0:0(0) win 64240 <mss 1000>
        0.001 < S. 0:0(0) ack 1 win 65160 <mss 1000>
        0.002 > .  1:1(0) ack 1 win 64240\n"
        .to_owned();
    for index in 0..5000_u32 {
        let (at, seq, next) = (1000 + 2 * index, 1 + 1000 * index, 1001 + 1000 * index);
        let time = |millisecond: u32| format!("{}.{:03}", millisecond / 1000, millisecond % 1000);
        script += &format!("{} > . {seq}:{next}(1000) ack 1 win 64240\n", time(at));
        if index % 2000 == 1000 || index == 4000 {
            script += &format!("{} > . {seq}:{next}(1000) ack 1 win 64240 // again\n", time(at + 1));
        }
        let window = if index == 2500 { 0 } else { 65_160 };
        script += &format!("{} < . 1:1(0) ack {next} win {window}\n", time(at + 1));
    }
    script
}

#[test]
fn a_long_transfer_is_folded_and_what_matters_stays() {
    let plain = told_script(&transfer(), 0, style(100));
    insta::assert_snapshot!("transfer_100", plain);
    let lines = plain.lines().count();
    assert!(lines <= 220, "{lines} lines");
    // Every packet is a line or counted in a fold.
    let folded = plain.lines().filter_map(|line| line.split_once("... ")?.1.split_once(" segment"));
    let folded: usize = folded.map(|(count, _)| count.replace(' ', "").parse::<usize>().expect("a count")).sum();
    let is_rung = |line: &&str| line.split_whitespace().next().is_some_and(|word| word.parse::<u32>().is_ok());
    let own = plain.lines().skip_while(|line| !line.contains("+s  client")).filter(is_rung).count();
    assert_eq!(own + folded, 3 + 10_000 + 3);
}

#[test]
fn all_prints_every_segment_of_the_same_story() {
    let (_folder, path) = capture_of(&transfer());
    let rows = rows(&path, &options());
    let mut tracking = tracking(&path, &options());
    let (steps, seen) = steps(&mut tracking, &rows[0]);
    let mut ladder = Ladder::new(&rows[0], tracking.facts(), &seen, MINUTE, style(160));
    let mut out = ladder.head();
    let head = out.lines().count();
    steps.iter().for_each(|step| ladder.step(step, &mut out));
    assert_eq!(out.lines().count() - head, 3 + 10_000 + 3);
    ladder.end(&mut out);
    assert!(out.contains("retransmission (timeout)") && out.contains("window closes"));
}

#[test]
fn no_line_but_the_filter_is_wider_than_the_terminal_whatever_the_connection() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for path in captures_of_scripts(folder.path()) {
        for number in 0..rows(&path, &options()).len() {
            for columns in [40, 80, 100, 160] {
                let text = told(&path, number, style(columns));
                for line in text.lines().filter(|line| !line.contains(".addr == ")) {
                    assert!(width(line) <= columns, "{columns}: {line:?} of {}", path.display());
                }
                assert!(!text.replace('\n', "").contains(char::is_control), "{text}");
            }
        }
    }
}
