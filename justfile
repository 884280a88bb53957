# Short names for the commands of CONTRIBUTING.md: https://just.systems

# list the recipes
default:
    @just --list

# run the callshop command: just run serve --config callshop.toml
run *args:
    cargo run -- {{args}}

# open a shop with simulated customers and its web pages on this machine: just demo --no-traffic
demo *args:
    ./demo {{args}}

# lint and test the web pages
web:
    cargo build
    web/check
    CALLSHOP_TEST_SERVER=$PWD/target/debug/callshop web/test --all

# run every check and test; --sqlite-only leaves out the tests that need other programs
test *args:
    tests/run {{args}}

# run the tests whose names contain NAME, on both databases
test-one NAME:
    tests/run -- {{quote(NAME)}}

# check format and lints, without running tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --quiet -- -D warnings

# format all code
fmt:
    cargo fmt --all

# regenerate schema.graphql from the program
schema:
    cargo run -- schema > schema.graphql

# run a load report, such as just bench call-end; without a name, list the reports
bench *args="--help":
    cargo run --release -p bench -- {{args}}
