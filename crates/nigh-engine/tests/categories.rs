//! Files of categories, one for each row.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use nigh_engine::vectors::Categories;

fn npy(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\0".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    file.extend(bytes);
    file
}

#[test]
fn categories_are_read_from_three_forms() {
    let dir = tempfile::tempdir().unwrap();
    let minus = (-7_i64).to_le_bytes();
    let long = [3_i64.to_le_bytes(), minus, 3_i64.to_le_bytes()].concat();
    type Expected = Result<&'static [&'static str], &'static str>;
    let cases: &[(&str, Vec<u8>, Expected)] = &[
        (
            "a.txt",
            b" red \nblue, dark\r\nred".to_vec(),
            Ok(&["red", "blue, dark", "red"]),
        ),
        (
            "b.csv",
            b"red\n\"blue, dark\"\nred\n".to_vec(),
            Ok(&["red", "blue, dark", "red"]),
        ),
        ("c.npy", npy("<i8", "(3,)", &long), Ok(&["3", "-7", "3"])),
        (
            "d.npy",
            npy("|u1", "(3, 1)", &[3, 255, 0]),
            Ok(&["3", "255", "0"]),
        ),
        (
            "e.npy",
            npy("|i1", "(2,)", &[128, 127]),
            Ok(&["-128", "127"]),
        ),
        ("f.npy", npy("<u2", "(1,)", &[0xff, 0xff]), Ok(&["65535"])),
        (
            "g.npy",
            npy("<f4", "(1,)", &[0; 4]),
            Err("its values are '<f4', expected little-endian integers"),
        ),
        (
            "h.npy",
            npy("<i8", "(1, 2)", &[0; 16]),
            Err("its shape is (1, 2), expected (rows,)"),
        ),
        (
            "i.npy",
            npy("<i8", "(4,)", &long),
            Err("its header says 4 rows of 1 values, which take"),
        ),
        (
            "j.npy",
            npy("<i8", "(18446744073709551615,)", &long),
            Err("more than any file holds"),
        ),
        (
            "k.npy",
            b"\x93NUM".to_vec(),
            Err("k.npy is 4 bytes long, too short for the header"),
        ),
        (
            "l.txt",
            b"red\n\nblue".to_vec(),
            Err("l.txt row 1: is empty, expected a category"),
        ),
        ("m.txt", vec![b'a', 0xff], Err("m.txt is not UTF-8 text")),
        (
            "n.csv",
            b"red\nblue,dark\n".to_vec(),
            Err("n.csv row 1: has 2 columns, expected one category"),
        ),
        (
            "o.json",
            b"[]".to_vec(),
            Err("o.json is no file of categories that nigh reads"),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let read = Categories::read(&path).map_err(|error| error.to_string());
        let right = match (&read, expected) {
            (Ok(read), Ok(names)) => {
                let of = |row| read.names()[read.of(row).unwrap()].as_str();
                (0..read.len()).map(of).eq(names.iter().copied())
            }
            (Err(said), Err(expected)) => said.contains(expected),
            _ => false,
        };
        if !right {
            wrong.push((name, read));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let said = Categories::read(&dir.path().join("gone.txt"))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("cannot read") && said.contains("gone.txt"),
        "{said}"
    );
}
