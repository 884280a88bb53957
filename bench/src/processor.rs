//! Measures processor time per event for server, load and database. Other work on the machine does not affect this time.

use std::time::Duration;

use crate::Result;

/// Number of clock ticks per second in `/proc`. The number is the same on every Linux system.
const TICKS: u32 = 100;

/// Processor time of a step, or of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processor {
    /// The processor time of the server's threads. On SQLite, this time includes the database.
    pub server: Duration,
    /// The thread that sends the load.
    pub load: Duration,
    /// The database's processes.
    pub database: Duration,
}

impl Processor {
    /// The processor time used so far. `database` is the database server's main process, if there is such a process. Call this function from the
    /// thread that sends the load.
    pub fn now(database: Option<u32>) -> Result<Self> {
        let load = spent("thread-self", &OWN)?;
        let all = spent("self", &OWN)?;
        let database = database.map(of_server).transpose()?.unwrap_or_default();
        Ok(Self { server: all.saturating_sub(load), load, database })
    }

    /// The processor time used since an earlier reading.
    pub fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            load: self.load.saturating_sub(before.load),
            database: self.database.saturating_sub(before.database),
        }
    }

    /// The sum of both values.
    pub fn and(self, other: Self) -> Self {
        Self {
            server: self.server + other.server,
            load: self.load + other.load,
            database: self.database + other.database,
        }
    }

    /// The processor time per event: this total divided by `events`, the number of events that it covers.
    pub fn of_one(self, events: u32) -> Self {
        let events = events.max(1);
        Self { server: self.server / events, load: self.load / events, database: self.database / events }
    }
}

/// Fields of `/proc/…/stat` after the name (proc(5)): the parent, and the times in user and kernel mode.
const PARENT: usize = 1;
/// The fields that have the times of the process itself.
const OWN: [usize; 2] = [11, 12];
/// The fields with the times of the process and its ended children.
const WITH_ENDED: [usize; 4] = [11, 12, 13, 14];

/// Processor time of a server with one process per connection: the sum over its main process, its ended children and its running children.
fn of_server(first: u32) -> Result<Duration> {
    let mut sum = spent(&first.to_string(), &WITH_ENDED)?;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        // if a process ends at this moment, it is counted with the ended processes
        let Ok(stat) = Stat::of(process) else { continue };
        if stat.number(PARENT).is_ok_and(|parent| parent == first) {
            sum += stat.time(&OWN)?;
        }
    }
    Ok(sum)
}

fn spent(process: &str, times: &[usize]) -> Result<Duration> {
    Stat::of(process)?.time(times)
}

/// The fields of `/proc/…/stat` after the name, which may contain spaces and parentheses.
struct Stat(Vec<String>);

impl Stat {
    fn of(process: &str) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        Ok(Self(fields.map(str::to_owned).collect()))
    }

    fn number(&self, field: usize) -> Result<u32> {
        Ok(self.0.get(field).ok_or("/proc/…/stat has too few fields")?.parse()?)
    }

    fn time(&self, fields: &[usize]) -> Result<Duration> {
        let ticks = fields.iter().map(|field| self.number(*field)).sum::<Result<u32>>()?;
        Ok(Duration::from_secs(ticks.into()) / TICKS)
    }
}
