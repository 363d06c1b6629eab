//! What a file really is, judged by its bytes, and whether its name says the same.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::zip;

/// Enough for every signature that is looked for, and for the beginning of a text.
const HEAD_BYTES: usize = 8 * 1024;
const TEXT_CHUNK_BYTES: usize = 64 * 1024;
/// Longest extension that is looked at.
const EXTENSION_CHARS_MAX: usize = 10;

/// The kinds of files that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Pdf,
    Doc,
    Docx,
    Xls,
    Xlsx,
    Odt,
    Text,
    Csv,
    Png,
    Jpeg,
    Webp,
    Icon,
    Gif,
    /// Voice notes and other audio: Opus or Vorbis in Ogg.
    Ogg,
    Mp3,
    /// AAC in MP4.
    M4a,
    Aac,
    Amr,
    Mp4,
    ThreeGp,
    /// Bytes that nothing is known of. Never shown, only saved.
    Other,
}

/// What a document of a customer may be (contract §8).
pub const DOCUMENTS: &[FileKind] = &[
    FileKind::Pdf,
    FileKind::Doc,
    FileKind::Docx,
    FileKind::Xls,
    FileKind::Xlsx,
    FileKind::Odt,
    FileKind::Text,
    FileKind::Csv,
    FileKind::Png,
    FileKind::Jpeg,
    FileKind::Webp,
];

/// What a picture of a customer may be: also a page of paper takes them in.
pub const PICTURES: &[FileKind] = &[FileKind::Png, FileKind::Jpeg, FileKind::Webp];

/// What comes with messages: what the networks carry, and any other file to be saved.
pub const MEDIA: &[FileKind] = &[
    FileKind::Png,
    FileKind::Jpeg,
    FileKind::Webp,
    FileKind::Gif,
    FileKind::Ogg,
    FileKind::Mp3,
    FileKind::M4a,
    FileKind::Aac,
    FileKind::Amr,
    FileKind::Mp4,
    FileKind::ThreeGp,
    FileKind::Pdf,
    FileKind::Doc,
    FileKind::Docx,
    FileKind::Xls,
    FileKind::Xlsx,
    FileKind::Odt,
    FileKind::Text,
    FileKind::Csv,
    FileKind::Other,
];

/// What a picture of the company may be: pixels, no SVG, which is a program.
pub const IMAGES: &[FileKind] = &[FileKind::Png, FileKind::Jpeg, FileKind::Webp, FileKind::Icon];

impl FileKind {
    /// The extensions that a name may have, the usual one first.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Doc => &["doc"],
            Self::Docx => &["docx"],
            Self::Xls => &["xls"],
            Self::Xlsx => &["xlsx"],
            Self::Odt => &["odt"],
            Self::Text => &["txt"],
            Self::Csv => &["csv"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Webp => &["webp"],
            Self::Icon => &["ico"],
            Self::Gif => &["gif"],
            Self::Ogg => &["ogg", "opus", "oga"],
            Self::Mp3 => &["mp3"],
            Self::M4a => &["m4a"],
            Self::Aac => &["aac"],
            Self::Amr => &["amr"],
            Self::Mp4 => &["mp4"],
            Self::ThreeGp => &["3gp"],
            Self::Other => &["bin"],
        }
    }

    /// As registered with IANA.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Doc => "application/msword",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xls => "application/vnd.ms-excel",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Text => "text/plain",
            Self::Csv => "text/csv",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Icon => "image/vnd.microsoft.icon",
            Self::Gif => "image/gif",
            Self::Ogg => "audio/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Aac => "audio/aac",
            Self::Amr => "audio/amr",
            Self::Mp4 => "video/mp4",
            Self::ThreeGp => "video/3gpp",
            Self::Other => "application/octet-stream",
        }
    }
}

/// Why a file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its extension is none of those that are accepted here.
    Extension,
    /// Its bytes are not what its extension says.
    Content,
    /// It would unpack to far more than it is.
    Bomb,
    /// It carries programs, which its extension denies.
    Macros,
}

/// What the extension of a name promises, if that is accepted.
pub(super) fn declared(name: &str, accepted: &[FileKind]) -> Result<FileKind, Unfit> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).trim();
    if extension.len() > EXTENSION_CHARS_MAX {
        return Err(Unfit::Extension);
    }
    let extension = extension.to_ascii_lowercase();
    let fits = |kind: &&FileKind| kind.extensions().contains(&extension.as_str());
    accepted.iter().find(fits).copied().ok_or(Unfit::Extension)
}

