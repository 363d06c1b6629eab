use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use futures_util::{StreamExt, TryStreamExt};

use super::{
    kind::{DOCUMENTS, IMAGES, Unfit},
    samples::{self, ELF, ICO, JPEG, PDF, PNG, WEBP},
    *,
};
use crate::test_support::TestApp;

async fn identified(app: &TestApp, name: &str, bytes: &[u8]) -> Result<FileKind, Unfit> {
    match app.state.files.receive_bytes(name, DOCUMENTS, bytes.to_vec()).await {
        Ok(received) => Ok(received.kind),
        Err(ReceiveError::Unfit(unfit)) => Err(unfit),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Every file below the data folder.
fn files_of(app: &TestApp) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&app.state.config.data_dir.join(FOLDER), &mut found);
    found
}

async fn stored(app: &TestApp, bytes: &[u8]) -> StoredFile {
    let received = app.state.files.receive_bytes("a.pdf", DOCUMENTS, bytes.to_vec()).await;
    app.state.files.store(received.unwrap()).await.unwrap()
}

async fn content(app: &TestApp, file: &StoredFile, part: Option<Range<u64>>) -> Vec<u8> {
    let content = app.state.files.read(&file.key, part).await.unwrap();
    let bytes: Vec<Bytes> = content.stream.try_collect().await.unwrap();
    let bytes = bytes.concat();
    assert_eq!(bytes.len() as u64, content.bytes);
    bytes
}

#[tokio::test]
async fn every_accepted_kind_is_known_by_its_bytes() {
    let app = TestApp::new().await;
    let latin = b"Nome;Valor\r\nJo\xe3o;10,50\r\n".to_vec();
    let cases: [(&str, Vec<u8>, FileKind); 14] = [
        ("Relatório.PDF", PDF.to_vec(), FileKind::Pdf),
        ("a.doc", samples::ole("WordDocument"), FileKind::Doc),
        ("a.docx", samples::docx(), FileKind::Docx),
        ("a.xls", samples::ole("Workbook"), FileKind::Xls),
        ("a.xls", samples::ole("Book"), FileKind::Xls),
        ("a.xlsx", samples::xlsx(), FileKind::Xlsx),
        ("a.odt", samples::odt(), FileKind::Odt),
        ("a.txt", "Olá, João <joao@x.com.br>\n".into(), FileKind::Text),
        ("a.csv", latin, FileKind::Csv),
        ("a.csv", "\u{feff}nome,valor\n".into(), FileKind::Csv),
        ("a.png", PNG.to_vec(), FileKind::Png),
        ("a.jpg", JPEG.to_vec(), FileKind::Jpeg),
        ("a.JPEG", JPEG.to_vec(), FileKind::Jpeg),
        ("a.webp", WEBP.to_vec(), FileKind::Webp),
    ];
    for (name, bytes, kind) in cases {
        assert_eq!(identified(&app, name, &bytes).await, Ok(kind), "{name}");
    }
    let icon = app.state.files.receive_bytes("favicon.ico", IMAGES, ICO).await.unwrap();
    assert_eq!(icon.kind, FileKind::Icon);
}

