//! All integration tests, in one binary.

mod corpus_frames;
mod lab;
mod shared;
mod semantics;
mod support;
