//! Folders, text tables, and what happens where they meet.

use super::*;

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
