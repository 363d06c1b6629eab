//! Deletes files that nobody refers to: a crash between the file and its row, a row that was rolled
//! back, a file that was replaced.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Files, FilesError};

/// How long a file may be without a row that refers to it. An upload takes minutes at most.
pub const GRACE: Duration = Duration::from_hours(1);
/// Nothing depends on how soon; an hour's leftovers are few.
const PAUSE: Duration = Duration::from_mins(10);
/// Files of one round.
const FILES_MAX: i64 = 500;

impl Files {
    /// Deletes what has been abandoned for [`GRACE`]; how many files that were.
    pub async fn sweep(&self) -> Result<usize, FilesError> {
        let shared = &self.0;
        let before = shared.clock.now().minus(GRACE);
        let doomed = shared.store.doom_files(before, FILES_MAX).await?;
        let count = doomed.len();
        for key in doomed {
            shared.storage.delete(&key).await?;
            shared.store.delete_file_row(key).await?;
        }
        Ok(count)
    }
}

/// Sweeps now and then until the end.
pub async fn run(files: Files, stop: CancellationToken) {
    loop {
        match files.sweep().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(files = count, "abandoned files deleted"),
            Err(error) => {
                tracing::warn!(
                    error = crate::error::chain(&error),
                    "abandoned files could not be deleted"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
