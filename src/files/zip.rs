//! The directory at the end of a ZIP archive (APPNOTE 6.3.10, 4.3.12 and 4.3.16): the names in it, and
//! how much it would unpack to. Nothing is ever unpacked.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// "End of central directory" without its comment.
const END_BYTES: u64 = 22;
const COMMENT_BYTES_MAX: u64 = 65_535;
const END_SIGNATURE: &[u8; 4] = b"PK\x05\x06";
const ENTRY_SIGNATURE: &[u8; 4] = b"PK\x01\x02";
/// An entry of the directory without its name, extra field and comment.
const ENTRY_BYTES: usize = 46;
/// The largest directory that is read; 10,000 pictures in a document need a tenth of it.
const DIRECTORY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// XML packs to a twentieth, repetitive tables to a hundredth; bombs begin at a thousandth.
const RATIO_MAX: u64 = 300;
/// Small files may unpack to this much whatever their ratio.
const UNPACKED_BYTES_FREE: u64 = 10 * 1024 * 1024;

/// What a directory says.
pub(super) struct Directory {
    pub(super) names: Vec<String>,
}

/// Why an archive is not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No archive, or one that office programs do not write.
    Damaged,
    Bomb,
}

/// Reads the directory of an archive.
pub(super) fn read_directory(file: &mut File) -> io::Result<Result<Directory, Fault>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_bytes = length.min(END_BYTES + COMMENT_BYTES_MAX);
    let tail = read_at(file, length - tail_bytes, tail_bytes)?;
    let Some((at, bytes)) = directory_place(&tail) else { return Ok(Err(Fault::Damaged)) };
    let is_inside = at.checked_add(bytes).is_some_and(|end| end <= length);
    if !is_inside || bytes > DIRECTORY_BYTES_MAX {
        return Ok(Err(Fault::Damaged));
    }
    let directory = read_at(file, at, bytes)?;
    Ok(read_entries(&directory, length))
}

fn read_at(file: &mut File, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut buffer = Vec::new();
    file.take(bytes).read_to_end(&mut buffer)?;
    Ok(buffer)
}

/// Where the directory begins and how long it is. ZIP64 is for archives that no upload is as large as.
fn directory_place(tail: &[u8]) -> Option<(u64, u64)> {
    let at = tail.windows(END_SIGNATURE.len()).rposition(|window| window == END_SIGNATURE)?;
    let end = tail.get(at..)?;
    Some((u64::from(u32_at(end, 16)?), u64::from(u32_at(end, 12)?)))
}

fn read_entries(mut rest: &[u8], archive_bytes: u64) -> Result<Directory, Fault> {
    let (mut names, mut unpacked) = (Vec::new(), 0_u64);
    while !rest.is_empty() {
        let (name, bytes, entry_bytes) = read_entry(rest).ok_or(Fault::Damaged)?;
        names.push(name);
        unpacked = unpacked.saturating_add(bytes);
        rest = rest.get(entry_bytes..).ok_or(Fault::Damaged)?;
    }
    let unpacked_max = UNPACKED_BYTES_FREE.max(archive_bytes.saturating_mul(RATIO_MAX));
    if unpacked > unpacked_max {
        return Err(Fault::Bomb);
    }
    Ok(Directory { names })
}

/// The name of the first entry, how much it unpacks to, and how long the entry itself is.
fn read_entry(bytes: &[u8]) -> Option<(String, u64, usize)> {
    if !bytes.starts_with(ENTRY_SIGNATURE) {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(bytes, at));
    let (name, extra, comment) = (name?, extra?, comment?);
    let text = String::from_utf8_lossy(bytes.get(ENTRY_BYTES..ENTRY_BYTES + name)?).into_owned();
    Some((text, u64::from(u32_at(bytes, 24)?), ENTRY_BYTES + name + extra + comment))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
