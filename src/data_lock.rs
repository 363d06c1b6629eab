//! One hub for a data folder: a second one would believe that it owns the same numbers, queues and chats.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

const FILE_NAME: &str = "hub.lock";

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("outro dx-connect já usa a pasta {}", .0.display())]
    InUse(PathBuf),
    #[error("{} não pode ser usado", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Held while the hub runs. The system lets it go with the process, however that ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Creates the folder where it is missing. On a file system without locks nothing is locked, and the log
    /// says so.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join(FILE_NAME);
        let in_file = |source| LockError::Io { path: path.clone(), source };
        fs::create_dir_all(data_dir).map_err(in_file)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(in_file)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, path = %path.display(), "the data folder is not locked");
            }
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_by_one_until_he_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let first = DataLock::take(&data_dir).unwrap();
        assert!(
            matches!(DataLock::take(&data_dir), Err(LockError::InUse(path)) if path == data_dir)
        );
        drop(first);
        DataLock::take(&data_dir).unwrap();
    }
}
