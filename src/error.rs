//! An input that cannot be read at all. Everything milder than that (a cut file, an odd packet) is data.

use std::path::{Path, PathBuf};

/// One input that gave nothing, with its path and the cause in words a person can act on.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct Error {
    pub path: PathBuf,
    pub cause: String,
}

impl Error {
    pub fn new(path: &Path, cause: impl Into<String>) -> Self {
        Self { path: path.to_owned(), cause: cause.into() }
    }
}
