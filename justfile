# Every task a person does here; `just check` is what CI runs.

# List the tasks.
default:
    @just --list

# Render a small catalog, import it, search it with pictures that are not in it.
demo:
    cargo run --release -- demo

# Everything CI holds a change to: format, lints, docs, arrows, tests.
check: format-check lint docs test

# All tests; the dependency-arrow test is one of them.
test:
    cargo test --workspace

# Rewrite the sources in the one format.
format:
    cargo fmt --all

format-check:
    cargo fmt --all -- --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# The traces of `nigh serve`, tried against a small collector.
otel:
    cargo test --package nigh --features otel --test serve

# Which crate may depend on which.
arrows:
    cargo xtask arrows

# 500 rounds of kill -9 during imports and during plain writes, and the power cuts (some minutes).
crash:
    NIGH_CRASH_ROUNDS=500 cargo test --package nigh --test crash -- --nocapture
    NIGH_CRASH_ROUNDS=500 cargo test --package nigh-store --test kill -- --nocapture
    cargo test --package nigh-store power_cut

# Fuzz the reader of an index file: segment, grid or sections (needs cargo-fuzz and a C++ compiler; see fuzz/README.md).
fuzz target="segment" seconds="300":
    cd fuzz && cargo run --example seeds
    cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run {{target}} -- -max_total_time={{seconds}} -max_len=32768 -detect_leaks=0
