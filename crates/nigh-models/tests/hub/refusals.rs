//! What a hub may answer instead of a model, and the sentence for it.

use super::*;

/// What goes wrong, what is said, and how often the failing address is asked.
type Row = (
    &'static str,
    fn(&Asked, usize, &Answer) -> Option<Answer>,
    &'static str,
    usize,
);

fn page() -> Answer {
    Answer::new(200, "<html>Welcome to our network</html>")
        .with("Content-Type", "text/html; charset=utf-8")
}

#[test]
fn refusals_get_a_sentence_and_leave_nothing() {
    let rows: [Row; 19] = [
        (
            "another content",
            |asked, _, usual| {
                is_cdn(asked).then(|| Answer::new(usual.status, vec![7; usual.body.len()]))
            },
            "but sha256:",
            1,
        ),
        (
            "another small content",
            |asked, _, usual| {
                let is_config = asked.path.ends_with("preprocessor_config.json");
                is_config.then(|| Answer::new(200, vec![b' '; usual.body.len()]))
            },
            "preprocessor_config.json came as git:",
            1,
        ),
        (
            "more than there is",
            |asked, _, usual| {
                is_cdn(asked).then(|| Answer::new(200, [usual.body.as_slice(), b"more"].concat()))
            },
            "are published: it was thrown away",
            1,
        ),
        (
            "less than there is",
            |asked, _, _| is_cdn(asked).then(|| Answer::new(200, "")),
            "it ended after 0 of 12248 bytes",
            5,
        ),
        (
            "no such model",
            |asked, _, _| {
                is_listing(asked)
                    .then(|| Answer::new(401, "{}").with("X-Error-Code", "RepoNotFound"))
            },
            "has no model someone/tiny-model, or only for people who may see it (then set HF_TOKEN",
            1,
        ),
        (
            "no such model, 404",
            |asked, _, _| is_listing(asked).then(|| Answer::new(404, "{}")),
            "has no model someone/tiny-model",
            1,
        ),
        (
            "no such file",
            |asked, _, _| {
                asked
                    .path
                    .ends_with("config.json")
                    .then(|| Answer::new(404, ""))
            },
            "has no file \"preprocessor_config.json\"",
            1,
        ),
        (
            "conditions",
            |asked, _, _| {
                is_listing(asked).then(|| Answer::new(401, "{}").with("X-Error-Code", "GatedRepo"))
            },
            "who accepted its conditions at http://127.0.0.1",
            1,
        ),
        (
            "conditions of files alone",
            |asked, _, _| {
                asked
                    .path
                    .contains("/resolve/")
                    .then(|| Answer::new(403, "").with("X-Error-Code", "GatedRepo"))
            },
            "who accepted its conditions",
            1,
        ),
        (
            "too many requests",
            |asked, _, _| is_listing(asked).then(|| Answer::new(429, "").with("Retry-After", "0")),
            "too many requests from here and asks to wait 0 seconds",
            5,
        ),
        (
            "too many requests for hours",
            |asked, _, _| {
                is_listing(asked).then(|| Answer::new(429, "").with("Retry-After", "3600"))
            },
            "asks to wait 3600 seconds",
            1,
        ),
        (
            "a broken server",
            |asked, _, _| is_listing(asked).then(|| Answer::new(500, "")),
            "revision/main?blobs=true with status 500",
            5,
        ),
        (
            "a status of its own",
            |asked, _, _| is_cdn(asked).then(|| Answer::new(418, "")),
            "with status 418",
            1,
        ),
        (
            "a login page",
            |asked, _, _| is_listing(asked).then(page),
            "is there a login page or a proxy in between?",
            1,
        ),
        (
            "a login page for a file",
            |asked, _, _| is_cdn(asked).then(page),
            "is there a login page or a proxy in between?",
            1,
        ),
        (
            "another JSON",
            |asked, _, _| is_listing(asked).then(|| Answer::new(200, r#"{"status": "ok"}"#)),
            r#"is answered with "{\"status\": \"ok\"}", not by a model hub"#,
            1,
        ),
        (
            "a commit that is a path",
            |asked, _, _| is_listing(asked).then(|| Answer::new(200, r#"{"sha": "../.."}"#)),
            "is answered with the commit \"../..\"",
            1,
        ),
        (
            "a circle",
            |asked, _, _| {
                is_listing(asked).then(|| Answer::new(302, "").with("Location", asked.path.clone()))
            },
            "leads from one address to the next without end",
            11,
        ),
        (
            "a name that leaves the folder",
            |asked, _, usual| {
                let text = String::from_utf8(usual.body.clone()).unwrap();
                let text =
                    text.replace("onnx/model_fp16.onnx", "onnx/model.onnx_data/../../../../x");
                is_listing(asked).then(|| Answer::new(200, text))
            },
            "\"onnx/model.onnx_data/../../../../x\", whose name leaves the model's folder",
            1,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, fault, sentence, times) in rows {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("models");
        let hub = hub_with(&tiny());
        hub.fault(fault);
        let error = match try_pull(&root, &hub, &request()) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        if !error.contains(sentence) {
            wrong.push(format!("{name}: {error}, expected {sentence}"));
        }
        let asked = hub.asked();
        let last = asked.last().unwrap();
        let again = asked.iter().filter(|other| other.path == last.path).count();
        if again != times {
            wrong.push(format!(
                "{name}: {} asked {again} times, expected {times}",
                last.path
            ));
        }
        if !ModelsFolder::at(&root).list().unwrap().is_empty()
            || fs::read_dir(dir.path()).unwrap().count() != 1
        {
            wrong.push(format!("{name}: left something behind"));
        }
        // A wrong content is not gone on with.
        hub.heal();
        if let Err(error) = try_pull(&root, &hub, &request()) {
            wrong.push(format!("{name}, healed: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
