//! Files of sections: written, read, and damaged in every way there is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::fs;
use std::path::Path;

use nigh_mmap::{
    BLOCK_BYTES, Format, Mapped, OpenError, SECTION_ALIGNMENT, SectionError, SectionWriter,
    Sections, Verification, ViewError, WriteError, file_bytes,
};

const FORMAT: Format = Format {
    magic: *b"TESTFILE",
    version: 3,
};

fn write_small(path: &Path) -> u64 {
    let mut writer = SectionWriter::create(path, FORMAT).unwrap();
    writer.put("numbers", &[1u64, 2, 3]).unwrap();
    writer.put("nothing", &[0u8; 0]).unwrap();
    writer.put("odd", b"thirteen char").unwrap();
    writer.finish().unwrap()
}

fn all_bytes(sections: &Sections) -> Vec<(String, Vec<u8>)> {
    sections
        .names()
        .map(|name| (name.to_owned(), sections.bytes(name).unwrap().to_vec()))
        .collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let length = write_small(&path);
    let sections = Sections::open(&path, FORMAT).unwrap();
    assert_eq!(
        sections.names().collect::<Vec<_>>(),
        ["numbers", "nothing", "odd"]
    );
    assert_eq!(&sections.view::<u64>("numbers").unwrap()[..], [1, 2, 3]);
    assert!(sections.view::<f32>("nothing").unwrap().is_empty());
    assert_eq!(sections.bytes("odd").unwrap(), b"thirteen char");
    assert_eq!((sections.version(), sections.file_bytes()), (3, length));
    assert_eq!(
        (length, length),
        (fs::metadata(&path).unwrap().len(), file_bytes(&[24, 0, 13]))
    );
}

#[test]
fn large_sections_stream_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let values: Vec<f32> = (0..700_001).map(|i| i as f32).collect();
    let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
    let mut sink = writer.section("values").unwrap();
    values
        .chunks(9_999)
        .for_each(|piece| sink.write(piece).unwrap());
    writer.put("after", &[9u32]).unwrap();
    let length = writer.finish().unwrap();
    let sections = Sections::open(&path, FORMAT).unwrap();
    let view = sections.view::<f32>("values").unwrap();
    assert_eq!(view.as_ptr() as usize % SECTION_ALIGNMENT, 0);
    drop(sections);
    assert!(
        view[..] == values[..],
        "a view outlives the sections that it came from"
    );
    assert_eq!(length, file_bytes(&[4 * 700_001, 4]));
}

