//! Computes and prints figures.

use std::time::Duration;

use crate::load::Answer;
use crate::processor::Processor;

/// The figures of one side in one turn.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Events per second.
    pub rate: f64,
    /// Median latency.
    pub p50: Duration,
    /// 99th percentile of latency.
    pub p99: Duration,
    /// Processor time per event.
    pub processor: Processor,
    count: u32,
}

impl Figures {
    /// Computes figures from the latencies and the total time.
    pub fn new(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let at = |percent: usize| {
            latencies.get((latencies.len() * percent / 100).min(latencies.len().saturating_sub(1)))
        };
        let at = |percent| at(percent).copied().unwrap_or_default();
        let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
        let rate = f64::from(count) / elapsed.as_secs_f64();
        Self { rate, p50: at(50), p99: at(99), count, processor: Processor::default() }
    }

    /// Adds the total processor time of all events.
    pub fn with(self, processor: Processor) -> Self {
        Self { processor: processor.of_one(self.count), ..self }
    }

    fn text(&self) -> String {
        format!("{:>9} {:>9} {:>9}", format!("{:.0}/s", self.rate), millis(self.p50), millis(self.p99))
    }
}

/// Latencies and times of the waves of one turn.
#[derive(Debug, Default)]
pub struct Tally {
    latencies: Vec<Duration>,
    elapsed: Duration,
    processor: Processor,
}

impl Tally {
    /// Adds a wave.
    pub fn add(&mut self, answers: &[Answer], took: Duration, processor: Processor) {
        self.latencies.extend(answers.iter().map(|answer| answer.took));
        self.elapsed += took;
        self.processor = self.processor.and(processor);
    }

    /// Figures of all waves.
    pub fn figures(self) -> Figures {
        Figures::new(self.latencies, self.elapsed).with(self.processor)
    }
}

/// The target for the ratio of a run.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// The minimum ratio.
    pub least: f64,
    /// The name of the rate that the ratio refers to.
    pub of: &'static str,
}

/// Prints the turns of two sides, and the median of the turns' ratios.
pub fn print(title: &str, ours: &str, peer: &str, rounds: &[(Figures, Figures)], bar: Option<Bar>) {
    println!("{title}\n");
    println!("      {ours:<31} {peer:<31}");
    println!(
        "round {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}   ratio",
        "rate", "p50", "p99", "rate", "p50", "p99"
    );
    for (round, (left, right)) in (1..).zip(rounds) {
        println!("{round:>5} {}   {}   {:.2}x", left.text(), right.text(), left.rate / right.rate);
    }
    let rate = median(rounds.iter().map(|(left, right)| left.rate / right.rate));
    let latency = median(rounds.iter().map(|(left, right)| left.p50.as_secs_f64() / right.p50.as_secs_f64()));
    println!("\nratio of rates, median of the rounds: {rate:.2}x (p50 latency: {latency:.2}x)");
    for (name, side) in [(ours, Side::Left), (peer, Side::Right)] {
        processor_time(name, rounds, side);
    }
    match bar {
        Some(bar) => {
            let met = if rate >= bar.least { "met" } else { "MISSED" };
            println!("bar: at least {:.1}x {}: {met}", bar.least, bar.of);
        }
        None => println!("bar: none for this number of connections or callshops"),
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Prints the processor time per event, if it was measured.
fn processor_time(name: &str, rounds: &[(Figures, Figures)], side: Side) {
    let of = |part: fn(Processor) -> Duration| {
        let figures = rounds.iter().map(|(left, right)| match side {
            Side::Left => left,
            Side::Right => right,
        });
        median(figures.map(|figures| part(figures.processor).as_secs_f64() * 1_000_000.0))
    };
    let (server, load, database) = (of(|time| time.server), of(|time| time.load), of(|time| time.database));
    if server + load + database > 0.0 {
        println!(
            "processor time of one, {name}: process {server:.0} µs, load {load:.0} µs, PostgreSQL {database:.0} µs"
        );
    }
}

/// Prints the header of a curve.
pub fn begin_curve(title: &str, what: &str) {
    println!("{title}\n");
    println!(
        "{what:>9}   {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}",
        "authorize", "beside", "ratio", "end", "beside", "ratio"
    );
}

/// Figures of two servers, measured in the same turn: the number of calls grows on one server, but not on the other.
type Beside = (Figures, Figures);
/// A turn of a curve, with the figures of authorizations and of call ends.
type Turn = (Beside, Beside);

/// Prints one line of a curve: authorizations and call ends. The turns alternate with those of a server whose number of calls does not grow.
pub fn curve(size: u64, rounds: &[Turn]) {
    let side = |pick: fn(&Turn) -> Beside| {
        let pairs = || rounds.iter().map(pick);
        let (ours, beside) =
            (median(pairs().map(|pair| pair.0.rate)), median(pairs().map(|pair| pair.1.rate)));
        let ratio = median(pairs().map(|pair| pair.0.rate / pair.1.rate));
        format!("{:>9} {:>9} {:>9}", format!("{ours:.0}/s"), format!("{beside:.0}/s"), format!("{ratio:.2}x"))
    };
    println!("{size:>9}   {}   {}", side(|round| round.0), side(|round| round.1));
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}
