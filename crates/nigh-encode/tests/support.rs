//! The runtimes that a test can run on.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "each test file uses a part, and says what it skipped"
)]

use nigh_encode::Runtime;

/// rten, and ONNX Runtime where it is compiled in and its library is found.
pub(crate) fn runtimes() -> Vec<Runtime> {
    let mut runtimes = vec![Runtime::Rten];
    runtimes.extend(onnxruntime());
    runtimes
}

/// Only `ORT_DYLIB_PATH` says where the library is: a test that searched for one would compare
/// with whatever it found.
fn onnxruntime() -> Option<Runtime> {
    if !cfg!(feature = "onnxruntime") {
        return None;
    }
    if std::env::var_os("ORT_DYLIB_PATH").is_some() {
        return Some(Runtime::OnnxRuntime(nigh_encode::Provider::Cpu));
    }
    let required = std::env::var_os("NIGH_REQUIRE_SERVICES").is_some_and(|v| v == "1");
    assert!(
        !required,
        "NIGH_REQUIRE_SERVICES=1, but ORT_DYLIB_PATH is not set"
    );
    println!("skipped: ONNX Runtime, since ORT_DYLIB_PATH is not set");
    None
}
