//! Where the foreign captures and other oracles lie that tests may read and the repository does not hold.

use std::path::PathBuf;

/// A path below the shared folder; says so and gives none where it is absent.
pub fn path(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SYNFIN_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")));
    let path = root.join(below);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there (SYNFIN_SHARED names the folder)", path.display());
    None
}
