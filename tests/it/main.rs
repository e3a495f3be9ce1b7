//! All integration tests, in one binary.

mod corpus;
mod corpus_connections;
mod architecture;
mod corpus_frames;
mod corpus_resets;
mod corpus_scripts;
mod lab;
mod scripts;
mod semantics;
mod report;
mod shared;
mod support;
