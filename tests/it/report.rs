//! What reports print: tables, `summary.json` and the terminal summary, of one incident written as scripts.

mod incident;
#[cfg(feature = "parquet")]
mod parquet;
mod summary;
pub mod tables;
