//! The OpenAPI document against the server: Schemathesis makes requests of it, good and bad, and looks whether the answers are those that
//! the document promises.
//!
//! Needs Schemathesis beside the Python that `NIGH_PYTHON` names. Without it the test says so and passes, except where
//! `NIGH_REQUIRE_SERVICES=1`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::server::Running;

#[test]
fn answers_are_as_the_document_says() {
    let program = std::env::var_os("NIGH_PYTHON")
        .map(|python| PathBuf::from(python).with_file_name("schemathesis"))
        .filter(|program| program.exists());
    let Some(program) = program else {
        assert!(
            std::env::var_os("NIGH_REQUIRE_SERVICES").is_none_or(|value| value != "1"),
            "there is no schemathesis beside NIGH_PYTHON"
        );
        println!("there is no schemathesis beside NIGH_PYTHON: the document is not tried");
        return;
    };
    let server = Running::new();
    for (number, id) in ["a", "b"].iter().enumerate() {
        server.put_item(id, number as u32, json!({"colour": "red", "price": 7}));
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis.toml");
    let folder = tempfile::tempdir().unwrap();
    let tried = Command::new(program)
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(format!("{}/v1/openapi.json", server.address))
        .args(["--max-examples", "25", "--seed", "1", "--request-timeout", "20"])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tried.stdout);
    println!("{told}");
    assert!(
        tried.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&tried.stderr)
    );
    // All of them, none of which the tool could not read.
    assert!(told.contains("32/32"), "{told}");
}
