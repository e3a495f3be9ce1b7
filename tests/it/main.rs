//! All integration tests, in one binary.

mod architecture;
mod corpus;
mod corpus_connections;
mod corpus_frames;
mod corpus_scripts;
mod corpus_segments;
mod explain;
mod lab;
mod report;
mod scripts;
mod semantics;
mod shared;
mod support;
