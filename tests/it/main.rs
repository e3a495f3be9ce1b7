//! All integration tests, in one binary.

mod corpus_frames;
mod corpus_scripts;
mod shared;
mod semantics;
mod support;