/// What the file at `path` is, if that is what its `name` promises.
pub(super) fn identify(
    path: &Path,
    name: &str,
    accepted: &[FileKind],
) -> io::Result<Result<FileKind, Unfit>> {
    let kind = match declared(name, accepted) {
        Ok(kind) => kind,
        Err(unfit) => return Ok(Err(unfit)),
    };
    let mut file = File::open(path)?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let is_fitting = match kind {
        FileKind::Pdf => has_type(&head, "application/pdf"),
        FileKind::Png => has_type(&head, "image/png"),
        FileKind::Jpeg => has_type(&head, "image/jpeg"),
        FileKind::Webp => has_type(&head, "image/webp"),
        FileKind::Icon => has_type(&head, "image/vnd.microsoft.icon"),
        FileKind::Gif => has_type(&head, "image/gif"),
        FileKind::Ogg => head.starts_with(b"OggS"),
        FileKind::Mp3 => has_type(&head, "audio/mpeg"),
        // ADTS: twelve set bits, then a layer of zero.
        FileKind::Aac => matches!(head.as_slice(), [0xff, second, ..] if second & 0xf6 == 0xf0),
        FileKind::Amr => head.starts_with(b"#!AMR"),
        FileKind::M4a | FileKind::Mp4 | FileKind::ThreeGp => is_mp4(&head),
        // A page or a program is not passed off as a harmless file.
        FileKind::Other => !is_program(&head),
        FileKind::Doc => has_stream(file, &["WordDocument"]),
        FileKind::Xls => has_stream(file, &["Workbook", "Book"]),
        FileKind::Docx | FileKind::Xlsx | FileKind::Odt => {
            return Ok(office(&mut file, &head, kind)?.map(|()| kind));
        }
        FileKind::Text | FileKind::Csv => is_text(&head) && is_printable(&head, file)?,
    };
    Ok(if is_fitting { Ok(kind) } else { Err(Unfit::Content) })
}

/// What a file that came with a message is: what its sender says if that is true, else what it looks
/// like, else bytes of which nothing is known.
pub(super) fn recognise(path: &Path, media_type: &str) -> io::Result<Result<FileKind, Unfit>> {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let said = MEDIA.iter().filter(|kind| kind.media_type().eq_ignore_ascii_case(media_type));
    // Texts look like anything, so they have to be said to be texts.
    let likely = MEDIA.iter().filter(|kind| !matches!(kind, FileKind::Text | FileKind::Csv));
    for kind in said.chain(likely) {
        let name = format!("x.{}", kind.extensions().first().unwrap_or(&""));
        if let Ok(kind) = identify(path, &name, MEDIA)? {
            return Ok(Ok(kind));
        }
    }
    Ok(Err(Unfit::Content))
}

/// A file of the ISO base media format (ISO 14496-12) begins with its `ftyp` box.
fn is_mp4(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

/// What runs when it is opened.
fn is_program(head: &[u8]) -> bool {
    infer::app::is_exe(head) || infer::app::is_elf(head) || head.starts_with(b"#!")
}

fn has_type(head: &[u8], media_type: &str) -> bool {
    infer::get(head).is_some_and(|found| found.mime_type() == media_type)
}

/// An OLE file of the Office versions until 2003 is known by the names of its streams.
fn has_stream(file: File, names: &[&str]) -> bool {
    let Ok(ole) = cfb::CompoundFile::open(file) else { return false };
    names.iter().any(|name| ole.is_stream(name))
}

/// A packed file is known by the names in its directory.
fn office(file: &mut File, head: &[u8], kind: FileKind) -> io::Result<Result<(), Unfit>> {
    const ODT: &[u8] = b"mimetypeapplication/vnd.oasis.opendocument.textPK";
    let directory = match zip::read_directory(file)? {
        Ok(directory) => directory,
        Err(zip::Fault::Damaged) => return Ok(Err(Unfit::Content)),
        Err(zip::Fault::Bomb) => return Ok(Err(Unfit::Bomb)),
    };
    let has = |prefix: &str| directory.names.iter().any(|name| name.starts_with(prefix));
    let is_fitting = match kind {
        FileKind::Docx => has("[Content_Types].xml") && has("word/") && !has("xl/workbook"),
        FileKind::Xlsx => has("[Content_Types].xml") && has("xl/") && !has("word/document"),
        // Its first entry says so, unpacked, at a fixed place.
        _ => head.get(30..30 + ODT.len()) == Some(ODT) && has("content.xml"),
    };
    if !is_fitting {
        return Ok(Err(Unfit::Content));
    }
    let is_program = |name: &&String| name.to_ascii_lowercase().ends_with("vbaproject.bin");
    let has_macros = directory.names.iter().any(|name| is_program(&name));
    Ok(if has_macros { Err(Unfit::Macros) } else { Ok(()) })
}

/// Nothing that has a signature, no markup, no script.
fn is_text(head: &[u8]) -> bool {
    let begin = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let is_markup = begin.first() == Some(&b'<')
        && begin.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || b"!?".contains(byte));
    let is_typed = infer::get(head).is_some_and(|found| found.mime_type() != "text/plain");
    !(is_markup || is_typed || begin.starts_with(b"#!"))
}

/// UTF-8 or one of the single-byte encodings that spreadsheets still write: no control characters
/// but those of texts.
fn is_printable(head: &[u8], mut rest: File) -> io::Result<bool> {
    let is_printable =
        |bytes: &[u8]| bytes.iter().all(|byte| !matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f));
    if !is_printable(head) {
        return Ok(false);
    }
    let mut chunk = vec![0; TEXT_CHUNK_BYTES];
    loop {
        let read = rest.read(&mut chunk)?;
        if read == 0 || !is_printable(&chunk[..read]) {
            return Ok(read == 0);
        }
    }
}
