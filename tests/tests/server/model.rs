//! Tests that amounts are right for every order of events. docs/testing.md describes this test and how to run it for longer.

use tests::Backend;
use tests::model::{Dose, run, run_again};

/// Number of cases on each database, a thousand in total. A case takes longer on PostgreSQL than on SQLite.
const ON_SQLITE: u64 = 600;
const ON_POSTGRES: u64 = 400;

#[test]
fn the_books_are_the_models_on_sqlite() {
    run(Backend::Sqlite, Dose::from_env(ON_SQLITE));
}

#[test]
fn the_books_are_the_models_on_postgres() {
    run(Backend::Postgres, Dose::from_env(ON_POSTGRES));
}

#[test]
fn what_was_found_before_on_sqlite() {
    run_again(Backend::Sqlite);
}

#[test]
fn what_was_found_before_on_postgres() {
    run_again(Backend::Postgres);
}
