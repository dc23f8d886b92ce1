//! Whole imports over folders made for the purpose, one line of expectation per row delivered.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, Decimal128Builder, ListBuilder, StringBuilder, StringDictionaryBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array,
    Int64Array, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray,
    StructArray, Time32SecondArray, TimestampMicrosecondArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::properties::WriterProperties;

use super::*;

/// A temporary folder with files in it; `DIR` stands for its path in all texts.
struct Dir(tempfile::TempDir);

impl Dir {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            dir.write(name, dir.insert(text).as_bytes());
        }
        dir
    }

    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.0.path().to_owned(),
            name => self.0.path().join(name),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn insert(&self, text: &str) -> String {
        text.replace("DIR", &self.0.path().to_string_lossy())
    }

    fn hide(&self, text: &str) -> String {
        text.replace(&*self.0.path().to_string_lossy(), "DIR")
    }

    fn plan(&self, sources: &[&str], options: &SourceOptions) -> Result<Plan, PlanError> {
        let mut options = options.clone();
        options.attributes = options.attributes.map(|path| self.0.path().join(path));
        let sources: Vec<PathBuf> = sources.iter().map(|name| self.path(name)).collect();
        plan(&sources, &options)
    }

    /// Every row delivered, or the error, one line each.
    fn import(&self, sources: &[&str], options: &SourceOptions) -> Vec<String> {
        match self.plan(sources, options) {
            Ok(plan) => rows(&plan)
                .iter()
                .map(|row| self.hide(&shown(row)))
                .collect(),
            Err(error) => vec![self.hide(&format!("ERROR {error}"))],
        }
    }
}

fn rows(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    let report = plan.read(|row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    let items = rows
        .iter()
        .filter(|row| matches!(row, Row::Item(_)))
        .count() as u64;
    assert_eq!(
        (report.items, report.rejected),
        (items, rows.len() as u64 - items)
    );
    assert!(!report.stopped);
    rows
}

fn shown(row: &Row) -> String {
    match row {
        Row::Rejected(reject) => format!("! {}: {}", reject.origin, reject.reason),
        Row::Item(item) => {
            let attributes = item.attributes.iter();
            let attributes: Vec<_> = attributes
                .map(|(name, value)| format!("{name}={}:{value}", value.kind()))
                .collect();
            let images: Vec<_> = item.images.iter().map(image).collect();
            format!(
                "{} [{}] {}",
                item.id,
                attributes.join(" "),
                images.join(" ")
            )
        }
    }
}

fn image(image: &RawImage) -> String {
    match &image.content {
        ImageContent::Bytes(bytes) => format!("{}=<{}>", image.name, bytes.escape_ascii()),
        ImageContent::Path(path) => {
            assert_eq!(path.to_string_lossy(), image.source);
            format!("{}={}", image.name, path.display())
        }
    }
}

/// One import: what it is called, the files, the sources, and the rows.
struct Case<'c> {
    name: &'c str,
    files: &'c [(&'c str, &'c str)],
    sources: &'c [&'c str],
    options: SourceOptions,
    expected: &'c [&'c str],
}

