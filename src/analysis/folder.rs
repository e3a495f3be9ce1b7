//! The report folder: written beside its final place and put there at once, so that a killed run leaves no half report.

use crate::input;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A report folder that is being written. Dropped without [`Folder::publish`], it leaves the old one as it was.
pub struct Folder {
    target: PathBuf,
    partial: PathBuf,
    published: bool,
}

impl Folder {
    /// Claims the folder before the work.
    ///
    /// # Errors
    /// One line for people, when the folder cannot be written, or holds files that synfin did not write and `force` is
    /// not set.
    pub fn claim(target: &Path, force: bool) -> Result<Self, String> {
        let shown = target.display();
        let refuse = |error: io::Error| format!("{shown}: cannot be written: {error}");
        match fs::read_dir(target) {
            Ok(mut entries) => {
                if !force && entries.next().is_some() && !is_ours(target) {
                    return Err(format!(
                        "{shown}: holds files that synfin did not write; choose another folder with -o, or replace it with --force"
                    ));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(format!("{shown}: is a file; -o wants a folder"));
            }
            Err(error) => return Err(refuse(error)),
        }
        let name = target.file_name().ok_or_else(|| format!("{shown}: cannot be a report folder"))?;
        let mut partial_name = name.to_owned();
        partial_name.push(".partial");
        let partial = target.with_file_name(partial_name);
        if partial.exists() {
            // Left by a run that was killed: by its name it is nobody else's.
            fs::remove_dir_all(&partial).map_err(refuse)?;
        }
        fs::create_dir_all(&partial).map_err(refuse)?;
        Ok(Self { target: target.to_owned(), partial, published: false })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Where it will be found.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the finished folder in the place of the old one.
    ///
    /// # Errors
    /// When the file system refuses; the old folder is then still there, or beside it under the name `.old`.
    pub fn publish(mut self) -> io::Result<()> {
        let mut old_name = self.target.file_name().unwrap_or_default().to_owned();
        old_name.push(".old");
        let old = self.target.with_file_name(old_name);
        if self.target.exists() {
            if old.exists() {
                fs::remove_dir_all(&old)?;
            }
            fs::rename(&self.target, &old)?;
        }
        fs::rename(&self.partial, &self.target)?;
        self.published = true;
        if old.exists() { fs::remove_dir_all(&old) } else { Ok(()) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.partial); // nothing can be done about a folder that will not go
        }
    }
}

/// The folder's summary says that synfin wrote it.
fn is_ours(folder: &Path) -> bool {
    let mut head = vec![0; 4096];
    let read = fs::File::open(folder.join(input::REPORT_FILE)).and_then(|mut file| file.read(&mut head));
    read.is_ok_and(|length| input::is_report(&head[..length]))
}