#[tokio::test]
async fn what_only_looks_like_a_document_is_refused() {
    let app = TestApp::new().await;
    let script = b"#!/bin/sh\nrm -rf /\n".to_vec();
    let bomb = samples::archive(
        &[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")],
        Some(u32::MAX),
    );
    let macros = samples::archive(
        &[
            ("[Content_Types].xml", b"x"),
            ("word/document.xml", b"x"),
            ("word/vbaProject.bin", b"x"),
        ],
        None,
    );
    let mut broken = samples::docx();
    broken.truncate(broken.len() - 30);
    let cases: [(&str, Vec<u8>, Unfit); 22] = [
        ("a.exe", ELF.to_vec(), Unfit::Extension),
        ("a", PDF.to_vec(), Unfit::Extension),
        ("a.pdf.", PDF.to_vec(), Unfit::Extension),
        ("a.html", b"<html></html>".to_vec(), Unfit::Extension),
        ("a.svg", b"<svg/>".to_vec(), Unfit::Extension),
        ("a.zip", samples::docx(), Unfit::Extension),
        ("favicon.ico", ICO.to_vec(), Unfit::Extension),
        ("a.pdf", ELF.to_vec(), Unfit::Content),
        ("a.pdf", b"MZ\x90\0".to_vec(), Unfit::Content),
        ("a.png", PDF.to_vec(), Unfit::Content),
        ("a.txt", ELF.to_vec(), Unfit::Content),
        ("a.txt", b"  <!DOCTYPE html><script>alert(1)</script>".to_vec(), Unfit::Content),
        ("a.csv", b"<svg onload=alert(1)>".to_vec(), Unfit::Content),
        ("a.txt", script, Unfit::Content),
        ("a.txt", PDF.to_vec(), Unfit::Content),
        ("a.docx", samples::archive(&[("bomb.txt", b"0")], None), Unfit::Content),
        ("a.docx", samples::xlsx(), Unfit::Content),
        ("a.docx", broken, Unfit::Content),
        ("a.docx", bomb, Unfit::Bomb),
        ("a.docx", macros, Unfit::Macros),
        ("a.odt", samples::docx(), Unfit::Content),
        ("a.doc", samples::ole("Workbook"), Unfit::Content),
    ];
    for (name, bytes, unfit) in cases {
        assert_eq!(identified(&app, name, &bytes).await, Err(unfit), "{name}");
    }
    // A control character far beyond the beginning.
    let mut late = vec![b'a'; 200_000];
    late.push(0);
    assert_eq!(identified(&app, "a.txt", &late).await, Err(Unfit::Content));
    assert!(files_of(&app).is_empty(), "nothing stays behind");
}

#[tokio::test]
async fn a_file_is_stored_under_a_random_key_and_read_in_parts() {
    let app = TestApp::new().await;
    let (one, other) = (stored(&app, PDF).await, stored(&app, PDF).await);
    assert_ne!(one.key, other.key);
    assert_eq!(
        (one.bytes.unsigned_abs(), one.media_type.as_str()),
        (PDF.len() as u64, "application/pdf")
    );
    assert_eq!(one.sha256, other.sha256);
    assert_eq!(content(&app, &one, None).await, PDF);
    assert_eq!(content(&app, &one, Some(1..4)).await, b"PDF");
    let paths = files_of(&app);
    assert_eq!(paths.len(), 2, "{paths:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = app.state.config.data_dir.join(FOLDER);
    assert_eq!((mode(&folder), mode(&paths[0])), (0o700, 0o600));
    assert_eq!(mode(paths[0].parent().unwrap()), 0o700);
    let missing = app.state.files.read(&FileKey::random(), None).await.unwrap_err();
    assert!(matches!(missing, StorageError::Missing));
}

#[tokio::test]
async fn size_and_hash_are_those_of_the_stream() {
    let app = TestApp::new().await;
    let chunks = || futures_util::stream::iter([PDF, b"%", b"%"]).map(|c| Ok::<_, ()>(c.into()));
    let bytes_max = PDF.len() as u64 + 2;
    let files = &app.state.files;
    let received = files.receive("a.pdf", DOCUMENTS, bytes_max, chunks()).await.unwrap();
    assert_eq!(received.bytes, bytes_max);
    let whole = [PDF, b"%%"].concat();
    let expected = ring::digest::digest(&ring::digest::SHA256, &whole);
    assert_eq!(received.sha256, crate::secrets::encode_hex(expected.as_ref()));
    drop(received);
    let error = files.receive("a.pdf", DOCUMENTS, bytes_max - 1, chunks()).await.unwrap_err();
    assert!(matches!(error, ReceiveError::TooLarge));
    let error = files.receive_bytes("a.pdf", DOCUMENTS, Bytes::new()).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Empty));
    let broken = futures_util::stream::iter([Ok(Bytes::from_static(PDF)), Err("cut")]);
    let error = files.receive("a.pdf", DOCUMENTS, bytes_max, broken).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Source("cut")));
    assert!(files_of(&app).is_empty());
}

#[tokio::test]
async fn what_nobody_keeps_is_swept_after_a_while() {
    let app = TestApp::new().await;
    let store = app.state.hub.store();
    let (kept, left) = (stored(&app, PDF).await, stored(&app, PDF).await);
    store.keep_file(kept.key.clone(), None, app.clock.now()).await.unwrap();
    app.clock.advance(Duration::from_mins(59));
    assert_eq!(app.state.files.sweep().await.unwrap(), 0, "the grace is not over");
    app.clock.advance(Duration::from_mins(2));
    assert_eq!(app.state.files.sweep().await.unwrap(), 1);
    assert!(matches!(app.state.files.read(&left.key, None).await, Err(StorageError::Missing)));
    assert_eq!(content(&app, &kept, None).await, PDF);
    let late = store.keep_file(left.key.clone(), None, app.clock.now()).await;
    assert!(matches!(late, Err(StoreError::Stale)));
    // A file that takes the place of another lets that go.
    let new = stored(&app, PDF).await;
    let old = Some(kept.key.clone());
    store.keep_file(new.key.clone(), old, app.clock.now()).await.unwrap();
    app.clock.advance(sweep::GRACE + Duration::from_secs(1));
    assert_eq!(app.state.files.sweep().await.unwrap(), 1);
    assert_eq!(files_of(&app).len(), 1);
    assert_eq!(store.find_file(&new.key).await.unwrap().map(|file| file.key), Some(new.key));
    assert_eq!(store.find_file(&kept.key).await.unwrap(), None);
}

#[tokio::test]
async fn the_spool_is_empty_after_a_start() {
    let app = TestApp::new().await;
    let left = app.state.config.data_dir.join(FOLDER).join("tmp").join("left");
    fs::write(&left, PDF).unwrap();
    let stays = stored(&app, PDF).await;
    let (config, store) = (&app.state.config, app.state.hub.store().clone());
    Files::open(config, store, app.clock.clone()).unwrap();
    assert!(!left.exists());
    assert_eq!(content(&app, &stays, None).await, PDF);
}
