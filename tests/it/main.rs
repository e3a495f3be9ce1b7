//! All integration tests, in one binary.

mod architecture;
mod around;
mod chains;
mod containers;
mod beside;
mod corpus;
mod corpus_community_id;
mod corpus_connections;
mod corpus_frames;
mod corpus_intake;
mod corpus_resets;
mod corpus_segments;
mod corpus_translations;
mod dumps;
mod explain;
mod incidents;
mod lab;
mod metamorphic;
mod oracle;
mod readme;
mod report;
mod scripts;
mod selection;
mod semantics;
mod shared;
mod support;
