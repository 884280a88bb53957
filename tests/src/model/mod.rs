//! The model test runs random sequences of operations by people and proxies on random branches of the account tree. Each operation runs in the
//! program's use cases and in a small model that uses plain integers. The results of the program and of the model are compared after every step.
//!
//! Each case is drawn from its own seed. A failure prints the seed together with the reduced case.

mod books;
mod check;
mod drive;
mod found;
mod ops;
pub mod prices;
mod program;

use std::time::Instant;

use app::ledger;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

pub use program::Program;

use crate::server::Backend;

/// Default maximum number of operations per case.
const LONGEST_CASE: u64 = 28;
/// Minimum number of cases between two full audits.
const AUDIT_AFTER: u64 = 100;

/// A difference between program and model.
type Wrong = String;

/// Number of cases to run, and the first seed.
#[derive(Clone, Copy, Debug)]
pub struct Dose {
    /// Number of cases.
    pub cases: u64,
    /// Seed of the first case; each further case uses the next number.
    pub seed: u64,
    /// Maximum number of operations per case. A different maximum leads to different cases, even with the same seed.
    pub longest: u64,
}

impl Dose {
    /// Reads `CALLSHOP_MODEL_CASES`, `CALLSHOP_MODEL_SEED` and `CALLSHOP_MODEL_LONGEST`. The default is `cases` cases from a random seed.
    ///
    /// # Panics
    /// Panics if one of these variables is not a number.
    pub fn from_env(cases: u64) -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
        };
        let random = || u64::from(uuid::Uuid::new_v4().as_fields().0);
        Self {
            cases: number("CALLSHOP_MODEL_CASES").unwrap_or(cases),
            seed: number("CALLSHOP_MODEL_SEED").unwrap_or_else(random),
            longest: number("CALLSHOP_MODEL_LONGEST").unwrap_or(LONGEST_CASE),
        }
    }
}

/// Runs cases one after the other.
///
/// # Panics
/// Panics at the first failing case, with the difference, the smallest failing case found, and the seed that reproduces it.
pub fn run(backend: Backend, dose: Dose) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // the setting depends only on the backend, so that a seed always gives the same result
    let program = runtime.block_on(Program::start(backend, backend == Backend::Sqlite));
    let (begun, every) = (Instant::now(), AUDIT_AFTER.max(dose.cases / 20));
    println!("{backend:?}: {} cases from seed {}", dose.cases, dose.seed);
    for number in 0..dose.cases {
        one(&runtime, &program, dose.seed.wrapping_add(number), dose.longest);
        if (number + 1) % every == 0 || number + 1 == dose.cases {
            let broken = runtime.block_on(audit(&program));
            let done = number + 1;
            assert!(broken.is_empty(), "after {done} cases from seed {}: {broken:#?}", dose.seed);
            println!("{backend:?}: {done} cases, {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    println!("{backend:?}: {}", program.counted());
}

/// Runs the regression cases.
///
/// # Panics
/// Panics if a case fails again.
pub fn run_again(backend: Backend) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for charge_unacknowledged in [true, false] {
        let program = runtime.block_on(Program::start(backend, charge_unacknowledged));
        for (name, case) in found::cases() {
            let run = runtime.block_on(drive::run(&program, &case));
            run.unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        let broken = runtime.block_on(audit(&program));
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

fn one(runtime: &Runtime, program: &Program, seed: u64, longest: u64) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 800, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let most = usize::try_from(longest).expect("a short case");
    let run = runner.run(&ops::cases(most), |case| {
        runtime.block_on(drive::run(program, &case)).map_err(TestCaseError::fail)
    });
    match run {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => {
            let again =
                format!("CALLSHOP_MODEL_SEED={seed} CALLSHOP_MODEL_LONGEST={longest} CALLSHOP_MODEL_CASES=1");
            panic!("{why}\n{case:#?}\nagain: {again} cargo test -p tests --test server model::")
        }
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    }
}

/// The findings of `callshop audit` over all branches that were created up to now.
async fn audit(program: &Program) -> Vec<String> {
    let checked = ledger::audit(&program.app.store, |_| {}).await.expect("the ledger reads");
    let broken = checked.into_iter().filter(|invariant| !invariant.findings.is_empty());
    broken.map(|invariant| format!("{}: {:?}", invariant.name, invariant.findings)).collect()
}
