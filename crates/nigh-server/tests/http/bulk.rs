use serde_json::{Value, json};

use crate::server::{Running, base64, code, config, folders, picture};

#[test]
fn lines_are_a_stream_of_any_length() {
    let mut small = config();
    small.limits.body_bytes = 1_000;
    small.limits.items = 10;
    let server = Running::start(folders(), small, Default::default());
    let send = |lines: &[String]| {
        let (path, kind) = ("/v1/catalogs/shop/items", "application/x-ndjson");
        server.send("POST", path, kind, lines.join("\n").as_bytes())
    };
    let image = base64(&picture(1));
    let line = |n: usize| format!(r#"{{"id":"i{n}","images":[{{"data":"{image}"}}]}}"#);
    let mut lines: Vec<String> = (0..150).map(line).collect();
    assert!(lines.join("").len() > 10 * 1_000, "far beyond one body");
    lines[70] = "not JSON".to_owned();
    lines[140] = r#"{"id":"i140"}"#.to_owned();
    let (status, reply) = send(&lines);
    assert_eq!((status, &reply["created"]), (200, &json!(148)), "{reply}");
    let places: Vec<&Value> = reply["rejected"].as_array().unwrap().iter().collect();
    assert_eq!(places[0]["index"], 70);
    assert_eq!(places[1]["index"], 140);
    assert!(
        !places[0]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("line 1")
    );
    // One that is too long ends it; what came before is written, and told.
    lines[100] = format!("{}{}", " ".repeat(1_000), line(100));
    let broken = send(&lines);
    assert_eq!(code(&broken, 413), "too_large");
    let message = broken.1["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("items before it were written"),
        "{message}"
    );
    let many = vec!["{}".to_owned(); 200];
    assert_eq!(code(&send(&many), 422), "too_many_rejected");
}
