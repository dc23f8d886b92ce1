//! Parquet in its forms, whole and damaged.

use super::*;

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group));
    let file = std::fs::File::create(path).unwrap();
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(file, batch.schema(), properties).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn pictures() -> ArrayRef {
    Arc::new(BinaryArray::from_opt_vec(vec![
        Some(&b"\xFF\xD8\xFF1"[..]),
        Some(b"\x89PNG"),
        None,
    ]))
}

fn import_parquet(columns: Vec<(&str, ArrayRef)>, options: &SourceOptions) -> Vec<String> {
    let dir = Dir::new(&[("a.jpg", "")]);
    write_parquet(&dir.path("t.parquet"), columns, 2);
    dir.import(&["t.parquet"], options)
}

fn texts(values: [Option<&str>; 3]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn parquet_pictures_in_every_form() {
    let ids = || -> ArrayRef { Arc::new(Int64Array::from(vec![5, 6, 7])) };
    let file = |bytes: ArrayRef| -> ArrayRef {
        let path = texts([Some("x/one.jpg"), None, Some("a.jpg")]);
        Arc::new(StructArray::try_from(vec![("bytes", bytes), ("path", path)]).unwrap())
    };
    let large = LargeBinaryArray::from_opt_vec(vec![Some(&b"GIF8"[..]), Some(b"BM"), Some(b"")]);
    let mut list = ListBuilder::new(BinaryBuilder::new());
    list.append_value([Some(b"GIF8a"), Some(b"GIF8b")]);
    list.append_null();
    list.append_value([Some(b"GIF8c"), None]);
    let list = || -> ArrayRef { Arc::new(list.finish_cloned()) };
    let empty = "! t.parquet row 3: has no picture: its `image` is empty";
    type Columns = Vec<(&'static str, ArrayRef)>;
    let table: Vec<(Columns, Vec<&str>)> = vec![
        (
            vec![("id", ids()), ("image", pictures())],
            vec![
                "5 [] image=<\\xff\\xd8\\xff1>",
                "6 [] image=<\\x89PNG>",
                empty,
            ],
        ),
        (
            vec![("jpg", Arc::new(large))],
            vec!["t-1 [] jpg=<GIF8>", "t-2 [] jpg=<BM>", "t-3 [] jpg=<>"],
        ),
        (
            vec![("image", file(pictures())), ("label", ids())],
            vec![
                "one [label=integer:5] image=<\\xff\\xd8\\xff1>",
                "t-2 [label=integer:6] image=<\\x89PNG>",
                "a [label=integer:7] image=DIR/a.jpg",
            ],
        ),
        (
            vec![("id", ids()), ("image", list())],
            vec![
                "5 [] image=<GIF8a> image_2=<GIF8b>",
                "! t.parquet row 2: has no picture: its `image` is empty",
                "7 [] image=<GIF8c>",
            ],
        ),
        (
            vec![
                ("id", ids()),
                ("path", texts([Some("a.jpg"), Some("b.jpg"), None])),
            ],
            vec![
                "5 [] path=DIR/a.jpg",
                "! t.parquet row 2: there is no file `b.jpg` (looked in DIR)",
                "! t.parquet row 3: has no picture: its `path` is empty",
            ],
        ),
        (
            vec![
                ("front", pictures()),
                ("side", pictures()),
                (
                    "filename",
                    texts([Some("p.jpg"), Some("q.jpg"), Some("r.jpg")]),
                ),
            ],
            vec![
                "p [filename=string:p.jpg] front=<\\xff\\xd8\\xff1> side=<\\xff\\xd8\\xff1>",
                "q [filename=string:q.jpg] front=<\\x89PNG> side=<\\x89PNG>",
                "! t.parquet row 3: has no picture: its `front`, `side` are empty",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (columns, expected) in table {
        let found = import_parquet(columns, &SourceOptions::default());
        if found != expected {
            wrong.push((found, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn parquet_attributes_of_every_type() {
    let image = || -> ArrayRef { Arc::new(BinaryArray::from(vec![&b"GIF8"[..], b"GIF8"])) };
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    words.append_value("red");
    words.append_null();
    let mut decimal = Decimal128Builder::new()
        .with_precision_and_scale(9, 2)
        .unwrap();
    decimal.append_value(1299);
    decimal.append_null();
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("x"), None]);
    list.append_null();
    const DAY: i64 = 86_400_000_000;
    let midnights = TimestampMicrosecondArray::from(vec![DAY, 2 * DAY]);
    let instants = TimestampMicrosecondArray::from(vec![DAY, 2 * DAY + 1_500_000]);
    let table: Vec<(ArrayRef, &str, &str)> = vec![
        (
            Arc::new(Int64Array::from(vec![Some(-1), None])),
            "v=integer:-1",
            "",
        ),
        (
            Arc::new(UInt64Array::from(vec![Some(1), None])),
            "v=integer:1",
            "",
        ),
        (
            Arc::new(Float32Array::from(vec![9.99, f32::NAN])),
            "v=float:9.99",
            "",
        ),
        (
            Arc::new(Float64Array::from(vec![0.1, f64::INFINITY])),
            "v=float:0.1",
            "",
        ),
        (
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            "v=boolean:true",
            "",
        ),
        (
            Arc::new(StringArray::from(vec!["2024-05-01", ""])),
            "v=string:2024-05-01",
            "",
        ),
        (
            Arc::new(LargeStringArray::from(vec!["x", "y"])),
            "v=string:x",
            "v=string:y",
        ),
        (
            Arc::new(StringViewArray::from(vec!["x", "y"])),
            "v=string:x",
            "v=string:y",
        ),
        (
            Arc::new(Date32Array::from(vec![0, 1])),
            "v=date:1970-01-01",
            "v=date:1970-01-02",
        ),
        (
            Arc::new(midnights),
            "v=date:1970-01-02",
            "v=date:1970-01-03",
        ),
        (
            Arc::new(instants.clone()),
            "v=string:1970-01-02T00:00:00",
            "v=string:1970-01-03T00:00:01.5",
        ),
        (
            Arc::new(instants.with_timezone("UTC")),
            "v=string:1970-01-02T00:00:00Z",
            "v=string:1970-01-03T00:00:01.5Z",
        ),
        (Arc::new(words.finish()), "v=string:red", ""),
        (Arc::new(decimal.finish()), "v=float:12.99", ""),
        (Arc::new(list.finish()), "v=string:[\"x\",null]", ""),
        (Arc::new(Time32SecondArray::from(vec![1, 2])), "", ""),
    ];
    for (array, one, two) in table {
        let kind = array.data_type().clone();
        let found = import_parquet(
            vec![("image", image()), ("v", array)],
            &with_images(&["image"]),
        );
        let expected = [
            format!("t-1 [{one}] image=<GIF8>"),
            format!("t-2 [{two}] image=<GIF8>"),
        ];
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn a_number_beyond_all_integers_rejects_its_row() {
    let id: ArrayRef = Arc::new(UInt64Array::from(vec![1, u64::MAX, 3]));
    let columns = vec![("image", pictures()), ("v", id)];
    let found = import_parquet(columns, &SourceOptions::default());
    let reason = "! t.parquet row 2: has in `v` a value that cannot be kept: 18446744073709551615 is beyond the largest integer, 9223372036854775807";
    assert_eq!(found[1], reason);
}

#[test]
fn several_parquet_files_and_a_broken_one() {
    let dir = Dir::new(&[("c.parquet", "PAR1 nothing PAR1")]);
    for name in ["a.parquet", "b.parquet"] {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["x", name, "z"]));
        write_parquet(&dir.path(name), vec![("id", ids), ("image", pictures())], 2);
    }
    let found = dir.import(&[""], &SourceOptions::default());
    let broken = found[0].strip_prefix("! DIR/c.parquet: cannot be read as Parquet: ");
    assert!(broken.is_some(), "{}", found[0]);
    let expected = [
        "x [] image=<\\xff\\xd8\\xff1>",
        "a.parquet [] image=<\\x89PNG>",
        "! a.parquet row 3: has no picture: its `image` is empty",
        "! b.parquet row 1: the id `x` was already used by a.parquet row 1",
        "b.parquet [] image=<\\x89PNG>",
        "! b.parquet row 3: has no picture: its `image` is empty",
    ];
    assert_eq!(found[1..], expected);
}

#[test]
fn a_broken_row_group_costs_its_own_rows_only() {
    let dir = Dir::new(&[]);
    let path = dir.path("t.parquet");
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
    let image = std::iter::repeat_n(&b"GIF8 and some more"[..], 300).collect::<Vec<_>>();
    write_parquet(
        &path,
        vec![("id", ids), ("image", Arc::new(BinaryArray::from(image)))],
        100,
    );
    let plan = dir.plan(&["t.parquet"], &SourceOptions::default()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).unwrap();
    let (start, length) = metadata.metadata().row_group(1).column(1).byte_range();
    bytes[start as usize..(start + length) as usize].fill(0xFF);
    std::fs::write(&path, bytes).unwrap();
    let rows = rows(&plan);
    let rejects: Vec<_> = rows
        .iter()
        .filter(|row| matches!(row, Row::Rejected(_)))
        .collect();
    assert_eq!((rows.len(), rejects.len()), (201, 1), "{rejects:?}");
    let reject = shown(rejects[0]);
    let start = "! t.parquet row 101: and on to row 200 cannot be read as Parquet: ";
    assert!(reject.starts_with(start), "{reject}");
}

/// Whatever bytes are changed: no panic, and never more rows than there are.
#[test]
fn damaged_parquet_never_panics() {
    let dir = Dir::new(&[]);
    let path = dir.path("t.parquet");
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3));
    let words = texts([Some("red"), None, Some("blue")]);
    write_parquet(
        &path,
        vec![("id", ids), ("c", words), ("image", pictures())],
        2,
    );
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for value in [0xFF, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            std::fs::write(&path, bytes).unwrap();
            dir.import(&["t.parquet"], &SourceOptions::default());
        }
    }
}
