//! What a stored file says of itself: pixels of a picture, length of a recording.

use std::path::Path;

use image::ImageReader;
use lofty::{file::AudioFile, probe::Probe};

use crate::{files::FileKind, wire::content::MediaDetails};

/// Completes what the network said. Best effort: a file that cannot be read has no details.
pub(super) fn complete(mut details: MediaDetails, kind: FileKind, path: &Path) -> MediaDetails {
    use FileKind::{Aac, Gif, Jpeg, M4a, Mp3, Mp4, Ogg, Png, Webp};
    match kind {
        Png | Jpeg | Webp | Gif => {
            if let Ok((width, height)) = pixels(path) {
                details.width = Some(width);
                details.height = Some(height);
            }
        }
        Ogg | Mp3 | M4a | Aac | Mp4 if details.seconds.is_none() => {
            details.seconds = seconds(path);
        }
        _ => {}
    }
    details
}

/// The length of a recording, rounded up.
fn seconds(path: &Path) -> Option<u32> {
    let file = Probe::open(path).ok()?.guess_file_type().ok()?.read().ok()?;
    let length = file.properties().duration();
    let seconds = length.as_millis().div_ceil(1000);
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

/// Looked at without being unpacked.
fn pixels(path: &Path) -> image::ImageResult<(u32, u32)> {
    ImageReader::open(path)?.with_guessed_format()?.into_dimensions()
}
