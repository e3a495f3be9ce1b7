//! All integration tests, in one binary.

mod corpus;
mod corpus_connections;
mod corpus_frames;
mod corpus_scripts;
mod shared;
mod semantics;
mod support;
