//! Summaries as bytes: their words, and behind these what few connections have.

use super::sparse;
use super::summary::{Icmp, Link, Reset, Summary};
use super::words::{self, Words};
use crate::wire::FlowHash;
use serde::{Deserialize, Serialize};

/// What few connections have, and takes many words.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Apart {
    reset: Option<Reset>,
    icmp: Option<Icmp>,
    previous: Option<Link>,
    next: Option<Link>,
}

/// Types of fields that are encoded elsewhere.
macro_rules! apart {
    ($($type:ty),*) => { $(
        impl Words for $type {
            const COUNT: usize = 0;

            #[inline(always)]
            fn put(&self, _: &mut [u64]) {}

            #[inline(always)]
            fn get(_: &[u64]) -> Option<Self> {
                Some(Self::default())
            }
        }
    )* };
}
apart!(FlowHash, Option<Reset>, Option<Icmp>, Option<Link>);

/// Appends a summary, without its flow, with numbers that count from its own beginning.
pub(super) fn encode(summary: &Summary, out: &mut Vec<u8>) {
    let &Summary { reset, icmp, previous, next, .. } = summary;
    let apart = Apart { reset, icmp, previous, next };
    let has_apart = apart != Apart::default();
    out.push(u8::from(has_apart));
    words::encode(summary, out);
    if has_apart {
        *out = sparse::encode(&apart, std::mem::take(out));
    }
}

/// The summary of this flow at the start, and what follows it.
pub(super) fn decode_first(flow: FlowHash, bytes: &[u8]) -> Option<(Summary, &[u8])> {
    let (&has_apart, bytes) = bytes.split_first()?;
    let (mut summary, rest) = words::decode_first(bytes)?;
    let rest = add_apart(&mut summary, flow, has_apart != 0, rest)?;
    Some((summary, rest))
}

/// Makes this the summary of this flow at the start; nothing is said of it if there is none. It is large, and made in its place.
pub(super) fn decode_into(summary: &mut Summary, flow: FlowHash, bytes: &[u8]) -> Option<()> {
    let (&has_apart, bytes) = bytes.split_first()?;
    let rest = words::decode_into(summary, bytes)?;
    add_apart(summary, flow, has_apart != 0, rest).map(|_| ())
}

/// Adds what stands behind the words; gives what follows.
#[inline(always)]
fn add_apart<'b>(summary: &mut Summary, flow: FlowHash, has_apart: bool, bytes: &'b [u8]) -> Option<&'b [u8]> {
    summary.flow = flow;
    if !has_apart {
        return Some(bytes);
    }
    let (apart, rest) = sparse::decode_first::<Apart>(bytes)?;
    let Apart { reset, icmp, previous, next } = apart;
    (summary.reset, summary.icmp, summary.previous, summary.next) = (reset, icmp, previous, next);
    Some(rest)
}