fn check(cases: &[Case<'_>]) {
    let mut wrong = String::new();
    for case in cases {
        let dir = Dir::new(case.files);
        let found = dir.import(case.sources, &case.options);
        if found != case.expected {
            let (found, expected) = (found.join("\n  "), case.expected.join("\n  "));
            wrong += &format!("{}:\n  {found}\nexpected:\n  {expected}\n\n", case.name);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn case<'c>(name: &'c str, files: &'c [(&'c str, &'c str)], expected: &'c [&'c str]) -> Case<'c> {
    Case {
        name,
        files,
        sources: &[""],
        options: SourceOptions::default(),
        expected,
    }
}

fn with_id(id: &str) -> SourceOptions {
    SourceOptions {
        id: Some(id.to_owned()),
        ..SourceOptions::default()
    }
}

fn with_images(columns: &[&str]) -> SourceOptions {
    SourceOptions {
        image: columns.iter().map(|&column| column.to_owned()).collect(),
        ..SourceOptions::default()
    }
}

fn with_columns(columns: &[&str]) -> SourceOptions {
    SourceOptions {
        columns: Some(columns.iter().map(|&column| column.to_owned()).collect()),
        ..SourceOptions::default()
    }
}

fn with_attributes(file: &str) -> SourceOptions {
    SourceOptions {
        attributes: Some(PathBuf::from(file)),
        ..SourceOptions::default()
    }
}

fn per_folder() -> SourceOptions {
    SourceOptions {
        item_per_folder: true,
        ..SourceOptions::default()
    }
}

#[test]
fn folders_of_pictures() {
    check(&[
        case(
            "sorted, recursive, by extension in any case",
            &[
                ("b.PNG", ""),
                ("a/z.jpeg", ""),
                ("a/c.webp", ""),
                ("d.gif", ""),
                ("e.bmp", ""),
            ],
            &[
                "c [] c=DIR/a/c.webp",
                "z [] z=DIR/a/z.jpeg",
                "b [] b=DIR/b.PNG",
                "d [] d=DIR/d.gif",
                "e [] e=DIR/e.bmp",
            ],
        ),
        case(
            "hidden files and litter are passed over",
            &[
                ("a.jpg", ""),
                (".b.jpg", ""),
                (".git/c.jpg", ""),
                ("__MACOSX/d.jpg", ""),
                ("Thumbs.db", ""),
                (".DS_Store", ""),
                ("notes.txt", ""),
            ],
            &["a [] a=DIR/a.jpg"],
        ),
        case(
            "two pictures with one stem",
            &[("a.jpg", ""), ("b/a.png", "")],
            &[
                "a [] a=DIR/a.jpg",
                "! DIR/b/a.png: the id `a` was already used by DIR/a.jpg",
            ],
        ),
        Case {
            options: per_folder(),
            ..case(
                "an item per folder",
                &[
                    ("red/1.jpg", ""),
                    ("red/2.jpg", ""),
                    ("blue/1.jpg", ""),
                    ("x/red/9.jpg", ""),
                ],
                &[
                    "blue [] 1=DIR/blue/1.jpg",
                    "red [] 1=DIR/red/1.jpg 2=DIR/red/2.jpg",
                    "! DIR/x/red/9.jpg: the id `red` was already used by DIR/red/1.jpg",
                ],
            )
        },
        Case {
            options: per_folder(),
            ..case(
                "an item per folder, with a table",
                &[
                    ("red/1.jpg", ""),
                    ("red/2.jpg", ""),
                    ("red_2/1.jpg", ""),
                    ("t.csv", "name,price\nred,3\n"),
                ],
                &[
                    "red [price=integer:3] 1=DIR/red/1.jpg 2=DIR/red/2.jpg",
                    "red_2 [] 1=DIR/red_2/1.jpg",
                ],
            )
        },
        Case {
            sources: &["b.jpg", "a.jpg", "f"],
            ..case(
                "single pictures beside a folder",
                &[("a.jpg", ""), ("b.jpg", ""), ("c.jpg", ""), ("f/d.jpg", "")],
                &["d [] d=DIR/f/d.jpg", "b [] b=DIR/b.jpg", "a [] a=DIR/a.jpg"],
            )
        },
    ]);
}

#[test]
fn folders_joined_with_a_table() {
    check(&[
        case(
            "a lone CSV in the root, by stem",
            &[
                ("images/1.jpg", ""),
                ("images/2.jpg", ""),
                ("t.csv", "id,year\n2,2012\n1,2011\n"),
            ],
            &[
                "2 [year=integer:2012] 2=DIR/images/2.jpg",
                "1 [year=integer:2011] 1=DIR/images/1.jpg",
            ],
        ),
        case(
            "by file name, the id from its column",
            &[
                ("images/x.jpg", ""),
                ("images/y.jpg", ""),
                ("t.csv", "id,file,c\n7,x.jpg,red\n8,y.jpg,blue\n"),
            ],
            &[
                "7 [c=string:red] file=DIR/images/x.jpg",
                "8 [c=string:blue] file=DIR/images/y.jpg",
            ],
        ),
        case(
            "by path relative to the table, no id column",
            &[
                ("images/x.jpg", ""),
                ("t.jsonl", "{\"file_name\":\"images/x.jpg\",\"c\":1.5}\n"),
            ],
            &["x [c=float:1.5] file_name=DIR/images/x.jpg"],
        ),
        case(
            "by the column that matches, whatever its name",
            &[
                ("A1.jpg", ""),
                ("A2.jpg", ""),
                ("t.csv", "id,ref\n1,A1\n2,A2\n"),
            ],
            &[
                "A1 [id=integer:1] A1=DIR/A1.jpg",
                "A2 [id=integer:2] A2=DIR/A2.jpg",
            ],
        ),
        case(
            "a column that matches one picture over and over is no id",
            &[
                ("2011.jpg", ""),
                ("7.jpg", ""),
                ("8.jpg", ""),
                ("t.csv", "year,sku\n2011,7\n2011,8\n2011,2011\n"),
            ],
            &[
                "7 [year=integer:2011] 7=DIR/7.jpg",
                "8 [year=integer:2011] 8=DIR/8.jpg",
                "2011 [year=integer:2011] 2011=DIR/2011.jpg",
            ],
        ),
        case(
            "rows without pictures, pictures without rows",
            &[
                ("1.jpg", ""),
                ("3.jpg", ""),
                ("t.csv", "id,c\n1,x\n2,y\n,z\n"),
            ],
            &[
                "1 [c=string:x] 1=DIR/1.jpg",
                "! t.csv line 3: there is no picture named `2` (.jpg, .jpeg, .png, .webp, .gif, .bmp) in DIR",
                "! t.csv line 4: has no id: its `id` is empty",
                "3 [] 3=DIR/3.jpg",
            ],
        ),
        case(
            "further pictures of an item",
            &[
                ("1.jpg", ""),
                ("1_front.jpg", ""),
                ("1-2.jpg", ""),
                ("1_x.jpg", ""),
                ("9_front.jpg", ""),
                ("t.csv", "id,c\n1,a\n1_x,b\n"),
            ],
            &[
                "1 [c=string:a] 1=DIR/1.jpg 2=DIR/1-2.jpg front=DIR/1_front.jpg",
                "1_x [c=string:b] 1_x=DIR/1_x.jpg",
                "9_front [] 9_front=DIR/9_front.jpg",
            ],
        ),
        case(
            "the picture of a broken row is not imported bare",
            &[
                ("1.jpg", ""),
                ("2.jpg", ""),
                ("t.csv", "id,a,b\n1,x\n2,x,y\n"),
            ],
            &[
                "! t.csv line 2: has 2 columns, expected 3: `b` is missing",
                "2 [a=string:x b=string:y] 2=DIR/2.jpg",
            ],
        ),
        case(
            "several image columns, one of them missing",
            &[
                ("a.jpg", ""),
                ("b.jpg", ""),
                ("t.csv", "id,file,side\n1,a.jpg,no.jpg\n2,b.jpg,\n"),
            ],
            &[
                "1 [side=string:no.jpg] file=DIR/a.jpg",
                "2 [] file=DIR/b.jpg",
            ],
        ),
        Case {
            options: with_images(&["file", "side"]),
            ..case(
                "several image columns, one file missing",
                &[
                    ("a.jpg", ""),
                    ("b.jpg", ""),
                    ("c.jpg", ""),
                    (
                        "t.csv",
                        "id,file,side\n1,a.jpg,no.jpg\n2,b.jpg,c.jpg\n3,,\n",
                    ),
                ],
                &[
                    "! t.csv line 2: there is no file `no.jpg` (looked in DIR)",
                    "1 [] file=DIR/a.jpg",
                    "2 [] file=DIR/b.jpg side=DIR/c.jpg",
                    "! t.csv line 4: has no picture: its `file`, `side` are empty",
                ],
            )
        },
        Case {
            sources: &["images", "table/t.csv"],
            ..case(
                "a table beside a folder",
                &[("images/1.jpg", ""), ("table/t.csv", "id,c\n1,x\n")],
                &["1 [c=string:x] 1=DIR/images/1.jpg"],
            )
        },
        Case {
            sources: &["images", "table/t.csv"],
            ..case(
                "paths written on another machine",
                &[
                    ("images/a/1.jpg", ""),
                    ("table/t.csv", "path,c\n/data/set/a/1.jpg,x\n"),
                ],
                &["1 [c=string:x] path=DIR/images/a/1.jpg"],
            )
        },
        Case {
            options: with_attributes("two.csv"),
            ..case(
                "one of several tables",
                &[
                    ("1.jpg", ""),
                    ("one.csv", "id\n1\n"),
                    ("two.csv", "id,c\n1,x\n"),
                ],
                &["1 [c=string:x] 1=DIR/1.jpg"],
            )
        },
        Case {
            sources: &["a", "b"],
            ..case(
                "each folder with its own table, one type for both",
                &[
                    ("a/1.jpg", ""),
                    ("a/t.csv", "id,v\n1,2\n"),
                    ("b/2.jpg", ""),
                    ("b/t.csv", "id,v\n2,2.5\n"),
                ],
                &[
                    "1 [v=float:2] 1=DIR/a/1.jpg",
                    "2 [v=float:2.5] 2=DIR/b/2.jpg",
                ],
            )
        },
        case(
            "a name that is in two folders",
            &[
                ("a/1.jpg", ""),
                ("b/1.jpg", ""),
                ("2.jpg", ""),
                ("t.csv", "file\n1.jpg\nb/1.jpg\n2.jpg\n"),
            ],
            &[
                "! t.csv line 2: `1.jpg` is in several folders: name it with its folder",
                "1 [] file=DIR/b/1.jpg",
                "2 [] file=DIR/2.jpg",
                "! DIR/a/1.jpg: the id `1` was already used by t.csv line 3",
            ],
        ),
    ]);
}

#[test]
fn tables_that_name_their_pictures() {
    check(&[
        Case {
            sources: &["t/t.csv"],
            ..case(
                "relative, upward and absolute paths",
                &[
                    ("t/a.jpg", ""),
                    ("b.jpg", ""),
                    ("c.jpg", ""),
                    (
                        "t/t.csv",
                        "id,image\n1,a.jpg\n2,../b.jpg\n3,DIR/c.jpg\n4,d.jpg\n",
                    ),
                ],
                &[
                    "1 [] image=DIR/t/a.jpg",
                    "2 [] image=DIR/t/../b.jpg",
                    "3 [] image=DIR/c.jpg",
                    "! t.csv line 5: there is no file `d.jpg` (looked in DIR/t)",
                ],
            )
        },
        Case {
            sources: &["t.csv"],
            ..case(
                "URLs, twice an id, no id, no picture",
                &[
                    ("a.jpg", ""),
                    (
                        "t.csv",
                        "id,image\n1,a.jpg\n2,https://x.org/a.jpg\n1,a.jpg\n,a.jpg\n5,\n",
                    ),
                ],
                &[
                    "1 [] image=DIR/a.jpg",
                    "! t.csv line 3: `https://x.org/a.jpg` is a URL and nigh downloads nothing: fetch the picture and name its file",
                    "! t.csv line 4: the id `1` was already used by t.csv line 2",
                    "! t.csv line 5: has no id: its `id` is empty",
                    "! t.csv line 6: has no picture: its `image` is empty",
                ],
            )
        },
        Case {
            sources: &["t.csv"],
            ..case(
                "a JSON array in a cell, stems as ids",
                &[
                    ("a.jpg", ""),
                    ("b.jpg", ""),
                    ("t.csv", "image;v\n[\"a.jpg\",\"b.jpg\"];1\nb.jpg;2\n"),
                ],
                &[
                    "a [v=integer:1] image=DIR/a.jpg image_2=DIR/b.jpg",
                    "b [v=integer:2] image=DIR/b.jpg",
                ],
            )
        },
        Case {
            sources: &["t.jsonl"],
            ..case(
                "JSON Lines with lists, broken lines and mixed types",
                &[
                    ("a.jpg", ""),
                    ("b.jpg", ""),
                    (
                        "t.jsonl",
                        "\u{FEFF}{\"id\":1,\"images\":[\"a.jpg\",\"b.jpg\"],\"tags\":[\"x\",2],\"n\":1}\n\n{\"id\":2,\n[1]\n{\"id\":3,\"images\":\"a.jpg\",\"n\":2.5,\"d\":\"2024-05-01\",\"ok\":true,\"o\":{\"k\":1},\"big\":18446744073709551615}\n",
                    ),
                ],
                &[
                    "1 [n=float:1 tags=string:[\"x\",2]] images=DIR/a.jpg images_2=DIR/b.jpg",
                    "! t.jsonl line 3: is not a JSON object: EOF while parsing a value at column 8",
                    "! t.jsonl line 4: is not a JSON object: invalid type: sequence, expected a map at column 0",
                    "3 [big=string:18446744073709551615 d=date:2024-05-01 n=float:2.5 o=string:{\"k\":1} ok=boolean:true] images=DIR/a.jpg",
                ],
            )
        },
        Case {
            sources: &["t.csv"],
            ..case(
                "types and nulls over the whole table",
                &[
                    ("a.jpg", ""),
                    ("b.jpg", ""),
                    (
                        "t.csv",
                        "image,i,f,b,d,s,z,m\na.jpg,1,NA,true,2024-05-01,NA,00123,1\nb.jpg,N/A,0.5,FALSE,,x,00124,red\n",
                    ),
                ],
                &[
                    "a [b=boolean:true d=date:2024-05-01 i=integer:1 m=string:1 s=string:NA z=string:00123] image=DIR/a.jpg",
                    "b [b=boolean:false f=float:0.5 m=string:red s=string:x z=string:00124] image=DIR/b.jpg",
                ],
            )
        },
        Case {
            sources: &["t.csv"],
            options: with_columns(&["c", "id"]),
            ..case(
                "chosen columns",
                &[("a.jpg", ""), ("t.csv", "id,image,c,d\n7,a.jpg,x,y\n")],
                &["7 [c=string:x id=integer:7] image=DIR/a.jpg"],
            )
        },
        case(
            "a folder with nothing but a table",
            &[("t.tsv", "id\timage\n1\tt.tsv\n")],
            &["1 [] image=DIR/t.tsv"],
        ),
        Case {
            sources: &["t.csv"],
            options: with_id("name"),
            ..case(
                "the id as told",
                &[("a.jpg", ""), ("t.csv", "id,image,name\n1,a.jpg,x y\n")],
                &["x y [id=integer:1] image=DIR/a.jpg"],
            )
        },
    ]);
}

#[test]
fn plans_that_cannot_be() {
    const LOOKED: &str =
        ".jpg, .jpeg, .png, .webp, .gif, .bmp, .csv, .tsv, .jsonl, .ndjson, .parquet";
    let nothing = format!(
        "ERROR no images, tables or Parquet files in DIR (looked for {LOOKED}; found no extension 1, .txt 1)"
    );
    let nothing: [&str; 1] = [&nothing];
    check(&[
        Case {
            sources: &["empty"],
            ..case(
                "a missing source",
                &[("a.jpg", "")],
                &["ERROR DIR/empty: there is no such file or folder"],
            )
        },
        Case {
            sources: &[],
            ..case(
                "no source",
                &[],
                &[
                    "ERROR no source was given: name a folder of pictures, a table or a Parquet file",
                ],
            )
        },
        case(
            "an empty folder",
            &[("a.txt", ""), ("README", "")],
            &nothing,
        ),
        case(
            "several tables beside pictures",
            &[("1.jpg", ""), ("a.csv", "id\n1\n"), ("b.csv", "id\n1\n")],
            &[
                "ERROR DIR has 2 tables (a.csv, b.csv): say which one describes the pictures with --attributes FILE",
            ],
        ),
        case(
            "several tables without pictures",
            &[("a.csv", "id\n1\n"), ("b.csv", "id\n1\n")],
            &[
                "ERROR DIR has no pictures and 2 tables (a.csv, b.csv): name the table to import, or the pictures' folder beside it",
            ],
        ),
        Case {
            sources: &["a.xlsx"],
            ..case(
                "an unknown file",
                &[("a.xlsx", "")],
                &[
                    "ERROR DIR/a.xlsx is neither a picture (.jpg, .jpeg, .png, .webp, .gif, .bmp) nor a table (.csv, .tsv, .jsonl, .ndjson, .parquet): save it as CSV first",
                ],
            )
        },
        Case {
            options: with_id("produkt_id"),
            ..case(
                "an unknown column with its likes",
                &[("1.jpg", ""), ("t.csv", "product_id,c\n1,x\n")],
                &["ERROR DIR/t.csv has no column `produkt_id` (--id): did you mean `product_id`?"],
            )
        },
        Case {
            options: with_images(&["zzz"]),
            ..case(
                "an unknown column without",
                &[("1.jpg", ""), ("t.csv", "product_id,c\n1,x\n")],
                &["ERROR DIR/t.csv has no column `zzz` (--image): it has product_id, c"],
            )
        },
        Case {
            options: with_columns(&["x"]),
            ..case(
                "columns without a table",
                &[("1.jpg", "")],
                &[
                    "ERROR --columns speaks of a table's columns, and there is no table among the sources",
                ],
            )
        },
        Case {
            options: with_attributes("t.csv"),
            sources: &["t.csv"],
            ..case(
                "attributes without pictures",
                &[("t.csv", "id\n1\n")],
                &[
                    "ERROR --attributes speaks of a folder of pictures, and there is none among the sources",
                ],
            )
        },
        Case {
            sources: &["t.csv"],
            ..case(
                "no image column",
                &[("t.csv", "id,c\n1,x\n")],
                &[
                    "ERROR no column of DIR/t.csv looks like images: say which one holds their bytes or paths with --image COL (it has id integer, c string)",
                ],
            )
        },
        case(
            "a table of something else",
            &[("a.jpg", ""), ("t.csv", "id,c\n1,x\n")],
            &[
                "ERROR no row of DIR/t.csv has a picture in DIR: its column `id` begins with `1`, the pictures with `a.jpg`; name the column that the pictures are called by with --id COL or --image COL, or the right table with --attributes FILE",
            ],
        ),
        Case {
            sources: &["t.csv"],
            ..case(
                "an empty table",
                &[("t.csv", "")],
                &["ERROR DIR/t.csv is empty, expected a first line with the columns' names"],
            )
        },
        Case {
            sources: &["t.csv"],
            ..case(
                "a column twice",
                &[("t.csv", "a,b,a\n")],
                &["ERROR DIR/t.csv names the column `a` twice in its first line"],
            )
        },
        Case {
            sources: &["t.json"],
            ..case(
                "a JSON array",
                &[("t.json", "[{}]")],
                &[
                    "ERROR DIR/t.json is one JSON array, expected one object per line (JSON Lines): `jq -c '.[]' FILE > FILE.jsonl` turns it into that",
                ],
            )
        },
        Case {
            sources: &["t.parquet"],
            ..case(
                "a text named .parquet",
                &[("t.parquet", "hello there, this is text")],
                &[
                    "ERROR DIR/t.parquet cannot be read as Parquet: Invalid Parquet file. Corrupt footer",
                ],
            )
        },
    ]);
}

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

#[cfg(unix)]
#[test]
fn odd_names_and_links() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let dir = Dir::new(&[("a.jpg", ""), ("sub/b.jpg", "")]);
    let odd = std::ffi::OsStr::from_bytes(b"caf\xE9.jpg");
    std::fs::write(dir.0.path().join(odd), b"").unwrap();
    symlink(dir.path(""), dir.path("sub/back")).unwrap();
    symlink(dir.path("nowhere"), dir.path("gone.jpg")).unwrap();
    symlink(dir.path("a.jpg"), dir.path("z.jpg")).unwrap();
    let expected = [
        "! DIR/caf\u{FFFD}.jpg: has a name that is not UTF-8, so no id can be made of it: rename it",
        "! DIR/gone.jpg: is a link to nothing",
        "a [] a=DIR/a.jpg",
        "b [] b=DIR/sub/b.jpg",
        "z [] z=DIR/z.jpg",
    ];
    assert_eq!(dir.import(&[""], &SourceOptions::default()), expected);
}

#[test]
fn a_csv_cell_that_is_not_utf8_costs_its_row() {
    let dir = Dir::new(&[("1.jpg", ""), ("2.jpg", "")]);
    dir.write("t.csv", b"id,c\n1,caf\xE9\n2,x\n");
    let expected = [
        "! t.csv line 2: is not UTF-8 in column `c`: `caf\u{FFFD}`",
        "2 [c=string:x] 2=DIR/2.jpg",
    ];
    assert_eq!(dir.import(&[""], &SourceOptions::default()), expected);
}

#[test]
fn the_sink_can_break_off_and_begin_anew() {
    let dir = Dir::new(&[
        ("1.jpg", ""),
        ("2.jpg", ""),
        ("3.jpg", ""),
        ("t.csv", "id\n1\n2\n3\n"),
    ]);
    let plan = dir.plan(&[""], &SourceOptions::default()).unwrap();
    let mut seen = 0;
    let report = plan.read(|_| {
        seen += 1;
        match seen {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!((report.items, report.stopped, seen), (2, true, 2));
    assert_eq!(rows(&plan).len(), 3);
}

#[test]
fn a_plan_says_what_it_will_do() {
    let dir = Dir::new(&[
        ("images/1.jpg", ""),
        ("images/2.jpg", ""),
        ("images/2_side.jpg", ""),
        ("images/9.jpg", ""),
        ("clip.mp4", ""),
        (
            "t.csv",
            "id,year,price,sold\n1,2011,3.5,2024-01-01\n2,2012,,\n3,2013,,\n",
        ),
    ]);
    let plan = dir.plan(&[""], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 3);
    let expected = "4 pictures in DIR\n\
        t.csv: 3 rows, 2 of them with a picture\n\
        \x20 id          column `id`\n\
        \x20 images      files named by the id\n\
        \x20 attributes  year integer, price float, sold date\n\
        note: left aside 1 other file (.mp4 1)\n\
        note: 1 row of t.csv found no picture and will be rejected\n\
        note: 1 picture found no row in t.csv, imported without attributes";
    assert_eq!(dir.hide(&plan.to_string()), expected);
}

/// The folder of real data, or `None` where a stranger has none.
fn real_data(name: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("NIGH_TEST_DATA").unwrap_or_else(|| default.into());
    let path = PathBuf::from(root).join(name);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|value| value == "1");
    assert!(
        !required,
        "{} is missing and NIGH_REQUIRE_DATA=1",
        path.display()
    );
    println!("skipped: {} is missing", path.display());
    None
}

#[test]
fn real_products_in_parquet() {
    let Some(path) = real_data("products") else {
        return;
    };
    let plan = plan(&[path], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 39_982);
    assert_eq!(plan.tables().len(), 4);
    let table = &plan.tables()[0];
    assert_eq!(table.id, IdRole::Column("id".to_owned()));
    let holds = Holds::Bytes;
    assert_eq!(
        table.images,
        [ImageRole {
            column: "image".to_owned(),
            holds
        }]
    );
    let kinds = plan.schema().columns.iter();
    let kinds: Vec<_> = kinds
        .map(|column| format!("{} {}", column.name, column.kind))
        .collect();
    let expected = "gender string, masterCategory string, subCategory string, articleType string, \
        baseColour string, season string, year integer, usage string, productDisplayName string";
    assert_eq!(kinds.join(", "), expected);
    let report = plan.read(|row| {
        let Row::Item(item) = row else {
            panic!("{row:?}")
        };
        let ImageContent::Bytes(bytes) = &item.images[0].content else {
            panic!("{item:?}")
        };
        assert!(bytes.starts_with(b"\xFF\xD8"), "{}", item.origin);
        ControlFlow::Continue(())
    });
    assert_eq!((report.items, report.rejected), (39_982, 0));
}

#[test]
fn real_folder_with_its_table() {
    let Some(path) = real_data("products-folder") else {
        return;
    };
    let plan = plan(&[path], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 2000);
    assert_eq!(plan.tables()[0].joined, Some(2000));
    let rows = rows(&plan);
    assert_eq!(rows.len(), 2000);
    let Row::Item(item) = &rows[0] else {
        panic!("{:?}", rows[0])
    };
    assert_eq!(
        (item.id.as_str(), item.origin.as_str()),
        ("10000", "styles.csv line 2")
    );
    assert_eq!(item.attributes["year"], Value::Integer(2011));
    assert_eq!(item.images[0].name, "10000");
}
