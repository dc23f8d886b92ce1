use super::*;

fn picture(bytes: &[u8]) -> Option<SheetPicture> {
    Some(SheetPicture {
        mime: "image/jpeg",
        bytes: bytes.to_vec(),
    })
}

fn hit(id: &str, score: f32) -> SheetHit {
    let attributes = [
        ("name", "Red shirt"),
        ("colour", "red"),
        ("size", "M"),
        ("price", "9"),
        ("x", "1"),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SheetHit {
        id: id.to_owned(),
        score,
        picture: picture(b"hit"),
        attributes: attributes.into(),
        image_name: None,
    }
}

fn row(label: &str, hits: Vec<SheetHit>) -> SheetRow {
    let query = SheetQuery {
        label: label.to_owned(),
        picture: picture(b"query"),
    };
    SheetRow {
        query,
        note: "3.2 ms: encode 1.1, scan 0.8".to_owned(),
        hits,
    }
}

fn sheet(rows: Vec<SheetRow>) -> Sheet {
    Sheet {
        title: "demo".to_owned(),
        subtitle: "3,000 items".to_owned(),
        rows,
    }
}

#[test]
fn text_is_escaped() {
    let rows = [
        ("plain", "plain"),
        ("a & b", "a &amp; b"),
        ("<script>", "&lt;script&gt;"),
        ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
        ("größe 靴", "größe 靴"),
        ("bell\u{7}", "bell\u{FFFD}"),
    ];
    let failed: Vec<_> = rows
        .iter()
        .filter(|(text, wanted)| Escaped(text).to_string() != *wanted)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn no_text_reaches_the_page_unescaped() {
    let nasty = "<img src=x onerror='a'>\"&";
    let mut bad = hit(nasty, 0.5);
    bad.attributes.push((nasty.to_owned(), nasty.to_owned()));
    bad.image_name = Some(nasty.to_owned());
    let mut found = row(nasty, vec![bad]);
    found.note = nasty.to_owned();
    let page = Sheet {
        title: nasty.to_owned(),
        subtitle: nasty.to_owned(),
        rows: vec![found],
    }
    .to_html();
    assert!(!page.contains("<img src=x"), "{page}");
    assert!(!page.contains("onerror='"), "{page}");
    assert_eq!(
        page.matches("&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;")
            .count(),
        10
    );
}

#[test]
fn every_row_and_hit_is_present() {
    let rows = (0..4).map(|q| {
        row(
            &format!("query {q}"),
            (0..6).map(|h| hit(&format!("item-{q}-{h}"), 0.9)).collect(),
        )
    });
    let page = sheet(rows.collect()).to_html();
    for q in 0..4 {
        assert!(page.contains(&format!(">query {q}</h2>")), "query {q}");
        for h in 0..6 {
            assert!(page.contains(&format!(">item-{q}-{h}</p>")), "hit {q} {h}");
        }
    }
    assert_eq!(
        page.matches("<section").count(),
        page.matches("</section>").count()
    );
    assert_eq!(page.matches("<div").count(), page.matches("</div>").count());
    assert_eq!(page.matches("<img ").count(), 4 + 24);
    assert_eq!(page.matches(" alt=\"").count(), 4 + 24);
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = sheet(vec![row("a", vec![hit("b", 0.1)])]).to_html();
    for outside in [
        "http:", "https:", "//", "<link", "<script", "@import", "url(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn pictures_are_inlined_at_the_cost_of_base64() {
    let bytes = vec![7u8; 30_000];
    let mut large = hit("a", 0.5);
    large.picture = picture(&bytes);
    let (with, without) = (
        sheet(vec![row("q", vec![large])]),
        sheet(vec![row("q", vec![])]),
    );
    let grown = with.to_html().len() - without.to_html().len();
    assert!((40_000..41_500).contains(&grown), "{grown} bytes");
    assert!(without.to_html().len() < 8_000);
}

#[test]
fn a_missing_picture_leaves_a_placeholder() {
    let mut bare = hit("a", 0.5);
    bare.picture = None;
    let mut found = row("q", vec![bare]);
    found.query.picture = None;
    let page = sheet(vec![found]).to_html();
    assert_eq!(page.matches("picture missing").count(), 2);
    assert!(page.contains("aria-label=\"query: q, no picture\""));
}

#[test]
fn nothing_found_and_nothing_asked_are_said() {
    assert!(
        sheet(vec![row("q", vec![])])
            .to_html()
            .contains("Nothing was found.")
    );
    assert!(sheet(vec![]).to_html().contains("No queries."));
}

#[test]
fn the_heading_is_the_name_and_the_rest_folds_away() {
    let page = sheet(vec![row("q", vec![hit("item-1", 0.5)])]).to_html();
    assert!(page.contains("<h3>Red shirt</h3>\n<p class=\"id\">item-1</p>"));
    assert!(page.contains("<summary>1 more</summary>"));
    let mut nameless = hit("item-2", 0.5);
    nameless.attributes.clear();
    let page = sheet(vec![row("q", vec![nameless])]).to_html();
    assert!(page.contains("<h3>item-2</h3>\n</li>"));
}

#[test]
fn bars_follow_the_scores() {
    let rows: [(&[f32], &[f32]); 4] = [
        (&[0.9, 0.25], &[0.9, 0.25]),
        (&[-1.0, -3.0], &[1.0, 0.08]),
        (&[-2.0], &[1.0]),
        (&[30.0, 10.0, 20.0], &[1.0, 0.08, 0.54]),
    ];
    for (scores, wanted) in rows {
        let hits: Vec<_> = scores.iter().map(|&score| hit("a", score)).collect();
        let bars: Vec<_> = scores.iter().map(|&score| bar(score, &hits)).collect();
        let close = bars.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close, "{scores:?}: {bars:?}, wanted {wanted:?}");
    }
}

#[test]
fn the_same_sheet_gives_the_same_page() {
    let make = || sheet(vec![row("q", vec![hit("a", 0.5), hit("b", 0.25)])]).to_html();
    assert_eq!(make(), make());
}
