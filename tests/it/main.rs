//! All integration tests, in one binary.

mod corpus_frames;
mod report;
mod shared;
