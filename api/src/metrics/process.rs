//! Metrics of the process: memory, open files, start time, version, and database failures.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Number of clock ticks per second in `/proc`. This number is the same on every Linux platform (proc(5), USER_HZ).
const TICKS: u64 = 100;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

pub(super) fn register(all: &mut Registry) {
    let gauge = |value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        gauge
    };
    if let Some(bytes) = read("/proc/self/status").as_deref().and_then(resident) {
        let help = "Resident memory size in bytes.";
        all.register("process_resident_memory_bytes", help, gauge(bytes));
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        let open = i64::try_from(files.count()).unwrap_or(i64::MAX);
        all.register("process_open_fds", "Number of open file descriptors.", gauge(open));
    }
    if let Some(start) = started() {
        let help = "Start time of the process since unix epoch in seconds.";
        all.register("process_start_time_seconds", help, gauge(start));
    }
    let build = Family::<Build, Gauge>::default();
    build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
    all.register("callshop_build_info", "Always 1; the label is the version of the program", build);
    let help = "Database failures, by kind";
    let database = store::counters::read();
    let errors = Family::<Kind, Counter>::default();
    errors.get_or_create(&Kind { kind: "statement" }).inc_by(database.statements);
    errors.get_or_create(&Kind { kind: "no_connection" }).inc_by(database.connections);
    all.register("callshop_database_errors", help, errors);
    let help = "Transactions retried after a deadlock or a serialization failure";
    let retries: Counter = Counter::default();
    retries.inc_by(database.retries);
    all.register("callshop_database_retries", help, retries);
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Resident memory in bytes, from the text of `/proc/self/status`. The file counts memory in KiB, so the page size, which differs between platforms,
/// does not matter.
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}

/// Start time of the process, in Unix seconds.
fn started() -> Option<i64> {
    let stat = read("/proc/self/stat")?;
    // the second field is the program's name in parentheses and may contain any character; field 22 is the start time
    let ticks: u64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let stat = read("/proc/stat")?;
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    i64::try_from(boot.trim().parse::<u64>().ok()?.checked_add(ticks / TICKS)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_kibibytes() {
        assert_eq!(resident("Name:\tcallshop\nVmRSS:\t   65536 kB\nThreads:\t4\n"), Some(64 << 20));
        assert_eq!(resident("Name:\tcallshop\n"), None);
        let own = read("/proc/self/status").as_deref().and_then(resident).expect("this process has memory");
        assert!(own > 1 << 20, "{own} bytes");
    }
}
