//! Any file as one of sections: opened, then every section seen as every kind of values.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use nigh_fuzz::{mutate, on_disk};
use nigh_mmap::{Format, Sections, Verification};

const FORMAT: Format = Format {
    magic: *b"nighSEG\0",
    version: 2,
};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, fuzzer_mutate)
});

fuzz_target!(|data: &[u8]| {
    on_disk(data, |path| {
        let structure = Sections::open_with(path, FORMAT, Verification::Structure);
        let full = Sections::open_with(path, FORMAT, Verification::Full);
        assert!(
            full.is_err() || structure.is_ok(),
            "checking more accepts no more"
        );
        if let Ok(sections) = structure {
            assert_eq!(sections.verify().is_ok(), full.is_ok());
            look(&sections, data.len());
        }
    });
});

fn look(sections: &Sections, length: usize) {
    assert_eq!(sections.file_bytes(), length as u64);
    for name in sections.names() {
        let bytes = sections.bytes(name).expect("a section that is named");
        let sum = bytes.iter().fold(0_u64, |sum, &byte| sum + u64::from(byte));
        let views = [
            sections
                .view::<u8>(name)
                .map(|view| view.iter().map(|&x| u64::from(x)).sum()),
            sections.view::<u32>(name).map(|view| view.len() as u64),
            sections
                .view::<u64>(name)
                .map(|view| view.iter().fold(0, |a, &x| a ^ x)),
            sections
                .view::<f32>(name)
                .map(|view| view.iter().filter(|x| x.is_nan()).count() as u64),
        ];
        assert!(matches!(views[0], Ok(same) if same == sum));
        let whole = |width: usize| bytes.len().is_multiple_of(width);
        assert_eq!(
            [4, 8, 4].map(whole),
            [1, 2, 3].map(|view: usize| views[view].is_ok())
        );
    }
    assert!(sections.bytes("no such section").is_err());
}
