//! Edge lists as people have them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use nigh_engine::edges::{EdgeList, EdgeOptions, EdgesError, read_edges};

fn read(path: &Path, options: &EdgeOptions) -> Result<EdgeList, EdgesError> {
    read_edges(
        &[path.to_owned()],
        options,
        &|_, _| {},
        &AtomicBool::new(false),
    )
}

fn read_text(text: &[u8], options: &EdgeOptions) -> Result<EdgeList, EdgesError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list");
    std::fs::write(&path, text).unwrap();
    read(&path, options)
}

/// Edges as `a-b`, or `a-b@time*weight` where there is more to say; people without edges as they are.
fn shown(list: &EdgeList) -> String {
    let mut parts: Vec<String> = Vec::new();
    for edge in &list.edges {
        let mut text = format!("{}-{}", list.ids.get(edge.a), list.ids.get(edge.b));
        if list.report.timed {
            text += &format!("@{}", edge.time);
        }
        if list.report.weighted {
            text += &format!("*{}", edge.weight);
        }
        parts.push(text);
    }
    for person in 0..list.ids.len() as u32 {
        if !list
            .edges
            .iter()
            .any(|edge| edge.a == person || edge.b == person)
        {
            parts.push(list.ids.get(person).into_owned());
        }
    }
    parts.join(" ")
}

