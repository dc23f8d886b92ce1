//! The layout written down here is the one that `nigh-mmap` writes.

use std::fs;

use nigh_fuzz::{Sealed, mutate, on_disk};
use nigh_mmap::{Format, SectionWriter, Sections};

const FORMAT: Format = Format {
    magic: *b"nighSEG\0",
    version: 2,
};

fn written() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
    writer.put("meta", &[1_u64, 2, 3]).unwrap();
    writer.put::<f32>("empty", &[]).unwrap();
    writer.put("large", &vec![7_u8; (5 << 20) / 2]).unwrap();
    writer.finish().unwrap();
    fs::read(&path).unwrap()
}

#[test]
fn files_are_sealed_as_they_are_written() {
    let file = written();
    let mut sealed = Sealed::open(&file).unwrap();
    assert_eq!(sealed.sections.len(), 3);
    assert!(sealed.seal() == file);
    sealed.sections[0].bytes[3] = 9;
    sealed.sections[1].bytes = vec![5; 100];
    on_disk(&sealed.seal(), |path| {
        let sections = Sections::open(path, FORMAT).unwrap();
        assert_eq!(sections.bytes("meta").unwrap()[3], 9);
        assert_eq!(sections.bytes("empty").unwrap(), [5; 100]);
    });
}

#[test]
fn nearly_all_edits_lie_behind_good_checksums() {
    let file = {
        let mut small = Sealed::open(&written()).unwrap();
        small.sections.pop();
        small.seal()
    };
    let edit = |data: &mut [u8], size: usize, _: usize| {
        if size > 0 {
            data[size / 2] ^= 0xff;
        }
        size
    };
    let mut data = vec![0; 4096];
    let intact = (0..1000).filter(|&seed| {
        data[..file.len()].copy_from_slice(&file);
        let most = data.len();
        let size = mutate(&mut data, file.len(), most, seed, edit);
        on_disk(&data[..size], |path| Sections::open(path, FORMAT).is_ok())
    });
    let intact = intact.count();
    assert!((800..1000).contains(&intact), "{intact} of 1000");
}
