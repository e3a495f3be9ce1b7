//! Damage, in the inputs and in ourselves, ends by name.

use crate::support::{analyse_bytes_with, capture};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use synfin::analysis::{Condition, Options};

#[test]
fn a_panic_of_one_worker_stops_the_others() {
    let script = "0.0 > S 0:0(0)\n0.1 < S. 0:0(0) ack 1\n";
    let mut options = Options { threads: 3, ..Options::default() };
    let words = "a mistake of ours".to_owned();
    options.selection.packets = Some(Condition { words, test: Arc::new(|_| panic!("a mistake of ours")) });
    let run = std::panic::catch_unwind(AssertUnwindSafe(|| analyse_bytes_with(&capture(script), &options)));
    assert!(run.is_err(), "a panic is passed on");
}