#[test]
fn formats_are_guessed() {
    let table: &[(&str, &str, &str)] = &[
        (
            "1 2\n3 10\n",
            "1-2 3-10",
            "space-separated, no header, from = 1, to = 2",
        ),
        (
            "  1 \t 2 \n3   10",
            "1-2 3-10",
            "space-separated, no header, from = 1, to = 2",
        ),
        (
            "# nodes\n% more\n1\t2\r\n\r\n3\t1\r\n",
            "1-2 1-3",
            "tab-separated, no header, from = 1, to = 2",
        ),
        (
            "\u{feff}u,v\n1,2\n",
            "1-2",
            "comma-separated, header, from = `u`, to = `v`",
        ),
        (
            "source;target\nann;bob\n",
            "ann-bob",
            "semicolon-separated, header, from = `source`, to = `target`",
        ),
        (
            "a,b\nb,c\n",
            "a-b b-c",
            "comma-separated, no header, from = 1, to = 2",
        ),
        (
            "\"Smith, Jo\",\"say \"\"hi\"\"\"\nü,x\n",
            "Smith, Jo-say \"hi\" x-ü",
            "comma-separated, no header, from = 1, to = 2",
        ),
        (
            "7,x\n7,07\n",
            "07-7 7-x",
            "comma-separated, no header, from = 1, to = 2",
        ),
        (
            "1 2 1082040961\n3 4 1082155839\n",
            "1-2@1082040961 3-4@1082155839",
            "space-separated, no header, from = 1, to = 2, time = 3 (seconds)",
        ),
        (
            "1 2 1082040961000\n",
            "1-2@1082040961",
            "space-separated, no header, from = 1, to = 2, time = 3 (milliseconds)",
        ),
        (
            "1,2,2000-03-01T01:00:00+01:00\n",
            "1-2@951868800",
            "comma-separated, no header, from = 1, to = 2, time = 3 (seconds)",
        ),
        (
            "1 2 5\n2 3 0.5\n",
            "1-2*5 2-3*0.5",
            "space-separated, no header, from = 1, to = 2, weight = 3",
        ),
        (
            "1 2 5\n2 3 -5\n",
            "1-2 2-3",
            "space-separated, no header, from = 1, to = 2, 3 left out",
        ),
        (
            "time,friend,user,weight,note\n9,2,1,3,x\n",
            "1-2@9*3",
            "comma-separated, header, from = `user`, to = `friend`, time = `time` (seconds), weight = `weight`, \
             `note` left out",
        ),
        (
            "0\t1,2\n1\t0\n2\t\n3\t\r\n",
            "0-1 0-2 3",
            "adjacency list, tab-separated, friends between commas",
        ),
    ];
    let mut wrong = Vec::new();
    for (text, edges, format) in table {
        match read_text(text.as_bytes(), &EdgeOptions::default()) {
            Ok(list) if shown(&list) == *edges && list.report.files[0].format == *format => {}
            Ok(list) => wrong.push(format!(
                "{text:?}: {} {}",
                shown(&list),
                list.report.files[0].format
            )),
            Err(error) => wrong.push(format!("{text:?}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bad_rows_are_described_and_the_rest_goes_on() {
    let long = format!("1 2\n1 {}\n", "x".repeat(1025));
    let table: &[(&[u8], &str)] = &[
        (b"1 2\n1 2 3\n1 2\n", "row 2: has 3 columns, expected 2"),
        (b"1,2\n,3\n", "row 2, column 1: the id is empty"),
        (
            b"from,to,time\n1,2,1\n1,3,-4\n",
            "row 3, column `time`: is a time before 1970: `-4`",
        ),
        (
            b"from,to,time\n1,2,1\n1,3,noon\n",
            "column `time`: is no time: `noon`",
        ),
        (
            b"from,to,weight\n1,2,1\n1,3,NaN\n",
            "column `weight`: is no weight: `NaN`",
        ),
        (
            b"from,to,weight\n1,2,1\n1,3,inf\n",
            "column `weight`: is no weight: `inf`",
        ),
        (
            b"from,to,weight\n1,2,1\n1,3,-1\n",
            "column `weight`: is no weight: `-1`",
        ),
        (b"1 2\n1 \xff\n", "row 2, column 2: the id is not UTF-8"),
        (
            long.as_bytes(),
            "row 2, column 2: the id has 1025 bytes, expected at most 1024",
        ),
        (
            b"1,2\n\"1,2\n",
            "row 2, column 1: has a quote that is not closed",
        ),
        (b"1\t2,,1\n2\t\n", "row 1, column 2: the id is empty"),
    ];
    let mut wrong = Vec::new();
    for (text, sentence) in table {
        let list = read_text(text, &EdgeOptions::default()).unwrap();
        let rejected = &list.report.rejected;
        if rejected.count != 1 || !rejected.first[0].contains(sentence) || list.edges.len() != 1 {
            wrong.push(format!("{sentence}: {rejected:?}, {}", shown(&list)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_to_import_is_a_sentence() {
    let column = |name: &str| Some(name.parse().unwrap());
    let from = EdgeOptions {
        from: column("whom"),
        ..EdgeOptions::default()
    };
    let ninth = EdgeOptions {
        time: column("9"),
        ..EdgeOptions::default()
    };
    let same = EdgeOptions {
        from: column("1"),
        to: column("1"),
        ..EdgeOptions::default()
    };
    let none = EdgeOptions::default();
    let table: &[(&[u8], &EdgeOptions, &str)] = &[
        (b"", &none, "is empty"),
        (b"# only a comment\n\n", &none, "is empty"),
        (b"from,to\n", &none, "is empty"),
        (b"1\n2\n", &none, "has 1 column, expected two ids"),
        (
            b"a,b\n1,2\n",
            &from,
            "has no column `whom` (from): it has `a`, `b`",
        ),
        (b"1,2\n", &ninth, "has no column 9 (time): it has 1, 2"),
        (b"1,2\n", &same, "column 1 cannot be both from and to"),
        (
            b",2\n,3\n",
            &none,
            "none of the 2 rows can be taken; the first: ",
        ),
        (b"\xff\xfe1\0", &none, "is UTF-16 text"),
    ];
    let mut wrong = Vec::new();
    for (text, options, sentence) in table {
        match read_text(text, options) {
            Err(error) if error.to_string().contains(sentence) => {}
            other => wrong.push(format!("{sentence}: {:?}", other.map(|list| shown(&list)))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing = read(Path::new("/nowhere"), &none).unwrap_err();
    assert!(
        matches!(missing, EdgesError::Unreadable { .. }),
        "{missing}"
    );
    let stopped = read_edges(&[], &none, &|_, _| {}, &AtomicBool::new(true)).unwrap_err();
    assert_eq!(stopped, EdgesError::NoFile);
}

#[test]
fn pairs_are_merged_and_counted() {
    let text = b"from,to,time,weight\n1,2,30,1\n2,1,10,4\n1,2,20,2\n3,3,5,1\n2,5,,\n";
    let list = read_text(text, &EdgeOptions::default()).unwrap();
    assert_eq!(shown(&list), "1-2@10*2 2-5@0*1 3");
    let report = &list.report;
    assert_eq!(
        (report.rows, report.pairs, report.people, report.edges),
        (5, 5, 4, 2)
    );
    assert_eq!(
        (
            report.self_loops,
            report.duplicates,
            report.both_ways,
            report.one_way
        ),
        (1, 1, 1, 1)
    );
}

#[test]
fn files_are_read_as_one_list_stopped_and_watched() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["one", "two.gz"].map(|name| dir.path().join(name));
    std::fs::write(&paths[0], "10 9000000000000000000\n").unwrap();
    let file = std::fs::File::create(&paths[1]).unwrap();
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gz.write_all(b"9,10,2020-01-01\n").unwrap();
    gz.finish().unwrap();
    let seen = std::sync::Mutex::new((0, 0));
    let watch = |read, total| *seen.lock().unwrap() = (read, total);
    let none = EdgeOptions::default();
    let list = read_edges(&paths, &none, &watch, &AtomicBool::new(false)).unwrap();
    assert_eq!(shown(&list), "9-10@1577836800 10-9000000000000000000@0");
    let (read, total) = *seen.lock().unwrap();
    assert_eq!(read, total);
    let stopped = read_edges(&paths, &none, &watch, &AtomicBool::new(true));
    assert_eq!(stopped.unwrap_err(), EdgesError::Stopped);
}

#[test]
fn real_networks_import_as_they_are() {
    let data = std::env::var_os("NIGH_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    // People, edges and rows; 0 where the source does not say.
    let table = [
        ("networks/soc-LiveJournal1Adj.txt", 49_995, 330_798, 49_995),
        ("networks/ego-facebook.txt", 4_039, 88_234, 88_234),
        ("networks/lastfm_asia_edges.csv", 7_624, 27_806, 27_806),
        ("networks/Cornell5.edges.csv", 18_660, 790_777, 790_777),
        ("networks-timed/CollegeMsg.txt.gz", 1_899, 13_838, 59_835),
        (
            "networks-timed/sx-askubuntu-a2q.txt.gz",
            137_517,
            0,
            280_102,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, people, edges, rows) in table {
        let path = data.join(name);
        if !path.is_file() {
            let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|v| v == "1");
            assert!(
                !required,
                "NIGH_REQUIRE_DATA=1, but {} is missing",
                path.display()
            );
            println!("skipped: no {} (set NIGH_TEST_DATA)", path.display());
            continue;
        }
        let begun = std::time::Instant::now();
        let EdgeList { report, .. } = read(&path, &EdgeOptions::default()).unwrap();
        println!("{name}: {:?}, {:?}", begun.elapsed(), report);
        let found = (
            report.people,
            if edges == 0 { 0 } else { report.edges },
            report.rows,
        );
        let sum = report.edges + report.self_loops + report.duplicates + report.both_ways;
        let timed = name.starts_with("networks-timed");
        if found != (people, edges, rows)
            || report.pairs != sum
            || report.timed != timed
            || report.rejected.count > 0
        {
            wrong.push(format!("{name}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
