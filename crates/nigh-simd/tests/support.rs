//! What the tests of the forms share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "each test file uses its own part, fails by panicking and says what it skips"
)]

use nigh_simd::Level;

/// Says which forms this CPU lacks. `NIGH_REQUIRE_SIMD=avx512` (or `avx2`) makes a missing one a failure.
pub(crate) fn tell_missing(found: &[Level]) {
    let required = std::env::var("NIGH_REQUIRE_SIMD").map(|name| name.parse::<Level>().unwrap());
    for level in Level::ALL {
        if !found.contains(&level) {
            assert!(
                required != Ok(level),
                "this CPU lacks {level}, which NIGH_REQUIRE_SIMD asks for"
            );
            println!("this CPU lacks {level}: its form is skipped");
        }
    }
}