#[test]
fn every_changed_bit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    write_small(&good);
    let bytes = fs::read(&good).unwrap();
    let mut unnoticed = Vec::new();
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&bad, bytes).unwrap();
        if Sections::open(&bad, FORMAT).is_ok() {
            unnoticed.push(bit);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn every_cut_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    write_small(&good);
    let bytes = fs::read(&good).unwrap();
    let mut wrong = Vec::new();
    for length in 0..bytes.len() {
        fs::write(&bad, &bytes[..length]).unwrap();
        match Sections::open(&bad, FORMAT) {
            Err(OpenError::Torn { length: stated, .. }) if stated == length as u64 => {}
            other => wrong.push((length, other.map(|_| ()))),
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn errors_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    write_small(&path);
    let good = fs::read(&path).unwrap();
    let damaged = |at: usize, change: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= change;
        bytes
    };
    let end = good.len();
    let twice = [good.clone(), good[64..].to_vec()].concat();
    let newer_layout = damaged(12, 2)[..end - 1].to_vec();
    let cases: Vec<(&str, Vec<u8>, String)> = vec![
        (
            "empty",
            vec![],
            "F is torn: its 0 bytes do not end with an end mark".into(),
        ),
        (
            "text",
            b"hello, world".to_vec(),
            "F is another kind of file: it begins with \"hello, w\", expected \"TESTFILE\"".into(),
        ),
        (
            "cut",
            good[..end - 1].to_vec(),
            format!(
                "F is torn: its {} bytes do not end with an end mark",
                end - 1
            ),
        ),
        (
            "longer",
            twice,
            format!("F is torn: it has {} bytes and states {end}", 2 * end - 64),
        ),
        (
            "header",
            damaged(8, 4),
            "F is corrupt: section \"header\", between bytes 0 and 64 of the file".into(),
        ),
        (
            "first section",
            damaged(65, 1),
            "F is corrupt: section \"numbers\", between bytes 64 and 128 of the file".into(),
        ),
        (
            "padding",
            damaged(127, 1),
            "F is corrupt: section \"numbers\", between bytes 64 and 128 of the file".into(),
        ),
        (
            "last section",
            damaged(128, 1),
            "F is corrupt: section \"odd\", between bytes 128 and 192 of the file".into(),
        ),
        (
            "table",
            damaged(192, 1),
            format!(
                "F is corrupt: section \"table\", between bytes 192 and {} of the file",
                end - 64
            ),
        ),
        (
            "trailer",
            damaged(end - 60, 1),
            format!(
                "F is corrupt: section \"trailer\", between bytes {} and {end} of the file",
                end - 64
            ),
        ),
        (
            "newer layout",
            newer_layout,
            "F has layout version 3, this program knows versions up to 1".into(),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases {
        fs::write(&path, bytes).unwrap();
        let message = Sections::open(&path, FORMAT).unwrap_err().to_string();
        let message = message.replace(path.to_str().unwrap(), "F");
        if message != expected {
            wrong.push((name, message, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn missing_and_newer_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    assert!(matches!(
        Sections::open(&path, FORMAT),
        Err(OpenError::Missing { .. })
    ));
    write_small(&path);
    let older = Format {
        version: 2,
        ..FORMAT
    };
    assert!(matches!(
        Sections::open(&path, older),
        Err(OpenError::Newer {
            version: 3,
            known: 2,
            ..
        })
    ));
    let newer = Format {
        version: 9,
        ..FORMAT
    };
    assert_eq!(Sections::open(&path, newer).unwrap().version(), 3);
    assert!(matches!(
        Sections::open(folder.path(), FORMAT),
        Err(OpenError::Io { .. })
    ));
}

#[test]
fn corruption_is_located_and_verification_can_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
    writer.put("first", &[1u8; 100]).unwrap();
    writer.put("big", &vec![2u8; 5 * BLOCK_BYTES]).unwrap();
    writer.finish().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let start = 64 + 128;
    bytes[start + 2 * BLOCK_BYTES + 17] = 0;
    bytes[start + 4 * BLOCK_BYTES] = 0;
    fs::write(&path, bytes).unwrap();
    let expected = |error| {
        matches!(error, OpenError::Corrupt { section, start: s, end: e, .. }
            if section == "big" && s == start + 2 * BLOCK_BYTES && e == start + 3 * BLOCK_BYTES)
    };
    assert!(expected(Sections::open(&path, FORMAT).unwrap_err()));
    let sections = Sections::open_with(&path, FORMAT, Verification::Structure).unwrap();
    assert_eq!(sections.bytes("first").unwrap(), [1; 100]);
    assert!(expected(sections.verify().unwrap_err()));
}

#[test]
fn sections_are_asked_for_by_name_and_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    write_small(&path);
    let sections = Sections::open(&path, FORMAT).unwrap();
    assert!(
        matches!(sections.bytes("none"), Err(SectionError::NoSuch { section, .. }) if section == "none")
    );
    let error = sections.view::<u64>("odd").unwrap_err().to_string();
    assert!(
        error.ends_with("13 bytes are no whole number of values of 8 bytes"),
        "{error}"
    );
}

#[test]
fn ranges_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, [1u8; 100]).unwrap();
    let mapped = Mapped::open(&path).unwrap();
    assert_eq!(mapped.u32s(4..12), Ok(&[0x0101_0101, 0x0101_0101][..]));
    assert_eq!(mapped.u64s(8..16).map(<[u64]>::len), Ok(1));
    assert_eq!(
        mapped.f32s(3..3).map(<[f32]>::len),
        mapped.f32s(3..3).map(|_| 0)
    );
    assert_eq!(
        mapped.f32s(2..10),
        Err(ViewError::Misaligned {
            start: 2,
            alignment: 4
        })
    );
    assert_eq!(
        mapped.f32s(0..10),
        Err(ViewError::Remainder { bytes: 10, size: 4 })
    );
    assert_eq!(
        mapped.f32s(96..104),
        Err(ViewError::OutOfBounds {
            start: 96,
            end: 104,
            length: 100
        })
    );
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "a caller's mistake must not panic"
    )]
    let reversed = mapped.f32s(8..4);
    assert!(reversed.is_err());
    fs::write(&path, []).unwrap();
    assert!(Mapped::open(&path).unwrap().bytes().is_empty());
}

#[test]
fn an_unfinished_file_leaves_the_old_one_and_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    write_small(&path);
    let before = Sections::open(&path, FORMAT).unwrap();
    let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
    writer.put("other", &[1u8]).unwrap();
    drop(writer);
    assert_eq!(names_in(folder.path()), ["f"]);
    assert_eq!(
        all_bytes(&Sections::open(&path, FORMAT).unwrap()),
        all_bytes(&before)
    );

    let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
    writer.put("other", &[1u8]).unwrap();
    writer.finish().unwrap();
    assert_eq!(names_in(folder.path()), ["f"]);
    assert_eq!(
        Sections::open(&path, FORMAT)
            .unwrap()
            .names()
            .collect::<Vec<_>>(),
        ["other"]
    );
    assert_eq!(
        &before.view::<u64>("numbers").unwrap()[..],
        [1, 2, 3],
        "a replaced file stays readable"
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SectionWriter::create(&folder.path().join("none/f"), FORMAT);
    assert!(matches!(missing, Err(WriteError::Create { .. })));
    let mut writer = SectionWriter::create(&folder.path().join("f"), FORMAT).unwrap();
    for name in ["", "a\0b", &"x".repeat(49)] {
        assert!(
            matches!(writer.put(name, &[1u8]), Err(WriteError::Name { .. })),
            "{name:?}"
        );
    }
    writer.put(&"x".repeat(48), &[1u8]).unwrap();
    let repeated = writer.put(&"x".repeat(48), &[1u8]);
    assert!(matches!(repeated, Err(WriteError::Repeated { .. })));
    writer.finish().unwrap();
    assert_eq!(
        Sections::open(&folder.path().join("f"), FORMAT)
            .unwrap()
            .bytes(&"x".repeat(48))
            .unwrap(),
        [1]
    );
}

#[test]
#[cfg(unix)]
fn a_folder_that_vanishes_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let mut writer = SectionWriter::create(&inner.join("f"), FORMAT).unwrap();
    writer.put("a", &[1u8]).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    assert!(matches!(writer.finish(), Err(WriteError::Write { .. })));
}
