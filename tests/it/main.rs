//! All integration tests, in one binary.

mod corpus_frames;
mod scripts;
mod shared;
mod architecture;
mod semantics;
mod support;
